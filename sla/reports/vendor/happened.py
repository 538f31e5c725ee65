"""What happened: incidents with what counts of them, exclusions, days with time lost, time accounts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from incidents.models import Incident, Party, Position, Subject
from incidents.selectors import contested_positions, standing_positions
from sla.engine.intervals import Interval, intersect, micro, total, union
from sla.engine.periods import zone_info
from sla.engine.results import Ledger, LedgerLine, Measured, TimeClass
from sla.models import Statement
from sla.reports.editions.edition import Edition
from sla.reports.moments import local_moments
from sla.reports.pictures import Day, DayCalendar, Timeline
from sla.reports.pictures.statement import account_timeline
from sla.reports.vendor.data import ExclusionPart, IncidentPart
from sla.reports.vendor.levels import numbered, standing_lines
from sla.reports.vendor.released import frozen_incident
from sla.reports.vendor.rows import Rows
from vendors.models import Vendor

MOST_TIMELINES, MOST_DAYS = 4, 366
WHO = {"vendor": "the vendor", "us": "the customer", "third_party": "a third party"}
DAY = timedelta(days=1)


def zone_of(statement: Statement) -> str:
    """Return the zone of a statement's days."""
    return statement.agreement.zone or statement.agreement.contract.zone


def zone_shown(rows: Rows) -> str:
    """Return the zone of the pictures' days: the one of most statements."""
    zones = Counter(zone_of(each) for each in rows.inside)
    return min(zones, key=lambda zone: (-zones[zone], zone)) if zones else "UTC"


def _stretches(rows: Rows) -> Iterator[tuple[Statement, Measured, LedgerLine]]:
    """Yield each stretch of the time accounts once, though several levels may hold it."""
    seen: set[tuple[int, TimeClass, Interval, tuple[str, ...], str]] = set()
    for each in rows.inside:
        result = rows.results.get(each.pk)
        for one in result.measured if result is not None else ():
            for line in one.ledger.lines if one.ledger is not None else ():
                key = (each.agreement.contract_id, line.time_class, line.during, line.units, line.rule)
                if key not in seen:
                    seen.add(key)
                    yield each, one, line


def incident_parts(rows: Rows, *, vendor: Vendor, edition: Edition) -> tuple[IncidentPart, ...]:
    """Return the incidents that the lines name, those that count most first."""
    counted: dict[str, int] = defaultdict(int)
    for _, _, line in _stretches(rows):
        if line.time_class is TimeClass.DOWN:
            for name in line.incidents:
                counted[name] += line.unit_us
    zones, levels = _named_by(rows)
    parts = [
        _incident(
            rows.incidents[name],
            reference=rows.named([name], edition=edition)[0],
            vendor=vendor,
            edition=edition,
            zone=zones[name],
            counted_us=counted[name],
            levels=tuple(dict.fromkeys(levels[name])),
        )
        for name in levels
        if name in rows.incidents
    ]
    if rows.is_released:
        named = dict(zip((name for name in levels if name in rows.incidents), parts, strict=True))
        parts = [_as_released(part, name=name, rows=rows) for name, part in named.items()]
    return tuple(sorted(parts, key=lambda part: (-part.counted_us, part.starts_at or _LAST, part.reference)))


_LAST = datetime.max.replace(tzinfo=UTC)


def _named_by(rows: Rows) -> tuple[dict[str, str], dict[str, list[str]]]:
    zones: dict[str, str] = {}
    levels: dict[str, list[str]] = defaultdict(list)
    for each in rows.inside:
        for line in standing_lines(rows, of=each):
            for name in line.incidents:
                zones.setdefault(name, zone_of(each))
                levels[name].append(line.name or line.target)
    return zones, levels


def _incident(
    row: Incident,
    *,
    reference: str,
    vendor: Vendor,
    edition: Edition,
    zone: str,
    counted_us: int,
    levels: tuple[str, ...],
) -> IncidentPart:
    outages: list[Any] = getattr(row, "standing_outages", [])
    ends = [each.ended_at for each in outages]
    services = dict.fromkeys(each.service.name or each.service.code for each in outages)
    return IncidentPart(
        reference=reference,
        title=title_of(row, vendor=vendor, edition=edition),
        vendor_ticket=row.external_id if row.vendor_id == vendor.pk else "",
        severity=row.severity,
        starts_at=min((each.started_at for each in outages), default=None),
        ends_at=None if not ends or None in ends else max(ends),
        zone=zone,
        services=", ".join(services),
        counted_us=counted_us,
        responsible=responsible(getattr(row, "seen_positions", []), edition=edition),
        levels=levels,
    )


def _as_released(part: IncidentPart, *, name: str, rows: Rows) -> IncidentPart:
    """Return an incident as it was finalised: what was recorded since is not released."""
    frozen = frozen_incident(name, facts=rows.facts.values())
    who = WHO[frozen.responsible.value]
    theirs = frozen.says_vendor
    return replace(
        part,
        severity=frozen.severity,
        starts_at=frozen.starts_at,
        ends_at=frozen.ends_at,
        services=frozen.services,
        responsible=who if theirs is None else f"{who}; contested, you say {WHO[theirs.value]}",
    )


def title_of(row: Incident, *, vendor: Vendor, edition: Edition) -> str:
    """Return an incident's title; the vendor reads its own only, never ours and never another's."""
    if edition is Edition.INTERNAL:
        return row.title
    is_theirs = row.vendor_id in (None, vendor.pk)
    return str(row.feed_said.get("title", "")) if row.source and is_theirs else ""


def responsible(positions: Iterable[Position], *, edition: Edition) -> str:
    """Return who is responsible: what was settled, else what we say, else the vendor; and if contested."""
    about = [said for said in positions if said.about == Subject.RESPONSIBILITY and said.responsible]
    standing = standing_positions(about)
    ranked = [
        next((said for said in reversed(standing) if said.party == party), None)
        for party in (Party.DETERMINED, Party.AGREED, Party.OURS)
    ]
    held = next((said for said in ranked if said is not None), None)
    who = WHO.get(held.responsible if held is not None else "vendor", "")
    contested = contested_positions(about)
    if not contested:
        return who
    theirs = WHO.get(contested[-1].responsible, "")
    says = "you say" if edition is Edition.VENDOR else "the vendor says"
    return f"{who}; contested, {says} {theirs}" if theirs else f"{who}; contested"


def exclusion_parts(rows: Rows, *, edition: Edition) -> tuple[ExclusionPart, ...]:
    """Return what exclusions took out, by rule, clause and incident; who decided is ours to know."""
    sums: dict[tuple[str, str, tuple[str, ...], str, str], int] = defaultdict(int)
    for each, _, line in _stretches(rows):
        if line.time_class is TimeClass.EXCLUDED:
            by = line.by if edition is Edition.INTERNAL else ""
            rule = line.rule.removeprefix("exclusion.")
            names = rows.named(line.incidents, edition=edition)
            sums[rule, line.clause, names, by, numbered(each, rows=rows)] += line.unit_us
    return tuple(
        ExclusionPart(rule=rule, clause=clause, incidents=names, excluded_us=length, by=by, statement=number)
        for (rule, clause, names, by, number), length in sums.items()
    )


def calendar_of(rows: Rows, *, first_on: date, last_on: date, zone: str) -> DayCalendar | None:
    """Return the days with the minutes in which anything counted as down; None without a time account.

    A day that lies in no time account is left out: nothing is known of it, not even that nothing was lost.
    """
    down = union(line.during for _, _, line in _stretches(rows) if line.time_class is TimeClass.DOWN)
    unknown = union(line.during for _, _, line in _stretches(rows) if line.time_class is TimeClass.UNKNOWN)
    told = union(
        one.window.during
        for result in rows.results.values()
        for one in result.measured
        if one.ledger is not None
    )
    if not told or (last_on - first_on).days >= MOST_DAYS:
        return None
    days = tuple(
        Day(
            on=on,
            lost_us=micro(total(intersect(down, [during]))),
            known=not intersect(unknown, [during]),
        )
        for on, during in _days(first_on, last_on, zone=zone_info(zone))
        if intersect(told, [during])
    )
    return DayCalendar(title=f"Minutes lost by day, all services together, days in {zone}", days=days)


def _days(first_on: date, last_on: date, *, zone: tzinfo) -> Iterator[tuple[date, Interval]]:
    on = first_on
    while on <= last_on:
        starts, ends = (datetime.combine(day, time.min, tzinfo=zone) for day in (on, on + DAY))
        yield on, Interval(starts.astimezone(UTC), ends.astimezone(UTC))
        on += DAY


def timelines(rows: Rows, *, services: Mapping[str, str], edition: Edition) -> tuple[Timeline, ...]:
    """Return the time accounts of the levels missed, those with most downtime first."""
    found: list[tuple[int, Timeline]] = []
    for each in rows.inside:
        result = rows.results.get(each.pk)
        names = {line.target: line.name for line in standing_lines(rows, of=each)}
        for one in result.measured if result is not None else ():
            if one.ledger is not None and one.missed:
                zone = zone_of(each)
                title = f"{names.get(one.target) or one.target}, {one.window.label}, times in {zone}"
                line = account_timeline(
                    _told(one.ledger, rows=rows, edition=edition),
                    window=one.window,
                    zone=zone_info(zone),
                    instant=local_moments(zone),
                    services=services,
                    title=title,
                )
                found.append((one.ledger.us(TimeClass.DOWN), line))
    found.sort(key=lambda pair: -pair[0])
    return tuple(line for _, line in found[:MOST_TIMELINES])


def _told(ledger: Ledger, *, rows: Rows, edition: Edition) -> Ledger:
    """Return a time account that names the incidents as its reader may."""
    lines = (line._replace(incidents=rows.named(line.incidents, edition=edition)) for line in ledger.lines)
    return replace(ledger, lines=tuple(lines))
