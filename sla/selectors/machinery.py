"""How what runs by itself stands: when each part last worked, and how long what is due has waited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, Count, DateTimeField, F, Min, Q, When

from sla.models import Duty, Heartbeat, OutboxMessage

Part = Heartbeat.Part
NONE = timedelta(0)

# What is due is asked for every minute, without a broker every few seconds: three turns did not come.
LONGEST_SILENCE = timedelta(minutes=3)
# A worker that is done takes the next run at once, and a run lasts seconds: nobody takes any, or too few do.
LONGEST_WAIT_OF_A_RUN = timedelta(minutes=15)
# One that a server did not take waits for its next try and is not counted: this one nobody carried there.
LONGEST_WAIT_OF_A_MESSAGE = timedelta(minutes=15)


class Beat(NamedTuple):
    """How long ago a part of the machinery last worked, and for how long it did then."""

    age: timedelta
    lasted: timedelta


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the machinery stands at an instant; `sweep_age` is None where it never worked."""

    sweep_age: timedelta | None
    oldest_run: timedelta
    oldest_message: timedelta
    runs: Mapping[str, int]
    messages: Mapping[str, int]

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what is wrong: `sweep` is silent, `runs` are not begun, `messages` do not leave."""
        said = (
            ("sweep", self.sweep_age is None or self.sweep_age > LONGEST_SILENCE),
            ("runs", self.oldest_run > LONGEST_WAIT_OF_A_RUN),
            ("messages", self.oldest_message > LONGEST_WAIT_OF_A_MESSAGE),
        )
        return tuple(name for name, is_wrong in said if is_wrong)


def machinery_health(*, now: datetime) -> Health:
    """Return how the machinery stands at a UTC instant, with counts of what is not done."""
    beat = beats(now=now).get(Part.SWEEP)
    runs, messages = Duty.State, OutboxMessage.State
    return Health(
        sweep_age=beat.age if beat else None,
        oldest_run=max(oldest_runs(now=now).values(), default=NONE),
        oldest_message=oldest_message(now=now),
        runs=_counted(Duty.objects, runs.DUE, runs.RUNNING, runs.FAILED),
        messages=_counted(OutboxMessage.objects, messages.WAITING, messages.IN_DOUBT, messages.GIVEN_UP),
    )


def beats(*, now: datetime) -> dict[str, Beat]:
    """Return the last beat of each part that ever worked."""
    rows = Heartbeat.objects.values_list("name", "beat_at", "lasted_us")
    return {name: Beat(_since(at, now=now), timedelta(microseconds=us)) for name, at, us in rows}


def oldest_runs(*, now: datetime) -> dict[str, timedelta]:
    """Return, by kind, how long the oldest run has waited that a worker could begin at a UTC instant."""
    begun_from = Case(
        When(state=Duty.State.RUNNING, then=F("lease_until")),
        default=F("next_at"),
        output_field=DateTimeField(),
    )
    claimable = Duty.objects.claimable(now=now).order_by()
    rows = claimable.values_list("kind").annotate(oldest=Min(begun_from))
    return {kind: _since(at, now=now) for kind, at in rows}


def oldest_message(*, now: datetime) -> timedelta:
    """Return how long the oldest message has waited that could leave at a UTC instant."""
    rows = OutboxMessage.objects.filter(state=OutboxMessage.State.WAITING, next_at__lte=now)
    oldest = rows.order_by("next_at").values_list("next_at", flat=True).first()
    return NONE if oldest is None else _since(oldest, now=now)


def _counted(rows: Any, *states: str) -> dict[str, int]:
    counts = {str(state): Count("pk", filter=Q(state=state)) for state in states}
    found: dict[str, int] = rows.filter(state__in=states).aggregate(**counts)
    return found


def _since(at: datetime, *, now: datetime) -> timedelta:
    # Two machines' clocks are never quite the same: what is a little ahead happened now.
    return max(now - at, NONE)
