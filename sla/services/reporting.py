"""The one entry to reports: which there are, made from plain parameters, for every shell.

A parameter is text, as a form or a command has it. `from` and `until` name days, months, quarters or years:
`from` is the first day of its name, `until` the first day that is left out, as everywhere in the project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet

from sla.engine.evaluation import ENGINE_VERSION
from sla.reports.access import access_review
from sla.reports.breach import breach_report
from sla.reports.completeness import completeness_report
from sla.reports.portfolio import portfolio_report
from sla.reports.register import credit_register, journal_lines, roll_forward
from sla.reports.tables import FORMS, About, Report, render
from sla.selectors.scope import Scope
from sla.services.report_days import PERIOD_HINT, first_day, moment
from sla.services.statements import heads
from vendors.models import LegalEntity, Reader, Vendor
from vendors.services.system import SYSTEM_USERNAME

# Drafts that one report computes before it is made; more are left to the next run and said.
MOST_REFRESHED = 1_000


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What may be asked of a report; its code is the name in commands and addresses."""

    code: str
    label: str
    kind: str  # period, vendor, entity, edition or moment
    required: bool = False
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Parameters as values; `until` is the first day that is left out, instants are UTC."""

    scope: Scope
    about: About
    now: datetime
    as_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A report as it is offered: what it is called, and what may be asked of it."""

    code: str
    title: str
    text: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, kw_only=True)
class ReportKind(Offer):
    """A report of many vendors, and who makes it."""

    make: Callable[[Asked], Report]
    follows_drafts: bool = True
    # Beyond that to see statements, which every shell asks for.
    permission: str = ""


FROM = Parameter(code="from", label="From", kind="period", required=True, help=f"First day. {PERIOD_HINT}")
UNTIL = Parameter(
    code="until",
    label="Until (not included)",
    kind="period",
    required=True,
    help="First day that is left out: 2019-07 is up to 30 June 2019.",
)
VENDOR = Parameter(code="vendor", label="Vendor", kind="vendor", help="Short name. Empty: all.")
ENTITY = Parameter(code="entity", label="Our company", kind="entity", help="Short name. Empty: all.")
AS_AT = Parameter(
    code="as_at",
    label="As at",
    kind="moment",
    help="The books as at the end of this day, or this moment: closed months as they were closed, of open"
    " ones what was recorded by then. Empty: now.",
)
RANGE = (FROM, UNTIL, VENDOR, ENTITY)


def report_kinds(user: Reader) -> tuple[ReportKind, ...]:
    """Return the reports that a user may have, in the order in which they are offered."""
    return tuple(kind for kind in REPORTS.values() if _may_have(user, kind=kind))


def _may_have(user: Reader, *, kind: ReportKind) -> bool:
    return not kind.permission or (isinstance(user, User) and user.has_perm(kind.permission))


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """Some vendors that a report is kept to, and what they are called in it."""

    vendors: QuerySet[Vendor]
    called: str


def make_report(
    code: str,
    *,
    parameters: Mapping[str, str],
    user: Reader,
    now: datetime,
    narrowed: Narrowed | None = None,
    is_fresh: bool = False,
) -> Report:
    """Return a report as plain data, whose rows may stream; `now` is a UTC instant.

    Drafts that the records have overtaken are computed first, up to a bound that the report tells, unless
    they were just computed. Raises ValidationError for a parameter that is missing or says nothing, KeyError
    for an unknown report, PermissionDenied for one that the user may not have.
    """
    kind = REPORTS[code]
    if not _may_have(user, kind=kind):
        raise PermissionDenied(f"{kind.title} is for those who hold {kind.permission}.")
    asked = asked_of(kind, parameters=parameters, user=user, now=now)
    if narrowed is not None:
        asked = _narrowed(asked, to=narrowed)
    if kind.follows_drafts and not is_fresh:
        note = refresh_drafts(asked.scope, now=now)
        asked = replace(asked, about=replace(asked.about, notes=(*asked.about.notes, *note)))
    return kind.make(asked)


def _narrowed(asked: Asked, *, to: Narrowed) -> Asked:
    said = (
        ("Vendor", to.called) if name == "Vendor" else (name, text) for name, text in asked.about.parameters
    )
    scope = replace(asked.scope, vendors=to.vendors)
    return replace(asked, scope=scope, about=replace(asked.about, parameters=tuple(said)))


def report_file(report: Report, *, form: str) -> tuple[str, str, Iterator[bytes]]:
    """Return the name, content type and bytes of a report's file; raise ValueError for an unknown format."""
    if form not in FORMS:
        raise ValueError(f"No format {form!r}. Choose one of: {', '.join(FORMS)}.")
    days = re.findall(r"\d{4}-\d\d-\d\d", report.subtitle)
    name = "-".join([report.code.replace("_", "-"), *dict.fromkeys(days)])
    return f"{name}.{FORMS[form].suffix}", FORMS[form].content_type, render(report, form=form)


def everything() -> User:
    """Return the reader that commands run as: it sees all vendors, and is no row."""
    return User(username=SYSTEM_USERNAME, first_name="Recourse", is_superuser=True)


def refresh_drafts(scope: Scope, *, now: datetime) -> tuple[str, ...]:
    """Bring the drafts in a scope up to date, up to a bound; return what must be said about the rest."""
    heads.note_stale(now=now)
    schedules = list(scope.schedules())
    months = (scope.until - scope.first_on).days // 28 + 1
    last_on = min(scope.last_on, now.date())
    if len(schedules) * months <= MOST_REFRESHED and scope.first_on <= last_on:
        heads.fresh_heads(schedules, first_on=scope.first_on, last_on=scope.last_on, now=now)
    else:
        stale = scope.statements().stale().select_related("agreement__contract").order_by("last_on", "pk")
        heads.refresh_heads(list(stale[:MOST_REFRESHED]), now=now)
    left = scope.statements().stale().count()
    failed = scope.statements().exclude(error="").count()
    notes = []
    if left:
        notes.append(f"{left} drafts are older than the records: they are computed again on the next run.")
    if failed:
        notes.append(f"{failed} drafts could not be computed; the completeness report says why.")
    return tuple(notes)


def asked_of(kind: ReportKind, *, parameters: Mapping[str, str], user: Reader, now: datetime) -> Asked:
    """Return the values of a report's parameters; raise ValidationError that names each wrong one."""
    known = {each.code for each in kind.parameters}
    given = {code: text.strip() for code, text in parameters.items() if code in known and text.strip()}
    readers: dict[str, Callable[[str], Any]] = {
        "period": first_day,
        "vendor": lambda text: _row(Vendor.objects.visible_to(user), key="slug", text=text, what="vendor"),
        "entity": lambda text: _row(LegalEntity.objects.all(), key="code", text=text, what="company"),
        "moment": moment,
    }
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for each in kind.parameters:
        try:
            if each.code in given:
                values[each.code] = readers[each.kind](given[each.code])
            elif each.required:
                problems[each.code] = f"{each.label} is missing. {each.help}"
        except ValueError as error:
            problems[each.code] = f"{each.label}: {error}"
    if "from" in values and "until" in values and not values["from"] < values["until"]:
        problems["until"] = (
            f"Until {values['until']} is not after {values['from']}. It is the first day that is left out:"
            " for June alone write from 2019-06 until 2019-07."
        )
    if problems:
        raise ValidationError(problems)
    return _asked(values, user=user, now=now)


def _asked(values: Mapping[str, Any], *, user: Reader, now: datetime) -> Asked:
    today = now.date()
    scope = Scope(
        first_on=values.get("from", today),
        until=values.get("until", today + timedelta(days=1)),
        user=user,
        vendor=values.get("vendor"),
        entity=values.get("entity"),
    )
    as_at = values.get("as_at")
    chosen = [
        ("Days", f"{scope.first_on} to {scope.last_on}"),
        ("Vendor", str(scope.vendor or "all that the reader may see")),
        ("Our company", str(scope.entity or "all")),
    ]
    about = About(
        parameters=tuple(chosen),
        run_by=user.get_username(),
        run_at=now.replace(microsecond=0),
        data_as_at=as_at or now.replace(microsecond=0),
        versions=(
            ("Version of the calculation", ENGINE_VERSION),
            ("Version of the zone rules", version("tzdata")),
        ),
    )
    return Asked(scope=scope, about=about, now=now, as_at=as_at)


def _row(rows: Any, *, key: str, text: str, what: str) -> Any:
    found = rows.filter(**{key: text}).first()
    if found is None:
        some = ", ".join(rows.order_by(key).values_list(key, flat=True)[:8])
        raise ValueError(f"no {what} {text!r}. Known are: {some or 'none yet'}.")
    return found


def month_end_pack(asked: Asked) -> Report:
    """Return the reports of a month's end as one workbook: what was missed, what is owed, what is missing."""
    parts = [REPORTS[code].make(asked) for code in PACK]
    # The register's rows belong to two of the reports: once is enough.
    tables = {table.code: table for part in parts for table in part.tables}
    return Report(
        code="month_end_pack",
        title="Month-end pack",
        subtitle=f"{asked.scope.first_on} to {asked.scope.last_on}",
        about=replace(
            asked.about,
            provisional=any(part.about.provisional for part in parts),
            notes=tuple(dict.fromkeys(note for part in parts for note in part.about.notes)),
        ),
        tables=tuple(tables.values()),
        summary=tuple(sentence for part in parts for sentence in part.summary),
    )


PACK = ("breach", "credit_register", "roll_forward", "completeness")
REPORTS: Mapping[str, ReportKind] = {
    "breach": ReportKind(
        code="breach",
        title="Service levels missed",
        text="Every service level missed, with its credit, claim and bills: a line each.",
        make=lambda asked: breach_report(asked.scope, about=asked.about),
        parameters=RANGE,
    ),
    "portfolio": ReportKind(
        code="portfolio",
        title="Portfolio summary",
        text="Each SLA schedule: periods judged, levels met and missed, money owed, claimed and received.",
        make=lambda asked: portfolio_report(asked.scope, about=asked.about),
        parameters=RANGE,
    ),
    "completeness": ReportKind(
        code="completeness",
        title="Completeness",
        text="What is missing or unsettled: terms, sources, statements, claims, credit notes.",
        make=lambda asked: completeness_report(asked.scope, about=asked.about, now=asked.now),
        parameters=RANGE,
    ),
    "credit_register": ReportKind(
        code="credit_register",
        title="Credit register",
        text="Every movement of what vendors owe us, and what each claim comes to.",
        make=lambda asked: credit_register(asked.scope, about=asked.about, as_at=asked.as_at),
        parameters=(*RANGE, AS_AT),
        follows_drafts=False,
    ),
    "roll_forward": ReportKind(
        code="roll_forward",
        title="Roll-forward of credits",
        text="Opening, every kind of movement and closing, month by month.",
        make=lambda asked: roll_forward(asked.scope, about=asked.about, as_at=asked.as_at),
        parameters=(*RANGE, AS_AT),
        follows_drafts=False,
    ),
    "journal": ReportKind(
        code="journal",
        title="Journal lines of credits",
        text="Debits and credits that balance, by account and cost centre.",
        make=lambda asked: journal_lines(asked.scope, about=asked.about, as_at=asked.as_at),
        parameters=(*RANGE, AS_AT),
        follows_drafts=False,
    ),
    "month_end_pack": ReportKind(
        code="month_end_pack",
        title="Month-end pack",
        text="Service levels missed, credit register, roll-forward and completeness in one workbook.",
        make=month_end_pack,
        parameters=(*RANGE, AS_AT),
    ),
    "access_review": ReportKind(
        code="access_review",
        title="Access review",
        text="Who may log in, by what roles, which vendors and companies they reach, and what to look at.",
        make=lambda asked: access_review(about=replace(asked.about, parameters=(), versions=())),
        parameters=(),
        follows_drafts=False,
        permission="auth.view_user",
    ),
}
