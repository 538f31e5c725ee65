"""Service levels at risk: what is used up, what follows, missed for good, and worse as the credit doubles."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Outage
from incidents.services import withdraw_outage
from sla.engine.terms import Tier, Tiered
from sla.models import Alert, Outlook, Statement
from sla.services.alerts.levels import used_percent
from sla.services.alerts.looking import look_at_drafts, look_at_everything
from sla.services.duties.planning import plan
from sla.services.duties.rounds import run_round
from tests.builders import (
    REASON,
    a_contract,
    a_credit,
    a_level,
    a_schedule,
    a_service,
    an_incident,
    an_outage,
    at,
    person,
    some_terms,
)
from tests.sla.alert_builders import an_outage_of, drafted, looked, rules, standing, the_alert
from tests.sla.running import a_closing_schedule, clock
from vendors.services import archive_vendor

pytestmark = pytest.mark.django_db

NOW = "2019-06-15 12:00"
LEVEL_OF_JUNE = "Power uptime of Power feed A, NR-2018/power/2019-06"
LEVEL = Alert.Kind.LEVEL


def at_risk(minutes: int, **fields: Any) -> Outage:
    """Draw up June with an outage of so many minutes; 43 min 12 s are borne."""
    outage = an_outage_of(a_schedule(terms=some_terms(**fields)), minutes)
    drafted(outage.service.contract.schedules.get(), now=NOW)
    return outage


@pytest.mark.parametrize(
    ("minutes", "found"),
    [
        (32, []),  # 74 %
        (
            33,
            [
                (
                    "level",
                    1,
                    f"76 % of the downtime it bears is used up: {LEVEL_OF_JUNE}",
                )
            ],
        ),
        (
            39,
            [
                (
                    "level",
                    2,
                    f"90 % of the downtime it bears is used up: {LEVEL_OF_JUNE}",
                )
            ],
        ),
        (44, [("level", 3, f"Missed, irreversible: {LEVEL_OF_JUNE}")]),
    ],
)
def test_a_level_is_at_risk_from_75_percent_then_from_90_then_missed(minutes: int, found: Any) -> None:
    at_risk(minutes)
    assert looked(NOW) == found


def test_the_house_says_from_when_a_level_is_at_risk() -> None:
    at_risk(32)
    rules(at_risk_percent=70)
    assert [rank for _, rank, _ in looked(NOW)] == [1]
    rules(at_risk_percent=95)
    assert looked("2019-06-15 13:00") == []


def test_it_says_how_much_more_and_what_follows_and_both_ends_of_the_month() -> None:
    at_risk(35)
    looked(NOW)
    alert = the_alert(kind=LEVEL)
    assert alert.detail.splitlines() == [
        "Power feed A: the level is 99.9 %.",
        "35 min is counted so far. After 8 min 12 s more it is missed, and a credit of USD 200.00 before caps"
        " follows.",
        "At the end of the period it is at best 99.918 % and at worst 47.28 %.",
    ]
    assert (alert.currency, alert.amount_minor) == ("USD", 200_00)
    assert (alert.due_at, alert.due_words) == (at("2019-07-01 07:00"), "the end of 2019-06")
    statement = Statement.objects.get()
    assert (alert.vendor, alert.statement) == (statement.agreement.contract.vendor, statement)


def test_one_that_is_missed_says_so_and_what_the_next_row_costs() -> None:
    at_risk(73)
    looked(NOW)
    alert = the_alert(kind=LEVEL)
    assert alert.detail.splitlines()[1:] == [
        "Credit so far USD 200.00. 5 h 59 min more downtime, then it is USD 500.00 before caps.",
        "At the end of the period it is at best 99.831 % and at worst 47.192 %.",
    ]
    assert (alert.amount_minor, alert.ranked_minor) == (200_00, 200_00)


def test_it_is_worse_each_time_the_credit_at_least_doubles() -> None:
    rows = (("99.9", 10), ("99.5", 15), ("99", 25), ("98", 50))
    tiers = tuple(Tier(below=Decimal(below), credit=Decimal(pays)) for below, pays in rows)
    level = a_level(credit=a_credit(params=Tiered(tiers=tiers)))
    agreement = a_schedule(terms=some_terms(targets=(level,)))
    outage = an_outage_of(agreement, 60)
    found = []
    for day, hours in enumerate((1, 4, 8, 9, 15), start=15):
        outage.ended_at = outage.started_at + hours * (at("2019-06-10 05:00") - at("2019-06-10 04:00"))
        outage.save_without_historical_record()
        now = f"2019-06-{day} 12:00"
        drafted(agreement, now=now)
        looked(now)
        alert = the_alert(kind=LEVEL)
        found.append((alert.amount_minor, alert.rank))
    # 300 is one and a half times 200, 500 more than twice, 1,000 twice.
    assert found == [(200_00, 3), (300_00, 3), (500_00, 4), (500_00, 4), (1_000_00, 5)]


def test_it_clears_when_the_period_ends_by_its_own_zone() -> None:
    at_risk(35)
    looked(NOW)
    assert looked("2019-07-01 06:59") != []
    assert looked("2019-07-01 07:00") == []
    assert the_alert(kind=LEVEL).cleared_at == at("2019-07-01 07:00")


def test_it_clears_when_the_outage_turns_out_to_be_none() -> None:
    outage = at_risk(35)
    looked(NOW)
    withdraw_outage(outage, at=at("2019-06-15 13:00"), by=person(), reason="another site")
    drafted(outage.service.contract.schedules.get(), now="2019-06-15 14:00")
    assert looked("2019-06-15 14:00") == []


def test_a_vendor_in_the_archive_is_warned_of_no_more() -> None:
    outage = at_risk(44)
    vendor = outage.service.contract.vendor
    archive_vendor(vendor, at=at(NOW), by=person(), reason=REASON)
    assert looked(NOW) == []


def test_a_draft_that_is_refreshed_raises_its_warning_at_once_without_a_look() -> None:
    agreement = a_closing_schedule()
    now = clock("2019-06-15 12:00")
    run_round(clock=now)  # the look makes the head of June
    run_round(clock=now)
    assert standing() == []
    an_outage_of(agreement, 73)
    now.forward(minutes=1)
    run_round(clock=now)
    assert standing() == [("level", 3, f"Missed, irreversible: {LEVEL_OF_JUNE}")]
    assert plan(now=now()).looks == 0


def test_a_refresh_leaves_the_warnings_of_other_schedules_alone() -> None:
    first = a_schedule(terms=some_terms())
    an_outage_of(first, 73)
    drafted(first, now=NOW)
    looked(NOW)
    contract = a_contract("OTHER", vendor=first.contract.vendor)
    a_service(contract, code="power-a", name="Feed")
    second = a_schedule(contract=contract, terms=some_terms(targets=(a_level(credit=None),)))
    an_outage_of(second, 73, incident="INC-2")
    drafted(second, now=NOW)
    look_at_drafts([second.pk], now=at(NOW))
    assert [rank for _, rank, _ in standing()] == [3, 3]
    look_at_drafts([first.pk], now=at(NOW))
    assert [rank for _, rank, _ in standing()] == [3, 3]


def test_a_refresh_that_changes_no_warning_writes_nothing() -> None:
    outage = at_risk(35)
    schedule = outage.service.contract.schedules.get()
    looked(NOW)
    with CaptureQueriesContext(connection) as caught:
        look_at_drafts([schedule.pk], now=at(NOW))
    assert [each["sql"] for each in caught if not each["sql"].startswith("SELECT")] == []


def test_without_a_credit_it_is_warned_of_all_the_same() -> None:
    at_risk(35, targets=(a_level(credit=None),))
    looked(NOW)
    alert = the_alert(kind=LEVEL)
    assert "it is missed, and no credit in money follows." in alert.detail
    assert (alert.currency, alert.amount_minor) == ("", None)


def test_the_share_that_is_used_is_exact() -> None:
    at_risk(35)
    row = Outlook.objects.get()
    used = used_percent(row)
    assert used is not None
    assert used.numerator / used.denominator == pytest.approx(100 * 35 * 60 / (43 * 60 + 12))


def queries_of_a_look(now: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        look_at_everything(now=at(now))
    return len(caught)


def test_the_queries_of_a_look_do_not_grow_with_the_rows() -> None:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 73)
    drafted(agreement, now=NOW)
    looked(NOW)
    few = queries_of_a_look("2019-06-15 13:00")
    for number in range(4):
        service = a_service(agreement.contract, code=f"feed-{number}", name=f"Feed {number}")
        incident = an_incident(f"INC-F{number}", vendor=agreement.contract.vendor, status="resolved")
        an_outage(incident, service, started_at=at("2019-06-10 04:00"), ended_at=at("2019-06-10 06:00"))
    drafted(agreement, now="2019-06-15 14:00")
    assert len(looked("2019-06-15 14:00")) == 5
    assert queries_of_a_look("2019-06-15 15:00") == few
