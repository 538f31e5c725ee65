"""Check a finalised statement against its fingerprints and its own inputs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sla.services.statements.names import revisions_named
from sla.services.statements.verifying import Verification, verify_revision

ALTERED, BAD_INPUT = 1, 2


class Command(BaseCommand):
    """Print what was checked of each revision; leave with status 1 where anything was altered."""

    help = (
        "Check that a finalised statement is what was finalised, and compute it again from its own inputs. "
        "Status 0: intact; 1: altered, with what differs; 2: no such statement."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number."""
        parser.add_argument(
            "number",
            metavar="NUMBER",
            help="such as MSA-2019-014/power/2019-06/r2; without /r2 all revisions",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and print."""
        try:
            revisions = revisions_named(options["number"])
        except ValueError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        found = [verify_revision(revision) for revision in revisions]
        for each in found:
            self.stdout.write("\n".join(verification_lines(each)))
        if not all(each.ok for each in found):
            altered = ", ".join(each.revision.full_number for each in found if not each.ok)
            raise CommandError(f"Altered: {altered}.", returncode=ALTERED)


def verification_lines(found: Verification) -> list[str]:
    """Return one verification for reading."""
    revision = found.revision
    who = revision.finalised_by.get_full_name() or revision.finalised_by.get_username()
    lines = [
        f"{revision.full_number}: {'intact' if found.ok else 'ALTERED'}",
        f"  fingerprint {revision.digest}",
        f"  finalised {revision.finalised_at:%Y-%m-%d %H:%M} UTC by {who}",
    ]
    lines += [f"  checked: {what}" for what in found.checked]
    lines += [f"  note: {note}" for note in found.notes]
    return lines + [f"  differs: {problem}" for problem in found.problems]
