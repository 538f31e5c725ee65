"""Who asks, and what they may do: tokens, scopes, model permissions, how often."""

import re
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle
from structlog.contextvars import bind_contextvars

from vendors.models import READ, WRITE, ApiToken, subject_of
from vendors.services import note_use
from vendors.services.access import SHOWN

SECRET = re.compile(rb"rcs_[0-9a-f]{64}")
# What a method does to a record, in the words of Django's permissions.
ACTS = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "POST": "add", "PATCH": "change", "PUT": "change"}
ACTS["DELETE"] = "delete"


class TokenAuthentication(KnoxTokenAuthentication):
    """`Authorization: Bearer rcs_...`; an expired token stays on file, to be shown."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        """Return whose token it is; refuse all that does not hold with one and the same text."""
        now = timezone.now()
        if SECRET.fullmatch(token):
            text = token.decode()
            digest = hash_token(text)
            rows = ApiToken.objects.filter(token_key=text[:SHOWN]).select_related("user")
            for row in rows:
                if constant_time_compare(digest, row.digest) and row.holds(at=now):
                    note_use(row, at=now)
                    bind_contextvars(user=row.user_id, token=row.pk)
                    return row.user, row
        raise AuthenticationFailed("This token is not known, has expired, or was revoked. Make another.")


class Allowed(BasePermission):
    """Let through whom Django's permissions allow it, and of a token's scopes at least one.

    A view says on which `model` it acts and, where the method does not say it, which `acts` its actions need.
    Without either nobody gets through.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether the user may do this to records of this kind at all."""
        user = request.user
        if not user or not user.is_authenticated or not user.is_active:
            return False
        if getattr(view, "action", "") is None:
            return True  # no such method here, which is another answer
        model: type[models.Model] | None = getattr(view, "model", None)
        subject = getattr(view, "subject", "") or (subject_of(model) if model else "")
        self._require_scope(request, view=view, subject=subject)
        if model is None:
            return bool(subject)
        wanted = needed_permissions(view, model=model, method=request.method or "")
        missing = [each for each in wanted if not user.has_perm(each)]
        if missing or not wanted:
            raise PermissionDenied(f"You need the permission {', '.join(missing) or 'of an administrator'}.")
        return True

    def _require_scope(self, request: Request, *, view: Any, subject: str) -> None:
        if isinstance(request.auth, ApiToken):
            reads = request.method in SAFE_METHODS or view.action in getattr(view, "reading", ())
            act = READ if reads else WRITE
            if not request.auth.opens(subject, act=act):
                raise PermissionDenied(f"This token needs the scope {subject}:{act}.")


def needed_permissions(view: Any, *, model: type[models.Model], method: str) -> list[str]:
    """Return the permissions that an action of a view needs; where there is none, nobody gets in."""
    action = getattr(view, "action", None) or ""
    named: Mapping[str, str] = getattr(view, "permissions", {})
    read_by = named.get("read") if method in SAFE_METHODS else None
    if action in named or read_by:
        return [named.get(action) or str(read_by)]
    label, name = model._meta.app_label, model._meta.model_name
    return [f"{label}.{act}_{name}" for act in needed_acts(view, method=method)]


def needed_acts(view: Any, *, method: str) -> tuple[str, ...]:
    """Return what an action of a view does to its records: view, add, change, delete."""
    named: dict[str, tuple[str, ...]] = getattr(view, "acts", {})
    action = getattr(view, "action", None) or ""
    if action in named:
        return named[action]
    if action == "bulk":
        return ("add", "change")
    own_action = action not in ("", "create") and method == "POST"
    act = "change" if own_action else ACTS.get(method)
    return (act,) if act else ()


class ExportThrottle(UserRateThrottle):
    """Exports read everything: few an hour."""

    scope = "export"
