"""From a schedule's terms and a contract's facts to one period's explained result.

The order of calculation is design's: versions in force, the account of time, levels, credits,
claims, history. Nothing here computes a figure; it decides who computes what over which window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from sla.engine.claims import chronic_counters, claim_terms, earned_back, with_balances
from sla.engine.credits import Setting, credits_of, next_tier, setting_of
from sla.engine.facts import Facts, Outcome, Party, Verdict
from sla.engine.intervals import Interval
from sla.engine.ledger import FactIndex, Scope, index_facts
from sla.engine.measurement import Frame, measured
from sla.engine.money import Money
from sla.engine.outcomes import outcomes_of
from sla.engine.periods import DAY, Period, periods_ending_in
from sla.engine.results import Credits, Measured, NextTier, Result
from sla.engine.terms.rules import ExclusionRule
from sla.engine.terms.targets import Target
from sla.engine.terms.versions import Schedule, Split, Terms

ENGINE_VERSION = "1"


class Part(NamedTuple):
    """A stretch of the period under one version of the terms."""

    version: int
    terms: Terms
    period: Period


@dataclass(frozen=True, kw_only=True)
class Case:
    """One schedule, one period, and everything it is judged from."""

    versions: tuple[Terms, ...]
    schedule: Schedule
    facts: Facts
    period: Period
    known_until: datetime
    history: tuple[Outcome, ...]


def evaluate(
    versions: Sequence[Terms],
    *,
    schedule: Schedule,
    facts: Facts,
    period: Period,
    known_until: datetime,
    history: Sequence[Outcome] = (),
) -> Result:
    """Return what a vendor achieved and owes under one SLA schedule in one statement period.

    ``known_until`` is a UTC instant: seconds after it are unknown, and the result is provisional.
    ``history`` are outcomes of earlier windows, oldest first. Raises ValueError where no version is
    in force in the period.
    """
    case = Case(
        versions=tuple(sorted(versions, key=lambda terms: terms.effective_from)),
        schedule=schedule,
        facts=facts,
        period=period,
        known_until=known_until,
        history=tuple(history),
    )
    parts = _parts(case)
    index = index_facts(facts)
    levels = _levels(case, parts=parts, index=index, reading=Party.OURS)
    setting = setting_of(
        levels,
        versions=case.versions,
        schedule=schedule,
        facts=facts,
        period=period,
        history=case.history,
    )
    due = credits_of(setting)
    theirs = _agreed(case, parts=parts, index=index, setting=setting, due=due)
    return _result(case, parts=parts, setting=setting, due=due, theirs=theirs)


def _parts(case: Case) -> list[Part]:
    parts = parts_of(case.versions, period=case.period, facts=case.facts)
    if not parts:
        first = case.versions[0].effective_from if case.versions else "no date"
        raise ValueError(
            f"No version of {case.schedule.code!r} is in force in {case.period.label}: the first begins "
            f"on {first}. Choose a later period."
        )
    return parts


def parts_of(versions: Sequence[Terms], *, period: Period, facts: Facts) -> list[Part]:
    """Return the stretches of a period under one version each, by each amendment's own split rule.

    Before the first version there is nothing to judge: the first part begins with it.
    """
    held: list[tuple[int, Terms, date]] = []
    for number, terms in enumerate(versions):
        replaced = number + 1 < len(versions) and versions[number + 1].effective_from <= period.first_on
        if replaced or terms.effective_from > period.last_on:
            continue
        first_on = max(terms.effective_from, period.first_on)
        if held and terms.split is Split.START:
            continue
        if held and terms.split is Split.END:
            first_on = held[0][2]
            held.clear()
        held.append((number, terms, first_on))
    starts = [first_on for _, _, first_on in held]
    ends = [*(first_on - DAY for first_on in starts[1:]), period.last_on]
    return [
        Part(number, terms, part_of(period, first_on=first_on, last_on=last_on, facts=facts))
        for (number, terms, first_on), last_on in zip(held, ends, strict=False)
    ]


def part_of(period: Period, *, first_on: date, last_on: date, facts: Facts) -> Period:
    """Return the part of a period between two local dates, both included, under the same label."""
    if first_on == period.first_on and last_on == period.last_on:
        return period
    during = Interval(facts.zone.midnight(first_on), facts.zone.midnight(last_on + DAY))
    return Period(period.label, during, first_on, last_on)


def _levels(case: Case, *, parts: Sequence[Part], index: FactIndex, reading: Party) -> tuple[Measured, ...]:
    found: list[Measured] = []
    every = tuple(unit.code for unit in case.facts.units)
    for part in parts:
        absent = _absent(part, facts=case.facts)
        for target in part.terms.targets:
            rules = _exclusions(part.terms, target=target)
            named = target.services or every
            units = tuple(code for code in named if code not in absent) or named
            for window in _windows(target, part=part, facts=case.facts):
                scope = Scope(
                    target=target,
                    window=window,
                    exclusions=rules,
                    known_until=case.known_until,
                    reading=reading,
                    history=case.history,
                    consumes_downtime=part.terms.consumes_downtime,
                )
                found += measured(
                    Frame(
                        target=target,
                        terms=part.terms,
                        version=part.version,
                        schedule=case.schedule,
                        index=index,
                        scope=scope,
                        units=units,
                        history=case.history,
                    )
                )
    return tuple(found)


def _exclusions(terms: Terms, *, target: Target) -> tuple[ExclusionRule, ...]:
    if target.exclusions is None:
        return terms.exclusions
    return tuple(rule for rule in terms.exclusions if rule.code in target.exclusions)


def _absent(part: Part, *, facts: Facts) -> set[str]:
    """Return the codes of services that are never in service in the part: no level is about them."""
    during = part.period.during
    return {
        unit.code
        for unit in facts.units
        if (unit.in_service_from is not None and unit.in_service_from >= during.end)
        or (unit.in_service_until is not None and unit.in_service_until <= during.start)
    }


def _windows(target: Target, *, part: Part, facts: Facts) -> list[Period]:
    """Return the windows that a level is judged over: the period, or its own windows that end in it."""
    if target.window is None:
        return [part.period]
    return periods_ending_in(part.period, rule=target.window, zone=facts.zone)


def _agreed(
    case: Case, *, parts: Sequence[Part], index: FactIndex, setting: Setting, due: Credits
) -> Credits | None:
    """Return the credits by the vendor's own positions, None where none is contested."""
    if due.money is None or not any(one.contested for one in setting.measured):
        return None
    levels = _levels(case, parts=parts, index=index, reading=Party.VENDORS)
    return credits_of(replace(setting, measured=levels))


def _with_agreed(due: Credits, *, theirs: Credits | None) -> Credits:
    """Return the credits with what each comes to by the vendor's own positions."""
    if theirs is None:
        return due
    by_level = {(line.target, line.window, line.units): line.due for line in theirs.lines}
    lines = []
    for line in due.lines:
        agreed = by_level.get((line.target, line.window, line.units))
        if line.due is not None:
            agreed = Money(min(agreed.minor if agreed else 0, line.due.minor), line.due.currency)
        lines.append(replace(line, agreed=agreed))
    return replace(due, lines=tuple(lines))


def _result(
    case: Case, *, parts: Sequence[Part], setting: Setting, due: Credits, theirs: Credits | None
) -> Result:
    terms, levels = parts[-1].terms, setting.measured
    schedule, facts, period, history = case.schedule, case.facts, case.period, case.history
    behind = _claimed(levels, facts=facts)
    claimable = terms.claim if any(one.missed for one in levels) else None
    agreed, contested = _split(due.money, theirs=theirs)
    outcomes = outcomes_of(levels, credits=due, versions=case.versions)
    earned = earned_back(terms.earn_back, outcomes=outcomes, history=history, period=period)
    return Result(
        engine_version=ENGINE_VERSION,
        contract=schedule.contract,
        schedule=schedule.code,
        period=period,
        currency=schedule.currency,
        zone=schedule.zone,
        known_until=case.known_until,
        measured=levels,
        credits=_with_agreed(due, theirs=theirs),
        claim=claim_terms(claimable, schedule=schedule, facts=facts, period=period, incidents=behind),
        chronic=chronic_counters(
            terms.chronic,
            measured=levels,
            outcomes=outcomes,
            history=history,
            facts=facts,
            schedule=schedule,
            period=period,
        ),
        earned_back=earned,
        next_tiers=_next_tiers(setting),
        outcomes=with_balances(outcomes, history=history, earned=earned),
        agreed=agreed,
        contested=contested,
        provisional=_reasons(levels, due=due),
    )


def _reasons(levels: Sequence[Measured], *, due: Credits) -> tuple[str, ...]:
    """Return why figures may still move, each reason once."""
    found = [reason for one in levels for reason in one.provisional]
    found += [reason for line in due.lines for reason in line.provisional]
    return tuple(dict.fromkeys(found))


def _split(money: Money | None, *, theirs: Credits | None) -> tuple[Money | None, Money | None]:
    """Return the agreed and the contested part of the money due, none where nothing is contested."""
    if money is None or theirs is None:
        return None, None
    agreed = min(theirs.money.minor if theirs.money is not None else 0, money.minor)
    return Money(agreed, money.currency), Money(money.minor - agreed, money.currency)


def _next_tiers(setting: Setting) -> tuple[NextTier, ...]:
    """Return what each level still bears, each priced for itself: as if nothing was missed before."""
    alone = replace(setting, measured=(), history=())
    return tuple(next_tier(one, setting=alone) for one in setting.measured)


def _claimed(levels: Sequence[Measured], *, facts: Facts) -> list[str]:
    """Return the incidents behind missed levels, in the order they are recorded."""
    behind = {
        reference
        for one in levels
        if one.verdict is Verdict.MISSED
        for event in one.events
        for reference in event.incidents
    }
    return [incident.reference for incident in facts.incidents if incident.reference in behind]
