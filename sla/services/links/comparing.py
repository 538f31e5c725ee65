"""The vendor's own times beside the outages that a line was made of, as they were when it was finalised."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sla.engine.facts import Outage
from sla.models import StatementLine, VendorAnswerLine
from sla.reports.editions import frozen_inputs
from sla.reports.moments import local_moments
from sla.services.links.words import zone_of


def apart_words(row: VendorAnswerLine, *, line: StatementLine) -> str:
    """Return in words that the vendor's times touch no outage of the line, with both; empty where they do.

    Empty too where it gave no times, and where the line is made of no outage. Times are in the statement's
    zone.
    """
    outages = outages_of_line(line)
    given = (row.started_at, row.ended_at)
    if given == (None, None) or not outages or any(_touches(one, given=given) for one in outages):
        return ""
    zone = zone_of(line.revision)
    ours = "; ".join(f"{one.incident} {_span(one.started_at, one.ended_at, zone=zone)}" for one in outages)
    return (
        f"The vendor's times touch no outage of this line. The vendor: {_span(*given, zone=zone)}."
        f" Our records when it was finalised: {ours}. Ask which outage the vendor means before you take it as"
        " recorded."
    )


def outages_of_line(line: StatementLine) -> list[Outage]:
    """Return the outages of a line's incidents and services, as they were frozen, in order of time."""
    facts = frozen_inputs(line.revision).facts
    found = [one for one in facts.outages if one.incident in line.incidents and one.unit in line.units]
    return sorted(_each_once(found), key=lambda one: (one.started_at, one.incident))


def _each_once(outages: Iterable[Outage]) -> list[Outage]:
    """Keep one of those that say the same of one incident, such as of several services."""
    return list({(one.incident, one.started_at, one.ended_at): one for one in outages}.values())


def _touches(outage: Outage, *, given: tuple[datetime | None, datetime | None]) -> bool:
    """Say whether times, of which one side may be unsaid, have a moment in common with an outage."""
    started, ended = given
    begins_in_time = started is None or outage.ended_at is None or started <= outage.ended_at
    return begins_in_time and (ended is None or outage.started_at <= ended)


def _span(started: datetime | None, ended: datetime | None, *, zone: str) -> str:
    write = local_moments(zone)
    if started is None or ended is None:
        return f"from {write(started)}" if started else f"until {write(ended)}" if ended else ""
    return f"{write(started)} to {write(ended)}"
