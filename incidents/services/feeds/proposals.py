"""The windows that texts tell of: proposals beside the posted times, until a person decides."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.values import FeedIncident
from incidents.models import Decision, FeedRecord, Outage, ProposedWindow
from incidents.services.feeds.merging import differences, settle
from incidents.services.outages import record_outage
from vendors.services import checked_reason


def propose_windows(said: FeedIncident, *, record: FeedRecord) -> None:
    """Keep each window that a text tells of; open ones that it tells no longer go, decided ones stay."""
    told = {(window.start, window.end): window.quote for window in said.windows}
    known = {(row.starts_at, row.ends_at): row for row in record.proposals.all()}
    for (start, end), quote in told.items():
        if (start, end) not in known and end > start:
            ProposedWindow.objects.create(record=record, starts_at=start, ends_at=end, quote=quote)
    for times, row in known.items():
        if times not in told and row.decision == Decision.OPEN:
            row.delete()


@transaction.atomic
def accept_window(window: ProposedWindow, *, by: User, at: datetime, reason: str) -> list[Outage]:
    """Give the outages of a record the times that its text tells of; return those that changed.

    The outages are those by the clock of the record's feed; the reason goes into their history, and the
    words of the source into their evidence.

    Raises:
        ValidationError: it was decided before, there is no such outage, or the reason is blank.

    """
    reason = checked_reason(reason)
    _refuse_decided(window)
    rows = Outage.objects.standing().of_record(window.record)
    outages = list(rows.select_related("incident", "service__contract"))
    if not outages:
        raise ValidationError(
            f"{window.record} hit no service yet. Match its parts to services first.", code="no_outage"
        )
    for outage in outages:
        outage.started_at, outage.ended_at = window.starts_at, window.ends_at
        outage.evidence = "\n".join(filter(None, [outage.evidence, f"{window.record}: {window.quote}"]))
        # The posted times were looked at: that the feed repeats them is nothing new.
        for name in [name for name, _, _ in differences(outage) if name in ("started_at", "ended_at")]:
            settle(outage, name=name)
        record_outage(outage, by=by, reason=reason)
    _decide(window, Decision.ACCEPTED, by=by, at=at, reason=reason)
    return outages


@transaction.atomic
def decline_window(window: ProposedWindow, *, by: User, at: datetime, reason: str) -> None:
    """Leave the posted times as they are. Raises ValidationError: decided before, or the reason is blank."""
    _refuse_decided(window)
    _decide(window, Decision.DECLINED, by=by, at=at, reason=checked_reason(reason))


def _refuse_decided(window: ProposedWindow) -> None:
    if window.decision != Decision.OPEN:
        raise ValidationError(
            f"{window} was {window.get_decision_display().lower()} before. Correct the outage itself.",
            code="decided",
        )


def _decide(window: ProposedWindow, decision: Decision, *, by: User, at: datetime, reason: str) -> None:
    window.decision, window.decided_by, window.decided_at, window.why = decision, by, at, reason
    window.save()
