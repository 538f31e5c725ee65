"""Folding single events into incidents: the order and the number of arrivals never matter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.feeds.events import MOST_EVENTS, MOST_WATCHED, fold, incidents_of
from incidents.feeds.values import FeedComponent, FeedError, FeedEvent, FeedIncident, FeedMoment, FeedWait

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(minute: float) -> datetime:
    return DAY + timedelta(minutes=minute)


def event(minute: float, *, number: str = "", recurring: bool = False, **said: Any) -> FeedEvent:
    told = {"title": "", "started_at": None, "first_posted_at": None, "resolved_at": None, "changed_at": None}
    return FeedEvent(
        external_id="X1",
        event_id=number or f"e{minute}{said}",
        at=at(minute),
        recurring=recurring,
        said=FeedIncident(external_id="X1", **(told | said)),
    )


def begun(minute: float, **said: Any) -> FeedEvent:
    return event(minute, **({"started_at": at(minute), "status": "triggered"} | said))


def over(minute: float, **said: Any) -> FeedEvent:
    return event(minute, **({"resolved_at": at(minute), "status": "resolved"} | said))


def down(minute: float, **said: Any) -> FeedEvent:
    return begun(minute, recurring=True, **said)


def up(minute: float, **said: Any) -> FeedEvent:
    return over(minute, recurring=True, **said)


def times(incidents: tuple[FeedIncident, ...]) -> list[tuple[float | None, float | None]]:
    def minute(moment: datetime | None) -> float | None:
        return None if moment is None else (moment - DAY) / timedelta(minutes=1)

    return [(minute(said.started_at), minute(said.resolved_at)) for said in incidents]


def test_an_incident_runs_from_its_trigger_to_its_resolve() -> None:
    said = fold([over(44), begun(0, title="Checkout fails"), event(3, status="acknowledged")])
    assert (said.external_id, said.title, said.status) == ("X1", "Checkout fails", "resolved")
    assert (said.started_at, said.resolved_at, said.changed_at) == (at(0), at(44), at(44))
    assert said.notes == ()
    assert fold([begun(0, changed_at=at(50)), over(44)]).changed_at == at(50)


def test_the_latest_event_that_states_a_field_gives_it() -> None:
    said = fold(
        [
            begun(0, title="Slow", severity="high", narrative="first", address="https://a.example"),
            event(5, severity="P1"),
            event(7, title="Slow everywhere", narrative="second"),
            over(9),
        ]
    )
    assert (said.title, said.severity, said.narrative) == ("Slow everywhere", "P1", "second")
    assert said.address == "https://a.example"


def test_a_resolve_without_a_trigger_needs_a_start_time() -> None:
    said = fold([over(10)])
    assert (said.started_at, said.resolved_at) == (None, at(10))
    assert said.notes == ("needs a start time: no event says when it began",)


def test_one_that_is_opened_again_counts_without_a_break_and_says_so() -> None:
    story = [begun(0), over(10), begun(30)]
    still_open = fold(story)
    assert (still_open.started_at, still_open.resolved_at, still_open.status) == (at(0), None, "triggered")
    assert still_open.notes == (
        "opened again at 2026-03-02 00:30:00 UTC, after it stood as over since 2026-03-02 00:10:00 UTC: it "
        "counts without a break, so correct the times if the service was up in between",
    )
    closed = fold([*story, over(40)])
    assert (closed.started_at, closed.resolved_at) == (at(0), at(40))
    twice = fold([*story, over(40), begun(50), over(55)])
    assert twice.notes[0].startswith("opened again 2 times, last at 2026-03-02 00:50:00 UTC, after it stood")


def test_an_end_before_the_first_known_start_asks_for_an_earlier_one() -> None:
    said = fold([over(0), begun(20)])
    assert (said.started_at, said.resolved_at) == (at(20), None)
    assert said.notes == (
        "it was over at 2026-03-02 00:00:00 UTC, before its first known start: look for an earlier one",
    )


def test_of_two_resolves_the_last_is_the_end() -> None:
    assert fold([begun(0), over(10), over(12)]).resolved_at == at(12)


def test_an_update_after_the_end_does_not_open_it_again() -> None:
    said = fold([begun(0), over(10), event(20, narrative="The cause was a disk.")])
    assert (said.resolved_at, said.narrative) == (at(10), "The cause was a disk.")


def test_one_that_tells_both_ends_has_the_last_word_on_the_start() -> None:
    assert fold([begun(0), over(10, started_at=at(2))]).started_at == at(2)
    assert fold([begun(0), over(10, started_at=at(2)), over(11, started_at=at(1))]).started_at == at(1)


def test_starts_that_lie_far_apart_are_named() -> None:
    said = fold([begun(0), over(90, started_at=at(60))])
    assert said.started_at == at(60)
    assert said.notes == (
        "its events name starts from 2026-03-02 00:00:00 UTC to 2026-03-02 01:00:00 UTC: "
        "2026-03-02 01:00:00 UTC is taken; a recovery in between may have been lost",
    )
    assert fold([begun(0), over(90, started_at=at(5))]).notes == ()


def test_starts_that_follow_an_opening_again_are_no_other_starts() -> None:
    notes = fold([begun(0), over(10), begun(30), begun(60), over(70)]).notes
    assert [note[:12] for note in notes] == ["opened again"]


def test_what_begins_and_ends_in_one_instant_is_over_and_counts_nothing() -> None:
    said = fold([over(0, number="a"), begun(0, number="b")])
    assert (said.started_at, said.resolved_at) == (at(0), at(0))
    assert said.notes == ("it ends at or before its start and counts 0 s: look at both times",)


def test_an_end_before_the_start_is_kept_and_named() -> None:
    said = fold([over(10, started_at=at(12))])
    assert (said.started_at, said.resolved_at) == (at(12), at(10))
    assert said.notes == ("it ends at or before its start and counts 0 s: look at both times",)


def test_moments_are_merged_the_first_acknowledgement_and_the_last_closing() -> None:
    def with_moment(minute: float, kind: str) -> FeedEvent:
        return event(minute, number=f"{kind}{minute}", moments=(FeedMoment(kind=kind, at=at(minute)),))

    said = fold(
        [
            begun(0),
            with_moment(9, "closed"),
            with_moment(4, "acknowledged"),
            with_moment(3, "acknowledged"),
            with_moment(8, "closed"),
        ]
    )
    assert said.moments == (
        FeedMoment(kind="acknowledged", at=at(3)),
        FeedMoment(kind="closed", at=at(9)),
    )


def test_a_wait_that_ends_later_replaces_the_open_one() -> None:
    waiting = FeedWait(stopped_at=at(3), resumed_at=None)
    ended = replace(waiting, resumed_at=at(6))
    assert fold([begun(0), event(7, waits=(ended,)), event(4, waits=(waiting,))]).waits == (ended,)
    earlier = FeedWait(stopped_at=at(1), resumed_at=at(2))
    assert fold([event(7, waits=(ended,)), event(8, waits=(earlier,))]).waits == (earlier, ended)


def test_the_parts_named_last_are_hit_each_by_the_worst_that_was_said_of_it() -> None:
    def parts(**worst: str) -> dict[str, Any]:
        named = (FeedComponent(name=name, worst_status=word) for name, word in worst.items())
        return {"components": tuple(named)}

    said = fold(
        [
            begun(0, **parts(API="major_outage", Mail="degraded_performance")),
            event(5, **parts(API="degraded_performance", Web="Schluckauf")),
            event(6, **parts(API="", Web="Aussetzer")),
            over(9, **parts()),
        ]
    )
    assert said.components == (
        FeedComponent(name="API", worst_status="major_outage"),
        FeedComponent(name="Web", worst_status="Aussetzer"),
    )


def test_it_is_planned_only_while_nobody_says_otherwise() -> None:
    assert fold([begun(0, planned=True), over(5, planned=True)]).planned
    assert not fold([begun(0), event(2, planned=True), over(5, planned=True)]).planned


def test_an_incident_that_nobody_names_bears_its_component() -> None:
    assert fold([over(1, components=(FeedComponent(name="Mail"),))]).title == "Mail"
    assert fold([over(1)]).title == "X1"


def test_each_failure_of_a_watched_thing_is_an_incident_of_its_own() -> None:
    told = incidents_of([up(70), down(0), up(10), down(60), down(80)])
    assert times(told) == [(0, 10), (60, 70), (80, None)]
    assert [said.external_id for said in told] == [
        "X1@2026-03-02T00:00:00.000000Z",
        "X1@2026-03-02T01:00:00.000000Z",
        "X1@2026-03-02T01:20:00.000000Z",
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # The failure got lost: a person has to say when it began.
        ([up(10)], [(None, 10)]),
        ([down(0), up(10), up(70)], [(0, 10), (None, 70)]),
        # The recovery got lost: one long failure, with a note.
        ([down(0), down(60), up(70)], [(0, 70)]),
        # A reminder of what is still down moves no start; one whose failure got lost shows that it is down.
        ([down(0), event(5, recurring=True), up(10)], [(0, 10)]),
        ([event(5, recurring=True), up(10)], [(None, 10)]),
        # A recovery that tells its own start, with and without the message of its failure.
        ([down(1), up(10, started_at=at(0))], [(0, 10)]),
        ([up(10, started_at=at(0)), up(30, started_at=at(20))], [(0, 10), (20, 30)]),
        # One recovery sent twice, each time with the time of its arrival.
        ([up(10, started_at=at(0)), up(11, started_at=at(1))], [(1, 11)]),
        ([down(0), up(0)], [(0, 0)]),
        # Two recoveries in one instant share a number, so they are one, whatever start they state.
        ([up(10, number="a"), up(10, number="z", started_at=at(20))], [(20, 10)]),
    ],
)
def test_what_got_lost_on_the_way_is_not_made_up(
    told: list[FeedEvent], expected: list[tuple[float | None, float | None]]
) -> None:
    assert times(incidents_of(told)) == expected


def test_an_incident_with_a_number_of_its_own_stays_one() -> None:
    assert incidents_of([begun(0), over(10), begun(30)]) == (fold([begun(0), over(10), begun(30)]),)


@pytest.mark.parametrize("read", [fold, incidents_of])
def test_events_of_nothing_or_of_several_things_are_a_mistake_of_the_caller(read: Any) -> None:
    with pytest.raises(ValueError, match="expected events of one incident, found 0"):
        read([])
    with pytest.raises(ValueError, match="expected events of one incident, found 2"):
        read([begun(0), replace(over(1), external_id="X2")])


def test_the_failures_of_a_watched_thing_are_never_folded_into_one() -> None:
    with pytest.raises(ValueError, match="take incidents_of"):
        fold([down(0), up(10), down(60)])


def test_a_sender_that_repeats_itself_is_refused() -> None:
    def many(count: int, **said: Any) -> list[FeedEvent]:
        return [begun(minute, **said) for minute in range(count)]

    assert fold(many(MOST_EVENTS)).started_at == at(0)
    with pytest.raises(FeedError, match="More than 5000 events came for 'X1'"):
        fold(many(MOST_EVENTS + 1))
    with pytest.raises(FeedError, match=r"Incident 'X1@2026.*' has more than 5000 events"):
        incidents_of(many(MOST_EVENTS + 1, recurring=True))
    with pytest.raises(FeedError, match="More than 50000 events came for 'X1'"):
        incidents_of(begun(minute) for minute in range(MOST_WATCHED + 1))


@pytest.mark.parametrize("turned", [1, -1])
def test_of_two_events_with_one_id_the_earlier_holds_whichever_came_first(turned: int) -> None:
    late = [begun(0, number="a", title="first"), begun(9, number="a", title="sent again")]
    assert fold(late[::turned]).title == "first"
    at_once = [begun(0, number="a", title="other"), begun(0, number="a", title="one of both")]
    assert fold(at_once[::turned]).title == "one of both"


def test_the_same_event_a_thousand_times_is_one() -> None:
    assert fold([begun(0)] * (MOST_EVENTS + 1)) == fold([begun(0)])


MINUTES = st.integers(0, 12)
TEXTS = st.sampled_from(["", "a", "b"])


@st.composite
def stories(draw: st.DrawFn, *, recurring: bool) -> list[FeedEvent]:
    """Any events of one thing, some of which share an id without saying the same."""
    told = []
    for _ in range(draw(st.integers(1, 8))):
        said = FeedIncident(
            external_id="X1",
            title=draw(TEXTS),
            severity=draw(TEXTS),
            narrative=draw(TEXTS),
            status=draw(TEXTS),
            planned=draw(st.booleans()),
            started_at=draw(st.none() | MINUTES.map(at)),
            first_posted_at=draw(st.none() | MINUTES.map(at)),
            resolved_at=draw(st.none() | MINUTES.map(at)),
            changed_at=draw(st.none() | MINUTES.map(at)),
            components=draw(st.sampled_from([(), (FeedComponent(name="API", worst_status="major_outage"),)])),
            moments=tuple(
                FeedMoment(kind=draw(st.sampled_from(["acknowledged", "closed"])), at=at(draw(MINUTES)))
                for _ in range(draw(st.integers(0, 2)))
            ),
            waits=tuple(
                FeedWait(stopped_at=at(draw(MINUTES)), resumed_at=draw(st.none() | MINUTES.map(at)))
                for _ in range(draw(st.integers(0, 2)))
            ),
            notes=draw(st.sampled_from([(), ("n1",), ("n2", "n1")])),
        )
        told.append(
            FeedEvent(
                external_id="X1",
                event_id=draw(st.sampled_from("abcdefgh")),
                at=at(draw(MINUTES)),
                said=said,
                recurring=recurring,
            )
        )
    return told


@given(data=st.data(), recurring=st.booleans())
def test_any_order_and_any_repetition_give_the_same_incidents(data: st.DataObject, recurring: bool) -> None:
    story = data.draw(stories(recurring=recurring))
    again = data.draw(st.permutations(story + data.draw(st.lists(st.sampled_from(story), max_size=8))))
    assert incidents_of(again) == incidents_of(story)
    assert recurring or incidents_of(again) == (fold(story),)


@given(stories(recurring=True))
def test_no_two_failures_share_a_number_and_none_gets_lost(story: list[FeedEvent]) -> None:
    numbers = [said.external_id for said in incidents_of(story)]
    assert len(set(numbers)) == len(numbers)
    assert numbers
