"""Close a company's posting months."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from sla.services.register import close_months
from vendors.models import LegalEntity
from vendors.services import system_user

REFUSED, BAD_INPUT = 1, 2


class Command(BaseCommand):
    """Close the books of a company through a month; what comes later stands in the first open one."""

    help = "Close the books of one of our companies through a month. It cannot be opened again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the company, the month, why and who."""
        parser.add_argument("entity", metavar="COMPANY", help="its short name, such as acme-nl")
        parser.add_argument("month", metavar="MONTH", help="the last month to close, such as 2019-06")
        parser.add_argument("--why", required=True, help="the reason that is kept")
        parser.add_argument("--by", default="", metavar="USERNAME", help="who closes; else the system")

    def handle(self, *args: Any, **options: Any) -> None:
        """Close and say from when on the books are open."""
        entity = _entity(options["entity"])
        try:
            close = close_months(
                entity,
                through=_month(options["month"]),
                by=_user(options["by"]),
                why=options["why"],
                now=datetime.now(tz=UTC),
            )
        except ValidationError as error:
            raise CommandError("\n".join(error.messages), returncode=REFUSED) from error
        self.stdout.write(f"{entity}: closed through {options['month']}, open from {close.open_from:%Y-%m}.")


def _entity(code: str) -> LegalEntity:
    found: LegalEntity | None = LegalEntity.objects.filter(code=code).first()
    if found is None:
        known = ", ".join(LegalEntity.objects.order_by("code").values_list("code", flat=True)[:8])
        raise CommandError(f"No company {code!r}. Known are: {known or 'none yet'}.", returncode=BAD_INPUT)
    return found


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise CommandError(f"{text!r} is no month. Write 2019-06.", returncode=BAD_INPUT) from error


def _user(username: str) -> User:
    if not username:
        return system_user()
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(f"--by {username!r} is no active user. Check the name.", returncode=BAD_INPUT)
    return found
