"""Who has access: every person, the roles, and which records they reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Permission, User
from django.db.models import Prefetch, QuerySet

from vendors.models import ApiToken

CHUNK = 200


@dataclass(frozen=True, kw_only=True)
class Access:
    """One person's access; `last_login` is a UTC instant."""

    user: User
    roles: tuple[str, ...]
    beside: tuple[str, ...]
    sees_all: bool
    vendors: tuple[str, ...]
    companies: tuple[str, ...]
    tokens: tuple[ApiToken, ...]
    last_login: datetime | None

    @property
    def reaches_nothing(self) -> bool:
        """Say whether somebody who may log in would see no vendor at all."""
        return not (self.sees_all or self.vendors or self.companies)


def everybodys_access(*, at: datetime) -> Iterator[Access]:
    """Yield every user by name, those who may not log in too, with the tokens that hold at an instant."""
    everywhere = set(sees_everything().values_list("pk", flat=True))
    extra = Permission.objects.select_related("content_type")
    rows: QuerySet[User] = User.objects.prefetch_related(
        "groups",
        Prefetch(
            "auth_token_set",
            queryset=ApiToken.objects.filter(revoked_at=None, expiry__gt=at).order_by("pk"),
            to_attr="standing_tokens",
        ),
        Prefetch("user_permissions", queryset=extra),
        "owned_vendors",
        "deputised_vendors",
        "read_companies",
    ).order_by("username")
    for user in rows.iterator(chunk_size=CHUNK):
        vendors = {vendor.slug for vendor in (*user.owned_vendors.all(), *user.deputised_vendors.all())}
        yield Access(
            user=user,
            roles=tuple(sorted(group.name for group in user.groups.all())),
            beside=_named(user),
            sees_all=user.pk in everywhere,
            vendors=tuple(sorted(vendors)),
            companies=tuple(sorted(company.code for company in user.read_companies.all())),
            tokens=tuple(user.standing_tokens),  # type: ignore[attr-defined]
            last_login=user.last_login,
        )


def sees_everything() -> QuerySet[User]:
    """Return the active people who see every vendor, by permission or as administrators."""
    return User.objects.with_perm(
        "vendors.see_all_vendors", backend="django.contrib.auth.backends.ModelBackend"
    )


def _named(user: User) -> tuple[str, ...]:
    held = user.user_permissions.all()
    return tuple(sorted(f"{each.content_type.app_label}.{each.codename}" for each in held))
