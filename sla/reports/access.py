"""The access review: who may log in, by what roles, and which vendors and companies they reach."""

from __future__ import annotations

from collections.abc import Iterator

from sla.reports.tables import About, Column, Kind, Report, Row, Table
from sla.selectors.access import Access, everybodys_access
from vendors.models import ApiToken

COLUMNS = (
    Column(key="user", label="User"),
    Column(key="name", label="Name"),
    Column(key="email", label="E-mail"),
    Column(key="state", label="May log in"),
    Column(key="last_login", label="Last login", kind=Kind.INSTANT),
    Column(key="roles", label="Roles"),
    Column(key="beside", label="Permissions beside the roles"),
    Column(key="sees", label="Sees"),
    Column(key="vendors", label="Manages these vendors"),
    Column(key="companies", label="Reads these companies"),
    Column(key="tokens", label="API tokens"),
    Column(key="look", label="To look at"),
)
ALL, SOME, NONE = "every vendor", "those named", "nothing"


def access_review(*, about: About) -> Report:
    """Return who has access as of now, a line each, with what a reviewer should look at."""
    table = Table(
        code="access",
        title="Access",
        columns=COLUMNS,
        rows=lambda: map(_row, everybodys_access(at=about.run_at)),
        empty="There are no users.",
    )
    return Report(
        code="access_review",
        title="Access review",
        subtitle=f"As at {about.run_at:%Y-%m-%d}",
        about=about,
        tables=(table,),
        summary=("Who may log in, by what roles, and which vendors and companies they reach.",),
    )


def _row(each: Access) -> Row:
    user = each.user
    sees = ALL if each.sees_all else NONE if each.reaches_nothing else SOME
    return (
        user.get_username(),
        user.get_full_name(),
        user.email,
        "yes" if user.is_active else "no",
        each.last_login,
        ", ".join(["Superuser"] * user.is_superuser + list(each.roles)),
        ", ".join(each.beside),
        sees,
        ", ".join(each.vendors),
        ", ".join(each.companies),
        "; ".join(map(_token, each.tokens)),
        "; ".join(_remarks(each)),
    )


def _token(token: ApiToken) -> str:
    used = f"last used {token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"
    return f"{token.name}: {', '.join(token.scopes)} until {token.expiry:%Y-%m-%d}, {used}"


def _remarks(each: Access) -> Iterator[str]:
    user = each.user
    if not user.is_active:
        if each.vendors:
            yield "owns or deputises for vendors, and can no longer log in"
        return
    if user.is_superuser:
        yield "a superuser passes every rule"
    if each.beside:
        yield "holds permissions that no role gave"
    if each.last_login is None:
        yield "never logged in"
    if not each.roles and not user.is_superuser:
        yield "has no role"
    elif each.reaches_nothing:
        yield "has a role, and sees no vendor"
