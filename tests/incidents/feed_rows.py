"""Feeds and what they tell, for tests."""

from datetime import datetime
from typing import Any

from incidents.feeds.values import Feed, FeedComponent, FeedIncident, FeedMaintenance
from incidents.models import FeedSource
from incidents.services import ImportReport, import_feed
from tests.incidents.rows import at
from tests.vendors.rows import person, saved
from vendors.models import Vendor

START, POSTED, END = at("2019-06-25 04:15"), at("2019-06-25 05:15"), at("2019-06-25 05:28")
NOW = at("2019-07-02 12:00")


def a_feed(code: str = "page", *, vendor: Vendor | None = None, **fields: Any) -> FeedSource:
    """Return a feed on file, a status page unless said otherwise."""
    return saved(FeedSource(**{"code": code, "kind": "statuspage", "vendor": vendor, **fields}))


def told(**fields: Any) -> FeedIncident:
    """Return an incident of mail sending, 73 minutes long, posted an hour late."""
    defaults: dict[str, Any] = {
        "external_id": "x1",
        "title": "Mail is down",
        "severity": "major",
        "status": "resolved",
        "started_at": START,
        "first_posted_at": POSTED,
        "resolved_at": END,
        "changed_at": None,
        "components": (FeedComponent(name="Mail sending"),),
    }
    return FeedIncident(**{**defaults, **fields})


def noticed(**fields: Any) -> FeedMaintenance:
    """Return a notice of an hour's work on mail sending, two days ahead."""
    defaults: dict[str, Any] = {
        "external_id": "mw1",
        "title": "Upgrade",
        "starts_at": at("2019-07-05 01:00"),
        "ends_at": at("2019-07-05 02:00"),
        "noticed_at": at("2019-07-03 01:00"),
        "components": (FeedComponent(name="Mail sending"),),
    }
    return FeedMaintenance(**{**defaults, **fields})


def imported(source: FeedSource, *values: Any, when: datetime = NOW, **options: Any) -> ImportReport:
    """Bring incidents, notices, events and samples of a feed in."""
    kinds: dict[str, list[Any]] = {"incidents": [], "maintenances": [], "events": [], "samples": []}
    names = {"FeedIncident": "incidents", "FeedMaintenance": "maintenances"}
    for value in values:
        kinds[names.get(type(value).__name__, f"{type(value).__name__[4:].lower()}s")].append(value)
    feed = Feed(**{name: tuple(rows) for name, rows in kinds.items()})
    return import_feed(feed, source=source, by=person("robot"), at=when, **options)
