"""Roll-forward, credit register and journal: they tie, they stay, and every figure opens into its rows."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.engine.claims.moves import ClaimState
from sla.models import RegisterEntry
from sla.reports.register import credit_register, journal_lines, roll_forward
from sla.reports.register.allocation import allocated
from sla.reports.tables import About, Report, Table, render
from sla.selectors.scope import Scope
from sla.services import register
from sla.services.receipts import match_credit, record_receipt, unmatch_credit
from tests.builders import (
    a_charge,
    a_contract_with_power,
    a_schedule,
    a_service,
    a_vendor,
    an_entity,
    person,
)
from tests.sla.money_rows import (
    a_claim,
    a_claim_of,
    a_credit_row,
    a_policy,
    a_revision,
    a_statement,
    attach,
    entered,
    moved,
)
from vendors.services import split_cost

S, Kind = ClaimState, RegisterEntry.Kind
RUN = datetime(2019, 8, 20, 9, tzinfo=UTC)
ABOUT = About(parameters=(), run_by="maria", run_at=RUN, data_as_at=RUN)


def at(month: int, day: int = 10) -> datetime:
    return datetime(2019, month, day, 12, tzinfo=UTC)


def months(first: str = "2019-05", until: str = "2019-08", **fields: Any) -> Scope:
    return Scope(
        first_on=date.fromisoformat(f"{first}-01"),
        until=date.fromisoformat(f"{until}-01"),
        user=person("root", is_superuser=True),
        **fields,
    )


def table_of(report: Report, code: str) -> Table:
    (found,) = (table for table in report.tables if table.code == code)
    return found


def cells(report: Report, code: str) -> list[dict[str, Any]]:
    table = table_of(report, code)
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows()]


def received(claim: Any, amount: int, *, on: date, now: datetime, currency: str = "USD") -> Any:
    document = record_receipt(
        claim.contract.vendor,
        entity=an_entity(),
        kind="credit_note",
        document=f"CN-{RegisterEntry.objects.count()}",
        received_on=on,
        currency=currency,
        net_minor=amount,
        by=person(),
        now=now,
    )
    return match_credit(document, claim=claim, by=person(), now=now)


def a_year() -> Any:
    """Return a claim of May and June that was accepted in part, paid in part and ended."""
    a_policy("accepted")
    claim = a_claim_of(20_000, month="2019-05")
    attach(a_credit_row(10_000, revision=a_revision(a_statement(month="2019-06"))), claim=claim)
    moved(claim, S.SUBMITTED, at=at(6, 12))
    moved(claim, S.PARTLY_ACCEPTED, amount=24_000, at=at(6, 20))
    received(claim, 15_000, on=date(2019, 6, 28), now=at(6, 28))
    attach(
        a_credit_row(-1_000, revision=a_revision(a_statement(month="2019-05")), kind="adjustment"),
        claim=claim,
        now=at(7, 2),
    )
    entered(Kind.WRITTEN_OFF, -500, claim=claim, now=at(7, 8))
    moved(claim, S.CLOSED, amount=13_500, at=at(7, 9))
    return claim


@pytest.mark.django_db
def test_opening_and_all_movements_come_to_the_closing_for_what_is_owed_and_for_the_books() -> None:
    a_year()
    report = roll_forward(months(), about=ABOUT)
    keys = ("month", "opening", "new", "adjustment", "received", "written_off", "rejected", "closing")
    owed = [tuple(row[key] for key in keys) for row in cells(report, "owed")]
    assert owed == [
        ("2019-05", 0, 20_000, -1_000, 0, 0, 0, 19_000),
        ("2019-06", 19_000, 10_000, 0, -15_000, 0, 0, 14_000),
        ("2019-07", 14_000, 0, 0, 0, -500, -13_500, 0),
    ]
    keys = ("month", "opening", "recognised", "received", "written_off", "rejected", "closing")
    booked = [tuple(row[key] for key in keys) for row in cells(report, "books")]
    assert booked == [
        ("2019-05", 0, 0, 0, 0, 0, 0),
        ("2019-06", 0, 24_000, -15_000, 0, 0, 9_000),
        ("2019-07", 9_000, 0, 0, -500, -8_500, 0),
    ]


@pytest.mark.django_db
def test_every_cell_is_the_sum_of_the_entries_it_opens_into(client: Any) -> None:
    a_year()
    report = roll_forward(months(), about=ABOUT)
    entries = cells(report, "entries")
    names = dict(RegisterEntry.Kind.choices)
    for code, figure in (("owed", "owed"), ("books", "books")):
        for row in cells(report, code):
            for kind in {*Kind.values} & row.keys():
                place = (row["entity"], row["month"], row["unit"], names[kind])
                behind = [
                    entry[figure]
                    for entry in entries
                    if (entry["entity"], entry["month"], entry["unit"], entry["movement"]) == place
                ]
                assert row[kind] == sum(behind), place
    assert {entry["statement"] for entry in entries} == {
        "",
        "NR-2018/power/2019-05/r1",
        "NR-2018/power/2019-06/r1",
        "NR-2018/power/2019-05/r2",
    }
    assert [entry["document"] for entry in entries if entry["movement"] == "Received"] == ["CN-3"]
    # And on a page it leads to them.
    client.force_login(person("root", is_superuser=True))
    column = next(one for one in table_of(report, "owed").columns if one.key == "received")
    assert column.link is not None
    address = column.link(next(row for row in table_of(report, "owed").rows() if row[2] == "2019-06"))
    page = client.get(address)
    assert list(page.context_data["cl"].queryset.values_list("kind", "amount_minor")) == [
        ("received", -15_000)
    ]


@pytest.mark.django_db
def test_months_without_a_movement_carry_the_balance_and_units_are_never_added() -> None:
    claim = a_claim_of(20_000, month="2019-05")
    attach(a_credit_row(0, pays="service_days", quantity=Fraction(7, 2)), claim=claim)
    abroad = a_contract_with_power("NR-EUR", vendor=claim.contract.vendor, currency="EUR")
    a_claim_of(300, month="2019-06", agreement=a_schedule("abroad", contract=abroad))
    report = roll_forward(months("2019-04", "2019-08"), about=ABOUT)
    found = defaultdict(list)
    for row in cells(report, "owed"):
        found[row["unit"]].append((row["opening"], row["closing"]))
    assert found == {
        "EUR": [(0, 300), (300, 300)],
        "USD": [(0, 20_000), (20_000, 20_000), (20_000, 20_000)],
    }
    kind = [(row["unit"], row["month"], row["new"], row["closing"]) for row in cells(report, "in_kind")]
    assert kind == [
        ("days", "2019-06", Fraction(7, 2), Fraction(7, 2)),
        ("days", "2019-07", 0, Fraction(7, 2)),
    ]


@pytest.mark.django_db
def test_a_later_range_opens_with_what_an_earlier_one_closed_with() -> None:
    a_year()
    early = cells(roll_forward(months("2019-05", "2019-07"), about=ABOUT), "owed")
    late = cells(roll_forward(months("2019-07", "2019-09"), about=ABOUT), "owed")
    assert early[-1]["closing"] == late[0]["opening"] == 14_000
    assert [row["opening"] for row in late[1:]] == [row["closing"] for row in late[:-1]]


def closed(through: date, *, now: datetime) -> None:
    register.close_months(an_entity(), through=through, by=person(), why="month end", now=now)


def june(*, as_at: datetime | None = datetime(2019, 7, 1, tzinfo=UTC)) -> list[bytes]:
    scope = months("2019-05", "2019-07")
    return [
        b"".join(render(make(scope, about=ABOUT, as_at=as_at), form="csv"))
        for make in (roll_forward, journal_lines)
    ]


@pytest.mark.django_db
def test_as_at_june_gives_junes_file_again_whatever_came_later() -> None:
    a_policy("accepted")
    claim = a_claim_of(20_000, month="2019-06")
    moved(claim, S.ACCEPTED, at=at(6, 29))
    row = received(claim, 5_000, on=date(2019, 6, 30), now=at(7, 2))
    closed(date(2019, 6, 30), now=at(7, 5))
    frozen = june()
    assert frozen == june(as_at=None)
    # A revision of June, a receipt of June found late, an undone match: all stand in July.
    revision = a_revision(a_statement(month="2019-06"))
    attach(a_credit_row(4_000, revision=revision, kind="adjustment"), claim=claim, now=at(8, 2))
    received(claim, 1_000, on=date(2019, 6, 15), now=at(8, 3))
    unmatch_credit(row, by=person(), why="wrong claim", now=at(8, 4))
    assert june() == frozen
    assert june(as_at=None) == frozen
    july = cells(roll_forward(months("2019-07", "2019-09"), about=ABOUT), "owed")
    assert [(each["opening"], each["adjustment"], each["received"], each["closing"]) for each in july] == [
        (15_000, 4_000, -1_000, 18_000),
        (18_000, 0, 5_000, 23_000),
    ]


@pytest.mark.django_db
def test_a_range_that_is_open_is_provisional_and_says_which_month() -> None:
    a_year()
    closed(date(2019, 5, 31), now=at(6, 10))
    report = roll_forward(months(), about=ABOUT)
    assert report.about.provisional
    assert [row["state"] for row in cells(report, "owed")] == ["closed", "open", "open"]
    assert not roll_forward(months("2019-05", "2019-06"), about=ABOUT).about.provisional
    # Of open months, as at a day, what was recorded by then: June's credit was entered on 10 July.
    as_at = roll_forward(months(), about=ABOUT, as_at=datetime(2019, 7, 9, tzinfo=UTC))
    assert cells(as_at, "owed")[-1]["closing"] == 3_500


@pytest.mark.django_db
def test_the_register_lists_its_rows_and_what_every_claim_comes_to() -> None:
    claim = a_year()
    settled = a_claim_of(100, month="2019-04")
    entered(Kind.LAPSED, -100, claim=settled, now=at(4, 30))
    report = credit_register(months(), about=ABOUT)
    (row,) = cells(report, "claims")
    assert [row[key] for key in ("claim", "state", "credits", "received", "given_up", "open", "books")] == [
        claim.reference,
        "Closed",
        29_000,
        15_000,
        14_000,
        0,
        0,
    ]
    assert len(cells(report, "entries")) == claim.entries.count()


@pytest.mark.django_db
def test_people_see_the_money_of_their_own_vendors_only() -> None:
    a_year()
    scope = Scope(first_on=date(2019, 5, 1), until=date(2019, 8, 1), user=person("stranger"))
    for make in (roll_forward, credit_register, journal_lines):
        report = make(scope, about=ABOUT)
        assert [list(table.rows()) for table in report.tables] == [[] for _ in report.tables]
    other = months(vendor=a_vendor("elsewhere"))
    assert cells(roll_forward(other, about=ABOUT), "owed") == []


def balance_of(report: Report) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in cells(report, "journal"):
        found[row["entity"], row["month"], row["currency"]] += row["debit"] - row["credit"]
    return found


@pytest.mark.django_db
def test_journal_lines_balance_and_come_to_what_is_in_the_books() -> None:
    a_year()
    report = journal_lines(months(), about=ABOUT)
    assert set(balance_of(report).values()) == {0}
    lines = [
        (row["month"], row["movement"], row["account"], row["debit"], row["credit"])
        for row in cells(report, "journal")
    ]
    assert lines == [
        ("2019-06", "Received", "2000", 15_000, 0),
        ("2019-06", "Received", "1450", 0, 15_000),
        ("2019-06", "Recognised", "6200", 0, 24_000),
        ("2019-06", "Recognised", "1450", 24_000, 0),
        ("2019-07", "Rejected, and we accept that", "6200", 8_500, 0),
        ("2019-07", "Rejected, and we accept that", "1450", 0, 8_500),
        ("2019-07", "Written off", "6900", 500, 0),
        ("2019-07", "Written off", "1450", 0, 500),
    ]
    assert [table.code for table in report.tables] == ["journal"]


@pytest.mark.django_db
def test_an_account_that_no_policy_names_is_listed_and_never_made_up() -> None:
    a_policy("accepted", cost_account="", payable_account="")
    claim = a_claim_of(20_000)
    moved(claim, S.ACCEPTED, at=at(7))
    report = journal_lines(months(), about=ABOUT)
    assert [row["account"] for row in cells(report, "journal")] == ["", "1450"]
    assert [(row["entity"], row["missing"], row["movement"]) for row in cells(report, "problems")] == [
        ("acme-us", "Account of the cost that they reduce", "Recognised")
    ]
    assert "1 accounts are missing" in report.about.notes[0]
    assert set(balance_of(report).values()) == {0}


@pytest.mark.django_db
def test_cost_is_shared_as_the_fees_behind_the_credit_are_to_the_cent() -> None:
    a_policy("accepted")
    contract = a_contract_with_power()
    power = contract.charges.get()
    split_cost(
        power,
        shares={"IT": Decimal("33.3333"), "OPS": Decimal("33.3333"), "HR": Decimal("33.3334")},
        by=person(),
        reason="allocation key",
    )
    cooling = a_charge(contract, code="cooling", service=a_service(contract, code="cooling"))
    split_cost(cooling, shares={"DC": Decimal(100)}, by=person(), reason="allocation key")
    revision = a_revision(a_statement(a_schedule(contract=contract)))
    for number, units in ((1, ["power-a"]), (2, ["cooling"]), (3, [])):
        revision.lines.create(
            number=number,
            key=str(number),
            units=units,
            currency="USD",
            window_first_on=date(2019, 6, 1),
            window_last_on=date(2019, 6, 30),
        )
    claim = a_claim(contract, state=S.ACCEPTED, automatic=True)
    for number, amount in ((1, 10_001), (2, 500), (3, 101)):
        attach(a_credit_row(amount, revision=revision, line_number=number), claim=claim)
    report = journal_lines(months(), about=ABOUT)
    shared = {
        row["cost_centre"]: row["credit"] for row in cells(report, "journal") if row["account"] == "6200"
    }
    # 100.01 in thirds is 33.34 + 33.33 + 33.34; 5.00 is cooling's; 1.01 goes half to each fee.
    assert shared == {"DC": 500 + 50, "HR": 3_334 + 17, "IT": 3_334 + 17, "OPS": 3_333 + 17}
    assert set(balance_of(report).values()) == {0}


@pytest.mark.django_db
@pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
def test_one_minor_unit_is_never_lost_whatever_its_size(currency: str) -> None:
    a_policy("finalised")
    contract = a_contract_with_power("NR-X", currency=currency)
    split_cost(
        contract.charges.get(),
        shares={"A": Decimal(50), "B": Decimal(50)},
        by=person(),
        reason="allocation key",
    )
    claim = a_claim_of(1, agreement=a_schedule(contract=contract))
    attach(a_credit_row(1_000_001, revision=a_revision(a_statement())), claim=claim)
    report = journal_lines(months(), about=ABOUT)
    shared = {
        row["cost_centre"]: row["credit"] for row in cells(report, "journal") if row["account"] == "6200"
    }
    assert shared == {"A": 500_002, "B": 500_000}
    text = b"".join(render(roll_forward(months(), about=ABOUT), form="csv")).decode("utf-8-sig")
    assert {"JPY": '"1000002"', "USD": '"10000.02"', "KWD": '"1000.002"'}[currency] in text


@given(
    minor=st.integers(-10_000_000, 10_000_000),
    weights=st.dictionaries(
        st.sampled_from("abcdefg"), st.fractions(0, 100, max_denominator=997), min_size=1
    ).filter(lambda weights: sum(weights.values()) > 0),
)
def test_shares_sum_to_the_whole_and_none_is_a_minor_unit_off(
    minor: int, weights: dict[str, Fraction]
) -> None:
    found = allocated(minor, weights=weights)
    whole = sum(weights.values())
    assert sum(found.values()) == minor
    assert all(abs(part - minor * weights[name] / whole) < 1 for name, part in found.items())
    assert allocated(minor, weights=dict(reversed(weights.items()))) == found


@pytest.mark.django_db
def test_a_year_of_credits_receipts_and_corrections_ties_in_every_month() -> None:
    a_policy("submitted")
    for month in range(1, 13):
        label = f"2019-{month:02d}"
        claim = a_claim_of(month * 1_001, month=label)
        for act in _acts(claim, month=month):
            act()
    end = datetime(2020, 2, 1, tzinfo=UTC)
    closed(date(2019, 12, 31), now=end)
    report = roll_forward(months("2019-01", "2020-03"), about=ABOUT)
    for code, figure in (("owed", "amount_minor"), ("books", "recognised_minor")):
        rows = cells(report, code)
        assert [row["opening"] for row in rows[1:]] == [row["closing"] for row in rows[:-1]]
        for row in rows:
            assert row["opening"] + sum(row[kind] for kind in {*Kind.values} & row.keys()) == row["closing"]
        assert rows[-1]["closing"] == sum(RegisterEntry.objects.values_list(figure, flat=True))
    journal = journal_lines(months("2019-01", "2020-03"), about=ABOUT)
    assert set(balance_of(journal).values()) == {0}
    held = sum(row["debit"] - row["credit"] for row in cells(journal, "journal") if row["account"] == "1450")
    assert held == cells(report, "books")[-1]["closing"]


def _acts(claim: Any, *, month: int) -> Iterator[Any]:
    now = datetime(2020, 1, month, tzinfo=UTC)
    if month % 2:
        yield lambda: moved(claim, S.SUBMITTED, at=now)
    if month % 3:
        yield lambda: received(claim, month * 700, on=now.date(), now=now)
    if month % 5 == 0:
        yield lambda: moved(claim, S.NOT_PURSUED, at=now)
    if month % 4 == 0:
        yield lambda: entered(Kind.EARN_BACK, -month * 300, claim=claim, now=now)
