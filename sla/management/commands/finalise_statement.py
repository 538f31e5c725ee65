"""Finalise a statement from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from sla.engine.money import Money
from sla.models import StatementRevision
from sla.services.statements import finalise_statement
from sla.services.statements.names import statement_named
from vendors.models import Approval
from vendors.services import system_user
from vendors.services.approvals import done_or_asked, names_of, who_could_decide

REFUSED, BAD_INPUT, ASKED = 1, 2, 3


class Command(BaseCommand):
    """Freeze what a period came to as the next revision; list what is unresolved where that is refused."""

    help = (
        "Finalise a service level statement: its figures, inputs and credits are kept for good. Exit"
        " status 1: refused; 2: the call is wrong; 3: it needs a second person, and waits for one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number, why, and the reasons for what is unresolved."""
        parser.add_argument("number", metavar="NUMBER", help="such as MSA-2019-014/power/2019-06")
        parser.add_argument("--why", required=True, help="the cause, such as month end")
        parser.add_argument(
            "--accept",
            action="append",
            default=[],
            metavar="CODE=REASON",
            help="go on in spite of what is unresolved; once for each",
        )
        parser.add_argument("--by", default="", metavar="USERNAME", help="who finalises; else the system")

    def handle(self, *args: Any, **options: Any) -> None:
        """Finalise and print what was kept."""
        reasons = dict(_reason(text) for text in options["accept"])
        by = _user(options["by"])
        try:
            statement = statement_named(options["number"])
        except ValueError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        try:
            now = timezone.now()
            revision = done_or_asked(
                partial(finalise_statement, statement, by=by, why=options["why"], reasons=reasons, now=now),
                now=now,
            )
        except ValidationError as error:
            if [each.code for each in error.error_list] == ["nothing_changed"]:
                newest = statement.revisions.order_by("number").last()
                raise CommandError(
                    f"Nothing to do: r{newest.number if newest else 0} of {statement} already says so.",
                    returncode=REFUSED,
                ) from error
            said = "\n".join(f"  {message}" for message in error.messages)
            raise CommandError(f"{statement} is not finalised:\n{said}", returncode=REFUSED) from error
        if isinstance(revision, Approval):
            raise CommandError(
                f"{statement} is not finalised: it needs a second person. Request {revision.pk} waits;"
                f" {names_of(who_could_decide(revision))} can approve it in the admin.",
                returncode=ASKED,
            )
        for line in _lines(revision):
            self.stdout.write(line)


def _reason(text: str) -> tuple[str, str]:
    code, sign, reason = text.partition("=")
    if not sign or not reason.strip():
        raise CommandError(
            f"--accept {text!r} gives no reason. Write --accept 'open_incident=end confirmed by phone'.",
            returncode=BAD_INPUT,
        )
    return code.strip(), reason.strip()


def _user(username: str) -> User:
    if not username:
        return system_user()
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(f"--by {username!r} is no active user. Check the name.", returncode=BAD_INPUT)
    return found


def _lines(revision: StatementRevision) -> list[str]:
    money = Money(revision.due_minor, revision.currency)
    lines = [
        f"{revision.full_number} is finalised: {revision.get_state_display().lower()}, "
        f"credit due, before tax {revision.shown or money}",
        f"  fingerprint {revision.digest}",
    ]
    for credit in revision.credits.order_by("pk"):
        amount = Money(credit.amount_minor, credit.currency) if credit.amount_minor else credit.quantity
        lines.append(f"  {credit.get_kind_display()}: {amount} for {credit.description}")
    return lines + [
        f"  unresolved: {each['question']} Reason: {each['reason']}" for each in revision.overridden
    ]
