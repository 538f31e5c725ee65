"""One door for forms and documents: any row of the register, saved by the service of its kind."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import models

from incidents.models import ClockStop, Incident, MaintenanceService, MaintenanceWindow, Outage, Position
from incidents.models.incidents import FromFeed
from incidents.services.clock_stops import stop_clock
from incidents.services.feeds.words import is_same_text
from incidents.services.incidents import record_incident
from incidents.services.maintenance import record_maintenance, record_touched_service
from incidents.services.outages import record_outage
from incidents.services.positions import record_position
from vendors.models import Tracked
from vendors.services import Saved, save_record

TEXTS = (models.CharField, models.TextField)
SERVICE_OF: dict[type[Tracked], Callable[..., Saved]] = {
    Incident: record_incident,
    Outage: record_outage,
    Position: record_position,
    ClockStop: stop_clock,
    MaintenanceWindow: record_maintenance,
    MaintenanceService: record_touched_service,
}


def record_row(row: Tracked, *, by: User, reason: str) -> Saved:
    """Save a row under the rules of its kind. Raises ValidationError.

    A form sends every text back with other line ends and without outer blanks: that is no change of it.
    """
    if isinstance(row, FromFeed) and row.pk is not None:
        _keep_untouched_texts(row)
    return SERVICE_OF.get(type(row), save_record)(row, by=by, reason=reason)


def _keep_untouched_texts(row: FromFeed) -> None:
    stored = type(row)._default_manager.filter(pk=row.pk).first()
    texts = [field.attname for field in row._meta.concrete_fields if isinstance(field, TEXTS)]
    for name in texts if stored is not None else ():
        before, now = getattr(stored, name), getattr(row, name)
        if now is not None and before is not None and is_same_text(before, now):
            setattr(row, name, before)
