"""What a document is written with: names by code, and moments in the contract's zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sla.engine.facts import Inputs
from sla.reports.moments import local_moments


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of levels and services by code, as the statement's own inputs have them."""

    instant: Callable[[datetime], str]
    levels: Mapping[str, str]
    services: Mapping[str, str]

    def units(self, codes: Iterable[str]) -> str:
        """Return services for reading."""
        return ", ".join(self.services.get(code) or code for code in codes)


def names_of(inputs: Inputs) -> Names:
    """Return the names and the clock of a statement."""
    return Names(
        instant=local_moments(inputs.schedule.zone),
        levels={target.code: target.name for terms in inputs.versions for target in terms.targets},
        services={unit.code: unit.name for unit in inputs.facts.units},
    )
