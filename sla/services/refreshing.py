"""Bringing the drafts of one SLA schedule up to date after the records changed."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from sla.models import Duty, Statement
from sla.services.alerts.looking import look_at_drafts
from sla.services.duties.holding import Held
from sla.services.statements.heads import refresh_heads

# A schedule with years of stale drafts is done in pieces, each far shorter than a hold.
AT_ONCE = 24
BUDGET = timedelta(seconds=20)


def refresh_schedule(held: Held) -> None:
    """Compute the stale drafts of the run's SLA schedule, earlier periods first.

    What is left after a while, or was asked for meanwhile, is left to the next turn of the same run. Closings
    of the schedule that failed are tried again: the records changed. Its warnings follow the drafts.
    """
    duty, begun = held.duty, held.clock()
    count = 0
    while held.clock() - begun < BUDGET:
        heads = _stale(duty)[:AT_ONCE]
        if not heads:
            break
        count += refresh_heads(heads, now=held.clock())
    if _stale(duty).exists():
        held.again()
        return
    assert duty.agreement_id is not None
    # What the drafts say ahead is raised at once; whom to tell is decided by the look of the hour.
    look_at_drafts([duty.agreement_id], now=held.clock())
    with held.done() as done:
        done.outcome = f"{count} draft{'s' * (count != 1)} brought up to date."
        now = held.clock()
        Duty.objects.filter(
            kind=Duty.Kind.CLOSE, state=Duty.State.FAILED, agreement=duty.agreement_id
        ).update(state=Duty.State.DUE, attempts=0, next_at=now)


def _stale(duty: Duty) -> QuerySet[Statement]:
    rows = Statement.objects.stale().filter(agreement=duty.agreement_id)
    return rows.select_related("agreement__contract__vendor", "agreement__contract__entity").order_by(
        "last_on", "pk"
    )
