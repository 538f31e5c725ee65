"""Reading ServiceNow's history of incidents: one row for each update, folded to one incident."""

from pathlib import Path

import pytest

from incidents.feeds.incident_updates import STOP_REASONS
from incidents.feeds.servicenow import FORMAT
from incidents.feeds.values import Feed, FeedComponent, FeedError, FeedMoment, FeedWait
from incidents.models import StopReason
from tests.incidents.tables import at, context, csv_of

UPDATES = (Path(__file__).parent / "captures" / "ticket-updates.csv").read_bytes()


def read(content: bytes = UPDATES, **columns: str) -> Feed:
    return FORMAT.read(content, context("UTC", **columns))


def test_the_updates_of_a_number_become_one_incident() -> None:
    said = read().incidents[0]
    assert (said.external_id, said.title, said.severity, said.status) == (
        "INC7001",
        "INC7001",
        "1 - Critical",
        "Closed",
    )
    assert (said.started_at, said.first_posted_at, said.resolved_at, said.changed_at) == (
        at("2016-02-29T01:16:00Z"),
        at("2016-02-29T01:23:00Z"),
        at("2016-03-01T10:00:00Z"),
        at("2016-03-06T10:00:00Z"),
    )
    assert said.components == (FeedComponent(name="Hosting"),)
    assert said.notes == ()


def test_updates_of_the_same_minute_go_by_their_own_number() -> None:
    assert read().incidents[0].narrative == (
        "2016-02-29 01:23 UTC New\n2016-02-29 02:00 UTC Active\n2016-02-29 03:00 UTC Awaiting User Info\n"
        "2016-02-29 05:00 UTC Awaiting Vendor\n2016-03-01 10:00 UTC Active\n2016-03-01 10:00 UTC Resolved\n"
        "2016-03-06 10:00 UTC Closed"
    )


def test_the_way_through_the_states_gives_moments_and_waits() -> None:
    said = read().incidents[0]
    assert said.moments == (
        FeedMoment(kind="acknowledged", at=at("2016-02-29T02:00:00Z")),
        FeedMoment(kind="resolved", at=at("2016-03-01T10:00:00Z")),
        FeedMoment(kind="closed", at=at("2016-03-06T10:00:00Z")),
    )
    assert said.waits == (
        FeedWait(
            stopped_at=at("2016-02-29T03:00:00Z"),
            resumed_at=at("2016-02-29T05:00:00Z"),
            reason="no_answer",
            why="Awaiting User Info",
        ),
        FeedWait(
            stopped_at=at("2016-02-29T05:00:00Z"),
            resumed_at=at("2016-03-01T10:00:00Z"),
            reason="other",
            why="Awaiting Vendor",
        ),
    )


def test_an_incident_that_came_back_ends_with_its_last_end_and_says_so() -> None:
    said = read().incidents[1]
    assert said.resolved_at == at("2016-03-03T08:00:00Z")
    assert said.notes == (
        "'Resolved' at 2016-03-01 09:00 UTC, then 'Active' again at 2016-03-02 08:00 UTC: "
        "the last end is taken; decide whether the time between counts.",
    )
    assert [moment.kind for moment in said.moments] == ["acknowledged", "resolved"]


def test_an_incident_that_still_waits_is_open_whatever_end_the_table_repeats() -> None:
    said = read().incidents[2]
    assert (said.started_at, said.resolved_at) == (None, None)
    assert said.waits == (
        FeedWait(
            stopped_at=at("2016-03-02T09:00:00Z"),
            resumed_at=None,
            reason="no_answer",
            why="Awaiting User Info",
        ),
    )
    assert said.notes == (
        "The table does not say when it began.",
        "The table states an end, 2016-03-05 08:00 UTC, but the last update leaves it 'Awaiting User Info': "
        "it counts as not over.",
    )


def test_an_end_that_is_not_stated_is_taken_from_the_states_and_lost_rows_are_told() -> None:
    feed = read()
    said = feed.incidents[3]
    assert said.resolved_at == at("2016-03-02T11:00:00Z")
    assert said.notes == (
        "The table states no end; taken is when it became 'Resolved' or what led there.",
        "1 of its rows could not be read: its states and waits may be incomplete.",
    )
    assert [(problem.place, problem.message) for problem in feed.problems] == [
        ("row 17, column sys_updated_at", "not a date and time such as 2016-02-29 01:16 (found 'later').")
    ]


def test_a_stated_end_that_differs_from_the_states_is_pointed_out() -> None:
    content = csv_of(
        "number,state,sys_updated_on,opened_at,resolved_at",
        "A,New,2016-02-29 01:00,2016-02-29 01:00,2016-02-29 11:00",
        "A,Resolved,2016-02-29 08:00,2016-02-29 01:00,2016-02-29 11:00",
    )
    (said,) = read(content).incidents
    assert said.resolved_at == at("2016-02-29T11:00:00Z")
    assert said.notes == ("It was over from 2016-02-29 08:00 UTC by its states; the stated end is taken.",)


def test_the_order_of_the_rows_does_not_matter() -> None:
    head, *lines = UPDATES.decode().splitlines()
    turned = csv_of(head, *reversed(lines))
    assert sorted(read(turned).incidents, key=lambda said: said.external_id) == list(read().incidents)


def test_which_states_wait_can_be_stated() -> None:
    said = read(option_stops="Awaiting Vendor=our_request").incidents[0]
    assert [(wait.why, wait.reason) for wait in said.waits] == [("Awaiting Vendor", "our_request")]


@pytest.mark.parametrize(
    ("stops", "message"),
    [
        (
            "Awaiting Vendor=holiday",
            "option:stops: 'holiday' for 'awaiting vendor' is no reason. Give one of:",
        ),
        (
            "Awaiting Vendor",
            "option:stops: 'Awaiting Vendor' says no meaning. Write word=meaning|word=meaning.",
        ),
    ],
)
def test_a_wait_needs_a_reason_of_the_register(stops: str, message: str) -> None:
    assert set(STOP_REASONS) == set(StopReason.values)
    with pytest.raises(FeedError) as refused:
        read(option_stops=stops)
    assert str(refused.value).startswith(message)


def test_an_update_without_a_number_or_a_time_of_its_own_is_listed() -> None:
    content = csv_of(
        "number,incident_state,sys_updated_at,opened_at",
        "?,New,2016-02-29 01:00,2016-02-29 01:00",
        "A,New,?,2016-02-29 01:00",
    )
    feed = read(content)
    assert feed.incidents == ()
    assert [problem.place for problem in feed.problems] == [
        "row 2, column number",
        "row 3, column sys_updated_at",
    ]


def test_the_proposal_names_the_columns_and_the_states() -> None:
    assert FORMAT.table is not None
    seen = FORMAT.table.look(UPDATES, {})
    assert read(**{key.replace("option:", "option_"): name for key, name in seen.proposed.items()}) == read()
    assert seen.proposed["changed"] == "sys_updated_at"
    assert seen.proposed["option:new"] == "New"
    assert "title" not in seen.proposed
    # The page that asks takes no longer texts.
    assert max(map(len, seen.proposed.values())) <= 200


def test_a_column_that_must_be_there_is_asked_for() -> None:
    with pytest.raises(FeedError, match="No row names the column 'sys_updated_at', 'opened_at'"):
        read(csv_of("number,state", "A,New"))


def test_another_export_is_read_with_its_own_columns() -> None:
    content = csv_of("Nr;Status;Stand;Von", "A;New;2016-02-29 01:00;2016-02-29 00:30")
    (said,) = read(content, number="Nr", status="Status", changed="Stand", began="Von").incidents
    assert said.started_at == at("2016-02-29T00:30:00Z")
