"""Dated steps: ours under ten days, at half, a quarter and overdue; and what the vendor is late with."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.engine.terms import Anchor, ClaimStep, Offset, OffsetUnit
from sla.models import Alert, Claim, ClaimToDo
from sla.reports.moments import time_left
from sla.services.alerts.looking import look_at_everything
from sla.services.alerts.words import left_words
from sla.services.claims import answer_claim, drop_claim, finish_todo, lapse_claim, submit_claim
from tests.builders import a_contract_with_power, a_level, a_schedule, an_incident, an_outage, at, person
from tests.sla.alert_builders import drafted, looked, the_alert
from tests.sla.claim_builders import (
    a_claim,
    a_claim_rule,
    a_missed_month,
    a_revision,
    limit,
    some_claim_terms,
)

pytestmark = pytest.mark.django_db

STEP, LATE = Alert.Kind.STEP, Alert.Kind.VENDOR_LATE


def kinds(now: str | datetime, kind: Alert.Kind = STEP) -> list[tuple[int, str]]:
    """Look, and return rank and headline of the warnings of a kind."""
    return [(rank, said) for of, rank, said in looked(now) if of == kind]


def june(**rule: Any) -> Any:
    """Return a schedule whose June is missed and drawn up, to be claimed by 2019-07-30."""
    agreement = a_missed_month(terms=some_claim_terms(rule=a_claim_rule(**rule)))
    drafted(agreement, now="2019-07-02 12:00")
    return agreement


SEND = "Send the claim: NR-2018/power/2019-06"


def test_a_step_is_warned_of_from_ten_days_before_then_at_half_a_quarter_and_overdue() -> None:
    june()
    # It is due to the end of 30 July in Los Angeles: 07:00 UTC of the 31st.
    due = at("2019-07-31 07:00")
    assert kinds(due - timedelta(days=10)) == []
    first = due - timedelta(days=9)
    seen = [
        (moment, kinds(moment)[0][0])
        for moment in (
            first,
            due - timedelta(days=4, hours=13),
            due - timedelta(days=4, hours=12),
            due - timedelta(days=2, hours=6),
            due - timedelta(minutes=1),
            due,
        )
    ]
    assert [rank for _, rank in seen] == [1, 1, 2, 3, 3, 4]
    assert the_alert(kind=STEP).raised_at == first


def test_a_step_that_is_nearer_at_first_is_warned_of_at_once_and_by_the_time_left_then() -> None:
    june()
    due = at("2019-07-31 07:00")
    assert kinds(due - timedelta(hours=40)) == [(1, SEND)]
    assert kinds(due - timedelta(hours=20)) == [(2, SEND)]
    assert kinds(due - timedelta(hours=10)) == [(3, SEND)]


def test_it_says_what_by_when_by_which_reading_and_how_much_money_hangs_on_it() -> None:
    june(deadlines=(limit(30, "calendar days"),), channel="claims@northrack.example")
    looked("2019-07-25 12:00")
    alert = the_alert(kind=STEP)
    assert alert.headline == "Send the claim (claims@northrack.example): NR-2018/power/2019-06"
    assert alert.detail.splitlines() == ["By 2019-07-30 (calendar days).", "Clause: Exhibit C 4.2"]
    assert (alert.currency, alert.amount_minor) == ("USD", 200_00)
    assert (alert.due_at, alert.due_words) == (at("2019-07-31 07:00"), "2019-07-30")
    assert alert.statement is not None
    assert (alert.statement.period, alert.claim) == ("2019-06", None)


def test_a_step_that_is_done_clears() -> None:
    claim = a_claim(a_missed_month(terms=some_claim_terms()))
    assert [rank for rank, _ in kinds("2019-07-25 12:00")] == [1]
    assert the_alert(kind=STEP).claim == claim
    assert the_alert(kind=STEP).headline == "Send the claim: NR-2018-C001, NR-2018/power/2019-06"
    submit_claim(
        claim, by=person(), why="sent", now=at("2019-07-26 09:00"), received_at=at("2019-07-26 09:00")
    )
    assert kinds("2019-07-26 10:00") == []


def test_a_claim_that_nobody_pursues_clears_its_step() -> None:
    claim = a_claim(a_missed_month(terms=some_claim_terms()))
    kinds("2019-07-25 12:00")
    drop_claim(claim, by=person(), why="not worth it", now=at("2019-07-26 09:00"))
    assert kinds("2019-07-26 10:00") == []


def test_several_readings_are_one_warning_by_the_earliest_and_each_that_passes_is_worse() -> None:
    june(deadlines=(limit(10, "receipt"), limit(20, "dispatch"), limit(30, "knowledge")))
    # Due to the ends of 10, 20 and 30 July.
    assert kinds("2019-07-08 12:00") == [(1, SEND)]
    alert = the_alert(kind=STEP)
    assert alert.due_words == "2019-07-10"
    assert alert.detail.splitlines()[:2] == [
        "By 2019-07-10 (receipt).",
        "Later: 2019-07-20 (dispatch); 2019-07-30 (knowledge).",
    ]
    assert kinds("2019-07-11 12:00") == [(5, SEND)]
    alert.refresh_from_db()
    assert alert.detail.splitlines()[:3] == [
        "By 2019-07-20 (dispatch).",
        "Passed already: 2019-07-10 (receipt).",
        "Later: 2019-07-30 (knowledge).",
    ]
    assert [kinds(f"2019-07-{day} 12:00")[0][0] for day in (15, 18, 20, 22, 31)] == [5, 6, 7, 9, 12]
    alert.refresh_from_db()
    assert alert.detail.splitlines()[:2] == [
        "The last date was 2019-07-30 (knowledge).",
        "Passed already: 2019-07-10 (receipt); 2019-07-20 (dispatch).",
    ]
    assert Alert.objects.filter(kind=STEP).count() == 1


LEFT = [
    # Due by the end of 30 July in Los Angeles, which is 07:00 UTC of the 31st.
    ("2019-07-31 07:00", "2019-07-28 06:59", "3 days left"),
    ("2019-07-31 07:00", "2019-07-31 06:00", "1 h left"),
    ("2019-07-31 07:00", "2019-07-31 07:00", "1 day over"),
    ("2019-07-31 07:00", "2019-08-01 06:59", "1 day over"),
    ("2019-07-31 07:00", "2019-08-01 07:00", "2 days over"),
    ("2019-07-31 07:00", "2019-11-30 08:00", "123 days over"),
    # Due at 21:15 of the 25th there.
    ("2019-06-26 04:15", "2019-06-26 04:20", "over"),
    ("2019-06-26 04:15", "2019-06-26 07:00", "1 day over"),
]


@pytest.mark.parametrize(("until", "now", "said"), LEFT)
def test_what_is_over_is_counted_in_calendar_days_from_the_day_that_is_printed(
    until: str, now: str, said: str
) -> None:
    assert time_left(at(until), zone="America/Los_Angeles", now=at(now)) == said


def test_a_warning_counts_its_days_where_its_statement_does() -> None:
    june()
    looked("2019-08-01 06:59")
    alert = the_alert(kind=STEP)
    assert (alert.due_words, left_words(alert, now=at("2019-08-01 06:59"))) == ("2019-07-30", "1 day over")


def test_money_that_nobody_claimed_in_time_stands_for_400_days_also_where_it_was_never_seen_before() -> None:
    june()
    due = at("2019-07-31 07:00")
    assert kinds(due + timedelta(days=399)) == [(4, SEND)]
    assert kinds(due + timedelta(days=401)) == []


def test_what_somebody_let_go_after_its_date_clears() -> None:
    claim = a_claim(a_missed_month(terms=some_claim_terms()))
    late = at("2019-11-01 09:00")
    assert [rank for rank, _ in kinds(late)] == [4]
    lapse_claim(claim, by=person(), why="overlooked", now=late)
    assert kinds(late + timedelta(hours=1)) == []


def test_a_date_that_passed_for_a_month_with_no_credit_is_not_raised_later() -> None:
    agreement = a_missed_month(terms=some_claim_terms())
    drafted(agreement, now="2019-07-02 12:00")
    agreement.statements.update(shown="", due_minor=0, state="unconfirmed")
    assert [rank for rank, _ in kinds("2019-08-10 12:00")] == [4]
    assert kinds("2019-09-10 12:00") == []


def a_ticket_step() -> ClaimStep:
    hours = Offset(n=Decimal(24), unit=OffsetUnit.HOURS, anchor=Anchor.INCIDENT_START)
    return ClaimStep(code="ticket", text="Open a ticket within 24 hours", due=hours)


def test_hours_are_told_as_a_moment_in_the_contracts_zone() -> None:
    agreement = a_schedule(
        contract=a_contract_with_power(), terms=some_claim_terms(rule=a_claim_rule(steps=(a_ticket_step(),)))
    )
    incident = an_incident("INC-7", vendor=agreement.contract.vendor)
    an_outage(incident, agreement.contract.services.get(), ended_at=None)
    drafted(agreement, now="2019-06-25 05:00")
    assert kinds("2019-06-25 05:00") == [
        (1, "Open a ticket within 24 hours for INC-7: NR-2018/power/2019-06")
    ]
    alert = the_alert(kind=STEP)
    assert (alert.due_at, alert.due_words) == (at("2019-06-26 04:15"), "2019-06-25 21:15:00 -07:00")
    # 23 h 15 min were left at first.
    ranks = [kinds(f"2019-06-25 {clock}")[0][0] for clock in ("16:37", "16:38", "22:26", "22:27")]
    assert ranks == [1, 2, 2, 3]
    assert kinds("2019-06-26 04:15")[0][0] == 4
    finish_todo(ClaimToDo.objects.get(what="ticket"), by=person(), note="NR-4711", now=at("2019-06-26 05:00"))
    assert kinds("2019-06-26 05:00") == []


def test_two_incidents_of_a_month_are_one_claim_to_send_but_two_tickets_to_open() -> None:
    days = limit(10, anchor=Anchor.INCIDENT_END)
    rule = a_claim_rule(deadlines=(days,), steps=(a_ticket_step(),))
    agreement = a_missed_month(terms=some_claim_terms(rule=rule))
    other = an_incident("INC-2", vendor=agreement.contract.vendor)
    an_outage(
        other,
        agreement.contract.services.get(),
        started_at=at("2019-06-26 04:15"),
        ended_at=at("2019-06-26 05:28"),
    )
    drafted(agreement, now="2019-06-26 06:00")
    said = [said for _, said in kinds("2019-06-26 07:00")]
    assert sorted(said) == [
        "Open a ticket within 24 hours for INC-1: NR-2018/power/2019-06",
        "Open a ticket within 24 hours for INC-2: NR-2018/power/2019-06",
        SEND,
    ]
    claim = Alert.objects.get(headline=SEND)
    assert claim.detail.splitlines()[:2] == ["By 2019-07-04 (INC-1).", "Later: 2019-07-05 (INC-2)."]


def test_nothing_is_to_send_where_every_level_is_met_or_the_credit_comes_without_asking() -> None:
    june(automatic=True, deadlines=())
    assert kinds("2019-07-25 12:00") == []


def test_a_receipt_is_to_be_confirmed_until_the_vendor_answers() -> None:
    claim = a_claim(a_missed_month(terms=some_claim_terms()))
    submit_claim(claim, by=person(), why="posted", now=at("2019-07-24 09:00"), sent_at=at("2019-07-24 09:00"))
    assert kinds("2019-07-25 12:00") == [
        (1, "Have the vendor confirm that it received the claim: NR-2018-C001, NR-2018/power/2019-06")
    ]
    answer_claim(
        claim,
        state="accepted",
        happened_at=at("2019-07-26 09:00"),
        by=person(),
        why="their mail",
        now=at("2019-07-26 09:00"),
    )
    assert kinds("2019-07-26 10:00") == []


# What the vendor is late with


def a_sent_claim(**rule: Any) -> Claim:
    """Return a claim that the vendor received on 10 July: it decides by 24 August, credits 60 days later."""
    claim = a_claim(a_missed_month(terms=some_claim_terms(rule=a_claim_rule(**rule))))
    submit_claim(
        claim, by=person(), why="sent", now=at("2019-07-10 09:00"), received_at=at("2019-07-10 09:00")
    )
    return claim


def test_a_decision_that_is_late_is_worse_after_two_and_four_weeks() -> None:
    claim = a_sent_claim()
    due = at("2019-08-25 07:00")
    assert kinds(due - timedelta(minutes=1), LATE) == []
    ages = (timedelta(0), timedelta(days=13), timedelta(days=14), timedelta(days=27), timedelta(days=28))
    assert [kinds(due + age, LATE)[0][0] for age in ages] == [1, 1, 2, 2, 3]
    alert = the_alert(kind=LATE)
    assert alert.headline == "The vendor's decision is late: NR-2018-C001"
    assert alert.detail.splitlines() == ["It was due by 2019-08-24.", "Clause: Exhibit C 4.2"]
    assert (alert.claim, alert.amount_minor, alert.due_words) == (claim, 200_00, "2019-08-24")


def test_a_credit_that_is_late_clears_when_the_claim_ends() -> None:
    claim = a_sent_claim()
    answer_claim(
        claim,
        state="accepted",
        happened_at=at("2019-08-01 09:00"),
        by=person(),
        why="their mail",
        now=at("2019-08-01 09:00"),
    )
    assert kinds("2019-10-01 12:00", LATE) == [(1, "The vendor's credit is late: NR-2018-C001")]
    drop_claim(claim, by=person(), why="written off", now=at("2019-10-02 09:00"))
    assert kinds("2019-10-02 12:00", LATE) == []


def test_an_automatic_credit_is_late_when_its_invoice_has_passed() -> None:
    rule = a_claim_rule(automatic=True, deadlines=(), decide_within=None, issue_within=None)
    a_revision(a_missed_month(terms=some_claim_terms(rule=rule)))
    claim = Claim.objects.get()
    assert claim.expected_invoice == "2019-07"
    assert kinds("2019-08-01 06:59", LATE) == []
    assert kinds("2019-08-01 07:00", LATE) == [
        (1, "The credit that comes without asking was on no invoice: NR-2018-C001")
    ]
    alert = the_alert(kind=LATE)
    assert alert.detail == "It was expected on the invoice of 2019-07; nothing of it is recorded."
    assert (alert.amount_minor, alert.due_words) == (200_00, "invoice of 2019-07")


def test_the_queries_of_a_look_do_not_grow_with_steps_and_claims() -> None:
    def count(now: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            look_at_everything(now=at(now))
        return len(caught)

    contract = a_contract_with_power()
    first = a_missed_month(contract=contract, terms=some_claim_terms())
    a_claim(first)
    looked("2019-07-25 12:00")
    few = count("2019-07-25 13:00")
    for code in ("b", "c", "d"):
        a_claim(a_schedule(code, contract=contract, terms=some_claim_terms(targets=(a_level(code=code),))))
    assert len(kinds("2019-07-25 14:00")) == 4
    assert count("2019-07-25 15:00") == few
