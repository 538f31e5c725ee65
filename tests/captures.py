"""Import a whole folder of captured feeds into a database of its own, and print what came of each.

    make captures DIR=...

Every file is read by the format that makes most of it, imported, and imported again: the second time nothing
may change. A file with a third party's reading beside it (`<name>_result.json`) is compared with that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import django

PASSED_OVER = {".md", ""}
BINARY = {".pdf", ".png", ".docx"}
# Of formats without a zone of their own; what it moves is only a demonstration here.
ZONE = "America/New_York"


@dataclass(kw_only=True)
class Line:
    """One line of the table: the files of one folder that one format read."""

    files: int = 0
    read: int = 0
    problems: int = 0
    created: int = 0
    again: int = 0
    windows: int = 0
    letters: int = 0
    equal: int = 0
    different: int = 0
    seconds: float = 0
    unread: list[str] = field(default_factory=list)


def main(folder: Path) -> int:
    """Import the folder and print the table; return 1 where a second import changed something."""
    from tests.captures_import import Importer

    lines: dict[tuple[str, str], Line] = {}
    importer = Importer()
    for path in files_of(folder):
        begun = perf_counter()
        found = importer.bring(path, place=place_of(path, folder=folder))
        line = lines.setdefault((found.place, found.format), Line())
        line.files += 1
        line.seconds += perf_counter() - begun
        for name in ("read", "problems", "created", "again", "windows", "letters", "equal", "different"):
            setattr(line, name, getattr(line, name) + getattr(found, name))
        if found.why:
            line.unread.append(f"{path.relative_to(folder)}: {found.why}")
    print("\n".join(table(lines)))
    return int(any(line.again for line in lines.values()))


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files that may be captures, in order."""
    for path in sorted(folder.rglob("*")):
        is_key = "_result" in path.stem or path.name.startswith(("LICENSE", "SOURCES"))
        if path.is_file() and not is_key and path.suffix.lower() not in BINARY:
            yield path


def place_of(path: Path, *, folder: Path) -> str:
    """Return the folder that a file lies in, seen from the top."""
    parts = path.relative_to(folder).parts[:-1]
    return "/".join(parts[:2]) or "."


def table(lines: dict[tuple[str, str], Line]) -> Iterator[str]:
    """Yield the table as Markdown, and below it what was read by nothing."""
    heads = (
        "folder | format | files | read | problems | created | changed again | windows | letters"
        " | key = | key ≠ | s"
    )
    yield f"| {heads} |"
    yield "|" + "---|" * len(heads.split("|"))
    for (place, kind), line in sorted(lines.items()):
        numbers: Iterable[object] = (
            line.files, line.read, line.problems, line.created, line.again, line.windows, line.letters,
            line.equal, line.different, f"{line.seconds:.1f}",
        )  # fmt: skip
        yield f"| {place} | {kind or 'none'} | " + " | ".join(map(str, numbers)) + " |"
    for line in lines.values():
        yield from (f"not read: {text}" for text in line.unread)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("Name a folder of captures: make captures DIR=...")
    print(f"Read at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    django.setup()
    sys.exit(main(Path(sys.argv[1])))
