"""The breach report: which lines are in it, what they say, and from where."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from sla.models import (
    Claim,
    ClaimPart,
    DraftLine,
    ServiceCredit,
    ServiceLevelAgreement,
    Statement,
    StatementLine,
    StatementRevision,
)
from sla.reports.breach import breach_report
from sla.reports.tables import About, Kind, Report
from sla.selectors.scope import Scope
from sla.services.report_days import first_day, moment
from sla.services.reporting import REPORTS, everything, make_report, report_file
from tests.builders import (
    a_charge,
    a_contract,
    a_contract_with_power,
    a_schedule,
    a_service,
    a_vendor,
    person,
)
from vendors.models import CostShare
from vendors.services import save_record

pytestmark = pytest.mark.django_db
NOON = datetime(2019, 8, 1, 12, tzinfo=UTC)
JUNE = (date(2019, 6, 1), date(2019, 6, 30))


def a_head(agreement: ServiceLevelAgreement, *, period: str = "2019-06", **fields: Any) -> Statement:
    first, last = fields.pop("days", JUNE)
    return Statement.objects.create(
        agreement=agreement,
        period=period,
        first_on=first,
        last_on=last,
        starts_at=datetime(2019, 6, 1, tzinfo=UTC),
        ends_at=datetime(2019, 7, 1, tzinfo=UTC),
        currency=agreement.currency,
        computed=1,
        computed_at=NOON,
        known_until=NOON,
        **{"claim_by": date(2019, 7, 30), **fields},
    )


def a_revision(statement: Statement, *, number: int = 1, **fields: Any) -> StatementRevision:
    return StatementRevision.objects.create(
        statement=statement,
        number=number,
        inputs="{}",
        inputs_digest="i",
        result="{}",
        result_digest=f"r{number}",
        engine_version="1",
        zone_data="2026a",
        digest=f"{statement.pk}-{number}",
        finalised_at=NOON,
        finalised_by=person(),
        cause="month end",
        currency=statement.currency,
        **{"claim_by": date(2019, 7, 15), "known_until": NOON, **fields},
    )


def figures(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "number": number,
        "key": f"uptime|2019-06|{number}",
        "target": "uptime",
        "name": "Power uptime",
        "clause": "3.1",
        "window": "2019-06",
        "window_first_on": JUNE[0],
        "window_last_on": JUNE[1],
        "units": ["power-a"],
        "services": "Power feed A",
        "unit": "%",
        "verdict": "missed",
        "missed": True,
        "level": Fraction("99.9"),
        "level_printed": "99.9 %",
        "value": Fraction(299, 3),
        "value_printed": "99.666 %",
        "shortfall": Fraction(7, 30),
        "shortfall_printed": "0.234 % points",
        "total_us": 2_592_000_000_000,
        "counted_us": 8_640_000_000,
        "excluded_us": 600_000_000,
        "excluded_by": [{"rule": "maintenance", "clause": "3.4", "us": 600_000_000}],
        "incidents": ["INC-1"],
        "tier": "below 99.9",
        "currency": "USD",
        "base_minor": 200_000,
        "before_caps": Fraction(20_000),
        "before_caps_minor": 20_000,
        "removed": [{"code": "monthly", "clause": "4.3", "amount": "5000"}],
        "due_minor": 15_000,
        "agreed_minor": 12_500,
        "credit_state": "due",
        **fields,
    }


def lines_of(report: Report) -> list[dict[str, Any]]:
    keys = [column.key for column in report.tables[0].columns]
    return [dict(zip(keys, row, strict=True)) for row in report.tables[0].rows()]


def june(**fields: Any) -> Report:
    scope = {"first_on": date(2019, 6, 1), "until": date(2019, 7, 1), "user": everything(), **fields}
    about = About(parameters=(), run_by="ada", run_at=NOON, data_as_at=NOON)
    return breach_report(Scope(**scope), about=about)


@pytest.fixture
def schedule() -> ServiceLevelAgreement:
    return a_schedule()


def test_a_draft_line_says_all_that_finance_asks(schedule: ServiceLevelAgreement) -> None:
    contract = schedule.contract
    charge = contract.charges.get()
    charge.purchase_order = "PO-7"
    save_record(charge, by=person(), reason="order")
    for centre, percent in (("4711", 60), ("4712", 40)):
        save_record(
            CostShare(charge=charge, cost_centre=centre, percent=percent), by=person(), reason="shares"
        )
    DraftLine.objects.create(statement=a_head(schedule), **figures(contested=True))
    (line,) = lines_of(june())
    assert line == {
        "period": "2019-06",
        "entity": contract.entity.name,
        "vendor": contract.vendor.name,
        "vendor_number": contract.vendor.accounting_number,
        "account": "",
        "purchase_order": "PO-7",
        "cost_centre": "4711 60 %, 4712 40 %",
        "contract": "NR-2018",
        "contract_name": contract.name,
        "schedule": "Power",
        "clause": "3.1",
        "service_level": "Power uptime",
        "services": "Power feed A",
        "first_on": JUNE[0],
        "last_on": JUNE[1],
        "target": "99.9 %",
        "target_exact": Fraction("99.9"),
        "achieved": "99.666 %",
        "achieved_exact": Fraction(299, 3),
        "shortfall": "0.234 % points",
        "shortfall_exact": Fraction(7, 30),
        "unit": "%",
        "counted": 8_640_000_000,
        "excluded": 600_000_000,
        "excluded_by": "maintenance (3.4): 10 min",
        "waiting_on_us": 0,
        "others": 0,
        "uncounted": 0,
        "unknown": 0,
        "incidents": "INC-1",
        "row": "below 99.9",
        "currency": "USD",
        "base": 200_000,
        "before_caps": 20_000,
        "cap_effect": -5_000,
        "limits": "monthly (4.3)",
        "due": 15_000,
        "agreed": 12_500,
        "contested": 2_500,
        "other_credit": "",
        "credit_state": "due",
        "claim_state": "",
        "claim": "",
        "vendor_reference": "",
        "claim_by": date(2019, 7, 30),
        "invoice": "",
        "statement": "NR-2018/power/2019-06",
        "revision": None,
        "line": 1,
        "state": "draft, contested",
        "open_questions": "",
    }
    assert june().about.provisional


def test_a_finalised_statement_speaks_by_its_newest_revision(schedule: ServiceLevelAgreement) -> None:
    head = a_head(schedule)
    DraftLine.objects.create(statement=head, **figures(due_minor=1))
    StatementLine.objects.create(revision=a_revision(head), **figures(due_minor=2))
    newest = a_revision(head, number=2)
    StatementLine.objects.create(revision=newest, **figures(due_minor=3))
    StatementLine.objects.create(revision=newest, **figures(2, missed=False, verdict="met"))
    StatementLine.objects.create(revision=newest, **figures(3, status="removed"))
    (line,) = lines_of(june())
    assert (line["due"], line["statement"], line["revision"], line["state"], line["claim_by"]) == (
        3,
        "NR-2018/power/2019-06/r2",
        2,
        "finalised",
        date(2019, 7, 15),
    )
    assert not june().about.provisional


def test_a_line_names_its_claim_and_the_credit_note_that_is_expected(schedule: ServiceLevelAgreement) -> None:
    head = a_head(schedule)
    revision = a_revision(head)
    for number in (1, 2):
        StatementLine.objects.create(revision=revision, **figures(number))
    fields = {"contract": schedule.contract, "currency": "USD", "opened_at": NOON, "opened_by": person()}
    claim = Claim.objects.create(reference="C-1", state="submitted", expected_invoice="INV-9", **fields)
    Claim.objects.create(reference="C-2", state="protective", statement=head, **fields)
    credit = ServiceCredit.objects.create(
        revision=revision,
        line_number=1,
        kind="credit",
        currency="USD",
        amount_minor=15_000,
        description="Power",
        service_first_on=JUNE[0],
        service_last_on=JUNE[1],
        posting_month=JUNE[0],
        recorded_at=NOON,
    )
    ClaimPart.objects.create(
        claim=claim, credit=credit, amount_minor=15_000, recorded_at=NOON, recorded_by=person()
    )
    first, second = lines_of(june())
    assert (first["claim"], first["claim_state"], first["invoice"]) == ("C-1", "Submitted", "INV-9")
    assert (second["claim"], second["claim_state"], second["invoice"]) == ("C-2", "Protective", "")


def test_a_length_is_exact_in_seconds_and_what_is_no_time_has_no_account(
    schedule: ServiceLevelAgreement,
) -> None:
    exact = {"unit": "us", "level": Fraction(1_800_000_000), "value": Fraction(9_120_000_000), "total_us": 0}
    DraftLine.objects.create(statement=a_head(schedule), **figures(**exact))
    (line,) = lines_of(june())
    assert (line["target_exact"], line["achieved_exact"], line["unit"], line["counted"]) == (
        1_800,
        9_120,
        "s",
        None,
    )


@pytest.mark.parametrize(
    ("first_on", "until", "found"),
    [
        (date(2019, 6, 1), date(2019, 7, 1), 1),
        (date(2019, 6, 30), date(2019, 7, 1), 1),
        (date(2019, 6, 1), date(2019, 6, 30), 0),
        (date(2019, 7, 1), date(2019, 8, 1), 0),
    ],
)
def test_a_period_is_where_it_ends(
    schedule: ServiceLevelAgreement, first_on: date, until: date, found: int
) -> None:
    DraftLine.objects.create(statement=a_head(schedule), **figures())
    assert len(lines_of(june(first_on=first_on, until=until))) == found


def test_a_reader_finds_only_own_vendors_and_may_choose_one() -> None:
    mine, other = a_contract_with_power(), a_contract("OT-1", vendor=a_vendor("other"))
    a_charge(other, code="x", service=a_service(other, code="x"))
    for contract in (mine, other):
        DraftLine.objects.create(statement=a_head(a_schedule(contract=contract)), **figures())
    clerk = User.objects.create_user("clerk")
    assert len(lines_of(june())) == 2
    assert lines_of(june(user=clerk)) == []
    mine.vendor.owner = clerk
    save_record(mine.vendor, by=person(), reason="owner")
    assert [line["contract"] for line in lines_of(june(user=clerk))] == ["NR-2018"]
    assert [line["contract"] for line in lines_of(june(vendor=other.vendor))] == ["OT-1"]


def test_rows_take_the_same_queries_however_many_lines_there_are(
    schedule: ServiceLevelAgreement, django_assert_max_num_queries: Any
) -> None:
    head = a_head(schedule)
    for number in range(1, 60):
        DraftLine.objects.create(statement=head, **figures(number))
    with django_assert_max_num_queries(10):
        assert len(lines_of(june())) == 59


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019", date(2019, 1, 1)),
        ("2019-Q2", date(2019, 4, 1)),
        ("2019-06", date(2019, 6, 1)),
        ("2019-06-25", date(2019, 6, 25)),
    ],
)
def test_a_day_may_be_named_by_year_quarter_month_or_day(text: str, day: date) -> None:
    assert first_day(text) == day


@pytest.mark.parametrize("text", ["June", "2019-13", "2019-02-30", "19", "2019-Q5", "0019", "2019-6"])
def test_what_names_no_day_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="Write 2019, 2019-Q2, 2019-06 or 2019-06-25"):
        first_day(text)


def test_as_at_a_day_is_its_end() -> None:
    assert moment("2019-06-30") == datetime(2019, 7, 1, tzinfo=UTC)
    assert moment("2019-06-30T18:00:00+02:00") == datetime(2019, 6, 30, 16, tzinfo=UTC)
    with pytest.raises(ValueError, match="has no offset"):
        moment("2019-06-30T18:00:00")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"until": "2019-07"}, "From is missing"),
        ({"from": "2019-07", "until": "2019-07"}, "from 2019-06 until 2019-07"),
        ({"from": "x", "until": "2019-07"}, "From: 'x' names no day"),
        (
            {"from": "2019-06", "until": "2019-07", "vendor": "nobody"},
            "no vendor 'nobody'. Known are: none yet",
        ),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_report("breach", parameters=parameters, user=everything(), now=NOON)


def test_a_report_computes_its_drafts_first_and_its_file_is_named_by_its_days(
    schedule: ServiceLevelAgreement,
) -> None:
    report = make_report(
        "breach", parameters={"from": "2019-06", "until": "2019-07"}, user=everything(), now=NOON
    )
    assert Statement.objects.get().computed == 1
    assert dict(report.about.parameters)["Days"] == "2019-06-01 to 2019-06-30"
    name, content_type, _ = report_file(report, form="xlsx")
    assert name == "breach-2019-06-01-2019-06-30.xlsx"
    assert content_type.endswith("spreadsheetml.sheet")


@pytest.mark.parametrize("code", REPORTS)
def test_every_report_is_made_of_nothing(code: str) -> None:
    parameters = {"from": "2019-06", "until": "2019-07"}
    report = make_report(code, parameters=parameters, user=everything(), now=NOON)
    for table in report.tables:
        for row in table.rows():
            assert len(row) == len(table.columns)
    keys = [{column.key for column in table.columns} for table in report.tables]
    for table, known in zip(report.tables, keys, strict=True):
        assert len(known) == len(table.columns)
        assert all(c.currency in known for c in table.columns if c.kind is Kind.MONEY)


def test_the_command_writes_a_file_and_says_what_is_in_it(
    schedule: ServiceLevelAgreement, tmp_path: Path
) -> None:
    said, path = io.StringIO(), tmp_path / "missed.json"
    StatementLine.objects.create(revision=a_revision(a_head(schedule)), **figures())
    call_command(
        "breach_report",
        "--from",
        "2019-06",
        "--until",
        "2019-07",
        "--format",
        "json",
        "--output",
        str(path),
        stderr=said,
        stdout=io.StringIO(),
    )
    assert [row["due"]["amount"] for row in json.loads(path.read_text())["tables"][0]["rows"]] == ["150.00"]
    assert "  Credit due, before tax: USD 150.00\n" in said.getvalue()
    assert [each.name for each in tmp_path.iterdir()] == ["missed.json"]


def test_the_command_writes_csv_to_the_screen(schedule: ServiceLevelAgreement) -> None:
    screen = io.StringIO()
    StatementLine.objects.create(revision=a_revision(a_head(schedule)), **figures())
    call_command("breach_report", "--from=2019-06", "--until=2019-07", stdout=screen, stderr=io.StringIO())
    (row,) = csv.DictReader(io.StringIO(screen.getvalue().lstrip("\ufeff")))
    assert (row["due"], row["counted_s"], row["achieved_exact"]) == ("150.00", "8640", "299/3")


def test_the_command_refuses_a_wrong_day() -> None:
    with pytest.raises(CommandError, match="names no day") as refused:
        call_command("breach_report", "--from=June", "--until=2019-07")
    assert refused.value.returncode == 2
