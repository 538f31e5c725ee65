"""Holding a run: taken by one worker at a time, finished by the one that holds it, in one transaction.

Whatever happens to the worker, the row says it: a hold that ran out may be taken by another, and the first
one cannot finish any more. The broker plays no part in this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from sla.models import Duty

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
State = Duty.State

# A run that fails without saying that it is the records' fault is tried again so much later each time.
BACKOFF = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
MOST_ATTEMPTS = len(BACKOFF) + 1
# Of several workers that ask at once all but one miss the first row: each then tries the next ones.
LOOK_AHEAD = 20
URGENCY = {kind: place for place, kind in enumerate(Duty.Kind.values)}


class HoldLostError(RuntimeError):
    """Another worker holds this run now: nothing that this one did may count."""


@dataclass
class Done:
    """What came of a run, in words for the list."""

    outcome: str = ""


@dataclass(kw_only=True)
class Held:
    """A run that this worker holds; see `done`, `postpone` and `again`."""

    duty: Duty
    token: str
    clock: Clock
    _begun: float = field(default_factory=perf_counter, init=False)

    @contextmanager
    def done(self) -> Iterator[Done]:
        """Do what the run is for, and mark it done, in one transaction; raise HoldLostError.

        Where the hold was lost nothing inside is done, and what was done is rolled back.
        """
        said = Done()
        with transaction.atomic(durable=True):
            # Whoever lost it learns so before it writes what the other one wrote already.
            if self._row().select_for_update().first() is None:
                raise self._lost()
            yield said
            self._settle(state=State.DONE, outcome=said.outcome, error="", finished_at=self.clock())
        logger.info("done: %s", said.outcome or self.duty, extra=self._length)

    def renew(self) -> None:
        """Hold it for as long again, before the hold runs out. Raises HoldLostError."""
        until = self.clock() + timedelta(seconds=settings.RUN_LEASE_SECONDS)
        if not self._row().update(lease_until=until):
            raise self._lost()

    def postpone(self, *, until: datetime, why: str) -> None:
        """Give it back to be tried at a UTC instant: it waits for something, and nothing failed."""
        self._settle(state=State.DUE, next_at=until, attempts=0, outcome=why, error="")

    def again(self) -> None:
        """Give it back because there is more to do than one run should take."""
        self._settle(state=State.DUE, next_at=self.clock(), attempts=0, error="")

    def fail(self, error: str, *, for_good: bool) -> None:
        """Say in plain words why it failed; unless it is for good it is tried again, later each time."""
        tries = self.duty.attempts
        if for_good or tries >= MOST_ATTEMPTS:
            self._settle(state=State.FAILED, error=error, finished_at=self.clock())
            logger.warning("failed: %s", error, extra=self._length)
        else:
            until = self.clock() + BACKOFF[tries - 1]
            self._settle(state=State.DUE, next_at=until, error=error)
            logger.warning("failed, tried again at %s: %s", until, error, extra=self._length)

    @property
    def _length(self) -> dict[str, float]:
        """Return for a line of the log how long the run has taken, in seconds."""
        return {"seconds": round(perf_counter() - self._begun, 3)}

    def _settle(self, **values: object) -> None:
        if not self._row().update(token="", lease_until=None, **values):  # nosec B106
            raise self._lost()

    def _row(self) -> QuerySet[Duty]:
        """Return the row while this worker holds it."""
        rows: QuerySet[Duty] = Duty.objects.filter(
            pk=self.duty.pk, token=self.token, state=State.RUNNING
        ).order_by()
        return rows

    def _lost(self) -> HoldLostError:
        return HoldLostError(f"{self.duty} is held by another worker now.")


def claim_next(*, clock: Clock) -> Held | None:
    """Take the most pressing run that is due, None where there is none."""
    rows = Duty.objects.claimable(now=clock()).annotate(urgency=_urgency())
    keys = list(rows.order_by("urgency", "due_at", "pk").values_list("pk", flat=True)[:LOOK_AHEAD])
    for pk in keys:
        held = claim(pk, clock=clock)
        if held is not None:
            return held
    return None


def claim(pk: int, *, clock: Clock) -> Held | None:
    """Take one run if it is still there to be taken, with one conditional update."""
    token, now = uuid4().hex, clock()
    taken = (
        Duty.objects.claimable(now=now)
        .filter(pk=pk)
        .update(
            state=State.RUNNING,
            token=token,
            lease_until=now + timedelta(seconds=settings.RUN_LEASE_SECONDS),
            attempts=F("attempts") + 1,
            started_at=now,
        )
    )
    if not taken:
        return None
    related = ("agreement__contract__vendor", "agreement__contract__entity", "schedule", "vendor", "reader")
    duty: Duty = Duty.objects.select_related(*related).get(pk=pk)
    return Held(duty=duty, token=token, clock=clock)


def _urgency() -> Case:
    whens = [When(kind=kind, then=Value(place)) for kind, place in URGENCY.items()]
    return Case(*whens, default=Value(len(URGENCY)), output_field=IntegerField())
