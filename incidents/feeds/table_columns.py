"""Look into a table before it is read: its columns, examples of each, and which field each may hold.

A proposal goes by well-known words in the names alone; a person confirms it. Nothing is read by it unasked.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from incidents.feeds.table_mapping import OPTION, TABLE_OPTIONS, TableMapping
from incidents.feeds.table_rows import TableRow
from incidents.feeds.tables import first_rows, sheets_of
from incidents.feeds.values import SeenColumn, SeenTable

LOOKED_AT = 200
HEADER_WITHIN = 20
EXAMPLES, LONGEST_EXAMPLE = 3, 80
_HOW_TO_READ = frozenset(OPTION + name for name in TABLE_OPTIONS)
_BETWEEN = re.compile(r"[\W_]+")

Words = Mapping[str, Sequence[str]]

INCIDENT_WORDS: Words = {
    "number": (
        "number",
        "incident number",
        "incident id",
        "ticket number",
        "ticket id",
        "ticket",
        "case number",
        "id",
        "incident",
        "reference",
        "key",
        "issue key",
    ),
    "title": ("title", "summary", "short description", "subject", "incident title", "name", "headline"),
    "began": (
        "began",
        "started at",
        "start time",
        "start",
        "started",
        "incident start",
        "outage start",
        "opened at",
        "opened",
        "begin",
        "from",
        "date opened",
    ),
    "first_posted": (
        "first posted",
        "posted at",
        "posted",
        "created at",
        "created",
        "sys created at",
        "sys created on",
        "published",
    ),
    "ended": (
        "ended",
        "ended at",
        "end time",
        "end",
        "incident end",
        "outage end",
        "resolved at",
        "resolved",
        "resolution time",
        "to",
        "until",
        "date resolved",
    ),
    "changed": (
        "changed",
        "changed at",
        "updated at",
        "updated",
        "sys updated at",
        "sys updated on",
        "last modified",
        "last updated",
    ),
    "severity": ("severity", "priority", "impact", "sev"),
    "status": ("status", "state", "incident state"),
    "component": (
        "component",
        "components",
        "service",
        "services",
        "affected service",
        "affected services",
        "product",
        "business service",
        "cmdb ci",
        "configuration item",
        "circuit",
        "site",
    ),
    "narrative": ("narrative", "description", "details", "notes", "updates", "close notes", "comments"),
    "root_cause": ("root cause", "cause", "rca", "reason for outage", "rfo"),
    "planned": ("planned", "maintenance", "scheduled", "is planned"),
    "detected": ("detected", "detected at"),
    "reported": ("reported", "reported at"),
    "acknowledged": ("acknowledged", "acknowledged at", "response time", "responded at", "first response"),
    "repair_started": ("repair started", "work started", "work start"),
    "restored": ("restored", "restored at", "service restored", "mitigated at", "mitigated"),
    "closed": ("closed", "closed at", "date closed"),
    "address": ("address", "url", "link", "permalink", "incident link"),
}
MAINTENANCE_WORDS: Words = {
    "number": ("window", "window id", "maintenance id", "change number", "number", "ticket", "id"),
    "notice": ("notice", "notice number", "notification id", "notification"),
    "title": ("title", "summary", "subject", "short description", "name"),
    "starts": ("starts", "start", "start time", "window start", "planned start", "scheduled start", "from"),
    "ends": ("ends", "end", "end time", "window end", "planned end", "scheduled end", "to", "until"),
    "noticed": ("noticed", "notice given", "notified", "notified at", "sent", "announced", "created at"),
    "actual_start": ("actual start", "work start", "real start"),
    "actual_end": ("actual end", "work end", "real end"),
    "changed": ("changed", "updated", "updated at", "last updated", "last modified"),
    "component": ("component", "components", "circuit", "circuits", "circuit id", "service", "site"),
    "status": ("status", "state"),
    "emergency": ("emergency", "urgent", "is emergency"),
    "impact": ("impact", "expected impact", "service impact"),
    "account": ("account", "customer", "account number"),
    "replaces": ("replaces", "supersedes"),
    "narrative": ("narrative", "description", "details", "reason", "purpose"),
}
SAMPLE_WORDS: Words = {
    "at": ("at", "measured at", "timestamp", "time", "date", "datetime", "checked at"),
    "component": ("component", "service", "host", "target", "probe", "monitor", "instance", "device", "site"),
    "metric": ("metric", "measure", "name", "kpi", "sensor"),
    "value": ("value", "result", "reading", "measurement", "latency", "latency ms"),
    "volume": ("volume", "count", "requests", "samples", "total"),
}


def columns_of(
    content: bytes, *, words: Words = INCIDENT_WORDS, options: Mapping[str, str] | None = None
) -> SeenTable:
    """Name the columns of a table with examples, and propose a mapping (field -> column).

    `options` may be a whole mapping, of which what says how to read the table is used, such as
    `option:sheet`; without a sheet the first with a row is taken. The header of an empty file is row 0.

    Raises:
        FeedError: no table.

    """
    stated = {key: value for key, value in (options or {}).items() if key in _HOW_TO_READ}
    mapping = TableMapping.of(stated, fields=())
    rows = first_rows(content, mapping=mapping, most=LOOKED_AT)
    number = mapping.option("header")
    header = next((row for row in rows if str(row.number) == number), None) or _header(rows, words=words)
    if header is None:
        return SeenTable(sheets=sheets_of(content), header=0, columns=(), proposed={})
    below = [row for row in rows if row.number > header.number and row.cells != header.cells]
    columns = tuple(
        SeenColumn(name=" ".join(name.split()), examples=_examples(below, place=place))
        for place, name in enumerate(header.cells)
        if name.strip()
    )
    proposed = proposal([column.name for column in columns], words=words)
    return SeenTable(sheets=sheets_of(content), header=header.number, columns=columns, proposed=proposed)


def looking_for(words: Words) -> Callable[[bytes, Mapping[str, str]], SeenTable]:
    """Give the first look at a table of a format that has these words."""
    return lambda content, columns: columns_of(content, words=words, options=columns)


def proposal(names: Sequence[str], *, words: Words) -> dict[str, str]:
    """Propose a column for each field, by the first of its words that a column bears; none twice."""
    said = {_word(name): name for name in reversed(names)}
    proposed: dict[str, str] = {}
    taken: set[str] = set()
    for field, known in words.items():
        name = next((said[word] for word in known if word in said and said[word] not in taken), None)
        if name is not None:
            proposed[field] = name
            taken.add(name)
    return proposed


def _header(rows: Sequence[TableRow], *, words: Words) -> TableRow | None:
    """Find the row with most of the well-known words, else with most cells; the first of equals."""
    known = {word for each in words.values() for word in each}
    return max(
        rows[:HEADER_WITHIN],
        key=lambda row: (
            sum(_word(cell) in known for cell in row.cells),
            sum(bool(cell.strip()) for cell in row.cells),
        ),
        default=None,
    )


def _examples(rows: Sequence[TableRow], *, place: int) -> tuple[str, ...]:
    met = dict.fromkeys(
        row.cells[place].strip()[:LONGEST_EXAMPLE]
        for row in rows
        if place < len(row.cells) and row.cells[place].strip()
    )
    return tuple(met)[:EXAMPLES]


def _word(name: str) -> str:
    return _BETWEEN.sub(" ", name[:200]).strip().casefold()
