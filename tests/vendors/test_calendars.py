"""Business calendars and public holidays."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.vendors.rows import REASON, a_calendar, person, saved
from vendors.models import BusinessCalendar, CalendarDay, WeeklyHours, midnight
from vendors.selectors import hours_in_force
from vendors.services import Filled, fill_holidays, remove_record, save_record

pytestmark = pytest.mark.django_db

US_2019 = {
    date(2019, 1, 1): "New Year's Day",
    date(2019, 1, 21): "Martin Luther King Jr. Day",
    date(2019, 2, 18): "Washington's Birthday",
    date(2019, 5, 27): "Memorial Day",
    date(2019, 7, 4): "Independence Day",
    date(2019, 9, 2): "Labor Day",
    date(2019, 10, 14): "Columbus Day",
    date(2019, 11, 11): "Veterans Day",
    date(2019, 11, 28): "Thanksgiving Day",
    date(2019, 12, 25): "Christmas Day",
}


def fill(calendar: BusinessCalendar, **fields: Any) -> Filled:
    return fill_holidays(
        calendar, **{"country": "US", "years": [2019], "by": person(), "reason": REASON, **fields}
    )


def test_holidays_are_filled_in_and_a_second_run_changes_nothing() -> None:
    calendar = a_calendar()
    assert fill(calendar) == Filled(added=tuple(US_2019))
    assert {day.on: day.name for day in calendar.days.all()} == US_2019
    assert {(day.kind, day.origin) for day in calendar.days.all()} == {("closed", "holidays")}
    assert fill(calendar) == Filled(unchanged=tuple(US_2019))
    assert CalendarDay.history.count() == len(US_2019)


def test_what_a_person_changed_or_removed_is_left_alone() -> None:
    calendar = a_calendar()
    columbus = saved(
        CalendarDay(calendar=calendar, on=date(2019, 10, 14), kind="open", opens_at=480, closes_at=720)
    )
    fill(calendar)
    remove_record(calendar.days.get(on=date(2019, 11, 11)), by=person(), reason="we work on Veterans Day")
    assert fill(calendar).kept == (date(2019, 10, 14), date(2019, 11, 11))
    assert not calendar.days.filter(on=date(2019, 11, 11)).exists()
    columbus.refresh_from_db()
    assert (columbus.kind, columbus.opens_at, columbus.closes_at, columbus.name) == ("open", 480, 720, "")


def test_a_holiday_with_an_outdated_name_is_renamed() -> None:
    calendar = a_calendar()
    saved(CalendarDay(calendar=calendar, on=date(2019, 7, 4), name="Fourth", origin="holidays"))
    assert fill(calendar).renamed == (date(2019, 7, 4),)
    assert calendar.days.get(on=date(2019, 7, 4)).name == "Independence Day"


def test_a_region_has_holidays_of_its_own() -> None:
    munich = a_calendar("munich", zone="Europe/Berlin")
    fill(munich, country="DE", subdivision="BY", years=[2019])
    assert munich.days.get(on=date(2019, 1, 6)).name == "Epiphany"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"country": "Utopia"}, "No public holidays are known for country 'Utopia'. Use an ISO 3166 code"),
        ({"country": "DE", "subdivision": "XX"}, "DE has no subdivision 'XX'. Known are: BB, BE, BW, BY,"),
        ({"years": []}, "Choose years between 1970 and 2100."),
        ({"years": [1969]}, "Choose years between 1970 and 2100."),
        ({"years": [2019, 3000]}, "Choose years between 1970 and 2100."),
        ({"reason": " "}, "Say why: every change keeps a reason."),
    ],
)
def test_a_wrong_request_is_explained_and_adds_nothing(fields: dict[str, Any], message: str) -> None:
    calendar = a_calendar()
    with pytest.raises(ValidationError) as refused:
        fill(calendar, **fields)
    assert message in str(refused.value.messages)
    assert not CalendarDay.objects.exists()


BAD_HOURS: list[tuple[int, int]] = [(540, 540), (1020, 540), (0, 1441)]


@pytest.mark.parametrize(("opens_at", "closes_at"), BAD_HOURS)
def test_closing_comes_after_opening_and_at_midnight_the_latest(opens_at: int, closes_at: int) -> None:
    hours = WeeklyHours(calendar=a_calendar(), weekday=0, opens_at=opens_at, closes_at=closes_at)
    with pytest.raises(ValidationError, match="Closing comes after opening, and 24:00 at the latest"):
        save_record(hours, by=person(), reason=REASON)
    assert not WeeklyHours.objects.exists()


BAD_DAYS: list[dict[str, Any]] = [
    {"kind": "open"},
    {"kind": "open", "opens_at": 480},
    {"kind": "open", "opens_at": 480, "closes_at": 480},
    {"kind": "closed", "opens_at": 480, "closes_at": 720},
]


@pytest.mark.parametrize("fields", BAD_DAYS)
def test_an_open_day_has_hours_and_a_closed_day_has_none(fields: dict[str, Any]) -> None:
    day = CalendarDay(calendar=a_calendar(), on=date(2019, 7, 4), **fields)
    with pytest.raises(ValidationError, match="An open day needs opening hours"):
        save_record(day, by=person(), reason=REASON)
    vars(day).update(_change_reason="past the services", _history_user=person())
    with pytest.raises(IntegrityError), transaction.atomic():
        day.save()
    assert not CalendarDay.objects.exists()


def test_new_hours_replace_the_whole_week_from_their_day_on() -> None:
    calendar = a_calendar()
    for weekday in (0, 1):
        saved(WeeklyHours(calendar=calendar, weekday=weekday, opens_at=540, closes_at=1020))
    saved(
        WeeklyHours(calendar=calendar, weekday=1, opens_at=0, closes_at=1440, effective_from=date(2019, 6, 1))
    )
    before, after = (hours_in_force(calendar, on=day) for day in (date(2019, 5, 31), date(2019, 6, 1)))
    assert [str(row) for row in before] == ["Monday 09:00-17:00", "Tuesday 09:00-17:00"]
    assert [str(row) for row in after] == ["Tuesday 00:00-24:00"]


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2019, 6, 1), "UTC-05:00", datetime(2019, 6, 1, 5, tzinfo=UTC)),
        (date(2019, 6, 1), "America/New_York", datetime(2019, 6, 1, 4, tzinfo=UTC)),
        # 00:00 does not exist: the day begins at 01:00 summer time.
        (date(2019, 9, 8), "America/Santiago", datetime(2019, 9, 8, 4, tzinfo=UTC)),
        # 00:00 comes twice: the day begins at the first.
        (date(2019, 11, 3), "America/Havana", datetime(2019, 11, 3, 4, tzinfo=UTC)),
    ],
)
def test_a_local_day_begins_at_its_first_instant(day: date, zone: str, instant: datetime) -> None:
    assert midnight(day, zone=zone) == instant
