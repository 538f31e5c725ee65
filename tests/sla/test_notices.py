"""A notice of work against the clause: what is taken out, what is not, and why, with the minutes of each."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from incidents.models import MaintenanceService, MaintenanceWindow
from incidents.services import record_row
from sla.engine.terms import CapPeriod, ExclusionRule, ExclusionSource, Quota
from sla.models import ServiceLevelAgreement
from sla.services.notices import JudgedNotice, judge_notice
from tests.builders import a_schedule, an_outage, at, person, saved, some_terms
from tests.incidents.rows import an_incident
from tests.vendors.rows import a_calendar
from vendors.models import WeeklyHours

pytestmark = pytest.mark.django_db
NOW = at("2019-06-05 12:00")
ASKED = "it was needed by 2019-06-07 01:00 UTC: the clause asks for 72 hours"
IN_TIME = f"notice came 2019-06-07 00:00 UTC (as entered here), 1 h in time; {ASKED}"
STATED = IN_TIME.replace("as entered here", "its sender's own stamp")
RECEIVED = IN_TIME.replace("as entered here", "when it was received here")


def a_clause(**fields: Any) -> ExclusionRule:
    defaults = {"code": "maintenance", "source": ExclusionSource.MAINTENANCE, "notice": Decimal(72)}
    return ExclusionRule(**{**defaults, **fields})


def under(*clauses: ExclusionRule) -> ServiceLevelAgreement:
    return a_schedule(terms=some_terms(exclusions=clauses))


def a_notice(agreement: ServiceLevelAgreement, **fields: Any) -> MaintenanceWindow:
    """Return two hours of work in the night of 10 June 2019, noticed three days and an hour before."""
    service = agreement.contract.services.get()
    defaults = {
        "vendor": agreement.contract.vendor,
        "reference": "CHG-17",
        "starts_at": at("2019-06-10 01:00"),
        "ends_at": at("2019-06-10 03:00"),
        "noticed_at": at("2019-06-07 00:00"),
    }
    window = MaintenanceWindow(**{**defaults, **fields})
    record_row(window, by=person(), reason="Their mail")
    saved(MaintenanceService(window=window, service=service))
    return window


def judged(window: MaintenanceWindow) -> tuple[str, str, int, int, int]:
    [one] = judge_notice(window, user=person("boss", is_superuser=True), now=NOW)
    return one.words, one.why, one.excluded, one.counted, one.other


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ("excludable", IN_TIME, 120, 0, 0)),
        (
            {"noticed_at": at("2019-06-07 01:01")},
            (
                "notice too short",
                f"notice came 2019-06-07 01:01 UTC (as entered here), 1 min too late; {ASKED}",
                0,
                120,
                0,
            ),
        ),
        (
            {"noticed_at": at("2019-06-07 01:00")},
            (
                "excludable",
                f"notice came 2019-06-07 01:00 UTC (as entered here), just in time; {ASKED}",
                120,
                0,
                0,
            ),
        ),
        (
            {"noticed_at": None},
            ("no time of notice is recorded", f"no notice is recorded; {ASKED}", 0, 120, 0),
        ),
        (
            {"emergency": True},
            ("emergency work is not listed", "emergency work is not listed in the clause", 0, 120, 0),
        ),
        (
            {"cancelled_at": at("2019-06-08 00:00")},
            ("cancelled", "a notice that was called off excludes nothing", 0, 0, 0),
        ),
        (
            {"actual_ended_at": at("2019-06-10 03:25")},
            ("overran", f"the work ended 25 min after the announced end; {IN_TIME}", 120, 25, 0),
        ),
    ],
)
def test_a_notice_is_judged_against_the_clause_at_once(
    fields: dict[str, Any], found: tuple[Any, ...]
) -> None:
    assert judged(a_notice(under(a_clause()), **fields)) == found


@pytest.mark.parametrize(
    ("received", "found"),
    [
        (
            at("2019-06-09 08:00"),
            (
                "in time only by its sender's own stamp",
                "it says that it was sent 2019-06-07 00:00 UTC, and was first seen here 2019-06-09 08:00 "
                f"UTC, by which notice came after 2019-06-07 01:00 UTC; {STATED}",
                120,
                0,
                0,
            ),
        ),
        (
            None,
            (
                "in time only by its sender's own stamp",
                f"it says that it was sent 2019-06-07 00:00 UTC; when it reached us is not known; {STATED}",
                120,
                0,
                0,
            ),
        ),
        # Seen in time as well: the stamp decides nothing.
        (at("2019-06-07 00:30"), ("excludable", STATED, 120, 0, 0)),
        (at("2019-06-07 00:00"), ("excludable", RECEIVED, 120, 0, 0)),
    ],
)
def test_notice_that_rests_on_its_senders_stamp_alone_says_so(
    received: datetime | None, found: tuple[Any, ...]
) -> None:
    stated = {"stated_at": at("2019-06-07 00:00"), "received_at": received}
    assert judged(a_notice(under(a_clause()), **stated)) == found


def test_without_a_clause_about_work_all_of_it_counts() -> None:
    assert judged(a_notice(under())) == ("no clause takes announced work out", "", 0, 120, 0)


def test_only_the_hours_in_which_work_is_allowed_are_taken_out() -> None:
    nights = a_calendar("nights", zone="UTC")
    for day in WeeklyHours.Weekday.values:
        saved(WeeklyHours(calendar=nights, weekday=day, opens_at=2 * 60, closes_at=6 * 60))
    agreement = under(a_clause(within=nights.code))
    assert judged(a_notice(agreement)) == (
        "outside the allowed hours",
        f"60 min lie outside the hours in which work is allowed; {IN_TIME}",
        60,
        60,
        0,
    )


def test_what_earlier_downtime_used_of_a_quota_is_gone() -> None:
    monthly = Quota(period=CapPeriod.MONTH, length=timedelta(minutes=100))
    agreement = under(a_clause(quotas=(monthly,)))
    service = agreement.contract.services.get()
    a_notice(
        agreement,
        reference="CHG-16",
        starts_at=at("2019-06-03 01:00"),
        ends_at=at("2019-06-03 02:00"),
        noticed_at=at("2019-05-20 00:00"),
    )
    assert judged(a_notice(agreement)) == (
        "quota used up",
        f"20 min are more than what is left of the limits; {IN_TIME}",
        100,
        20,
        0,
    )
    an_outage(
        an_incident(reference="INC-7"),
        service,
        started_at=at("2019-06-03 01:00"),
        ended_at=at("2019-06-03 01:45"),
    )
    again = MaintenanceWindow.objects.get(reference="CHG-17")
    assert judged(again) == (
        "quota used up",
        f"65 min are more than what is left of the limits; {IN_TIME}",
        55,
        65,
        0,
    )


def test_a_reader_sees_only_schedules_of_vendors_that_are_theirs() -> None:
    window = a_notice(under(a_clause()))
    found: list[JudgedNotice] = judge_notice(window, user=person("stranger"), now=NOW)
    assert found == []
