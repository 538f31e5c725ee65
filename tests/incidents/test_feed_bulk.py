"""Many new incidents are written together, and nothing tells that apart from writing them one by one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from incidents.feeds.values import FeedComponent, FeedIncident, FeedMoment, FeedWait, FeedWindow
from incidents.models import (
    ClockStop,
    FeedRecord,
    FeedSource,
    Incident,
    Milestone,
    Outage,
    ProposedWindow,
)
from incidents.services import Outcome
from incidents.services.feeds import bulk, importing
from tests.incidents.feed_rows import END, START, a_feed, imported, told
from tests.incidents.rows import an_incident
from tests.vendors.rows import a_contract, a_service, saved
from vendors.models import FactChange, ServiceAlias

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
FEED: list[FeedIncident] = [
    told(),
    told(external_id="open", resolved_at=None, status="investigating", started_at=START + HOUR),
    told(external_id="none", components=(), started_at=START + 2 * HOUR),
    told(external_id="unknown", components=(FeedComponent(name="Search"),)),
    told(external_id="backward", resolved_at=START - HOUR),
    told(external_id="planned", planned=True, severity="maintenance"),
    told(external_id="startless", started_at=None, first_posted_at=None),
    told(external_id="ticket", resolved_at=None, status="open", components=(), started_at=START + 3 * HOUR),
    told(
        external_id="rich",
        moments=(FeedMoment(kind="acknowledged", at=START + HOUR),),
        waits=(FeedWait(stopped_at=START, resumed_at=END, reason="no_answer"),),
        windows=(FeedWindow(start=START, end=END, quote="between"),),
    ),
    told(external_id="long", title="x" * 300),
    told(external_id="n" * 110),
]


@pytest.fixture
def page() -> FeedSource:
    """Return the page of a vendor with two contracts; one of its services is "Mail sending"."""
    contract = a_contract()
    saved(ServiceAlias(service=a_service(contract, code="mail", name="Mail"), name="Mail sending"))
    a_contract("NR-2019", vendor=contract.vendor)
    return a_feed(vendor=contract.vendor)


def rows() -> list[list[Any]]:
    """Return all that an import wrote, without keys and instants of writing."""
    tables: list[tuple[Any, tuple[str, ...]]] = [
        (Incident, ("reference", "title", "status", "severity", "planned", "vendor__slug", "feed_said")),
        (Outage, ("incident__external_id", "service__code", "kind", "started_at", "ended_at", "feed_said")),
        (Milestone, ("incident__external_id", "kind", "at", "feed_said")),
        (ClockStop, ("incident__external_id", "stopped_at", "resumed_at", "reason", "feed_said")),
        (FeedRecord, ("external_id", "said", "unmatched", "conflicts", "incident__external_id")),
        (ProposedWindow, ("record__external_id", "starts_at", "ends_at", "quote")),
        *(
            (model.history.model, ("history_type", "history_user__username", "history_change_reason"))
            for model in (Incident, Outage, Milestone, ClockStop)
        ),
    ]
    return [sorted(model.objects.values_list(*fields), key=repr) for model, fields in tables]


def moved(*, after: int) -> set[tuple[str, Any, Any]]:
    """Return which contracts' figures are noted to have moved, and the outermost times of it."""
    spans: dict[str, list[tuple[Any, Any]]] = {}
    for change in FactChange.objects.filter(pk__gt=after).exclude(contract=None).select_related("contract"):
        assert change.contract is not None
        spans.setdefault(change.contract.reference, []).append((change.case_from, change.case_until))
    return {
        (
            reference,
            min(start for start, _ in each),
            None if any(not end for _, end in each) else max(each)[1],
        )
        for reference, each in spans.items()
    }


def last(ends: Iterable[Any]) -> Any:
    """Return the last of some ends, None where one is open."""
    found = list(ends)
    return None if None in found else max(found)


def brought(page: FeedSource, *, slowly: bool, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    if slowly:
        monkeypatch.setattr(importing, "bring_new", lambda told, run: {})
    report = imported(page, *FEED)
    return [(row.external_id, row.outcome, row.notes) for row in report.rows]


@pytest.mark.parametrize("slowly", [True, False])
def test_together_or_one_by_one_the_same_is_written(
    page: FeedSource, monkeypatch: pytest.MonkeyPatch, slowly: bool, seen: dict[str, Any]
) -> None:
    before = FactChange.objects.order_by("pk").last()
    said = brought(page, slowly=slowly, monkeypatch=monkeypatch)
    found = {"said": said, "rows": rows(), "moved": moved(after=before.pk if before else 0)}
    assert len(found["rows"][0]) == len(FEED)
    assert found == seen.setdefault("found", found)


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """Keep what the first way wrote, for the second."""
    return {}


def test_the_number_of_queries_does_not_grow_with_the_records(page: FeedSource) -> None:
    counted = []
    for size in (5, 50):
        with CaptureQueriesContext(connection) as queries:
            imported(page, *(told(external_id=f"{size}-{number}") for number in range(size)))
        counted.append(len(queries))
    assert counted[1] <= counted[0]


def test_what_is_told_again_without_news_costs_no_statement_of_its_own(page: FeedSource) -> None:
    counted = []
    for size in (5, 50):
        records = [told(external_id=f"{size}-{number}") for number in range(size)]
        imported(page, *records)
        with CaptureQueriesContext(connection) as queries:
            report = imported(page, *records)
        assert report.count(Outcome.UNCHANGED) == size
        counted.append(len(queries))
    assert counted[1] <= counted[0]


def test_an_incident_whose_number_is_taken_gets_the_next_free_one(page: FeedSource) -> None:
    an_incident(reference="northrack-x1")
    imported(page, told(), told(external_id="x2"))
    assert sorted(Incident.objects.exclude(source="").values_list("reference", flat=True)) == [
        "INC-00001",
        "northrack-x2",
    ]


def test_where_writing_together_fails_each_is_written_alone(
    page: FeedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise IntegrityError("somebody was faster")

    monkeypatch.setattr(bulk, "note_changes", fail)
    report = imported(page, *FEED)
    assert report.count(Outcome.CREATED) == len(FEED)
    assert Incident.objects.count() == FeedRecord.objects.count() == len(FEED)


def test_a_record_that_comes_twice_in_one_file_is_one_incident(page: FeedSource) -> None:
    report = imported(page, told(), told(title="Told again"))
    assert [row.outcome for row in report.rows] == [Outcome.CREATED, Outcome.UPDATED]
    assert Incident.objects.get().title == "Told again"
