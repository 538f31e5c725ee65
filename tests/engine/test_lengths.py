"""Lengths of time as they are written: exactly in what is worked out, to the second in prose."""

from fractions import Fraction

import pytest

from sla.engine.trace import spoken_length, written_length


@pytest.mark.parametrize(
    ("micros", "exact", "spoken"),
    [
        (2_526_101_203_652, "701 h 41 min 41.203652 s", "701 h 41 min 41 s"),
        (4_380_000_000, "1 h 13 min", "1 h 13 min"),
        (59_500_000, "59.5 s", "1 min"),
        (400_000, "0.4 s", "0.4 s"),
        (0, "0 s", "0 s"),
        (-263_500_001, "-4 min 23.500001 s", "-4 min 24 s"),
        (Fraction(10_000_000, 3), "3.333333 s", "3 s"),
    ],
)
def test_prose_says_lengths_to_the_second(micros: Fraction | int, exact: str, spoken: str) -> None:
    assert (written_length(micros), spoken_length(micros)) == (exact, spoken)
