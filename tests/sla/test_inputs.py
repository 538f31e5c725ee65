"""From rows to the engine's values: what comes along, how far back, in how many queries."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from incidents.models import Subject
from incidents.services import confirm_outage, record_maintenance, withdraw_outage
from sla.engine.codec import canonical
from sla.engine.facts import Charge, Party, Responsible, Verdict
from sla.engine.money import Money
from sla.engine.periods import BusinessCalendar, WeeklyHours
from sla.engine.terms import Repeat
from sla.inputs import CHUNK, inputs_for, inputs_of
from sla.models import BroughtForward, ServiceLevelAgreement
from sla.services import draft_statement, draft_statements
from tests.builders import (
    REASON,
    a_calendar,
    a_charge,
    a_contract_with_power,
    a_credit,
    a_level,
    a_milestone,
    a_position,
    a_schedule,
    a_service,
    a_window,
    an_incident,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)
from vendors.models import WeeklyHours as HoursRow

KNOWN = datetime(2019, 12, 31, tzinfo=UTC)


def june(agreement: ServiceLevelAgreement) -> Any:
    return inputs_of(agreement, period_label="2019-06", known_until=KNOWN)


def an_outage_in(agreement: ServiceLevelAgreement, reference: str, *, start: str, end: str) -> Any:
    incident = an_incident(reference, vendor=agreement.contract.vendor)
    service = agreement.contract.services.first()
    return an_outage(incident, service, started_at=at(start), ended_at=at(end))


@pytest.mark.django_db
def test_a_statement_gets_the_outages_of_its_period_and_of_a_month_around_it() -> None:
    agreement = a_schedule()
    an_outage_in(agreement, "JUNE", start="2019-06-25 04:15", end="2019-06-25 05:28")
    an_outage_in(agreement, "EDGE", start="2019-05-31 20:00", end="2019-06-01 20:00")
    an_outage_in(agreement, "APRIL", start="2019-04-01 00:00", end="2019-04-02 00:00")
    an_outage_in(agreement, "SEPTEMBER", start="2019-09-01 00:00", end="2019-09-02 00:00")
    assert [outage.incident for outage in june(agreement).facts.outages] == ["JUNE", "EDGE"]


@pytest.mark.django_db
def test_withdrawn_outages_and_those_of_other_contracts_stay_out() -> None:
    agreement = a_schedule()
    mine = an_outage_in(agreement, "GONE", start="2019-06-25 04:15", end="2019-06-25 05:28")
    withdraw_outage(mine, at=KNOWN, by=person(), reason="typed twice")
    other = a_contract_with_power("NR-2", vendor=agreement.contract.vendor)
    an_outage(an_incident("OTHER", vendor=other.vendor), other.services.get())
    facts = june(agreement).facts
    assert facts.outages == ()
    assert facts.incidents == ()


@pytest.mark.django_db
def test_an_incident_that_hit_no_service_belongs_to_its_vendors_contracts() -> None:
    agreement = a_schedule()
    ticket = an_incident("TICKET", vendor=agreement.contract.vendor)
    a_milestone(ticket, "reported", "2019-06-03 09:00")
    facts = june(agreement).facts
    assert [incident.reference for incident in facts.incidents] == ["TICKET"]
    assert [moment.at for moment in facts.milestones] == [at("2019-06-03 09:00")]


@pytest.mark.django_db
def test_the_vendor_bears_a_confirmed_outage_and_nobody_is_known_to_bear_another() -> None:
    agreement = a_schedule()
    outage = an_outage_in(agreement, "ONE", start="2019-06-25 04:15", end="2019-06-25 05:28")
    assert june(agreement).facts.outages[0].responsible is None
    confirm_outage(outage, at=KNOWN, by=person(), reason="ticket read")
    assert june(agreement).facts.outages[0].responsible is Responsible.VENDOR


@pytest.mark.django_db
def test_positions_reach_their_outage_and_an_excluded_stretch_becomes_a_decision() -> None:
    agreement = a_schedule()
    outage = an_outage_in(agreement, "ONE", start="2019-06-25 04:15", end="2019-06-25 05:28")
    a_position(
        outage.incident,
        outage=outage,
        party="vendors",
        responsible="us",
        share_numerator=1,
        share_denominator=2,
    )
    a_position(
        outage.incident,
        about=Subject.EXCLUSION,
        responsible="",
        exclusion="works",
        started_at=at("2019-06-25 04:15"),
        ended_at=at("2019-06-25 04:45"),
    )
    facts = june(agreement).facts
    (position,) = facts.outages[0].positions
    assert (position.party, position.responsible, position.share) == (
        Party.VENDORS,
        Responsible.US,
        Fraction(1, 2),
    )
    (decision,) = facts.exclusions
    assert (decision.rule, decision.incident, decision.units) == ("works", "ONE", ("power-a",))
    assert decision.ended_at == at("2019-06-25 04:45")


@pytest.mark.django_db
def test_fees_hold_until_their_next_row_or_the_contracts_end() -> None:
    contract = a_contract_with_power(effective_until=date(2022, 1, 1))
    service = contract.services.get()
    a_charge(contract, code="power", service=service, amount_minor=250_000, effective_from=date(2019, 6, 16))
    charges = june(a_schedule(contract=contract)).facts.charges
    assert [(charge.amount, charge.starts_on, charge.ends_on) for charge in charges] == [
        (Money(200_000, "USD"), date(2018, 1, 1), date(2019, 6, 16)),
        (Money(250_000, "USD"), date(2019, 6, 16), date(2022, 1, 1)),
    ]
    assert isinstance(charges[0], Charge)


@pytest.mark.django_db
def test_only_the_calendars_that_the_terms_name_come_along() -> None:
    saved(HoursRow(calendar=a_calendar("office"), weekday=0, opens_at=480, closes_at=1020))
    a_calendar("other")
    agreement = a_schedule(terms=some_terms(targets=(a_level(calendar="office"),)))
    facts = june(agreement).facts
    assert facts.calendars == (
        BusinessCalendar(
            code="office",
            zone="America/New_York",
            weekly=(WeeklyHours(weekday=0, opens=480, closes=1020),),
        ),
    )
    assert [zone.name for zone in facts.calendar_zones] == ["America/New_York"]


@pytest.mark.django_db
def test_a_service_without_dates_is_in_service_for_the_contracts_term() -> None:
    (unit,) = june(a_schedule()).facts.units
    assert (unit.in_service_from, unit.in_service_until) == (at("2018-01-01 08:00"), None)


@pytest.mark.django_db
def test_maintenance_names_the_services_of_this_contract_only() -> None:
    agreement = a_schedule()
    other = a_contract_with_power("NR-2", vendor=agreement.contract.vendor)
    window = a_window(agreement.contract.services.get())
    services = [agreement.contract.services.get(), other.services.get()]
    record_maintenance(window, services=services, by=person(), reason=REASON)
    (work,) = june(agreement).facts.maintenance
    assert work.units == ("power-a",)


@pytest.mark.django_db
def test_rules_that_look_back_bring_the_outcomes_of_earlier_periods() -> None:
    repeat = a_credit(repeat=Repeat(factors=(Decimal(2),)))
    agreement = a_schedule(terms=some_terms(targets=(a_level(credit=repeat),)))
    for month in ("05", "06"):
        an_outage_in(agreement, f"INC-{month}", start=f"2019-{month}-10 10:00", end=f"2019-{month}-10 14:00")
    inputs = june(agreement)
    assert [(one.period, one.verdict) for one in inputs.history][-1] == ("2019-05", Verdict.MISSED)
    assert len(inputs.history) == 5
    result = draft_statement(agreement, period_label="2019-06", known_until=KNOWN)
    assert result.credits.money == Money(40_000, "USD")


@pytest.mark.django_db
def test_rules_that_do_not_look_back_bring_no_history() -> None:
    agreement = a_schedule()
    an_outage_in(agreement, "INC-05", start="2019-05-10 10:00", end="2019-05-10 14:00")
    assert june(agreement).history == ()


@pytest.mark.django_db
def test_a_period_brought_forward_is_never_computed_again() -> None:
    repeat = a_credit(repeat=Repeat(factors=(Decimal(2),)))
    contract = a_contract_with_power(live_from=date(2019, 5, 1))
    agreement = a_schedule(contract=contract, terms=some_terms(targets=(a_level(credit=repeat),)))
    an_outage_in(agreement, "INC-05", start="2019-05-10 10:00", end="2019-05-10 14:00")
    saved(
        BroughtForward(
            agreement=agreement,
            target="uptime",
            period="2019-05",
            units=["power-a"],
            first_on=date(2019, 5, 1),
            last_on=date(2019, 5, 31),
            verdict=Verdict.MET.value,
            value=Fraction(100),
        )
    )
    (outcome,) = june(agreement).history
    assert (outcome.verdict, outcome.value, outcome.brought_forward) == (Verdict.MET, Fraction(100), True)


@pytest.mark.django_db
def test_one_schedule_alone_or_among_others_has_the_same_inputs() -> None:
    agreement = a_schedule()
    an_outage_in(agreement, "JUNE", start="2019-06-25 04:15", end="2019-06-25 05:28")
    repeat = a_credit(repeat=Repeat())
    other = a_contract_with_power("NR-2", vendor=agreement.contract.vendor)
    longer = a_schedule("longer", contract=other, terms=some_terms(targets=(a_level(credit=repeat),)))
    an_outage_in(longer, "JANUARY", start="2019-01-25 04:15", end="2019-01-25 05:28")
    alone = june(agreement)
    among = next(iter(inputs_for([agreement, longer], period_label="2019-06", known_until=KNOWN)))
    assert canonical(among) == canonical(alone)


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_schedules(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    contract = a_contract_with_power()
    for number in range(50):
        a_schedule(f"power-{number}", contract=contract)
    incident = an_incident("JUNE", vendor=contract.vendor)
    an_outage(incident, a_service(contract, code="power-b"))
    rows = list(ServiceLevelAgreement.objects.select_related("contract__vendor").order_by("pk"))
    assert len(rows) == 50 < CHUNK
    for chunk in (rows[:1], rows):
        with django_assert_num_queries(QUERIES):
            assert len(list(inputs_for(chunk, period_label="2019-06", known_until=KNOWN))) == len(chunk)


# Terms with all below them and calendars 13, what happened and what it costs 15, shared caps 1.
QUERIES = 29


@pytest.mark.django_db
@pytest.mark.parametrize("label", ["", "soon", "2019-Q2", "2019-13"])
def test_a_label_that_names_no_period_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match=r"names no period|is no month"):
        inputs_of(a_schedule(), period_label=label, known_until=KNOWN)


@pytest.mark.django_db
def test_statements_of_a_day_leave_out_schedules_without_terms_then() -> None:
    agreement = a_schedule()
    later = a_schedule("later", terms=replace(some_terms(), effective_from=date(2020, 1, 1)))
    results = draft_statements([agreement, later], on=date(2019, 6, 30), known_until=KNOWN)
    assert [result.schedule for result in results] == ["power"]


@pytest.mark.django_db
def test_what_lies_after_the_known_time_makes_a_statement_provisional() -> None:
    agreement = a_schedule()
    result = draft_statement(agreement, period_label="2019-06", known_until=at("2019-06-10 00:00"))
    assert "the period has not ended" in result.provisional
    assert result.known_until - result.period.during.start == timedelta(days=8, hours=17)
