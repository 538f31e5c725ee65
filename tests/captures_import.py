"""One captured file: read by the format that makes most of it, imported twice, compared with its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from incidents.feeds.formats import FORMATS
from incidents.feeds.values import Feed, FeedContext, FeedError, Format
from incidents.models import ComponentRule, FeedSource
from incidents.services import Outcome, import_feed
from tests.captures_key import compare, key_of, records_of
from vendors.models import Contract, LegalEntity, Service, Vendor, zone_of
from vendors.services import save_record, system_user

ZONE = "America/New_York"
WHY = "Captured"
# Made by `make maintenance-parser`; without it mails without a calendar stay letters.
PYTHON = Path(__file__).parent.parent / ".venv-parser/bin/python"
PARSER = (str(PYTHON),) if PYTHON.exists() else ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of one file."""

    place: str
    format: str = ""
    read: int = 0
    problems: int = 0
    created: int = 0
    again: int = 0
    windows: int = 0
    letters: int = 0
    equal: int = 0
    different: int = 0
    why: str = ""


class Importer:
    """Brings files into the database at hand, all for one vendor whose service has every name."""

    def __init__(self) -> None:
        self.by = system_user()
        vendor = Vendor(slug="captures", name="Captures")
        entity = LegalEntity(code="captures", name="Captures", base_currency="USD")
        for row in (vendor, entity):
            save_record(row, by=self.by, reason=WHY)
        contract = Contract(
            reference="CAPTURES",
            name="Captures",
            vendor=vendor,
            entity=entity,
            zone="UTC",
            currency="USD",
            effective_from=date(2010, 1, 1),
        )
        save_record(contract, by=self.by, reason=WHY)
        self.service = Service(contract=contract, code="all", name="All")
        save_record(self.service, by=self.by, reason=WHY)
        self.vendor = vendor

    def bring(self, path: Path, *, place: str) -> Found:
        """Import one file twice and compare it with its key."""
        content = path.read_bytes()
        # A capture is read as on the day after it was kept; nobody noted that day, so the present stands in.
        at = datetime.now(UTC)
        context = FeedContext(received_at=at, zone=zone_of(ZONE), file_name=path.name, parser=PARSER)
        best = best_reading(content, context=context)
        if best is None:
            return Found(place=place, why="no format reads it")
        format_, values, columns = best
        source = self._source(f"{place}-{path.name}-{format_.code}", format_=format_, columns=columns)
        first = import_feed(values, source=source, by=self.by, at=at)
        second = import_feed(values, source=source, by=self.by, at=at)
        equal, different = compared(path, values=values)
        return Found(
            place=place,
            format=format_.code,
            read=count_of(values),
            problems=len(values.problems),
            created=first.count(Outcome.CREATED),
            again=len(second.rows) - second.count(Outcome.UNCHANGED) - second.count(Outcome.REFUSED),
            windows=sum(bool(said.windows) for said in values.incidents),
            letters=len(values.letters),
            equal=equal,
            different=different,
            why="" if count_of(values) else "nothing in it",
        )

    def _source(self, name: str, *, format_: Format, columns: Mapping[str, str]) -> FeedSource:
        code = "".join(letter if letter.isalnum() else "-" for letter in name.lower())[-80:].strip("-")
        source = FeedSource(
            code=code, kind=format_.code, vendor=self.vendor, zone=ZONE, columns=dict(columns)
        )
        save_record(source, by=self.by, reason=WHY)
        rule = ComponentRule(source=source, names="*", service=self.service)
        save_record(rule, by=self.by, reason=WHY)
        return source


def best_reading(content: bytes, *, context: FeedContext) -> tuple[Format, Feed, Mapping[str, str]] | None:
    """Return the format that reads most of a file, with what it read and the columns it proposed.

    Nearly any text is a table of some sort, so that tables come last.
    """
    plain = [each for each in FORMATS.values() if each.table is None]
    tables = [each for each in FORMATS.values() if each.table is not None]
    found = [reading for each in plain if (reading := _reading(each, content, context=context))]
    if not any(count_of(values) + len(values.letters) for _, values, _ in found):
        found += [reading for each in tables if (reading := _reading(each, content, context=context))]
    return max(found, default=None, key=lambda reading: _score(reading[1]))


def _reading(
    format_: Format, content: bytes, *, context: FeedContext
) -> tuple[Format, Feed, Mapping[str, str]] | None:
    columns: dict[str, str] = {}
    try:
        if format_.table is not None:
            columns = dict(format_.table.look(content, {}).proposed)
        return format_, format_.read(content, replace(context, columns=columns)), columns
    except FeedError:
        return None


def _score(values: Feed) -> int:
    return count_of(values) * 10 + len(values.letters) - len(values.problems)


def count_of(values: Feed) -> int:
    """Return how many records were read."""
    return len(values.incidents) + len(values.events) + len(values.maintenances) + len(values.samples)


def compared(path: Path, *, values: Feed) -> tuple[int, int]:
    """Return how many fields of the key are equal, and how many differ; none where there is no key."""
    key = key_of(path)
    rows = compare(values, records_of(key), file=path.name) if key is not None else []
    return sum(len(row.equal) for row in rows), sum(len(row.different) for row in rows)
