"""What happened, and who answers for it."""

from incidents.models.choices import (
    Decision,
    ImportState,
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
    clock_named,
)
from incidents.models.feed_records import (
    FeedDelivery,
    FeedLetter,
    FeedPoll,
    FeedRecord,
    FeedUpload,
    ProposedWindow,
    UnmatchedName,
)
from incidents.models.feed_rules import ComponentRule, SeverityRule
from incidents.models.incidents import Incident
from incidents.models.maintenance import MaintenanceService, MaintenanceWindow
from incidents.models.measurements import Delivery, ReportedFigure, Sample
from incidents.models.outages import Impact, Outage
from incidents.models.positions import Position
from incidents.models.probes import Probe, ProbeDay, ProbeState
from incidents.models.sources import FeedSource, SourceWatch
from incidents.models.timeline import ClockStop, Milestone

__all__ = [
    "ClockStop",
    "ComponentRule",
    "Decision",
    "Delivery",
    "FeedDelivery",
    "FeedLetter",
    "FeedPoll",
    "FeedRecord",
    "FeedSource",
    "FeedUpload",
    "Impact",
    "ImportState",
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
    "Probe",
    "ProbeDay",
    "ProbeState",
    "ProposedWindow",
    "ReportedBy",
    "ReportedFigure",
    "Responsible",
    "Sample",
    "Severity",
    "SeverityRule",
    "SourceWatch",
    "StopReason",
    "Subject",
    "UnmatchedName",
    "clock_named",
]
