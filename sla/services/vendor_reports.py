"""Vendor compliance reports: the statements brought up to date, then reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError

from sla.engine.results import Result
from sla.inputs import inputs_for
from sla.models import ServiceLevelAgreement, Statement
from sla.reports.editions.edition import Edition
from sla.reports.tables import FORMS
from sla.reports.vendor import VendorReport, as_report, vendor_pdf, vendor_report
from sla.services.report_days import first_day
from sla.services.reporting import FROM, UNTIL, Offer, Parameter, report_file
from sla.services.statements import fresh_heads, result_of
from vendors.models import Reader, Vendor

VENDOR_REPORT = Offer(
    code="vendor",
    title="Vendor compliance report",
    text=(
        "One vendor, one period: what was promised, given and missed, the last twelve periods, claims, and"
        " what to do by when. The vendor's edition names no other party and nothing of ours."
    ),
    parameters=(
        Parameter(code="vendor", label="Vendor", kind="vendor", required=True, help="Short name."),
        FROM,
        UNTIL,
        Parameter(
            code="edition", label="Edition", kind="edition", help="internal or vendor. Empty: internal."
        ),
    ),
)


def asked_vendor_report(parameters: Mapping[str, str], *, user: Reader, now: datetime) -> VendorReport:
    """Return the report of a vendor from plain parameters, as forms and addresses have them.

    Raise ValidationError that names each wrong one, ValueError where drafts cannot be read.
    """
    problems: dict[str, str] = {}
    slug = parameters.get("vendor", "").strip()
    vendor = Vendor.objects.all().visible_to(user).filter(slug=slug).first()
    if vendor is None:
        problems["vendor"] = "There is no such vendor that you may see." if slug else "Choose a vendor."
    days: dict[str, date] = {}
    for code in ("from", "until"):
        try:
            days[code] = first_day(parameters.get(code, "").strip())
        except ValueError as error:
            problems[code] = str(error)
    if len(days) == 2 and not days["from"] < days["until"]:
        problems["until"] = "It is the first day that is left out: for June write from 2019-06 until 2019-07."
    edition = parameters.get("edition") or Edition.INTERNAL.value
    if edition not in list(Edition):
        problems["edition"] = f"There is no edition {edition!r}. Choose one of: {', '.join(Edition)}."
    if vendor is None or problems:
        raise ValidationError(problems)
    return make_vendor_report(
        vendor,
        first_on=days["from"],
        last_on=days["until"] - timedelta(days=1),
        period=period_label(days["from"], until=days["until"]),
        edition=Edition(edition),
        user=user,
        now=now,
    )


def vendor_report_file(report: VendorReport, *, form: str) -> tuple[str, str, Iterator[bytes]]:
    """Return the name, content type and bytes of a report's file; raise ValueError for an unknown format."""
    _, kind, chunks = report_file(as_report(report), form=form)
    name = f"{report.slug}-{report.period}-{report.edition.value}.{FORMS[form].suffix}"
    return name, kind, iter([vendor_pdf(report)]) if form == "pdf" else chunks


def period_label(first_on: date, *, until: date) -> str:
    """Return how people call the days up to, not including, `until`: 2019-06, 2019-Q2, 2019 or the range."""
    months = (until.year - first_on.year) * 12 + until.month - first_on.month
    if first_on.day == until.day == 1:
        if months == 1:
            return f"{first_on:%Y-%m}"
        if months == 3 and first_on.month % 3 == 1:
            return f"{first_on.year}-Q{first_on.month // 3 + 1}"
        if months == 12 and first_on.month == 1:
            return str(first_on.year)
    return f"{first_on}..{until - timedelta(days=1)}"


def make_vendor_report(
    vendor: Vendor,
    *,
    first_on: date,
    last_on: date,
    period: str,
    edition: Edition,
    user: Reader,
    now: datetime,
    since: date | None = None,
) -> VendorReport:
    """Return the report of a vendor with drafts as of `now`; raise ValueError for one not to be seen."""
    agreements = (
        ServiceLevelAgreement.objects.visible_to(user)
        .filter(contract__vendor=vendor)
        .select_related("contract__vendor")
        .prefetch_related("versions")
    )
    heads = fresh_heads(agreements, first_on=first_on, last_on=last_on, now=now)
    return vendor_report(
        vendor,
        first_on=first_on,
        last_on=last_on,
        period=period,
        edition=edition,
        user=user,
        now=now,
        since=since,
        drafts=draft_results(heads),
    )


def draft_results(heads: Iterable[Statement]) -> dict[int, Result]:
    """Return what the statements without a revision came to, as of when their drafts were computed."""
    open_ones = Statement.objects.filter(pk__in=[head.pk for head in heads], revisions=None, error="")
    groups: dict[tuple[date, datetime], list[Statement]] = defaultdict(list)
    for head in open_ones.select_related("agreement__contract__vendor"):
        if head.known_until is not None:
            groups[head.last_on, head.known_until].append(head)
    found: dict[int, Result] = {}
    for (on, known_until), group in groups.items():
        by_key = {
            (head.agreement.contract.reference, head.agreement.code, head.period): head for head in group
        }
        for inputs in inputs_for([head.agreement for head in group], on=on, known_until=known_until):
            key = (inputs.schedule.contract, inputs.schedule.code, inputs.period.label)
            if inputs.versions and key in by_key:
                found[by_key[key].pk] = result_of(inputs)
    return found
