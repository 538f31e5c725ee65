"""Incidents with telling values, built through the services."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from incidents.models import Incident, MaintenanceWindow, Milestone, Outage, Position, SourceWatch
from incidents.services import record_row
from tests.vendors.rows import REASON, a_contract, a_service, person
from vendors.models import Service, Tracked

Row = TypeVar("Row", bound=Tracked)


def at(text: str) -> datetime:
    """Read `2019-06-25 04:15` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def kept(row: Row) -> Row:
    record_row(row, by=person(), reason=REASON)
    return row


def a_power_feed(reference: str = "NR-2018", **fields: Any) -> Service:
    return a_service(a_contract(reference, **fields), code="power-a", name="Power feed A")


def an_incident(reference: str = "INC-1", **fields: Any) -> Incident:
    return kept(Incident(**{"reference": reference, "title": "Power lost at the data center", **fields}))


def an_outage(incident: Incident, service: Service, **fields: Any) -> Outage:
    defaults = {"started_at": at("2019-06-25 04:15"), "ended_at": at("2019-06-25 05:28")}
    return kept(Outage(incident=incident, service=service, **{**defaults, **fields}))


def a_milestone(incident: Incident, kind: str, when: str, **fields: Any) -> Milestone:
    return kept(Milestone(incident=incident, kind=kind, at=at(when), **fields))


def a_position(incident: Incident, **fields: Any) -> Position:
    defaults = {
        "about": "responsibility",
        "party": "ours",
        "responsible": "vendor",
        "stated_by": "Maria",
        "stated_at": at("2019-06-27 09:00"),
    }
    return kept(Position(incident=incident, **{**defaults, **fields}))


def a_window(service: Service, **fields: Any) -> MaintenanceWindow:
    defaults = {
        "vendor": service.contract.vendor,
        "reference": "CHG-17",
        "starts_at": at("2019-06-10 01:00"),
        "ends_at": at("2019-06-10 03:00"),
        "noticed_at": at("2019-06-07 01:00"),
    }
    return kept(MaintenanceWindow(**{**defaults, **fields}))


def a_watch(service: Service, **fields: Any) -> SourceWatch:
    defaults = {"source": "our probe", "watched_from": at("2019-06-01 00:00")}
    return kept(SourceWatch(service=service, **{**defaults, **fields}))
