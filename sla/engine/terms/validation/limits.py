"""Caps and pools: a limit that limits nothing, shares that sum to more than there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from sla.engine.terms.credits import Cap, CapScope, Pays, Pooled
from sla.engine.terms.problems import Problem
from sla.engine.terms.validation.notes import is_noted, or_note
from sla.engine.terms.versions import Terms

_WHOLE = Decimal(100)


def limit_problems(terms: Terms) -> Iterator[Problem]:
    """Yield caps above their base or without a limit, and pools that give away more than all."""
    caps = [(f"caps[{i}]", cap) for i, cap in enumerate(terms.caps)]
    for i, target in enumerate(terms.targets):
        for j, cap in enumerate(target.credit.caps if target.credit else ()):
            caps.append((f"targets[{i}].credit.caps[{j}]", cap))
    for place, cap in caps:
        yield from _cap(place, cap, terms=terms)
    yield from _pools(terms)


def _cap(place: str, cap: Cap, *, terms: Terms) -> Iterator[Problem]:
    if cap.limit < 0:
        yield Problem(f"{place}.limit", f"The cap {cap.code!r} is {cap.limit}. Give 0 or more.")
    percent = cap.pays is Pays.PERCENT and not cap.is_count
    if percent and cap.limit > _WHOLE and not is_noted(terms, cap.code):
        yield Problem(
            f"{place}.limit",
            f"The cap {cap.code!r} of {cap.limit} % is above its base. Use at most 100. {or_note(cap.code)}",
        )
    if cap.scope is CapScope.CATEGORY and not cap.category:
        yield Problem(f"{place}.category", f"The cap {cap.code!r} is over a category. Name it.")


def _pools(terms: Terms) -> Iterator[Problem]:
    """Within one category the allocations of a pool are shares of one whole (R11)."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for i, target in enumerate(terms.targets):
        params = target.credit.params if target.credit else None
        if not isinstance(params, Pooled):
            continue
        for name in ("at_risk_percent", "allocation_percent"):
            value = getattr(params, name)
            if not 0 <= value <= _WHOLE:
                yield Problem(
                    f"targets[{i}].credit.{name}", f"{value} is no share of {target.name!r}. Use 0 to 100."
                )
        sums[target.category] += params.allocation_percent
        if sums[target.category] > _WHOLE and not is_noted(terms, target.code):
            yield Problem(
                f"targets[{i}].credit.allocation_percent",
                f"The allocations of the pool sum to {sums[target.category]} % with {target.name!r}. "
                f"Lower one to at most 100 together. {or_note(target.code)}",
            )
