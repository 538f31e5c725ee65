"""Fold a table with one row for each update of an incident, as ticket systems export their history.

The updates are put in the order of their own times. The last one says how the incident stands; the way
there gives the moments and the waits. Options:

| key | value, with the default |
|---|---|
| option:new | states before anybody took it: new, open, logged, submitted |
| option:over | states in which it is over: resolved, closed, completed, done, fixed, canceled, cancelled |
| option:stops | states in which it waits, with a reason of STOP_REASONS: `Awaiting User Info=no_answer` |

A wait says that the ticket stood in that state. Whether it stops the vendor's clock is the contract's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from incidents.feeds.table_records import LONGEST_ID, OVER, Row, instant_of
from incidents.feeds.values import FeedError, FeedIncident, FeedMoment, FeedWait
from vendors.files.mapping import OPTION, TableMapping
from vendors.files.rows import shown
from vendors.files.tables import Table, same

UPDATE_OPTIONS: Mapping[str, str] = {
    "new": "Only for updates, with a bar between, such as New|Open; left empty: new, open, logged, submitted",
    "over": "Only for updates, with a bar between, such as Resolved|Closed; left empty: resolved, closed, "
    "completed, done, fixed, cancelled",
    "stops": "Only for updates, such as Awaiting User Info=no_answer|On Hold=other; the reasons are "
    "no_access, no_answer, our_test, our_request, our_equipment and other. Left empty, no state is a wait",
}
NEW = frozenset({"new", "open", "logged", "submitted"})
CANCELLED = frozenset({"canceled", "cancelled"})
# The words of the register, see incidents.models.choices.StopReason.
STOP_REASONS = ("no_access", "no_answer", "our_test", "our_request", "our_equipment", "other")
MOST_UPDATES = 5_000
# Exports cut times to the minute; less than this apart says nothing.
SAME_TIME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _States:
    """What the words of a status column mean."""

    new: frozenset[str]
    over: frozenset[str]
    stops: Mapping[str, str]

    @classmethod
    def of(cls, mapping: TableMapping) -> "_States":
        stops = mapping.meanings("stops")
        for state, reason in stops.items():
            if reason not in STOP_REASONS:
                raise FeedError(
                    f"{OPTION}stops: '{reason[:40]}' for {shown(state)} is no reason. "
                    f"Give one of: {', '.join(STOP_REASONS)}."
                )
        return cls(
            new=mapping.words("new") or NEW, over=mapping.words("over") or OVER | CANCELLED, stops=stops
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Update:
    """One row: when the update was made, and what it says."""

    at: datetime
    sequence: int
    row: int
    said: FeedIncident
    closed_at: datetime | None

    @property
    def state(self) -> str:
        return same(self.said.status)


def folded(rows: Iterable[Row], *, table: Table, mapping: TableMapping) -> tuple[FeedIncident, ...]:
    """Give one incident for each number, in the order in which the table first names them.

    Raises:
        FeedError: an option that is not understood, or one number with more updates than any ticket has.

    """
    states = _States.of(mapping)
    updates: dict[str, list[_Update]] = {}
    for row in rows:
        update = _update(row, table=table)
        if update is None:
            continue
        met = updates.setdefault(update.said.external_id, [])
        met.append(update)
        if len(met) > MOST_UPDATES:
            raise FeedError(
                f"{shown(update.said.external_id)} has more than {MOST_UPDATES} updates. Is that its number?"
            )
    return tuple(_incident(met, states=states, lost=table.lost[number]) for number, met in updates.items())


def _update(row: Row, *, table: Table) -> _Update | None:
    record, times, said = row
    at = instant_of(times, "changed")
    if not said.external_id or len(said.external_id) > LONGEST_ID:
        table.problem(record, "number", "the row has no number, or one longer than 120 letters; give it one.")
    elif at is None:
        table.problem(record, "changed", "the update says no time of its own; without it, it has no place.")
    else:
        order = record.text("sequence")
        number = int(order) if order.isdecimal() and len(order) < 10 else 0
        return _Update(
            at=at,
            sequence=number,
            row=record.number,
            said=said,
            closed_at=instant_of(times, "closed"),
        )
    return None


def _incident(updates: list[_Update], *, states: _States, lost: int) -> FeedIncident:
    updates.sort(key=lambda update: (update.at, update.sequence, update.row))
    last = updates[-1]
    runs = list(_runs(updates))
    ended, notes = _end(runs, last=last, states=states)
    return replace(
        last.said,
        narrative="\n\n".join(part for part in (last.said.narrative, _story(runs)) if part),
        resolved_at=ended,
        changed_at=last.at,
        moments=tuple(_moments(runs, last=last, ended=ended, states=states)),
        waits=tuple(_waits(runs, states=states)),
        notes=(
            *_kept_notes(last.said, ended=ended),
            *notes,
            *_reopened(runs, states=states),
            *_gaps(lost),
        ),
    )


def _kept_notes(said: FeedIncident, *, ended: datetime | None) -> Iterator[str]:
    """Keep the notes of the last row that still hold once the end is known."""
    for note in said.notes:
        if ended == said.resolved_at or not note.startswith(("It ends no later", "Its status is")):
            yield note
    if ended != said.resolved_at and ended and said.started_at and ended <= said.started_at:
        yield "It ends no later than it begins: it counts no time."


def _gaps(lost: int) -> Iterator[str]:
    if lost:
        yield f"{lost} of its rows could not be read: its states and waits may be incomplete."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The time in one state, `[begun, left)` in UTC, open where it is the last."""

    state: str
    word: str
    begun: datetime
    left: datetime | None


def _runs(updates: Sequence[_Update]) -> Iterator[_Run]:
    begun = updates[0]
    for update in updates[1:]:
        if update.state != begun.state:
            yield _Run(state=begun.state, word=begun.said.status, begun=begun.at, left=update.at)
            begun = update
    yield _Run(state=begun.state, word=begun.said.status, begun=begun.at, left=None)


def _end(runs: Sequence[_Run], *, last: _Update, states: _States) -> tuple[datetime | None, list[str]]:
    """Find when it ended: the time the last row states, else when it came into its last state of being over.

    A history repeats the final end in every row, so a stated end holds only where the last state is over.
    """
    stated, word = last.said.resolved_at, last.said.status
    if last.state not in states.over:
        if stated is None:
            return None, []
        return None, [
            f"The table states an end, {stated:%Y-%m-%d %H:%M} UTC, but the last update leaves it '{word}': "
            "it counts as not over."
        ]
    since = runs[-1].begun
    for run in reversed(runs):
        if run.state not in states.over:
            break
        since = run.begun
    if stated is None:
        return since, [f"The table states no end; taken is when it became '{word}' or what led there."]
    if abs(stated - since) <= SAME_TIME:
        return stated, []
    return stated, [f"It was over from {since:%Y-%m-%d %H:%M} UTC by its states; the stated end is taken."]


def _moments(
    runs: Sequence[_Run], *, last: _Update, ended: datetime | None, states: _States
) -> Iterator[FeedMoment]:
    stated = {moment.kind for moment in last.said.moments}
    yield from (moment for moment in last.said.moments if moment.kind not in ("resolved", "closed"))
    taken = next((run.begun for run in runs if run.state and run.state not in states.new), None)
    if taken and "acknowledged" not in stated:
        yield FeedMoment(kind="acknowledged", at=taken)
    if ended:
        yield FeedMoment(kind="resolved", at=ended)
    if last.state == "closed":
        yield FeedMoment(kind="closed", at=last.closed_at or runs[-1].begun)


def _waits(runs: Sequence[_Run], *, states: _States) -> Iterator[FeedWait]:
    for run in runs:
        reason = states.stops.get(run.state)
        if reason and run.left != run.begun:
            yield FeedWait(stopped_at=run.begun, resumed_at=run.left, reason=reason, why=run.word)


def _reopened(runs: Sequence[_Run], *, states: _States) -> Iterator[str]:
    """Tell of each time that it came back after it was over."""
    for before, after in pairwise(runs):
        if before.state in states.over and after.state not in states.over:
            yield (
                f"'{before.word}' at {before.begun:%Y-%m-%d %H:%M} UTC, then '{after.word}' again at "
                f"{after.begun:%Y-%m-%d %H:%M} UTC: the last end is taken; "
                "decide whether the time between counts."
            )


def _story(runs: Sequence[_Run]) -> str:
    return "\n".join(f"{run.begun:%Y-%m-%d %H:%M} UTC {run.word or 'no state'}" for run in runs)
