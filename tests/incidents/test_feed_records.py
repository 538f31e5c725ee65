"""What feeds tell, whenever it comes: the later telling holds, events fold, windows wait for a person."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from incidents.feeds.values import (
    Feed,
    FeedComponent,
    FeedEvent,
    FeedIncident,
    FeedMoment,
    FeedSample,
    FeedWait,
    FeedWindow,
    NoticeStatus,
)
from incidents.feeds.values import FeedLetter as Letter
from incidents.models import (
    ClockStop,
    FeedLetter,
    FeedRecord,
    FeedSource,
    Incident,
    MaintenanceWindow,
    Milestone,
    Outage,
    ProposedWindow,
    Sample,
)
from incidents.services import Outcome, accept_window, decline_window, import_feed, record_outage
from tests.incidents.feed_rows import END, NOW, POSTED, START, a_feed, imported, noticed, told
from tests.incidents.rows import at
from tests.vendors.rows import a_contract, a_service, person, saved
from vendors.models import Service, ServiceAlias

pytestmark = pytest.mark.django_db

OVER = at("2019-06-25 04:59")
MAIL = (FeedComponent(name="Mail sending"),)
NARRATED = FeedWindow(start=START, end=START + timedelta(minutes=73), quote="between 04:15 and 05:28 UTC")


@pytest.fixture
def mail() -> Service:
    """Return a service that feeds call "Mail sending"."""
    service = a_service(a_contract(), code="mail", name="Mail")
    saved(ServiceAlias(service=service, name="Mail sending"))
    return service


@pytest.fixture
def page(mail: Service) -> FeedSource:
    """Return the vendor's status page."""
    return a_feed(vendor=mail.contract.vendor)


TELLINGS = [
    told(
        status="investigating", resolved_at=None, changed_at=at("2019-06-25 05:15"), title="We look into it"
    ),
    told(status="resolved", changed_at=at("2019-06-25 05:30"), title="Mail was down"),
    told(status="postmortem", changed_at=at("2019-06-27 10:00"), title="Mail was down: the cause"),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_tellings_in_any_order_end_in_the_newest(page: FeedSource, order: tuple[int, ...]) -> None:
    for number in order:
        imported(page, TELLINGS[number])
    incident = Incident.objects.get()
    assert (incident.title, incident.status) == ("Mail was down: the cause", "resolved")
    assert Outage.objects.get().ended_at == END
    assert FeedRecord.objects.get().changed_at == at("2019-06-27 10:00")


def test_an_older_telling_is_named_and_changes_nothing(page: FeedSource) -> None:
    imported(page, TELLINGS[2])
    [row] = imported(page, TELLINGS[0]).rows
    assert (row.outcome, row.notes) == (
        Outcome.UNCHANGED,
        ("older than what is on file, of 2019-06-27 10:00 UTC",),
    )


def event(number: int, minute: int, **fields: object) -> FeedEvent:
    nothing = FeedIncident(
        external_id="p1",
        title="",
        started_at=None,
        first_posted_at=None,
        resolved_at=None,
        changed_at=None,
    )
    said = replace(nothing, **fields)  # type: ignore[arg-type]
    return FeedEvent(external_id="p1", event_id=f"e{number}", at=at(f"2019-06-25 04:{minute:02}"), said=said)


EVENTS = [
    event(1, 15, title="Mail is down", started_at=START, components=(FeedComponent(name="Mail sending"),)),
    event(2, 20, moments=(FeedMoment(kind="acknowledged", at=at("2019-06-25 04:20")),)),
    event(3, 50, resolved_at=at("2019-06-25 04:50"), status="resolved"),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_events_in_any_order_and_sent_twice_end_in_the_same_state(
    page: FeedSource, order: tuple[int, ...]
) -> None:
    for number in (*order, order[0]):
        imported(page, EVENTS[number])
    incident, outage = Incident.objects.get(), Outage.objects.get()
    assert (incident.title, incident.status) == ("Mail is down", "resolved")
    assert (outage.started_at, outage.ended_at) == (START, at("2019-06-25 04:50"))
    assert Milestone.objects.get(kind="acknowledged").at == at("2019-06-25 04:20")
    assert len(FeedRecord.objects.get().events) == 3


def watched(number: int, minute: int, **fields: object) -> FeedEvent:
    """Return an event of a thing that fails again and again."""
    return replace(event(number, minute, **fields), recurring=True)


DOWN_UP = [
    watched(
        1,
        10,
        title="mail",
        started_at=at("2019-06-25 04:10"),
        components=(FeedComponent(name="Mail sending"),),
    ),
    watched(2, 20, resolved_at=at("2019-06-25 04:20")),
    watched(
        3,
        40,
        title="mail",
        started_at=at("2019-06-25 04:40"),
        components=(FeedComponent(name="Mail sending"),),
    ),
    watched(4, 50, resolved_at=at("2019-06-25 04:50")),
]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (0, 2, 3, 1), (0, 3, 1, 2)])
def test_each_failure_of_a_watched_thing_is_an_incident_whatever_the_order(
    page: FeedSource, order: tuple[int, ...]
) -> None:
    for number in order:
        imported(page, DOWN_UP[number])
    standing = Outage.objects.standing().order_by("started_at")
    assert [(row.started_at, row.ended_at) for row in standing] == [
        (at("2019-06-25 04:10"), at("2019-06-25 04:20")),
        (at("2019-06-25 04:40"), at("2019-06-25 04:50")),
    ]


def test_a_failure_that_proves_to_be_part_of_another_is_withdrawn_unless_a_person_changed_it(
    page: FeedSource,
) -> None:
    for number in (0, 3):  # the end of the first and the start of the second came late
        imported(page, DOWN_UP[number])
    assert Outage.objects.get().ended_at == at("2019-06-25 04:50")
    report = imported(page, DOWN_UP[1], DOWN_UP[2])
    assert report.count(Outcome.REFUSED) == 0
    assert Outage.objects.standing().count() == 2


def test_an_outage_that_a_person_corrected_is_not_withdrawn_when_its_failure_proves_to_be_another(
    page: FeedSource,
) -> None:
    imported(page, DOWN_UP[2])
    outage = Outage.objects.get()
    outage.started_at = at("2019-06-25 04:35")
    record_outage(outage, by=person(), reason="Our graph")
    report = imported(page, DOWN_UP[0])
    assert Outage.objects.standing().filter(pk=outage.pk).exists()
    assert report.count(Outcome.CONFLICTING) == 1


def test_of_one_event_that_is_sent_twice_the_first_telling_holds(page: FeedSource) -> None:
    imported(page, EVENTS[0], EVENTS[2])
    imported(
        page, replace(EVENTS[2], at=at("2019-06-25 04:59"), said=replace(EVENTS[2].said, resolved_at=OVER))
    )
    assert Outage.objects.get().ended_at == at("2019-06-25 04:50")


def test_an_end_without_a_start_waits_for_one(page: FeedSource) -> None:
    [row] = imported(page, replace(EVENTS[2], said=replace(EVENTS[2].said, title="?"))).rows
    assert "needs a start time: no outage recorded" in row.notes
    assert (Incident.objects.count(), Outage.objects.count()) == (1, 0)


def test_waiting_that_a_ticket_records_stops_the_clock_once(page: FeedSource) -> None:
    begun = at("2019-06-25 04:30")
    waiting = FeedWait(stopped_at=begun, resumed_at=None, reason="no_answer", why="Awaiting User Info")
    imported(page, told(waits=(waiting,)))
    imported(page, told(waits=(replace(waiting, resumed_at=at("2019-06-25 04:40")),)))
    stop = ClockStop.objects.get()
    assert (stop.stopped_at, stop.resumed_at, stop.reason) == (begun, at("2019-06-25 04:40"), "no_answer")


def test_a_notice_becomes_a_window_with_the_time_of_its_notice(page: FeedSource) -> None:
    imported(page, noticed())
    window = MaintenanceWindow.objects.get()
    assert (window.reference, window.starts_at, window.noticed_at) == (
        "mw1",
        at("2019-07-05 01:00"),
        at("2019-07-03 01:00"),
    )
    assert [row.service.code for row in window.services.all()] == ["mail"]


def test_a_notice_that_is_cancelled_is_called_off_and_stays_so_at_that_instant(page: FeedSource) -> None:
    imported(page, noticed())
    imported(page, noticed(status=NoticeStatus.CANCELLED))
    imported(page, noticed(status=NoticeStatus.CANCELLED), when=NOW + timedelta(days=1))
    assert MaintenanceWindow.objects.get().cancelled_at == NOW


def test_a_notice_that_was_called_off_by_the_feed_may_be_announced_again(page: FeedSource) -> None:
    imported(page, noticed(status=NoticeStatus.CANCELLED))
    imported(page, noticed())
    assert MaintenanceWindow.objects.get().cancelled_at is None


def test_a_notice_that_takes_the_place_of_another_calls_it_off(page: FeedSource) -> None:
    imported(page, noticed())
    [row] = imported(page, noticed(external_id="mw2", replaces="mw1", changed_at=at("2019-07-03 09:00"))).rows
    assert row.notes == ("takes the place of mw1, which is called off",)
    called_off = MaintenanceWindow.objects.get(reference="mw1")
    assert called_off.cancelled_at == at("2019-07-03 09:00")


@pytest.mark.parametrize(
    ("told_later", "noticed_at"),
    [
        # A reminder of the same times does not make good notice late, and none takes it away.
        ({"noticed_at": at("2019-07-04 23:00")}, at("2019-07-03 01:00")),
        ({"noticed_at": None}, at("2019-07-03 01:00")),
        ({"noticed_at": at("2019-07-02 01:00")}, at("2019-07-02 01:00")),
        # Moved work was announced when it was moved.
        (
            {"noticed_at": at("2019-07-04 23:00"), "starts_at": at("2019-07-05 00:30")},
            at("2019-07-04 23:00"),
        ),
    ],
)
def test_notice_counts_from_its_first_telling_while_the_work_is_not_moved(
    page: FeedSource, told_later: dict[str, Any], noticed_at: datetime
) -> None:
    imported(page, noticed())
    imported(page, noticed(**told_later))
    assert MaintenanceWindow.objects.get().noticed_at == noticed_at


def test_a_telling_without_a_status_leaves_what_was_called_off_so(page: FeedSource) -> None:
    imported(page, noticed(status=NoticeStatus.CANCELLED))
    imported(page, noticed(status=None))
    assert MaintenanceWindow.objects.get().cancelled_at == NOW


def test_the_higher_sequence_holds_whatever_the_order(page: FeedSource) -> None:
    newer = noticed(sequence=3, title="Moved", changed_at=at("2019-07-01 00:00"))
    older = noticed(sequence=2, title="First", changed_at=at("2019-07-01 09:00"))
    for said in (newer, older):
        imported(page, said)
    assert MaintenanceWindow.objects.get().title == "Moved"


def test_a_notice_that_grows_to_several_windows_is_not_counted_twice(page: FeedSource) -> None:
    imported(page, noticed())
    night = timedelta(days=1)
    several = [
        noticed(
            external_id=f"mw1#{number}",
            notice="mw1",
            starts_at=at("2019-07-05 01:00") + night * number,
            ends_at=at("2019-07-05 02:00") + night * number,
        )
        for number in (1, 2)
    ]
    imported(page, *several)
    standing = MaintenanceWindow.objects.standing().order_by("reference")
    assert [row.reference for row in standing] == ["mw1#1", "mw1#2"]


def test_windows_that_have_begun_outlive_a_reminder_of_the_next(page: FeedSource) -> None:
    several = [
        noticed(external_id=f"mw1#{day}", notice="mw1", starts_at=at(f"2019-07-0{day} 01:00"))
        for day in (3, 4)
    ]
    imported(page, *several)
    imported(page, noticed(notice="mw1"), when=at("2019-07-03 12:00"))
    standing = MaintenanceWindow.objects.standing().order_by("reference")
    assert [row.reference for row in standing] == ["mw1", "mw1#3"]


def test_a_letter_waits_once_however_often_it_comes(page: FeedSource) -> None:
    letter = Letter(
        message_id="<1@x>", subject="Work", sender="noc@x", sent_at=None, received_at=None, text=""
    )
    for _ in range(2):
        import_feed(Feed(letters=(letter,)), source=page, by=person("robot"), at=NOW)
    assert FeedLetter.objects.get().received_at == NOW


@pytest.mark.parametrize(
    ("value", "kept"),
    [("0.30000000000000004", "0.300000"), ("0.0000005", "0.000000"), ("0.0000015", "0.000002")],
)
def test_a_measured_value_is_kept_to_the_sixth_decimal_half_to_even(
    page: FeedSource, value: str, kept: str
) -> None:
    imported(page, FeedSample(component="Mail sending", metric="loss", at=START, value=Decimal(value)))
    assert Sample.objects.get().value == Decimal(kept)


def test_a_value_that_is_refused_does_not_stop_the_others(page: FeedSource) -> None:
    values = [
        FeedSample(component="Mail sending", metric="loss", at=START + timedelta(seconds=n), value=Decimal(v))
        for n, v in enumerate(["1", "1e20", "3"])
    ]
    report = imported(page, *values)
    assert report.samples == 2
    assert [problem.place for problem in report.problems] == ["mail loss at 2019-06-25 04:15:01 UTC"]


def test_a_notice_of_nobody_knows_whose_work_is_refused_with_what_to_do() -> None:
    [row] = imported(a_feed("mails", kind="statuspage"), noticed()).rows
    assert (row.outcome, row.notes) == (
        Outcome.REFUSED,
        (
            "Notice mw1: whose work it is cannot be told (none of its parts is known by its names). "
            "Choose the vendor of the feed, or name the service that it means.",
        ),
    )


def test_a_number_that_was_an_incident_cannot_become_a_notice(page: FeedSource) -> None:
    imported(page, told())
    [row] = imported(page, noticed(external_id="x1")).rows
    assert row.outcome is Outcome.REFUSED
    assert row.notes[0].startswith("page: x1 is on file as the incident northrack-x1")


def test_a_window_that_a_text_tells_of_waits_and_moves_nothing(page: FeedSource) -> None:
    posted = told(started_at=POSTED, windows=(NARRATED,))
    imported(page, posted)
    imported(page, posted)
    assert ProposedWindow.objects.get().quote == NARRATED.quote
    assert Outage.objects.get().started_at == POSTED


def test_an_accepted_window_gives_the_outage_its_times_and_the_words_as_evidence(page: FeedSource) -> None:
    imported(page, told(started_at=POSTED, windows=(NARRATED,)))
    accept_window(ProposedWindow.objects.get(), by=person(), at=NOW, reason="Their own post-mortem")
    outage = Outage.objects.get()
    assert (outage.started_at, outage.ended_at) == (START, START + timedelta(minutes=73))
    assert outage.evidence == "page: x1: between 04:15 and 05:28 UTC"
    assert outage.history.first().history_change_reason == "Their own post-mortem"  # type: ignore[union-attr]
    [row] = imported(page, told(started_at=POSTED, windows=(NARRATED,))).rows
    assert row.outcome is Outcome.UNCHANGED
    assert Outage.objects.get().started_at == START


def test_a_declined_window_stays_declined_and_is_not_decided_twice(page: FeedSource) -> None:
    imported(page, told(started_at=POSTED, windows=(NARRATED,)))
    window = ProposedWindow.objects.get()
    decline_window(window, by=person(), at=NOW, reason="Another outage")
    imported(page, told(started_at=POSTED))
    kept = ProposedWindow.objects.get()
    assert (kept.decision, kept.why) == ("declined", "Another outage")
    with pytest.raises(ValidationError, match="was declined before"):
        accept_window(kept, by=person(), at=NOW, reason="After all")


def test_an_open_window_that_is_told_no_longer_goes(page: FeedSource) -> None:
    imported(page, told(windows=(NARRATED,)))
    imported(page, told())
    assert not ProposedWindow.objects.exists()


def test_measured_values_go_to_the_service_that_is_meant(page: FeedSource, mail: Service) -> None:
    values = [
        FeedSample(component="Mail sending", metric="latency_ms", at=START, value=Decimal("12.5")),
        FeedSample(component="Search", metric="latency_ms", at=START, value=Decimal(9)),
    ]
    report = imported(page, *values)
    assert (report.samples, report.unmatched) == (1, (("Search", 1),))
    assert imported(page, *values).samples == 0
    assert Sample.objects.get().service == mail


def test_a_persons_correction_stays_and_is_shown_beside_what_the_feed_says(page: FeedSource) -> None:
    imported(page, told())
    outage = Outage.objects.get()
    outage.started_at = START - timedelta(minutes=9)
    record_outage(outage, by=person(), reason="Our graph")
    [row] = imported(page, told(resolved_at=END + timedelta(minutes=1))).rows
    assert row.outcome is Outcome.CONFLICTING
    assert FeedRecord.objects.get().conflicts == [
        "outage 'from' stays 2019-06-25 04:06 UTC; the feed says 2019-06-25 04:15 UTC"
    ]
    outage.refresh_from_db()
    assert (outage.started_at, outage.ended_at) == (START - timedelta(minutes=9), END + timedelta(minutes=1))
