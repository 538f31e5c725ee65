"""The page of one warning, and the act on one or on several: somebody takes them on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.acts import tell
from sla.admin.statements import address
from sla.models import Alert, AlertNotice
from sla.services.alerts.acknowledging import LONGEST_NOTE, acknowledge_alert
from sla.services.alerts.policy import house_policy
from sla.services.alerts.readers import readers_of
from sla.services.alerts.words import address_of, degree, left_words, money_words, place_of
from vendors.admin import signed_in

MOST_AT_ONCE = 200


class NoteForm(forms.Form):
    """What is done about it."""

    note = forms.CharField(
        label="What is done about it",
        max_length=LONGEST_NOTE,
        required=False,
        help_text="May be empty. Nobody is told again until it gets worse.",
        widget=forms.TextInput(attrs={"class": "rc-grow"}),
    )


def warning_page(
    request: HttpRequest, alert: Alert, *, may_acknowledge: bool, base: Mapping[str, Any]
) -> HttpResponse:
    """Show a warning with whom it was told to; acknowledge it where the form was sent."""
    form = NoteForm(request.POST or None)
    if request.method == "POST":
        if not may_acknowledge:
            raise PermissionDenied
        if form.is_valid() and _acknowledged(request, alert, note=form.cleaned_data["note"]):
            return HttpResponseRedirect(reverse("admin:sla_alert_change", args=[alert.pk]))
        alert.refresh_from_db()
    now = timezone.now()
    tone, word = degree(alert)
    context = {
        **base,
        "title": "Warning",
        "alert": alert,
        "details": alert.detail.splitlines(),
        "tone": tone,
        "degree": word,
        "left": "" if alert.cleared_at else left_words(alert, now=now),
        "money": money_words(alert),
        "place": place_of(alert),
        "place_url": address_of(alert),
        "readers": _readers(alert) if alert.cleared_at is None else [],
        "told": [_told(row) for row in _notices(alert)],
        "form": form,
        "may_acknowledge": may_acknowledge and alert.cleared_at is None and not alert.is_acknowledged,
        "back_url": reverse("admin:sla_alert_changelist"),
    }
    return TemplateResponse(request, "sla/warning.html", context)


def _acknowledged(request: HttpRequest, alert: Alert, *, note: str) -> bool:
    try:
        acknowledge_alert(alert, by=signed_in(request), note=note, now=timezone.now())
    except ValidationError as error:
        tell(request, error)
        return False
    messages.success(request, f"Acknowledged: {alert}.")
    return True


def _readers(alert: Alert) -> list[dict[str, Any]]:
    """Return who is told of it; where no mail can go, that it stands on the list alone."""
    found = readers_of([alert], policy=house_policy()).of(alert)
    return [{"name": each.get_full_name() or str(each), "address": each.email} for each in found]


def _notices(alert: Alert) -> Any:
    rows = AlertNotice.objects.filter(alert=alert).select_related("reader", "message")
    return rows.order_by("-told_at", "-pk")


def _told(row: AlertNotice) -> dict[str, Any]:
    tone, word = degree(Alert(rank=row.rank))
    return {
        "row": row,
        "to": "Chat" if row.reader is None else row.reader.get_full_name() or str(row.reader),
        "tone": tone,
        "degree": word,
        "message": row.message.subject,
        "state": row.message.get_state_display(),
        "url": address("admin:sla_outboxmessage_change", row.message_id),
    }


def acknowledge_many(
    request: HttpRequest, alerts: Any, *, base: Mapping[str, Any], back: str
) -> HttpResponse | None:
    """Acknowledge the selected warnings with one note; ask for it first."""
    chosen = list(alerts[: MOST_AT_ONCE + 1])
    if len(chosen) > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} warnings at once.")
        return None
    form = NoteForm(request.POST if "confirmed" in request.POST else None)
    if form.is_bound and form.is_valid():
        _acknowledge_each(request, chosen, note=form.cleaned_data["note"], now=timezone.now())
        return None
    context = {
        **base,
        "title": "Acknowledge the selected warnings",
        "chosen": [
            {"alert": each, "money": money_words(each), "is_open": _is_open(each), "degree": degree(each)}
            for each in chosen
        ],
        "count": sum(map(_is_open, chosen)),
        "form": form,
        "back_url": back,
    }
    return TemplateResponse(request, "sla/warnings_acknowledge.html", context)


def _is_open(alert: Alert) -> bool:
    return alert.cleared_at is None and not alert.is_acknowledged


def _acknowledge_each(request: HttpRequest, chosen: list[Alert], *, note: str, now: datetime) -> None:
    done = 0
    for alert in chosen:
        try:
            acknowledge_alert(alert, by=signed_in(request), note=note, now=now)
            done += 1
        except ValidationError as error:
            tell(request, error)
    if done:
        messages.success(request, f"{done} warning{'s' * (done != 1)} acknowledged.")
