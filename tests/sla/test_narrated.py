"""What the times that a text tells of would change in money, before a person takes them."""

from datetime import timedelta

import pytest

from incidents.feeds.values import FeedWindow
from incidents.models import FeedSource, ProposedWindow
from sla.services.narrated import money_of_windows
from tests.builders import a_contract_with_power, a_schedule, at, person, saved
from tests.incidents.feed_rows import a_feed, imported, told
from vendors.models import ServiceAlias

pytestmark = pytest.mark.django_db
NOW = at("2019-07-02 12:00")
POSTED, OVER = at("2019-06-25 05:15"), at("2019-06-25 05:28")


@pytest.fixture
def page() -> FeedSource:
    """Return the page of a vendor whose service costs 2,000 dollars: 10 % below 99.9, 25 % below 99."""
    contract = a_contract_with_power()
    saved(ServiceAlias(service=contract.services.get(), name="Mail sending"))
    return a_feed(vendor=contract.vendor)


def money(page: FeedSource, *, start: str, end: str) -> str:
    narrated = FeedWindow(start=at(start), end=at(end), quote="as we found out")
    imported(page, told(started_at=POSTED, resolved_at=OVER, windows=(narrated,)))
    window = ProposedWindow.objects.get()
    boss = person("boss", is_superuser=True)
    return money_of_windows([window], user=boss, now=NOW).get(window.pk, "none")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        # June has 43,200 minutes: 13 of them posted are 99.97 %, 73 are 99.83 %, 500 are 98.84 %.
        ("2019-06-25 04:15", "2019-06-25 05:28", "USD 200.00 more"),
        ("2019-06-24 21:08", "2019-06-25 05:28", "USD 500.00 more"),
        ("2019-06-25 05:10", "2019-06-25 05:28", "no difference in money"),
    ],
)
def test_the_credit_of_the_period_is_compared(page: FeedSource, start: str, end: str, said: str) -> None:
    a_schedule()
    assert money(page, start=start, end=end) == said


def test_a_narrated_window_may_cost_us(page: FeedSource) -> None:
    a_schedule()
    narrated = FeedWindow(start=OVER - timedelta(minutes=5), end=OVER, quote="five minutes only")
    imported(page, told(started_at=at("2019-06-25 04:15"), resolved_at=OVER, windows=(narrated,)))
    window = ProposedWindow.objects.get()
    found = money_of_windows([window], user=person("boss", is_superuser=True), now=NOW)
    assert found == {window.pk: "USD 200.00 less"}


def test_without_terms_nothing_is_said(page: FeedSource) -> None:
    assert money(page, start="2019-06-25 04:15", end="2019-06-25 05:28") == "none"


def test_only_the_first_windows_are_computed(page: FeedSource) -> None:
    a_schedule()
    windows = tuple(
        FeedWindow(start=at("2019-06-25 04:15"), end=OVER + timedelta(minutes=n), quote="x") for n in range(3)
    )
    imported(page, told(started_at=POSTED, resolved_at=OVER, windows=windows))
    found = money_of_windows(
        ProposedWindow.objects.order_by("pk"), user=person("boss", is_superuser=True), now=NOW, most=2
    )
    assert len(found) == 2
