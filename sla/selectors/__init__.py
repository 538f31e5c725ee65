"""Reads for the admin, the interface and reports.

`schedules` SLA schedules and what their terms still lack · `missed` every service level missed in a range
of statement periods · `billing` what a line is billed by · `claimed` where its claims stand · `standing`
how schedules did and what was claimed for them · `gaps` what is missing or unsettled.
"""

from sla.selectors.schedules import (
    IncompleteContract,
    Lacking,
    incomplete_contracts,
    schedules_of,
    versions_in_force,
)

__all__ = ["IncompleteContract", "Lacking", "incomplete_contracts", "schedules_of", "versions_in_force"]
