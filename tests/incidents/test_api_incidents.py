"""What happened, over the API: incidents, outages, moments, statements, announced work, measured values."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import (
    ClockStop,
    Delivery,
    Impact,
    Incident,
    MaintenanceWindow,
    Milestone,
    Outage,
    Position,
    ReportedFigure,
    Sample,
)
from tests.api import WHY, Program, administrator, errors, somebody
from tests.incidents.rows import (
    a_milestone,
    a_position,
    a_power_feed,
    a_window,
    an_incident,
    an_outage,
    at,
    kept,
)
from tests.vendors.rows import a_contract, a_service, a_vendor
from vendors.models import FactChange, Service

pytestmark = pytest.mark.django_db

AN_OUTAGE = {
    "incident": "INC-1",
    "service": "NR-2018/power-a",
    "started_at": "2019-06-25T04:15:00Z",
    "ended_at": "2019-06-25T05:28:00Z",
    "reason": WHY,
}


def test_an_incident_is_recorded_hits_a_service_and_is_resolved() -> None:
    a_power_feed()
    program = administrator()
    incident = program.keyed("incidents", {"title": "Power lost", "vendor": "northrack", "reason": WHY})
    assert (incident.status_code, incident.headers["Location"]) == (201, "/api/v1/incidents/INC-00001")

    still_out = AN_OUTAGE | {"incident": "INC-00001", "ended_at": None}
    outage = program.keyed("outages", still_out)
    assert outage.status_code == 201, outage.content
    refused = program.keyed("incidents/INC-00001/resolve", {"reason": WHY})
    assert (refused.status_code, errors(refused)) == (400, {"": "still_out"})

    path = f"outages/{outage.json()['id']}"
    ended = program.keyed(f"{path}/end", {"ended_at": "2019-06-25T07:28:00+02:00", "reason": WHY})
    assert ended.json()["ended_at"] == "2019-06-25T05:28:00Z"
    confirmed = program.keyed(f"{path}/confirm", {"reason": WHY}).json()
    assert (confirmed["confirmed_by"], confirmed["confirmed_at"] is None) == ("root", False)
    resolved = program.keyed("incidents/INC-00001/resolve", {"reason": WHY, "at": "2019-06-25T06:00:00Z"})
    assert resolved.json()["status"] == "resolved"
    assert Milestone.objects.get().at == at("2019-06-25 06:00")
    assert program.keyed("incidents/INC-00001/reopen", {"reason": WHY}).json()["status"] == "open"
    assert FactChange.objects.exists()


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"started_at": "2019-06-25T04:15:00"}, {"started_at": "naive"}),
        ({"started_at": "2019-06-25"}, {"started_at": "naive"}),
        ({"started_at": "soon"}, {"started_at": "naive"}),
        ({"started_at": "0001-01-01T00:00:00+14:00"}, {"started_at": "overflow"}),
        ({"started_at": "9999-01-01T00:00:00Z"}, {"started_at": "implausible"}),
        ({"kind": "boat"}, {"kind": "invalid_choice"}),
        ({"affected_numerator": 1}, {"": "invalid"}),
        ({"affected_numerator": 1, "affected_denominator": 0}, {"affected_denominator": "invalid"}),
        ({"service": "NR-2018"}, {"service": "does_not_exist"}),
        ({"confirmed_at": "now", "confirmed": True}, {"confirmed": "unknown"}),
    ],
)
def test_an_outage_that_cannot_be_is_refused(change: dict[str, Any], wrong: dict[str, str]) -> None:
    an_incident(vendor=a_power_feed().contract.vendor)
    answer = administrator().keyed("outages", AN_OUTAGE | change)

    assert (answer.status_code, errors(answer)) == (400, wrong)
    assert not Outage.objects.exists()


def test_another_time_takes_the_confirmation_away_and_what_is_withdrawn_stays() -> None:
    outage = an_outage(an_incident(), a_power_feed())
    program, path = administrator(), f"outages/{outage.pk}"
    program.keyed(f"{path}/confirm", {"reason": WHY})

    edited = program.edit(path, {"ended_at": "2019-06-25T05:29:00Z", "reason": WHY})
    assert edited.json()["confirmed_at"] is None
    assert program.keyed(f"{path}/withdraw", {"reason": WHY}).status_code == 200
    assert program.edit(path, {"evidence": "x", "reason": WHY}).status_code == 409
    assert (
        program.keyed(f"{path}/end", {"ended_at": "2019-06-26T00:00:00Z", "reason": WHY}).status_code == 409
    )
    row = {name: value for name, value in AN_OUTAGE.items() if name != "reason"}
    assert program.put("outages/bulk", {"reason": WHY, "rows": [row | {"evidence": "y"}]}).status_code == 400
    assert Outage.objects.get().evidence == ""


def test_what_was_said_stays_said_and_is_agreed_or_decided_by_a_new_row() -> None:
    said = a_position(an_incident())
    program, path = administrator(), f"positions/{said.pk}"

    assert program.ask("patch", path, {"why": "x", "reason": WHY}, if_match="*").status_code == 405
    assert program.ask("delete", path).status_code == 405
    agreed = program.keyed(f"{path}/agree", {"reason": WHY})
    assert (agreed.status_code, agreed.json()["party"], agreed.json()["stated_by"]) == (201, "agreed", "root")
    assert errors(program.keyed(f"{path}/decide", {"reason": WHY})) == {"clause": "required"}
    decided = program.keyed(f"{path}/decide", {"clause": "4.2", "reason": WHY})
    assert (decided.json()["party"], decided.json()["clause"]) == ("determined", "4.2")
    assert Position.objects.count() == 3


def test_waiting_on_us_has_a_reason_of_its_own_beside_why_it_was_entered() -> None:
    an_incident()
    program = administrator()
    stop = {
        "incident": "INC-1",
        "stopped_at": "2019-06-25T04:30:00Z",
        "stop_reason": "no_access",
        "reason": WHY,
    }
    entered = program.keyed("clock-stops", stop)
    assert (entered.status_code, entered.json()["stop_reason"]) == (201, "no_access"), entered.content
    assert ClockStop.history.get().history_change_reason == WHY

    path = f"clock-stops/{entered.json()['id']}"
    assert program.keyed(f"{path}/resume", {"at": "2019-06-25T04:00:00Z", "reason": WHY}).status_code == 400
    resumed = program.keyed(f"{path}/resume", {"at": "2019-06-25T05:00:00Z", "reason": WHY})
    assert resumed.json()["resumed_at"] == "2019-06-25T05:00:00Z"
    other = program.keyed("clock-stops", stop | {"stop_reason": "other"})
    assert errors(other) == {"why": "invalid"}


def test_a_notice_of_work_touches_exactly_what_is_sent() -> None:
    service = a_power_feed()
    a_service(service.contract, code="power-b")
    a_service(a_contract("XX-1", vendor=a_vendor("other")), code="x")
    program = administrator()
    notice = {
        "vendor": "northrack",
        "reference": "CHG/17",
        "starts_at": "2019-06-10T01:00:00Z",
        "ends_at": "2019-06-10T03:00:00Z",
        "services": ["NR-2018/power-a"],
        "reason": WHY,
    }
    entered = program.keyed("maintenance", notice)
    assert (entered.status_code, entered.json()["services"]) == (201, ["NR-2018/power-a"])
    path = f"maintenance/{entered.json()['id']}"

    assert program.edit(path, {"title": "B", "reason": WHY}).json()["services"] == ["NR-2018/power-a"]
    assert program.edit(path, {"services": ["NR-2018/power-b"], "reason": WHY}).json()["services"] == [
        "NR-2018/power-b"
    ]
    assert program.edit(path, {"services": ["XX-1/x"], "reason": WHY}).status_code == 400
    assert [touched.service.code for touched in MaintenanceWindow.objects.get().services.all()] == ["power-b"]
    assert program.keyed(f"{path}/cancel", {"reason": WHY}).json()["cancelled_at"] is not None
    assert program.keyed(f"{path}/cancel", {"reason": WHY}).status_code == 400


def test_our_own_loss_is_money_or_nothing() -> None:
    an_incident()
    program = administrator()
    loss = {
        "incident": "INC-1",
        "what_we_lost": "Orders",
        "started_at": "2019-06-25T04:30:00Z",
        "reason": WHY,
    }

    assert program.post("impacts", loss).json()["cost"] is None
    costly = program.post("impacts", loss | {"cost": {"amount": "1250", "currency": "JPY"}})
    assert costly.json()["cost"] == {"amount": "1250", "currency": "JPY"}
    assert Impact.objects.values_list("cost_minor", "currency").last() == (1250, "JPY")
    cleared = program.edit(f"impacts/{costly.json()['id']}", {"cost": None, "reason": WHY})
    assert cleared.json()["cost"] is None


def test_readings_are_entered_many_at_once_and_a_second_time_change_nothing() -> None:
    a_power_feed()
    program = administrator()
    rows = [
        {
            "service": "NR-2018/power-a",
            "metric": "temperature_c",
            "at": f"2019-06-25T0{hour}:00:00Z",
            "value": "26.5",
        }
        for hour in range(5)
    ]
    first, second = (program.put("samples/bulk", {"reason": WHY, "rows": rows}).json() for _ in range(2))
    assert (first["created"], second["created"], second["unchanged"]) == (5, 0, 5)
    assert program.rows("samples?at_from=2019-06-25T03:00:00Z")[0]["value"] == "26.500000"
    assert [row["at"] for row in program.rows("samples?at_before=2019-06-25T01:00:00Z")] == [
        "2019-06-25T00:00:00Z"
    ]
    assert errors(program.get("samples?at_from=2019-06-25")) == {"at_from": "naive"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("vendor=northrack", ["INC-1"]),
        ("service=NR-2018/power-a", ["INC-1"]),
        ("service=NR-2018/nothing", []),
        ("status=resolved", []),
        ("reference=INC-2", ["INC-2"]),
        ("ordering=reference", ["INC-1", "INC-2"]),
        ("ordering=-reference", ["INC-2", "INC-1"]),
    ],
)
def test_incidents_are_found(query: str, found: list[str]) -> None:
    service = a_power_feed()
    an_outage(an_incident(vendor=service.contract.vendor), service)
    an_incident("INC-2")
    assert [row["reference"] for row in administrator().rows(f"incidents?{query}")] == found


def facts(suffix: str, *, owner: User | None = None) -> Service:
    """Return a service of a vendor of its own, with one fact of every kind."""
    contract = a_contract(f"C{suffix}", vendor=a_vendor(f"v{suffix}", owner=owner))
    service = a_service(contract, code="s")
    incident = an_incident(f"I{suffix}", vendor=contract.vendor)
    outage = an_outage(incident, service)
    a_milestone(incident, "reported", "2019-06-25 04:20", service=service)
    a_position(incident, outage=outage)
    kept(ClockStop(incident=incident, stopped_at=at("2019-06-25 04:30")))
    kept(Impact(incident=incident, what_we_lost="Orders", started_at=at("2019-06-25 04:30")))
    a_window(service)
    kept(Sample(service=service, metric="m", at=at("2019-06-25 04:00"), value=1))
    figure = {"figure": "f", "period_label": "2019-06", "period_from": "2019-06-01", "reported_by": "us"}
    kept(ReportedFigure(contract=contract, period_until="2019-07-01", value=1, **figure))
    kept(Delivery(contract=contract, obligation="o", incident=incident))
    return service


PATHS = [
    *("incidents", "outages", "milestones", "positions", "clock-stops", "impacts", "maintenance", "samples"),
    *("reported-figures", "deliveries"),
]
MODELS = (Incident, Outage, Milestone, Position, ClockStop, Impact, MaintenanceWindow, Sample, ReportedFigure)
READ = [f"incidents.view_{model._meta.model_name}" for model in (*MODELS, Delivery)]


@pytest.mark.parametrize("path", PATHS)
def test_a_person_reads_the_facts_of_their_vendors_only(path: str) -> None:
    vera = somebody("vera", *READ)
    facts("1", owner=vera)
    facts("2")
    program = Program(vera)
    mine, all_rows = program.rows(path), administrator().rows(path)

    assert (len(mine), len(all_rows)) == (1, 2)
    exported = program.client.get(f"/api/v1/{path}/export?format=ndjson").getvalue().splitlines()
    assert len(exported) == 1
    for row in all_rows:
        key = row["reference"] if path == "incidents" else row["id"]
        assert program.get(f"{path}/{key}").status_code == (200 if row in mine else 404)


def test_a_shared_incident_shows_nothing_of_what_is_hidden() -> None:
    vera = somebody("vera", *READ)
    mine, hidden = facts("1", owner=vera), facts("2")
    shared = an_incident("SHARED", vendor=hidden.contract.vendor)
    an_outage(shared, mine)
    an_outage(shared, hidden)
    program = Program(vera)

    assert program.get("incidents/SHARED").json()["vendor"] is None
    assert {row["reference"]: row["vendor"] for row in program.rows("incidents")} == {
        "SHARED": None,
        "I1": "v1",
    }
    assert [row["service"] for row in program.rows("outages?incident=SHARED")] == ["C1/s"]
    assert program.rows("incidents?service=C2/s") == []
    assert program.rows("incidents?vendor=v2") == []
    assert [row["reference"] for row in program.rows("incidents?service=C1/s")] == ["SHARED", "I1"]


@pytest.mark.parametrize("path", PATHS)
def test_a_list_of_facts_asks_no_more_often_for_more_rows(path: str) -> None:
    vera = somebody("vera", *READ)
    facts("1", owner=vera)
    program = Program(vera)
    program.get(path)
    with CaptureQueriesContext(connection) as few:
        program.get(path)
    for number in range(2, 5):
        facts(str(number), owner=vera)
    with CaptureQueriesContext(connection) as more:
        assert len(program.get(path).json()["results"]) == 4
    assert len(more) == len(few) <= 8
