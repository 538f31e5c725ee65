"""Admin pages of what happened."""

from incidents.admin.feeds import FeedSourceAdmin, FeedUploadAdmin, ProbeAdmin
from incidents.admin.incidents import IncidentAdmin
from incidents.admin.local_times import LocalDateTimeField, read_local
from incidents.admin.maintenance import MaintenanceWindowAdmin
from incidents.admin.measurements import DeliveryAdmin, ReportedFigureAdmin, SampleAdmin
from incidents.admin.outages import OutageAdmin
from incidents.admin.positions import PositionAdmin
from incidents.admin.records import FactAdmin, FactForm, FactInline
from incidents.admin.sources import SourceWatchAdmin

__all__ = [
    "DeliveryAdmin",
    "FactAdmin",
    "FactForm",
    "FactInline",
    "FeedSourceAdmin",
    "FeedUploadAdmin",
    "IncidentAdmin",
    "LocalDateTimeField",
    "MaintenanceWindowAdmin",
    "OutageAdmin",
    "PositionAdmin",
    "ProbeAdmin",
    "ReportedFigureAdmin",
    "SampleAdmin",
    "SourceWatchAdmin",
    "read_local",
]
