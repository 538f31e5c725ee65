"""The files that go with a mail: about one vendor its report, about several the portfolio's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from sla.models import ReportSchedule
from sla.reports.editions import Edition
from sla.reports.mails.summary import Summary
from sla.reports.mails.tables import summary_tables
from sla.reports.tables import FORMS, Report, render
from sla.reports.vendor import VendorReport, as_report, vendor_pdf
from sla.services.mailings.periods import ReportPeriod
from sla.services.mailings.readers import Reading
from sla.services.outbox import Attachment
from sla.services.reporting import Narrowed, make_report
from sla.services.vendor_reports import make_vendor_report
from vendors.models import Vendor

# Of several vendors: the summary to read, the workbook for the month's end, the lines for other programs.
OF_SEVERAL: Mapping[str, tuple[str, str]] = {
    "pdf": ("portfolio", "summary"),
    "xlsx": ("month_end_pack", "month-end"),
    "csv": ("breach", "missed-levels"),
}


def forms_of(schedule: ReportSchedule) -> tuple[str, ...]:
    """Return the formats that a schedule sends."""
    chosen = {"pdf": schedule.with_pdf, "xlsx": schedule.with_xlsx, "csv": schedule.with_csv}
    return tuple(form for form, wanted in chosen.items() if wanted)


def summary_files(
    reading: Reading, *, period: ReportPeriod, summary: Summary, now: datetime
) -> tuple[Attachment, ...]:
    """Return the files of a summary; its figures were just computed."""
    forms = forms_of(reading.schedule)
    only = reading.vendor or _only_one(reading)
    if not forms:
        return ()
    if only is None:
        return tuple(_of_several(reading, forms=forms, period=period, summary=summary, now=now))
    report = make_vendor_report(
        only,
        first_on=period.first_on,
        last_on=period.last_on,
        period=period.label,
        edition=Edition.INTERNAL,
        user=reading.user,
        now=now,
    )
    extra = as_report(report)
    extra = replace(extra, tables=(*extra.tables, *summary_tables(summary)))
    name = f"{only.slug}-{period.label}"
    return tuple(vendor_files(report, name=name, tables=extra, forms=forms))


def _only_one(reading: Reading) -> Vendor | None:
    """Return the vendor of a manager who has no other; finance gets the same files whatever it is about."""
    if reading.schedule.audience != ReportSchedule.Audience.MANAGERS:
        return None
    some = list(reading.vendors.order_by("pk")[:2])
    return some[0] if len(some) == 1 else None


def vendor_files(
    report: VendorReport, *, name: str, tables: Report, forms: tuple[str, ...]
) -> Iterator[Attachment]:
    """Yield the report of one vendor in some formats; `tables` are what the workbook and the CSV hold."""
    for form in forms:
        content = vendor_pdf(report) if form == "pdf" else b"".join(render(tables, form=form))
        yield _attachment(name, form=form, content=content)


def _of_several(
    reading: Reading, *, forms: tuple[str, ...], period: ReportPeriod, summary: Summary, now: datetime
) -> Iterator[Attachment]:
    for form in forms:
        code, called = OF_SEVERAL[form]
        report = make_report(
            code,
            parameters={"from": f"{period.first_on}", "until": f"{period.until}"},
            user=reading.user,
            now=now,
            narrowed=Narrowed(vendors=reading.vendors.order_by(), called=summary.about),
            is_fresh=True,
        )
        if form != "csv":
            # What the mail has room for only in part.
            report = replace(report, tables=(*report.tables, *summary_tables(summary)))
        name = f"{reading.schedule.code}-{period.label}-{called}"
        yield _attachment(name, form=form, content=b"".join(render(report, form=form)))


def _attachment(name: str, *, form: str, content: bytes) -> Attachment:
    kind = FORMS[form].content_type.partition(";")[0]
    return Attachment(name=f"{name}.{FORMS[form].suffix}", content_type=kind, content=content)
