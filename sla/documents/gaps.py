"""What would stop an evaluation half-way: rules without what they go by, names left empty, far-off times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime

from sla.documents.document import Document
from sla.engine.codec import Problem
from sla.engine.terms.counting import Obligation, Sampled, Statistic
from sla.engine.terms.rules import Anchor, Offset, OffsetUnit
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
# Time is cut into periods from the first record to the last: one mistyped century makes thousands.
EARLIEST, LATEST = -20, 60
HAPPENED = ("incidents", "maintenance", "samples", "deliveries", "conditions", "exclusions", "watches")
# Control signs other than tabs and line ends, and those that turn the direction of writing.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def gaps(document: Document) -> Iterator[Problem]:
    """Yield what leaves a document readable and yet not to be evaluated."""
    yield from _texts(document, place="")
    yield from _far_off(document)
    for i, agreement in enumerate(document.agreements):
        for j, terms in enumerate(agreement.versions):
            for problem in _of_terms(terms, calendars=[entry.code for entry in document.calendars]):
                yield problem.under(f"agreements[{i}].versions[{j}]")


def _texts(value: object, *, place: str) -> Iterator[Problem]:
    """Yield the empty names in lists, and the texts that would steer a terminal or hide what they say."""
    if isinstance(value, str):
        if sign := _HIDDEN.search(value):
            yield Problem(place, f"The text holds the hidden sign U+{ord(sign[0]):04X}. Remove it.")
    elif is_dataclass(value):
        for field in fields(value):
            inner = f"{place}.{field.name}" if place and field.name != "params" else place or field.name
            yield from _texts(getattr(value, field.name), place=inner)
    elif isinstance(value, tuple) and not hasattr(value, "_fields"):
        for index, item in enumerate(value):
            if isinstance(item, str) and not item.strip():
                yield Problem(f"{place}[{index}]", "The name is empty. Write it, or take it out of the list.")
            yield from _texts(item, place=f"{place}[{index}]")


def _far_off(document: Document) -> Iterator[Problem]:
    begins = document.contract.effective_from
    years = range(begins.year + EARLIEST, begins.year + LATEST + 1)
    for key in HAPPENED:
        for place, on in _dates(getattr(document, key), place=key):
            if on.year not in years:
                yield Problem(
                    place,
                    f"{on:%Y-%m-%d} lies far from the contract, which begins on {begins}. Check the year.",
                )


def _dates(value: object, *, place: str) -> Iterator[tuple[str, date | datetime]]:
    if isinstance(value, date):
        yield place, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _dates(getattr(value, field.name), place=f"{place}.{field.name}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _dates(item, place=f"{place}[{index}]")


def _of_terms(terms: Terms, *, calendars: list[str]) -> Iterator[Problem]:
    for place, offset in _offsets(terms):
        for index, code in enumerate(offset.more_calendars):
            if code and code not in calendars:
                known = ", ".join(calendars) or "none"
                yield Problem(
                    f"{place}.more_calendars[{index}]", f"{code!r} names no calendar. Known: {known}."
                )
    for i, rule in enumerate(terms.exclusions):
        if rule.notice_unit not in NOTICE_UNITS:
            units = ", ".join(unit.value for unit in NOTICE_UNITS)
            yield Problem(
                f"exclusions[{i}].notice_unit",
                f"Notice is not given in {rule.notice_unit.value}. Use one of: {units}.",
            )
        if rule.notice_unit is OffsetUnit.WORKING_DAYS and not rule.notice_calendar:
            yield Problem(
                f"exclusions[{i}].notice_calendar",
                "Notice in working days needs a calendar that says which days those are. Name it.",
            )
    for i, target in enumerate(terms.targets):
        yield from (problem.under(f"targets[{i}]") for problem in _of_target(target))


def _offsets(terms: Terms) -> Iterator[tuple[str, Offset]]:
    claim = terms.claim
    if claim is not None:
        yield from ((f"claim.deadlines[{i}]", offset) for i, offset in enumerate(claim.deadlines))
        yield from ((f"claim.steps[{i}].due", step.due) for i, step in enumerate(claim.steps))
        yield from (
            (f"claim.{name}", offset)
            for name in ("decide_within", "issue_within")
            if (offset := getattr(claim, name)) is not None
        )
    yield from ((f"chronic[{i}].notice", rule.notice) for i, rule in enumerate(terms.chronic) if rule.notice)


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
