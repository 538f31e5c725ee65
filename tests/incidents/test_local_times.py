"""Local times typed by people: exact, or refused with both readings."""

from datetime import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from incidents.admin import LocalDateTimeField, read_local
from tests.incidents.rows import at
from vendors.models import zone_of


@pytest.mark.parametrize(
    ("typed", "zone", "instant"),
    [
        ("2019-06-25 04:15", "America/Los_Angeles", "2019-06-25 11:15"),
        ("2019-06-25T04:15", "America/Los_Angeles", "2019-06-25 11:15"),
        ("2019-01-25 04:15:30.5", "America/Los_Angeles", "2019-01-25 12:15:30.5"),
        ("2019-06-25 04:15", "UTC-05:00", "2019-06-25 09:15"),
        ("2019-06-25 04:15", "UTC", "2019-06-25 04:15"),
        ("2019-06-25 04:15Z", "America/Los_Angeles", "2019-06-25 04:15"),
        ("2019-06-25 04:15 +02:00", "America/Los_Angeles", "2019-06-25 02:15"),
        ("2025-10-26 02:30+02:00", "Europe/Berlin", "2025-10-26 00:30"),
        ("2025-10-26 02:30+01:00", "Europe/Berlin", "2025-10-26 01:30"),
    ],
)
def test_a_local_time_is_read_as_the_instant_it_means(typed: str, zone: str, instant: str) -> None:
    assert read_local(typed, zone=zone_of(zone)) == at(instant)


@pytest.mark.parametrize(
    ("typed", "zone", "message"),
    [
        (
            "2025-10-26 02:30",
            "Europe/Berlin",
            "2025-10-26 02:30 happened twice in Europe/Berlin: the clocks went back. "
            "Write 2025-10-26 02:30+02:00 or 2025-10-26 02:30+01:00.",
        ),
        (
            "2025-03-30 02:30",
            "Europe/Berlin",
            "2025-03-30 02:30 never happened in Europe/Berlin: the clocks went forward. "
            "Write 2025-03-30 01:30+01:00 or 2025-03-30 03:30+02:00.",
        ),
        (
            "2022-11-06 01:15",
            "America/Los_Angeles",
            "2022-11-06 01:15 happened twice in America/Los_Angeles: the clocks went back. "
            "Write 2022-11-06 01:15-07:00 or 2022-11-06 01:15-08:00.",
        ),
        ("2019-06-25", "UTC", "'2019-06-25' is not a date and time. Write it as 2019-06-25 04:15."),
        (
            "25/06/2019 04:15",
            "UTC",
            "'25/06/2019 04:15' is not a date and time. Write it as 2019-06-25 04:15.",
        ),
        ("2019-02-30 04:15", "UTC", "'2019-02-30 04:15' is no date of the calendar. Correct it."),
        ("2019-06-25 24:15", "UTC", "'2019-06-25 24:15' is no date of the calendar. Correct it."),
        ("now", "UTC", "'now' is not a date and time. Write it as 2019-06-25 04:15."),
    ],
)
def test_a_time_that_means_nothing_or_two_things_is_refused(typed: str, zone: str, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        read_local(typed, zone=zone_of(zone))
    assert error.value.messages == [message]


@pytest.mark.parametrize(
    ("instant", "zone", "shown"),
    [
        ("2019-06-25 11:15", "America/Los_Angeles", "2019-06-25 04:15"),
        ("2019-06-25 11:15:07", "America/Los_Angeles", "2019-06-25 04:15:07"),
        ("2019-06-25 11:15:07.076", "America/Los_Angeles", "2019-06-25 04:15:07.076000"),
        ("2025-10-26 00:30", "Europe/Berlin", "2025-10-26 02:30+02:00"),
        ("2025-10-26 01:30", "Europe/Berlin", "2025-10-26 02:30+01:00"),
        ("2025-03-30 01:00", "Europe/Berlin", "2025-03-30 03:00"),
    ],
)
def test_what_is_shown_reads_back_as_the_same_instant(instant: str, zone: str, shown: str) -> None:
    field = LocalDateTimeField(required=False)
    with timezone.override(zone_of(zone)):
        assert field.prepare_value(at(instant)) == shown
        assert field.clean(shown) == at(instant)
        assert field.has_changed(at(instant), shown) is False
        assert field.has_changed(at(instant), "2019-06-25 04:16") is True


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_time_is_no_time(empty: str | None) -> None:
    field = LocalDateTimeField(required=False)
    assert field.clean(empty) is None
    assert field.has_changed(None, empty) is False
    assert field.has_changed(datetime(2019, 6, 25, tzinfo=zone_of("UTC")), empty) is True
