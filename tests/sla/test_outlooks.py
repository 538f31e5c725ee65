"""What a draft says ahead: how much a running period still bears, and how far patterns have come."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.engine.terms import Anchor, ChronicKind, ChronicRule, Elapsed, LongestOutage, Metric, Op
from sla.engine.terms.counting import Statistic
from sla.models import Outlook, PatternCount, ServiceLevelAgreement
from sla.services.statements.heads import head_of, refresh_statement
from tests.builders import (
    a_level,
    a_milestone,
    a_schedule,
    a_service,
    an_incident,
    at,
    some_terms,
)
from tests.sla.alert_builders import an_outage_of, drafted
from tests.sla.claim_builders import limit

pytestmark = pytest.mark.django_db

MID_JUNE, JULY_2 = "2019-06-15 12:00", "2019-07-02 12:00"
MINUTE = 60_000_000


def outlook(agreement: ServiceLevelAgreement, *, now: str = MID_JUNE) -> Outlook:
    drafted(agreement, now=now)
    return Outlook.objects.get()


def test_a_period_that_runs_says_what_it_still_bears_and_what_follows() -> None:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 35)
    row = outlook(agreement)
    assert (row.statement.number, row.target, row.name) == ("NR-2018/power/2019-06", "uptime", "Power uptime")
    assert (row.window, row.services, row.key) == ("2019-06", "Power feed A", "uptime|2019-06|power-a")
    # 720 hours bear 43 min 12 s at 99.9 %.
    assert row.used_us == 35 * MINUTE
    assert row.room_us == 8 * MINUTE + 12_000_000
    assert (row.missed, row.irreversible) == (False, False)
    assert (row.currency, row.due_minor, row.next_minor) == ("USD", 0, 200_00)
    # At best nothing more happens (99.91898...), at worst everything that is left is down.
    assert (row.level_printed, row.best_printed, row.worst_printed) == ("99.9 %", "99.918 %", "47.28 %")


def test_a_level_that_is_missed_shows_the_credit_so_far_and_the_next_row() -> None:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 73)
    row = outlook(agreement)
    assert (row.missed, row.irreversible) == (True, True)
    assert (row.due_minor, row.next_minor) == (200_00, 500_00)
    # Below 99 % after 432 minutes.
    assert row.room_us == (432 - 73) * MINUTE
    assert row.best_printed == "99.831 %"


def test_a_value_is_printed_with_enough_decimals_to_tell_it_from_the_level() -> None:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 43)
    assert outlook(agreement).best_printed == "99.9004 %"


def test_a_level_that_nothing_was_used_of_has_no_row() -> None:
    agreement = a_schedule(terms=some_terms())
    drafted(agreement, now=MID_JUNE)
    assert not Outlook.objects.exists()


def test_the_rows_go_when_the_period_is_over() -> None:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 35)
    outlook(agreement)
    drafted(agreement, now="2019-07-01 07:00")  # midnight in Los Angeles
    assert not Outlook.objects.exists()


def test_a_second_draft_replaces_the_rows() -> None:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 35)
    first = outlook(agreement)
    an_outage_of(agreement, 5, incident="INC-2", begins="2019-06-12 04:00")
    second = outlook(agreement, now="2019-06-16 12:00")
    assert second.used_us == first.used_us + 5 * MINUTE


def test_each_service_is_a_row_of_its_own_and_only_the_one_that_was_out() -> None:
    agreement = a_schedule(terms=some_terms())
    an_outage_of(agreement, 35)
    a_service(agreement.contract, code="power-b", name="Power feed B")
    assert outlook(agreement).services == "Power feed A"


def test_a_longest_outage_is_used_up_only_while_one_is_open() -> None:
    level = a_level(
        metric=Metric.LONGEST_OUTAGE,
        params=LongestOutage(),
        level=timedelta(hours=4),
        op=Op.AT_MOST,
        credit=None,
    )
    agreement = a_schedule(terms=some_terms(targets=(level,)))
    outage = an_outage_of(agreement, 180, begins="2019-06-15 09:00")
    outage.ended_at = None
    outage.save_without_historical_record()
    row = outlook(agreement, now="2019-06-15 12:30")
    assert (row.used_us, row.room_us) == (210 * MINUTE, 30 * MINUTE)
    outage.ended_at = at("2019-06-15 12:45")
    outage.save_without_historical_record()
    drafted(agreement, now="2019-06-15 13:00")
    assert not Outlook.objects.exists()  # the next one begins anew


def test_a_share_of_cases_is_missed_so_far_but_never_for_good() -> None:
    params = Elapsed(statistic=Statistic.SHARE_WITHIN, within=timedelta(hours=4), since="occurred")
    level = a_level(metric=Metric.ELAPSED, params=params, level=Decimal(95), credit=None)
    agreement = a_schedule(terms=some_terms(targets=(level,)))
    incident = an_incident("INC-2", vendor=agreement.contract.vendor)
    a_milestone(incident, "occurred", "2019-06-11 04:00")
    a_milestone(incident, "restored", "2019-06-11 14:00")
    row = outlook(agreement)
    assert (row.missed, row.irreversible, row.best_printed) == (True, False, "")


def chronic(**fields: Any) -> ChronicRule:
    defaults: dict[str, Any] = {
        "code": "three-in-a-row",
        "name": "Three months in a row",
        "kind": ChronicKind.CONSECUTIVE,
        "count": 3,
        "opens": "the contract may be ended",
        "notice": limit(30, anchor=Anchor.PERIOD_END),
    }
    return ChronicRule(**{**defaults, **fields})


def months_missed(agreement: ServiceLevelAgreement, *months: str) -> None:
    for month in months:
        an_outage_of(agreement, 73, begins=f"{month}-10 04:00", incident=f"INC-{month}")


def test_a_pattern_counts_how_far_it_has_come() -> None:
    agreement = a_schedule(terms=some_terms(chronic=(chronic(),)))
    months_missed(agreement, "2019-05", "2019-06")
    drafted(agreement, now=JULY_2)
    row = PatternCount.objects.get()
    assert (row.code, row.name, row.about) == (
        "three-in-a-row",
        "Three months in a row",
        "Power uptime, Power feed A",
    )
    assert (row.counted, row.needed, row.unit, row.reached) == (2, 3, "count", False)
    assert (row.is_one_short, row.notice_on, row.act_by) == (True, None, None)


def test_a_complete_pattern_names_the_last_day_for_a_notice() -> None:
    agreement = a_schedule(terms=some_terms(chronic=(chronic(),)))
    months_missed(agreement, "2019-04", "2019-05", "2019-06")
    drafted(agreement, now=JULY_2)
    row = PatternCount.objects.get()
    assert (row.counted, row.reached, row.act_by) == (3, True, date(2019, 7, 30))


def test_a_pattern_of_which_nothing_counts_has_no_row() -> None:
    agreement = a_schedule(terms=some_terms(chronic=(chronic(),)))
    drafted(agreement, now=JULY_2)
    assert not PatternCount.objects.exists()


def test_a_count_that_went_away_takes_its_row_with_it() -> None:
    agreement = a_schedule(terms=some_terms(chronic=(chronic(),)))
    months_missed(agreement, "2019-06")
    head = drafted(agreement, now=JULY_2)
    assert PatternCount.objects.filter(statement=head).count() == 1
    outage = agreement.contract.services.get().outages.get()
    outage.ended_at = outage.started_at + timedelta(minutes=1)
    outage.save_without_historical_record()
    drafted(agreement, now="2019-07-03 12:00")
    assert not PatternCount.objects.exists()


def writes_and_reads(agreement: ServiceLevelAgreement, *, now: str) -> tuple[int, int]:
    """Return how many statements of each draft touch the tables of this file: writes, reads."""
    head = head_of(agreement, period_label="2019-06")
    with CaptureQueriesContext(connection) as caught:
        refresh_statement(head, now=at(now))
    own = [
        each["sql"] for each in caught if "sla_outlook" in each["sql"] or "sla_patterncount" in each["sql"]
    ]
    return sum(not sql.startswith("SELECT") for sql in own), sum(sql.startswith("SELECT") for sql in own)


def test_a_draft_with_nothing_to_say_ahead_costs_one_query_and_no_write() -> None:
    agreement = a_schedule(terms=some_terms())
    assert writes_and_reads(agreement, now=MID_JUNE) == (0, 1)
    assert writes_and_reads(agreement, now=JULY_2) == (0, 1)


def test_rows_that_stay_the_same_are_not_written_again() -> None:
    agreement = a_schedule(terms=some_terms(chronic=(chronic(),)))
    months_missed(agreement, "2019-06")
    assert writes_and_reads(agreement, now=JULY_2) == (1, 2)
    assert writes_and_reads(agreement, now="2019-07-03 12:00") == (0, 2)
