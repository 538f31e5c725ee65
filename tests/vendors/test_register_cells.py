"""Cells of registers: days, amounts and numbers that can be read in one way only."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from vendors.files.errors import FileError
from vendors.registers.cells import amount_of, day_of, list_of, shares_of, whole_of, yes_of
from vendors.registers.money import ColumnAmounts


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (day_of, "2019-06-25", date(2019, 6, 25)),
        (day_of, "2019-06-25 00:00:00", date(2019, 6, 25)),
        (day_of, "July 25, 2022", date(2022, 7, 25)),
        (day_of, "25 Jul 2022", date(2022, 7, 25)),
        (amount_of, "4867.50", Decimal("4867.50")),
        (amount_of, "$4,867.50", Decimal("4867.50")),
        (amount_of, "EUR 12", Decimal(12)),
        (amount_of, "999.99 USD", Decimal("999.99")),
        (amount_of, "(1,250.00)", Decimal("-1250.00")),
        (amount_of, "-12.5", Decimal("-12.5")),
        (amount_of, "0.30000000000000004", Decimal("0.300000000000000")),
        (whole_of, "30", 30),
        (yes_of, "TRUE", True),
        (yes_of, "no", False),
        (list_of, "a; b;a ;", ("a", "b")),
        (shares_of, "IT 60; Sales team 40%", (("IT", Decimal(60)), ("Sales team", Decimal(40)))),
    ],
)
def test_a_cell_is_read_as_its_value(reader: Any, text: str, value: Any) -> None:
    assert reader(text) == value


@pytest.mark.parametrize(
    ("reader", "text", "said"),
    [
        (day_of, "5/5/15", "day and month can be read either way round; write it as 2019-06-25"),
        (day_of, "2019-06-25 09:00:00", "a time of day stands in it, and only a day is meant"),
        (day_of, "2019-02-30", "not a day; write it as 2019-06-25"),
        (day_of, "0019-02-03", "the year 19 lies outside 1970 to 2200"),
        (amount_of, "1.234,50", "not an amount; write it as 4867.50, with a point before the cents"),
        (amount_of, "1,23", "not an amount"),
        (amount_of, "abc", "not an amount"),
        (whole_of, "2.5", "not a whole number"),
        (yes_of, "perhaps", "neither yes nor no"),
        (shares_of, "IT 60; Sales 30", "the shares sum to 90 percent, not to 100"),
    ],
)
def test_a_cell_with_two_readings_is_refused(reader: Any, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        reader(text)


def column(*values: str, decimal: str = "") -> list[str]:
    amounts = ColumnAmounts(column="Amount", decimal=decimal)
    for row, value in enumerate(values, start=2):
        amounts.learn(value, row=row)
    amounts.settle()
    return [f"{read.value} {read.currency}".strip() for value in values for read in [amounts.read(value)]]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (("$4,867.50", "1,234"), ["4867.50", "1234"]),
        (("1.234,50 €", "1.234", "12,5"), ["1234.50 EUR", "1234", "12.5"]),
        (("$999.99 ", "USD 12.5", "US$3.10"), ["999.99", "12.5 USD", "3.10 USD"]),
        (("(1,250.00)", "12.00-", "-3.00", "5"), ["-1250.00", "-12.00", "-3.00", "5"]),
        (("1'234.50", "1 234.50"), ["1234.50", "1234.50"]),
        (("4867", "0"), ["4867", "0"]),
    ],
)
def test_one_amount_proves_the_decimal_sign_of_its_column(values: tuple[str, ...], read: list[str]) -> None:
    assert column(*values) == read


def test_an_amount_of_two_readings_is_refused_until_somebody_says_which() -> None:
    with pytest.raises(ValueError, match="thousands or as cents; state the decimal sign: point or comma"):
        column("1,234")
    assert column("1,234", decimal="point") == ["1234"]
    assert column("1,234", decimal="comma") == ["1.234"]


def test_a_column_that_proves_both_signs_is_refused() -> None:
    with pytest.raises(FileError, match=r"a point and a comma before the cents: row 2 has '1\.50' and row 3"):
        column("1.50", "1,50")


@pytest.mark.parametrize(
    "value", ["1,2345.00", "1,23,456.00", "12 USD EUR", "--5", "(-5)", "twelve", "1" * 70]
)
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"amount|grouped"):
        column("1.50", value)
