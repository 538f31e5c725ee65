"""A warning that nobody took on goes to the deputies too, after so many working days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sla.engine.claims.deadlines import WEEKDAYS
from sla.engine.periods import BusinessCalendar, add_working_days, zone_table
from sla.inputs.register import calendar_value
from sla.models import Alert, AlertPolicy
from sla.services.alerts.readers import deputies_of
from sla.services.duties.periods import local_instant
from vendors.models import Vendor


def escalate(*, policy: AlertPolicy, now: datetime) -> int:
    """Note which warnings go to their vendor's deputies at a UTC instant; return how many.

    It is time when so many working days have gone by since it got as bad as it is, at the same hour of the
    day, in the zone of the rules. Only where the vendor has deputies, and once until somebody takes it on.
    """
    waiting = list(
        Alert.objects.unacknowledged().filter(escalated_at=None, vendor__isnull=False).order_by("pk")
    )
    calendar = working_days(policy)
    due = [row for row in waiting if due_at(row, policy=policy, calendar=calendar) <= now]
    having = _with_deputies(due)
    keys = [row.pk for row in due if row.vendor_id in having]
    # Only those that nobody took on meanwhile.
    return Alert.objects.unacknowledged().filter(pk__in=keys, escalated_at=None).update(escalated_at=now)


def due_at(alert: Alert, *, policy: AlertPolicy, calendar: BusinessCalendar) -> datetime:
    """Return when (UTC) a warning goes to the deputies."""
    since = alert.ranked_at
    zone = zone_table(policy.zone, first_year=since.year - 1, last_year=since.year + 2)
    local = zone.local(since)
    on = add_working_days(local.date(), policy.escalate_days, calendar=calendar)
    return local_instant(on, hour=local.hour, zone=zone)


def working_days(policy: AlertPolicy) -> BusinessCalendar:
    """Return whose working days are counted: the calendar of the rules, else Monday to Friday."""
    return WEEKDAYS if policy.calendar is None else calendar_value(policy.calendar)


def _with_deputies(alerts: Sequence[Alert]) -> set[int]:
    keys = {alert.vendor_id for alert in alerts}
    rows = Vendor.objects.filter(pk__in=keys).prefetch_related("deputies")
    return {row.pk for row in rows if deputies_of(row)}
