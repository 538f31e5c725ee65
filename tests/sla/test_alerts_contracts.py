"""Patterns of failures, the last day for a notice, and credits that may go with their contract."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.engine.terms import Anchor, ChronicKind, ChronicRule
from sla.models import Alert, PatternCount, ServiceLevelAgreement
from sla.services.alerts.looking import look_at_everything
from sla.services.claims import answer_claim, submit_claim
from tests.builders import (
    a_charge,
    a_contract,
    a_schedule,
    a_service,
    at,
    person,
    saved,
    some_terms,
)
from tests.sla.alert_builders import an_outage_of, drafted, looked, rules, the_alert
from tests.sla.claim_builders import a_claim, a_claim_rule, a_missed_month, limit, some_claim_terms
from vendors.models import Contract

pytestmark = pytest.mark.django_db

PATTERN, NOTICE, CREDIT = Alert.Kind.PATTERN, Alert.Kind.NOTICE, Alert.Kind.CREDIT


def kinds(now: Any, kind: Alert.Kind) -> list[tuple[int, str]]:
    """Look, and return rank and headline of the warnings of a kind."""
    return [(rank, said) for of, rank, said in looked(now) if of == kind]


# Patterns

ROW = "Three months in a row (Power uptime, Power feed A)"


def chronic(**fields: Any) -> ChronicRule:
    """Return: three months missed in a row, with notice within 30 days of the last."""
    defaults: dict[str, Any] = {
        "code": "three",
        "name": "Three months in a row",
        "kind": ChronicKind.CONSECUTIVE,
        "count": 3,
        "opens": "you may terminate the contract",
        "notice": limit(30, anchor=Anchor.PERIOD_END),
    }
    return ChronicRule(**{**defaults, **fields})


def missed_months(*months: str, **rule: Any) -> ServiceLevelAgreement:
    """Return a schedule with outages of 73 minutes in these months, each drawn up early in the next."""
    agreement = a_schedule(terms=some_terms(chronic=(chronic(**rule),)))
    for month in months:
        an_outage_of(agreement, 73, begins=f"{month}-10 04:00", incident=f"INC-{month}")
    for month in months:
        after = date.fromisoformat(f"{month}-28") + timedelta(days=6)
        drafted(agreement, period=month, now=f"{after} 12:00")
    return agreement


def test_a_counter_that_is_one_short_warns_and_says_so() -> None:
    missed_months("2019-05", "2019-06")
    assert kinds("2019-07-04 12:00", PATTERN) == [(1, f"{ROW}: 2 of 3, one short")]
    alert = the_alert(kind=PATTERN)
    assert alert.detail == "Power, counted to the end of 2019-06."
    assert (alert.due_at, alert.due_words, alert.amount_minor) == (None, "", None)


def test_a_complete_one_says_that_conditions_appear_met_and_never_what_may_be_done() -> None:
    missed_months("2019-04", "2019-05", "2019-06")
    assert kinds("2019-07-04 12:00", PATTERN) == [
        (
            2,
            f"{ROW}: conditions appear met; take legal advice by 2019-07-30",
        )
    ]
    alert = the_alert(kind=PATTERN)
    assert alert.detail.splitlines() == [
        "Power, counted to the end of 2019-06.",
        "Last day for a notice by the clause: 2019-07-30.",
    ]
    assert "terminate" not in alert.headline + alert.detail
    assert (alert.due_at, alert.due_words) == (at("2019-07-31 07:00"), "2019-07-30")


def test_a_complete_one_is_worse_as_the_day_comes_near_and_when_it_has_passed() -> None:
    missed_months("2019-04", "2019-05", "2019-06")
    due = at("2019-07-31 07:00")
    nearer = [timedelta(days=10), timedelta(days=9), timedelta(days=5), timedelta(0)]
    assert [kinds(due - left, PATTERN)[0][0] for left in nearer] == [2, 3, 4, 5]
    assert the_alert(kind=PATTERN).headline == (
        f"{ROW}: conditions appear met; the last day for a notice has passed, take legal advice"
    )


def test_the_month_that_runs_does_not_end_a_row_before_it_is_over() -> None:
    agreement = missed_months("2019-05", "2019-06")
    drafted(agreement, period="2019-07", now="2019-07-15 12:00")
    assert kinds("2019-07-15 12:00", PATTERN) == [(1, f"{ROW}: 2 of 3, one short")]
    drafted(agreement, period="2019-07", now="2019-08-02 12:00")
    assert kinds("2019-08-02 12:00", PATTERN) == []


def test_the_month_that_runs_completes_a_row_as_soon_as_it_is_missed() -> None:
    agreement = missed_months("2019-05", "2019-06")
    an_outage_of(agreement, 73, begins="2019-07-10 04:00", incident="INC-2019-07")
    drafted(agreement, period="2019-07", now="2019-07-15 12:00")
    assert kinds("2019-07-15 12:00", PATTERN) == [
        (
            2,
            f"{ROW}: conditions appear met; take legal advice by 2019-08-30",
        )
    ]


def test_a_complete_one_is_not_forgotten_while_its_day_is_ahead() -> None:
    agreement = missed_months("2019-04", "2019-05", "2019-06", notice=limit(60, anchor=Anchor.PERIOD_END))
    drafted(agreement, period="2019-07", now="2019-08-02 12:00")  # July was met
    assert kinds("2019-08-02 12:00", PATTERN) == [
        (
            2,
            f"{ROW}: conditions appear met; take legal advice by 2019-08-29",
        )
    ]
    assert kinds("2019-08-30 07:00", PATTERN) == []


def test_a_pattern_without_a_day_for_the_notice_says_so() -> None:
    missed_months("2019-04", "2019-05", "2019-06", notice=None)
    assert kinds("2019-07-04 12:00", PATTERN) == [(2, f"{ROW}: conditions appear met; take legal advice")]
    assert the_alert(kind=PATTERN).detail.splitlines()[1] == (
        "The clause names no day by which notice has to be given."
    )


# Notices


def a_term(reference: str = "NR-2018", **fields: Any) -> Contract:
    """Return a contract whose term ends with 2019, with 60 days of notice."""
    defaults = {
        "effective_until": date(2020, 1, 1),
        "notice_days": 60,
        "renewal": "automatic",
        "renewal_months": 12,
    }
    return a_contract(reference, **{**defaults, **fields})


def test_the_last_day_for_a_notice_is_warned_of_60_days_before_then_at_half_and_a_quarter() -> None:
    a_term()
    # 60 days before 1 January 2020 is 2 November 2019; it ends at midnight in Los Angeles (summer time).
    until = at("2019-11-03 07:00")
    assert kinds(until - timedelta(days=60, minutes=1), NOTICE) == []
    assert kinds(until - timedelta(days=60), NOTICE) == [
        (1, "NR-2018 renews unless notice is given by 2019-11-02")
    ]
    assert [kinds(until - timedelta(days=left), NOTICE)[0][0] for left in (31, 30, 15)] == [1, 2, 3]
    assert kinds(until, NOTICE) == [(4, "NR-2018 renews: the last day for a notice was 2019-11-02")]
    assert kinds("2020-01-01 07:59", NOTICE) != []
    assert kinds("2020-01-01 08:00", NOTICE) == []


def test_a_renewal_is_worded_as_one_with_its_length_its_uplift_and_its_fees() -> None:
    contract = a_term(uplift_percent=Decimal("3.5"))
    a_charge(contract, code="power", service=a_service(contract, code="power-a"))
    looked("2019-10-01 12:00")
    alert = the_alert(kind=NOTICE)
    assert alert.detail.splitlines() == [
        "Colocation: the term ends on 2019-12-31.",
        "60 days of notice: the last day is 2019-11-02.",
        "Without a notice it renews for 12 months, with fees 3.5 % higher.",
        "Its fees come to USD 24,000.00 a year.",
    ]
    assert (alert.contract, alert.due_words, alert.amount_minor) == (contract, "2019-11-02", None)


def test_a_fixed_term_is_worded_as_one_that_ends() -> None:
    a_term(renewal="fixed", renewal_months=None)
    assert kinds("2019-10-01 12:00", NOTICE) == [
        (1, "NR-2018 ends on 2019-12-31: decide by 2019-11-02 what follows")
    ]
    assert the_alert(kind=NOTICE).detail.splitlines() == [
        "Colocation is for a fixed term, to 2019-12-31.",
        "60 days of notice: the last day is 2019-11-02.",
    ]
    assert kinds("2019-11-03 07:00", NOTICE) == [
        (4, "NR-2018 ends on 2019-12-31 and does not renew by itself")
    ]


def test_without_days_of_notice_the_end_itself_is_the_last_day() -> None:
    a_term(notice_days=None)
    assert kinds("2019-12-01 12:00", NOTICE) == [(1, "NR-2018 renews unless notice is given by 2019-12-31")]
    assert "No days of notice are recorded: look into the document." in the_alert(kind=NOTICE).detail


def test_an_evergreen_contract_and_a_vendor_in_the_archive_have_no_last_day() -> None:
    a_term(renewal="evergreen", renewal_months=None, effective_until=None)
    assert kinds("2019-12-01 12:00", NOTICE) == []


def test_the_house_says_how_long_before() -> None:
    rules(notice_days=10)
    a_term()
    assert kinds("2019-10-20 12:00", NOTICE) == []
    assert kinds("2019-10-25 12:00", NOTICE) != []


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        ("Europe/Berlin", "2019-11-02 23:00"),
        ("Australia/Lord_Howe", "2019-11-02 13:00"),
        ("UTC-05:00", "2019-11-03 05:00"),
    ],
)
def test_the_last_day_ends_by_the_contracts_zone(zone: str, until: str) -> None:
    a_term(zone=zone)
    looked("2019-10-25 12:00")
    assert the_alert(kind=NOTICE).due_at == at(until)


# Credits that may be lost


def an_ending_claim(*, ends: date = date(2019, 9, 1), **rule: Any) -> Any:
    """Return an accepted claim of a contract for a fixed term; its invoices come on the first of a month."""
    claim = a_claim(a_missed_month(terms=some_claim_terms(rule=a_claim_rule(**rule))))
    contract = claim.contract
    contract.effective_until = ends
    saved(contract)
    now = at("2019-07-10 09:00")
    submit_claim(claim, by=person(), why="sent", now=now, received_at=now)
    return answer_claim(claim, state="accepted", happened_at=now, by=person(), why="mail", now=now)


def test_a_credit_whose_contract_ends_before_the_next_invoice_is_warned_of() -> None:
    claim = an_ending_claim()
    assert kinds("2019-08-01 06:59", CREDIT) == []  # another invoice comes
    assert kinds("2019-08-01 07:00", CREDIT) == [
        (1, "NR-2018 ends on 2019-08-31, before its next invoice: the credit of NR-2018-C001 has not come")
    ]
    alert = the_alert(kind=CREDIT)
    assert alert.detail == (
        "By the terms it lapses when the contract ends (Exhibit C 4.2): ask for payment before that day."
    )
    assert (alert.claim, alert.amount_minor, alert.due_words) == (claim, 200_00, "2019-08-31")
    assert [kinds(when, CREDIT)[0][0] for when in ("2019-08-23 12:00", "2019-09-01 07:00")] == [2, 3]


def test_after_the_end_it_says_what_the_terms_say() -> None:
    an_ending_claim(expires_on_termination=False)
    assert kinds("2019-09-02 12:00", CREDIT) == [
        (3, "NR-2018 ended on 2019-08-31, and the credit of NR-2018-C001 has not come")
    ]
    assert the_alert(kind=CREDIT).detail == (
        "No invoice is left to land on: ask for payment instead of a credit note."
    )


def test_a_contract_that_renews_by_itself_loses_no_credit() -> None:
    claim = an_ending_claim()
    contract = claim.contract
    contract.renewal, contract.renewal_months = "automatic", 12
    saved(contract)
    assert kinds("2019-08-10 12:00", CREDIT) == []


def test_the_queries_of_a_look_do_not_grow_with_contracts_and_patterns() -> None:
    def count(now: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            look_at_everything(now=at(now))
        return len(caught)

    vendor = a_term().vendor
    looked("2019-10-10 12:00")
    few = count("2019-10-10 13:00")
    for number in range(4):
        a_term(f"C-{number}", vendor=vendor)
    assert len(looked("2019-10-10 14:00")) == 5
    assert count("2019-10-10 15:00") == few
    assert not PatternCount.objects.exists()
