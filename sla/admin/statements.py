"""The page of one service level statement, and its downloads."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from incidents.models import Incident
from sla.engine.periods import Period, period_on, zone_table
from sla.models import ServiceLevelAgreement
from sla.reports.plain import render_json
from sla.reports.statement import statement_page
from sla.reports.text import render_text
from sla.selectors import versions_in_force
from sla.services import draft_statement
from sla.services.previews import level_sentences
from vendors.admin import signed_in


def statement_view(
    request: HttpRequest, agreement: ServiceLevelAgreement, *, label: str, base: Any
) -> HttpResponse:
    """Show what a period came to by the records as they stand now."""
    now = timezone.now().replace(microsecond=0)
    try:
        result = draft_statement(agreement, period_label=label, known_until=now)
    except ValueError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(schedule_url(agreement))
    contract, period = agreement.contract, result.period
    versions = versions_in_force(agreement, first_on=period.first_on, last_on=period.last_on)
    services = {row.code: row.name or row.code for row in contract.services.all()}
    names = {row.code: row.name for version in versions for row in version.targets.all()}
    page = statement_page(result, levels=names, services=services, links=_links(request, result.measured))
    before, after = neighbours(agreement, period=period)
    begun = after.first_on <= now.date()
    context = {
        **base,
        "title": f"Service level statement {page.period}",
        "page": page,
        "agreement": agreement,
        "versions": versions,
        "previews": level_sentences(agreement, versions=versions, names=services),
        "today": now.date(),
        "is_demo": contract.vendor.is_demo,
        "previous": before.label if has_terms(agreement, on=before.last_on) else "",
        "next": after.label if begun else "",
        "previous_url": statement_url(agreement, label=before.label),
        "next_url": statement_url(agreement, label=after.label),
        "text_url": reverse("admin:sla_statement_file", args=[agreement.pk, label, "text"]),
        "json_url": reverse("admin:sla_statement_file", args=[agreement.pk, label, "json"]),
        "contract_url": reverse("admin:vendors_contract_change", args=[contract.pk]),
        "schedule_url": schedule_url(agreement),
        "add_exclusion_url": reverse("admin:sla_exclusion_add") + f"?schedule={agreement.pk}",
        "add_condition_url": reverse("admin:sla_condition_add") + f"?agreement={agreement.pk}",
    }
    return TemplateResponse(request, "sla/statement.html", context)


def statement_file(agreement: ServiceLevelAgreement, *, label: str, form: str) -> HttpResponse:
    """Return a statement as text or JSON; raise ValueError for a label that names no period."""
    result = draft_statement(agreement, period_label=label, known_until=timezone.now())
    names = dict(agreement.versions.values_list("targets__code", "targets__name"))
    body = render_json(result) if form == "json" else render_text(result, names=names)
    kind = "application/json" if form == "json" else "text/plain; charset=utf-8"
    suffix = "json" if form == "json" else "txt"
    name = f"{agreement.contract.reference}-{agreement.code}-{label}.{suffix}"
    return HttpResponse(
        body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def schedule_url(agreement: ServiceLevelAgreement) -> str:
    """Return the address of an SLA schedule's page."""
    return reverse("admin:sla_servicelevelagreement_change", args=[agreement.pk])


def statement_url(agreement: ServiceLevelAgreement, *, label: str) -> str:
    """Return the address of a statement."""
    return reverse("admin:sla_statement", args=[agreement.pk, label])


def period_holding(agreement: ServiceLevelAgreement, *, on: date) -> Period:
    """Return the statement period that holds a local date."""
    zone = zone_table(
        agreement.zone or agreement.contract.zone, first_year=on.year - 2, last_year=on.year + 2
    )
    return period_on(on, rule=agreement.period, zone=zone)


def has_terms(agreement: ServiceLevelAgreement, *, on: date) -> bool:
    """Say whether any terms were in force on a local date."""
    return agreement.versions.filter(effective_from__lte=on).exists()


def neighbours(agreement: ServiceLevelAgreement, *, period: Period) -> tuple[Period, Period]:
    """Return the periods before and after one."""
    before = period_holding(agreement, on=period.first_on - timedelta(days=1))
    after = period_holding(agreement, on=period.last_on + timedelta(days=1))
    return before, after


def local_today(agreement: ServiceLevelAgreement, *, now: datetime) -> date:
    """Return the date of an instant where the schedule's days begin."""
    zone = zone_table(
        agreement.zone or agreement.contract.zone, first_year=now.year - 1, last_year=now.year + 1
    )
    return zone.date_of(now)


def _links(request: HttpRequest, measured: Any) -> dict[str, str]:
    """Return the addresses of the incidents that a statement names, where the reader may see them."""
    named = {name for one in measured if one.ledger for line in one.ledger.lines for name in line.incidents}
    named |= {case.subject for one in measured for case in one.cases}
    rows = Incident.objects.visible_to(signed_in(request)).filter(reference__in=named)
    return {row.reference: reverse("admin:incidents_incident_change", args=[row.pk]) for row in rows}
