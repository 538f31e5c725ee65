"""Check every finalised statement."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sla.management.commands.verify_statement import ALTERED, verification_lines
from sla.models import StatementRevision
from sla.services.statements.verifying import verify_revision

CHUNK = 50


class Command(BaseCommand):
    """Verify all revisions; print the altered ones, those with notes, and a summary."""

    help = "Check every finalised statement; status 1 where any was altered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer to keep to one contract, and to list all."""
        parser.add_argument("--contract", default="", metavar="REFERENCE", help="only of this contract")
        parser.add_argument("--all", action="store_true", help="print intact ones too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify one revision after the other, so that memory stays flat."""
        rows = StatementRevision.objects.select_related("statement__agreement__contract", "finalised_by")
        if options["contract"]:
            rows = rows.filter(statement__agreement__contract__reference=options["contract"])
        count, altered, noted = 0, 0, 0
        for revision in rows.order_by("statement", "number").iterator(chunk_size=CHUNK):
            found = verify_revision(revision)
            count += 1
            altered += not found.ok
            noted += bool(found.notes)
            if options["all"] or not found.ok or found.notes:
                self.stdout.write("\n".join(verification_lines(found)))
        summary = (
            f"{count} revisions verified: {count - altered} intact, {altered} altered, {noted} with notes."
        )
        if altered:
            raise CommandError(summary, returncode=ALTERED)
        self.stdout.write(summary)
