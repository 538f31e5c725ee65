"""Entry validation: terms that contradict themselves are refused before they are saved.

Saved terms can thus always be evaluated. Where a published clause really has a gap or an overlap,
a reading note about that service level (or cap) says which reading was chosen, and lets it pass.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sla.engine.facts import Charge
from sla.engine.terms.problems import Problem
from sla.engine.terms.validation.codes import unknown_codes
from sla.engine.terms.validation.fees import missing_fees
from sla.engine.terms.validation.limits import limit_problems
from sla.engine.terms.validation.needs import unmet_needs
from sla.engine.terms.validation.rows import row_problems
from sla.engine.terms.validation.shapes import shape_problems
from sla.engine.terms.versions import Schedule, Terms

__all__ = ["Problem", "contradictions"]


def contradictions(
    terms: Terms,
    *,
    schedule: Schedule,
    charges: Sequence[Charge] | None = None,
    services: Collection[str] | None = None,
    calendars: Collection[str] | None = None,
) -> list[Problem]:
    """Return what one version of an SLA schedule says against itself, in the order of its parts.

    Places are inside the version, such as ``targets[2].credit.tiers[1]``. ``charges``, ``services``
    and ``calendars`` are those of the contract; None leaves unchecked what needs them.
    """
    found = [*unknown_codes(terms, charges=charges, services=services, calendars=calendars)]
    found += shape_problems(terms)
    found += unmet_needs(terms)
    # Rows are compared only where their levels are of the right kind.
    odd = {problem.place.split(".")[0] for problem in found}
    for index, target in enumerate(terms.targets):
        if f"targets[{index}]" not in odd:
            place = f"targets[{index}]"
            found += [p.under(place) for p in row_problems(target, terms=terms, schedule=schedule)]
    found += limit_problems(terms)
    if charges is not None:
        found += missing_fees(terms, charges=charges)
    return found
