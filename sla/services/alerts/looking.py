"""Looking: every kind of warning asked what stands now, and what stood before cleared or changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sla.models import Alert, AlertPolicy
from sla.services.alerts.credits import credits_at_risk
from sla.services.alerts.found import Found, Look
from sla.services.alerts.levels import at_risk
from sla.services.alerts.notices import last_days
from sla.services.alerts.open_incidents import neglected_incidents
from sla.services.alerts.patterns import patterns_near
from sla.services.alerts.policy import held_policy, house_policy
from sla.services.alerts.raising import Raised, raise_found, would_change
from sla.services.alerts.sources import silent_sources
from sla.services.alerts.steps import steps_to_take
from sla.services.alerts.vendor_dates import late_vendors

FINDERS: Mapping[Alert.Kind, Callable[[Look], Iterator[Found]]] = {
    Alert.Kind.LEVEL: at_risk,
    Alert.Kind.STEP: steps_to_take,
    Alert.Kind.VENDOR_LATE: late_vendors,
    Alert.Kind.PATTERN: patterns_near,
    Alert.Kind.NOTICE: last_days,
    Alert.Kind.CREDIT: credits_at_risk,
    Alert.Kind.INCIDENT: neglected_incidents,
    Alert.Kind.SILENT: silent_sources,
}
# What a draft says ahead: raised as soon as it is computed.
OF_DRAFTS = (Alert.Kind.LEVEL, Alert.Kind.PATTERN)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one look found, and the rows of the same kinds that stood before it."""

    found: list[Found]
    standing: list[Alert]


def look_at_everything(*, now: datetime) -> Raised:
    """Find everything that stands at a UTC instant and raise it; call it in a transaction."""
    return _raised(held_policy(), kinds=FINDERS, now=now, agreements=None)


def look_at_drafts(agreements: Collection[int], *, now: datetime) -> Raised:
    """Raise what the drafts of some SLA schedules say ahead, at a UTC instant.

    Where nothing changed nothing is held, so that many drafts can follow the records at once.
    """
    some = frozenset(agreements)
    seen = _seen(house_policy(), kinds=OF_DRAFTS, now=now, agreements=some)
    if not would_change(seen.found, standing=seen.standing):
        return Raised()
    with transaction.atomic():
        return _raised(held_policy(), kinds=OF_DRAFTS, now=now, agreements=some)


def _raised(
    policy: AlertPolicy, *, kinds: Collection[Alert.Kind], now: datetime, agreements: frozenset[int] | None
) -> Raised:
    seen = _seen(policy, kinds=kinds, now=now, agreements=agreements, is_held=True)
    return raise_found(seen.found, standing=seen.standing, now=now)


def _seen(
    policy: AlertPolicy,
    *,
    kinds: Collection[Alert.Kind],
    now: datetime,
    agreements: frozenset[int] | None,
    is_held: bool = False,
) -> Seen:
    rows = Alert.objects.standing().filter(kind__in=[kind.value for kind in kinds])
    if agreements is not None:
        rows = rows.filter(statement__agreement__in=agreements)
    if is_held:
        rows = rows.select_for_update(no_key=True, of=("self",))
    standing = list(rows.order_by("pk"))
    look = Look(
        now=now,
        policy=policy,
        standing={(row.kind, row.subject): row for row in standing},
        agreements=agreements,
    )
    return Seen(found=[each for kind in kinds for each in FINDERS[kind](look)], standing=standing)
