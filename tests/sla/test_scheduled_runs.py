"""A run is a row: planned once, held by one worker at a time, done in one transaction, never lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction

from sla.models import Duty, Heartbeat, Statement
from sla.services.duties import holding, planning, running
from sla.services.duties.holding import BACKOFF, MOST_ATTEMPTS, Held, HoldLostError, claim, claim_next
from sla.services.duties.planning import plan, plan_closings
from sla.services.duties.rounds import run_round, work
from tests.builders import a_vendor, an_incident, an_outage, at, saved
from tests.sla.running import Clock, a_closing_schedule, clock, closings
from tests.vendors.rows import REASON, person
from vendors.services import archive_vendor

pytestmark = pytest.mark.django_db

JULY_6 = "2019-07-06 07:00"  # June has settled in Los Angeles


def a_run(kind: str = "refresh", subject: str = "schedule/1", **fields: Any) -> Duty:
    defaults = {"due_at": at("2019-07-01 00:00"), "next_at": at("2019-07-01 00:00")}
    return Duty.objects.create(kind=kind, subject=subject, **{**defaults, **fields})


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[Held], None]]:
    """Return what each kind of run does, to be replaced by the test."""
    table = dict(running.RUNS)
    monkeypatch.setattr(running, "RUNS", table)
    return table


# Planning


def test_a_period_is_planned_once_however_often_it_is_asked() -> None:
    agreement = a_closing_schedule()
    assert [plan(now=at(when)).closings for when in ("2019-07-06 06:59", JULY_6, JULY_6)] == [0, 1, 0]
    duty = Duty.objects.get(kind="close")
    assert (duty.subject, duty.period, duty.ends_on) == (
        f"schedule/{agreement.pk}",
        "2019-06",
        date(2019, 6, 30),
    )
    assert duty.due_at == at(JULY_6)


def test_what_was_due_before_it_was_written_down_keeps_its_date_and_waits_from_now_on() -> None:
    a_closing_schedule()
    plan(now=at("2019-08-01 12:00"))
    duty = Duty.objects.get(kind="close")
    assert (duty.due_at, duty.next_at) == (at(JULY_6), at("2019-08-01 12:00"))


def test_the_database_refuses_a_second_row_for_the_same_period() -> None:
    a_run(period="2019-06")
    with pytest.raises(IntegrityError), transaction.atomic():
        a_run(period="2019-06")


def test_every_month_that_went_by_unseen_is_planned_in_order() -> None:
    a_closing_schedule()
    plan(now=at("2020-04-05 12:00"))
    assert [period for period, *_ in closings()] == [
        *(f"2019-{month:02d}" for month in range(6, 13)),
        "2020-01",
        "2020-02",
    ]


def test_a_planner_that_is_cut_off_leaves_no_gap_in_the_closings_of_a_schedule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agreement = a_closing_schedule()
    plan_closings(now=at("2019-08-20 12:00"))
    agreement.closes_from = date(2019, 1, 1)
    saved(agreement)
    monkeypatch.setattr(planning, "CHUNK", 2)
    write, writes = Duty.objects.bulk_create, iter(range(9))

    def write_once(rows: list[Duty], **options: Any) -> None:
        if next(writes):
            raise KeyboardInterrupt
        write(rows, **options)

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(Duty.objects, "bulk_create", write_once)
        plan_closings(now=at("2019-08-20 12:00"))
    plan_closings(now=at("2019-08-20 12:00"))
    assert [period for period, *_ in closings()] == [f"2019-{month:02d}" for month in range(1, 8)]


@pytest.mark.parametrize(
    ("fields", "planned"),
    [
        ({}, ["2019-06", "2019-07"]),
        ({"settling_days": 40}, ["2019-06"]),
        ({"closes_from": "2019-07-15"}, ["2019-07"]),
        ({"closes_from": "2018-01-01"}, [f"2019-{month:02d}" for month in range(1, 8)]),  # the first terms
    ],
)
def test_a_schedule_says_from_when_and_after_how_many_days_its_periods_close(
    fields: dict[str, Any], planned: list[str]
) -> None:
    a_closing_schedule(**fields)
    plan(now=at("2019-08-20 12:00"))
    assert [period for period, *_ in closings()] == planned


def test_without_a_day_it_closes_from_the_period_in_which_it_was_entered_here() -> None:
    agreement = a_closing_schedule()
    agreement.closes_from = None
    saved(agreement)
    plan(now=at("2026-01-01 00:00"))
    assert closings() == []  # entered when this test runs, years after


def test_an_archived_vendor_has_nothing_to_close() -> None:
    agreement = a_closing_schedule()
    archive_vendor(agreement.contract.vendor, at=at("2019-06-30 12:00"), by=person(), reason=REASON)
    plan(now=at("2019-08-20 12:00"))
    assert closings() == []


def test_stale_drafts_ask_for_one_run_of_their_schedule_and_a_later_change_asks_again() -> None:
    agreement = a_closing_schedule()
    run_round(clock=clock(JULY_6))
    service = agreement.contract.services.get()
    an_outage(an_incident(vendor=agreement.contract.vendor), service)
    assert plan(now=at("2019-07-07 00:00")).refreshes == 1
    assert plan(now=at("2019-07-07 00:00")).refreshes == 0
    work(clock=clock("2019-07-07 00:00"))
    assert not Statement.objects.stale().exists()
    assert Duty.objects.get(kind="refresh").state == "done"
    an_outage(an_incident("INC-2", vendor=agreement.contract.vendor), service)
    assert plan(now=at("2019-07-08 00:00")).refreshes == 1
    assert Duty.objects.filter(kind="refresh").count() == 1


# Holding


def test_a_run_that_is_held_is_taken_by_nobody_else() -> None:
    duty, now = a_run(), clock("2019-07-06 08:00")
    assert claim(duty.pk, clock=now) is not None
    assert claim(duty.pk, clock=now) is None
    assert claim_next(clock=now) is None


def test_a_run_is_not_taken_before_its_time() -> None:
    a_run(next_at=at("2019-07-06 08:00"))
    assert claim_next(clock=clock("2019-07-06 07:59")) is None
    assert claim_next(clock=clock("2019-07-06 08:00")) is not None


def test_what_a_worker_left_behind_is_taken_when_its_hold_runs_out(settings: Any) -> None:
    duty, now = a_run(), clock("2019-07-06 08:00")
    claim(duty.pk, clock=now)
    now.forward(seconds=settings.RUN_LEASE_SECONDS - 1)
    assert claim_next(clock=now) is None
    now.forward(seconds=1)
    again = claim_next(clock=now)
    assert again is not None
    assert again.duty.attempts == 2


def test_a_worker_that_lost_its_hold_can_change_nothing(settings: Any) -> None:
    duty, now = a_run(), clock("2019-07-06 08:00")
    slow = claim(duty.pk, clock=now)
    assert slow is not None
    now.forward(seconds=settings.RUN_LEASE_SECONDS)
    quick = claim(duty.pk, clock=now)
    assert quick is not None
    with pytest.raises(HoldLostError), slow.done():
        a_vendor("written-too-late")
    assert Duty.objects.get().state == "running"
    with quick.done() as done:
        done.outcome = "by the second"
    duty.refresh_from_db()
    assert (duty.state, duty.outcome, duty.token) == ("done", "by the second", "")
    from vendors.models import Vendor

    assert not Vendor.objects.filter(slug="written-too-late").exists()


def test_a_worker_that_was_only_slow_may_still_finish(settings: Any) -> None:
    duty, now = a_run(), clock("2019-07-06 08:00")
    held = claim(duty.pk, clock=now)
    assert held is not None
    now.forward(seconds=10 * settings.RUN_LEASE_SECONDS)
    with held.done():
        pass
    assert Duty.objects.get().state == "done"


def test_the_most_pressing_comes_first_and_then_the_oldest() -> None:
    agreement = a_closing_schedule()
    plan(now=at("2019-09-07 00:00"))
    a_run(agreement=agreement, due_at=at("2019-09-07 00:00"))
    now, taken = clock("2019-09-07 00:00"), []
    while held := claim_next(clock=now):
        taken.append((held.duty.kind, held.duty.period))
        with held.done():
            pass
    assert taken == [
        ("refresh", ""),
        ("close", "2019-06"),
        ("close", "2019-07"),
        ("close", "2019-08"),
        ("look", "2019-09-07T00"),
    ]


def test_a_period_waits_for_the_earlier_ones_of_its_schedule_but_not_for_those_that_failed() -> None:
    a_closing_schedule()
    plan_closings(now=at("2019-08-07 00:00"))
    now = clock("2019-08-07 00:00")
    june = claim_next(clock=now)
    assert june is not None
    assert june.duty.period == "2019-06"
    assert claim_next(clock=now) is None
    june.fail("the terms contradict themselves", for_good=True)
    july = claim_next(clock=now)
    assert july is not None
    assert july.duty.period == "2019-07"


# What goes wrong


def test_what_the_records_refuse_fails_at_once_with_every_sentence(runs: dict[str, Any]) -> None:
    def refuse(held: Held) -> None:
        raise ValidationError(["Tier 2 starts above tier 1.", "No fee is recorded."])

    runs["refresh"] = refuse
    a_run()
    work(clock=clock("2019-07-06 08:00"))
    duty = Duty.objects.get()
    assert (duty.state, duty.error) == ("failed", "Tier 2 starts above tier 1.; No fee is recorded.")


def test_any_other_error_is_tried_again_later_each_time_and_then_given_up(runs: dict[str, Any]) -> None:
    def stumble(held: Held) -> None:
        raise ZeroDivisionError("division by zero")

    runs["refresh"] = stumble
    a_run()
    now = clock("2019-07-06 08:00")
    waits = []
    for _ in range(MOST_ATTEMPTS):
        work(clock=now)
        duty = Duty.objects.get()
        waits.append(duty.next_at - now.at if duty.state == "due" else None)
        now.at = max(duty.next_at, now.at)
    assert waits == [*BACKOFF, None]
    assert (duty.state, duty.error, duty.attempts) == ("failed", "ZeroDivisionError: division by zero", 5)
    assert work(clock=now) == 0


def test_one_that_kills_its_worker_again_and_again_is_given_up(settings: Any, runs: dict[str, Any]) -> None:
    duty, now = a_run(), clock("2019-07-06 08:00")
    for _ in range(MOST_ATTEMPTS):
        assert claim(duty.pk, clock=now) is not None  # and never heard of again
        now.forward(seconds=settings.RUN_LEASE_SECONDS)
    runs["refresh"] = lambda held: pytest.fail("it is not begun again")
    work(clock=now)
    duty.refresh_from_db()
    assert duty.state == "failed"
    assert "ended 5 times in the middle of it without a word" in duty.error


def test_one_that_fails_holds_up_no_other(runs: dict[str, Any]) -> None:
    def refuse_the_first(held: Held) -> None:
        if held.duty.subject == "schedule/1":
            raise ValidationError("no")
        with held.done():
            pass

    runs["refresh"] = refuse_the_first
    a_run()
    a_run(subject="schedule/2")
    assert work(clock=clock("2019-07-06 08:00")) == 2
    assert list(Duty.objects.order_by("subject").values_list("state", flat=True)) == ["failed", "done"]


def test_a_database_that_is_gone_leaves_the_run_to_the_next_worker(
    runs: dict[str, Any], settings: Any
) -> None:
    def gone(held: Held) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    runs["refresh"] = gone
    a_run()
    now = clock("2019-07-06 08:00")
    with pytest.raises(OperationalError):
        work(clock=now)
    assert Duty.objects.get().state == "running"
    now.forward(seconds=settings.RUN_LEASE_SECONDS)
    assert claim_next(clock=now) is not None


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), ValidationError("no fee")])
def test_one_that_fails_after_its_hold_was_lost_holds_up_no_other(
    runs: dict[str, Any], settings: Any, error: Exception
) -> None:
    now = clock("2019-07-06 08:00")

    def lose_the_hold_and_fail(held: Held) -> None:
        if held.duty.subject == "schedule/1":
            now.forward(seconds=settings.RUN_LEASE_SECONDS)
            assert claim(held.duty.pk, clock=now) is not None
            raise error
        with held.done():
            pass

    runs["refresh"] = lose_the_hold_and_fail
    a_run()
    a_run(subject="schedule/2")
    assert work(clock=now) == 2
    found = Duty.objects.order_by("subject").values_list("state", "error")
    assert list(found) == [("running", ""), ("done", "")]


def in_the_way(cause: Exception) -> OperationalError:
    error = OperationalError("somebody else was there first")
    error.__cause__ = cause
    return error


def busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorname = "SQLITE_BUSY"
    return error


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.errors.DeadlockDetected("deadlock detected"),
        psycopg.errors.SerializationFailure("could not serialize access"),
        psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"),
        busy(),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_one_that_another_was_in_the_way_of_is_tried_again_soon(
    runs: dict[str, Any], cause: Exception
) -> None:
    def collide(held: Held) -> None:
        if held.duty.attempts == 1:
            raise in_the_way(cause)
        with held.done():
            pass

    runs["refresh"] = collide
    a_run()
    now = clock("2019-07-06 08:00")
    work(clock=now)
    duty = Duty.objects.get()
    assert (duty.state, duty.next_at - now.at) == ("due", BACKOFF[0])
    now.forward(seconds=BACKOFF[0].total_seconds())
    work(clock=now)
    assert Duty.objects.get().state == "done"


def test_one_that_waits_for_something_is_no_failure_however_long_it_waits(runs: dict[str, Any]) -> None:
    def wait(held: Held) -> None:
        held.postpone(until=held.clock() + timedelta(minutes=1), why="2 periods are not closed yet")

    runs["refresh"] = wait
    a_run()
    now = clock("2019-07-06 08:00")
    for _ in range(3 * MOST_ATTEMPTS):
        assert work(clock=now) == 1
        now.forward(minutes=1)
    duty = Duty.objects.get()
    assert (duty.state, duty.attempts, duty.outcome) == ("due", 0, "2 periods are not closed yet")


def test_each_part_of_the_machinery_tells_when_it_last_worked() -> None:
    run_round(clock=clock("2019-07-06 08:00"))
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    assert beats == dict.fromkeys(("sweep", "work", "deliver"), at("2019-07-06 08:00"))


def test_of_two_that_ask_at_once_the_second_takes_the_next_row(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = a_run(), a_run(subject="schedule/2")
    now: Clock = clock("2019-07-06 08:00")
    real = holding.claim
    raced: list[int] = []

    def overtaken(pk: int, *, clock: Clock) -> Held | None:
        if not raced:
            raced.append(pk)
            real(pk, clock=clock)  # the other worker was quicker
        return real(pk, clock=clock)

    monkeypatch.setattr(holding, "claim", overtaken)
    held = claim_next(clock=now)
    assert held is not None
    assert (raced, held.duty.pk) == ([first.pk], second.pk)


def test_a_round_of_a_loop_ends_when_its_time_is_over_and_leaves_the_rest_to_the_next() -> None:
    a_closing_schedule()
    now = clock("2019-08-07 00:00")
    first = run_round(clock=now, most=timedelta(0))
    assert (first.planned.closings, first.planned.looks, first.done) == (2, 1, 0)
    second = run_round(clock=now)
    assert (second.planned.count, second.done) == (0, first.planned.count)
