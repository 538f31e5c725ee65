"""Credits that are a share of a fee need one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sla.engine.facts import Charge, ChargeKind
from sla.engine.terms.credits import (
    Base,
    BaseSelect,
    CreditRule,
    Fixed,
    Increments,
    Pays,
    Points,
    Tiered,
)
from sla.engine.terms.problems import Problem
from sla.engine.terms.versions import Terms

_OF_A_FEE = (Pays.PERCENT, Pays.DAYS, Pays.HOURS)


def missing_fees(terms: Terms, *, charges: Sequence[Charge]) -> Iterator[Problem]:
    """Yield each credit that is a share of fees none of which is in force under these terms."""
    held = [c for c in charges if c.ends_on is None or c.ends_on > terms.effective_from]
    for i, target in enumerate(terms.targets):
        rule = target.credit
        if rule is None:
            continue
        place = f"targets[{i}].credit"
        if _pays(rule) in _OF_A_FEE and not _chosen(rule.base, charges=held, services=target.services):
            what = _what(rule.base, services=target.services)
            yield Problem(
                f"{place}.base",
                f"{target.name!r} pays a share of {what}, and none is in force from {terms.effective_from}. "
                f"Enter the fee, or choose another base.",
            )
        if _pays(rule) is Pays.CHARGE and not rule.waives:
            yield Problem(
                f"{place}.waives", f"{target.name!r} pays in a fee not charged. Name the fee's code."
            )
    points = terms.points
    if (
        points is not None
        and points.pays in _OF_A_FEE
        and not _chosen(points.base, charges=held, services=())
    ):
        what = _what(points.base, services=())
        yield Problem(
            "points.base",
            f"Points pay a share of {what}, and none is in force from {terms.effective_from}. Enter the fee.",
        )


def _pays(rule: CreditRule) -> Pays:
    params = rule.params
    if isinstance(params, Points):
        return Pays.POINTS
    return params.pays if isinstance(params, Tiered | Increments | Fixed) else Pays.PERCENT


def _chosen(base: Base, *, charges: Sequence[Charge], services: Sequence[str]) -> bool:
    if base.select is BaseSelect.CHARGES:
        return any(charge.code in base.charges for charge in charges)
    fees = [c for c in charges if c.in_base and (c.kind is ChargeKind.BILLED or c.kind.value in base.kinds)]
    everywhere = base.select is BaseSelect.CONTRACT or not services
    return any(everywhere or fee.unit in ("", *services) for fee in fees)


def _what(base: Base, *, services: Sequence[str]) -> str:
    if base.select is BaseSelect.CHARGES:
        return f"the fees {', '.join(base.charges) or '(none named)'}"
    of = "the contract" if base.select is BaseSelect.CONTRACT or not services else ", ".join(services)
    return f"the {' and '.join(base.kinds)} fees of {of}"
