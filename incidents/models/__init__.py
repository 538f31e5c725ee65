"""What happened, and who answers for it."""

from incidents.models.choices import (
    FeedKind,
    IncidentStatus,
    MeasuredBy,
    MilestoneKind,
    OutageKind,
    Party,
    ReportedBy,
    Responsible,
    Severity,
    StopReason,
    Subject,
)
from incidents.models.incidents import Incident
from incidents.models.maintenance import MaintenanceService, MaintenanceWindow
from incidents.models.measurements import Delivery, ReportedFigure, Sample
from incidents.models.outages import Impact, Outage
from incidents.models.positions import Position
from incidents.models.sources import FeedSource, SourceWatch
from incidents.models.timeline import ClockStop, Milestone

__all__ = [
    "ClockStop",
    "Delivery",
    "FeedKind",
    "FeedSource",
    "Impact",
    "Incident",
    "IncidentStatus",
    "MaintenanceService",
    "MaintenanceWindow",
    "MeasuredBy",
    "Milestone",
    "MilestoneKind",
    "Outage",
    "OutageKind",
    "Party",
    "Position",
    "ReportedBy",
    "ReportedFigure",
    "Responsible",
    "Sample",
    "Severity",
    "SourceWatch",
    "StopReason",
    "Subject",
]
