"""What joining two incidents would change in money, and whose clock holds then, before anybody does."""

import pytest
from django.test import Client

from incidents.feeds.values import FeedWindow
from incidents.models import FeedRecord, FeedSource, Incident, Outage, ProposedWindow
from incidents.services import accept_window, confirm_outage
from incidents.services.feeds.joining import JoinEffect
from sla.services.joins import effects_of_joins
from tests.builders import a_contract_with_power, a_schedule, at, person, saved
from tests.incidents.feed_rows import NOW, a_feed, imported, told
from vendors.models import ServiceAlias
from vendors.services import remove_record

pytestmark = pytest.mark.django_db
INBOX = "/admin/incidents/feedsource/inbox/"
SIX_HOURS = FeedWindow(start=at("2019-06-25 00:00"), end=at("2019-06-25 08:00"), quote="From midnight on")


@pytest.fixture
def page() -> FeedSource:
    """Return the page of a vendor whose service costs 2,000 dollars: 10 % below 99.9, 25 % below 99."""
    contract = a_contract_with_power()
    saved(ServiceAlias(service=contract.services.get(), name="Mail sending"))
    a_schedule()
    return a_feed(vendor=contract.vendor)


def both(page: FeedSource) -> tuple[Incident, Incident]:
    """Return an outage of 73 minutes by the vendor's page, of which our monitor saw 13."""
    imported(page, told(windows=(SIX_HOURS,)))
    imported(a_feed("monitor", clock="us"), told(external_id="m7", started_at=at("2019-06-25 05:15")))
    return Incident.objects.get(source="page"), Incident.objects.get(source="monitor")


def effect(kept: Incident, other: Incident) -> JoinEffect:
    boss = person("boss", is_superuser=True)
    return effects_of_joins([(kept, other)], user=boss, now=NOW)[kept.pk, other.pk]


def test_whose_clock_holds_and_the_money_are_said_and_nothing_is_joined(page: FeedSource) -> None:
    # June has 43,200 minutes: 73 are 99.83 %, 13 are 99.97 %.
    first, second = both(page)
    before = list(Outage.objects.order_by("pk").values())
    found = effect(first, second)
    assert found == JoinEffect(
        holds="The times by “Us” hold", money="USD 200.00 less: USD 0.00 instead of USD 200.00"
    )
    assert list(Outage.objects.order_by("pk").values()) == before
    assert Incident.objects.count() == 2
    assert not Incident.history.filter(history_change_reason="To see what changes").exists()
    assert FeedRecord.objects.get(source__code="monitor").incident == second


def test_times_that_a_person_accepted_and_that_would_count_no_more_are_warned_of(page: FeedSource) -> None:
    first, second = both(page)
    accept_window(ProposedWindow.objects.get(), by=person(), at=NOW, reason="Their own words")
    assert effect(first, second) == JoinEffect(
        holds="The times by “Us” hold",
        money="USD 500.00 less: USD 0.00 instead of USD 500.00",
        warning="A person accepted 2019-06-25 00:00 to 2019-06-25 08:00 (Vendor's status page): "
        "it would count no more",
    )


def test_confirmed_times_of_the_clock_that_holds_are_no_warning(page: FeedSource) -> None:
    first, second = both(page)
    confirm_outage(second.outages.get(), at=NOW, by=person(), reason="Our graph")
    assert effect(second, first) == JoinEffect(
        holds="The times by “Us” hold", money="USD 200.00 less: USD 0.00 instead of USD 200.00"
    )


def test_what_cannot_be_joined_says_why(page: FeedSource) -> None:
    first, second = both(page)
    confirm_outage(second.outages.get(), at=NOW, by=person(), reason="Our graph")
    assert effect(first, second).refused == (
        f"A person confirmed or changed the times of {second}. Keep that one, and join the other to it."
    )


def test_only_the_first_pairs_are_computed(page: FeedSource) -> None:
    first, second = both(page)
    boss = person("boss", is_superuser=True)
    pairs = [(first, second), (second, first)]
    assert set(effects_of_joins(pairs, user=boss, now=NOW, most=1)) == {(first.pk, second.pk)}


def test_the_page_of_an_incident_shows_both_times_clock_and_money_before_joining(
    page: FeedSource, client: Client
) -> None:
    client.force_login(person("boss", is_staff=True, is_superuser=True))
    first, second = both(page)
    shown = client.get(f"/admin/incidents/incident/{first.pk}/change/").content.decode()
    for text in (
        "Us: 2019-06-25 05:15 to 05:28, 13 min",
        "Vendor&#x27;s status page: 2019-06-25 04:15 to 05:28, 73 min",
        "The times by “Us” hold. USD 200.00 less: USD 0.00 instead of USD 200.00.",
    ):
        assert text in shown
    # One that is not proposed is compared by its reference.
    remove_record(second.outages.get(), by=person(), reason="Another outage")
    address = f"/admin/incidents/incident/{first.pk}/change/"
    assert "Join it to this one" not in client.get(address).content.decode()
    assert "Join it to this one" in client.get(address, {"with": second.reference}).content.decode()
    gone = client.get(address, {"with": "NONE-1"}).content.decode()
    assert "No incident that you may see has the reference &#x27;NONE-1&#x27;." in gone
    assert Incident.objects.count() == 2
