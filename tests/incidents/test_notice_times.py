"""Whose word the time of a notice is: when it reached us, or what its sender states."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from incidents.admin.maintenance import notice_in_words
from incidents.feeds.maintnote import read_maintnote
from incidents.feeds.notice_mail import read_notice_mail
from incidents.feeds.values import FeedContext, FeedMaintenance
from incidents.models import FeedSource, MaintenanceWindow
from tests.incidents.feed_rows import a_feed, imported, noticed
from tests.incidents.rows import at
from tests.incidents.test_maintnote import calendar, event
from tests.incidents.test_notice_mail import CALENDAR, mail
from tests.vendors.rows import a_contract, a_service, saved
from vendors.models import ServiceAlias

pytestmark = pytest.mark.django_db
STATED, CAME = at("2019-07-03 01:00"), at("2019-07-04 20:00")


@pytest.fixture
def page() -> FeedSource:
    """Return a feed of a vendor with a service."""
    service = a_service(a_contract(), code="mail", name="Mail")
    saved(ServiceAlias(service=service, name="Mail sending"))
    return a_feed(vendor=service.contract.vendor)


def kept(page: FeedSource, *said: FeedMaintenance, when: datetime = CAME) -> MaintenanceWindow:
    for each in said:
        imported(page, each, when=when)
    return MaintenanceWindow.objects.get()


def times(window: MaintenanceWindow) -> tuple[datetime | None, datetime | None, datetime | None]:
    return window.noticed_at, window.stated_at, window.received_at


def test_what_the_sender_states_is_used_and_named_so_beside_when_it_was_first_seen(page: FeedSource) -> None:
    window = kept(page, noticed())
    assert times(window) == (STATED, STATED, CAME)
    assert list(notice_in_words(window)) == [
        "Its sender's own statement, which could be written later.",
        "First seen here 2019-07-04 20:00 UTC.",
    ]


def test_when_it_reached_us_is_used_where_that_is_known(page: FeedSource) -> None:
    window = kept(page, noticed(noticed_at=CAME, has_arrived=True, stated_at=STATED))
    assert times(window) == (CAME, STATED, CAME)
    assert list(notice_in_words(window)) == ["When it reached us.", "Its sender states 2019-07-03 01:00 UTC."]


def test_a_reminder_leaves_the_first_times_and_moved_work_begins_anew(page: FeedSource) -> None:
    later = at("2019-07-04 23:00")
    kept(page, noticed())
    window = kept(page, noticed(noticed_at=later), when=later)
    assert times(window) == (STATED, STATED, CAME)
    moved = kept(page, noticed(noticed_at=later, starts_at=at("2019-07-05 00:30")), when=later)
    assert times(moved) == (later, later, later)


def test_a_stamp_that_is_written_earlier_afterwards_shows_as_the_senders_word(page: FeedSource) -> None:
    earlier = at("2019-06-20 00:00")
    kept(page, noticed(noticed_at=CAME, has_arrived=True))
    window = kept(page, noticed(noticed_at=earlier))
    assert times(window) == (earlier, earlier, CAME)


def test_of_a_window_from_before_this_was_kept_nobody_knows_when_it_was_first_seen(page: FeedSource) -> None:
    window = kept(page, noticed())
    said = {name: text for name, text in window.feed_said.items() if name not in ("stated_at", "received_at")}
    MaintenanceWindow.objects.update(stated_at=None, received_at=None, feed_said=said)
    assert times(kept(page, noticed())) == (STATED, STATED, None)


@pytest.mark.parametrize(
    ("is_sent", "found"),
    [
        (False, (at("2015-10-10 00:10"), False, at("2015-10-10 00:10"))),
        (True, (at("2015-10-10 06:00"), True, at("2015-10-10 00:10"))),
    ],
)
def test_a_calendar_counts_by_its_stamp_where_it_was_fetched_and_by_its_arrival_where_it_was_sent(
    is_sent: bool, found: tuple[object, ...]
) -> None:
    context = FeedContext(received_at=at("2015-10-10 06:00"), is_sent=is_sent)
    [said] = read_maintnote(calendar(event()), context).maintenances
    assert (said.noticed_at, said.has_arrived, said.stated_at) == found


@pytest.mark.parametrize(
    ("without", "is_sent", "found"),
    [
        ((), False, (at("2021-12-15 17:55:52"), True)),
        ((), True, (at("2021-12-15 17:55:52"), True)),
        # No server stamped it: only who knows that it was sent just then knows when it came.
        (("Received",), True, (at("2022-02-01 00:00"), True)),
        (("Received",), False, (at("2021-12-15 17:55:48"), False)),
    ],
)
def test_a_mail_counts_by_its_servers_stamp_else_by_its_arrival_and_last_by_its_own_date(
    without: tuple[str, ...], is_sent: bool, found: tuple[object, ...]
) -> None:
    context = replace(FeedContext(received_at=at("2022-02-01 00:00")), is_sent=is_sent)
    content = mail(("text/calendar", CALENDAR.format(uid=1)), without=without)
    [said] = read_notice_mail(content, context).maintenances
    assert (said.noticed_at, said.has_arrived) == found
    assert said.stated_at == at("2021-12-15 17:55:48")
