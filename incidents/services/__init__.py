"""What is done with incidents. Every write goes through one of these."""

from incidents.services.clock_stops import resume_clock, stop_clock
from incidents.services.feeds.importing import import_feed
from incidents.services.feeds.proposals import accept_window, decline_window
from incidents.services.feeds.reports import ImportReport, ImportRow
from incidents.services.feeds.runs import Outcome
from incidents.services.incidents import (
    attribute_incident,
    record_incident,
    reopen_incident,
    resolve_incident,
)
from incidents.services.maintenance import (
    cancel_maintenance,
    record_maintenance,
    record_touched_service,
    touch_exactly,
)
from incidents.services.measurements import record_samples
from incidents.services.outages import confirm_outage, end_outage, record_outage, withdraw_outage
from incidents.services.positions import (
    agree_position,
    determine_position,
    record_position,
    state_position,
)
from incidents.services.rows import record_row
from incidents.services.sources import confirm_quiet, hear_from_source, known_feed

__all__ = [
    "ImportReport",
    "ImportRow",
    "Outcome",
    "accept_window",
    "agree_position",
    "attribute_incident",
    "cancel_maintenance",
    "confirm_outage",
    "confirm_quiet",
    "decline_window",
    "determine_position",
    "end_outage",
    "hear_from_source",
    "import_feed",
    "known_feed",
    "record_incident",
    "record_maintenance",
    "record_outage",
    "record_position",
    "record_row",
    "record_samples",
    "record_touched_service",
    "reopen_incident",
    "resolve_incident",
    "resume_clock",
    "state_position",
    "stop_clock",
    "touch_exactly",
    "withdraw_outage",
]
