"""Warnings by themselves: one look an hour, and one message for each reader who has something to hear."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from sla.engine.periods import zone_table
from sla.models import AlertPolicy, Duty
from sla.services.alerts.drafts import ask_for_drafts, make_heads
from sla.services.alerts.escalating import escalate
from sla.services.alerts.looking import look_at_everything
from sla.services.alerts.policy import house_policy
from sla.services.alerts.raising import Raised
from sla.services.alerts.telling import is_time, tell_chat, tell_reader, untold
from sla.services.duties.holding import Held
from sla.services.duties.periods import local_instant
from sla.services.duties.planning import OVERTAKEN, plan_digests

DAY = timedelta(days=1)


def look(held: Held) -> None:
    """See to it that the drafts can be looked at; then raise, escalate, and plan what is to be told now."""
    duty, now = held.duty, held.clock()
    make_heads(now=now)
    asked = ask_for_drafts(now=now)
    with held.done() as done:
        raised = look_at_everything(now=now)
        policy = house_policy()
        escalated = escalate(policy=policy, now=now)
        planned = _plan(duty, policy=policy, now=now)
        done.outcome = _said(raised, escalated=escalated, asked=asked, planned=planned)


def _said(raised: Raised, *, escalated: int, asked: int, planned: int) -> str:
    """Return what came of a look: what changed, and what it asked for."""
    parts = [f"Warnings: {raised}" if str(raised) else "No warning changed"]
    if escalated:
        parts.append(f"{escalated} now {'go' if escalated > 1 else 'goes'} to the deputies too")
    if planned:
        parts.append(f"{planned} message{'s' * (planned != 1)} to write")
    if asked:
        parts.append(f"{asked} draft{'s' * (asked != 1)} to bring up to date")
    return f"{'; '.join(parts)}."


def _plan(duty: Duty, *, policy: AlertPolicy, now: datetime) -> int:
    """Write a run for each reader who has something to hear now; return how many."""
    daily = is_daily(duty, policy=policy)
    found = untold(policy=policy)
    readers = [
        pk
        for pk, alerts in found.by_reader.items()
        if is_time(alerts, policy=policy, is_daily=daily, now=now)
    ]
    to_chat = bool(settings.CHAT_URL) and policy.to_chat
    to_chat = to_chat and is_time(found.by_chat, policy=policy, is_daily=daily, now=now)
    return plan_digests(sorted(readers), to_chat=to_chat, slot=duty.period, now=now)


def is_daily(duty: Duty, *, policy: AlertPolicy) -> bool:
    """Say whether a look is the first at or after the hour of the daily mail, by the zone of the rules.

    Looks are told apart by when they were due, so that a late one, or one after days of silence, misses none.
    """
    at = duty.due_at
    zone = zone_table(policy.zone, first_year=at.year - 1, last_year=at.year + 1)
    today = zone.date_of(at)
    hours = (local_instant(on, hour=policy.hour, zone=zone) for on in (today, today - DAY))
    latest = next(each for each in hours if each <= at)
    earlier = Duty.objects.filter(kind=Duty.Kind.LOOK, state=Duty.State.DONE, due_at__lt=at)
    before = earlier.exclude(outcome=OVERTAKEN).order_by("-due_at").values_list("due_at", flat=True).first()
    # The first look there ever was waits for the hour like any other.
    return at - latest < timedelta(hours=1) if before is None else before < latest


def digest(held: Held) -> None:
    """Tell one reader, or the chat, everything that was not told yet."""
    duty, now = held.duty, held.clock()
    with held.done() as done:
        if duty.reader_id is None:
            done.outcome = tell_chat(slot=duty.period, origin=settings.PUBLIC_ORIGIN, now=now)
        else:
            done.outcome = tell_reader(
                duty.reader_id, slot=duty.period, origin=settings.PUBLIC_ORIGIN, now=now
            )
