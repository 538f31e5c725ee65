"""Fold what came as single events into incidents, whatever their order and however often each came.

A sender repeats what was not acknowledged, and two messages may overtake each other. So nothing here looks
at the order of arrival: the same events give the same incidents, always.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from incidents.feeds.statuspage import WORST_FIRST
from incidents.feeds.values import FeedComponent, FeedError, FeedEvent, FeedIncident, FeedMoment, FeedWait

MOST_EVENTS = 5_000
MOST_WATCHED = 50_000
# Of these moments the last counts; of all others, such as "acknowledged", the first.
LAST_COUNTS = frozenset({"restored", "resolved", "closed", "root_cause_report"})
# Two events of one failure differ by how long each was under way; more than this is for a person to see.
SAME_START = timedelta(minutes=5)


def incidents_of(events: Iterable[FeedEvent]) -> tuple[FeedIncident, ...]:
    """Return the incidents that all events of one external id tell of, oldest first.

    That is one, except for a watched thing (`recurring`): each of its failures is one, numbered by the
    external id and the moment of its first event, such as `2048467@2016-03-14T07:10:34.000000Z`. An event
    that comes late may join two of them or give one an earlier number: what is no longer returned is told
    by another.

    Raises:
        FeedError: more than MOST_WATCHED different events, or more than MOST_EVENTS of one incident.
        ValueError: no event, or events of several external ids.

    """
    told = _ordered(events, most=MOST_WATCHED)
    if not any(event.recurring for event in told):
        return (_folded(told, external_id=told[0].external_id),)
    return tuple(_folded(run, external_id=_number_of(run[0])) for run in _runs(told))


def fold(events: Iterable[FeedEvent]) -> FeedIncident:
    """Return the state of one incident from all its events.

    The latest event that states a field gives it. It started where the latest event that tells both ends
    says, else at the earliest start; it ended at the last end, unless it was opened again after that.
    One that was opened again counts without a break from its first start: its earlier end did not hold.
    Whether the service was up in between only a person can say, so a note names the break.

    Raises:
        FeedError: more than MOST_EVENTS different events.
        ValueError: no event, or events of several incidents, as those of a watched thing are.

    """
    told = _ordered(events, most=MOST_EVENTS)
    if any(event.recurring for event in told):
        raise ValueError("the events of a watched thing are many incidents: take incidents_of")
    return _folded(told, external_id=told[0].external_id)


def _ordered(events: Iterable[FeedEvent], *, most: int) -> list[FeedEvent]:
    """Keep each event once, by time; of two with one id the earlier, since the later was sent again."""
    once: dict[str, FeedEvent] = {}
    for event in events:
        known = once.setdefault(event.event_id, event)
        if event != known:
            once[event.event_id] = min(known, event, key=lambda told: (_place(told), repr(told.said)))
        if len(once) > most:
            raise FeedError(
                f"More than {most} events came for '{event.external_id[:60]}'. "
                "Its sender repeats itself: switch it off, and on when it is mended."
            )
    names = {event.external_id for event in once.values()}
    if len(names) != 1:
        raise ValueError(f"expected events of one incident, found {len(names)}")
    return sorted(once.values(), key=_place)


def _place(event: FeedEvent) -> tuple[datetime, bool, str]:
    """Order by time; what begins and ends in the same instant begins first."""
    return event.at, event.said.resolved_at is not None, event.event_id


def _runs(told: list[FeedEvent]) -> Iterator[list[FeedEvent]]:
    """Cut the story of a watched thing into its failures, each from its first event to its end."""
    run: list[FeedEvent] = []
    ended: datetime | None = None
    for event in told:
        begun, over = event.said.started_at, event.said.resolved_at
        # A recovery that is told twice, each time with a start, tells of one failure.
        again = over is not None and ended is not None and min(begun or event.at, event.at) <= ended
        if run and ended is not None and not again:
            yield run
            run = []
        run.append(event)
        ended = None if over is None else max(over, event.at)
    yield run


def _number_of(first: FeedEvent) -> str:
    return f"{first.external_id}@{first.at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _folded(told: list[FeedEvent], *, external_id: str) -> FeedIncident:
    if len(told) > MOST_EVENTS:
        raise FeedError(
            f"Incident '{external_id[:90]}' has more than {MOST_EVENTS} events. Its sender repeats itself: "
            "switch it off, and on when it is mended."
        )
    said = [event.said for event in told]
    latest_first = said[::-1]
    started_at, resolved_at = _started_at(said), _resolved_at(said)
    components = _components(said)
    unnamed = components[0].name if components else external_id
    return FeedIncident(
        external_id=external_id,
        title=next((part.title for part in latest_first if part.title), unnamed),
        narrative=next((part.narrative for part in latest_first if part.narrative), ""),
        severity=next((part.severity for part in latest_first if part.severity), ""),
        status=next((part.status for part in latest_first if part.status), ""),
        # Planned work is not counted: one event that knows of no plan is enough to count it.
        planned=all(part.planned for part in said),
        started_at=started_at,
        first_posted_at=min((part.first_posted_at for part in said if part.first_posted_at), default=None),
        resolved_at=resolved_at,
        changed_at=max(part.said.changed_at or part.at for part in told),
        components=components,
        windows=next((part.windows for part in latest_first if part.windows), ()),
        moments=_moments(said),
        waits=_waits(said),
        address=next((part.address for part in latest_first if part.address), ""),
        notes=tuple(dict.fromkeys(_notes(told, started_at=started_at, resolved_at=resolved_at))),
    )


def _started_at(said: list[FeedIncident]) -> datetime | None:
    """Find when it began: a sender that tells both ends has the whole story, so its last word holds."""
    whole = [part.started_at for part in said if part.started_at and part.resolved_at]
    return whole[-1] if whole else min((part.started_at for part in said if part.started_at), default=None)


def _resolved_at(said: list[FeedIncident]) -> datetime | None:
    ended: datetime | None = None
    for part in said:
        if part.resolved_at:
            ended = part.resolved_at
        elif part.started_at:
            ended = None
    return ended


def _components(said: list[FeedIncident]) -> tuple[FeedComponent, ...]:
    """Take the parts that were named last, each with the worst word that any event gave it."""
    named = next((part.components for part in reversed(said) if part.components), ())
    words: dict[str, list[str]] = {component.name: [] for component in named}
    for part in said:
        for component in part.components:
            words.get(component.name, []).append(component.worst_status)
    return tuple(FeedComponent(name=name, worst_status=_worst(given)) for name, given in words.items())


def _worst(words: list[str]) -> str:
    known = [word for word in words if word and word in WORST_FIRST]
    if known:
        return min(known, key=WORST_FIRST.index)
    return next((word for word in reversed(words) if word), "")


def _moments(said: list[FeedIncident]) -> tuple[FeedMoment, ...]:
    found: dict[str, list[datetime]] = {}
    for part in said:
        for moment in part.moments:
            found.setdefault(moment.kind, []).append(moment.at)
    moments = [
        FeedMoment(kind=kind, at=max(times) if kind in LAST_COUNTS else min(times))
        for kind, times in found.items()
    ]
    return tuple(sorted(moments, key=lambda moment: (moment.at, moment.kind)))


def _waits(said: list[FeedIncident]) -> tuple[FeedWait, ...]:
    """Take every wait once; of two that began together the later told one, which knows its end."""
    waits = {wait.stopped_at: wait for part in said for wait in part.waits}
    return tuple(wait for _, wait in sorted(waits.items()))


def _notes(
    told: list[FeedEvent], *, started_at: datetime | None, resolved_at: datetime | None
) -> Iterator[str]:
    for event in told:
        yield from event.said.notes
    if started_at is None:
        yield "needs a start time: no event says when it began"
    elif resolved_at is not None and resolved_at <= started_at:
        yield "it ends at or before its start and counts 0 s: look at both times"
    breaks, starts = _breaks_and_starts(told)
    if breaks and started_at and breaks[0][0] < started_at:
        yield f"it was over at {_shown(breaks[0][0])}, before its first known start: look for an earlier one"
    elif breaks:
        ended, again = breaks[-1]
        often = "" if len(breaks) == 1 else f"{len(breaks)} times, last "
        yield (
            f"opened again {often}at {_shown(again)}, after it stood as over since {_shown(ended)}: "
            "it counts without a break, so correct the times if the service was up in between"
        )
    if started_at and starts and max(*starts, started_at) - min(*starts, started_at) > SAME_START:
        yield (
            f"its events name starts from {_shown(min(*starts, started_at))} to "
            f"{_shown(max(*starts, started_at))}: {_shown(started_at)} is taken; "
            "a recovery in between may have been lost"
        )


def _breaks_and_starts(told: list[FeedEvent]) -> tuple[list[tuple[datetime, datetime]], list[datetime]]:
    """Find where it was opened again, and the starts that were told before it was first over."""
    breaks: list[tuple[datetime, datetime]] = []
    starts: list[datetime] = []
    ended: datetime | None = None
    for event in told:
        if event.said.resolved_at:
            ended = event.said.resolved_at
        elif event.said.started_at and ended:
            breaks.append((ended, event.at))
            ended = None
        elif event.said.started_at and not breaks:
            starts.append(event.said.started_at)
    return breaks, starts


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
