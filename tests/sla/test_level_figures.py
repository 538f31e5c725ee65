"""The figure that a level was judged on, as its page shows it."""

from fractions import Fraction

import pytest

from sla.reports.statement.levels import exact_figure
from tests.engine.credit_builder import down


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(12399, 125), ""),
        (Fraction(1, 2**8), "0.00390625"),
        (Fraction(99), ""),
        (Fraction(1, 3), "0.333333333… (1/3)"),
    ],
)
def test_people_read_decimals_and_a_fraction_only_where_they_do_not_end(value: Fraction, shown: str) -> None:
    measured = down(unit="ratio", value=value, level="99")
    assert exact_figure(measured) == shown
