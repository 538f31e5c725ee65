"""Outages and drafts at a fixed instant, in short."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from incidents.models import Outage
from incidents.services import confirm_outage
from sla.models import ServiceLevelAgreement, Statement
from sla.services.statements.heads import head_of, refresh_statement
from tests.builders import an_incident, an_outage, at, person


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
