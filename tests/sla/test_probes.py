"""Our own probes: off by default, our indication only, and nothing said of what nobody measured."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from incidents.models import Incident, Outage, Probe, ProbeDay, ProbeState, SourceWatch
from incidents.services.probes import running
from incidents.services.web.asking import WebError
from sla.models import Duty
from sla.services import intake
from sla.services.duties.rounds import run_round
from sla.services.duties.running import run_next
from tests.builders import a_contract, a_service, at, saved
from tests.incidents.webs import FakeWeb, Said
from tests.sla.running import Clock, a_closing_schedule, clock
from vendors.models import Service

pytestmark = pytest.mark.django_db

URL = "https://api.example/health"
START = "2026-07-06 06:00"
GOOD, BAD = Said(b"all well"), Said(b"broken", status=503)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, settings: Any) -> FakeWeb:
    settings.PROBES = "public"
    made = FakeWeb({URL: GOOD})
    real = running.asked
    monkeypatch.setattr(intake, "asked", lambda probe, **given: real(probe, web=made, **given))
    return made


def a_probe(service: Service | None = None, **fields: Any) -> Probe:
    service = service or a_service(a_contract(), code="api", name="API")
    given = {"code": "api-health", "name": "API", "url": URL, "is_active": True, "every_seconds": 60}
    return saved(Probe(service=service, **{**given, **fields}))


def probed(web: FakeWeb, row: str, *, now: Clock) -> None:
    """Let minutes go by: u a good answer, d a bad one, ? one that fails on our side, . no worker at all."""
    said = {"u": GOOD, "d": BAD, "?": WebError("no way out", is_ours=True)}
    for sign in row:
        if sign != ".":
            web.pages = {URL: said[sign]}
            run_round(clock=now)
        now.forward(minutes=1)


def outages() -> list[tuple[str, str, str, str]]:
    rows = Outage.objects.order_by("started_at")
    return [
        (
            row.kind,
            f"{row.started_at:%H:%M}",
            f"{row.ended_at:%H:%M}" if row.ended_at else "",
            row.measured_by,
        )
        for row in rows
    ]


@pytest.mark.parametrize(("setting", "is_active"), [("off", True), ("public", False)])
def test_no_probe_is_asked_unless_the_setting_and_its_own_switch_say_so(
    web: FakeWeb, settings: Any, setting: str, is_active: bool
) -> None:
    settings.PROBES = setting
    a_probe(is_active=is_active)
    probed(web, "uu", now=clock(START))
    assert (web.asked, Duty.objects.filter(kind="probe").count()) == ([], 0)


def test_probes_are_off_by_default(settings: Any) -> None:
    assert settings.PROBES == "off"
    assert Probe().is_active is False


def test_two_failures_in_a_row_are_an_outage_from_the_first_and_by_our_clock(web: FakeWeb) -> None:
    a_probe()
    now = clock(START)
    probed(web, "udud", now=now)
    assert outages() == []
    probed(web, "d", now=now)
    assert outages() == [("outage", "06:03", "", "us")]
    incident = Incident.objects.get()
    assert incident.title == "Our own indication: API did not answer as expected"
    assert "It said: It answered with status 503, not 200." in incident.narrative
    assert (incident.source, incident.status) == ("probes-northrack", "open")
    probed(web, "ddu", now=now)
    assert outages() == [("outage", "06:03", "06:07", "us")]
    assert (Incident.objects.count(), Incident.objects.get().status) == (1, "resolved")


def test_each_day_keeps_its_counts(web: FakeWeb) -> None:
    probe = a_probe()
    probed(web, "uudd?u", now=clock("2026-07-06 23:57"))
    assert [str(day) for day in ProbeDay.objects.filter(probe=probe)] == [
        "2026-07-07: 1 up, 1 down, 1 unknown",
        "2026-07-06: 2 up, 1 down, 0 unknown",
    ]


def test_a_gap_is_unmeasured_and_never_up(web: FakeWeb) -> None:
    a_probe()
    probed(web, "uu......u", now=clock(START))
    assert outages() == [("unmeasured", "06:01", "06:08", "us")]
    assert str(ProbeDay.objects.get()) == "2026-07-06: 3 up, 0 down, 6 unknown"


def test_what_was_out_before_a_gap_ends_with_the_last_failure_known(web: FakeWeb) -> None:
    a_probe()
    probed(web, "udd.....dd", now=clock(START))
    assert outages() == [
        ("outage", "06:01", "06:02", "us"),
        ("unmeasured", "06:02", "06:08", "us"),
        ("outage", "06:08", "", "us"),
    ]


def test_beside_a_status_page_that_is_heard_a_gap_of_ours_is_none(web: FakeWeb) -> None:
    probe = a_probe()
    saved(SourceWatch(service=probe.service, source="page", last_heard_at=at("2026-07-06 05:00")))
    probed(web, "uu......u", now=clock(START))
    assert outages() == []
    assert ProbeDay.objects.get().unknown == 6


def test_what_fails_on_our_side_is_not_the_vendors(web: FakeWeb) -> None:
    a_probe()
    probed(web, "u???", now=clock(START))
    assert outages() == []
    assert ProbeState.objects.get().error == "no way out"


def test_a_probe_is_heard_only_while_it_measures(web: FakeWeb) -> None:
    a_probe()
    now = clock(START)
    probed(web, "u??", now=now)
    now.forward(hours=7)
    probed(web, "?", now=now)
    assert SourceWatch.objects.get().last_heard_at == at(START)
    probed(web, "d", now=now)
    assert SourceWatch.objects.get().last_heard_at == at("2026-07-06 13:04")


def test_one_that_is_switched_off_while_out_ends_with_its_last_failure(web: FakeWeb, settings: Any) -> None:
    probe = a_probe()
    now = clock(START)
    probed(web, "udd", now=now)
    settings.PROBES = "off"
    probed(web, "d.", now=now)
    assert outages() == [("outage", "06:01", "06:02", "us")]
    settings.PROBES = "public"
    probed(web, "u", now=now)
    assert ProbeState.objects.get(probe=probe).probed_at == at("2026-07-06 06:05")


def test_a_private_address_is_asked_only_where_the_setting_says_so(web: FakeWeb, settings: Any) -> None:
    service = a_service(a_contract(), code="api", name="API")
    with pytest.raises(ValidationError, match="Only RECOURSE_PROBES=private lets probes ask inside"):
        a_probe(service, url="http://10.0.0.5:8080/")
    settings.PROBES = "private"
    a_probe(service, url="http://10.0.0.5:8080/")
    settings.PROBES = "public"
    web.hosts = {"10.0.0.5": ["10.0.0.5"]}
    web.pages = {"http://10.0.0.5:8080/": GOOD}
    now = clock(START)
    run_round(clock=now)
    assert web.connected == []
    assert str(ProbeDay.objects.get()).endswith("0 up, 0 down, 1 unknown")
    settings.PROBES = "private"
    now.forward(minutes=1)
    run_round(clock=now)
    assert web.connected == ["10.0.0.5"]
    assert str(ProbeDay.objects.get()).endswith("1 up, 0 down, 1 unknown")


@pytest.mark.parametrize(
    ("said", "fields", "why"),
    [
        (Said(b"", status=404), {}, "It answered with status 404, not 200."),
        (Said(b"half"), {"expected_text": "all well"}, "Its answer lacks 'all well'."),
        (WebError("It did not answer in full within 10 seconds."), {}, "It did not answer in full"),
    ],
)
def test_an_answer_that_is_not_the_right_one_is_a_failure(
    web: FakeWeb, said: Any, fields: dict[str, Any], why: str
) -> None:
    a_probe(**fields)
    web.pages = {URL: said}
    run_round(clock=clock(START))
    state = ProbeState.objects.get()
    assert (state.failures, state.error.startswith(why)) == (1, True)


def test_another_status_may_be_the_right_one(web: FakeWeb) -> None:
    a_probe(expected_status=401)
    web.pages = {URL: Said(b"", status=401)}
    run_round(clock=clock(START))
    assert ProbeState.objects.get().failures == 0


def test_where_a_clause_does_not_accept_our_measurement_no_outage_is_recorded(web: FakeWeb) -> None:
    agreement = a_closing_schedule()
    service = Service.objects.get(contract=agreement.contract)
    assert intake.accepts_ours(service, at=at(START))
    target = agreement.versions.get().targets.get()
    target.measured_by = ["vendor_status_page", "vendor_ticket"]
    saved(target)
    assert not intake.accepts_ours(service, at=at(START))
    a_probe(service)
    probed(web, "uddu......u", now=clock(START))
    assert outages() == []
    incident = Incident.objects.get()
    assert "No outage of a service is recorded" in incident.narrative


def test_a_probe_keeps_its_service_for_what_it_told_is_that_services(web: FakeWeb) -> None:
    probe = a_probe()
    probe.service = a_service(probe.service.contract, code="web", name="Web")
    with pytest.raises(ValidationError, match="Switch it off and make another"):
        probe.full_clean()


def test_a_fault_of_ours_ends_no_probe(web: FakeWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    a_probe()

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("x")

    working = intake.asked
    monkeypatch.setattr(intake, "asked", broken)
    now = clock(START)
    for _ in range(6):
        run_round(clock=now)
        now.forward(minutes=61)
    monkeypatch.setattr(intake, "asked", working)
    run_round(clock=now)
    assert str(ProbeDay.objects.get()).endswith("1 up, 0 down, 0 unknown")


def test_a_run_that_comes_late_keeps_the_grid(web: FakeWeb) -> None:
    a_probe()
    now = clock(START)
    run_round(clock=now)
    now.forward(seconds=85)
    run_round(clock=now)
    assert ProbeState.objects.get().next_at == at("2026-07-06 06:02")
    assert run_next(clock=now) is None
    assert now.at - at(START) == timedelta(seconds=85)


def test_its_page_shows_the_days_and_says_whose_indication_it_is(
    web: FakeWeb, admin_client: Client, settings: Any
) -> None:
    probe = a_probe()
    probed(web, "udd", now=clock(START))
    url = reverse("admin:incidents_probe_change", args=[probe.pk])
    page = admin_client.get(url).content.decode()
    assert "Our own indication" in page
    assert "Out since 2026-07-06 06:01:00 UTC" in page
    assert "2026-07-06</td>" in page
    settings.PROBES = "off"
    assert (
        "RECOURSE_PROBES is off"
        in admin_client.get(reverse("admin:incidents_probe_changelist")).content.decode()
    )
