"""Addresses from keys: one part of the path for each part of a record's key, no slash at the end."""

from typing import Any

from rest_framework.routers import SimpleRouter

SLUG = r"[A-Za-z0-9_-]+"
CODE = r"[A-Za-z0-9][A-Za-z0-9._-]*"
NUMBER = r"[0-9]{1,18}"
TEXT = r"[^/]+"


class Router(SimpleRouter):
    """The router of the framework, for keys of several parts."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)

    def get_lookup_regex(self, viewset: Any, lookup_prefix: str = "") -> str:
        """Return the pattern of a key, such as `(?P<contract>...)/(?P<code>...)`."""
        patterns = getattr(viewset, "lookup_patterns", {"id": NUMBER})
        return "/".join(f"(?P<{name}>{pattern})" for name, pattern in patterns.items())
