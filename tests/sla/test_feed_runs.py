"""Feeds fetched and files imported by the rounds: each turn once, whatever breaks off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from incidents.models import FeedPoll, FeedSource, FeedUpload, Incident, UnmatchedName
from incidents.services.feeds import fetching, importing, upload_runs
from incidents.services.feeds.fetching import ask_for_fetching
from incidents.services.feeds.upload_runs import import_upload
from incidents.services.feeds.uploads import ask_for_import, keep_upload, try_upload
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
    assert upload_runs._taken(upload, at=now.at)
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
    assert upload_runs._taken(other, at=at(START))
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


def a_large_upload(count: int = 5, *, content: bytes | None = None, **fields: Any) -> FeedUpload:
    """Return an upload of a few records that is due; the tests do one record in each part."""
    source = a_feed("mine", **fields)
    content = content or page(*(f"x{number}" for number in range(count)))
    upload = keep_upload(source, content, file_name="many", by=person("anna"), at=at(START))
    ask_for_import(upload)
    return upload


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    monkeypatch.setattr(importing, "SAMPLES", 1)


def cut_off(monkeypatch: pytest.MonkeyPatch, *, in_part: int) -> None:
    """Let a worker be cut off in one of its next parts, as its time limit does."""
    real, parts = importing._batch, iter(range(1, 1_000))

    def batch(*given: Any, **named: Any) -> Any:
        yield from real(*given, **named)
        if next(parts) == in_part:
            monkeypatch.setattr(importing, "_batch", real)
            raise TimeoutError("cut off")

    monkeypatch.setattr(importing, "_batch", batch)


def test_an_import_that_is_cut_off_goes_on_where_it_stood_and_doubles_nothing(
    small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = a_large_upload()
    now = clock(START)
    cut_off(monkeypatch, in_part=3)
    plan_intake(now=now.at)
    run_next(clock=now)
    duty = Duty.objects.get(kind="import")
    assert (duty.state, duty.attempts, duty.outcome) == ("due", 0, "2 of 5 records so far.")
    upload.refresh_from_db()
    assert (upload.state, upload.done, upload.total, upload.counts["created"]) == ("due", 2, 5, 2)
    assert Incident.objects.count() == 2
    seen: list[int] = []
    import_upload(upload, clock=now, progress=lambda done, total: seen.append(done))
    assert seen == [3, 4, 5]
    assert (upload.state, upload.counts["created"], upload.counts["unchanged"]) == ("done", 5, 0)
    assert [row["id"] for row in upload.rows] == ["x0", "x1", "x2", "x3", "x4"]
    assert upload.unmatched == [["(no part named)", 5]]
    assert UnmatchedName.objects.get().records == 5
    assert Incident.objects.count() == Incident.history.count() == 5


def test_an_import_that_does_not_get_on_is_given_up(
    small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = a_large_upload()

    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("x")

    monkeypatch.setattr(importing, "_batch", broken)
    now = clock(START)
    for _ in range(6):
        run_round(clock=now)
        now.forward(minutes=61)
    upload.refresh_from_db()
    assert (upload.state, upload.error, Incident.objects.count()) == ("failed", "KeyError: 'x'", 0)


def test_a_run_takes_only_so_much_of_a_large_file_and_the_next_goes_on(
    small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = a_large_upload()
    now = clock(START)
    real = importing._batch

    def slow(*given: Any, **named: Any) -> Any:
        now.forward(seconds=20)
        yield from real(*given, **named)

    monkeypatch.setattr(importing, "_batch", slow)
    plan_intake(now=now.at)
    said = []
    for _ in range(3):
        run_next(clock=now)
        duty = Duty.objects.get(kind="import")
        said.append((duty.state, duty.attempts, duty.outcome))
    assert said == [
        ("due", 0, "2 of 5 records so far."),
        ("due", 0, "4 of 5 records so far."),
        ("done", 1, "5 records."),
    ]
    upload.refresh_from_db()
    assert (upload.state, upload.counts["created"], Incident.objects.count()) == ("done", 5, 5)


def test_a_worker_that_lost_its_hold_of_a_file_writes_nothing_more(small_parts: None) -> None:
    upload = a_large_upload()
    now = clock(START)

    def standing_still() -> datetime:
        if not overtaken and FeedUpload.objects.get(pk=upload.pk).done == 2:
            # For so long that another took the file and went on to its end.
            overtaken.append(True)
            FeedUpload.objects.filter(pk=upload.pk).update(held_until=now.at)
            import_upload(FeedUpload.objects.get(pk=upload.pk), clock=now)
        return now.at

    overtaken: list[bool] = []
    import_upload(upload, clock=standing_still, most=timedelta(hours=1))
    assert overtaken
    upload.refresh_from_db()
    assert (upload.state, upload.counts["created"], upload.counts["unchanged"]) == ("done", 5, 0)
    assert Incident.objects.count() == 5


def test_measured_values_are_gone_on_with_too(small_parts: None) -> None:
    lines = "\n".join(f"2019-06-25T04:1{number}:00Z,Mail,latency_ms,{number}" for number in range(4))
    columns = {"at": "at", "component": "what", "metric": "metric", "value": "value"}
    upload = a_large_upload(
        content=f"at,what,metric,value\n{lines}\n".encode(), kind="sample_table", columns=columns, zone="UTC"
    )
    now = clock(START)
    import_upload(upload, clock=now, most=timedelta())
    assert (upload.state, upload.done, upload.total) == ("due", 1, 4)
    for _ in range(3):
        import_upload(upload, clock=now, most=timedelta())
    assert (upload.state, upload.done, upload.unmatched) == ("done", 4, [["Mail", 4]])


def test_a_feed_that_is_read_otherwise_meanwhile_is_begun_anew(small_parts: None) -> None:
    upload = a_large_upload()
    now = clock(START)
    import_upload(upload, clock=now, most=timedelta())
    assert (upload.done, upload.counts["created"]) == (1, 1)
    upload.source.zone = "Europe/Berlin"
    saved(upload.source)
    import_upload(FeedUpload.objects.get(pk=upload.pk), clock=now)
    upload.refresh_from_db()
    assert (upload.state, upload.counts["created"], upload.counts["unchanged"]) == ("done", 4, 1)


def test_of_a_large_file_only_the_first_records_are_tried(
    small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.services.feeds.uploads.TRIED", 2)
    source = a_feed("mine")
    upload = keep_upload(source, page("x1", "x2", "x3"), file_name="x", by=person("anna"), at=at(START))
    try_upload(upload)
    assert (upload.state, upload.done, upload.total, upload.counts["created"]) == ("shown", 2, 3, 2)
    assert Incident.objects.count() == 0
    ask_for_import(upload)
    assert (upload.done, upload.counts, upload.rows) == (0, {}, [])
    import_upload(upload, clock=clock(START))
    assert (upload.state, upload.counts["created"]) == ("done", 3)


def test_a_feed_that_a_person_asks_for_is_fetched_by_the_next_round(web: FakeWeb) -> None:
    source = a_polled_feed(every_minutes=None)
    now = clock(START)
    run_round(clock=now)
    assert (turns(), web.asked) == ([], [])
    ask_for_fetching(source, at=now.at)
    ask_for_fetching(source, at=now.at)
    assert web.asked == []
    for _ in range(3):
        run_round(clock=now)
        now.forward(hours=2)
    assert [(period, state) for period, state, _ in turns()] == [("06:00", "done")]
    assert len(web.asked) == 1


def test_asking_for_a_feed_does_not_end_its_own_instants(web: FakeWeb) -> None:
    source = a_polled_feed()
    now = clock(START)
    run_round(clock=now)
    now.forward(minutes=2)
    ask_for_fetching(source, at=now.at)
    run_round(clock=now)
    assert [period for period, _, _ in turns()] == ["06:00", "06:02"]
    assert FeedPoll.objects.get().next_at == at("2026-07-06 06:07")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"url": ""}, "page is not fetched: it has no address."),
        ({"kind": "incident_table"}, "page is not fetched: Incidents from CSV or XLSX is never fetched."),
    ],
)
def test_what_cannot_be_fetched_is_not_asked_for(fields: dict[str, str], why: str) -> None:
    source = a_polled_feed(every_minutes=None, **fields)
    with pytest.raises(ValidationError, match=why):
        ask_for_fetching(source, at=at(START))
    assert not FeedPoll.objects.exists()


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
    assert FeedSource.objects.filter(code="mine").exists()
