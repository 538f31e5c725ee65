"""Feeds over the API: their rules, records and files, what waits for a person, probes."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.models import (
    FeedDelivery,
    FeedPoll,
    FeedRecord,
    FeedSource,
    FeedUpload,
    Incident,
    Outage,
    Probe,
    ProbeDay,
    SourceWatch,
    UnmatchedName,
)
from incidents.services.feeds.importing import import_feed
from incidents.services.feeds.uploads import read_feed
from tests.api import WHY, Program, administrator, errors, somebody
from tests.incidents.rows import a_power_feed, a_watch, kept
from tests.vendors.rows import a_vendor, saved

pytestmark = pytest.mark.django_db

A_FEED = {
    "code": "northrack-statuspage",
    "kind": "statuspage",
    "vendor": "northrack",
    "signing_secret": "hush hush",
    "reason": WHY,
}
PAGE = {
    "incidents": [
        {
            "id": "abc",
            "name": "Power lost",
            "status": "resolved",
            "impact": "critical",
            "created_at": "2019-06-25T04:15:00Z",
            "started_at": "2019-06-25T04:15:00Z",
            "resolved_at": "2019-06-25T05:28:00Z",
            "components": [{"id": "1", "name": "Power A", "status": "major_outage"}],
            "incident_updates": [],
        }
    ]
}


def brought(program: Program, *, key: str = "one") -> dict[str, object]:
    """Send a file of the feed, and return what the API says of it."""
    file = SimpleUploadedFile("incidents.json", json.dumps(PAGE).encode())
    answer = program.client.post(
        "/api/v1/feed-uploads",
        {"feed": A_FEED["code"], "file": file},
        headers={"idempotency-key": key},
    )
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_feed_keeps_its_secret_to_itself() -> None:
    a_vendor()
    program = administrator()
    entered = program.post("feeds", A_FEED)

    assert entered.status_code == 201, entered.content
    assert FeedSource.objects.get().signing_secret == "hush hush"
    for answer in (entered, program.get("feeds/northrack-statuspage"), program.get("feeds")):
        assert b"hush" not in answer.content
        assert b"push_key" not in answer.content
    exported = program.client.get("/api/v1/feeds/export?format=csv").getvalue()
    assert (b"hush" in exported, b"northrack" in exported) == (False, True)
    assert entered.json()["is_signed"] is True


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"kind": "carrier pigeon"}, {"kind": "invalid_choice"}),
        ({"url": "http://status.example"}, {"url": "invalid"}),
        ({"every_minutes": 5}, {"url": "invalid"}),
        ({"columns": ["a"]}, {"columns": "not_a_dict"}),
        ({"vendor": "nobody"}, {"vendor": "does_not_exist"}),
    ],
)
def test_a_feed_that_nobody_can_read_is_refused(change: dict[str, object], wrong: dict[str, str]) -> None:
    a_vendor()
    answer = administrator().post("feeds", A_FEED | change)
    assert (answer.status_code, errors(answer), FeedSource.objects.count()) == (400, wrong, 0)


def test_a_file_is_shown_first_and_imported_once_on_a_word() -> None:
    a_power_feed()
    program = administrator()
    program.post("feeds", A_FEED)
    upload = brought(program)

    assert (upload["state"], upload["total"], upload["by"]) == ("shown", 1, "root")
    assert brought(program)["id"] == upload["id"]
    assert (FeedUpload.objects.count(), Incident.objects.count()) == (1, 0)
    path = f"feed-uploads/{upload['id']}"
    assert program.post(f"{path}/import", {}).status_code == 400
    assert program.keyed(f"{path}/import", {}).json()["state"] == "due"
    assert program.keyed(f"{path}/import", {}).status_code == 400
    assert program.keyed(f"{path}/forget", {}).status_code == 400
    assert program.keyed(f"feed-uploads/{brought(program, key='two')['id']}/forget", {}).status_code == 204


def test_a_file_that_nobody_can_read_is_not_kept() -> None:
    a_power_feed()
    program = administrator()
    program.post("feeds", A_FEED)
    for content in (b"", b"  ", b"{", b"\x00\xff"):
        file = SimpleUploadedFile("x.json", content)
        answer = program.client.post("/api/v1/feed-uploads", {"feed": A_FEED["code"], "file": file})
        assert answer.status_code == 400, content
    assert program.post("feed-uploads", {"feed": A_FEED["code"]}).status_code == 415
    assert not FeedUpload.objects.exists()


def test_a_name_is_matched_and_what_was_read_before_is_brought_in_again() -> None:
    a_power_feed()
    program = administrator()
    program.post("feeds", A_FEED)
    feed = FeedSource.objects.get()
    now = timezone.now()
    read = read_feed(feed, json.dumps(PAGE).encode(), received_at=now)
    import_feed(read, source=feed, by=program.user, at=now)
    name = program.rows("feed-unmatched-names?feed=northrack-statuspage")[0]
    assert (name["name"], Outage.objects.count()) == ("Power A", 0)

    matched = program.keyed(
        f"feed-unmatched-names/{name['id']}/match", {"services": ["NR-2018/power-a"], "reason": WHY}
    )
    assert (matched.status_code, matched.json()) == (200, {"changed": 1})
    assert (Outage.objects.count(), UnmatchedName.objects.count()) == (1, 0)
    record = program.rows("feed-records")[0]
    assert (record["external_id"], record["incident"]) == ("abc", Incident.objects.get().reference)
    assert [row["service"] for row in program.rows("feed-names")] == ["NR-2018/power-a"]


def test_a_watched_source_is_confirmed_up_to_now() -> None:
    watch = a_watch(a_power_feed())
    program = administrator()
    future = {"through": "2100-01-01T00:00:00Z", "reason": WHY}
    assert program.keyed(f"watches/{watch.pk}/confirm", future).status_code == 400
    confirmed = program.keyed(f"watches/{watch.pk}/confirm", {"reason": WHY}).json()
    assert (confirmed["confirmed_by"], confirmed["confirmed_through"] is None) == ("root", False)


def test_feeds_of_other_vendors_and_what_came_from_them_are_hidden() -> None:
    models = (FeedSource, FeedRecord, FeedUpload, Probe, SourceWatch)
    vera = somebody("vera", *(f"incidents.view_{model._meta.model_name}" for model in models))
    service = a_power_feed()
    feed = saved(FeedSource(code="theirs", kind="statuspage", vendor=service.contract.vendor))
    UnmatchedName.objects.create(source=feed, name="X", last_seen_at="2019-06-25T00:00:00Z")
    probe = kept(Probe(code="p", name="P", service=service, url="https://status.example/"))
    a_watch(service)
    _told_of(feed, probe=probe)
    program = Program(vera)

    for path in ("feeds", "feed-unmatched-names", "probes", "watches", "feed-records", "feed-uploads"):
        assert program.rows(path) == [], path
        assert (
            program.get(
                f"{path}/{'p' if path == 'probes' else 'theirs' if path == 'feeds' else 1}"
            ).status_code
            == 404
        )
    for path in ("feed-fetching/theirs", "feed-messages/{}", "probe-days/{}"):
        name = path.split("/")[0]
        (row,) = administrator().rows(name)
        assert program.rows(name) == [], path
        assert program.get(path.format(row.get("id"))).status_code == 404, path
    assert len(administrator().rows("probes")) == 1


def _told_of(feed: FeedSource, *, probe: Probe) -> None:
    at = "2019-06-25T04:15:00Z"
    FeedPoll.objects.create(
        source=feed, next_at=at, heard_at=at, failures=2, failing_since=at, error="HTTP 500"
    )
    FeedDelivery.objects.create(source=feed, received_at=at, size=2, content=b"{}", error="No JSON of ours.")
    ProbeDay.objects.create(probe=probe, on="2019-06-25", up=1400, down=38, unknown=2)


def test_how_feeds_are_fetched_what_senders_brought_and_what_probes_saw_is_read() -> None:
    service = a_power_feed()
    feed = saved(FeedSource(code="theirs", kind="statuspage", vendor=service.contract.vendor))
    probe = kept(Probe(code="p", name="P", service=service, url="https://status.example/"))
    _told_of(feed, probe=probe)
    program = administrator()

    assert program.rows("feed-fetching?failing=true") == [
        {
            "feed": "theirs",
            "next_at": "2019-06-25T04:15:00Z",
            "asked_at": None,
            "fetched_at": None,
            "heard_at": "2019-06-25T04:15:00Z",
            "failures": 2,
            "failing_since": "2019-06-25T04:15:00Z",
            "error": "HTTP 500",
        }
    ]
    (message,) = program.rows("feed-messages?feed=theirs&taken=false")
    assert (message["size"], message["taken"], message["error"]) == (2, False, "No JSON of ours.")
    assert "content" not in message
    (day,) = program.rows("probe-days?probe=p&on_from=2019-06-25&on_before=2019-06-26")
    assert (day["service"], day["on"], day["up"], day["down"], day["unknown"]) == (
        "NR-2018/power-a",
        "2019-06-25",
        1400,
        38,
        2,
    )
    assert program.rows("feed-messages?taken=true") == program.rows("probe-days?on_from=2019-06-26") == []


def test_longer_lists_of_what_feeds_and_probes_told_ask_no_more_often() -> None:
    program = administrator()

    def filled(number: int) -> None:
        service = a_power_feed(f"NR-{number}", vendor=a_vendor(f"v{number}"))
        feed = saved(FeedSource(code=f"f{number}", kind="statuspage", vendor=service.contract.vendor))
        _told_of(
            feed, probe=kept(Probe(code=f"p{number}", name="P", service=service, url="https://s.example/"))
        )

    def asked() -> list[int]:
        counts = []
        for name in ("feed-fetching", "feed-messages", "probe-days"):
            with CaptureQueriesContext(connection) as queries:
                assert program.get(name).status_code == 200
            counts.append(len(queries))
        return counts

    filled(1)
    asked()
    few = asked()
    for number in (2, 3, 4):
        filled(number)
    assert (asked(), len(program.rows("probe-days"))) == (few, 4)
