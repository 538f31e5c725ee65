"""Read incidents from CSV or XLSX: one row an incident, or one row an update of it.

`FIELDS` lists our fields; `vendors.files.mapping` says how they are mapped to columns. Options of
this reader:

| key | value |
|---|---|
| option:planned | the words of the column "planned" that mean yes; without it, yes and no are understood |
| option:rows | incidents (one row each) or updates (one row for each update; needs number, changed, status) |
| option:new, option:over, option:stops | for updates: see `incidents.feeds.incident_updates` |

A row with a cell that cannot be read is left out and listed: an end that is lost would read as "not over".
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo

from incidents.feeds.incident_updates import UPDATE_OPTIONS, folded
from incidents.feeds.narrated import Narrated, narrated
from incidents.feeds.table_columns import INCIDENT_WORDS
from incidents.feeds.table_records import (
    OVER,
    Numbers,
    Row,
    TableTimes,
    components,
    instant_of,
    notes_of,
    utc,
    yes_or_no,
)
from incidents.feeds.values import (
    Clock,
    Feed,
    FeedComponent,
    FeedContext,
    FeedError,
    FeedIncident,
    FeedMoment,
    Format,
    TableFormat,
)
from vendors.files.columns import looking_for
from vendors.files.mapping import TABLE_OPTIONS, TableMapping
from vendors.files.tables import CellError, Record, Table, open_table, same
from vendors.files.times import ReadTime

# Moments by the register's words, each a column of its own.
MOMENTS = (
    "detected",
    "reported",
    "acknowledged",
    "access_granted",
    "repair_started",
    "restored",
    "resolved",
    "closed",
    "root_cause_report",
)
TIMES = ("began", "first_posted", "ended", "changed", *MOMENTS)
FIELDS: Mapping[str, str] = {
    "number": "The number of the incident; without a column of it, made from title, components and start",
    "title": "Title",
    "began": "When it began",
    "first_posted": "When it was first posted or recorded",
    "ended": "When it ended",
    "changed": "When the row was last changed; of updates, when the update was made",
    "sequence": "The number of the update, to order updates of the same minute",
    "severity": "Severity or priority, in its own word",
    "status": "Status, in its own word",
    "component": "Component or service",
    "narrative": "What happened",
    "root_cause": "Root cause",
    "planned": "Whether it was planned",
    "address": "Web address",
    "detected": "Detected at",
    "reported": "Reported at",
    "acknowledged": "Acknowledged at",
    "access_granted": "Access granted at",
    "repair_started": "Repair started at",
    "restored": "Restored at",
    "resolved": "Resolved at",
    "closed": "Closed at",
    "root_cause_report": "Root-cause report delivered at",
}
ROWS = ("incidents", "updates")
OPTIONS: Mapping[str, str] = {
    "planned": 'Of the column "planned", with a bar between; left empty, yes and no are understood',
    "rows": "An incident, or one of several updates of it, as ticket systems export their history",
    **UPDATE_OPTIONS,
}


def read_incident_table(
    content: bytes, context: FeedContext, *, preset: Mapping[str, str] | None = None
) -> Feed:
    """Read the table; `preset` is a mapping that the context's own adds to and changes.

    Raises:
        FeedError: no table, a column that is not there, dates of two readings, times without a zone.

    """
    mapping = TableMapping.of({**(preset or {}), **context.columns}, fields=FIELDS, options=OPTIONS)
    updates = mapping.one_of("rows", words=ROWS) == "updates"
    lacking = {"number", "changed", "status"} - mapping.columns.keys()
    if updates and lacking:
        raise FeedError(
            f"A table with a row for each update also needs: {', '.join(sorted(lacking))}. Map them."
        )
    table = open_table(content, mapping=mapping)
    records = list(table.records())
    times = TableTimes(table, records=records, fields=TIMES, mapping=mapping, zone=context.zone)
    rows = _read_rows(records, table=table, times=times, mapping=mapping, context=context)
    if updates:
        incidents = folded(rows, table=table, mapping=mapping)
    else:
        numbers = Numbers(table, advice=" Is it a row for each update? Then set option:rows to updates.")
        incidents = tuple(said for row in rows if (said := _numbered(row, numbers=numbers)))
    return Feed(incidents=incidents, problems=tuple(table.problems))


def _read_rows(
    records: list[Record], *, table: Table, times: TableTimes, mapping: TableMapping, context: FeedContext
) -> Iterator[Row]:
    # From the end, so that a record's cells are let go as soon as it is read.
    records.reverse()
    while records:
        record = records.pop()
        read = times.read(record)
        if read is None:
            continue
        try:
            planned = yes_or_no(record, "planned", mapping=mapping)
            parts = components(record, mapping=mapping)
        except CellError as error:
            table.refuse(record, error)
            continue
        yield (
            record,
            read,
            _said(record, read=read, planned=planned, parts=parts, mapping=mapping, context=context),
        )


def _said(
    record: Record,
    *,
    read: Mapping[str, ReadTime],
    planned: bool,
    parts: tuple[FeedComponent, ...],
    mapping: TableMapping,
    context: FeedContext,
) -> FeedIncident:
    began, ended = instant_of(read, "began"), instant_of(read, "ended")
    status = record.text("status")
    found = Narrated() if planned else _narrated(record, read=read, zone=context.zone)
    notes = [
        *notes_of(read, mapping=mapping),
        *_doubts(began=began, ended=ended, status=status, received_at=context.received_at),
        *found.notes,
    ]
    return FeedIncident(
        external_id=record.text("number"),
        title=record.text("title") or record.text("number"),
        narrative=_narrative(record),
        severity=record.text("severity"),
        status=status,
        planned=planned,
        started_at=began,
        first_posted_at=instant_of(read, "first_posted"),
        resolved_at=ended,
        changed_at=instant_of(read, "changed"),
        components=parts,
        moments=tuple(FeedMoment(kind=kind, at=read[kind].at) for kind in MOMENTS if kind in read),
        windows=found.windows,
        address=record.text("address"),
        notes=tuple(notes),
    )


def _narrated(record: Record, *, read: Mapping[str, ReadTime], zone: tzinfo | None) -> Narrated:
    """Find the windows that the words of a row tell of, other than the times in its own columns."""
    text = _narrative(record)
    stated = [at for name in ("began", "first_posted", "ended", "changed") if (at := instant_of(read, name))]
    if not text or not stated:
        return Narrated()
    found = narrated(text, reference=stated[0], changed_at=max(stated), zone=zone)
    posted = (instant_of(read, "began"), instant_of(read, "ended"))
    return replace(found, windows=tuple(each for each in found.windows if (each.start, each.end) != posted))


def _doubts(
    *, began: datetime | None, ended: datetime | None, status: str, received_at: datetime
) -> Iterator[str]:
    """Say what a person should look at in the times."""
    if max(filter(None, (began, ended)), default=received_at) > received_at:
        yield "It lies in the future of the file: is the year, or the order of day and month, right?"
    if began is None:
        yield "The table does not say when it began."
    elif ended is not None and ended <= began:
        yield "It ends no later than it begins: it counts no time."
    if ended is None and same(status) in OVER:
        yield f"Its status is '{status}', but the table does not say when it ended."


def _numbered(row: Row, *, numbers: Numbers) -> FeedIncident | None:
    record, _, said = row
    # Without a start nothing of the row is sure to stay the same.
    begun = utc(said.started_at)
    facts = (said.title, *(part.name for part in said.components), begun) if begun else ()
    number = numbers.of(record, facts=facts)
    if number is None or number == said.external_id:
        return said if number else None
    return replace(said, external_id=number, title=said.title or number)


def _narrative(record: Record) -> str:
    told, cause = record.text("narrative"), record.text("root_cause")
    return "\n\n".join(part for part in (told, f"Root cause: {cause}" if cause else "") if part)


FORMAT = Format(
    code="incident_table",
    label="Incidents from CSV or XLSX",
    read=read_incident_table,
    # Whose list it is nobody knows until the feed's page says so: it is not taken for the vendor's ticket.
    clock=Clock.THIRD_PARTY,
    needs_zone=True,
    table=TableFormat(fields=FIELDS, options={**TABLE_OPTIONS, **OPTIONS}, look=looking_for(INCIDENT_WORDS)),
)
