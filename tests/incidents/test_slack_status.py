"""Reading Slack's status API."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from incidents.feeds.slack_status import FORMAT, read_slack_status
from incidents.feeds.values import FeedComponent, FeedError, FeedIncident
from tests.incidents.spoilt import CAPTURES, assert_sound, spoilt

CAPTURE = (CAPTURES / "slack-status.json").read_bytes()
RECORD = json.loads(CAPTURE)["active_incidents"][0]


def incident_of(**keys: Any) -> FeedIncident:
    feed = read_slack_status(json.dumps([RECORD | keys]).encode())
    assert feed.problems == ()
    return feed.incidents[0]


def test_what_is_over_ends_with_its_last_note() -> None:
    feed = read_slack_status(CAPTURE)
    (said,) = feed.incidents
    assert (feed.page_name, said.external_id, said.title) == ("Slack", "546", "Mail is not forwarded")
    assert (said.severity, said.status, said.planned) == ("incident", "resolved", False)
    assert said.started_at == datetime(2026, 4, 7, 21, 35, tzinfo=UTC)
    assert said.first_posted_at == datetime(2026, 4, 7, 22, tzinfo=UTC)
    assert said.resolved_at == datetime(2026, 4, 8, 1, 30, tzinfo=UTC)
    assert said.notes == ("the page states no end: its last note is taken",)
    assert said.components == (FeedComponent(name="Apps"), FeedComponent(name="Messaging"))
    assert said.narrative == "2026-04-07 22:00 UTC: We look into it.\n\n2026-04-08 01:30 UTC: It is over."
    assert said.address == "https://status.example.com/546"


def test_the_history_is_the_same_in_a_list_and_a_number_is_an_id_too() -> None:
    assert incident_of() == read_slack_status(CAPTURE).incidents[0]
    assert incident_of(id=546) == incident_of()


def test_without_notes_the_last_change_is_the_end() -> None:
    assert incident_of(notes=None).resolved_at == datetime(2026, 4, 8, 1, 34, 15, tzinfo=UTC)
    assert incident_of(notes=[], date_updated=None).resolved_at == datetime(2026, 4, 7, 21, 35, tzinfo=UTC)


def test_what_is_under_way_has_no_end_and_maintenance_is_planned() -> None:
    said = incident_of(status="active", type="maintenance")
    assert (said.resolved_at, said.planned, said.notes) == (None, True, ())


def test_a_bad_record_is_listed_and_the_good_one_kept() -> None:
    feed = read_slack_status(json.dumps([RECORD | {"date_created": "soon"}, RECORD]).encode())
    assert len(feed.incidents) == 1
    assert [problem.place for problem in feed.problems] == ["[0].date_created"]


def test_all_well_is_no_incident() -> None:
    assert read_slack_status(b'{"status": "ok", "active_incidents": []}').incidents == ()


@pytest.mark.parametrize("content", [b'{"status": "ok"}', b"3", b'[{"a": 1}]', CAPTURE[:300]])
def test_what_is_no_answer_is_refused_whole(content: bytes) -> None:
    with pytest.raises(FeedError):
        read_slack_status(content)


def test_it_is_offered_only_where_it_is_switched_on() -> None:
    assert FORMAT.hidden


@given(spoilt(CAPTURE))
def test_a_spoilt_file_never_harms(content: bytes) -> None:
    assert_sound(read_slack_status, content)
