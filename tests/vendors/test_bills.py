"""Bills as tables: what was really charged, stored once, and never twice in the base of a credit."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from tests.vendors.registers import outcomes, told
from tests.vendors.rows import a_charge, a_contract, a_service, person, saved
from vendors.files.errors import FileError
from vendors.models import Account, Charge, Contract, FactChange, ServiceAlias, midnight
from vendors.registers.bill_table import read_bills
from vendors.services import save_record
from vendors.services.registers import RegisterReport
from vendors.services.registers.bills import import_bills

HEAD = "Invoice,Line,Contract,Service,Charge code,From,To,Amount,Currency,Type"


def table(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *rows, "")).encode()


@pytest.mark.parametrize(
    ("row", "period", "amount"),
    [
        ("I-1,1,NR-1,c,f,06/15/2026,06/30/2026,$4.50,USD,", (date(2026, 6, 15), date(2026, 7, 1)), "4.50"),
        ("I-1,1,NR-1,c,f,2026-02-01,2026-02-28,(4.50),,", (date(2026, 2, 1), date(2026, 3, 1)), "-4.50"),
    ],
)
def test_a_line_says_its_period_to_the_last_day(row: str, period: tuple[date, date], amount: str) -> None:
    (line,) = read_bills(table(row)).lines
    assert (line.period_from, line.period_until) == period
    assert line.amount == Decimal(amount)


@pytest.mark.parametrize("text", ["2026-12", "202612", "2026/12"])
def test_a_month_is_a_period(text: str) -> None:
    content = table(f"I-1,NR-1,{text},5.00", head="Invoice,Contract,Billing month,Amount")
    (line,) = read_bills(content).lines
    assert (line.period_from, line.period_until) == (date(2026, 12, 1), date(2027, 1, 1))


def test_lines_that_cannot_be_read_are_told_with_row_and_column() -> None:
    bills = read_bills(
        table(
            "No,Line,Contract,Service,Charge,Month/Day/Year,Month/Day/Year,Amount,Currency,Type",
            "I-1,1,NR-1,c,f,06/01/2026,06/30/2026,4.50,USD,",
            "I-2,1,NR-1,c,f,06/30/2026,06/01/2026,4.50,USD,",
            "I-3,1,NR-1,c,f,06/01/2026,,4.50,USD,",
            "I-4,1,,c,f,06/01/2026,06/30/2026,4.50,USD,",
            "I-5,1,NR-1,c,f,06/01/2026,06/30/2026,abc,USD,",
            ",1,NR-1,c,f,06/01/2026,06/30/2026,4.50,USD,",
            "I-6,1,NR-1,c,f,06/01/2026,06/30/2026,4.50,USD,VAT",
            "I-1,1,NR-1,c,f,06/01/2026,06/30/2026,4.50,USD,",
        )
    )
    assert [line.row for line in bills.lines] == [3]
    assert bills.left_out == 1
    assert bills.broken == {"I-2", "I-3", "I-4", "I-5", "", "No"}
    assert told(bills.problems) == [
        ("row 2, column From", "words, where a day such as 2019-06-25 is expected (found 'Month/Day/Year')."),
        ("row 4, column To", "the period ends before it begins (2026-06-30) (found '06/01/2026')."),
        ("row 5, column To", "it does not say for which period it is (found '')."),
        ("row 6, column Contract", "neither a contract nor an account is named (found '')."),
        ("row 7, column Amount", "not an amount such as 4867.50 (found 'abc')."),
        ("row 8, column Invoice", "no number of an invoice (found '')."),
        ("row 10", "line 1 of invoice I-1 stands in row 3 already; that one is kept."),
    ]


def test_columns_are_named_by_a_person_where_no_name_is_known() -> None:
    content = table("I-1;NR-1;2026-06;1.234,50", head="Beleg;Vertrag;Monat;Betrag")
    with pytest.raises(
        FileError, match=r"No column has a name that is known\..* Beleg, Vertrag, Monat, Betrag"
    ):
        read_bills(content)
    columns = {"invoice": "Beleg", "contract": "Vertrag", "month": "Monat", "amount": "Betrag"}
    assert read_bills(content, columns=columns).lines[0].amount == Decimal("1234.50")


NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)


def a_portfolio() -> Contract:
    contract = a_contract("NR-1")
    account = saved(Account(vendor=contract.vendor, number="C-20417"))
    contract.account = account
    saved(contract)
    cage = a_service(contract, code="cage-7", vendor_identifier="SEA1-C07")
    saved(ServiceAlias(service=cage, name="Seattle"))
    a_charge(contract, code="cage", service=cage, amount_minor=200_000)
    a_charge(contract, code="power", service=cage, kind="usage", amount_minor=100_000)
    return contract


def billed(*rows: str, head: str = HEAD, **options: Any) -> RegisterReport:
    return import_bills(table(*rows, head=head), by=person(), at=NOW, **options)


POWER = "I-1,{line},NR-1,cage-7,power,06/01/2026,06/30/2026,{amount},USD,"


@pytest.mark.django_db
def test_a_bill_of_a_usage_based_fee_is_stored_once_with_its_lines_added_up() -> None:
    a_portfolio()
    rows = [POWER.format(line=1, amount="1250.75"), POWER.format(line=2, amount="(50.00)")]
    report = billed(*rows)
    assert (outcomes(report), report.problems) == ({"created": 1}, ())
    assert report.lines[0].notes == ("2 lines added up",)
    row = Charge.objects.get(kind="billed")
    assert (row.code, row.service.code, row.amount_minor) == ("power", "cage-7", 120_075)
    assert (row.period_from, row.period_until) == (date(2026, 6, 1), date(2026, 7, 1))
    assert row.invoice_number == "I-1"
    assert outcomes(billed(*rows)) == {"unchanged": 1}


@pytest.mark.django_db
def test_a_changed_bill_makes_the_drafts_of_its_period_stale() -> None:
    a_portfolio()
    billed(POWER.format(line=1, amount="1250.75"))
    assert outcomes(billed(POWER.format(line=1, amount="1300.00"))) == {"updated": 1}
    change = FactChange.objects.order_by("pk").last()
    assert change.contract.reference == "NR-1"
    assert (change.during_from, change.during_until) == tuple(
        midnight(day, zone="America/Los_Angeles") for day in (date(2026, 6, 1), date(2026, 7, 1))
    )


@pytest.mark.django_db
def test_a_bill_that_a_person_corrected_stays() -> None:
    a_portfolio()
    billed(POWER.format(line=1, amount="1250.75"))
    row = Charge.objects.get(kind="billed")
    row.amount_minor = 120_000
    save_record(row, by=person(), reason="credit note of the same day")
    report = billed(POWER.format(line=1, amount="1250.80"))
    assert report.lines[0].notes == ("amount stays USD 1,200.00; the register says USD 1,250.80",)
    assert Charge.objects.get(kind="billed").amount_minor == 120_000


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "outcome", "notes"),
    [
        ("I-1,1,NR-1,cage-7,cage,06/01/2026,06/30/2026,2000.00,USD,", "unchanged", ()),
        ("I-1,1,NR-1,cage-7,cage,06/01/2026,08/31/2026,6000.00,USD,", "unchanged", ()),
        (
            "I-1,1,NR-1,cage-7,cage,06/01/2026,06/30/2026,2100.00,USD,",
            "conflicting",
            ("billed USD 2,100.00, the recurring fee on file is USD 2,000.00 a month; nothing is stored",),
        ),
        (
            "I-1,1,NR-1,cage-7,cage,06/10/2026,06/30/2026,1400.00,USD,",
            "conflicting",
            (
                "billed USD 1,400.00 for no whole months, not compared with USD 2,000.00 a month;"
                " nothing is stored",
            ),
        ),
    ],
)
def test_a_bill_of_a_recurring_fee_is_compared_and_never_stored(
    row: str, outcome: str, notes: tuple[str, ...]
) -> None:
    a_portfolio()
    report = billed(row, "I-0,1,NR-1,cage-7,power,06/13/2026,06/30/2026,1.00,USD,")
    line = next(line for line in report.lines if line.key.endswith("I-1"))
    assert (str(line.outcome), line.notes) == (outcome, notes)
    assert [row.code for row in Charge.objects.filter(kind="billed")] == ["power"]


@pytest.mark.django_db
@pytest.mark.parametrize("service", ["cage-7", "SEA1-C07", "Seattle"])
def test_contract_service_and_fee_are_found_by_account_name_and_what_runs(service: str) -> None:
    a_portfolio()
    head = "Invoice,Account,Service,Billing month,Amount"
    report = billed(f"I-1,C-20417,{service},2026-06,12.00", head=head)
    assert report.lines[0].key == "NR-1/cage-7/power/2026-06-01/I-1"


@pytest.mark.django_db
def test_a_line_that_means_nothing_on_file_does_not_hold_up_the_others() -> None:
    contract = a_portfolio()
    a_contract("NR-2", vendor=contract.vendor, account=contract.account)
    head = "Invoice,Contract,Account,Service,Charge code,Billing month,Amount,Currency"
    report = billed(
        "I-1,NR-9,,cage-7,power,2026-06,1.00,USD",
        "I-2,,X-1,cage-7,power,2026-06,1.00,USD",
        "I-3,,C-20417,,power,2026-06,1.00,USD",
        "I-4,NR-1,,cage-9,power,2026-06,1.00,USD",
        "I-5,NR-1,,,,2026-06,1.00,USD",
        "I-6,NR-1,,cage-7,power,2026-06,1.00,EUR",
        "I-7,NR-1,,cage-7,power,2026-06,1.005,USD",
        "I-8,NR-1,,cage-7,power,2026-06,-1.00,USD",
        "I-9,NR-1,,cage-7,power,2026-06,1.00,USD",
        head=head,
    )
    assert told(report.problems) == [
        ("row 2", "no contract has the reference 'NR-9'; enter it first."),
        ("row 3", "account 'X-1' is on no contract."),
        ("row 4", "account 'C-20417' is on several contracts (NR-1, NR-2); name the contract."),
        ("row 5", "no service of NR-1 goes by 'cage-9'."),
        ("row 6", "for the whole contract no fee is on file; name the fee."),
        ("row 7", "it is in EUR, NR-1 is in USD."),
        ("row 8, amount", "1.005 has more decimals than USD knows (2). Round it as the invoice does."),
        ("row 9, amount", "-1.00 in all: a credit note. Enter it under Credits received."),
    ]
    assert outcomes(report) == {"created": 1}


@pytest.mark.django_db
def test_nothing_of_an_invoice_is_stored_where_one_of_its_lines_cannot_be_read() -> None:
    a_portfolio()
    report = billed(POWER.format(line=1, amount="100.00"), POWER.format(line=2, amount="5o.00"))
    assert told(report.problems)[-1] == (
        "row 2",
        "nothing of invoice I-1 is taken, as one of its lines cannot be used.",
    )
    assert not Charge.objects.filter(kind="billed").exists()


@pytest.mark.django_db
def test_a_dry_run_keeps_nothing_and_a_file_without_a_table_is_refused() -> None:
    a_portfolio()
    assert outcomes(billed(POWER.format(line=1, amount="5.00"), dry_run=True)) == {"created": 1}
    assert not Charge.objects.filter(kind="billed").exists()
    with pytest.raises(ValidationError, match="No column has a name that is known"):
        import_bills(b"x;y\n1;2\n", by=person(), at=NOW)


@pytest.mark.django_db
def test_the_command_prints_what_became_of_each_bill(tmp_path: Path) -> None:
    a_portfolio()
    path = tmp_path / "bills.csv"
    path.write_bytes(table(POWER.format(line=1, amount="5.00"), POWER.format(line=1, amount="5.00")))
    out = StringIO()
    call_command("import_bills", str(path), "--vendor", "northrack", stdout=out)
    assert "row 3: line 1 of invoice I-1 stands in row 2 already; that one is kept." in out.getvalue()
    assert Charge.objects.filter(kind="billed").count() == 1
