"""Bring many incidents in at once that were never seen before: built one by one, written together.

What is built is what `bring_incident` builds; only the writing differs. What cannot be written this way
(a number that must be given, a row that is not valid) goes the slow way, where it is refused in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from simple_history.utils import bulk_create_with_history

from incidents.feeds.values import FeedIncident
from incidents.models import ClockStop, FeedRecord, Incident, Milestone, Outage, ProposedWindow
from incidents.models.incidents import FromFeed
from incidents.services.feeds.incidents import bring_incident, wanted_reference
from incidents.services.feeds.merging import merge
from incidents.services.feeds.records import keep_said
from incidents.services.feeds.runs import Doing, Run
from vendors.models import Contract, FactChange, Span
from vendors.services import Saved, note_changes

# Parents first.
MODELS: tuple[type[FromFeed], ...] = (Incident, Outage, Milestone, ClockStop)
# They were loaded a moment ago: each would be asked for once a row.
OWNERS = ("incident", "vendor", "service")


@dataclass(slots=True)
class Building(Doing):
    """What happens to a record whose rows are built and not saved."""

    taken: frozenset[str] = frozenset()
    rows: list[FromFeed] = field(default_factory=list)

    def keep(self, row: FromFeed, *, fields: dict[str, Any]) -> None:
        """Fill a new row and check it alone. Raises ValidationError."""
        merge(row, fields=fields)
        if isinstance(row, Incident) and not row.reference:
            raise ValidationError("A number must be given.", code="number")
        row.clean_fields(exclude=OWNERS)
        row.clean()
        self.rows.append(row)
        self.saved.append(Saved.CREATED)

    def is_taken(self, reference: str) -> bool:
        """Say whether an incident has this reference, without asking the database."""
        return reference in self.taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One record with everything that is to be written of it."""

    said: FeedIncident
    record: FeedRecord
    doing: Building


def bring_new(told: Sequence[tuple[FeedIncident, FeedRecord]], *, run: Run) -> dict[str, Doing]:
    """Write the incidents of new records together; return what happened to each by its number.

    A record that is not among them is left to the slow way. All or none are written.
    """
    wanted = {wanted_reference(said, run=run) for said, _ in told}
    taken = frozenset(Incident.objects.filter(reference__in=wanted).values_list("reference", flat=True))
    built = [found for said, record in told if (found := _built(said, record=record, run=run, taken=taken))]
    try:
        with transaction.atomic():
            _write(built, run=run)
    except IntegrityError:
        # Somebody else was faster, or two rows are at odds: one by one it is said which.
        for one in built:
            _forget(one.record)
        return {}
    return {one.said.external_id: one.doing for one in built}


def _built(said: FeedIncident, *, record: FeedRecord, run: Run, taken: frozenset[str]) -> Built | None:
    doing = Building(run, taken=taken)
    try:
        bring_incident(said, record=record, doing=doing)
    except ValidationError:
        _forget(record)
        return None
    keep_said(record, said, at=run.at)
    record.unmatched = run.unknown(run.parts(said))
    record.concerns_nobody = run.concerns_nobody(said)
    return Built(said=said, record=record, doing=doing)


def _forget(record: FeedRecord) -> None:
    """Make a record as new as it was before its rows were built."""
    record.pk, record.incident, record.said = None, None, {}
    record._state.adding = True


def _write(built: Sequence[Built], *, run: Run) -> None:
    rows = [row for one in built for row in one.doing.rows]
    for model in MODELS:
        mine = [row for row in rows if type(row) is model]
        if mine:
            bulk_create_with_history(
                mine, model, batch_size=500, default_user=run.by, default_change_reason=run.reason
            )
    FeedRecord.objects.bulk_create([one.record for one in built], batch_size=500)
    windows = [
        ProposedWindow(record=one.record, starts_at=window.start, ends_at=window.end, quote=window.quote)
        for one in built
        for window in {(window.start, window.end): window for window in one.said.windows}.values()
        if window.end > window.start
    ]
    ProposedWindow.objects.bulk_create(windows, batch_size=500)
    note_changes(_changes(built, run=run))


def _changes(built: Iterable[Built], *, run: Run) -> list[FactChange]:
    """Return one note for each incident and each contract whose figures it may move.

    Its moments are measured together with its outages, so the span of all of it is noted.
    """
    contracts = {service.contract_id: service.contract for service in run.names.services()}
    vendor = run.source.vendor
    whole = list(Contract.objects.filter(vendor=vendor)) if vendor else []
    changes = []
    for one in built:
        outages = [row for row in one.doing.rows if isinstance(row, Outage)]
        timed = [row for row in one.doing.rows if not isinstance(row, Incident)]
        if not timed:
            continue
        span = _span(one, rows=timed, has_outage=bool(outages))
        hit = {row.service.contract_id for row in outages}
        moved = [contracts[pk] for pk in hit] if hit else whole
        changes += [
            FactChange(
                contract=contract,
                subject=f"Incident {one.doing.rows[0]} added",
                during_from=span.start,
                during_until=span.end,
                case_from=span.start,
                case_until=span.end,
            )
            for contract in moved
        ]
    return changes


def _span(one: Built, *, rows: Iterable[FromFeed], has_outage: bool) -> Span:
    spans: list[Span] = [row.own_span() for row in rows]  # type: ignore[attr-defined]
    found = reduce(Span.union, spans)
    incident = one.doing.rows[0]
    assert isinstance(incident, Incident)
    # A ticket that is open and has no outage runs on: its clock counts until somebody closes it.
    return Span(found.start, None) if incident.status == "open" and not has_outage else found
