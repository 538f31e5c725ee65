"""A person corrected what a feed says otherwise: listed once, settled either way, asked again on news."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from incidents.models import FeedRecord, FeedSource, Incident, MaintenanceWindow, Outage
from incidents.services import (
    Outcome,
    confirm_outage,
    record_incident,
    record_maintenance,
    record_outage,
    record_row,
)
from incidents.services.feeds.conflicts import Conflict, keep_ours, open_conflicts, take_theirs
from tests.incidents.feed_rows import END, NOW, START, a_feed, imported, noticed, told
from tests.incidents.rows import at
from tests.vendors.rows import a_contract, a_service, person, saved
from vendors.models import Service, ServiceAlias

pytestmark = pytest.mark.django_db
OURS = START - timedelta(minutes=9)


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


def corrected(page: FeedSource) -> Outage:
    """Return an outage whose start a person corrected, after the feed told its own again."""
    imported(page, told())
    outage = Outage.objects.get()
    outage.started_at = OURS
    record_outage(outage, by=person(), reason="Our graph")
    imported(page, told())
    return outage


def listed() -> list[tuple[str, str, str]]:
    return [(row.what, row.ours, row.theirs) for row in found()]


def found() -> list[Conflict]:
    return open_conflicts(person("boss", is_superuser=True))


FROM = ("outage of mail Mail, “from”", "2019-06-25 04:06 UTC", "2019-06-25 04:15 UTC")


def test_both_values_are_listed_with_their_times_as_elsewhere(page: FeedSource) -> None:
    corrected(page)
    assert listed() == [FROM]


def test_ours_is_kept_and_is_not_asked_again_until_the_feed_says_something_else(page: FeedSource) -> None:
    outage = corrected(page)
    keep_ours(found()[0], by=person(), at=NOW, reason="Our probe saw it")
    outage.refresh_from_db()
    assert (listed(), outage.started_at) == ([], OURS)
    assert outage.history.first().history_change_reason == "Our probe saw it"  # type: ignore[union-attr]
    [row] = imported(page, told()).rows
    assert (row.outcome, listed(), FeedRecord.objects.get().conflicts) == (Outcome.UNCHANGED, [], [])
    imported(page, told(started_at=START + timedelta(minutes=1)))
    assert listed() == [(FROM[0], FROM[1], "2019-06-25 04:16 UTC")]
    outage.refresh_from_db()
    assert outage.started_at == OURS


def test_the_feeds_value_is_taken_and_follows_the_feed_from_then_on(page: FeedSource) -> None:
    outage = corrected(page)
    take_theirs(found()[0], by=person(), at=NOW, reason="Their logs are better")
    outage.refresh_from_db()
    assert (listed(), outage.started_at) == ([], START)
    assert "by a person" not in outage.feed_said
    imported(page, told(started_at=START + timedelta(minutes=1)))
    outage.refresh_from_db()
    assert (listed(), outage.started_at) == ([], START + timedelta(minutes=1))


@pytest.mark.parametrize("settle", [keep_ours, take_theirs])
def test_without_a_reason_nothing_is_settled(page: FeedSource, settle: object) -> None:
    corrected(page)
    with pytest.raises(ValidationError, match="Say why"):
        settle(found()[0], by=person(), at=NOW, reason=" ")  # type: ignore[operator]
    assert (listed(), Outage.objects.get().started_at) == ([FROM], OURS)


def test_an_open_end_of_the_feed_can_be_taken(page: FeedSource) -> None:
    imported(page, told(resolved_at=None, status="investigating"))
    outage = Outage.objects.get()
    outage.ended_at = END
    record_outage(outage, by=person(), reason="It works again")
    imported(page, told(resolved_at=None, status="investigating"))
    assert listed() == [("outage of mail Mail, “came back”", "2019-06-25 05:28 UTC", "")]
    take_theirs(found()[0], by=person(), at=NOW, reason="It does not")
    assert Outage.objects.get().ended_at is None


def test_taking_the_feeds_times_of_what_was_confirmed_takes_the_confirmation_away(page: FeedSource) -> None:
    imported(page, told())
    outage = Outage.objects.get()
    confirm_outage(outage, at=NOW, by=person(), reason="As in their report")
    imported(page, told(resolved_at=END + timedelta(minutes=1)))
    [conflict] = found()
    take_theirs(conflict, by=person(), at=NOW, reason="They corrected it")
    outage.refresh_from_db()
    assert (outage.ended_at, outage.confirmed_at) == (END + timedelta(minutes=1), None)


def test_words_of_an_incident_and_of_a_notice_are_settled_too(page: FeedSource) -> None:
    imported(page, told(), noticed())
    incident, window = Incident.objects.get(), MaintenanceWindow.objects.get()
    incident.severity = "P1"
    record_incident(incident, by=person(), reason="By our contract")
    window.emergency = True
    record_maintenance(window, by=person(), reason="It was")
    imported(page, told(), noticed())
    assert sorted(listed()) == [
        ("announced maintenance, “emergency”", "yes", "no"),
        ("incident, “severity”", "P1", "major"),
    ]
    for conflict in found():
        take_theirs(conflict, by=person(), at=NOW, reason="Theirs after all")
    incident.refresh_from_db()
    window.refresh_from_db()
    assert (incident.severity, window.emergency, listed()) == ("major", False, [])


def test_a_conflict_whose_feed_says_something_new_meanwhile_is_another(page: FeedSource) -> None:
    corrected(page)
    before = found()[0].key
    imported(page, told(started_at=at("2019-06-25 04:20")))
    assert found()[0].key != before


def test_conflicts_of_vendors_that_are_not_theirs_are_not_shown_to_a_reader(page: FeedSource) -> None:
    corrected(page)
    assert open_conflicts(person("stranger", is_staff=True)) == []


def test_a_text_that_a_form_sends_back_with_other_line_ends_was_not_changed(page: FeedSource) -> None:
    words = "Mail is slow. \nWe look into it.\n"
    imported(page, told(narrative=words, title="Mail is down "))
    incident = Incident.objects.get()
    before = incident.history.count()
    incident.narrative, incident.title = "Mail is slow. \r\nWe look into it.", "Mail is down"
    record_row(incident, by=person(), reason="Only the start")
    assert (incident.history.count(), incident.narrative) == (before, words)
    imported(page, told(narrative=words + "It is over.", title="Mail is down "))
    incident.refresh_from_db()
    assert (listed(), incident.narrative) == ([], words + "It is over.")


def test_a_text_that_was_kept_with_other_line_ends_before_is_no_conflict(page: FeedSource) -> None:
    imported(page, told(narrative="One.\nTwo."))
    incident = Incident.objects.get()
    incident.narrative = "One.\r\nTwo."
    record_incident(incident, by=person(), reason="As browsers did")
    [row] = imported(page, told(narrative="One.\nTwo.")).rows
    assert (row.outcome, listed()) == (Outcome.UNCHANGED, [])


def test_a_changed_text_is_a_persons(page: FeedSource) -> None:
    imported(page, told(narrative="One.\nTwo."))
    incident = Incident.objects.get()
    incident.narrative = "One.\r\nThree."
    record_row(incident, by=person(), reason="It was three")
    imported(page, told(narrative="One.\nTwo.\nFour."))
    assert [row[0] for row in listed()] == ["incident, “narrative”"]


@pytest.mark.parametrize("clock", ["us", "vendor_status_page"])
def test_an_outage_entered_where_the_feed_told_no_start_is_the_answer(page: FeedSource, clock: str) -> None:
    [row] = imported(page, told(started_at=None)).rows
    assert row.notes == ("needs a start time: no outage recorded",)
    mine = Outage(
        incident=Incident.objects.get(),
        service=Service.objects.get(),
        measured_by=clock,
        started_at=OURS,
        ended_at=END,
    )
    record_outage(mine, by=person(), reason="Our graph")
    [row] = imported(page, told(started_at=None, title="Mail was down")).rows
    assert row.notes == ()
    for _ in range(2):
        imported(page, told(title="Mail was down", severity="minor"))
        kinds = ("Outage: the service was not delivered", "Degraded: delivered, but poorly")
        assert sorted(listed()) == [FROM, ("outage of mail Mail, “kind”", *kinds)]
        outage = Outage.objects.get()
        assert (outage.started_at, outage.kind, outage.measured_by) == (OURS, "outage", clock)
    for conflict in found():
        keep_ours(conflict, by=person(), at=NOW, reason="Our graph is finer")
    assert (listed(), Outage.objects.count()) == ([], 1)
