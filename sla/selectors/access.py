"""Who has access: every person, the roles, which records they reach, and what opens more than it should."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Prefetch, Q, QuerySet

from vendors.models import ApiToken
from vendors.services.system import SYSTEM_USERNAME

CHUNK = 200
BACKEND = "django.contrib.auth.backends.ModelBackend"
# For how long a password that somebody else set is told.
TOLD_FOR = timedelta(days=366)


class Barred(StrEnum):
    """Why somebody cannot log in to the admin."""

    NOT = ""
    LEFT = "left"
    SYSTEM = "system"
    NO_STAFF = "no_staff"
    NO_PASSWORD = "no_password"  # nosec B105 # a word, no password


class Conflict(StrEnum):
    """Two things that one person should not do both."""

    OWED_AND_PAID = "owed_and_paid"
    ROLES_AND_MONEY = "roles_and_money"


# Whoever holds both permissions of a line could do alone what two areas are to do.
CONFLICTS: Mapping[Conflict, tuple[str, str]] = {
    Conflict.OWED_AND_PAID: ("sla.change_agreementversion", "sla.add_creditreceived"),
    Conflict.ROLES_AND_MONEY: ("auth.change_user", "sla.add_statementrevision"),
}


@dataclass(frozen=True, kw_only=True)
class SetPassword:
    """That somebody else set or took a person's password; `at` is UTC."""

    by: User
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Access:
    """One person's access; `last_login` is a UTC instant."""

    user: User
    barred: Barred
    roles: tuple[str, ...]
    beside: tuple[str, ...]
    sees_all: bool
    vendors: tuple[str, ...]
    companies: tuple[str, ...]
    tokens: tuple[ApiToken, ...]
    conflicts: tuple[Conflict, ...]
    set_password: SetPassword | None
    last_login: datetime | None

    @property
    def reaches_nothing(self) -> bool:
        """Say whether somebody who may log in would see no vendor at all."""
        return not (self.sees_all or self.vendors or self.companies)

    @property
    def is_open_system(self) -> bool:
        """Say whether it is the user that Recourse itself acts as, and somebody could be it."""
        user = self.user
        return user.username == SYSTEM_USERNAME and (user.is_active or user.has_usable_password())

    @property
    def tokens_of_others(self) -> tuple[ApiToken, ...]:
        """Return the tokens that somebody else made, and may have."""
        return tuple(token for token in self.tokens if token.created_by_id != self.user.pk)


def everybodys_access(*, at: datetime) -> Iterator[Access]:
    """Yield every user by name, those who may not log in too, with the tokens that hold at an instant."""
    everywhere = set(sees_everything().values_list("pk", flat=True))
    conflicts, set_by_others = _conflicts(), _set_passwords(since=at - TOLD_FOR)
    extra = Permission.objects.select_related("content_type")
    rows: QuerySet[User] = (
        User.objects.annotate(
            logins=Count("socialaccount", distinct=True),
            passkeys=Count("authenticator", filter=Q(authenticator__type="webauthn"), distinct=True),
        )
        .prefetch_related(
            "groups",
            Prefetch("user_permissions", queryset=extra),
            "owned_vendors",
            "deputised_vendors",
            "read_companies",
        )
        .prefetch_related(
            Prefetch("auth_token_set", queryset=standing_tokens(at=at), to_attr="standing_tokens")
        )
        .order_by("username")
    )
    for user in rows.iterator(chunk_size=CHUNK):
        vendors = {vendor.slug for vendor in (*user.owned_vendors.all(), *user.deputised_vendors.all())}
        yield Access(
            user=user,
            barred=_barred(user),
            roles=tuple(sorted(group.name for group in user.groups.all())),
            beside=_named(user),
            sees_all=user.pk in everywhere,
            vendors=tuple(sorted(vendors)),
            companies=tuple(sorted(company.code for company in user.read_companies.all())),
            tokens=tuple(user.standing_tokens),  # type: ignore[attr-defined]
            conflicts=tuple(conflicts.get(user.pk, ())),
            set_password=set_by_others.get(user.pk),
            last_login=user.last_login,
        )


def standing_tokens(*, at: datetime) -> QuerySet[ApiToken]:
    """Return the tokens that are neither revoked nor over at a UTC instant, by user and age."""
    rows: QuerySet[ApiToken] = ApiToken.objects.filter(revoked_at=None, expiry__gt=at)
    return rows.select_related("user", "created_by").order_by("user__username", "pk")


def sees_everything() -> QuerySet[User]:
    """Return the active people who see every vendor, by permission or as administrators."""
    return User.objects.with_perm("vendors.see_all_vendors", backend=BACKEND)


def _barred(user: User) -> Barred:
    """Return why a user, annotated with `logins` and `passkeys`, cannot log in to the admin."""
    # A passkey, or a login that a provider vouches for, needs no password.
    beside = user.logins or user.passkeys  # type: ignore[attr-defined]
    has_password = bool(user.password) and user.has_usable_password()
    if not user.is_active:
        return Barred.LEFT
    if not user.is_staff:
        return Barred.NO_STAFF if has_password or beside else Barred.SYSTEM
    return Barred.NOT if has_password or beside else Barred.NO_PASSWORD


def _conflicts() -> dict[int, list[Conflict]]:
    """Return who holds both permissions of a conflict, by user; a superuser holds all, and is left out."""
    found: dict[int, list[Conflict]] = defaultdict(list)
    for conflict, (one, other) in CONFLICTS.items():
        for pk in _holders(one) & _holders(other):
            found[pk].append(conflict)
    return found


def _holders(permission: str) -> set[int]:
    rows = User.objects.with_perm(permission, backend=BACKEND, include_superusers=False)
    return set(rows.values_list("pk", flat=True))


def _set_passwords(*, since: datetime) -> dict[int, SetPassword]:
    """Return who last set whose password since a UTC instant, beside the person itself, as history tells."""
    rows = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User),
        action_flag=CHANGE,
        action_time__gte=since,
        change_message__icontains='"password"',
    )
    return {
        int(row.object_id): SetPassword(by=row.user, at=row.action_time)
        for row in rows.select_related("user").order_by("action_time", "pk")
        if row.object_id is not None and row.object_id != str(row.user_id)
    }


def _named(user: User) -> tuple[str, ...]:
    held = user.user_permissions.all()
    return tuple(sorted(f"{each.content_type.app_label}.{each.codename}" for each in held))
