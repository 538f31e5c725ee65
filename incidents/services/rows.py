"""One door for forms and documents: any row of the register, saved by the service of its kind."""

from collections.abc import Callable

from django.contrib.auth.models import User

from incidents.models import ClockStop, Incident, MaintenanceService, MaintenanceWindow, Outage, Position
from incidents.services.clock_stops import stop_clock
from incidents.services.incidents import record_incident
from incidents.services.maintenance import record_maintenance, record_touched_service
from incidents.services.outages import record_outage
from incidents.services.positions import record_position
from vendors.models import Tracked
from vendors.services import Saved, save_record

SERVICE_OF: dict[type[Tracked], Callable[..., Saved]] = {
    Incident: record_incident,
    Outage: record_outage,
    Position: record_position,
    ClockStop: stop_clock,
    MaintenanceWindow: record_maintenance,
    MaintenanceService: record_touched_service,
}


def record_row(row: Tracked, *, by: User, reason: str) -> Saved:
    """Save a row under the rules of its kind. Raises ValidationError."""
    return SERVICE_OF.get(type(row), save_record)(row, by=by, reason=reason)
