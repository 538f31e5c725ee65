"""Read notices of work from CSV or XLSX: one row a window.

Several rows of one notice share `notice` and bear numbers of their own; without a number one is made from
the notice, or the title, with the start of the window. Options beside those of all tables:

| key | value |
|---|---|
| option:emergency | the words of the column "emergency" that mean yes |
| option:status | what words of the status mean, as `Approved=confirmed|Withdrawn=cancelled` |
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from incidents.feeds.table_columns import MAINTENANCE_WORDS
from incidents.feeds.table_records import (
    Numbers,
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
    FeedContext,
    FeedError,
    FeedMaintenance,
    Format,
    NoticeStatus,
    TableFormat,
)
from vendors.files.columns import looking_for
from vendors.files.mapping import OPTION, TABLE_OPTIONS, TableMapping
from vendors.files.rows import shown
from vendors.files.tables import CellError, Record, Table, open_table, same
from vendors.files.times import ReadTime

TIMES = ("starts", "ends", "noticed", "actual_start", "actual_end", "changed")
FIELDS: Mapping[str, str] = {
    "number": "The number of the window",
    "notice": "The number of the notice that several windows share",
    "title": "Title",
    "starts": "Announced start",
    "ends": "Announced end",
    "noticed": "When the notice was given",
    "actual_start": "When work really began",
    "actual_end": "When work really ended",
    "changed": "When the row was last changed",
    "component": "Component, service or circuit",
    "status": "Status",
    "emergency": "Whether it is emergency work",
    "impact": "Impact, in its own word",
    "account": "Account",
    "replaces": "The number of the notice that this one replaces",
    "narrative": "What is done",
}
OPTIONS: Mapping[str, str] = {
    "emergency": 'The words of the column "emergency" that mean yes, with a bar between',
    "status": "What words of the status mean, such as Approved=confirmed|Withdrawn=cancelled",
}
STATUS = {
    "tentative": NoticeStatus.TENTATIVE,
    "planned": NoticeStatus.CONFIRMED,
    "scheduled": NoticeStatus.CONFIRMED,
    "confirmed": NoticeStatus.CONFIRMED,
    "approved": NoticeStatus.CONFIRMED,
    "in process": NoticeStatus.IN_PROCESS,
    "in-process": NoticeStatus.IN_PROCESS,
    "in progress": NoticeStatus.IN_PROCESS,
    "completed": NoticeStatus.COMPLETED,
    "complete": NoticeStatus.COMPLETED,
    "closed": NoticeStatus.COMPLETED,
    "rescheduled": NoticeStatus.RESCHEDULED,
    "re-scheduled": NoticeStatus.RESCHEDULED,
    "postponed": NoticeStatus.RESCHEDULED,
    "cancelled": NoticeStatus.CANCELLED,
    "canceled": NoticeStatus.CANCELLED,
}


def read_maintenance_table(content: bytes, context: FeedContext) -> Feed:
    """Read the table; a window without its start or end, or that ends before it begins, is listed.

    Raises:
        FeedError: no table, a column that is not there, dates of two readings, times without a zone.

    """
    mapping = TableMapping.of(context.columns, fields=FIELDS, options=OPTIONS)
    if not {"starts", "ends"} <= mapping.columns.keys():
        raise FeedError("Say which columns hold the window: map 'starts' and 'ends'.")
    words = STATUS | _stated(mapping)
    table = open_table(content, mapping=mapping)
    records = list(table.records())
    times = TableTimes(table, records=records, fields=TIMES, mapping=mapping, zone=context.zone)
    numbers = Numbers(table)
    read = (_window(record, table=table, times=times, mapping=mapping, words=words) for record in records)
    windows = tuple(
        said for window in read if window and (said := _numbered(*window, numbers=numbers)) is not None
    )
    return Feed(maintenances=windows, problems=tuple(table.problems))


def _stated(mapping: TableMapping) -> dict[str, NoticeStatus]:
    stated = {}
    for word, meaning in mapping.meanings("status").items():
        if meaning not in list(NoticeStatus):
            raise FeedError(
                f"{OPTION}status: {shown(meaning)} is no status. Give one of: {', '.join(NoticeStatus)}."
            )
        stated[word] = NoticeStatus(meaning)
    return stated


def _window(
    record: Record,
    *,
    table: Table,
    times: TableTimes,
    mapping: TableMapping,
    words: Mapping[str, NoticeStatus],
) -> tuple[Record, FeedMaintenance] | None:
    read = times.read(record)
    if read is None:
        return None
    try:
        starts, ends = _span(read)
        emergency = yes_or_no(record, "emergency", mapping=mapping)
        status = _status(record, words=words)
        parts = components(record, mapping=mapping)
    except CellError as error:
        table.refuse(record, error)
        return None
    notes = (*notes_of(read, mapping=mapping), *_doubts(read, starts=starts))
    return record, FeedMaintenance(
        external_id=record.text("number"),
        title=record.text("title") or record.text("notice") or record.text("number"),
        starts_at=starts,
        ends_at=ends,
        noticed_at=instant_of(read, "noticed"),
        actual_started_at=instant_of(read, "actual_start"),
        actual_ended_at=instant_of(read, "actual_end"),
        components=parts,
        status=status,
        emergency=emergency,
        impact=record.text("impact"),
        notice=record.text("notice"),
        replaces=record.text("replaces"),
        account=record.text("account"),
        narrative=record.text("narrative"),
        changed_at=instant_of(read, "changed"),
        notes=notes,
    )


def _span(read: Mapping[str, ReadTime]) -> tuple[datetime, datetime]:
    starts, ends = instant_of(read, "starts"), instant_of(read, "ends")
    if starts is None or ends is None:
        raise CellError("ends" if starts else "starts", "the window needs its start and its end")
    if ends <= starts:
        raise CellError("ends", "the window ends no later than it begins; correct the table")
    return starts, ends


def _status(record: Record, *, words: Mapping[str, NoticeStatus]) -> NoticeStatus:
    word = same(record.text("status"))
    if word and word not in words:
        raise CellError("status", f"no known status; say what it means in {OPTION}status")
    return words[word] if word else NoticeStatus.CONFIRMED


def _doubts(read: Mapping[str, ReadTime], *, starts: datetime) -> Iterator[str]:
    noticed = instant_of(read, "noticed")
    if noticed is not None and noticed > starts:
        yield "The notice was given after the work was to begin."
    begun, ended = instant_of(read, "actual_start"), instant_of(read, "actual_end")
    if begun and ended and ended < begun:
        yield "The work ended before it began."


def _numbered(record: Record, said: FeedMaintenance, *, numbers: Numbers) -> FeedMaintenance | None:
    facts = (said.notice or said.title, *(part.name for part in said.components), utc(said.starts_at))
    number = numbers.of(record, facts=facts)
    if number is None or number == said.external_id:
        return said if number else None
    return replace(said, external_id=number, title=said.title or number)


FORMAT = Format(
    code="maintenance_table",
    label="Notices of work from CSV or XLSX",
    read=read_maintenance_table,
    clock=Clock.VENDOR_TICKET,
    needs_zone=True,
    table=TableFormat(
        fields=FIELDS, options={**TABLE_OPTIONS, **OPTIONS}, look=looking_for(MAINTENANCE_WORDS)
    ),
)
