"""Print what each role may do, and give the groups of the roles exactly that."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand

from config.roles import AREAS, ROLES, grant_roles

WIDTH = max(map(len, AREAS))


class Command(BaseCommand):
    """Print the roles; with --apply make their groups what the table says."""

    help = "Prints what each role may do (V view, A add, C change, D delete), by kind of record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what may be given."""
        parser.add_argument(
            "--apply",
            action="store_true",
            help="Also make the groups hold exactly this: after a flush, or where somebody changed them.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        for role in ROLES:
            seen = "every vendor" if role.sees_all else "own vendors, and companies whose reader one is"
            self.stdout.write(f"{role.name}: {role.about}\n  Sees {seen}.")
            for area in AREAS:
                if role.may.get(area):
                    self.stdout.write(f"    {area:<{WIDTH}}  {role.may[area]}")
            self.stdout.write("")
        if options["apply"]:
            for line in grant_roles(apps) or ["Every role was as it should be."]:
                self.stdout.write(line)
