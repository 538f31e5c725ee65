"""A feed fetched from its address: politely, and so that what failed changes nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from incidents.models import FeedPoll, FeedSource, Incident, SourceWatch
from incidents.services.feeds.fetching import fail_fetching, fetch_feed
from incidents.services.feeds.intervals import next_instant, patience_of
from incidents.services.web.asking import WebError
from tests.incidents.feed_rows import a_feed, imported, noticed
from tests.incidents.rows import at
from tests.incidents.webs import FakeWeb, Said
from tests.vendors.rows import a_contract, a_service, a_vendor, saved
from vendors.models import FactChange, ServiceAlias

URL = "https://status.example/api/v2/incidents.json"
NOW = at("2026-07-06 06:00")
EVERY = timedelta(minutes=5)


def page(*ids: str, title: str = "Mail is down") -> bytes:
    rows = [
        {
            "id": key,
            "name": title,
            "status": "resolved",
            "impact": "major",
            "created_at": "2026-07-05T04:15:00Z",
            "updated_at": "2026-07-05T05:28:00Z",
            "started_at": "2026-07-05T04:15:00Z",
            "resolved_at": "2026-07-05T05:28:00Z",
            "incident_updates": [],
            "components": [],
        }
        for key in ids
    ]
    return json.dumps(
        {"page": {"name": "Example", "updated_at": "2026-07-05T05:28:00Z"}, "incidents": rows}
    ).encode()


def polled(**fields: Any) -> FeedSource:
    return a_feed(**{"url": URL, "every_minutes": 5, **fields})


def fetched(source: FeedSource, *said: Any, now: datetime = NOW) -> tuple[str, FakeWeb]:
    """Fetch once for each answer, five minutes apart; return what came of the last, and what was asked."""
    web = FakeWeb({URL: list(said)})
    result = ""
    for place in range(len(said)):
        moment = now + place * EVERY
        result = str(fetch_feed(source, clock=lambda moment=moment: moment, web=web))
    return result, web


def watching(name: str) -> FeedSource:
    """Return a feed of a vendor with one service by this name."""
    vendor = a_vendor()
    saved(ServiceAlias(service=a_service(a_contract(vendor=vendor)), name=name))
    return polled(vendor=vendor)


def poll(source: FeedSource) -> FeedPoll:
    return FeedPoll.objects.get(source=source)


@pytest.mark.django_db
def test_what_a_page_tells_is_brought_in_and_its_next_turn_is_on_the_grid() -> None:
    source = polled()
    assert fetched(source, Said(page("x1", "x2")))[0] == (
        "Read: 2 created, 0 updated, 0 unchanged, 0 conflicting, 0 refused."
    )
    assert set(Incident.objects.values_list("external_id", flat=True)) == {"x1", "x2"}
    row = poll(source)
    assert (row.fetched_at, row.heard_at, row.next_at) == (NOW, NOW, NOW + EVERY)
    assert (row.error, row.failures) == ("", 0)


@pytest.mark.django_db
def test_the_next_question_names_what_was_read_and_nothing_new_is_no_work() -> None:
    source = polled()
    head = {"etag": 'W/"v1"', "last-modified": "Mon, 06 Jul 2026 05:00:00 GMT"}
    result, web = fetched(source, Said(page("x1"), headers=head), Said(status=304))
    assert result == "Read, nothing new."
    assert "If-None-Match" not in web.sent[0]
    assert web.sent[1]["If-None-Match"] == 'W/"v1"'
    assert web.sent[1]["If-Modified-Since"] == "Mon, 06 Jul 2026 05:00:00 GMT"
    assert poll(source).heard_at == NOW + EVERY


@pytest.mark.django_db
def test_the_same_bytes_are_not_imported_twice_where_the_server_knows_no_conditions() -> None:
    result, web = fetched(polled(), Said(page("x1")), Said(page("x1")))
    assert result == "Read, nothing new."
    assert "If-None-Match" not in web.sent[1]


@pytest.mark.django_db
@pytest.mark.parametrize("changed", [{"zone": "Europe/Berlin"}, {"clock": "us"}, {"url": f"{URL}?all"}])
def test_a_feed_that_is_read_otherwise_from_now_on_is_read_in_full(changed: dict[str, str]) -> None:
    source = polled()
    head = {"etag": '"v1"'}
    fetched(source, Said(page("x1"), headers=head))
    for name, value in changed.items():
        setattr(source, name, value)
    web = FakeWeb({source.url: Said(page("x1"), headers=head)})
    assert str(fetch_feed(source, clock=lambda: NOW, web=web)).startswith("Read: 0 created")
    assert "If-None-Match" not in web.sent[0]


@pytest.mark.django_db
def test_an_unasked_not_modified_is_an_error() -> None:
    assert fetched(polled(), Said(status=304))[0] == "Not read: It answered with status 304."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(b"<html>Maintenance</html>"), "The file is a web page or XML, whatever its name, not JSON."),
        (Said(b""), "The file is not JSON, or was cut off"),
        (Said(page("x9")[:-20]), "The file is not JSON, or was cut off"),
        (Said(b"gone", status=410), "It answered with status 410: the address was given up."),
        (Said(b"", status=500), "It answered with status 500: it is in trouble."),
        (Said(b"", status=204), "It answered with status 204."),
        (WebError("The certificate of status.example does not hold: expired."), "The certificate of status"),
    ],
)
def test_an_answer_that_cannot_be_used_changes_nothing_and_is_said(said: Any, why: str) -> None:
    source = polled()
    head = {"etag": '"v1"'}
    result, _ = fetched(source, Said(page("x1"), headers=head), said)
    assert result.startswith(f"Not read: {why}")
    assert Incident.objects.count() == 1
    row = poll(source)
    assert (row.failures, row.etag, row.heard_at) == (1, '"v1"', NOW)
    assert row.error == result.removeprefix("Not read: ")
    # Once it answers again the error is gone, and what was asked before is asked on.
    result, web = fetched(source, Said(status=304), now=NOW + 2 * EVERY)
    assert (result, web.sent[0]["If-None-Match"]) == ("Read, nothing new.", '"v1"')
    assert (poll(source).failures, poll(source).error) == (0, "")


@pytest.mark.django_db
def test_where_a_record_was_refused_the_page_is_read_in_full_again() -> None:
    source = watching("Mail sending")
    imported(source, noticed(external_id="x1"))
    said = Said(page("x1", "x2"), headers={"etag": '"v1"'})
    assert fetched(source, said)[0].endswith("1 refused.")
    assert (poll(source).etag, poll(source).fingerprint) == ("", "")


@pytest.mark.django_db
def test_a_server_that_asks_for_patience_gets_it() -> None:
    source = polled()
    fetched(source, Said(status=429, headers={"retry-after": "3600"}))
    assert poll(source).next_at == NOW + timedelta(hours=1)


@pytest.mark.django_db
def test_a_page_that_is_read_is_heard_four_times_a_day_and_moves_no_earlier_figure() -> None:
    source = watching("Mail")
    fetched(source, Said(page("x1")))
    watch = SourceWatch.objects.get()
    assert watch.last_heard_at == NOW
    earlier = set(FactChange.objects.values_list("pk", flat=True))
    for minutes in range(5, 365, 5):
        fetched(source, Said(page("x1")), now=NOW + timedelta(minutes=minutes))
    watch.refresh_from_db()
    assert watch.last_heard_at == NOW + timedelta(hours=6)
    change = FactChange.objects.exclude(pk__in=earlier).get()
    assert (change.during_from, change.during_until) == (NOW, NOW + timedelta(hours=6))


@pytest.mark.django_db
def test_a_fault_of_ours_is_kept_on_the_row_and_goes_on_with_the_next_turn() -> None:
    source = polled()
    fetched(source, Said(page("x1")))
    fail_fetching(source, why="A fault of this program: KeyError", now=NOW + 3 * EVERY)
    row = poll(source)
    assert (row.failures, row.error, row.next_at) == (1, "A fault of this program: KeyError", NOW + 4 * EVERY)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("late", "every", "expected"),
    [
        (timedelta(), EVERY, EVERY),
        (timedelta(seconds=7), EVERY, EVERY),
        (timedelta(minutes=4, seconds=59), EVERY, EVERY),
        (EVERY, EVERY, 2 * EVERY),
        (timedelta(days=3, minutes=2), EVERY, timedelta(days=3, minutes=5)),
        (timedelta(days=3), timedelta(days=7), timedelta(days=7)),
        (-timedelta(minutes=3), EVERY, EVERY),
    ],
)
def test_the_grid_is_kept_however_late_a_turn_is(
    late: timedelta, every: timedelta, expected: timedelta
) -> None:
    assert next_instant(NOW, now=NOW + late, every=every) == NOW + expected


def test_failures_in_a_row_are_asked_again_later_and_later_to_six_hours() -> None:
    waits = [next_instant(NOW, now=NOW, every=EVERY, failures=n, name="page") - NOW for n in range(1, 12)]
    plain = [EVERY, 2 * EVERY, 4 * EVERY, 8 * EVERY, 16 * EVERY, 32 * EVERY, 64 * EVERY, *[6 * HOUR] * 4]
    assert all(each <= wait <= each * 1.1 for each, wait in zip(plain, waits, strict=True))
    # The same for the same feed, another for another.
    again = next_instant(NOW, now=NOW, every=EVERY, failures=8, name="page") - NOW
    other = next_instant(NOW, now=NOW, every=EVERY, failures=8, name="other") - NOW
    assert again == waits[7] != other
    assert next_instant(NOW, now=NOW, every=timedelta(days=7), failures=5, name="x") >= NOW + timedelta(
        days=7
    )


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("0", 0),
        ("-5", 0),
        ("", 0),
        ("soon", 0),
        ("Mon, 06 Jul 2026 06:10:00 GMT", 600),
        ("Mon, 06 Jul 2026 05:00:00 GMT", 0),
        ("Mon, 32 Jul 2026 05:00:00 GMT", 0),
        ("9" * 400, 100_000_000),
        ("٣", 3),
    ],
)
def test_how_long_a_server_asks_to_be_left_alone(said: str, seconds: int) -> None:
    assert patience_of(said, now=NOW) == timedelta(seconds=seconds)


def test_nobody_is_left_alone_for_more_than_a_day() -> None:
    patience = timedelta(days=3000)
    assert next_instant(NOW, now=NOW, every=EVERY, failures=1, patience=patience) == NOW + timedelta(days=1)
