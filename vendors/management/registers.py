"""What the commands that read registers share: arguments, the file, and the report as lines of text."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import CommandError

from vendors.models import LegalEntity, Vendor
from vendors.services.registers import Outcome, RegisterReport

BAD_INPUT = 2
MOST_SHOWN = 200


def add_register_arguments(parser: ArgumentParser, *, register: str) -> None:
    """Take the register's own name, and whether it is a dry run."""
    parser.add_argument(
        "--register",
        metavar="CODE",
        default=register,
        help=f"which register it is, where there are several of a kind (default: {register})",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")


def add_column_arguments(parser: ArgumentParser) -> None:
    """Take which column holds what."""
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=NAME",
        help="which column holds a field; without any, well-known names are taken. How the table is read:"
        " option:order=day-first or month-first, option:decimal=point or comma, option:sheet=NAME",
    )


def columns_from(given: list[str]) -> dict[str, str]:
    """Return the mapping of columns; raise CommandError for an argument that is none."""
    read = {}
    for each in given:
        name, sign, column = each.partition("=")
        if not sign or not name.strip():
            raise CommandError(f"--column {each!r}: write FIELD=NAME.", returncode=BAD_INPUT)
        read[name.strip()] = column
    return read


def vendor_from(slug: str | None) -> Vendor | None:
    """Return the vendor with a short name, None for no name; raise CommandError for one that is not there."""
    if not slug:
        return None
    # No database takes NUL or half a character, and no short name has them.
    vendor = Vendor.objects.filter(slug=slug).first() if slug.isprintable() else None
    if vendor is None:
        known = ", ".join(Vendor.objects.order_by("slug").values_list("slug", flat=True)[:10])
        raise CommandError(
            f"No vendor has the short name {slug!r}. Known are: {known or 'none yet'}.", returncode=BAD_INPUT
        )
    return vendor


def entity_from(code: str | None) -> LegalEntity | None:
    """Return our company with a code, None for no code; raise CommandError for one that is not there."""
    if not code:
        return None
    found = LegalEntity.objects.filter(code=code).first() if code.isprintable() else None
    if found is None:
        known = ", ".join(LegalEntity.objects.values_list("code", flat=True)[:10])
        raise CommandError(
            f"No company of ours has the code {code!r}. Known are: {known or 'none yet'}.",
            returncode=BAD_INPUT,
        )
    return found


def same_from(given: list[str]) -> dict[str, str]:
    """Return which name stands for which; raise CommandError for an argument that is none."""
    read = {}
    for each in given:
        name, sign, other = each.partition("=")
        if not (sign and name.strip() and other.strip()):
            raise CommandError(f"--same {each!r}: write NAME=NAME.", returncode=BAD_INPUT)
        read[name.strip()] = other.strip()
    return read


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; raise CommandError where it cannot be read."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"{path} cannot be read: {why}. Check the path.", returncode=BAD_INPUT) from error


def printable(line: str) -> str:
    """Return a line that no terminal obeys: what the file has of control signs is written out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in line)


def report_lines(report: RegisterReport, *, name: str) -> Iterator[str]:
    """Yield what an import did, or would do, as lines of text."""
    return map(printable, _lines(report, name=name))


def _lines(report: RegisterReport, *, name: str) -> Iterator[str]:
    yield name + (": dry run, nothing is kept" if report.dry_run else "")
    if report.problems and not report.kept and not report.dry_run:
        yield "Nothing was changed. Of the rows that are sound, this would come:"
    counts = report.counts()
    width = max((len(kind) for kind in counts), default=0)
    if counts:
        yield f"  {'':<{width}}  " + " ".join(f"{outcome:>11}" for outcome in Outcome)
    for kind, done in counts.items():
        yield f"  {kind:<{width}}  " + " ".join(f"{done[outcome]:>11}" for outcome in Outcome)
    for line in report.to_look_at[:MOST_SHOWN]:
        yield f"  {line.outcome:<11}  {line.kind} {line.key} ({line.place})"
        changes = line.changes if line.outcome is not Outcome.CREATED else ()
        yield from (f"               {told}" for told in (*changes, *line.notes))
    yield from _more(len(report.to_look_at))
    yield from (f"Note: {note}" for note in report.notes)
    if report.alike:
        yield "Vendors that may be one company; nothing was put together. If they are one, say --same 'A=B':"
        yield from (f"  {' = '.join(names)}" for names in report.alike[:MOST_SHOWN])
    if report.absent:
        yield "Said by this register before, not this time, and left alone:"
        yield from (f"  {kind} {key}" for kind, key in report.absent[:MOST_SHOWN])
        yield from _more(len(report.absent))
    if report.problems:
        yield "Cannot be used:" if report.kept or report.dry_run else "Nothing was changed, because of:"
        yield from (f"  {problem.place}: {problem.message}" for problem in report.problems[:MOST_SHOWN])
        yield from _more(len(report.problems))


def _more(count: int) -> Iterator[str]:
    if count > MOST_SHOWN:
        yield f"  and {count - MOST_SHOWN} more"
