"""What a rule goes by and lacks: units of notice, calendars, anchors that its measure does not have."""

from __future__ import annotations

from collections.abc import Iterator

from sla.engine.terms.counting import Obligation, Sampled, Statistic
from sla.engine.terms.problems import Problem
from sla.engine.terms.rules import Anchor, ExclusionRule, OffsetUnit
from sla.engine.terms.targets import Milestone, Target
from sla.engine.terms.versions import Terms

NOTICE_UNITS = (OffsetUnit.HOURS, OffsetUnit.DAYS, OffsetUnit.WEEKS, OffsetUnit.WORKING_DAYS)
OF_AN_INCIDENT = (
    Anchor.INCIDENT_START,
    Anchor.INCIDENT_END,
    Anchor.REPORTED,
    Anchor.AWARE,
    Anchor.TICKET_CLOSED,
)


def unmet_needs(terms: Terms) -> Iterator[Problem]:
    """Yield what would stop an evaluation half-way: a rule without what it goes by."""
    for i, rule in enumerate(terms.exclusions):
        yield from (problem.under(f"exclusions[{i}]") for problem in _of_exclusion(rule))
    for i, target in enumerate(terms.targets):
        yield from (problem.under(f"targets[{i}]") for problem in _of_target(target))


def _of_exclusion(rule: ExclusionRule) -> Iterator[Problem]:
    if rule.notice_unit not in NOTICE_UNITS:
        units = ", ".join(unit.value for unit in NOTICE_UNITS)
        yield Problem("notice_unit", f"Notice is not given in {rule.notice_unit.value}. Use one of: {units}.")
    if rule.notice_unit is OffsetUnit.WORKING_DAYS and not rule.notice_calendar:
        yield Problem(
            "notice_calendar",
            "Notice in working days needs a calendar that says which days those are. Name it.",
        )


def _of_target(target: Target) -> Iterator[Problem]:
    params = target.params
    if isinstance(params, Sampled):
        if params.statistic is Statistic.INTERVAL_SUCCESS and params.every is None:
            yield Problem("every", "Success is found interval by interval. Give their length, such as 5 min.")
    elif isinstance(params, Obligation):
        if params.unit != OffsetUnit.HOURS and params.n != params.n.to_integral_value():
            yield Problem("n", f"{params.n} {params.unit} is no date. Use a whole number, or hours.")
        of_incidents = params.what in {milestone.value for milestone in Milestone}
        if of_incidents and params.anchor not in OF_AN_INCIDENT:
            anchors = ", ".join(anchor.value for anchor in OF_AN_INCIDENT)
            yield Problem(
                "anchor",
                f"{params.what} is owed for each incident, not from {params.anchor}. Use one of: {anchors}.",
            )
