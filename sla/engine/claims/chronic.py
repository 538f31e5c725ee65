"""Counters of the patterns that open termination or escalation, with the date to act by.

A pattern is reached at the first station whose marks suffice; until then the last station says how
far it has come. `patterns` finds the stations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from sla.engine.claims.anchors import SHARED, Moments
from sla.engine.claims.deadlines import Setting, dues
from sla.engine.claims.patterns import STATIONS, Station, View, limit_of
from sla.engine.claims.timeline import statement_on
from sla.engine.facts import Facts, Outcome
from sla.engine.intervals import micro
from sla.engine.periods import Period
from sla.engine.results import Chronic, Due, Measured
from sla.engine.terms.rules import Anchor, ChronicKind, ChronicRule
from sla.engine.terms.versions import Schedule
from sla.engine.trace import Step, in_words, notes, rules, written

rules(
    chronic__outages="{name}: {value} of {needed} outages {limit}{where}{span}: {state}.",
    chronic__cumulative="{name}: {value} of downtime where {limit} counts{where}{span}: {state}.",
    chronic__single="{name}: {value} of {needed} single outages {limit}{where}: {state}.",
    chronic__consecutive="{name}: {value} of {needed} consecutive periods {limit}{where}: {state}.",
    chronic__misses="{name}: {value} of {needed} periods {limit}{where}{span}: {state}.",
    chronic__cap_reached="{name}: a cap was reached in {value} of {needed} periods{span}: {state}.",
    chronic__points="{name}: {value} where {limit} counts{span}: {state}.",
    chronic__below="{name}: {value} of {needed} periods {limit}{where}{span}: {state}.",
)

Group = tuple[str, tuple[str, ...]]
WHOLE: Group = ("", ())


def chronic_counters(
    terms: Sequence[ChronicRule],
    *,
    measured: Sequence[Measured],
    outcomes: Sequence[Outcome],
    history: Sequence[Outcome],
    facts: Facts,
    schedule: Schedule,
    period: Period,
) -> tuple[Chronic, ...]:
    """Return how far each pattern has come, by rule and what it is counted over.

    ``outcomes`` are this period's, ``history`` the earlier ones. A rule gives one counter for each
    service level or unit group that has anything counted, else one empty counter.
    """
    if not terms:
        return ()
    setting = Setting(schedule=schedule, facts=facts, period=period)
    timed = frozenset(found.target for found in measured if found.unit == "us")
    return tuple(
        counter
        for rule in terms
        for counter in _counters(rule, history=history, new=outcomes, setting=setting, timed=timed)
    )


def _counters(
    rule: ChronicRule,
    *,
    history: Sequence[Outcome],
    new: Sequence[Outcome],
    setting: Setting,
    timed: frozenset[str],
) -> list[Chronic]:
    fresh = {id(row) for row in new}
    groups: dict[Group, list[Outcome]] = {}
    for row in (*history, *new):
        if not rule.targets or row.target in rule.targets:
            groups.setdefault(_group(rule, row=row), []).append(row)
    found = []
    for group in sorted(groups):
        rows = sorted(groups[group], key=lambda row: (row.last_on, row.first_on, row.target, row.units))
        own = [row for row in rows if id(row) in fresh]
        if own or group == WHOLE:
            view = View(setting=setting, rows=rows, new=own, timed=timed)
            found.append(_counter(rule, view=view, group=group))
    return [counter for counter in found if counter.count] or found[:1]


def _group(rule: ChronicRule, *, row: Outcome) -> Group:
    """Return what is counted together: the whole schedule, the units' runs, or one service level."""
    if rule.kind in (ChronicKind.CAP_REACHED, ChronicKind.POINTS):
        return WHOLE
    by_run = rule.kind is ChronicKind.CUMULATIVE and rule.span_days is not None
    if by_run or rule.kind in (ChronicKind.OUTAGES, ChronicKind.SINGLE):
        return "", row.units
    return row.target, row.units


def _counter(rule: ChronicRule, *, view: View, group: Group) -> Chronic:
    stations = STATIONS[rule.kind](rule, view)
    reached = [station for station in stations if _suffices(rule, total=_total(station))]
    shown = max(reached, key=_total) if reached else stations[-1]
    target, units = group
    return Chronic(
        code=rule.code,
        name=rule.name or rule.code,
        reached=bool(reached),
        count=int(_total(shown)),
        needed=int(_needed(rule)),
        opens=rule.opens,
        ends=rule.ends,
        notice_by=_notice(rule, station=reached[0], view=view) if reached else None,
        step=_step(rule, shown=shown, is_reached=bool(reached), group=group),
        unit=_unit(rule),
        target=target,
        units=units,
    )


def _unit(rule: ChronicRule) -> str:
    return {ChronicKind.CUMULATIVE: "us", ChronicKind.POINTS: "points"}.get(rule.kind, "count")


def _needed(rule: ChronicRule) -> Fraction:
    if rule.kind is ChronicKind.CUMULATIVE:
        return Fraction(micro(limit_of(rule)))
    if rule.kind is ChronicKind.POINTS and rule.level is not None:
        return Fraction(str(rule.level))
    return Fraction(rule.count)


def _suffices(rule: ChronicRule, *, total: Fraction) -> bool:
    """Return whether a pattern is complete: counts reach their number, amounts pass their limit."""
    if rule.kind in (ChronicKind.CUMULATIVE, ChronicKind.POINTS) and not rule.inclusive:
        return total > _needed(rule)
    return total > 0 and total >= _needed(rule)


def _total(station: Station) -> Fraction:
    return sum((mark.amount for mark in station), start=Fraction(0))


def _notice(rule: ChronicRule, *, station: Station, view: View) -> Due | None:
    """Return by when notice must be given, counted from the run or window that completed the pattern."""
    if rule.notice is None:
        return None
    enough = next(n for n in range(1, len(station) + 1) if _suffices(rule, total=_total(station[:n])))
    last = station[enough - 1]
    facts, limit = view.setting.facts, rule.notice
    statement = statement_on(last.on, schedule=view.setting.schedule, zone=facts.zone)
    if last.moments is None and limit.anchor not in SHARED:
        limit = replace(limit, anchor=Anchor.PERIOD_END)
    found = dues(
        limit,
        what=f"notice of {rule.name or rule.code}",
        clause=rule.clause,
        around=[last.moments or Moments()],
        setting=replace(view.setting, period=statement),
        is_required=rule.waived_if_late,
    )
    return min(found, key=lambda due: due.due_until, default=None)


def _step(rule: ChronicRule, *, shown: Station, is_reached: bool, group: Group) -> Step:
    target, units = group
    opens = f"reached, opens {rule.opens}" if rule.opens else "reached"
    over = [", ".join(units)] if units else []
    return Step(
        f"chronic.{rule.kind.value}",
        _total(shown),
        unit=_unit(rule),
        clause=rule.clause,
        inputs=tuple(mark.step for mark in shown),
        notes=notes(
            name=rule.name or rule.code,
            needed=written(_needed(rule), unit=_unit(rule)),
            limit=_limit_in_words(rule),
            where="".join(f" of {name}" for name in ([target] if target else []) + over),
            span=_span_in_words(rule),
            state=opens if is_reached else "not reached",
        ),
    )


def _limit_in_words(rule: ChronicRule) -> str:
    if rule.kind is ChronicKind.CUMULATIVE:
        return f"{'at least' if rule.inclusive else 'more than'} {in_words(limit_of(rule))}"
    if rule.kind is ChronicKind.POINTS:
        return f"{'at least' if rule.inclusive else 'more than'} {in_words(_needed(rule))} points"
    if rule.kind in (ChronicKind.OUTAGES, ChronicKind.SINGLE):
        return f"{'of at least' if rule.inclusive else 'longer than'} {in_words(limit_of(rule))}"
    if rule.level is None:
        return "short of the expected level" if rule.expected else "missed"
    is_worse_above = rule.over or isinstance(rule.level, timedelta)
    words = ("at or above", "above") if is_worse_above else ("at or below", "below")
    return f"{words[0] if rule.inclusive else words[1]} {in_words(rule.level)}"


def _span_in_words(rule: ChronicRule) -> str:
    if rule.span_days is not None:
        return f" in {rule.span_days} days"
    return f" in the last {rule.of_last} periods" if rule.of_last is not None else ""
