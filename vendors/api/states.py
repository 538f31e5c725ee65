"""Which state of a record an answer shows, and which a change was made from."""

import json
from hashlib import sha256
from typing import Any

from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from vendors.api.problems import PreconditionRequired, Stale


def tag_of(data: Any) -> str:
    """Return the strong ETag of a record, from all that it shows."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), cls=JSONEncoder, default=str)
    return f'"{sha256(text.encode()).hexdigest()[:32]}"'


def names(header: str, *, tag: str) -> bool:
    """Say whether a header of ETags names this one; a star names any."""
    told = [each.strip() for each in header.split(",")]
    return "*" in told or tag in told or f"W/{tag}" in told


def require_match(request: Request, *, tag: str) -> None:
    """Refuse a change that does not say which state it was made from, or was made from another."""
    told = request.headers.get("If-Match", "")
    if not told:
        raise PreconditionRequired(
            "Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen."
        )
    strong = [each.strip() for each in told.split(",")]
    if "*" not in strong and tag not in strong:
        raise Stale("It was changed since you read it. Read it again, and decide with what it says now.")
