"""Looks at a fixed instant, and what they find, in short."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from incidents.models import Outage
from incidents.services import confirm_outage
from sla.models import Alert, AlertPolicy, ServiceLevelAgreement, Statement
from sla.services.alerts.found import Found
from sla.services.alerts.looking import look_at_everything
from sla.services.alerts.policy import house_policy
from sla.services.statements.heads import head_of, refresh_statement
from tests.builders import REASON, an_incident, an_outage, at, person, saved
from vendors.models import Vendor
from vendors.services import save_record


def an_outage_of(
    agreement: ServiceLevelAgreement,
    minutes: int,
    *,
    begins: str = "2019-06-10 04:00",
    incident: str = "INC-1",
    **fields: Any,
) -> Outage:
    """Return a confirmed outage of so many minutes, of the schedule's first service."""
    start = at(begins)
    row = an_incident(incident, vendor=agreement.contract.vendor, status="resolved")
    service = agreement.contract.services.order_by("pk")[0]
    outage = an_outage(row, service, started_at=start, ended_at=start + timedelta(minutes=minutes), **fields)
    confirm_outage(outage, at=start + timedelta(hours=12), by=person(), reason="ticket read")
    return outage


def drafted(agreement: ServiceLevelAgreement, *, now: str, period: str = "2019-06") -> Statement:
    """Return the head of a period with its draft by the records of an instant."""
    return refresh_statement(head_of(agreement, period_label=period), now=at(now))


def looked(now: str | datetime) -> list[tuple[str, int, str]]:
    """Look at everything; return kind, rank and headline of what stands, by key."""
    look_at_everything(now=at(now) if isinstance(now, str) else now)
    return standing()


def standing() -> list[tuple[str, int, str]]:
    rows = Alert.objects.standing().order_by("pk")
    return list(rows.values_list("kind", "rank", "headline"))


def the_alert(**fields: Any) -> Alert:
    return Alert.objects.get(**fields)


def rules(**fields: Any) -> AlertPolicy:
    """Return the rules of the house with other values."""
    policy = house_policy()
    readers = fields.pop("readers", None)
    for name, value in fields.items():
        setattr(policy, name, value)
    save_record(policy, by=person(), reason=REASON, links={} if readers is None else {"readers": readers})
    return policy


def an_owner(vendor: Vendor, name: str = "olga", *, email: str | None = None) -> User:
    """Make somebody with an address the owner of a vendor."""
    owner = person(name, email=f"{name}@ours.example" if email is None else email)
    vendor.owner = owner
    saved(vendor)
    return owner


def a_deputy(vendor: Vendor, name: str = "dora", *, email: str | None = None) -> User:
    """Make somebody with an address a deputy of a vendor."""
    deputy = person(name, email=f"{name}@ours.example" if email is None else email)
    save_record(vendor, by=person(), reason=REASON, links={"deputies": [deputy]})
    return deputy


def a_boss(name: str = "boss", *, email: str | None = None) -> User:
    """Return an administrator with an address."""
    address = f"{name}@ours.example" if email is None else email
    return person(name, is_superuser=True, email=address)


def a_found(subject: str = "1", rank: int = 1, **fields: Any) -> Found:
    """Return a reason for a warning."""
    defaults = {"kind": Alert.Kind.INCIDENT, "headline": f"Warning {subject}"}
    return Found(subject=subject, rank=rank, **{**defaults, **fields})
