"""Feeds fetched and files imported by the rounds: each turn once, whatever breaks off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.models import FeedPoll, FeedUpload, Incident
from incidents.services.feeds import fetching, uploads
from incidents.services.feeds.uploads import ask_for_import, import_upload, keep_upload
from sla.models import Duty
from sla.services import intake
from sla.services.duties.forgetting import forget
from sla.services.duties.holding import HoldLostError, claim
from sla.services.duties.intake import plan_intake
from sla.services.duties.rounds import run_round
from sla.services.duties.running import run_next
from tests.builders import a_vendor, at
from tests.incidents.feed_rows import a_feed
from tests.incidents.test_fetching import URL, page
from tests.incidents.webs import FakeWeb, Said
from tests.sla.running import clock
from tests.vendors.rows import person, saved

pytestmark = pytest.mark.django_db

START = "2026-07-06 06:00"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> FakeWeb:
    """Answer all feeds with a page of one incident."""
    made = FakeWeb({URL: Said(page("x1"))})
    real = fetching.fetch_feed
    monkeypatch.setattr(intake, "fetch_feed", lambda source, **given: real(source, web=made, **given))
    return made


def a_polled_feed(code: str = "page", **fields: Any) -> Any:
    return a_feed(code, **{"url": URL, "every_minutes": 5, **fields})


def turns() -> list[tuple[str, str, str]]:
    rows = Duty.objects.filter(kind="fetch").order_by("due_at")
    return [(row.period[11:16], row.state, row.outcome) for row in rows]


def test_a_feed_is_fetched_at_each_of_its_instants_once(web: FakeWeb) -> None:
    a_polled_feed()
    now = clock(START)
    for _ in range(20):
        run_round(clock=now)
        now.forward(seconds=45)
    assert [period for period, _, _ in turns()] == ["06:00", "06:05", "06:10"]
    assert {state for _, state, _ in turns()} == {"done"}
    assert turns()[0][2] == "Read: 1 created, 0 updated, 0 unchanged, 0 conflicting, 0 refused."
    assert len(web.asked) == 3


def test_hours_without_a_worker_are_made_up_by_one_fetching(web: FakeWeb) -> None:
    a_polled_feed()
    now = clock(START)
    run_round(clock=now)
    now.forward(hours=7, minutes=2)
    for _ in range(3):
        run_round(clock=now)
    assert [period for period, _, _ in turns()] == ["06:00", "06:05"]
    assert FeedPoll.objects.get().next_at == at("2026-07-06 13:05")


def test_only_feeds_with_an_interval_and_a_vendor_in_use_are_fetched(web: FakeWeb) -> None:
    a_polled_feed("by-hand", every_minutes=None)
    vendor = a_vendor()
    a_polled_feed("archived", vendor=vendor)
    vendor.archived_at = at("2026-01-01 00:00")
    saved(vendor)
    run_round(clock=clock(START))
    assert (turns(), web.asked) == ([], [])


def test_a_feed_that_cannot_be_read_is_no_failure_of_the_run(web: FakeWeb) -> None:
    a_polled_feed()
    web.pages = {URL: Said(status=503)}
    run_round(clock=clock(START))
    assert turns() == [
        ("06:00", "done", "Not read: It answered with status 503: it is in trouble."),
    ]


def test_a_shorter_interval_holds_at_once(web: FakeWeb) -> None:
    source = a_polled_feed(every_minutes=7 * 24 * 60)
    now = clock(START)
    run_round(clock=now)
    source.every_minutes = 5
    saved(source)
    now.forward(minutes=10)
    run_round(clock=now)
    assert len(web.asked) == 2
    assert FeedPoll.objects.get().next_at == now.at + timedelta(minutes=5)


def test_a_worker_that_died_leaves_its_turn_to_the_next(web: FakeWeb) -> None:
    a_polled_feed()
    now = clock(START)
    plan_intake(now=now.at)
    duty = Duty.objects.get(kind="fetch")
    assert claim(duty.pk, clock=now) is not None
    run_round(clock=now)
    assert web.asked == []
    now.forward(seconds=121)
    run_round(clock=now)
    assert turns()[0][:2] == ("06:00", "done")
    assert len(web.asked) == 1


def test_a_fault_of_ours_ends_no_feed(web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    a_polled_feed()

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("x")

    working = intake.fetch_feed
    monkeypatch.setattr(intake, "fetch_feed", broken)
    now = clock(START)
    for _ in range(6):
        run_round(clock=now)
        now.forward(minutes=61)
    poll = FeedPoll.objects.get()
    assert poll.error == "A fault of this program: KeyError: 'x'"
    monkeypatch.setattr(intake, "fetch_feed", working)
    run_round(clock=now)
    assert turns()[-1][1] == "done"


def test_a_run_that_lost_its_hold_does_not_go_on() -> None:
    a_polled_feed()
    now = clock(START)
    plan_intake(now=now.at)
    duty = Duty.objects.get(kind="fetch")
    held = claim(duty.pk, clock=now)
    assert held is not None
    now.forward(seconds=60)
    held.renew()
    duty.refresh_from_db()
    assert duty.lease_until == now.at + timedelta(seconds=120)
    Duty.objects.filter(pk=duty.pk).update(token="another")
    with pytest.raises(HoldLostError):
        held.renew()


def an_upload(*, when: str = START, asked: bool = True) -> FeedUpload:
    source = a_feed("mine")
    content = page("x1", "x2")
    upload = keep_upload(source, content, file_name="incidents.json", by=person("anna"), at=at(when))
    if asked:
        ask_for_import(upload)
    return upload


def test_a_file_that_waits_is_imported_by_the_rounds_once() -> None:
    upload = an_upload()
    now = clock(START)
    run_round(clock=now)
    upload.refresh_from_db()
    assert (upload.state, upload.done, upload.total, upload.content) == ("done", 2, 2, None)
    assert Incident.objects.count() == 2
    run_round(clock=now)
    assert list(Duty.objects.filter(kind="import").values_list("state", "outcome")) == [
        ("done", "2 records.")
    ]


def test_one_that_is_only_shown_is_not() -> None:
    an_upload(asked=False)
    run_round(clock=clock(START))
    assert Duty.objects.filter(kind="import").count() == Incident.objects.count() == 0


def test_one_whose_worker_died_is_taken_again_when_its_hold_ran_out() -> None:
    upload = an_upload()
    now = clock(START)
    plan_intake(now=now.at)
    assert uploads._taken(upload, at=now.at)
    # Somebody imports it at this moment: its run waits.
    run_next(clock=now)
    duty = Duty.objects.get(kind="import")
    assert (duty.state, duty.outcome) == ("due", "Somebody else imports it at this moment.")
    now.forward(minutes=2)
    run_next(clock=now)
    upload.refresh_from_db()
    assert (upload.state, Incident.objects.count()) == ("done", 2)


def test_a_file_in_the_hands_of_another_is_not_imported_twice_at_once() -> None:
    upload = an_upload()
    other = FeedUpload.objects.get(pk=upload.pk)
    assert uploads._taken(other, at=at(START))
    import_upload(upload, clock=clock(START))
    assert (upload.state, Incident.objects.count()) == ("running", 0)


def test_one_that_is_given_up_says_why_and_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = an_upload()
    working = intake.import_upload

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(intake, "import_upload", broken)
    now = clock(START)
    for _ in range(6):
        run_round(clock=now)
        now.forward(minutes=61)
    upload.refresh_from_db()
    assert (upload.state, upload.error) == ("failed", "KeyError: 'x'")
    monkeypatch.setattr(intake, "import_upload", working)
    Duty.objects.filter(kind="import").update(state="due", next_at=now.at, attempts=0)
    run_round(clock=now)
    upload.refresh_from_db()
    assert (upload.state, upload.error) == ("done", "")


def test_runs_of_feeds_and_files_that_nobody_imported_are_forgotten(web: FakeWeb) -> None:
    a_polled_feed()
    shown = an_upload(asked=False)
    now = clock(START)
    run_round(clock=now)
    forget(now=now.at + timedelta(hours=25))
    assert turns() == []
    assert FeedUpload.objects.filter(pk=shown.pk).exists()
    forget(now=now.at + timedelta(days=31))
    assert not FeedUpload.objects.filter(pk=shown.pk).exists()
