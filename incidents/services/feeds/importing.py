"""Bring what a feed says into the register: again and again, and never over a person's correction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.events import incidents_of
from incidents.feeds.values import Feed, FeedError, FeedIncident, FeedMaintenance, FeedSample
from incidents.models import FeedRecord, FeedSource, Outage
from incidents.services.feeds.bulk import bring_new
from incidents.services.feeds.inbox import keep_letters, note_unmatched
from incidents.services.feeds.incidents import bring_incident, refuse_other_thing
from incidents.services.feeds.merging import is_a_persons
from incidents.services.feeds.notices import bring_notice, follow_windows
from incidents.services.feeds.proposals import propose_windows
from incidents.services.feeds.records import (
    EVENT,
    Told,
    dumped,
    is_outdated,
    keep_said,
    no_longer_told,
    records_of,
    told_by,
    with_events,
)
from incidents.services.feeds.reports import AT_ONCE, ImportReport, ImportRow, Part, Steps
from incidents.services.feeds.runs import Doing, Outcome, Run
from incidents.services.feeds.samples import bring_samples
from incidents.services.feeds.unchanged import looked_at
from incidents.services.outages import withdraw_outage
from incidents.services.sources import hear_from_source

# So many records are one transaction: what is done is kept, and doing it again changes nothing.
BATCH, SAMPLES = 200, 2_000


def import_feed(
    values: Feed,
    *,
    source: FeedSource,
    by: User,
    at: datetime,
    dry_run: bool = False,
    steps: Steps = AT_ONCE,
) -> ImportReport:
    """Create and update what a feed tells, by (source, number there); `at` is the present in UTC.

    A field that a person changed keeps the person's value and is listed. Nothing is deleted. Some records
    at a time are one transaction; importing again goes on where an import broke off, by `steps` without
    looking at what is done. A dry run does the same and takes it back.
    """
    run = Run.of(source, by=by, at=at)
    run.unmatched.update(steps.unmatched)
    tellings, parts = told_by(values), []
    done, total = steps.first, len(tellings) + len(values.samples)
    for part in _parts(
        tellings, values.samples, run=run, first=steps.first, told=steps.told, dry_run=dry_run
    ):
        parts.append(part)
        done = part.done
        if steps.enough(done):
            break
    followed = _finished(values, run=run, dry_run=dry_run) if done == total else Doing(run)
    return ImportReport(
        dry_run=dry_run,
        rows=tuple(row for part in parts for row in part.rows),
        unmatched=tuple(sorted(run.unmatched.items())),
        problems=(*values.problems, *(problem for part in parts for problem in part.problems)),
        done=done,
        total=total,
        notes=tuple(followed.notes),
        samples=sum(part.samples for part in parts),
        letters=len(values.letters),
    )


def _parts(
    tellings: Sequence[Told],
    samples: Sequence[FeedSample],
    *,
    run: Run,
    first: int,
    told: Callable[[Part], None],
    dry_run: bool,
) -> Iterator[Part]:
    """Do one part after the other, each in a transaction: the records first, then measured values."""
    known, total = len(tellings), len(tellings) + len(samples)
    while first < total:
        with transaction.atomic():
            if first < known:
                done = min(first + BATCH, known)
                rows = tuple(_batch(tellings[first:done], run=run))
                part = Part(done=done, total=total, unmatched=run.unmatched, rows=rows)
            else:
                done = min(first + SAMPLES, total)
                new, problems = bring_samples(samples[first - known : done - known], run=run)
                part = Part(
                    done=done, total=total, unmatched=run.unmatched, samples=new, problems=tuple(problems)
                )
            told(part)
            transaction.set_rollback(dry_run)
        yield part
        first = done


def _finished(values: Feed, *, run: Run, dry_run: bool) -> Doing:
    """Do what needs the whole file: windows that are told no more, letters, names, and that it was heard."""
    with transaction.atomic():
        followed = Doing(run)
        follow_windows(values.maintenances, doing=followed)
        keep_letters(values.letters, run=run)
        _hear(values, run=run)
        note_unmatched(run)
        transaction.set_rollback(dry_run)
    return followed


def _batch(tellings: Sequence[Told], *, run: Run) -> Iterator[ImportRow]:
    records = records_of(run.source, (telling.external_id for telling in tellings), at=run.at)
    together = bring_new(_new_incidents(tellings, records=records), run=run)
    for telling in tellings:
        record, done = records[telling.external_id], together.pop(telling.external_id, None)
        if telling.whole is not None and done is not None:
            yield _told_of(telling.whole, doing=done)
        elif telling.whole is not None:
            yield _brought_in(telling.whole, record=record, run=run)
        else:
            yield from _events_brought_in(telling, record=record, run=run)
    known = [record.pk for record in records.values() if record.pk]
    FeedRecord.objects.filter(pk__in=known, last_seen_at__lt=run.at).update(last_seen_at=run.at)


def _new_incidents(
    tellings: Iterable[Told], *, records: Mapping[str, FeedRecord]
) -> list[tuple[FeedIncident, FeedRecord]]:
    """Return the incidents of a batch that were never read before, each number once."""
    new: dict[str, FeedIncident] = {}
    for telling in tellings:
        record = records[telling.external_id]
        if isinstance(telling.whole, FeedIncident) and record._state.adding and record.incident is None:
            new.setdefault(telling.external_id, telling.whole)
    return [(said, records[number]) for number, said in new.items()]


def _brought_in(said: FeedIncident | FeedMaintenance, *, record: FeedRecord, run: Run) -> ImportRow:
    if isinstance(said, FeedIncident):
        looked = looked_at(said, record=record, run=run)
        if looked is not None:
            return _told_of(said, doing=looked)
    doing = Doing(run)
    try:
        with transaction.atomic():
            if is_outdated(record, said):
                doing.notes.append(f"older than what is on file, of {record.changed_at:%Y-%m-%d %H:%M} UTC")
            else:
                bring(said, record=record, doing=doing)
    except ValidationError as error:
        return _row(said, outcome=Outcome.REFUSED, notes=tuple(error.messages))
    return _told_of(said, doing=doing)


def _told_of(said: FeedIncident | FeedMaintenance, *, doing: Doing) -> ImportRow:
    doing.run.count_unknown(doing.run.parts(said))
    row = _row(said, outcome=doing.outcome, notes=tuple(doing.conflicts + doing.notes))
    if isinstance(said, FeedIncident):
        row = replace(row, kinds=doing.run.kinds(said), windows=said.windows)
    return row if doing.outcome is Outcome.CREATED else replace(row, changes=tuple(doing.changes))


def _events_brought_in(telling: Told, *, record: FeedRecord, run: Run) -> Iterator[ImportRow]:
    """Bring in what all events of one number tell: one incident, or each failure of a watched thing."""
    events = with_events(record, telling.events)
    try:
        told = incidents_of(events)
    except FeedError as error:
        yield ImportRow(
            external_id=telling.external_id, title="", outcome=Outcome.REFUSED, notes=(str(error),)
        )
        return
    record.events = [EVENT.dump_python(event, mode="json") for event in events]
    is_thing = any(event.recurring for event in events)
    if is_thing:
        record.save()
    # Events are folded with all that came before, so that no telling is older than another.
    record.changed_at = None
    own = {} if is_thing else {telling.external_id: record}
    records = own or records_of(run.source, (said.external_id for said in told), at=run.at)
    for said in told:
        if not is_thing or records[said.external_id].said != dumped(said):
            records[said.external_id].changed_at = None
            yield _brought_in(said, record=records[said.external_id], run=run)
    if is_thing:
        for gone in no_longer_told(record, (said.external_id for said in told)):
            yield _taken_back(gone, run=run)


def _taken_back(record: FeedRecord, *, run: Run) -> ImportRow:
    """Withdraw the outages of a failure that turned out to be part of another; a person's stay."""
    incident = record.incident
    assert incident is not None
    outages = Outage.objects.standing().of_record(record)
    outcome, note = Outcome.UPDATED, "told by another failure now: its outages are withdrawn"
    if any(map(is_a_persons, outages)):
        outcome, note = Outcome.CONFLICTING, "told by another failure now, but a person changed its outage"
    else:
        for row in outages:
            withdraw_outage(row, at=run.at, by=run.by, reason=run.reason)
        record.said = {}
        record.save()
    return ImportRow(external_id=record.external_id, title=incident.title, outcome=outcome, notes=(note,))


def bring(said: FeedIncident | FeedMaintenance, *, record: FeedRecord, doing: Doing) -> None:
    """Bring one record into the register and keep what was said of it. Raises ValidationError."""
    is_notice = isinstance(said, FeedMaintenance)
    refuse_other_thing(record, is_notice=is_notice)
    if isinstance(said, FeedMaintenance):
        bring_notice(said, record=record, doing=doing)
    else:
        bring_incident(said, record=record, doing=doing)
    before = _kept(record)
    keep_said(record, said, at=doing.run.at)
    record.conflicts = list(doing.conflicts)
    record.unmatched = doing.run.unknown(doing.run.parts(said))
    record.concerns_nobody = doing.run.concerns_nobody(said)
    if record._state.adding or _kept(record) != before:
        record.save()
    if isinstance(said, FeedIncident):
        propose_windows(said, record=record)


def _kept(record: FeedRecord) -> tuple[object, ...]:
    # Several events may fold to what was known: they are kept all the same, or a later one could not fold.
    return record.said, record.conflicts, record.unmatched, record.concerns_nobody, len(record.events)


def _row(said: FeedIncident | FeedMaintenance, *, outcome: Outcome, notes: tuple[str, ...]) -> ImportRow:
    start: datetime | None
    end: datetime | None
    if isinstance(said, FeedMaintenance):
        start, end = said.starts_at, said.ends_at
    else:
        start, end = said.started_at, said.resolved_at
    return ImportRow(
        external_id=said.external_id, title=said.title, outcome=outcome, start=start, end=end, notes=notes
    )


def _hear(values: Feed, *, run: Run) -> None:
    """Note for every service with a name in this feed that the feed spoke."""
    if values.heard_at is not None:
        for service in run.names.services():
            hear_from_source(
                service, source=run.source.code, at=values.heard_at, by=run.by, reason=run.reason
            )
