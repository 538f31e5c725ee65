"""What the commands that write a document share: which statement, which edition, into which file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError

from sla.models import ServiceLevelAgreement, StatementRevision
from sla.reports.editions import Edition

BAD_INPUT = 2
SUCH = "such as MSA-2019-014/power/2019-06/r2; without /r2 the newest revision"


def add_file_arguments(parser: ArgumentParser) -> None:
    """Take the edition and the file."""
    parser.add_argument(
        "--edition",
        choices=[edition.value for edition in Edition],
        default=Edition.VENDOR.value,
        help="for whom: the vendor's holds no internal word (default: vendor)",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where to write; else a file named after it"
    )


def newest_revision(number: str) -> StatementRevision | None:
    """Return the revision that a number names, the newest where it names none, None for a draft."""
    statement, _, last = number.rpartition("/")
    asked = int(last[1:]) if last[:1] == "r" and last[1:].isascii() and last[1:].isdigit() else None
    parts = (statement if asked is not None else number).rsplit("/", 2)
    if len(parts) != 3 or not number.isprintable():
        return None
    rows = StatementRevision.objects.filter(
        statement__agreement__contract__reference=parts[0],
        statement__agreement__code=parts[1],
        statement__period=parts[2],
    ).select_related("statement__agreement__contract__vendor", "finalised_by")
    found = rows.filter(number=asked) if asked is not None else rows
    return found.order_by("number").last()


def schedule_named(number: str) -> tuple[ServiceLevelAgreement, str]:
    """Return the SLA schedule and the period that a number names; raise CommandError for none."""
    parts = number.rsplit("/", 2)
    rows = ServiceLevelAgreement.objects.select_related("contract__vendor", "contract__entity")
    found = (
        rows.filter(contract__reference=parts[0], code=parts[1]).first()
        if len(parts) == 3 and number.isprintable()
        else None
    )
    if found is None:
        known = ", ".join(str(row) for row in rows.order_by("contract__reference", "code")[:10])
        raise CommandError(
            f"{number!r} names no statement. Write REFERENCE/SCHEDULE/PERIOD, such as "
            f"MSA-2019-014/power/2019-06. SLA schedules on file: {known or 'none yet'}.",
            returncode=BAD_INPUT,
        )
    return found, parts[2]


def write_file(data: bytes, *, output: Path | None, name: str) -> Path:
    """Write a document; without a file into one of its own name, here. Raise CommandError where it cannot."""
    path = output if output is not None else Path(name)
    try:
        path.write_bytes(data)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(
            f"{path} cannot be written: {why}. Choose another file.", returncode=BAD_INPUT
        ) from error
    return path
