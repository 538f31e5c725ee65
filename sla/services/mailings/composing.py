"""A mail with its files and what it tells, whoever it goes to: a run sends it, a preview only shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sla.models import Figures, Release, ReportSchedule, StatementRevision
from sla.reports.mails import Mail
from sla.reports.mails.summary import Late
from sla.reports.mails.summary_mail import summary_mail
from sla.reports.mails.vendor_mail import VendorLetter, vendor_mail
from sla.selectors.judged import Judged
from sla.selectors.told import Compared
from sla.services.mailings.files import summary_files
from sla.services.mailings.gathering import Found, summary_for
from sla.services.mailings.periods import ReportPeriod
from sla.services.mailings.readers import Reading
from sla.services.mailings.released import letter_of
from sla.services.outbox import Attachment
from vendors.models import Vendor


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a mail says of one statement."""

    statement: int
    revision: int | None
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A mail that can be sent."""

    subject: str
    headline: str
    mail: Mail
    files: tuple[Attachment, ...]
    told: tuple[Told, ...]
    releases: tuple[Release, ...] = ()


def compose_summary(
    reading: Reading, *, period: ReportPeriod, now: datetime, late: Late | None = None
) -> Composed:
    """Return the summary of a period for a reader by the records of `now` (UTC)."""
    found = summary_for(reading, period=period, now=now, late=late)
    files = summary_files(reading, period=period, summary=found.summary, now=now)
    about = f"{reading.vendor.name}, " if reading.vendor is not None else ""
    subject = f"{reading.schedule.name}: {about}{found.summary.headline}"
    return Composed(
        subject=subject,
        headline=found.summary.headline,
        mail=summary_mail(found.summary, subject=subject, files=[each.name for each in files]),
        files=files,
        told=tuple(_told(found)),
    )


def _told(found: Found) -> Iterator[Told]:
    """Yield what the summary tells, each statement once: those of the period, and what changed of others."""
    seen: set[int] = set()
    rows: list[Judged | Compared] = [*found.judged, *found.changed]
    for each in rows:
        if each.head.pk not in seen:
            seen.add(each.head.pk)
            number = each.revision.number if each.revision is not None else None
            yield Told(statement=each.head.pk, revision=number, figures=each.figures)


def compose_released(
    vendor: Vendor,
    *,
    releases: Sequence[Release],
    schedule: ReportSchedule,
    period: ReportPeriod,
    now: datetime,
    late: Late | None = None,
) -> Composed:
    """Return what was released to a vendor as a mail for its contacts."""
    letter = letter_of(vendor, releases=releases, schedule=schedule, period=period, now=now)
    subject = f"{schedule.name}: {vendor.name}, {letter.report.headline}"
    said = VendorLetter(report=letter.report, ours=letter.ours, late=late)
    revisions = StatementRevision.objects.filter(pk__in=[each.revision_id for each in releases])
    return Composed(
        subject=subject,
        headline=letter.report.headline,
        mail=vendor_mail(said, subject=subject, files=[each.name for each in letter.files]),
        files=letter.files,
        told=tuple(
            Told(statement=row.statement_id, revision=row.number, figures=row)
            for row in revisions.defer("inputs", "result").order_by("pk")
        ),
        releases=tuple(releases),
    )
