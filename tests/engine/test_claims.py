"""Claim deadlines: clauses.md example 66 and the date fixtures of the field notes' appendix."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sla.engine.claims import answers_due, claim_terms, due_at
from sla.engine.facts import Facts, Incident, MilestoneFact, Outage, Unit
from sla.engine.periods import BusinessCalendar, PeriodRule, SpecialDay, WeeklyHours, period_named, zone_table
from sla.engine.results import Due
from sla.engine.terms import (
    Anchor,
    CalendarOp,
    ClaimRule,
    ClaimStep,
    Measurer,
    Milestone,
    Offset,
    OffsetUnit,
    Remedy,
)
from sla.engine.terms.versions import Schedule

UTC_TABLE = zone_table("UTC", first_year=2018, last_year=2028)
NEW_YORK = zone_table("America/New_York", first_year=2018, last_year=2028)
MARCH = period_named("2025-03", rule=PeriodRule(), zone=UTC_TABLE)
SCHEDULE = Schedule(contract="C-1", code="sla", name="SLA", currency="USD", zone="UTC")
STARTED, ENDED = datetime(2025, 3, 10, 9, tzinfo=UTC), datetime(2025, 3, 10, 11, tzinfo=UTC)
OUTAGE = Outage(incident="INC-1", unit="web", started_at=STARTED, ended_at=ENDED)
FACTS = Facts(
    zone=UTC_TABLE, units=(Unit(code="web"),), incidents=(Incident(reference="INC-1"),), outages=(OUTAGE,)
)


def calendar(code: str, *closed: date) -> BusinessCalendar:
    weekly = tuple(WeeklyHours(weekday=day, opens=480, closes=1020) for day in range(5))
    return BusinessCalendar(
        code=code, zone="UTC", weekly=weekly, special=tuple(SpecialDay(on=on) for on in closed)
    )


def limit(
    n: str, unit: OffsetUnit = OffsetUnit.DAYS, anchor: Anchor = Anchor.INCIDENT_START, **more: object
) -> Offset:
    return Offset(n=Decimal(n), unit=unit, anchor=anchor, **more)


def deadlines(
    *limits: Offset, facts: Facts = FACTS, incidents: tuple[str, ...] = ("INC-1",), **more: object
) -> tuple[Due, ...]:
    terms = claim_terms(
        ClaimRule(deadlines=limits), schedule=SCHEDULE, facts=facts, period=MARCH, incidents=incidents, **more
    )
    assert terms is not None
    return terms.deadlines


EXAMPLE_66 = [
    ("virteche, 72 hours", limit("72", OffsetUnit.HOURS), date(2025, 3, 13)),
    ("NTT America, 7 days", limit("7"), date(2025, 3, 17)),
    ("Comcast, 30 days from the beginning", limit("30"), date(2025, 4, 9)),
    ("Cogent, 7 business days", limit("7", OffsetUnit.WORKING_DAYS, Anchor.MONTH_END), date(2025, 4, 9)),
    ("Atlassian, 15 days", limit("15", anchor=Anchor.PERIOD_END), date(2025, 4, 15)),
    ("Verizon, month restored", limit("30", anchor=Anchor.RESTORED_MONTH_END), date(2025, 4, 30)),
    ("Microsoft 365, following month", limit("1", OffsetUnit.MONTH_ENDS), date(2025, 4, 30)),
    ("OVH, 60 calendar days", limit("60", anchor=Anchor.INCIDENT_END), date(2025, 5, 9)),
    ("Zendesk, 60 days after the month", limit("60", anchor=Anchor.MONTH_END), date(2025, 5, 30)),
    ("AWS, second billing cycle after", limit("2", OffsetUnit.BILLING_CYCLES), date(2025, 5, 31)),
    ("AWS, the incident's own is the first", limit("1", OffsetUnit.BILLING_CYCLES), date(2025, 4, 30)),
    ("DigitalOcean, three months", limit("3", OffsetUnit.MONTHS, Anchor.PERIOD_END), date(2025, 6, 30)),
]


@pytest.mark.parametrize(
    ("offset", "due_on"), [row[1:] for row in EXAMPLE_66], ids=[row[0] for row in EXAMPLE_66]
)
def test_published_deadlines_of_one_incident(offset: Offset, due_on: date) -> None:
    (due,) = deadlines(offset)
    assert due.due_on == due_on


def test_eligible_has_two_readings_and_the_earlier_is_warned_by() -> None:
    terms = claim_terms(
        ClaimRule(deadlines=(limit("30", anchor=Anchor.ELIGIBLE),)),
        schedule=SCHEDULE,
        facts=FACTS,
        period=MARCH,
        incidents=("INC-1",),
    )
    assert terms is not None
    assert [(due.due_on, due.reading) for due in terms.deadlines] == [
        (date(2025, 4, 9), "eligible when it happened"),
        (date(2025, 4, 30), "eligible when the period is over"),
    ]
    assert terms.warn_by == terms.deadlines[0]


def test_eligible_counts_from_the_first_certain_miss_where_it_is_known() -> None:
    missed_at = datetime(2025, 3, 20, tzinfo=UTC)
    assert [due.due_on for due in deadlines(limit("30", anchor=Anchor.ELIGIBLE), eligible_at=missed_at)] == [
        date(2025, 4, 19),
        date(2025, 4, 30),
    ]


WORKING_DAYS = [
    ("Cogent, January 2026", 7, date(2026, 1, 31), (), date(2026, 2, 10)),
    ("Cogent, April 2026", 7, date(2026, 4, 30), (), date(2026, 5, 11)),
    ("Cogent, April 2026, closed on 1 May", 7, date(2026, 4, 30), (date(2026, 5, 1),), date(2026, 5, 12)),
    ("Tealium, December 2025", 10, date(2025, 12, 31), (), date(2026, 1, 14)),
    (
        "Tealium, December 2025, closed on 1 January",
        10,
        date(2025, 12, 31),
        (date(2026, 1, 1),),
        date(2026, 1, 15),
    ),
]


@pytest.mark.parametrize(
    ("days", "last_on", "closed", "due_on"),
    [row[1:] for row in WORKING_DAYS],
    ids=[row[0] for row in WORKING_DAYS],
)
def test_working_days_after_a_month_end(
    days: int, last_on: date, closed: tuple[date, ...], due_on: date
) -> None:
    period = period_named(f"{last_on:%Y-%m}", rule=PeriodRule(), zone=UTC_TABLE)
    offset = limit(str(days), OffsetUnit.WORKING_DAYS, Anchor.PERIOD_END, calendar="bank")
    found, _ = due_at(
        offset, anchor_at=period.during.end, zone=UTC_TABLE, calendars=(calendar("bank", *closed),)
    )
    assert found == due_on


DAYS_AND_MONTHS = [
    (
        "31 January and 30 days",
        "30",
        OffsetUnit.DAYS,
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        date(2026, 3, 2),
    ),
    (
        "31 January and a month",
        "1",
        OffsetUnit.MONTHS,
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        date(2026, 2, 28),
    ),
    (
        "31 January and a month, leap",
        "1",
        OffsetUnit.MONTHS,
        datetime(2028, 1, 31, tzinfo=UTC),
        date(2028, 2, 29),
    ),
    ("two weeks", "2", OffsetUnit.WEEKS, datetime(2026, 1, 31, 12, tzinfo=UTC), date(2026, 2, 14)),
    ("no days", "0", OffsetUnit.DAYS, datetime(2026, 1, 31, 12, tzinfo=UTC), date(2026, 1, 31)),
    ("own month", "0", OffsetUnit.MONTH_ENDS, datetime(2026, 2, 3, tzinfo=UTC), date(2026, 2, 28)),
    ("over the year", "2", OffsetUnit.MONTH_ENDS, datetime(2025, 11, 3, tzinfo=UTC), date(2026, 1, 31)),
]


@pytest.mark.parametrize(
    ("n", "unit", "anchor_at", "due_on"),
    [row[1:] for row in DAYS_AND_MONTHS],
    ids=[row[0] for row in DAYS_AND_MONTHS],
)
def test_limits_in_calendar_units(n: str, unit: OffsetUnit, anchor_at: datetime, due_on: date) -> None:
    found, _ = due_at(limit(n, unit), anchor_at=anchor_at, zone=UTC_TABLE, calendars=())
    assert found == due_on


BILLING = [
    (15, datetime(2025, 3, 10, tzinfo=UTC), date(2025, 5, 14)),
    (15, datetime(2025, 3, 15, tzinfo=UTC), date(2025, 6, 14)),
    (1, datetime(2025, 12, 31, tzinfo=UTC), date(2026, 2, 28)),
]


@pytest.mark.parametrize(("billing_day", "anchor_at", "due_on"), BILLING)
def test_billing_cycles_follow_the_billing_day(billing_day: int, anchor_at: datetime, due_on: date) -> None:
    offset = limit("2", OffsetUnit.BILLING_CYCLES)
    found, _ = due_at(offset, anchor_at=anchor_at, zone=UTC_TABLE, calendars=(), billing_day=billing_day)
    assert found == due_on


def test_days_last_to_the_end_of_the_local_day() -> None:
    # 23:30 on 10 March in New York is 03:30 UTC on the 11th; a local day ends at 04:00 UTC in summer.
    found = due_at(
        limit("30"), anchor_at=datetime(2025, 3, 11, 3, 30, tzinfo=UTC), zone=NEW_YORK, calendars=()
    )
    assert found == (date(2025, 4, 9), datetime(2025, 4, 10, 4, tzinfo=UTC))


def test_hours_run_exactly_over_a_clock_change() -> None:
    # Clocks go forward on 9 March: 24 hours after 12:00 are 13:00.
    anchor_at = datetime(2025, 3, 8, 17, tzinfo=UTC)
    due_on, until = due_at(limit("24", OffsetUnit.HOURS), anchor_at=anchor_at, zone=NEW_YORK, calendars=())
    assert (due_on, until, NEW_YORK.local(until)) == (
        date(2025, 3, 9),
        datetime(2025, 3, 9, 17, tzinfo=UTC),
        datetime.fromisoformat("2025-03-09T13:00"),
    )


def test_half_hours_are_exact() -> None:
    _, until = due_at(limit("1.5", OffsetUnit.HOURS), anchor_at=STARTED, zone=UTC_TABLE, calendars=())
    assert until == datetime(2025, 3, 10, 10, 30, tzinfo=UTC)


def test_a_broken_number_of_days_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"n is 1\.5\. Only hours can be broken: use a whole number of days\."
    ):
        limit("1.5")


def test_a_limit_before_its_anchor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"n is -1\. A time limit lies after its anchor: use 0 or more\."):
        limit("-1")


def test_an_unknown_calendar_is_named_with_the_known_ones() -> None:
    offset = limit("7", OffsetUnit.WORKING_DAYS, calendar="bnak")
    with pytest.raises(
        ValueError, match=r"calendar 'bnak', which is unknown. Add it, or use one of: bank, uk\."
    ):
        due_at(offset, anchor_at=STARTED, zone=UTC_TABLE, calendars=(calendar("uk"), calendar("bank")))


def test_calendars_that_share_no_open_day_are_refused_instead_of_searched_for_ever() -> None:
    monday, tuesday = (
        BusinessCalendar(code=code, zone="UTC", weekly=(WeeklyHours(weekday=day, opens=0, closes=1440),))
        for code, day in (("mon", 0), ("tue", 1))
    )
    limit = Offset(n=Decimal(1), unit=OffsetUnit.WORKING_DAYS, calendar="mon", more_calendars=("tue",))
    with pytest.raises(
        ValueError, match="1 working days of mon, tue do not come within ten years of 2025-06-1"
    ):
        due_at(
            limit,
            anchor_at=datetime(2025, 6, 15, 12, tzinfo=UTC),
            zone=zone_table("UTC", first_year=2024, last_year=2026),
            calendars=(monday, tuesday),
        )


CALENDARS = (
    calendar("us", date(2025, 7, 4), date(2025, 7, 7)),
    calendar("uk", date(2025, 7, 7)),
)


@pytest.mark.parametrize(
    ("operator", "due_on"),
    [(CalendarOp.CLOSED_ON_ANY, date(2025, 7, 9)), (CalendarOp.CLOSED_ON_ALL, date(2025, 7, 8))],
)
def test_several_calendars_join_their_days_off_or_keep_the_common_ones(
    operator: CalendarOp, due_on: date
) -> None:
    offset = limit("3", OffsetUnit.WORKING_DAYS, calendar="us", more_calendars=("uk",), calendar_op=operator)
    anchor_at = datetime(2025, 7, 2, 12, tzinfo=UTC)
    assert due_at(offset, anchor_at=anchor_at, zone=UTC_TABLE, calendars=CALENDARS)[0] == due_on


def milestone(kind: Milestone, hour: int) -> MilestoneFact:
    return MilestoneFact(incident="INC-1", kind=kind, at=datetime(2025, 3, 12, hour, tzinfo=UTC))


ANCHORS = [
    (Anchor.INCIDENT_START, (milestone(Milestone.OCCURRED, 5),), STARTED),
    (Anchor.INCIDENT_END, (), ENDED),
    (Anchor.INCIDENT_END, (milestone(Milestone.RESTORED, 5),), datetime(2025, 3, 12, 5, tzinfo=UTC)),
    (Anchor.REPORTED, (milestone(Milestone.REPORTED, 6),), datetime(2025, 3, 12, 6, tzinfo=UTC)),
    (Anchor.REPORTED, (), STARTED),
    (Anchor.TICKET_CLOSED, (milestone(Milestone.CLOSED, 7),), datetime(2025, 3, 12, 7, tzinfo=UTC)),
    (Anchor.TICKET_CLOSED, (), ENDED),
    (
        Anchor.AWARE,
        (milestone(Milestone.REPORTED, 9), milestone(Milestone.DETECTED, 8)),
        datetime(2025, 3, 12, 8, tzinfo=UTC),
    ),
    (Anchor.AWARE, (), STARTED),
    (Anchor.PERIOD_END, (), datetime(2025, 4, 1, tzinfo=UTC)),
    (Anchor.QUARTER_END, (), datetime(2025, 4, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize(("anchor", "milestones", "anchor_at"), ANCHORS)
def test_limits_count_from_the_instant_that_the_clause_names(
    anchor: Anchor, milestones: tuple[MilestoneFact, ...], anchor_at: datetime
) -> None:
    (due,) = deadlines(limit("1", anchor=anchor), facts=replace(FACTS, milestones=milestones))
    assert due.anchor_at == anchor_at


def test_an_open_incident_sets_no_deadline_from_its_end_yet() -> None:
    facts = replace(FACTS, outages=(replace(OUTAGE, ended_at=None),))
    assert deadlines(limit("7", anchor=Anchor.INCIDENT_END), facts=facts) == ()


def test_of_two_clocks_the_earlier_end_counts_and_of_two_units_the_later() -> None:
    ticket = replace(OUTAGE, measured_by=Measurer.VENDOR_TICKET, ended_at=datetime(2025, 3, 11, tzinfo=UTC))
    other = replace(OUTAGE, unit="db", ended_at=datetime(2025, 3, 10, 12, tzinfo=UTC))
    (due,) = deadlines(
        limit("7", anchor=Anchor.INCIDENT_END), facts=replace(FACTS, outages=(OUTAGE, other, ticket))
    )
    assert due.anchor_at == other.ended_at


def test_each_incident_has_its_own_deadline_the_earliest_first() -> None:
    second = replace(OUTAGE, incident="INC-0", started_at=datetime(2025, 3, 20, tzinfo=UTC), ended_at=None)
    facts = replace(FACTS, outages=(second, OUTAGE))
    found = deadlines(limit("30"), facts=facts, incidents=("INC-0", "INC-1"))
    assert [(due.incident, due.due_on) for due in found] == [
        ("INC-1", date(2025, 4, 9)),
        ("INC-0", date(2025, 4, 19)),
    ]


def test_a_deadline_of_the_period_is_told_once_however_many_incidents() -> None:
    found = deadlines(limit("15", anchor=Anchor.PERIOD_END), incidents=("INC-0", "INC-1"))
    assert [(due.incident, due.due_on) for due in found] == [("", date(2025, 4, 15))]


def test_a_miss_without_an_incident_counts_from_the_start_of_the_period() -> None:
    (due,) = deadlines(limit("30"), incidents=())
    assert (due.anchor_at, due.due_on) == (MARCH.during.start, date(2025, 3, 31))


def test_readings_of_one_clause_stand_side_by_side() -> None:
    found = deadlines(
        limit("2", OffsetUnit.BILLING_CYCLES, reading="the incident's own cycle is not counted"),
        limit("1", OffsetUnit.BILLING_CYCLES, reading="the incident's own cycle is the first"),
    )
    assert [(due.due_on, due.reading) for due in found] == [
        (date(2025, 4, 30), "the incident's own cycle is the first"),
        (date(2025, 5, 31), "the incident's own cycle is not counted"),
    ]


TICKET = ClaimStep(code="open-ticket", text="Open a ticket", due=limit("24", OffsetUnit.HOURS), clause="5.2")
LOGS = ClaimStep(code="logs", text="Send logs", due=limit("10", anchor=Anchor.SUBMITTED), required=False)


def test_steps_wanted_from_us_are_dated_by_incident() -> None:
    rule = ClaimRule(steps=(TICKET, LOGS), clause="5")
    terms = claim_terms(rule, schedule=SCHEDULE, facts=FACTS, period=MARCH, incidents=("INC-1",))
    assert terms is not None
    assert [(due.what, due.incident, due.due_until, due.clause, due.required) for due in terms.steps] == [
        ("open-ticket", "INC-1", datetime(2025, 3, 11, 9, tzinfo=UTC), "5.2", True)
    ]


def test_the_vendor_must_decide_and_credit_by_dates_that_follow_the_claim() -> None:
    rule = ClaimRule(
        decide_within=limit("45", anchor=Anchor.SUBMITTED),
        issue_within=limit("60", anchor=Anchor.DECIDED),
        steps=(TICKET, LOGS),
    )
    context = {"schedule": SCHEDULE, "facts": FACTS, "period": MARCH}
    submitted_at = datetime(2025, 4, 5, 12, tzinfo=UTC)
    asked = answers_due(rule, submitted_at=submitted_at, **context)
    assert [(due.what, due.due_on, due.required) for due in asked] == [
        ("logs", date(2025, 4, 15), False),
        ("decision", date(2025, 5, 20), True),
    ]
    decided = answers_due(
        rule, submitted_at=submitted_at, decided_at=datetime(2025, 5, 2, tzinfo=UTC), **context
    )
    assert [(due.what, due.due_on) for due in decided][-1] == ("issue", date(2025, 7, 1))


def test_an_automatic_credit_has_no_deadline() -> None:
    rule = ClaimRule(
        automatic=True, deadlines=(limit("30"),), remedy=Remedy.SOLE, channel="portal", must_contain=("id",)
    )
    terms = claim_terms(rule, schedule=SCHEDULE, facts=FACTS, period=MARCH, incidents=("INC-1",))
    assert terms is not None
    assert (terms.automatic, terms.deadlines, terms.warn_by) == (True, (), None)
    assert (terms.remedy, terms.channel, terms.must_contain) == ("sole", "portal", ("id",))


def test_terms_without_a_claim_clause_have_no_claim() -> None:
    assert claim_terms(None, schedule=SCHEDULE, facts=FACTS, period=MARCH, incidents=()) is None


SENTENCES = [
    (
        limit("7", OffsetUnit.WORKING_DAYS, Anchor.MONTH_END),
        "claim INC-1: 7 working days from the end of the incident's month, 2025-04-01 00:00:00 UTC, "
        "last to the end of 2025-04-09.",
    ),
    (
        limit("72", OffsetUnit.HOURS),
        "claim INC-1: 72 hours from the start of the incident, 2025-03-10 09:00:00 UTC, "
        "end at 2025-03-13 09:00:00 UTC.",
    ),
    (
        limit("2", OffsetUnit.BILLING_CYCLES),
        "claim INC-1: 2 billing cycles beyond the current one from the start of the incident, "
        "2025-03-10 09:00:00 UTC, last to the end of 2025-05-31.",
    ),
]


@pytest.mark.parametrize(("offset", "sentence"), SENTENCES)
def test_a_deadline_says_how_it_was_counted(offset: Offset, sentence: str) -> None:
    (due,) = deadlines(offset)
    assert due.step is not None
    assert due.step.because == sentence


def test_a_quarter_ends_by_the_fiscal_year() -> None:
    schedule = replace(SCHEDULE, period=PeriodRule(anchor_month=2))
    terms = claim_terms(
        ClaimRule(deadlines=(limit("30", anchor=Anchor.QUARTER_END),)),
        schedule=schedule,
        facts=FACTS,
        period=MARCH,
        incidents=("INC-1",),
    )
    assert terms is not None
    assert [due.due_on for due in terms.deadlines] == [date(2025, 5, 30)]


@pytest.mark.parametrize(
    "anchor",
    [Anchor.INCIDENT_END, Anchor.REPORTED, Anchor.TICKET_CLOSED, Anchor.AWARE, Anchor.ELIGIBLE],
)
def test_without_an_incident_every_instant_is_the_earliest_it_can_be(anchor: Anchor) -> None:
    first = deadlines(limit("30", anchor=anchor), incidents=())[0]
    assert (first.anchor_at, first.due_on) == (MARCH.during.start, date(2025, 3, 31))


@pytest.mark.parametrize(
    ("offset", "billing_day", "due_on"),
    [
        (limit("1", OffsetUnit.BILLING_CYCLES), 1, date(2025, 4, 30)),
        (limit("1", OffsetUnit.BILLING_CYCLES), 15, date(2025, 4, 14)),
        (limit("1", OffsetUnit.MONTH_ENDS), 15, date(2025, 4, 30)),
    ],
)
def test_only_billing_cycles_follow_the_billing_day_of_the_schedule(
    offset: Offset, billing_day: int, due_on: date
) -> None:
    terms = claim_terms(
        ClaimRule(deadlines=(offset,)),
        schedule=replace(SCHEDULE, billing_day=billing_day),
        facts=FACTS,
        period=MARCH,
        incidents=("INC-1",),
    )
    assert terms is not None
    assert [due.due_on for due in terms.deadlines] == [due_on]


def test_a_billing_cycle_without_a_billing_day_is_the_calendar_month() -> None:
    cycle = limit("1", OffsetUnit.BILLING_CYCLES)
    assert due_at(cycle, anchor_at=STARTED, zone=UTC_TABLE, calendars=())[0] == date(2025, 4, 30)


def test_hours_that_run_out_at_midnight_last_to_the_date_before() -> None:
    anchor_at = datetime(2025, 3, 10, tzinfo=UTC)
    offset = limit("24", OffsetUnit.HOURS)
    assert due_at(offset, anchor_at=anchor_at, zone=UTC_TABLE, calendars=()) == (
        date(2025, 3, 10),
        datetime(2025, 3, 11, tzinfo=UTC),
    )


def test_an_unknown_calendar_is_refused_where_there_is_none() -> None:
    offset = limit("7", OffsetUnit.WORKING_DAYS, calendar="bank")
    with pytest.raises(ValueError, match=r"Add it, or use one of: none yet\."):
        due_at(offset, anchor_at=STARTED, zone=UTC_TABLE, calendars=())


def test_a_deadline_keeps_its_clause_both_readings_and_its_instant() -> None:
    rule = ClaimRule(deadlines=(limit("30", anchor=Anchor.ELIGIBLE, reading="days run"),), clause="§ 8")
    terms = claim_terms(rule, schedule=SCHEDULE, facts=FACTS, period=MARCH, incidents=("INC-1",))
    assert terms is not None
    first = terms.deadlines[0]
    assert first.step is not None
    assert (first.reading, first.clause) == ("days run, eligible when it happened", "§ 8")
    assert (first.step.clause, first.step.unit, first.step.value) == ("§ 8", "instant", first.due_until)
    assert dict(first.step.notes)["reading"] == first.reading
    assert first.step.because == (
        "claim INC-1: 30 days from becoming eligible, 2025-03-10 09:00:00 UTC, last to the end of 2025-04-09."
    )


def test_an_answer_can_be_due_from_the_end_of_the_period() -> None:
    rule = ClaimRule(decide_within=limit("45", anchor=Anchor.PERIOD_END), clause="§ 8")
    (due,) = answers_due(rule, schedule=SCHEDULE, facts=FACTS, period=MARCH)
    assert (due.what, due.due_on, due.clause) == ("decision", date(2025, 5, 15), "§ 8")


def test_working_days_of_a_deadline_follow_the_calendar_of_the_contract() -> None:
    facts = replace(FACTS, calendars=(calendar("bank", date(2025, 3, 11)),))
    (due,) = deadlines(limit("2", OffsetUnit.WORKING_DAYS, calendar="bank"), facts=facts)
    assert due.due_on == date(2025, 3, 13)
