"""Who is told, when, how often: one mail a reader, daily or at once; deputies after two working days."""

from __future__ import annotations

from datetime import date
from email.utils import parseaddr
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident
from sla.models import Alert, AlertNotice, Duty, OutboxMessage, Statement
from sla.services.alerts.acknowledging import acknowledge_alert
from sla.services.alerts.raising import raise_found
from sla.services.alerts.readers import readers_of
from sla.services.alerts.runs import is_daily
from sla.services.alerts.telling import untold
from sla.services.duties.planning import OVERTAKEN, plan_look
from sla.services.duties.rounds import run_round, work
from tests.builders import (
    a_calendar,
    a_contract,
    a_schedule,
    a_service,
    a_vendor,
    an_incident,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)
from tests.sla.alert_builders import a_boss, a_deputy, a_found, an_outage_of, an_owner, rules, the_alert
from tests.sla.claim_builders import a_missed_month, some_claim_terms
from tests.sla.running import Clock, a_closing_schedule, clock
from vendors.models import CalendarDay, Vendor, WeeklyHours

pytestmark = pytest.mark.django_db

OLGA, DORA = "olga@ours.example", "dora@ours.example"


def an_old_incident(vendor: Vendor | None = None, reference: str = "INC-1") -> Incident:
    """Return an incident that is open since 25 June 2019: a warning from 2 July 04:15 on."""
    vendor = vendor or Vendor.objects.filter(slug="northrack").first() or a_vendor()
    contract = vendor.contracts.first() or a_contract(f"C-{vendor.slug}", vendor=vendor)
    service = contract.services.first() or a_service(contract, code="power-a")
    incident = an_incident(reference, vendor=vendor)
    an_outage(incident, service)
    return incident


def told(to: str | None = None) -> list[tuple[str, str]]:
    """Return address and subject of the mails that left, in their order."""
    found = [(parseaddr(each.recipients()[0])[1], str(each.subject)) for each in mail.outbox]
    return [each for each in found if to is None or to == each[0]]


def hours(now: Clock, count: int, *, step: int = 1) -> None:
    """Let so many hours go by, with a round in each, or every so many."""
    for _ in range(0, count, step):
        now.forward(hours=step)
        run_round(clock=now)


# When


def test_the_owner_gets_one_mail_at_the_hour_of_the_house_and_none_after() -> None:
    vendor = a_vendor()
    an_owner(vendor)
    for reference in ("INC-1", "INC-2"):
        an_old_incident(vendor, reference)
    now = clock("2019-07-02 05:10")
    run_round(clock=now)
    assert (Alert.objects.count(), told()) == (2, [])  # the first look is told at the hour
    hours(now, 1)
    assert told() == []
    hours(now, 12)
    assert told() == [
        (
            OLGA,
            "Early: Northrack: INC-1 is still open, since 2019-06-25: Power lost at the data center"
            " (and 1 more)",
        )
    ]
    message = OutboxMessage.objects.get()
    assert (message.key, message.state) == (f"warnings/user:{person('olga').pk}/2019-07-02T07", "sent")
    assert (message.created_at, message.reader) == (at("2019-07-02 07:10"), person("olga"))


@pytest.mark.parametrize(
    ("zone", "hour", "slot"),
    [
        ("Europe/Berlin", 7, "2019-07-02T05"),
        ("America/New_York", 7, "2019-07-02T11"),
        ("Australia/Lord_Howe", 7, "2019-07-02T21"),  # 20:30 UTC: the look of 20:20 is too early
        ("Asia/Kolkata", 12, "2019-07-02T07"),  # 06:30 UTC
    ],
)
def test_the_hour_is_read_in_the_zone_of_the_house(zone: str, hour: int, slot: str) -> None:
    rules(zone=zone, hour=hour)
    an_owner(a_vendor())
    an_old_incident()
    now = clock("2019-07-02 04:20")
    run_round(clock=now)
    hours(now, 20)
    assert OutboxMessage.objects.get().key.rpartition("/")[2] == slot


def test_the_daily_look_is_the_first_at_or_after_the_hour_also_where_looks_were_missed() -> None:
    policy = rules(zone="UTC", hour=7)
    due = [
        ("2019-07-01 06:30", False),  # the first look there ever was
        ("2019-07-01 06:59", False),
        ("2019-07-01 07:00", True),
        ("2019-07-01 08:00", False),
        ("2019-07-04 03:00", True),  # after days of silence
        ("2019-07-04 06:00", False),
        ("2019-07-04 10:00", True),
    ]
    for when, expected in due:
        row = Duty.objects.create(
            kind="look", subject="house", period=when, due_at=at(when), next_at=at(when)
        )
        assert is_daily(row, policy=policy) is expected, when
        Duty.objects.filter(pk=row.pk).update(state="done", finished_at=at(when))


def test_a_look_that_was_overtaken_or_failed_has_told_nobody() -> None:
    policy = rules(zone="UTC", hour=7)
    for when, state, outcome in (
        ("2019-07-01 06:00", "done", "0 new"),
        ("2019-07-01 07:00", "done", OVERTAKEN),
        ("2019-07-01 08:00", "failed", ""),
    ):
        Duty.objects.create(
            kind="look",
            subject="house",
            period=when,
            due_at=at(when),
            next_at=at(when),
            state=state,
            outcome=outcome,
        )
    row = Duty(kind="look", due_at=at("2019-07-01 09:00"))
    assert is_daily(row, policy=policy)


def test_what_leaves_little_time_does_not_wait_for_the_morning() -> None:
    a_missed_month(terms=some_claim_terms())
    an_owner(Vendor.objects.get())
    now = clock("2019-07-29 08:00")  # to be claimed until 07:00 on the 31st: 47 hours
    run_round(clock=now)
    run_round(clock=now)  # the head is made by the look, and drawn up after it
    hours(now, 1)
    assert [subject for _, subject in told(OLGA)] == [
        "46 h left, USD 200.00: Northrack: Send the claim: NR-2018/power/2019-06 (and 1 more)"
    ]


def test_what_is_missed_for_good_does_not_wait_for_the_morning() -> None:
    agreement = a_closing_schedule()
    an_owner(agreement.contract.vendor)
    now = clock("2019-06-15 12:00")
    run_round(clock=now)
    an_outage_of(agreement, 73)
    hours(now, 2)
    assert [subject for _, subject in told(OLGA)] == [
        "15 days left, USD 200.00: Northrack: Missed, irreversible: Power uptime of Power feed A,"
        " NR-2018/power/2019-06"
    ]


def test_it_is_told_again_only_when_it_gets_worse() -> None:
    an_owner(a_vendor())
    an_old_incident()
    now = clock("2019-07-02 07:30")
    run_round(clock=now)
    assert len(told()) == 1
    hours(now, 6 * 24, step=12)
    assert len(told()) == 1
    hours(now, 24, step=12)  # open for twice as long as the house allows
    assert len(told()) == 2
    assert list(AlertNotice.objects.order_by("pk").values_list("rank", flat=True)) == [1, 2]


def test_a_run_that_is_done_twice_tells_nobody_twice() -> None:
    an_owner(a_vendor())
    an_old_incident()
    now = clock("2019-07-02 07:30")
    run_round(clock=now)
    Duty.objects.filter(kind__in=("look", "digest")).update(state="due", next_at=now())
    assert work(clock=now) == 2
    assert (len(told()), AlertNotice.objects.count(), OutboxMessage.objects.count()) == (1, 1, 1)
    assert Duty.objects.get(kind="digest").outcome == "Nothing is left to tell."


def test_what_is_acknowledged_before_the_mail_is_not_told() -> None:
    an_owner(a_vendor())
    an_old_incident()
    now = clock("2019-07-02 05:10")
    run_round(clock=now)
    acknowledge_alert(the_alert(), by=person("olga"), note="", now=now())
    hours(now, 24)
    assert told() == []


# Who


def test_what_nobody_owns_goes_to_whom_the_rules_name_else_to_every_administrator_with_an_address() -> None:
    a_boss("anna")
    a_boss("bert", email="")
    gone = a_boss("gone")
    gone.is_active = False
    gone.save()
    alert = Alert(vendor=a_vendor())
    assert [each.username for each in readers_of([alert], policy=rules()).of(alert)] == ["anna"]
    policy, chosen = rules(), [a_boss("carl"), person("blind")]
    through = policy.readers.through
    through._base_manager.bulk_create(through(alertpolicy=policy, user=each) for each in chosen)
    # Who may not see all vendors is told of none that somebody else would have to show.
    assert [each.username for each in readers_of([alert], policy=policy).of(alert)] == ["carl"]


def test_an_owner_who_left_is_no_owner() -> None:
    a_boss("anna")
    vendor = a_vendor()
    owner = an_owner(vendor)
    owner.is_active = False
    owner.save()
    alert = Alert(vendor=vendor)
    assert [each.username for each in readers_of([alert], policy=rules()).of(alert)] == ["anna"]


def test_an_incident_without_a_vendor_goes_to_the_administrators() -> None:
    a_boss("anna")
    an_owner(a_vendor())
    incident = an_old_incident()
    incident.vendor = None
    saved(incident)
    run_round(clock=clock("2019-07-02 07:30"))
    assert [to for to, _ in told()] == ["anna@ours.example"]


def test_an_owner_without_an_address_gets_no_mail_and_the_warning_stands_on_the_list() -> None:
    a_boss("anna")
    an_owner(a_vendor(), email="")
    an_old_incident()
    run_round(clock=clock("2019-07-02 07:30"))
    assert told() == []
    assert Alert.objects.unacknowledged().visible_to(person("olga")).count() == 1


def test_each_reader_gets_a_mail_of_their_own_vendors_only() -> None:
    first, second = a_vendor(), a_vendor("southrack")
    an_owner(first)
    an_owner(second, "sven")
    an_old_incident(first)
    an_old_incident(second, "INC-2")
    run_round(clock=clock("2019-07-02 07:30"))
    assert sorted(told()) == [
        (OLGA, "Early: Northrack: INC-1 is still open, since 2019-06-25: Power lost at the data center"),
        (
            "sven@ours.example",
            "Early: Southrack: INC-2 is still open, since 2019-06-25: Power lost at the data center",
        ),
    ]


def test_a_new_owner_is_told_what_still_stands() -> None:
    vendor = a_vendor()
    an_owner(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-02 07:30")
    run_round(clock=now)
    an_owner(vendor, "nora")
    hours(now, 24)
    assert [to for to, _ in told()] == [OLGA, "nora@ours.example"]


# Deputies


def escalations(now: Clock, count: int, *, step: int = 4) -> list[str]:
    """Let hours go by, and return when each mail to the deputy left."""
    seen = []
    for _ in range(0, count, step):
        before = len(told(DORA))
        hours(now, step, step=step)
        if len(told(DORA)) > before:
            seen.append(f"{now():%a %Y-%m-%d %H:%M}")
    return seen


def test_after_two_working_days_it_goes_to_the_deputy_too_over_a_weekend() -> None:
    vendor = a_vendor()
    an_owner(vendor)
    a_deputy(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-04 10:30")  # a Thursday; raised at this look
    run_round(clock=now)
    assert escalations(now, 24 * 4) == ["Mon 2019-07-08 10:30"]
    assert the_alert().escalated_at == at("2019-07-08 10:30")
    assert len(told(OLGA)) == 1


def test_a_holiday_of_the_houses_calendar_is_no_working_day() -> None:
    calendar = a_calendar("nyc", zone="America/New_York")
    for weekday in range(5):
        saved(WeeklyHours(calendar=calendar, weekday=weekday, opens_at=540, closes_at=1020))
    saved(CalendarDay(calendar=calendar, on=date(2019, 7, 4), name="Independence Day"))
    rules(calendar=calendar, zone="America/New_York")
    vendor = a_vendor()
    an_owner(vendor)
    a_deputy(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-03 14:30")  # Wednesday, 10:30 there
    run_round(clock=now)
    # Thursday is the holiday: Friday, then Monday, at the same hour.
    assert escalations(now, 24 * 5) == ["Mon 2019-07-08 14:30"]


def test_what_is_acknowledged_in_time_does_not_go_to_the_deputy() -> None:
    vendor = a_vendor()
    an_owner(vendor)
    a_deputy(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-02 10:30")
    run_round(clock=now)
    acknowledge_alert(the_alert(), by=person("olga"), note="", now=now())
    assert escalations(now, 24 * 4) == []


def test_once_it_went_to_the_deputy_both_hear_when_it_gets_worse() -> None:
    vendor = a_vendor()
    an_owner(vendor)
    a_deputy(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-02 10:30")
    run_round(clock=now)
    assert escalations(now, 24 * 8) == ["Thu 2019-07-04 10:30", "Tue 2019-07-09 10:30"]
    assert len(told(OLGA)) == 2


def test_after_somebody_took_it_on_a_worse_one_waits_for_the_deputy_again() -> None:
    vendor = a_vendor()
    an_owner(vendor)
    a_deputy(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-02 10:30")
    run_round(clock=now)
    assert escalations(now, 50) == ["Thu 2019-07-04 10:30"]
    acknowledge_alert(the_alert(), by=person("dora"), note="", now=now())
    # Worse on Tuesday the 9th at 04:15, which the look of 06:30 finds.
    assert escalations(now, 24 * 8) == ["Thu 2019-07-11 06:30"]


def test_without_a_deputy_it_goes_to_nobody_else() -> None:
    vendor = a_vendor()
    an_owner(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-02 10:30")
    run_round(clock=now)
    hours(now, 72, step=12)
    assert the_alert().escalated_at is None


def test_a_mail_to_a_deputy_says_why_it_comes() -> None:
    vendor = a_vendor()
    owner = an_owner(vendor)
    owner.first_name, owner.last_name = "Olga", "Berg"
    owner.save()
    a_deputy(vendor)
    an_old_incident(vendor)
    now = clock("2019-07-02 10:30")
    run_round(clock=now)
    hours(now, 48, step=12)
    text = OutboxMessage.objects.get(address=DORA).text
    assert "Olga Berg has not acknowledged it: you are a deputy for Northrack." in text


# The chat


def test_the_chat_gets_one_message_where_one_is_set_up(settings: Any) -> None:
    settings.CHAT_URL = "https://chat.example/hook"
    an_owner(a_vendor())
    an_old_incident()
    now = clock("2019-07-02 07:30")
    run_round(clock=now)
    hours(now, 24, step=6)
    message = OutboxMessage.objects.get(channel="chat")
    assert (message.key, message.subject) == ("warnings/chat/2019-07-02T07", "1 warning")
    assert message.text == "• Northrack: INC-1 is still open, since 2019-06-25: Power lost at the data center"
    assert AlertNotice.objects.get(reader=None).message == message


def test_the_chat_gets_nothing_where_the_house_does_not_want_it_or_has_none(settings: Any) -> None:
    an_old_incident()
    run_round(clock=clock("2019-07-02 07:30"))
    settings.CHAT_URL = "https://chat.example/hook"
    rules(to_chat=False)
    run_round(clock=clock("2019-07-03 07:30"))
    assert not OutboxMessage.objects.filter(channel="chat").exists()


# Looks


def periods() -> list[str]:
    return list(Statement.objects.order_by("period").values_list("period", flat=True))


def test_a_look_makes_the_heads_of_the_running_and_the_last_period_and_no_others() -> None:
    a_closing_schedule()
    run_round(clock=clock("2019-07-02 12:00"))
    assert list(Statement.objects.order_by("period").values_list("period", flat=True)) == [
        "2019-06",
        "2019-07",
    ]


@pytest.mark.parametrize(
    ("fields", "heads"),
    [
        ({}, ["2019-06", "2019-07"]),
        ({"live_from": date(2019, 7, 1)}, ["2019-07"]),
        ({"effective_from": date(2019, 7, 1)}, ["2019-07"]),
        ({"effective_until": date(2019, 7, 2)}, []),  # its last day was the first, there
        ({"effective_until": date(2019, 7, 3)}, ["2019-06", "2019-07"]),
    ],
)
def test_heads_follow_the_contracts_term_and_its_go_live(fields: dict[str, Any], heads: list[str]) -> None:
    agreement = a_schedule(terms=some_terms())
    for name, value in fields.items():
        setattr(agreement.contract, name, value)
    saved(agreement.contract)
    run_round(clock=clock("2019-07-02 12:00"))
    assert periods() == heads


def test_a_look_asks_for_running_drafts_once_a_day_and_hourly_while_an_outage_is_open() -> None:
    agreement = a_closing_schedule()
    now = clock("2019-06-15 12:00")
    run_round(clock=now)
    run_round(clock=now)
    head = Statement.objects.get(period="2019-06")
    assert head.computed_at == now()
    hours(now, 24)
    head.refresh_from_db()
    assert head.computed_at == at("2019-06-15 12:00")
    hours(now, 2)
    head.refresh_from_db()
    assert head.computed_at == at("2019-06-16 14:00")
    an_outage(
        an_incident("INC-9", vendor=agreement.contract.vendor),
        agreement.contract.services.get(),
        started_at=at("2019-06-16 14:05"),
        ended_at=None,
    )
    seen = set()
    for _ in range(6):
        hours(now, 1)
        head.refresh_from_db()
        seen.add(head.computed_at)
    assert len(seen) >= 3


def test_a_draft_that_was_made_before_the_end_is_asked_for_after_it() -> None:
    a_closing_schedule()
    now = clock("2019-06-30 20:00")
    run_round(clock=now)
    run_round(clock=now)
    hours(now, 13)
    head = Statement.objects.get(period="2019-06")
    assert head.computed_at is not None
    assert head.computed_at >= head.ends_at


def test_one_look_an_hour_is_planned_and_an_older_one_is_overtaken() -> None:
    assert [plan_look(now=at(when)) for when in ("2019-07-02 07:05", "2019-07-02 07:50")] == [1, 0]
    assert plan_look(now=at("2019-07-02 08:01")) == 1
    assert list(Duty.objects.order_by("period").values_list("period", "state", "outcome")) == [
        ("2019-07-02T07", "done", OVERTAKEN),
        ("2019-07-02T08", "due", ""),
    ]


def test_the_queries_of_telling_do_not_grow_with_warnings_and_readers() -> None:
    policy = rules()

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            untold(policy=policy)
        return len(caught)

    def some(start: int, until: int) -> None:
        found = []
        for number in range(start, until):
            vendor = a_vendor(f"vendor-{number}")
            an_owner(vendor, f"owner-{number}")
            found.append(a_found(str(number), vendor_id=vendor.pk))
        raise_found(found, standing=[], now=at("2019-07-02 07:00"))

    some(0, 1)
    few = count()
    some(1, 8)
    assert len(untold(policy=policy).by_reader) == 8
    assert count() == few
