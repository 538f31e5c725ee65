"""The calendar of deadlines: who may read it, what stands in it, and how its address is withdrawn."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from sla.models import ClaimToDo, Statement
from sla.services.deadlines import calendar_key
from tests.builders import a_contract_with_power, a_schedule, a_vendor, at, person

pytestmark = pytest.mark.django_db
ZONE = "America/New_York"


def a_statement(period: str = "2019-06", **fields: Any) -> Statement:
    """June 2019 of the power schedule, in New York."""
    defaults = {
        "agreement": fields.pop("agreement", None) or a_schedule(),
        "period": period,
        "first_on": date(2019, 6, 1),
        "last_on": date(2019, 6, 30),
        "starts_at": at("2019-06-01 04:00"),
        "ends_at": at("2019-07-01 04:00"),
        "shown": "USD 200.00",
    }
    return Statement.objects.create(**{**defaults, **fields})


def a_step(statement: Statement, **fields: Any) -> ClaimToDo:
    """The claim, due by the end of 30 July 2019 in the zone of the contract."""
    due = fields.pop("due_on", date(2019, 7, 30))
    defaults = {"what": "claim", "due_on": due, "due_until": day_end(due)}
    return ClaimToDo.objects.create(statement=statement, **{**defaults, **fields})


def day_end(day: date) -> datetime:
    """The first instant after a day in New York, in summer."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_july(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 5 July 2019."""
    monkeypatch.setattr("sla.pages.deadlines.timezone.now", lambda: at("2019-07-05 12:00"))


@pytest.fixture
def vera() -> User:
    """Manages the vendor and may see claims."""
    user = User.objects.create_user("vera", password="correct horse battery")
    user.user_permissions.add(Permission.objects.get(codename="view_claim"))
    return user


@pytest.fixture
def statement(vera: User) -> Statement:
    vendor = a_vendor(owner=vera)
    return a_statement(agreement=a_schedule(contract=a_contract_with_power(vendor=vendor, zone=ZONE)))


def address(user: User) -> str:
    return reverse("deadlines", args=[user.pk, calendar_key(user)])


def events(client: Client, user: User) -> list[Any]:
    response = client.get(address(user))
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(response.content).walk("VEVENT"))


def test_a_date_is_an_event_of_the_whole_day_with_what_to_do(
    client: Client, vera: User, statement: Statement
) -> None:
    step = a_step(statement, reading="30 days after the month", clause="Claim within thirty (30) days.")
    [event] = events(client, vera)
    assert event["SUMMARY"] == "Send the claim: Northrack, NR-2018/power/2019-06"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2019, 7, 30), date(2019, 7, 31))
    assert event["UID"] == f"step-{step.pk}@testserver"
    assert event["TRANSP"] == "TRANSPARENT"
    assert event["DESCRIPTION"].splitlines() == [
        "Northrack: Power, 2019-06",
        "Credit by today's records: USD 200.00, before tax",
        "By 2019-07-30: 30 days after the month",
        "Clause: Claim within thirty (30) days.",
    ]
    assert str(event["URL"]).startswith("http://testserver/admin/")
    alarms = [alarm["TRIGGER"].dt for alarm in event.walk("VALARM")]
    assert alarms == [timedelta(days=-3, hours=9), timedelta(days=-1, hours=9)]


def test_a_clause_that_counts_hours_gives_the_moment(
    client: Client, vera: User, statement: Statement
) -> None:
    due = at("2019-06-11 18:30")
    a_step(statement, what="notify", text="Call the help desk", due_on=date(2019, 6, 11), due_until=due)
    [event] = events(client, vera)
    assert event["SUMMARY"].startswith("Call the help desk: ")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (due - timedelta(minutes=30), due)
    assert "By 2019-06-11 14:30:00 -04:00" in event["DESCRIPTION"]
    assert event.walk("VALARM")[0]["TRIGGER"].params["RELATED"] == "END"


def test_each_date_of_a_clause_read_in_two_ways_is_an_event(
    client: Client, vera: User, statement: Statement
) -> None:
    a_step(statement, reading="from the end of the month")
    a_step(statement, reading="from the report", due_on=date(2019, 8, 5))
    first, second = events(client, vera)
    assert first["SUMMARY"].endswith("(earliest reading)")
    assert second["SUMMARY"].endswith("(a later reading)")
    assert second["DTSTART"].dt == date(2019, 8, 5)


def test_what_is_done_or_no_longer_asked_for_leaves_the_calendar(
    client: Client, vera: User, statement: Statement
) -> None:
    a_step(statement, what="one", done_at=at("2019-07-01 12:00"))
    a_step(statement, what="two", dropped_at=at("2019-07-01 12:00"))
    assert events(client, vera) == []


def test_nobody_is_told_to_claim_where_nothing_was_missed_or_the_credit_comes_by_itself(
    client: Client, vera: User, statement: Statement
) -> None:
    a_step(statement)
    statement.state, statement.shown = "met", ""
    statement.save()
    assert events(client, vera) == []
    statement.state, statement.shown, statement.automatic = "missed", "USD 200.00", True
    statement.save()
    assert events(client, vera) == []


def test_a_step_without_a_claim_leaves_the_calendar_a_month_after_its_day(
    client: Client, vera: User, statement: Statement
) -> None:
    a_step(statement, what="late", due_on=date(2019, 6, 20))
    a_step(statement, what="gone", due_on=date(2019, 5, 20))
    assert [event["SUMMARY"].split(":")[0] for event in events(client, vera)] == ["Late"]


def test_an_event_keeps_its_identity_while_its_date_moves(
    client: Client, vera: User, statement: Statement
) -> None:
    step = a_step(statement)
    before = events(client, vera)[0]["UID"]
    step.due_on, step.due_until = date(2019, 8, 1), day_end(date(2019, 8, 1))
    step.save()
    [event] = events(client, vera)
    assert (event["UID"], event["DTSTART"].dt) == (before, date(2019, 8, 1))


def test_the_calendar_holds_only_what_its_reader_may_see(client: Client, statement: Statement) -> None:
    a_step(statement)
    stranger = User.objects.create_user("stranger", password="correct horse battery")
    stranger.user_permissions.add(Permission.objects.get(codename="view_claim"))
    assert events(client, stranger) == []


def test_links_begin_with_the_public_address(
    client: Client, vera: User, statement: Statement, settings: Any
) -> None:
    settings.PUBLIC_ORIGIN = "https://recourse.example.com"
    a_step(statement)
    [event] = events(client, vera)
    assert str(event["URL"]).startswith("https://recourse.example.com/admin/sla/")
    assert event["UID"].endswith("@recourse.example.com")


def test_no_proxy_and_no_search_engine_keeps_it(client: Client, vera: User) -> None:
    response = client.get(address(vera))
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noindex"


def withdrawn(client: Client, place: str) -> bool:
    return client.get(place).status_code == 404


def test_changing_the_password_withdraws_the_address(client: Client, vera: User) -> None:
    place = address(vera)
    assert not withdrawn(client, place)
    vera.set_password("battery horse correct")
    vera.save()
    assert withdrawn(client, place)
    assert not withdrawn(client, address(vera))


def test_a_person_who_left_or_may_see_no_claims_has_no_calendar(client: Client, vera: User) -> None:
    place = address(vera)
    vera.user_permissions.clear()
    assert withdrawn(client, place)
    vera.user_permissions.add(Permission.objects.get(codename="view_claim"))
    assert not withdrawn(client, place)
    vera.is_active = False
    vera.save()
    assert withdrawn(client, place)


@pytest.mark.parametrize("key", ["x", "a" * 43, "\u00e9", "%00"])
def test_a_guessed_key_opens_nothing(client: Client, vera: User, key: str) -> None:
    assert withdrawn(client, reverse("deadlines", args=[vera.pk, key]))
    other = person("other")
    assert withdrawn(client, reverse("deadlines", args=[other.pk, calendar_key(vera)]))


def test_a_calendar_is_only_read(client: Client, vera: User) -> None:
    assert client.post(address(vera)).status_code == 405
