"""Write a contract from the register as a document."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sla.documents import write_document
from sla.services import export_document
from vendors.models import Contract

BAD_INPUT = 2


class Command(BaseCommand):
    """Print a contract with everything under it; loading the file elsewhere gives the same figures."""

    help = "Write a contract from the register as a document that load_contract and evaluate read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what must be given."""
        parser.add_argument("reference", metavar="REFERENCE", help="the contract's reference")
        parser.add_argument("--format", choices=("toml", "json"), default="toml")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write here instead of printing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the contract and write it."""
        contract = _contract(options["reference"])
        text = write_document(export_document(contract), form=options["format"])
        if options["output"] is None:
            self.stdout.write(text, ending="")
            return
        try:
            options["output"].write_text(text, encoding="utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CommandError(
                f"{options['output']} cannot be written: {why}. Choose another file.",
                returncode=BAD_INPUT,
            ) from error
        self.stdout.write(f"{contract.reference} is written to {options['output']}.")


def _contract(reference: str) -> Contract:
    rows = Contract.objects.select_related("vendor", "entity", "account", "parent")
    # No database takes NUL or half a character, and no reference has them.
    contract = rows.filter(reference=reference).first() if reference.isprintable() else None
    if contract is None:
        known = ", ".join(Contract.objects.order_by("reference").values_list("reference", flat=True)[:10])
        raise CommandError(
            f"No contract has the reference {reference!r}. Known are: {known or 'none yet'}.",
            returncode=BAD_INPUT,
        )
    return contract
