"""Money: minor units, one rounding, no mixing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.engine.money import Money, RoundingMode, exponent, format_minor, round_minor, to_minor
from tests.engine.strategies import examples

ROUNDINGS = [
    ("2.5", RoundingMode.HALF_UP, 3),
    ("2.5", RoundingMode.HALF_EVEN, 2),
    ("3.5", RoundingMode.HALF_EVEN, 4),
    ("2.5", RoundingMode.DOWN, 2),
    ("2.5", RoundingMode.UP, 3),
    ("2.49", RoundingMode.HALF_UP, 2),
    ("2.01", RoundingMode.UP, 3),
    ("2.99", RoundingMode.DOWN, 2),
    ("-2.5", RoundingMode.HALF_UP, -3),
    ("-2.5", RoundingMode.DOWN, -2),
    ("0", RoundingMode.UP, 0),
    ("7", RoundingMode.UP, 7),
]


@pytest.mark.parametrize(("exact", "mode", "rounded"), ROUNDINGS)
def test_rounding(exact: str, mode: RoundingMode, rounded: int) -> None:
    assert round_minor(Fraction(exact), mode=mode) == rounded


@examples(200)
@given(st.fractions(min_value=-1000, max_value=1000), st.sampled_from(RoundingMode))
def test_rounding_moves_less_than_one_unit_and_keeps_the_sign(exact: Fraction, mode: RoundingMode) -> None:
    rounded = round_minor(exact, mode=mode)
    assert abs(rounded - exact) < 1
    assert rounded * exact >= 0
    if mode in (RoundingMode.HALF_UP, RoundingMode.HALF_EVEN):
        assert abs(rounded - exact) <= Fraction(1, 2)


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_decimals_of_a_currency(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1234.50", "USD", 123450), ("1234", "JPY", 1234), ("0.001", "KWD", 1), ("1.500", "USD", 150)],
)
def test_typed_amounts_become_minor_units(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency=currency) == minor


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.5 has more than 0 decimals\. JPY has 0: write it so\."):
        to_minor(Decimal("0.5"), currency="JPY")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123450, "USD", "USD 1,234.50"),
        (-5, "USD", "USD -0.05"),
        (0, "USD", "USD 0.00"),
        (1234567, "JPY", "JPY 1,234,567"),
        (1001, "KWD", "KWD 1.001"),
        (Fraction(69444, 100), "USD", "USD 6.944400"),
        (Fraction(101, 2), "USD", "USD 0.505000"),
        (Fraction(1, 20000), "USD", "USD 0.000001"),
    ],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(
    minor: int | Fraction, currency: str, text: str
) -> None:
    assert format_minor(minor, currency=currency) == text


def test_money_is_written_like_its_amount() -> None:
    assert str(Money(100_000, "USD")) == "USD 1,000.00"
