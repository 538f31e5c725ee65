"""The access review: who may log in, by what roles, which vendors and companies they reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.selectors.access import Access, Barred, Conflict, everybodys_access, standing_tokens
from vendors.models import ApiToken

COLUMNS = (
    Column(key="user", label="User"),
    Column(key="look", label="To look at"),
    Column(key="name", label="Name"),
    Column(key="email", label="E-mail", narrow=True),
    Column(key="state", label="May log in"),
    Column(key="last_login", label="Last login", kind=Kind.DATE),
    Column(key="roles", label="Roles"),
    Column(key="beside", label="Permissions beside the roles", narrow=True),
    Column(key="sees", label="Sees"),
    Column(key="vendors", label="Manages these vendors"),
    Column(key="companies", label="Reads these companies"),
    Column(key="tokens", label="API tokens", kind=Kind.COUNT),
)
TOKENS = (
    Column(key="user", label="User"),
    Column(key="name", label="Token"),
    Column(key="begins_with", label="Begins with", narrow=True),
    Column(key="made_by", label="Made by"),
    Column(key="may", label="May"),
    Column(key="expires", label="Expires", kind=Kind.DATE),
    Column(key="last_used", label="Last used", kind=Kind.DATE),
)
ALL, SOME, NONE = "every vendor", "those named", "nothing"
LOGS_IN: dict[Barred, str] = {
    Barred.NOT: "yes",
    Barred.LEFT: "not active",
    Barred.SYSTEM: "token only",
    Barred.NO_STAFF: "not staff",
    Barred.NO_PASSWORD: "no password",
}
LACKS: dict[Barred, str] = {
    Barred.NO_STAFF: "staff status",
    Barred.NO_PASSWORD: "a password, a passkey or a linked login",
}
BOTH: dict[Conflict, str] = {
    Conflict.OWED_AND_PAID: "may both say what vendors owe and record that it came",
    Conflict.ROLES_AND_MONEY: "may both give roles and finalise statements",
}


def access_review(*, about: About) -> Report:
    """Return who has access as of now, a line each, with what a reviewer should look at, and every token."""
    people = Table(
        code="access",
        title="Access",
        columns=COLUMNS,
        rows=lambda: map(_row, everybodys_access(at=about.run_at)),
        empty="There are no users.",
    )
    tokens = Table(
        code="tokens",
        title="API tokens that hold",
        columns=TOKENS,
        rows=lambda: map(_token_row, standing_tokens(at=about.run_at).iterator()),
        note="A token opens no more than its user may. Who writes may read: that is not said again.",
        empty="No token opens anything.",
    )
    return Report(
        code="access_review",
        title="Access review",
        subtitle=f"As at {about.run_at:%Y-%m-%d}",
        about=about,
        tables=(people, tokens),
        summary=("Who may log in to the admin, by what roles, and which vendors and companies they reach.",),
    )


def _row(each: Access) -> Row:
    user = each.user
    sees = ALL if each.sees_all else NONE if each.reaches_nothing else SOME
    return (
        user.get_username(),
        "; ".join(_remarks(each)),
        user.get_full_name(),
        user.email,
        LOGS_IN[each.barred],
        _day(each.last_login),
        ", ".join(["Superuser"] * user.is_superuser + list(each.roles)),
        ", ".join(each.beside),
        sees,
        ", ".join(each.vendors),
        ", ".join(each.companies),
        len(each.tokens),
    )


def _token_row(token: ApiToken) -> Row:
    return (
        token.user.get_username(),
        token.name,
        f"{token.token_key}…",
        token.created_by.get_username(),
        ", ".join(token.told_scopes()),
        _day(token.expiry),
        _day(token.last_used_at),
    )


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()


def _remarks(each: Access) -> Iterator[str]:
    """Yield what a reviewer should look at, the gravest first."""
    user = each.user
    if each.is_open_system:
        yield "Recourse itself acts under this name: nobody may log in as it"
    if each.barred is Barred.LEFT:
        if each.vendors:
            yield "owns or deputises for vendors, and can no longer log in"
        return
    if user.is_superuser:
        yield "a superuser passes every rule"
    if each.beside:
        yield "holds permissions that no role gave"
    yield from (BOTH[conflict] for conflict in each.conflicts)
    if each.set_password is not None:
        said = each.set_password
        yield f"{said.by.get_username()} set or took this password on {said.at:%Y-%m-%d}"
    makers = sorted({token.created_by.get_username() for token in each.tokens_of_others})
    if makers:
        yield f"has tokens that {', '.join(makers)} made"
    yield from _unused(each)


def _unused(each: Access) -> Iterator[str]:
    """Yield what somebody lacks who is active, and what is held for nothing."""
    if each.barred in LACKS:
        yield f"cannot log in without {LACKS[each.barred]}: give it, or set the user inactive"
    if each.barred is Barred.SYSTEM and not each.tokens:
        yield "a system without a token: nothing uses it"
    if each.barred is Barred.NOT and each.last_login is None:
        yield "never logged in"
    if not each.roles and not each.user.is_superuser:
        yield "has no role"
    elif each.reaches_nothing:
        yield "has a role, and sees no vendor"
