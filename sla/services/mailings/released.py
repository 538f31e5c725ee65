"""What was released to a vendor and no mail carried: gathered for its contacts, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sla.models import Release, ReportSchedule, StatementRevision
from sla.reports.editions import Edition
from sla.reports.vendor import Released, VendorReport, as_report, vendor_report
from sla.selectors.mailings import releases_to_send
from sla.services.mailings.files import forms_of, vendor_files
from sla.services.mailings.periods import ReportPeriod
from sla.services.outbox import Attachment
from sla.services.reporting import everything
from vendors.models import LegalEntity, Vendor

AROUND = ("statement__agreement__contract__vendor", "statement__agreement__contract__account")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a vendor's contacts are sent, and the releases that it carries."""

    report: VendorReport
    releases: tuple[Release, ...]
    files: tuple[Attachment, ...]
    ours: str


def released_to(vendor: Vendor, *, period: ReportPeriod) -> list[Release]:
    """Return what was released to a vendor and waits to be sent, of this period and of earlier ones."""
    rows = releases_to_send(until=period.last_on).filter(
        revision__statement__agreement__contract__vendor=vendor
    )
    return list(rows.select_related("revision").order_by("revision__statement__last_on", "pk"))


def letter_of(
    vendor: Vendor,
    *,
    releases: Sequence[Release],
    schedule: ReportSchedule,
    period: ReportPeriod,
    now: datetime,
) -> Letter:
    """Return what is sent of some releases: the vendor's edition of what was finalised, and no later word."""
    current = _revisions(each.revision_id for each in releases)
    before = _sent_before(vendor)
    report = vendor_report(
        vendor,
        first_on=min(each.statement.first_on for each in current),
        last_on=max(each.statement.last_on for each in current),
        period=_called(current, period=period),
        edition=Edition.VENDOR,
        user=everything(),
        now=now,
        since=_last_sent(vendor) or period.first_on,
        released=Released(now=tuple(current), before=tuple(before)),
    )
    name = f"{vendor.slug}-{period.label}"
    names = LegalEntity.objects.filter(
        signed_contracts__in={each.statement.agreement.contract_id for each in current}
    )
    return Letter(
        report=report,
        releases=tuple(releases),
        files=tuple(vendor_files(report, name=name, tables=as_report(report), forms=forms_of(schedule))),
        ours=", ".join(names.order_by("name").distinct().values_list("name", flat=True)),
    )


def _revisions(keys: Iterable[int]) -> list[StatementRevision]:
    rows = StatementRevision.objects.filter(pk__in=list(keys)).defer("inputs", "result")
    return list(rows.select_related(*AROUND).order_by("statement__last_on", "statement__pk"))


def _sent_before(vendor: Vendor) -> list[StatementRevision]:
    """Return of each statement the newest revision that a mail to the vendor carried."""
    rows = Release.objects.exclude(report=None).filter(
        revision__statement__agreement__contract__vendor=vendor
    )
    newest: dict[int, int] = {}
    for statement, revision in rows.order_by("revision__number").values_list(
        "revision__statement", "revision"
    ):
        newest[statement] = revision
    return _revisions(newest.values())


def _last_sent(vendor: Vendor) -> date | None:
    rows = Release.objects.exclude(report=None).filter(
        revision__statement__agreement__contract__vendor=vendor
    )
    last = rows.order_by("-report__made_at").values_list("report__made_at", flat=True).first()
    return last.date() if last is not None else None


def _called(revisions: Iterable[StatementRevision], *, period: ReportPeriod) -> str:
    """Return what the periods are called: as the report's own, or each where earlier ones are among them."""
    rows = [each.statement for each in revisions]
    if all(row.last_on >= period.first_on for row in rows):
        return period.label
    labels = list(dict.fromkeys(row.period for row in rows))
    return ", ".join(labels) if len(labels) <= 3 else f"{labels[0]} to {labels[-1]}"
