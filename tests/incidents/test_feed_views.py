"""Several tellings of one outage: found, shown as views of one incident, and taken apart again."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from incidents.models import FeedRecord, FeedSource, Incident, Outage
from incidents.selectors import attributions, twins, twins_of
from incidents.services import confirm_outage, record_outage
from incidents.services.feeds.joining import join_incidents, split_record
from incidents.services.feeds.rematching import bring_again
from tests.incidents.feed_rows import END, NOW, START, a_feed, imported, told
from tests.incidents.rows import an_incident, an_outage, at
from tests.vendors.rows import a_contract, a_service, a_vendor, person, saved
from vendors.models import Service, ServiceAlias, ServiceNeed

pytestmark = pytest.mark.django_db
EARLY = START - timedelta(minutes=5)


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


@pytest.fixture
def monitor(mail: Service) -> FeedSource:
    """Return our own monitor, of no vendor."""
    return a_feed("monitor", clock="us")


def both(page: FeedSource, monitor: FeedSource) -> tuple[Incident, Incident]:
    """Return the same outage as the page and the monitor tell it: five minutes earlier at the monitor."""
    imported(page, told())
    imported(monitor, told(external_id="m7", title="mail: down", started_at=EARLY))
    return Incident.objects.get(source="page"), Incident.objects.get(source="monitor")


def clocks(incident: Incident) -> list[tuple[str, object]]:
    return [(row.measured_by, row.started_at) for row in incident.outages.order_by("measured_by")]


def test_two_feeds_that_tell_of_one_service_at_one_time_are_taken_for_one(
    page: FeedSource, monitor: FeedSource
) -> None:
    first, second = both(page, monitor)
    [found] = twins(Incident.objects.all(), since=at("2019-06-01 00:00"))
    assert {found.kept, found.other} == {first, second}
    assert found.service.code == "mail"


def test_two_incidents_of_one_feed_are_never_taken_for_one(page: FeedSource) -> None:
    imported(page, told(), told(external_id="x2"))
    assert twins(Incident.objects.all(), since=at("2019-06-01 00:00")) == []


@pytest.mark.parametrize(("minutes", "count"), [(14, 1), (15, 0), (60, 0)])
def test_a_quarter_of_an_hour_apart_is_another_outage(
    page: FeedSource, monitor: FeedSource, minutes: int, count: int
) -> None:
    imported(page, told())
    later = END + timedelta(minutes=minutes)
    imported(monitor, told(external_id="m7", started_at=later, resolved_at=later + timedelta(minutes=5)))
    assert len(twins(Incident.objects.all(), since=at("2019-06-01 00:00"))) == count


@pytest.mark.parametrize(("minutes", "count"), [(-89, 0), (-88, 1), (14, 1), (15, 0)])
def test_beside_one_incident_the_same_outage_is_found_whatever_its_age(
    page: FeedSource, monitor: FeedSource, minutes: int, count: int
) -> None:
    imported(page, told())
    later = END + timedelta(minutes=minutes)
    imported(monitor, told(external_id="m7", started_at=later, resolved_at=later + timedelta(seconds=1)))
    [first, second] = Incident.objects.order_by("pk")
    everything = Incident.objects.all()
    assert [pair.other for pair in twins_of(first, among=everything)] == [second] * count
    assert [pair.other for pair in twins_of(second, among=everything)] == [first] * count
    assert twins_of(first, among=everything.none()) == []


def test_a_list_whose_clock_is_named_later_keeps_one_outage_by_that_clock(mail: Service) -> None:
    source = a_feed("list", kind="incident_table", vendor=mail.contract.vendor)
    imported(source, told())
    assert clocks(Incident.objects.get()) == [("third_party", START)]
    source.clock = "vendor_ticket"
    saved(source)
    assert bring_again(source, by=person(), at=NOW) == 1
    assert clocks(Incident.objects.get()) == [("vendor_ticket", START)]
    assert bring_again(source, by=person(), at=NOW) == 0


def test_a_clock_that_another_view_goes_by_stays_with_that_view(
    page: FeedSource, monitor: FeedSource
) -> None:
    first, second = both(page, monitor)
    join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    page.clock = "third_party"
    saved(page)
    bring_again(page, by=person(), at=NOW)
    assert clocks(first) == [("third_party", START), ("us", EARLY)]


def test_joined_views_keep_their_clocks_side_by_side(page: FeedSource, monitor: FeedSource) -> None:
    first, second = both(page, monitor)
    join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    assert list(Incident.objects.values_list("source", flat=True)) == ["page"]
    assert clocks(first) == [("us", EARLY), ("vendor_status_page", START)]
    assert [str(record) for record in first.records.order_by("pk")] == ["page: x1", "monitor: m7"]
    first.refresh_from_db()
    assert first.title == "Mail is down"


def test_what_a_view_says_later_moves_its_own_clock_only(page: FeedSource, monitor: FeedSource) -> None:
    first, second = both(page, monitor)
    join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    later = EARLY - timedelta(minutes=1)
    imported(monitor, told(external_id="m7", title="renamed", started_at=later))
    first.refresh_from_db()
    assert (first.title, clocks(first)) == ("Mail is down", [("us", later), ("vendor_status_page", START)])


def test_a_second_view_by_the_same_clock_gives_no_second_outage(page: FeedSource, mail: Service) -> None:
    twin = a_feed("twin", vendor=mail.contract.vendor)
    imported(page, told())
    imported(twin, told(external_id="t1", started_at=EARLY))
    first, second = Incident.objects.get(source="page"), Incident.objects.get(source="twin")
    join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    assert clocks(first) == [("vendor_status_page", START)]
    report = imported(twin, told(external_id="t1", started_at=EARLY, title="again"))
    assert report.rows[0].notes == ("its times are by the same clock as those of page: x1: those stay",)


def test_a_view_that_was_joined_by_mistake_becomes_an_incident_again(
    page: FeedSource, monitor: FeedSource
) -> None:
    first, second = both(page, monitor)
    join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    own = split_record(
        FeedRecord.objects.get(source=monitor), by=person(), at=NOW, reason="Two outages after all"
    )
    assert (own.source, own.external_id, own.title) == ("monitor", "m7", "mail: down")
    assert (clocks(first), clocks(own)) == ([("vendor_status_page", START)], [("us", EARLY)])


def test_what_a_person_confirmed_is_not_joined_away(page: FeedSource, monitor: FeedSource) -> None:
    first, second = both(page, monitor)
    confirm_outage(second.outages.get(), at=NOW, by=person(), reason="Our graph")
    with pytest.raises(ValidationError) as refused:
        join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    assert refused.value.messages == [
        f"A person confirmed or changed the times of {second}. Keep that one, and join the other to it."
    ]
    assert Incident.objects.count() == 2


def test_what_a_person_corrected_outlives_joining_and_taking_apart(
    page: FeedSource, monitor: FeedSource
) -> None:
    first, second = both(page, monitor)
    mine = second.outages.get()
    mine.started_at = EARLY - timedelta(minutes=3)
    record_outage(mine, by=person(), reason="Our graph")
    with pytest.raises(ValidationError, match="A person confirmed or changed the times of"):
        join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    join_incidents(second, first, by=person(), at=NOW, reason="One outage")
    with pytest.raises(ValidationError, match="A person confirmed or changed the times of monitor: m7"):
        split_record(second.records.get(source=monitor), by=person(), at=NOW, reason="Two")
    split_record(second.records.get(source=page), by=person(), at=NOW, reason="Two")
    assert clocks(second) == [("us", EARLY - timedelta(minutes=3))]


def test_a_second_view_by_the_same_clock_is_taken_apart_without_the_first_ones_outage(
    page: FeedSource, mail: Service
) -> None:
    twin = a_feed("twin", vendor=mail.contract.vendor)
    imported(page, told())
    imported(twin, told(external_id="t1", started_at=EARLY))
    first, second = Incident.objects.get(source="page"), Incident.objects.get(source="twin")
    join_incidents(first, second, by=person(), at=NOW, reason="One outage")
    own = split_record(first.records.get(source=twin), by=person(), at=NOW, reason="Two")
    assert clocks(first) == [("vendor_status_page", START)]
    assert (clocks(own), own.vendor) == ([("vendor_status_page", EARLY)], mail.contract.vendor)


def test_an_incident_that_was_typed_in_is_kept_and_a_feeds_is_joined_to_it(
    page: FeedSource, mail: Service
) -> None:
    typed = an_incident(reference="INC-00001")
    an_outage(typed, service=mail, started_at=EARLY, ended_at=END)
    imported(page, told())
    fed = Incident.objects.get(source="page")
    with pytest.raises(ValidationError) as refused:
        join_incidents(fed, typed, by=person(), at=NOW, reason="One outage")
    assert refused.value.messages == [
        f"{typed} was typed in: keep it, and join the one that came from a feed to it."
    ]
    join_incidents(typed, fed, by=person(), at=NOW, reason="One outage")
    assert clocks(typed) == [("us", EARLY), ("vendor_status_page", START)]


def test_the_vendor_of_what_was_hit_is_proposed(monitor: FeedSource, mail: Service) -> None:
    imported(monitor, told())
    incident = Incident.objects.get()
    assert incident.vendor is None
    [found] = attributions(incident)
    assert (found.vendor, found.why) == (mail.contract.vendor, "mail Mail is delivered by it")


def test_what_a_service_cannot_run_without_is_proposed_first_where_it_was_out_too(
    monitor: FeedSource, mail: Service
) -> None:
    power = a_service(a_contract("GC-1", vendor=a_vendor("gridco")), code="power", name="Power")
    saved(ServiceNeed(service=mail, needs=power))
    imported(monitor, told())
    incident = Incident.objects.get()
    assert [found.vendor.slug for found in attributions(incident)] == ["northrack"]
    an_outage(an_incident(reference="INC-00009"), service=power, started_at=EARLY, ended_at=None)
    found = attributions(incident)
    assert [each.vendor.slug for each in found] == ["gridco", "northrack"]
    assert found[0].why == "mail Mail needs power Power, which was out at the time"
    assert Outage.objects.count() == 2
