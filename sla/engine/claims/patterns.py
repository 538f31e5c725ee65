"""What counts towards a chronic pattern, and when (clauses.md 2.9).

Each kind of pattern gives *stations*: the marks that count at one moment of the statement period.
Spans are local calendar dates inclusive and take a run by its start (A39); limits are literal (A40);
a window without a measurable figure neither counts nor breaks a chain (A36), a missing one breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from sla.engine.claims.anchors import Moments
from sla.engine.claims.deadlines import Setting
from sla.engine.claims.timeline import look_back_from, statement_on
from sla.engine.facts import Outcome, Verdict
from sla.engine.intervals import Interval, micro, union
from sla.engine.periods import DAY
from sla.engine.terms.rules import ChronicKind, ChronicRule
from sla.engine.trace import Step, notes, rules, written_fraction, written_length

rules(
    chronic__run="An outage of {value}, from {started_at} to {ended_at}.",
    chronic__window="{target} in {value}: {what}.",
)

ONE = Fraction(1)


class Mark(NamedTuple):
    """One run or window that counts, and when it happened.

    ``moments`` is None for a window: it is told by its date alone.
    """

    amount: Fraction
    on: date
    moments: Moments | None
    step: Step


Station = list[Mark]


@dataclass(frozen=True, kw_only=True)
class View:
    """The windows that one counter looks over, oldest first, and which of them are this period's."""

    setting: Setting
    rows: Sequence[Outcome]
    new: Sequence[Outcome]
    timed: frozenset[str]  # targets whose value is a length of time


def limit_of(rule: ChronicRule) -> timedelta:
    """Return the length of time a rule states."""
    return rule.level if isinstance(rule.level, timedelta) else rule.longer_than


def passes(rule: ChronicRule, *, length: timedelta) -> bool:
    """Return whether a length of time lies beyond the rule's limit, or on it where that is enough."""
    return length >= limit_of(rule) if rule.inclusive else length > limit_of(rule)


def _run_marks(runs: Iterable[Interval], *, rule: ChronicRule, view: View) -> Station:
    zone = view.setting.facts.zone
    return [
        Mark(
            amount=Fraction(micro(run.length)) if rule.kind is ChronicKind.CUMULATIVE else ONE,
            on=zone.date_of(run.start),
            moments=_run_moments(run),
            step=Step(
                "chronic.run",
                micro(run.length),
                unit="us",
                notes=notes(started_at=run.start, ended_at=run.end),
            ),
        )
        for run in runs
    ]


def _run_moments(run: Interval) -> Moments:
    return Moments(
        started_at=run.start,
        ended_at=run.end,
        reported_at=run.start,
        aware_at=run.start,
        closed_at=run.end,
        eligible_at=run.end,
    )


def _runs(rows: Iterable[Outcome]) -> list[Interval]:
    """Return the runs of several windows; one that two of them hold, or that an edge cuts, is one."""
    return union(Interval(run.started_at, run.ended_at) for row in rows for run in row.runs)


def _over_runs(rule: ChronicRule, *, runs: Sequence[Interval], view: View) -> list[Station]:
    """Return the runs that begin in each span which ends on a date of this period."""
    marks = _run_marks(runs, rule=rule, view=view)
    period = view.setting.period
    ends = {mark.on for mark in marks if period.first_on <= mark.on <= period.last_on} | {period.last_on}
    return [
        [mark for mark in marks if first <= mark.on <= end]
        for end in sorted(ends)
        for first in [span_from(rule, end=end, view=view)]
    ]


def span_from(rule: ChronicRule, *, end: date, view: View) -> date:
    """Return the first date of the span that ends on a date."""
    if rule.span_days is not None:
        return end - timedelta(days=rule.span_days - 1)
    if rule.of_last is not None:
        return look_back_from(view.setting.period, count=rule.of_last) or date.min
    return date.min


def _outages(rule: ChronicRule, view: View) -> list[Station]:
    runs = [run for run in _runs(view.rows) if passes(rule, length=run.length)]
    return _over_runs(rule, runs=runs, view=view)


def _single(rule: ChronicRule, view: View) -> list[Station]:
    during = view.setting.period.during
    runs = [run for run in _runs(view.rows) if run.start < during.end and run.end > during.start]
    return [_run_marks([run for run in runs if passes(rule, length=run.length)], rule=rule, view=view)]


def _cumulative(rule: ChronicRule, view: View) -> list[Station]:
    if rule.span_days is not None:
        return _over_runs(rule, runs=_runs(view.rows), view=view)
    return [
        [_window_mark(row, amount=Fraction(row.counted_us), view=view) for row in rows if row.counted_us]
        for rows in _look_backs(view, count=rule.of_last or 1)
    ]


def _consecutive(rule: ChronicRule, view: View) -> list[Station]:
    new = {id(row) for row in view.new}
    chain: Station = []
    stations = []
    before: Outcome | None = None
    for row in view.rows:
        if before is not None and before.last_on + DAY < row.first_on:
            chain = []
        if row.verdict is not Verdict.NOT_MEASURABLE:
            chain = (
                [*chain, _window_mark(row, amount=ONE, view=view)]
                if counts(row, rule=rule, view=view)
                else []
            )
        if id(row) in new:
            stations.append(chain)
        before = row
    return stations


def _misses(rule: ChronicRule, view: View) -> list[Station]:
    return [
        [_window_mark(row, amount=ONE, view=view) for row in rows if counts(row, rule=rule, view=view)]
        for rows in _look_backs(view, count=rule.of_last, days=rule.span_days)
    ]


def _below(rule: ChronicRule, view: View) -> list[Station]:
    if rule.of_last or rule.span_days:
        return _misses(rule, view)
    return [
        [_window_mark(row, amount=ONE, view=view) for row in view.new if counts(row, rule=rule, view=view)]
    ]


def _look_backs(view: View, *, count: int | None, days: int | None = None) -> list[list[Outcome]]:
    """Return, for each new window, the windows of the span that ends with it; all where none is named."""
    new = {id(row) for row in view.new}
    return [
        _look_back(view.rows[: index + 1], count=count, days=days)
        for index, row in enumerate(view.rows)
        if id(row) in new
    ]


def _look_back(rows: Sequence[Outcome], *, count: int | None, days: int | None) -> list[Outcome]:
    newest = rows[-1]
    if days is not None:
        return [row for row in rows if row.last_on > newest.last_on - timedelta(days=days)]
    if count is None:
        return list(rows)
    first = look_back_from(newest, count=count)
    return list(rows[-count:]) if first is None else [row for row in rows if row.first_on >= first]


def counts(row: Outcome, *, rule: ChronicRule, view: View) -> bool:
    """Return whether a window counts: past the literal limit, short of the expected level, or missed."""
    if isinstance(rule.level, timedelta):
        measured = row.value if row.target in view.timed else Fraction(row.counted_us)
        return measured is not None and passes(rule, length=timedelta(microseconds=int(measured)))
    if rule.level is not None:
        if row.value is None:
            return False
        apart = row.value - Fraction(rule.level) if rule.over else Fraction(rule.level) - row.value
        return apart >= 0 if rule.inclusive else apart > 0
    return row.expected_missed if rule.expected else row.verdict is Verdict.MISSED


def _window_mark(row: Outcome, *, amount: Fraction, view: View, what: str = "") -> Mark:
    step = Step(
        "chronic.window",
        row.period,
        notes=notes(target=row.target, what=what or _in_words(row, view=view), units=row.units),
    )
    return Mark(amount=amount, on=row.last_on, moments=None, step=step)


def _in_words(row: Outcome, *, view: View) -> str:
    words = [row.verdict.value.replace("_", " ")]
    if row.value is not None:
        words.append(written_length(row.value) if row.target in view.timed else written_fraction(row.value))
    if row.counted_us:
        words.append(f"{written_length(row.counted_us)} counted")
    return ", ".join(words)


def _whole(rule: ChronicRule, view: View) -> list[Outcome]:
    """Return the windows of the whole schedule in the statement periods that the rule looks over."""
    period = view.setting.period
    if rule.span_days is not None:
        first: date | None = period.last_on - timedelta(days=rule.span_days - 1)
    else:
        default = None if rule.kind is ChronicKind.CAP_REACHED else 1
        count = rule.of_last or default
        first = look_back_from(period, count=count) if count else date.min
    return [row for row in view.rows if row.last_on >= (first or period.first_on)]


def _points(rule: ChronicRule, view: View) -> list[Station]:
    return [
        [
            _window_mark(row, amount=row.points, view=view, what=f"{written_fraction(row.points)} points")
            for row in _whole(rule, view)
            if row.points
        ]
    ]


def _cap_reached(rule: ChronicRule, view: View) -> list[Station]:
    """Return one mark for each statement period in which any cap cut a credit."""
    setting = view.setting
    marks: dict[date, Mark] = {}
    for row in _whole(rule, view):
        if row.cap_reached:
            statement = statement_on(row.last_on, schedule=setting.schedule, zone=setting.facts.zone)
            what = f"cap {', '.join(row.cap_reached)} reached"
            marks.setdefault(statement.first_on, _window_mark(row, amount=ONE, view=view, what=what))
    return [[marks[first] for first in sorted(marks)]]


STATIONS: dict[ChronicKind, Callable[[ChronicRule, View], list[Station]]] = {
    ChronicKind.OUTAGES: _outages,
    ChronicKind.CUMULATIVE: _cumulative,
    ChronicKind.SINGLE: _single,
    ChronicKind.CONSECUTIVE: _consecutive,
    ChronicKind.MISSES: _misses,
    ChronicKind.CAP_REACHED: _cap_reached,
    ChronicKind.POINTS: _points,
    ChronicKind.BELOW: _below,
}
