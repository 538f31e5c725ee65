"""Do everything that is due: once, or in a loop."""

from __future__ import annotations

import logging
import signal
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from sla.models import Duty, Heartbeat, OutboxMessage
from sla.services.duties import waiting
from sla.services.duties.rounds import AT_ONCE, Round, run_all, run_round

BAD_INPUT = 2
# No contract is older, and calendars end with the year 9999.
EARLIEST, LATEST = 1970, 9000
# A moment that somebody typed for now is not worth a word.
AGO = timedelta(minutes=1)
logger = logging.getLogger("sla.run_due")


class Command(BaseCommand):
    """Close what is over, send what is due, warn, and bring drafts up to date, without a broker."""

    help = "Do one round of everything that is due, for cron; with --every SECONDS one round after the other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the moment, or the pause between rounds."""
        parser.add_argument(
            "--at",
            type=_instant,
            metavar="INSTANT",
            help="As if it were this moment, such as 2026-07-06T04:00:00Z; not in the future. What is written"
            " is dated so and stays.",
        )
        parser.add_argument("--every", type=_seconds, metavar="SECONDS", help="Go on, with this pause.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run and say what was done; leave with status 1 where something failed for good."""
        at, every = options["at"], options["every"]
        if at is not None and every is not None:
            raise CommandError("--at is one moment: it goes with a single round.", returncode=BAD_INPUT)
        if at is not None and at > timezone.now():
            raise CommandError(
                f"{at:%Y-%m-%d %H:%M:%S} UTC is not here yet: nobody knows what happens until then.",
                returncode=BAD_INPUT,
            )
        if every is None:
            self._once(at)
        else:
            self._loop(every)

    def _once(self, at: datetime | None) -> None:
        """Do everything that is due, now or as if it were an instant (UTC)."""
        if at is not None and timezone.now() - at > AGO:
            self.stdout.write(_as_if(at))
        known = _stuck()
        self._say(run_all(clock=timezone.now if at is None else lambda: at))
        self._tell_failures(known)

    def _loop(self, pause: float) -> None:
        """Run rounds until asked to stop; a database that is away is waited for."""
        stopped = Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        while not stopped.is_set():
            try:
                close_old_connections()
                done = run_round(clock=timezone.now, most=AT_ONCE)
                if done.done or done.delivered:
                    self._say(done)
                if _is_more():
                    continue
            except (OperationalError, InterfaceError) as error:
                logger.warning("the database does not answer, tried again: %s", str(error).strip())
            stopped.wait(pause)

    def _say(self, done: Round) -> None:
        counts = (
            (done.planned.touched, "draft", "touched by changes"),
            (done.planned.count, "run", "became due"),
            (done.done, "run", "tried"),
            (done.delivered, "message", "tried"),
        )
        said = (f"{count} {what}{'s' * (count != 1)} {how}" for count, what, how in counts)
        self.stdout.write(f"{', '.join(said)}.")

    def _tell_failures(self, known: Stuck) -> None:
        """Complain of what this round found, and only mention what waited for a person before."""
        found = _stuck()
        for duty in Duty.objects.filter(pk__in=found.runs - known.runs).order_by("due_at", "pk"):
            self.stderr.write(f"Failed: {duty}: {duty.error}")
        for message in OutboxMessage.objects.filter(pk__in=found.messages - known.messages).order_by("pk"):
            self.stderr.write(f"{message.get_state_display()}: {message}: {message.error}")
        if found.runs - known.runs or found.messages - known.messages:
            raise CommandError(
                "Something needs a person: see above, and Scheduled runs and Messages in the admin.",
                returncode=1,
            )
        runs, messages = len(found.runs), len(found.messages)
        if runs or messages:
            self.stdout.write(
                f"Since earlier, {_counted(runs, 'run')} and {_counted(messages, 'message')} need a person:"
                " see Scheduled runs and Messages in the admin."
            )


class Stuck(NamedTuple):
    """The keys of the runs and messages that need a person."""

    runs: frozenset[int]
    messages: frozenset[int]


def _stuck() -> Stuck:
    return Stuck(
        runs=frozenset(Duty.objects.filter(state=Duty.State.FAILED).values_list("pk", flat=True)),
        messages=frozenset(OutboxMessage.objects.unsettled().values_list("pk", flat=True)),
    )


def _as_if(at: datetime) -> str:
    """Return what a round at an earlier instant (UTC) means."""
    last = Heartbeat.objects.filter(name=Heartbeat.Part.SWEEP, beat_at__gt=at).first()
    later = f" The last round was at {last.beat_at:%Y-%m-%d %H:%M} UTC, after it." if last is not None else ""
    return (
        f"As if it were {at:%Y-%m-%d %H:%M:%S} UTC: what this round finalises, warns of and mails is dated so"
        f" and stays; it reads the records of today.{later}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _is_more() -> bool:
    """Say whether a round ended before everything was done."""
    now = timezone.now()
    return waiting.runs(now=now) > 0 or waiting.messages(now=now) > 0


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} is no moment with an offset. Write 2026-07-06T04:00:00Z.")
    if not EARLIEST <= at.year < LATEST:
        raise ArgumentTypeError(
            f"{text!r} is no moment for a contract: the year is {EARLIEST} to {LATEST - 1}."
            " Write 2026-07-06T04:00:00Z."
        )
    return at.astimezone(UTC)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 3600:
        raise ArgumentTypeError(f"{text!r} is no pause. Write seconds, more than 0 and up to 3600.")
    return seconds
