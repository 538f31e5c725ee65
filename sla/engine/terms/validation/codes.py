"""Codes: each names something that exists, and no two things share one."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence

from sla.engine.facts import Charge
from sla.engine.terms.credits import Base, CapScope, CreditRule
from sla.engine.terms.problems import Problem
from sla.engine.terms.rules import Offset
from sla.engine.terms.targets import Target
from sla.engine.terms.versions import Terms

# A place, the code that stands there, and what the code is of.
Named = tuple[str, str, str]


def unknown_codes(
    terms: Terms,
    *,
    charges: Sequence[Charge] | None,
    services: Collection[str] | None,
    calendars: Collection[str] | None,
) -> Iterator[Problem]:
    """Yield every code that names nothing, and every code given twice."""
    known: dict[str, Collection[str] | None] = {
        "service level": [target.code for target in terms.targets],
        "exclusion": [rule.code for rule in terms.exclusions],
        "category": {target.category for target in terms.targets if target.category},
        "service": services,
        "calendar": calendars,
        "fee": None if charges is None else {charge.code for charge in charges},
    }
    for place, code, what in _named(terms):
        codes = known[what]
        if code and codes is not None and code not in codes:
            near = difflib.get_close_matches(code, codes, n=1, cutoff=0.6)
            listed = ", ".join(sorted(codes)[:20]) or "none"
            advice = f"Did you mean {near[0]!r}?" if near else f"Known: {listed}."
            yield Problem(place, f"{code!r} names no {what}. {advice}")
    yield from _doubled(terms)


def _doubled(terms: Terms) -> Iterator[Problem]:
    lists = {
        "targets": [target.code for target in terms.targets],
        "exclusions": [rule.code for rule in terms.exclusions],
        "caps": [cap.code for cap in terms.caps],
        "chronic": [rule.code for rule in terms.chronic],
    }
    for key, codes in lists.items():
        for index, code in enumerate(codes):
            if code in codes[:index]:
                first = codes.index(code)
                yield Problem(
                    f"{key}[{index}].code", f"{code!r} is already {key}[{first}]. Give another code."
                )
            if not code:
                yield Problem(f"{key}[{index}].code", "The code is empty. Give a short name.")


def _named(terms: Terms) -> Iterator[Named]:
    for i, target in enumerate(terms.targets):
        yield from _of_target(f"targets[{i}]", target)
    for i, rule in enumerate(terms.exclusions):
        yield f"exclusions[{i}].notice_calendar", rule.notice_calendar, "calendar"
        yield f"exclusions[{i}].within", rule.within, "calendar"
    for i, cap in enumerate(terms.caps):
        yield from _of_base(f"caps[{i}].base", cap.base)
        if cap.scope is CapScope.CATEGORY:
            yield f"caps[{i}].category", cap.category, "category"
    for i, chronic in enumerate(terms.chronic):
        for j, code in enumerate(chronic.targets):
            yield f"chronic[{i}].targets[{j}]", code, "service level"
        yield from _of_offset(f"chronic[{i}].notice", chronic.notice)
    for i, earned in enumerate(terms.earn_back):
        for j, code in enumerate(earned.targets):
            yield f"earn_back[{i}].targets[{j}]", code, "service level"
    for i, suppression in enumerate(terms.suppression):
        yield f"suppression[{i}].target", suppression.target, "service level"
        for j, code in enumerate(suppression.keeps):
            yield f"suppression[{i}].keeps[{j}]", code, "service level"
    if terms.points is not None:
        yield from _of_base("points.base", terms.points.base)
    yield from _of_claim(terms)


def _of_target(place: str, target: Target) -> Iterator[Named]:
    for i, code in enumerate(target.services):
        yield f"{place}.services[{i}]", code, "service"
    yield f"{place}.calendar", target.calendar, "calendar"
    for i, code in enumerate(target.exclusions or ()):
        yield f"{place}.exclusions[{i}]", code, "exclusion"
    if target.credit is not None:
        yield from _of_credit(f"{place}.credit", target.credit)


def _of_credit(place: str, credit: CreditRule) -> Iterator[Named]:
    yield f"{place}.waives", credit.waives, "fee"
    yield from _of_base(f"{place}.base", credit.base)
    for i, code in enumerate(credit.alternatives):
        yield f"{place}.alternatives[{i}]", code, "service level"
    for i, cap in enumerate(credit.caps):
        yield from _of_base(f"{place}.caps[{i}].base", cap.base)


def _of_base(place: str, base: Base) -> Iterator[Named]:
    for i, code in enumerate(base.charges):
        yield f"{place}.charges[{i}]", code, "fee"


def _of_claim(terms: Terms) -> Iterator[Named]:
    claim = terms.claim
    if claim is None:
        return
    for i, offset in enumerate(claim.deadlines):
        yield from _of_offset(f"claim.deadlines[{i}]", offset)
    for i, step in enumerate(claim.steps):
        yield from _of_offset(f"claim.steps[{i}].due", step.due)
    yield from _of_offset("claim.decide_within", claim.decide_within)
    yield from _of_offset("claim.issue_within", claim.issue_within)


def _of_offset(place: str, offset: Offset | None) -> Iterator[Named]:
    if offset is not None:
        yield f"{place}.calendar", offset.calendar, "calendar"
        for j, code in enumerate(offset.more_calendars):
            yield f"{place}.more_calendars[{j}]", code, "calendar"
