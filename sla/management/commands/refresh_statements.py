"""Bring the drafts of statements up to date."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sla.models import ServiceLevelAgreement, Statement
from sla.services.statements import fresh_heads, note_stale, refresh_heads

BAD_INPUT = 2
CHUNK = 200


class Command(BaseCommand):
    """Make the statements of a range of days and compute those whose records changed."""

    help = "Take changed facts, make missing statements of a range of days, and compute the stale ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the range; without one only what is there already is computed."""
        parser.add_argument("--from", dest="first_on", default="", metavar="DAY", help="such as 2019-01-01")
        parser.add_argument("--until", default="", metavar="DAY", help="first day after the range")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refresh and print how many."""
        now = timezone.now()
        raised = note_stale(now=now)
        range_ = _range(options["first_on"], options["until"], today=now.date())
        made = 0
        if range_ is not None:
            made = self._make(range_, now=now)
        count = refresh_heads(_stale(), now=now)
        failing = Statement.objects.exclude(error="").select_related("agreement__contract")
        for statement in failing.order_by("pk"):
            self.stderr.write(f"{statement}: {statement.error}")
        self.stdout.write(
            f"{raised} touched by changes, {made} in the range, {count} computed afterwards, "
            f"{failing.count()} that cannot be computed."
        )

    def _make(self, days: tuple[date, date], *, now: Any) -> int:
        rows = ServiceLevelAgreement.objects.select_related("contract__vendor", "contract__entity")
        rows = rows.prefetch_related("versions").order_by("pk")
        made, last = 0, 0
        while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
            made += len(fresh_heads(chunk, first_on=days[0], last_on=days[1], now=now))
            last = chunk[-1].pk
        return made


def _stale() -> Any:
    rows = Statement.objects.stale().select_related(
        "agreement__contract__vendor", "agreement__contract__entity"
    )
    return list(rows)


def _range(first_on: str, until: str, *, today: date) -> tuple[date, date] | None:
    if not first_on and not until:
        return None
    try:
        start = date.fromisoformat(first_on)
        end = date.fromisoformat(until) if until else today + timedelta(days=1)
    except ValueError as error:
        raise CommandError(
            f"--from {first_on!r} --until {until!r}: {error}. Write days such as 2019-01-01.",
            returncode=BAD_INPUT,
        ) from error
    if end <= start:
        raise CommandError(f"--until {end} is not after --from {start}. Swap them.", returncode=BAD_INPUT)
    return start, end - timedelta(days=1)
