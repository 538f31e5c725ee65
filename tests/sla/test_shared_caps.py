"""Caps over several SLA schedules: what finalised statements of the family took, and what is left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from sla.engine.facts import RoomLeft
from sla.engine.money import Money
from sla.engine.periods import period_named, zone_table
from sla.inputs import inputs_for, inputs_of
from sla.inputs.rooms import cap_window, rooms_of
from sla.models import BroughtForward, ServiceCredit, ServiceLevelAgreement, SharedCap
from sla.services import draft_statement
from sla.services.statements import finalise_statement, head_of, open_questions, result_of
from tests.builders import (
    a_charge,
    a_contract,
    a_contract_with_power,
    a_schedule,
    an_incident,
    an_outage,
    at,
    person,
    saved,
)
from tests.sla.money_rows import a_credit_row, a_revision, a_statement
from vendors.models import Contract, FactChange

KNOWN = datetime(2020, 12, 31, tzinfo=UTC)
ZONE = zone_table("America/Los_Angeles", first_year=2017, last_year=2023)


def a_cap(contract: Contract, **fields: Any) -> SharedCap:
    defaults = {
        "code": "master",
        "amount_minor": 30_000,
        "period": "month",
        "effective_from": date(2018, 1, 1),
    }
    return saved(SharedCap(contract=contract, **{**defaults, **fields}))


def a_family(**fields: Any) -> tuple[ServiceLevelAgreement, ServiceLevelAgreement]:
    """Return the schedules of two orders under one master agreement, whose cap is 300.00."""
    master = a_contract("MSA")
    a_cap(master, **fields)
    power, cooling = (
        a_schedule(code, contract=a_contract_with_power(reference, vendor=master.vendor, parent=master))
        for code, reference in (("power", "ORDER-1"), ("cooling", "ORDER-2"))
    )
    return power, cooling


def credited(agreement: ServiceLevelAgreement, amount: int, *, month: str = "2019-06", **fields: Any) -> Any:
    return a_credit_row(amount, revision=a_revision(a_statement(agreement, month=month)), **fields)


def room(agreement: ServiceLevelAgreement, *, label: str = "2019-06") -> int | None:
    found = rooms_of(agreement, period=period_named(label, rule=agreement.period, zone=ZONE))
    return found[0].room.minor if found else None


@pytest.mark.django_db
def test_a_cap_leaves_what_other_schedules_of_the_family_have_not_taken() -> None:
    power, cooling = a_family()
    credited(cooling, 12_000)
    assert rooms_of(power, period=period_named("2019-06", rule=power.period, zone=ZONE)) == (
        RoomLeft(cap="master", room=Money(18_000, "USD")),
    )
    # A statement takes nothing from its own room, in whichever revision.
    assert room(cooling) == 30_000


@pytest.mark.django_db
def test_corrections_and_what_was_earned_back_give_room_back_and_nothing_falls_below_zero() -> None:
    power, cooling = a_family()
    credited(cooling, 31_000)
    assert room(power) == 0
    credited(cooling, -4_000, kind=ServiceCredit.Kind.ADJUSTMENT)
    credited(cooling, -2_000, kind=ServiceCredit.Kind.EARN_BACK)
    assert room(power) == 5_000


@pytest.mark.django_db
def test_service_in_kind_and_other_currencies_take_no_money() -> None:
    power, cooling = a_family()
    credited(cooling, 0, pays="service_days", quantity="3")
    credited(cooling, 9_000, currency="EUR")
    assert room(power) == 30_000
    elsewhere = a_contract_with_power("ORDER-3", vendor=power.contract.vendor, currency="EUR")
    Contract.objects.get(pk=elsewhere.pk)
    elsewhere.parent = power.contract.parent
    saved(elsewhere)
    assert room(a_schedule("abroad", contract=elsewhere)) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("period", "taken", "asked", "left"),
    [
        ("month", "2019-05", "2019-06", 30_000),
        ("month", "2019-06", "2019-06", 20_000),
        ("quarter", "2019-04", "2019-06", 20_000),
        ("quarter", "2019-03", "2019-06", 30_000),
        ("year", "2019-01", "2019-12", 20_000),
        ("year", "2019-12", "2019-01", 20_000),
        ("year", "2018-12", "2019-01", 30_000),
        ("rolling_12", "2018-07", "2019-06", 20_000),
        ("rolling_12", "2018-06", "2019-06", 30_000),
        ("term", "2018-02", "2020-02", 20_000),
    ],
)
def test_a_room_lasts_as_long_as_its_window(period: str, taken: str, asked: str, left: int) -> None:
    power, cooling = a_family(period=period)
    credited(cooling, 10_000, month=taken)
    assert room(power, label=asked) == left


@pytest.mark.django_db
def test_a_cap_binds_from_its_first_day_to_its_last_and_counts_nothing_outside() -> None:
    power, cooling = a_family(
        period="year", effective_from=date(2019, 3, 1), effective_until=date(2019, 10, 1)
    )
    credited(cooling, 10_000, month="2019-02")
    credited(cooling, 7_000, month="2019-04")
    assert [room(power, label=label) for label in ("2019-02", "2019-06", "2019-09", "2019-10")] == [
        None,
        23_000,
        23_000,
        None,
    ]


@pytest.mark.parametrize(
    ("period", "on", "window"),
    [
        ("month", date(2024, 2, 29), (date(2024, 2, 1), date(2024, 3, 1))),
        ("quarter", date(2019, 12, 31), (date(2019, 10, 1), date(2020, 1, 1))),
        ("year", date(2019, 6, 30), (date(2019, 1, 1), date(2020, 1, 1))),
        ("rolling_12", date(2019, 6, 30), (date(2018, 7, 1), date(2019, 7, 1))),
        ("rolling_12", date(2024, 2, 29), (date(2023, 3, 1), date(2024, 3, 1))),
        ("term", date(2019, 6, 30), (date(2018, 1, 1), date(9999, 12, 31))),
    ],
)
def test_windows_are_those_of_the_calendar(period: str, on: date, window: tuple[date, date]) -> None:
    cap = SharedCap(period=period, effective_from=date(2018, 1, 1))
    assert cap_window(cap, on=on) == window


@pytest.mark.django_db
def test_credits_from_before_go_live_count() -> None:
    power, cooling = a_family(period="year")
    saved(
        BroughtForward(
            agreement=cooling,
            target="uptime",
            period="2019-01",
            first_on=date(2019, 1, 1),
            last_on=date(2019, 1, 31),
            verdict="missed",
            credit={"minor": 11_000, "currency": "USD"},
        )
    )
    assert room(power) == 19_000


@pytest.mark.django_db
def test_a_cap_of_one_order_does_not_bind_the_papers_beside_or_above_it() -> None:
    power, cooling = a_family()
    a_cap(power.contract, code="own", amount_minor=5_000)
    frame = Contract.objects.get(reference="MSA")
    a_charge(frame, code="frame")
    above = a_schedule("frame", contract=frame)
    codes = {
        each.code: [one.cap for one in inputs_of(each, period_label="2019-06", known_until=KNOWN).facts.rooms]
        for each in (power, cooling, above)
    }
    assert codes == {"power": ["master", "own"], "cooling": ["master"], "frame": ["master"]}


@pytest.mark.django_db
def test_the_credit_of_a_statement_is_cut_to_the_room_that_is_left() -> None:
    power, cooling = a_family()
    incident = an_incident("JUNE", vendor=power.contract.vendor)
    outage = {"started_at": at("2019-06-25 04:15"), "ended_at": at("2019-06-25 05:28")}
    an_outage(incident, power.contract.services.get(), **outage)
    assert draft_statement(power, period_label="2019-06", known_until=KNOWN).credits.money.minor == 20_000
    credited(cooling, 15_000)
    cut = draft_statement(power, period_label="2019-06", known_until=KNOWN)
    assert cut.credits.money.minor == 15_000
    assert [(one.code, one.amount) for one in cut.credits.lines[0].removed] == [("master", 5_000)]


@pytest.mark.django_db
def test_a_changed_cap_concerns_every_paper_of_the_family() -> None:
    a_family()
    cap = SharedCap.objects.get()
    cap.amount_minor = 40_000
    saved(cap)
    noted = FactChange.objects.filter(subject__contains="changed: at most")
    assert {change.contract.reference for change in noted} == {"MSA", "ORDER-1", "ORDER-2"}


@pytest.mark.django_db
def test_rooms_take_as_many_queries_for_one_schedule_as_for_many(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    power, cooling = a_family()
    a_cap(power.contract, code="own")
    credited(cooling, 1_000)
    for number in range(10):
        a_schedule(f"power-{number}", contract=power.contract)
    rows = list(ServiceLevelAgreement.objects.select_related("contract__vendor").order_by("pk"))
    for chunk in (rows[:1], rows):
        # 29 without caps; with them the papers, what was finalised and what was brought forward.
        with django_assert_num_queries(32):
            assert len(list(inputs_for(chunk, period_label="2019-06", known_until=KNOWN))) == len(chunk)


def two_claims_to_one_cap() -> tuple[ServiceLevelAgreement, ServiceLevelAgreement]:
    """Return schedules of one family that each missed June for 200.00, where the cap is 300.00."""
    found = a_family()
    for agreement in found:
        incident = an_incident(agreement.code, vendor=agreement.contract.vendor)
        outage = {"started_at": at("2019-06-25 04:15"), "ended_at": at("2019-06-25 05:28")}
        an_outage(incident, agreement.contract.services.get(), **outage)
    return found


def finalised(agreement: ServiceLevelAgreement) -> int:
    statement = head_of(agreement, period_label="2019-06")
    result = result_of(inputs_of(agreement, period_label="2019-06", known_until=KNOWN))
    reasons = {each.code: "known" for each in open_questions(statement, result=result, now=KNOWN)}
    revision = finalise_statement(statement, by=person(), why="month end", reasons=reasons, now=KNOWN)
    return int(revision.due_minor)


@pytest.mark.django_db
def test_the_second_statement_gets_what_the_first_left() -> None:
    assert [finalised(agreement) for agreement in two_claims_to_one_cap()] == [20_000, 10_000]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one writer in at a time")
def test_two_statements_that_race_for_one_cap_never_take_more_than_it_has() -> None:
    person()

    def act(agreement: ServiceLevelAgreement) -> int:
        try:
            return finalised(agreement)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        taken = list(pool.map(act, two_claims_to_one_cap()))
    assert sorted(taken) == [10_000, 20_000]
