"""The provider of logins by OpenID Connect, as settings name it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from environs import ValidationError

LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, kw_only=True)
class OpenIdProvider:
    """Who says who somebody is, and what the two of us share."""

    issuer: str
    client: str
    secret: str
    name: str

    @property
    def code(self) -> str:
        """Return its name in addresses and rows: another issuer may use the same `sub`."""
        return f"oidc-{hashlib.sha256(self.issuer.encode()).hexdigest()[:8]}"

    @property
    def origin(self) -> str:
        """Return where a browser is sent."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"


def provider_settings(provider: OpenIdProvider | None) -> dict[str, Any]:
    """Return what allauth needs of it."""
    if provider is None:
        return {}
    app = {
        "provider_id": provider.code,
        "name": provider.name,
        "client_id": provider.client,
        "secret": provider.secret,
        "settings": {"server_url": provider.issuer},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


def check_issuer(value: str) -> None:
    """Raise ValidationError where a value is no issuer, or would be asked in the clear."""
    parts = urlsplit(value)
    whole = parts.hostname and not parts.query and not parts.fragment and "@" not in parts.netloc
    if not whole or parts.scheme not in ("http", "https"):
        raise ValidationError("It is not the address of a provider.")
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        raise ValidationError("Logins would go there in the clear.")
