"""Load the demo portfolio, tell its story, write its statements; or remove it."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from errno import EACCES
from pathlib import Path
from textwrap import fill
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from sla.engine.facts import Verdict
from sla.reports.plain import render_json
from sla.reports.text import render_text
from sla.services.demo import (
    DemoLoaded,
    DemoStatement,
    Reading,
    demo_statements,
    load_demo,
)
from sla.services.demo_claims import tell_claims
from vendors.services import remove_demo, system_user

WIDTH = 100
REFUSED = 2


class Command(BaseCommand):
    """Show what Recourse does with contracts and incidents that anybody may read."""

    help = "Load the demo portfolio, print its June statements, write all of them to files; or remove it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """State what may be given."""
        parser.add_argument("--remove", action="store_true", help="Remove all demo data in one step.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and tell, or remove."""
        if options["remove"]:
            self._remove()
            return
        folder = writable_folder(settings.DATA_DIR / "demo")
        try:
            loaded = load_demo(by=system_user())
        except ValidationError as error:
            raise CommandError("\n".join(error.messages), returncode=REFUSED) from error
        self._say_loaded(loaded)
        if finalised := tell_claims(by=system_user()):
            self.stdout.write(
                f"Finalised {finalised} statements and took their claims on, each on its own day: see the "
                "claims desk."
            )
        statements = list(demo_statements())
        for statement in statements:
            if statement.is_story:
                self._tell(statement)
        self.stdout.write("\n" + overview_text(statements))
        write_statements(statements, folder=folder)
        self.stdout.write(
            f"All {len(statements)} statements lie in {shown_path(folder)}, as text and as JSON."
        )
        self._say_how_on()

    def _remove(self) -> None:
        try:
            removed = remove_demo(by=system_user(), reason="Demo data removed by command")
        except ValidationError as error:
            raise CommandError("\n".join(error.messages), returncode=REFUSED) from error
        if not removed.total():
            self.stdout.write("There is no demo data to remove.")
            return
        self.stdout.write(f"Removed {removed.total()} rows of demo data, with their history.")

    def _say_loaded(self, loaded: Sequence[DemoLoaded]) -> None:
        if not any(part.changed for part in loaded):
            self.stdout.write("The demo portfolio is loaded already; nothing changed.")
            return
        self.stdout.write("Loaded the demo portfolio:")
        for part in loaded:
            history = f", {part.imported} records of its status history" if part.imported else ""
            said = f"{part.records} records{history}" if part.changed else "nothing changed"
            self.stdout.write(f"  {part.reference:<13} {part.vendor}: {part.name} ({said})")

    def _tell(self, statement: DemoStatement) -> None:
        self.stdout.write("\n" + told(statement))

    def _say_how_on(self) -> None:
        self.stdout.write("Remove the demo data again with: python manage.py demo --remove")
        self.stdout.write("Open the admin with: make run")
        if settings.DEBUG:
            call_command("first_login", stdout=self.stdout)


def writable_folder(folder: Path) -> Path:
    """Return a folder that statements can be written to, made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(EACCES, "Permission denied")
    except OSError as error:
        raise CommandError(
            f"The statements cannot be written to {folder}: {error.strerror}. "
            "Free that path, or name another place by RECOURSE_DATA.",
            returncode=REFUSED,
        ) from error
    return folder


def write_statements(statements: Sequence[DemoStatement], *, folder: Path) -> None:
    """Write each statement as text and as JSON into a folder."""
    for statement in statements:
        (folder / f"{statement.file_name}.txt").write_text(told(statement), encoding="utf-8")
        (folder / f"{statement.file_name}.json").write_text(
            f"{render_json(statement.result)}\n", encoding="utf-8"
        )


def told(statement: DemoStatement) -> str:
    """Return a statement as text, with what is true of it and what is made up."""
    beside = [
        ("", statement.note),
        ("Source: ", statement.source),
        ("Illustrative: ", statement.illustrative),
    ]
    parts = ["\n".join(paragraph(f"{label}{text}") for label, text in beside if text.strip())]
    parts.append(render_text(statement.result, names=statement.level_names))
    if statement.readings:
        parts.append(readings_text(statement.readings))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def overview_text(statements: Sequence[DemoStatement]) -> str:
    """Return one line for each statement: levels missed, credit due and contested."""
    lines = ["The whole portfolio", "-" * 19]
    for statement in statements:
        result = statement.result
        missed = sum(one.verdict is Verdict.MISSED for one in result.measured)
        contested = result.contested if result.contested and result.contested.minor else ""
        lines.append(
            f"  {statement.file_name:<32} {missed} of {len(result.measured)} levels missed"
            f"   credit due {result.credits.money!s:>12}" + (f"   contested {contested}" if contested else "")
        )
    return "\n".join(lines) + "\n"


def readings_text(readings: Sequence[Reading]) -> str:
    """Return what the night of 2 June 2016 comes to by each reading, as a table."""
    lines = ["Two clocks, and whose equipment it was", "-" * 38]
    for reading in readings:
        (level,) = reading.result.measured
        minutes = int(level.counted_us / 60_000_000)
        money = reading.result.credits.money
        pays = str(money) if money is not None and money.minor else "nothing"
        lines.append(f"  {reading.name:<38} {minutes:>3} min down   credit {pays}")
    lines.append(
        "  The processor's own posts, 05:15 to 10:15, are its impact: shown beside the outage, never counted."
    )
    return "\n".join(lines) + "\n"


def paragraph(text: str) -> str:
    """Return text as lines of 100 columns."""
    return fill(" ".join(text.split()), WIDTH)


def shown_path(folder: Path) -> str:
    """Return a folder as seen from the project's own, where it lies below it."""
    root = Path(settings.BASE_DIR)
    return str(folder.relative_to(root)) if folder.is_relative_to(root) else str(folder)
