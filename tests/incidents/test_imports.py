"""Importing a feed: again and again, and never over a person's correction."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from incidents.feeds.statuspage import read_statuspage
from incidents.feeds.values import Feed, FeedComponent, FeedIncident, FeedMaintenance
from incidents.models import (
    FeedSource,
    Incident,
    MaintenanceWindow,
    Milestone,
    Outage,
    SourceWatch,
)
from incidents.services import (
    ImportReport,
    confirm_outage,
    import_feed,
    known_feed,
    record_incident,
    record_outage,
    record_row,
    withdraw_outage,
)
from tests.incidents.rows import an_incident, at
from tests.vendors.rows import a_contract, a_service, a_vendor, person, saved
from vendors.models import FactChange, Service, ServiceAlias, Vendor

pytestmark = pytest.mark.django_db

CAPTURES = Path(__file__).parent / "captures"
NOW = at("2019-07-02 12:00")
START, POSTED, END = at("2019-06-25 04:15"), at("2019-06-25 05:15"), at("2019-06-25 05:28")


@pytest.fixture
def mail() -> Service:
    """Return a service that feeds call "Mail sending"."""
    service = a_service(a_contract(), code="mail", name="Mail")
    saved(ServiceAlias(service=service, name="Mail sending"))
    return service


def said(**fields: Any) -> FeedIncident:
    defaults: dict[str, Any] = {
        "external_id": "x1",
        "title": "Mail is down",
        "narrative": "We look into it.",
        "severity": "major",
        "status": "resolved",
        "planned": False,
        "started_at": START,
        "first_posted_at": POSTED,
        "resolved_at": END,
        "changed_at": None,
        "components": (FeedComponent(name="mail sending", worst_status="partial_outage"),),
    }
    return FeedIncident(**{**defaults, **fields})


def notice(**fields: Any) -> FeedMaintenance:
    defaults: dict[str, Any] = {
        "external_id": "mw1",
        "title": "Upgrade",
        "starts_at": at("2019-07-01 01:00"),
        "ends_at": at("2019-07-01 02:00"),
        "noticed_at": at("2019-06-29 01:00"),
        "actual_started_at": None,
        "actual_ended_at": None,
        "components": (FeedComponent(name="Mail sending"),),
    }
    return FeedMaintenance(**{**defaults, **fields})


def brought(
    *incidents: FeedIncident, windows: tuple[FeedMaintenance, ...] = (), **options: Any
) -> ImportReport:
    heard: datetime | None = options.pop("heard_at", None)
    feed = Feed(page_name="Page", heard_at=heard, incidents=incidents, maintenances=windows, problems=())
    source = known_feed(Vendor.objects.get(slug="northrack"), kind="statuspage", by=person("robot"))
    return import_feed(feed, source=source, by=person("robot"), at=NOW, **options)


def outcomes(report: ImportReport) -> list[tuple[str, str]]:
    return [(row.external_id, str(row.outcome)) for row in report.rows]


def counts() -> tuple[int, ...]:
    models = (Incident, Outage, Milestone, MaintenanceWindow, FactChange, SourceWatch)
    return tuple(model.objects.count() for model in models)  # type: ignore[attr-defined]


def test_a_first_import_records_the_incident_its_outage_and_its_moments(mail: Service) -> None:
    report = brought(said())
    assert outcomes(report) == [("x1", "created")]
    incident = Incident.objects.get()
    assert (incident.reference, incident.vendor, incident.source) == (
        "northrack-x1",
        mail.contract.vendor,
        "northrack-statuspage",
    )
    assert (incident.severity, incident.status, incident.planned) == ("major", "resolved", False)
    outage = Outage.objects.get()
    assert (outage.service, outage.measured_by, outage.kind) == (mail, "vendor_status_page", "degraded")
    assert (outage.started_at, outage.ended_at) == (START, END)
    assert [(row.kind, row.at) for row in incident.milestones.all()] == [
        ("occurred", START),
        ("detected", POSTED),
        ("resolved", END),
    ]
    assert incident.history.get().history_change_reason == "Import from northrack-statuspage"


def test_a_second_import_of_the_same_changes_nothing(mail: Service) -> None:
    brought(said(), windows=(notice(),))
    before = counts()
    report = brought(said(), windows=(notice(),))
    assert outcomes(report) == [("x1", "unchanged"), ("mw1", "unchanged")]
    assert counts() == before
    assert Incident.objects.get().history.count() == 1


def test_what_the_feed_changed_is_followed(mail: Service) -> None:
    brought(said(status="investigating", resolved_at=None))
    assert Outage.objects.get().ended_at is None
    report = brought(said(title="Mail was down"))
    assert outcomes(report) == [("x1", "updated")]
    incident = Incident.objects.get()
    assert (incident.title, incident.status) == ("Mail was down", "resolved")
    assert (Outage.objects.get().ended_at, Milestone.objects.count()) == (END, 3)


def correct(row: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    record_row(row, by=person("maria"), reason="seen in our own graphs")


def test_a_persons_correction_is_kept_and_shown(mail: Service) -> None:
    brought(said())
    earlier = at("2019-06-25 04:02")
    correct(Outage.objects.get(), started_at=earlier)
    correct(Incident.objects.get(), severity="critical")
    report = brought(said(title="Mail was down"))
    assert outcomes(report) == [("x1", "conflicting")]
    assert report.rows[0].notes == (
        "incident 'severity' stays critical; the feed says major",
        "outage 'from' stays 2019-06-25 04:02 UTC; the feed says 2019-06-25 04:15 UTC",
    )
    incident, outage = Incident.objects.get(), Outage.objects.get()
    assert (incident.severity, incident.title) == ("critical", "Mail was down")
    assert (outage.started_at, outage.ended_at) == (earlier, END)


def test_a_correction_stays_the_persons_even_after_the_feed_once_agreed(mail: Service) -> None:
    brought(said())
    corrected = at("2019-06-25 04:02")
    correct(Outage.objects.get(), started_at=corrected)
    assert outcomes(brought(said(started_at=corrected))) == [("x1", "updated")]
    assert outcomes(brought(said(started_at=START))) == [("x1", "conflicting")]
    assert Outage.objects.get().started_at == corrected


def test_an_outage_that_somebody_vouches_for_is_not_moved(mail: Service) -> None:
    brought(said())
    confirm_outage(Outage.objects.get(), at=at("2019-06-26 12:00"), by=person("maria"), reason="checked")
    report = brought(said(resolved_at=END + timedelta(hours=1)))
    assert outcomes(report) == [("x1", "conflicting")]
    outage = Outage.objects.get()
    assert (outage.ended_at, outage.confirmed_by) == (END, person("maria"))


def test_a_withdrawn_outage_is_not_brought_back(mail: Service) -> None:
    brought(said())
    withdraw_outage(Outage.objects.get(), at=END, by=person("maria"), reason="we were not hit")
    report = brought(said(resolved_at=END + timedelta(hours=1)))
    assert outcomes(report) == [("x1", "updated")]
    assert [(row.ended_at, row.withdrawn_at) for row in Outage.objects.all()] == [(END, END)]


def test_another_vendor_given_by_a_person_stays(mail: Service) -> None:
    brought(said())
    other = a_vendor("upstream")
    incident = Incident.objects.get()
    incident.vendor = other
    record_incident(incident, by=person("maria"), reason="their transit failed")
    assert outcomes(brought(said())) == [("x1", "unchanged")]
    assert Incident.objects.get().vendor == other


def test_our_own_clock_is_left_beside_the_vendors(mail: Service) -> None:
    brought(said())
    ours = Outage(
        incident=Incident.objects.get(), service=mail, started_at=at("2019-06-25 04:01"), ended_at=END
    )
    record_outage(ours, by=person("maria"), reason="our probe")
    assert outcomes(brought(said())) == [("x1", "unchanged")]
    assert {(row.measured_by, row.started_at) for row in Outage.objects.all()} == {
        ("us", at("2019-06-25 04:01")),
        ("vendor_status_page", START),
    }


@pytest.mark.parametrize("end", [START, START - timedelta(hours=1)], ids=["no length", "backward"])
def test_an_end_not_after_the_start_is_taken_and_flagged(mail: Service, end: datetime) -> None:
    report = brought(said(resolved_at=end))
    assert outcomes(report) == [("x1", "created")]
    assert report.rows[0].notes == ("needs times: it ends at or before its start and counts 0 s",)
    assert Outage.objects.needing_times().get().ended_at == end


def test_names_that_no_service_goes_by_are_counted(mail: Service) -> None:
    parts = (FeedComponent(name="Mail sending"), FeedComponent(name="Reports"))
    report = brought(said(components=parts), said(external_id="x2", components=parts))
    assert report.unmatched == (("Reports", 2),)
    assert Outage.objects.count() == 2


def test_a_name_learnt_later_brings_the_outage(mail: Service) -> None:
    brought(said(components=(FeedComponent(name="Reports"),)))
    assert Outage.objects.count() == 0
    saved(ServiceAlias(service=mail, name="Reports", source="northrack-statuspage"))
    report = brought(said(components=(FeedComponent(name="Reports"),)))
    assert (outcomes(report), Outage.objects.get().service) == ([("x1", "updated")], mail)


def test_a_name_of_another_feed_or_vendor_matches_nothing(mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Reports", source="some-other-feed"))
    foreign = a_service(a_contract("OT-1", vendor=a_vendor("other")))
    saved(ServiceAlias(service=foreign, name="Calls"))
    names = ("Reports", "Calls")
    report = brought(said(components=tuple(FeedComponent(name=name) for name in names)))
    assert (report.unmatched, Outage.objects.count()) == ((("Calls", 1), ("Reports", 1)), 0)


@pytest.mark.parametrize(
    ("status", "severity", "kind"),
    [
        ("major_outage", "minor", "outage"),
        ("partial_outage", "critical", "degraded"),
        ("degraded_performance", "critical", "degraded"),
        ("", "critical", "outage"),
        ("operational", "major", "outage"),
        ("", "minor", "degraded"),
        ("", "none", "degraded"),
    ],
)
def test_the_kind_follows_the_component_and_else_the_severity(
    mail: Service, status: str, severity: str, kind: str
) -> None:
    brought(said(severity=severity, components=(FeedComponent(name="Mail sending", worst_status=status),)))
    assert Outage.objects.get().kind == kind


def test_planned_work_without_a_window_records_no_outage(mail: Service) -> None:
    report = brought(said(severity="maintenance", planned=True))
    assert (Incident.objects.get().planned, Outage.objects.count()) == (True, 0)
    assert report.rows[0].notes == ("planned work without a window: no outage recorded",)


def test_announced_work_becomes_a_window_with_its_services(mail: Service) -> None:
    brought(windows=(notice(),))
    window = MaintenanceWindow.objects.get()
    assert (window.vendor, window.reference, window.noticed_at) == (
        mail.contract.vendor,
        "mw1",
        at("2019-06-29 01:00"),
    )
    assert [row.service for row in window.services.all()] == [mail]
    correct(window, noticed_at=at("2019-06-28 01:00"))
    report = brought(windows=(notice(actual_ended_at=at("2019-07-01 02:40")),))
    assert outcomes(report) == [("mw1", "conflicting")]
    window.refresh_from_db()
    assert (window.noticed_at, window.actual_ended_at) == (at("2019-06-28 01:00"), at("2019-07-01 02:40"))


def test_a_record_that_cannot_be_kept_is_refused_alone(mail: Service) -> None:
    an_incident("northrack-x1")
    long_id = "y" * 130
    report = brought(said(external_id=long_id), said())
    assert [row.outcome for row in report.rows] == ["refused", "created"]
    assert report.rows[0].notes[0].startswith("Ensure this value has at most 120 characters")
    assert sorted(Incident.objects.values_list("reference", flat=True)) == ["INC-00001", "northrack-x1"]


def test_a_long_title_is_cut_and_shows_it(mail: Service) -> None:
    brought(said(title="x" * 400))
    assert Incident.objects.get().title == "x" * 249 + "…"
    assert outcomes(brought(said(title="x" * 400))) == [("x1", "unchanged")]


def test_the_source_is_heard_for_every_service_it_names(mail: Service) -> None:
    brought(heard_at=END)
    watch = SourceWatch.objects.get()
    assert (watch.service, watch.source, watch.last_heard_at) == (mail, "northrack-statuspage", END)


def test_a_dry_run_tells_the_same_and_keeps_nothing(mail: Service) -> None:
    before = counts()
    report = brought(said(), windows=(notice(),), heard_at=END, dry_run=True)
    assert (report.dry_run, outcomes(report)) == (True, [("x1", "created"), ("mw1", "created")])
    assert counts() == before


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("import_incidents", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_what_became_of_each_record(mail: Service) -> None:
    printed = run(str(CAPTURES / "awkward.json"), "--feed", "statuspage", "--vendor", "northrack")
    assert printed.splitlines() == [
        "Examplepost for Northrack",
        "  created      older-page      Sending is slow",
        "  created      typed-in-late   Checkout failed",
        "  created      over-without-a-time  Mail was late",
        "               needs times: it ends at or before its start and counts 0 s",
        "  created      ends-before-it-starts  Clock trouble",
        "               needs times: it ends at or before its start and counts 0 s",
        "4 records: 4 created, 0 updated, 0 unchanged, 0 conflicting, 0 refused.",
        "Names in the feed that no service goes by (add them to a service under 'Names in feeds'):",
        "  (no part named) (in 3 records)",
        "  Reports (in 1 records)",
    ]
    assert FeedSource.objects.get().code == "northrack-statuspage"
    again = run(str(CAPTURES / "awkward.json"), "--feed", "statuspage", "--vendor", "northrack")
    assert "4 records: 0 created, 0 updated, 4 unchanged, 0 conflicting, 0 refused." in again


def test_the_command_lists_what_it_passed_over(mail: Service) -> None:
    printed = run(str(CAPTURES / "maintenance.json"), "--feed", "statuspage", "--vendor", "northrack")
    assert printed.splitlines()[-2].startswith("  scheduled_maintenances[1]: maintenance 'mw2' ends")
    assert MaintenanceWindow.objects.count() == 1


def test_a_dry_run_of_the_command_leaves_not_even_the_feed(mail: Service) -> None:
    printed = run(
        str(CAPTURES / "awkward.json"), "--feed", "statuspage", "--vendor", "northrack", "--dry-run"
    )
    assert printed.splitlines()[0] == "Examplepost for Northrack: dry run, nothing is kept"
    assert (FeedSource.objects.count(), counts()[0]) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (lambda path: [str(path / "none.json")], "none.json cannot be read: No such file or directory."),
        (lambda path: [str(path)], "cannot be read: Is a directory."),
        (lambda path: [str(path / "cut.json")], "The file is not JSON, or was cut off"),
        (lambda path: [str(path / "list.json")], "The file holds a list, not an object."),
    ],
)
def test_bad_input_ends_with_status_2_and_changes_nothing(
    mail: Service, tmp_path: Path, arguments: Callable[[Path], list[str]], message: str
) -> None:
    (tmp_path / "cut.json").write_bytes((CAPTURES / "awkward.json").read_bytes()[:900])
    (tmp_path / "list.json").write_text(json.dumps([1]))
    before = counts()
    with pytest.raises(CommandError) as error:
        run(*arguments(tmp_path), "--feed", "statuspage", "--vendor", "northrack")
    assert (error.value.returncode, message in str(error.value)) == (2, True)
    assert (counts(), FeedSource.objects.count()) == (before, 0)


def test_an_unknown_vendor_is_named_with_the_known_ones(mail: Service) -> None:
    with pytest.raises(CommandError) as error:
        run(str(CAPTURES / "awkward.json"), "--feed", "statuspage", "--vendor", "nortrack")
    assert str(error.value) == "No vendor has the short name 'nortrack'. Known are: northrack."
    assert error.value.returncode == 2


def test_a_real_page_is_imported_whole(mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Actions"))
    feed = read_statuspage((CAPTURES / "github-2023.json").read_bytes())
    source = known_feed(Vendor.objects.get(), kind="statuspage", by=person("robot"))
    report = import_feed(feed, source=source, by=person("robot"), at=NOW)
    assert outcomes(report) == [("9f8dkxjg67qq", "created"), ("tpykx175y6jt", "created")]
    assert report.unmatched == (("Issues", 1),)
    assert Outage.objects.get().incident.external_id == "tpykx175y6jt"
