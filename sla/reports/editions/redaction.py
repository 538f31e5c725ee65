"""The vendor's edition of a statement's inputs: the same figures without what is not the vendor's business.

Taken out are people of ours and of others (tokens stand in their place), our reasons, evidence and
reading notes, our titles of incidents and the names of our systems. What the vendor itself said stays,
and so do the contract's clauses, times, services and fees: whoever has them computes the same figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sla.engine.evaluation import evaluate
from sla.engine.facts import (
    Condition,
    Exclusion,
    Facts,
    Incident,
    Inputs,
    Outage,
    Party,
    Position,
    ReportedFigure,
    Watch,
)
from sla.engine.results import Result
from sla.engine.terms import Terms
from sla.reports.editions.figures import moved_figures
from sla.reports.editions.tokens import Tokens

REPORTERS = {"us", "vendor"}  # closed words, not names


@dataclass(frozen=True)
class _Names:
    """The tokens of one statement."""

    people: Tokens
    others: Tokens
    sources: Tokens
    events: Tokens

    def by(self, name: str) -> str:
        return self.others.token(self.people.token(name))


def vendor_inputs(inputs: Inputs) -> Inputs:
    """Return the inputs of the vendor's edition; raise ValueError where they give other figures."""
    redacted = _redacted(inputs)
    moved = moved_figures(computed(inputs), theirs=computed(redacted))
    if moved:
        raise ValueError(
            f"The vendor's edition of {inputs.schedule.contract}/{inputs.schedule.code}/"
            f"{inputs.period.label} would show other figures than ours: {'; '.join(moved[:3])}. "
            "Nothing was written; use the internal edition and report this statement's number."
        )
    return redacted


def computed(inputs: Inputs) -> Result:
    """Return what inputs come to by the present calculation."""
    return evaluate(
        inputs.versions,
        schedule=inputs.schedule,
        facts=inputs.facts,
        period=inputs.period,
        known_until=inputs.known_until,
        history=inputs.history,
    )


def _redacted(inputs: Inputs) -> Inputs:
    names = _names(inputs)
    return replace(
        inputs,
        versions=tuple(_terms(each, names=names) for each in inputs.versions),
        facts=_facts(inputs.facts, names=names),
    )


def _names(inputs: Inputs) -> _Names:
    facts = inputs.facts
    references = {each.reference for each in facts.incidents}
    people = set(_ours(inputs))
    return _Names(
        people=Tokens("Customer representative", people),
        others=Tokens("Third party", set(_of_others(facts)) - people, by_letter=True),
        sources=Tokens("Source", (each.source for each in facts.watches)),
        # An event that is named after an incident keeps that name, or the two would be no longer one.
        events=Tokens("Event", {each.root_event for each in facts.incidents} - references),
    )


def _ours(inputs: Inputs) -> Iterator[str]:
    """Yield the names under what we say, or said together with the vendor."""
    facts, own = inputs.facts, (Party.OURS, Party.AGREED)
    yield from (each.signed_off_by for each in inputs.versions)
    yield from (each.by for each in _said(facts) if each.party in own)
    yield from (each.by for each in facts.conditions)
    yield from (each.confirmed_by for each in facts.watches)


def _of_others(facts: Facts) -> Iterator[str]:
    yield from (each.by for each in _said(facts) if each.party is Party.DETERMINED)
    yield from (each.by for each in facts.figures if each.by not in REPORTERS)


def _said(facts: Facts) -> Iterator[Position | Exclusion]:
    for outage in facts.outages:
        yield from outage.positions
    yield from facts.exclusions


def _terms(terms: Terms, *, names: _Names) -> Terms:
    return replace(terms, signed_off_by=names.by(terms.signed_off_by), reading_notes=())


def _facts(facts: Facts, *, names: _Names) -> Facts:
    return replace(
        facts,
        incidents=tuple(_incident(each, names=names) for each in facts.incidents),
        outages=tuple(_outage(each, names=names) for each in facts.outages),
        clock_stops=tuple(replace(each, reason="") for each in facts.clock_stops),
        exclusions=tuple(_exclusion(each, names=names) for each in facts.exclusions),
        figures=tuple(_figure(each, names=names) for each in facts.figures),
        deliveries=tuple(replace(each, document="") for each in facts.deliveries),
        conditions=tuple(_condition(each, names=names) for each in facts.conditions),
        watches=tuple(_watch(each, names=names) for each in facts.watches),
    )


def _incident(incident: Incident, *, names: _Names) -> Incident:
    return replace(incident, title="", root_event=names.events.token(incident.root_event))


def _outage(outage: Outage, *, names: _Names) -> Outage:
    return replace(outage, positions=tuple(_position(each, names=names) for each in outage.positions))


def _position(said: Position, *, names: _Names) -> Position:
    why = said.why if said.party is Party.VENDORS else ""
    return replace(said, by=names.by(said.by), why=why)


def _exclusion(said: Exclusion, *, names: _Names) -> Exclusion:
    why = said.why if said.party is Party.VENDORS else ""
    return replace(said, by=names.by(said.by), why=why)


def _figure(figure: ReportedFigure, *, names: _Names) -> ReportedFigure:
    return replace(figure, by=names.by(figure.by), document="")


def _condition(condition: Condition, *, names: _Names) -> Condition:
    return replace(condition, by=names.by(condition.by), evidence="")


def _watch(watch: Watch, *, names: _Names) -> Watch:
    return replace(watch, source=names.sources.token(watch.source), confirmed_by=names.by(watch.confirmed_by))
