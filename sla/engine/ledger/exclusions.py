"""Which time a clause takes out: its tests of notice and hours, its limits, and what is left over.

Only downtime that is taken out uses up a limit; within a limit the earliest time is taken first and
the overflow counts (A19). What earlier windows used comes from their outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from sla.engine.facts import Condition, Exclusion, Maintenance, Outage, Party, Position
from sla.engine.intervals import MICROSECOND, ZERO, Interval, intersect, subtract, union
from sla.engine.ledger.index import FactIndex, Scope
from sla.engine.periods import PeriodKind, PeriodRule, add_working_days, period_on
from sla.engine.terms.credits import CapPeriod
from sla.engine.terms.rules import ExclusionRule, ExclusionSource, OffsetUnit, Overrun, Quota

_BUCKETS = {
    CapPeriod.MONTH: PeriodRule(kind=PeriodKind.MONTH),
    CapPeriod.QUARTER: PeriodRule(kind=PeriodKind.QUARTER),
    CapPeriod.YEAR: PeriodRule(kind=PeriodKind.YEAR),
}


@dataclass(slots=True)
class Room:
    """What is left of one quota, by its calendar period."""

    quota: Quota
    left: dict[str, timedelta] = field(default_factory=dict)
    counted: dict[str, set[str]] = field(default_factory=dict)
    earlier: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Limits:
    """The quotas of one rule at one unit, and the time that already used them up."""

    rooms: list[Room]
    taken: list[Interval] = field(default_factory=list)
    events: dict[str, timedelta] = field(default_factory=dict)  # what each event used of its own limit


@dataclass(slots=True)
class Grant:
    """Time that one rule may take out, for one reason; it hands out pieces within its limits."""

    rule: ExclusionRule
    source: str  # the window, incident or stretch that a per-event limit is about; empty: each incident
    allowed: list[Interval] | None  # None: the incident's whole time
    incident: str
    by: str
    why: str
    removable: list[Interval]
    rooms: list[Room]
    scope: Scope
    index: FactIndex
    taken: list[Interval]  # shared by the grants of a rule: a second uses up a limit once
    events: dict[str, timedelta]  # shared, too: two decisions on one event have one limit
    by_position: bool

    def fitting(
        self, outage: Outage, *, during: Interval, position: Position | None, left: Sequence[Interval]
    ) -> list[Interval]:
        """Return the parts of ``left``, time of one outage, that this grant is about."""
        if self.incident and self.incident != outage.incident:
            return []
        if self.by_position and (position is None or position.exclusion != self.rule.code):
            return []
        if (
            self.allowed is not None
            and self.rule.overrun is Overrun.WHOLE
            and _overruns(during, self.allowed)
        ):
            return []
        return list(left) if self.allowed is None else intersect(left, self.allowed)

    def within_limits(self, piece: Interval, *, incident: str) -> Iterator[Interval]:
        """Yield what the limits leave of a piece of an incident, and use them up."""
        if not self.rooms and self.rule.max_per_event is None:
            yield piece
            return
        yield from intersect([piece], self.taken)
        fresh = subtract([piece], self.taken)
        since = self.scope.window.during.start
        parts = [
            part for new in fresh for part in _bucketed(new, rooms=self.rooms, index=self.index, since=since)
        ]
        event = self.source or incident
        for part in parts:
            length = self._room_for(part, event=event)
            if length > ZERO:
                taken = Interval(part.start, part.start + length)
                self._use(taken, event=event)
                self.taken[:] = union([*self.taken, taken])
                yield taken

    def _room_for(self, part: Interval, *, event: str) -> timedelta:
        length = part.end - part.start
        if self.rule.max_per_event is not None:
            length = min(length, self.rule.max_per_event - self.events.get(event, ZERO))
        if part.start < self.scope.window.during.start:
            return length  # judged, and used up, in its own window
        for room in self.rooms:
            label = _label(part.start, room=room, index=self.index)
            if room.quota.length is not None:
                length = min(length, room.left.setdefault(label, room.quota.length))
            if room.quota.count is not None:
                used = room.counted.setdefault(label, set())
                if event not in used and len(used) + room.earlier.get(label, 0) >= room.quota.count:
                    return ZERO
        return length

    def _use(self, taken: Interval, *, event: str) -> None:
        length = taken.end - taken.start
        self.events[event] = self.events.get(event, ZERO) + length
        if taken.start < self.scope.window.during.start:
            return
        for room in self.rooms:
            label = _label(taken.start, room=room, index=self.index)
            if room.quota.length is not None:
                room.left[label] -= length
            room.counted.setdefault(label, set()).add(event)


def taken_out(
    grants: Sequence[Grant],
    *,
    outage: Outage,
    during: Interval,
    position: Position | None,
    left: list[Interval],
) -> Iterator[tuple[Interval, Grant]]:
    """Yield what is taken out of ``left``, time of one outage: rule by rule, the earliest time first."""
    for _, same in groupby(grants, key=lambda grant: grant.rule.code):
        offers = [
            (piece, grant)
            for grant in same
            for piece in grant.fitting(outage, during=during, position=position, left=left)
        ]
        for part, asked in _by_time(offers):
            for grant in asked:
                for piece in [
                    got
                    for open_part in intersect(left, [part])
                    for got in grant.within_limits(open_part, incident=outage.incident)
                ]:
                    yield piece, grant
                    left = subtract(left, [piece])


def _by_time(offers: Sequence[tuple[Interval, Grant]]) -> Iterator[tuple[Interval, list[Grant]]]:
    """Yield the offered time in order, with the grants that offer it in theirs."""
    edges = sorted({edge for piece, _ in offers for edge in piece})
    for start, end in pairwise(edges):
        asked = [grant for piece, grant in offers if piece.start <= start and end <= piece.end]
        if asked:
            yield Interval(start, end), asked


def _overruns(during: Interval, allowed: Sequence[Interval]) -> bool:
    """Return whether an outage inside an announced window lasts beyond it (A17, whole)."""
    touched = [window for window in allowed if window.start < during.end and window.end > during.start]
    return bool(touched) and bool(subtract([during], touched))


def _label(at: datetime, *, room: Room, index: FactIndex) -> str:
    if room.quota.period not in _BUCKETS:
        return "window"
    zone = index.facts.zone
    return period_on(zone.date_of(at), rule=_BUCKETS[room.quota.period], zone=zone).label


def _bucketed(piece: Interval, *, rooms: Sequence[Room], index: FactIndex, since: datetime) -> list[Interval]:
    """Return the piece cut at the window's start and at the edges of the quotas' calendar periods."""
    zone = index.facts.zone
    edges = {piece.start, piece.end, min(max(since, piece.start), piece.end)}
    for rule in {_BUCKETS[room.quota.period] for room in rooms if room.quota.period in _BUCKETS}:
        at = piece.start
        while at < piece.end:
            at = period_on(zone.date_of(at), rule=rule, zone=zone).during.end
            edges.add(min(at, piece.end))
    return [Interval(start, end) for start, end in pairwise(sorted(edges))]


def granted(unit: str, *, index: FactIndex, scope: Scope) -> list[Grant]:
    """Return the exclusions that may apply to a unit, in the order of the rules and of time."""
    grants: list[Grant] = []
    for rule in scope.exclusions:
        limits = Limits([_room(quota, rule=rule, index=index, scope=scope) for quota in rule.quotas])
        if rule.source is ExclusionSource.MAINTENANCE:
            grants += _maintenance(rule, unit=unit, limits=limits, index=index, scope=scope)
        elif rule.source is ExclusionSource.CONDITION:
            grants += _conditions(rule, unit=unit, limits=limits, index=index, scope=scope)
        grants += _decisions(rule, unit=unit, limits=limits, index=index, scope=scope)
    return grants


def _room(quota: Quota, *, rule: ExclusionRule, index: FactIndex, scope: Scope) -> Room:
    """Return a quota with what earlier windows of this level used of it."""
    room = Room(quota)
    start = scope.window.during.start
    zone = index.facts.zone
    if quota.period not in _BUCKETS:
        return room
    bucket = period_on(zone.date_of(start), rule=_BUCKETS[quota.period], zone=zone)
    for outcome in scope.history:
        if (
            outcome.target != scope.target.code
            or not bucket.first_on <= outcome.first_on < scope.window.first_on
        ):
            continue
        if quota.length is not None:
            used = dict(outcome.excluded_us).get(rule.code, 0) * MICROSECOND
            left = room.left.get(bucket.label, quota.length)
            room.left[bucket.label] = max(left - used, ZERO)
        used_count = dict(outcome.excluded_count).get(rule.code, 0)
        room.earlier[bucket.label] = room.earlier.get(bucket.label, 0) + used_count
    return room


def _grant(
    rule: ExclusionRule,
    *,
    source: str,
    limits: Limits,
    index: FactIndex,
    scope: Scope,
    allowed: list[Interval] | None,
    removable: list[Interval] | None = None,
    incident: str = "",
    by: str = "",
    why: str = "",
    by_position: bool = False,
) -> Grant:
    return Grant(
        rule=rule,
        source=source,
        allowed=allowed,
        incident=incident,
        by=by,
        why=why,
        removable=removable or [],
        rooms=limits.rooms,
        scope=scope,
        index=index,
        taken=limits.taken,
        events=limits.events,
        by_position=by_position,
    )


def _maintenance(
    rule: ExclusionRule, *, unit: str, limits: Limits, index: FactIndex, scope: Scope
) -> Iterator[Grant]:
    for work in sorted(index.maintenance.get(unit, ()), key=lambda work: (work.started_at, work.reference)):
        if refusal(work, rule=rule, index=index):
            continue
        window = Interval(work.started_at, work.ended_at)
        allowed = [window] if window.start < window.end else []
        if rule.within and allowed:
            allowed = list(index.open_hours(rule.within, during=window))
        yield _grant(
            rule,
            source=work.reference,
            limits=limits,
            index=index,
            scope=scope,
            allowed=allowed,
            removable=allowed,
            by=work.reference,
            why=_announced(work, rule=rule, index=index),
        )


def _announced(work: Maintenance, *, rule: ExclusionRule, index: FactIndex) -> str:
    """Return what takes the time out; that notice rests on its sender's word alone is never hidden."""
    said = f"announced window {work.reference}"
    if not doubt(work, rule=rule, index=index):
        return said
    seen = f", first seen here {work.received_at:%Y-%m-%d %H:%M} UTC" if work.received_at else ""
    return f"{said}, in time only by its sender's own stamp {work.noticed_at:%Y-%m-%d %H:%M} UTC{seen}"


def doubt(work: Maintenance, *, rule: ExclusionRule, index: FactIndex) -> str:
    """Return why work fails the clause but for its sender's own stamp, empty where that decides nothing."""
    if not work.by_senders_word:
        return ""
    return refusal(replace(work, noticed_at=work.received_at), rule=rule, index=index)


def refusal(work: Maintenance, *, rule: ExclusionRule, index: FactIndex) -> str:
    """Return why announced work does not pass the clause, empty where it does."""
    if work.cancelled:
        return "cancelled"
    if work.emergency:
        return "" if rule.emergency_allowed else "emergency work is not listed in the clause"
    if not rule.notice:
        return ""
    if work.noticed_at is None:
        return "no notice is recorded"
    latest = latest_notice(work, rule=rule, index=index)
    in_time = work.noticed_at <= latest if rule.notice_inclusive else work.noticed_at < latest
    return "" if in_time else f"notice came after {latest:%Y-%m-%d %H:%M} UTC"


def latest_notice(work: Maintenance, *, rule: ExclusionRule, index: FactIndex) -> datetime:
    """Return the last instant at which notice was still in time (A18: measured to the start)."""
    unit = {OffsetUnit.HOURS: 3600, OffsetUnit.DAYS: 86400, OffsetUnit.WEEKS: 604800}.get(rule.notice_unit)
    if unit is not None:
        return work.started_at - timedelta(seconds=float(rule.notice * unit))
    if rule.notice_unit is not OffsetUnit.WORKING_DAYS:
        raise ValueError(
            f"Notice of {rule.code!r} is in {rule.notice_unit.value}. Use hours, days or working days."
        )
    zone = index.facts.zone
    calendar = index.calendars[rule.notice_calendar]
    local = zone.local(work.started_at)
    on = add_working_days(local.date(), -int(rule.notice), calendar=calendar)
    return zone.instant(local.replace(year=on.year, month=on.month, day=on.day))


def _conditions(
    rule: ExclusionRule, *, unit: str, limits: Limits, index: FactIndex, scope: Scope
) -> Iterator[Grant]:
    for fact in index.conditions.get(rule.condition, ()):
        if fact.met and fact.unit in ("", unit):
            span = [Interval(fact.started_at, fact.ended_at)] if fact.started_at and fact.ended_at else None
            yield _grant(
                rule,
                source=_event(fact),
                limits=limits,
                index=index,
                scope=scope,
                allowed=span,
                incident=fact.incident,
                by=fact.by,
                why=fact.evidence,
            )


def _decisions(
    rule: ExclusionRule, *, unit: str, limits: Limits, index: FactIndex, scope: Scope
) -> Iterator[Grant]:
    """Yield what persons decided: an exclusion that only the other party holds shapes its reading."""
    for fact in index.exclusions.get(rule.code, ()):
        elsewhere = fact.units and unit not in fact.units
        if elsewhere or not holds(fact, rule=rule, reading=scope.reading):
            continue
        span = None
        if fact.started_at is not None or fact.ended_at is not None:
            start = fact.started_at or datetime.min.replace(tzinfo=scope.known_until.tzinfo)
            span = [Interval(start, fact.ended_at or datetime.max.replace(tzinfo=scope.known_until.tzinfo))]
        yield _grant(
            rule,
            source=_event(fact),
            limits=limits,
            index=index,
            scope=scope,
            allowed=span,
            incident=fact.incident,
            by=fact.by,
            why=fact.why,
        )
    if any(p.exclusion == rule.code for row in index.outages.get(unit, ()) for p in row.positions):
        yield _grant(
            rule,
            source="",
            limits=limits,
            index=index,
            scope=scope,
            allowed=None,
            why="by position",
            by_position=True,
        )


def _event(fact: Condition | Exclusion) -> str:
    """Return what a person confirmed or decided as one event, empty where each incident is its own."""
    if fact.incident or (fact.started_at is None and fact.ended_at is None):
        return fact.incident
    return f"{fact.started_at}/{fact.ended_at}"


# Whose positions shape a reading of the facts, the strongest last.
POSITIONS_HELD = {
    Party.OURS: (Party.OURS, Party.AGREED, Party.DETERMINED),
    Party.VENDORS: (Party.OURS, Party.VENDORS, Party.AGREED, Party.DETERMINED),
}
_DECIDES = {"us": Party.OURS, "vendor": Party.VENDORS}


def holds(fact: Exclusion, *, rule: ExclusionRule, reading: Party) -> bool:
    """Return whether an exclusion counts in a reading of the facts.

    What we concede holds in the vendor's reading, too; and whom the clause lets decide is followed
    by both until something else is agreed or determined.
    """
    return fact.party in POSITIONS_HELD[reading] or fact.party is _DECIDES.get(rule.decided_by)
