"""Warnings for reading: which comes first, how bad it is, where it is dealt with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from django.urls import reverse

from sla.models import Alert
from sla.reports.mails.warnings import WarningLine
from sla.reports.moments import time_left
from vendors.models import exponent, money_text

LATEST = datetime.max.replace(tzinfo=UTC)
LAST_DAYS = timedelta(hours=48)
# What the first ranks are called; everything above is as bad as it gets.
DEGREES = {1: ("", "Early"), 2: ("warn", "Serious")}
WORST = ("bad", "Critical")

Pressing = tuple[int, date, Fraction, datetime, int]


def pressing(alert: Alert, *, now: datetime) -> Pressing:
    """Return where a warning stands in a list: overdue first, then the nearest day, in it the most money.

    Amounts of different currencies are compared by their plain figures: they are never added.
    """
    return pressing_of(
        alert.pk, due_at=alert.due_at, currency=alert.currency, minor=alert.amount_minor, now=now
    )


def pressing_of(
    pk: int, *, due_at: datetime | None, currency: str, minor: int | None, now: datetime
) -> Pressing:
    """Return the same from plain values."""
    figure = Fraction(-minor, 10 ** exponent(currency)) if minor and currency else Fraction(0)
    if due_at is None:
        return 2, LATEST.date(), figure, LATEST, pk
    return (0 if due_at <= now else 1), due_at.date(), figure, due_at, pk


def degree(alert: Alert) -> tuple[str, str]:
    """Return the tone and the word of how bad it is."""
    return DEGREES.get(alert.rank, WORST)


def tone_now(alert: Alert, *, now: datetime) -> str:
    """Return the tone of the time that is left: overdue and the last two days stand out whatever the rank."""
    tone, _ = degree(alert)
    if alert.due_at is None or alert.due_at - now >= LAST_DAYS:
        return tone
    return "bad" if alert.due_at <= now else tone or "warn"


def left_words(alert: Alert, *, now: datetime) -> str:
    """Return the time that is left, empty where it has no date."""
    if alert.due_at is None:
        return ""
    return time_left(alert.due_at, zone=zone_of_alert(alert), now=now)


def zone_of_alert(alert: Alert) -> str:
    """Return the zone whose days a warning's date is counted in."""
    if alert.statement is not None:
        agreement = alert.statement.agreement
        return agreement.zone or agreement.contract.zone
    return alert.contract.zone if alert.contract is not None else "UTC"


def money_words(alert: Alert) -> str:
    """Return the money that hangs on it, before tax; empty where none is known."""
    if alert.amount_minor is None or not alert.currency:
        return ""
    return money_text(alert.amount_minor, currency=alert.currency)


def line_of(alert: Alert, *, note: str, origin: str, now: datetime) -> WarningLine:
    """Return a warning as a line of a message; `origin` begins each link, without one there are none."""
    _, word = degree(alert)
    return WarningLine(
        kind=alert.get_kind_display(),
        headline=alert.headline,
        vendor="" if alert.vendor is None else alert.vendor.name,
        details=tuple(alert.detail.splitlines()),
        by=alert.due_words,
        left=left_words(alert, now=now),
        tone=tone_now(alert, now=now),
        degree=word,
        money=money_words(alert),
        note=note,
        url=f"{origin}{address_of(alert)}" if origin else "",
        acknowledge_url=f"{origin}{own_address(alert)}" if origin else "",
    )


def address_of(alert: Alert) -> str:
    """Return the path of the page on which it is dealt with: claim, incident, statement, contract."""
    if alert.claim_id is not None:
        return reverse("admin:sla_claim_change", args=[alert.claim_id])
    if alert.incident_id is not None:
        return reverse("admin:incidents_incident_change", args=[alert.incident_id])
    if alert.statement is not None:
        return reverse("admin:sla_statement", args=[alert.statement.agreement_id, alert.statement.period])
    if alert.kind == Alert.Kind.SILENT:
        return reverse("admin:incidents_sourcewatch_changelist")
    if alert.contract_id is not None:
        return reverse("admin:vendors_contract_change", args=[alert.contract_id])
    return own_address(alert)


def place_of(alert: Alert, *, is_short: bool = False) -> str:
    """Return the name of that place, such as `claim NR-2018-C001`; in short without what it is."""
    if alert.claim is not None:
        kind, name = "claim", str(alert.claim)
    elif alert.incident is not None:
        kind, name = "incident", alert.incident.reference
    elif alert.statement is not None:
        kind, name = "statement", str(alert.statement)
    elif alert.kind == Alert.Kind.SILENT:
        kind, name = "watched", "sources"
    elif alert.contract is not None:
        kind, name = "contract", alert.contract.reference
    else:
        kind, name = "this", "warning"
    return name if is_short else f"{kind} {name}"


def own_address(alert: Alert) -> str:
    """Return the path of the warning's own page, on which it is acknowledged."""
    return reverse("admin:sla_alert_change", args=[alert.pk])
