"""What became of the outages of an incident: each change, who made it and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from incidents.models import Incident, Outage
from incidents.services.feeds.merging import apart, written
from incidents.services.feeds.words import as_text
from vendors.models import Reader, Service

SHOWN = ("kind", "started_at", "ended_at", "measured_by", "confirmed_at", "withdrawn_at", "evidence")
NAMES = {"confirmed_at": "confirmed", "withdrawn_at": "withdrawn"}


@dataclass(frozen=True, kw_only=True)
class OutageChange:
    """One change of one outage: a line for each field, with the old value and the new, times in UTC."""

    at: datetime
    by: str
    why: str
    service: str
    lines: tuple[str, ...]


def outage_changes(incident: Incident, *, reader: Reader) -> list[OutageChange]:
    """Return what became of the outages that a reader may see, the newest change first."""
    services = Service.objects.all().visible_to(reader)
    rows = Outage.history.filter(incident_id=incident.pk, service_id__in=services.values("pk"))
    ordered = rows.select_related("history_user", "service").order_by("id", "history_date", "history_id")
    found = [
        change
        for _, versions in groupby(ordered, key=lambda row: row.id)
        for change in _changes(list(versions))
    ]
    return sorted(found, key=lambda change: change.at, reverse=True)


def _changes(versions: list[Any]) -> Iterator[OutageChange]:
    for before, row in zip([None, *versions], versions, strict=False):
        lines = ("removed",) if row.history_type == "-" else tuple(_lines(before, row))
        if lines:
            yield OutageChange(
                at=row.history_date,
                by=str(row.history_user or ""),
                why=row.history_change_reason or "",
                service=str(row.service),
                lines=lines,
            )


def _lines(before: Any, row: Any) -> Iterator[str]:
    """Yield each field that changed; of a new outage those that are filled."""
    for name in SHOWN:
        field = Outage._meta.get_field(name)
        label = NAMES.get(name, str(field.verbose_name))  # type: ignore[union-attr]
        old, new = (as_text(getattr(each, name)) if each is not None else "" for each in (before, row))
        if old != new:
            was, now = apart(written(field, old), written(field, new))  # type: ignore[arg-type]
            yield f"{label}: {was} → {now}" if before is not None else f"{label}: {now}"
