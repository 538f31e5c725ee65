"""Turn the words of a feed into those of the register."""

from datetime import UTC, datetime
from typing import Any

from incidents.feeds.values import FeedComponent, FeedIncident, FeedMaintenance
from incidents.models import IncidentStatus, MilestoneKind, OutageKind, Severity

TITLE_LENGTH = 250
OVER = frozenset({"resolved", "postmortem", "completed"})
SEVERITY = {
    "critical": Severity.CRITICAL,
    "major": Severity.MAJOR,
    "minor": Severity.MINOR,
    "none": Severity.LOW,
    "maintenance": Severity.LOW,
}
KIND_BY_STATUS = {
    "major_outage": OutageKind.OUTAGE,
    "partial_outage": OutageKind.DEGRADED,
    "degraded_performance": OutageKind.DEGRADED,
}
# Pages that give a component no status of its own leave only the severity of the whole incident.
KIND_BY_SEVERITY = {"critical": OutageKind.OUTAGE, "major": OutageKind.OUTAGE}


def incident_fields(said: FeedIncident) -> dict[str, Any]:
    """Give the incident's fields as the feed would fill them."""
    over = said.status in OVER or said.resolved_at is not None
    return {
        "title": shortened(said.title),
        "narrative": said.narrative,
        "severity": SEVERITY.get(said.severity, ""),
        "planned": said.planned,
        "status": IncidentStatus.RESOLVED if over else IncidentStatus.OPEN,
    }


def outage_fields(said: FeedIncident, *, component: FeedComponent) -> dict[str, Any]:
    """Give the fields of one service's outage as the feed would fill them."""
    by_severity = KIND_BY_SEVERITY.get(said.severity, OutageKind.DEGRADED)
    return {
        "kind": KIND_BY_STATUS.get(component.worst_status, by_severity),
        "started_at": said.started_at,
        "ended_at": said.resolved_at,
    }


def moments(said: FeedIncident) -> dict[MilestoneKind, datetime]:
    """Give the moments that the feed states: its start, its first post, its end."""
    stated = {
        MilestoneKind.OCCURRED: said.started_at,
        MilestoneKind.DETECTED: said.first_posted_at,
        MilestoneKind.RESOLVED: said.resolved_at,
    }
    return {kind: at for kind, at in stated.items() if at is not None}


def maintenance_fields(said: FeedMaintenance) -> dict[str, Any]:
    """Give the fields of a notice of work as the feed would fill them."""
    return {
        "title": shortened(said.title),
        "starts_at": said.starts_at,
        "ends_at": said.ends_at,
        "noticed_at": said.noticed_at,
        "actual_started_at": said.actual_started_at,
        "actual_ended_at": said.actual_ended_at,
    }


def shortened(title: str) -> str:
    """Cut a title to what the register holds, and show that it was cut."""
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1] + "…"


def as_text(value: Any) -> str:
    """Write a field's value so that it compares and prints the same on every run."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return "" if value is None else str(value)
