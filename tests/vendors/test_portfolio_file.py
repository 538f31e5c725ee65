"""The portfolio workbook as it is read: every fault at once, each with sheet, row and column."""

from datetime import date
from decimal import Decimal

import pytest

from tests.vendors.registers import CONTRACTS, FEES, SERVICES, VENDORS, read, told, workbook
from vendors.files.errors import FileError
from vendors.models import Charge, Contact, Contract, Vendor
from vendors.registers import sheets
from vendors.registers.portfolio import read_portfolio
from vendors.registers.workbook import portfolio_workbook


def test_rows_are_read_as_values() -> None:
    file = read()
    assert file.problems == ()
    assert file.count == 5
    assert dict(file.of(sheets.CONTRACTS)[0].values)["effective_from"] == date(2024, 1, 1)
    assert file.of(sheets.FEES)[0].get("amount") == Decimal("2000.00")
    assert file.of(sheets.FEES)[0].place("amount") == "sheet fees, row 2, column amount"


def test_every_fault_is_told_at_once_with_its_place() -> None:
    file = read(
        vendors=[*VENDORS, ("fiberline", "", "carier"), ("northrack", "Again", "cloud")],
        contracts=[CONTRACTS[0], ("NR-1", "northrack", "acme-us", "USD", "", "1/2/24")],
        fees=[("contract", "service", "code", "amont"), ("NR-1", "cage-7", "cage", "12")],
    )
    assert told(file.problems) == [
        (
            "sheet vendors, row 3, column kind",
            "none of the words: data_center, cloud, carrier, managed_service, software, payments, other "
            "(found 'carier').",
        ),
        ("sheet vendors, row 3, column name", "empty: the name that people use. Fill it in."),
        ("sheet vendors, row 4", "northrack stands in row 2 already. Keep one of the two."),
        (
            "sheet contracts, row 2, column effective from",
            "day and month can be read either way round; write it as 2019-06-25 (found '1/2/24').",
        ),
        ("sheet fees, row 1", "the headings lack: amount."),
    ]


def test_a_heading_that_is_none_of_ours_is_told_rather_than_lost() -> None:
    file = read(
        services=[("Contract *", "CODE", "Name", "vendor_identifer"), ("NR-1", "cage-7", "Cage", "7")]
    )
    ((place, said),) = told(file.problems)
    assert place == "sheet services, row 1"
    assert said.startswith("'vendor_identifer' is no column of this sheet. Columns: contract, code, name,")


def test_titles_above_blank_rows_and_marks_for_nothing_are_passed_over() -> None:
    file = read(
        services=[("Our services",), (), SERVICES[0], (), ("NR-1", "cage-7", "N/A"), ("", "", ""), (" ",)]
    )
    assert file.problems == ()
    assert dict(file.of(sheets.SERVICES)[0].values) == {"contract": "NR-1", "code": "cage-7"}


def test_other_sheets_are_named_and_hidden_ones_are_not_read() -> None:
    content = workbook(
        {"Notes": [("a",)], "Read me": [("b",)], "fees": FEES, "vendors": VENDORS}, hidden=["fees"]
    )
    file = read_portfolio(content)
    assert file.notes == (
        "Sheet 'Notes' is none of ours and was not read.",
        "Sheet 'fees' is hidden and was not read. Show it, or delete it.",
    )
    assert file.count == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "The file is no .xlsx workbook"),
        (b"PK\x03\x04broken", "damaged or was cut off"),
        (workbook({"Other": [("a",)]}), "none of our sheets: entities, vendors"),
        (workbook({"fees": [FEES[0]]}), "empty below their headings"),
    ],
)
def test_a_file_that_is_no_portfolio_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(FileError, match=said.replace(".", r"\.")):
        read_portfolio(content)


def test_the_empty_workbook_has_our_headings_and_no_rows() -> None:
    with pytest.raises(FileError, match="empty below their headings"):
        read_portfolio(portfolio_workbook())


def test_the_examples_of_the_workbook_are_sound() -> None:
    file = read_portfolio(portfolio_workbook(examples=True))
    assert file.problems == ()
    assert {name: len(rows) for name, rows in file.rows.items()} == {
        **{"entities": 2, "vendors": 2, "accounts": 2, "contacts": 1},
        **{"contracts": 2, "services": 2, "fees": 2},
    }


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        (sheets.VENDOR_KINDS, Vendor.Kind.values),
        (sheets.CRITICALITIES, Vendor.Criticality.values),
        (sheets.ROLES, Contact.Role.values),
        (sheets.RELATIONS, Contract.Relation.values),
        (sheets.RENEWALS, Contract.Renewal.values),
        ((*sheets.FEE_KINDS, "billed"), Charge.Kind.values),
        (sheets.EVERY, Charge.Every.values),
        (sheets.MONTH_BY, Charge.MonthBy.values),
    ],
)
def test_the_words_of_a_column_are_those_of_the_register(words: tuple[str, ...], choices: list[str]) -> None:
    assert sorted(words) == sorted(choices)
