"""Open a claim to keep a date, before the amount is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from incidents.models import Incident
from sla.admin.acts import refuse
from sla.admin.claims.page import claim_url
from sla.admin.statements import statement_url
from sla.models import Statement
from sla.services import claims
from sla.services.statements.heads import draft_incident
from vendors.admin import signed_in
from vendors.models import Contract

TEXT = (
    "It keeps the date of the clause while the amount is still open. When the service level statement is"
    " finalised, its credits go into this claim."
)


class OpeningForm(forms.Form):
    """For which contract, and why now."""

    contract = forms.ModelChoiceField(label="Under the contract", queryset=Contract.objects.none())
    why = forms.CharField(
        label="Why",
        max_length=2000,
        initial="To keep the date",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One sentence; it is kept in the claim's history with your name.",
    )


def open_page(request: HttpRequest, *, base: Mapping[str, Any]) -> HttpResponse:
    """Ask for which contract and why, for the statement or the incident in the address."""
    if not request.user.has_perm("sla.add_claim"):
        raise PermissionDenied
    statement, incident = _asked(request)
    form = _form(request, statement=statement, incident=incident)
    if request.method == "POST" and form.is_valid():
        about = {"statement": statement} if statement is not None else {"incident": incident}
        try:
            if incident is not None:
                draft_incident(incident, contract=form.cleaned_data["contract"], now=timezone.now())
            claim = claims.open_claim(by=signed_in(request), now=timezone.now(), **about, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Claim {claim} is open. Its dates stand below.")
            return HttpResponseRedirect(claim_url(claim))
    what = statement.number if statement is not None else f"incident {incident}"
    context = {
        **base,
        "title": f"Open a claim for {what}",
        "text": TEXT,
        "form": form,
        "back_url": _back(statement, incident=incident),
        "save_label": "Open the claim",
    }
    return TemplateResponse(request, "sla/act_form.html", context)


def _form(request: HttpRequest, *, statement: Statement | None, incident: Incident | None) -> OpeningForm:
    form = OpeningForm(request.POST or None)
    if statement is not None:
        del form.fields["contract"]
        return form
    rows = Contract.objects.all().visible_to(signed_in(request))
    touched = rows.filter(services__outages__incident=incident).distinct().order_by("reference")
    form.fields["contract"].queryset = touched  # type: ignore[attr-defined]
    form.fields["contract"].initial = touched.first() if touched.count() == 1 else None
    return form


def _asked(request: HttpRequest) -> tuple[Statement | None, Incident | None]:
    user = signed_in(request)
    key = {name: request.GET.get(name, "") for name in ("statement", "incident")}
    rows = Statement.objects.all().visible_to(user).select_related("agreement__contract")
    statement = rows.filter(pk=_key(key["statement"])).first()
    incident = Incident.objects.all().visible_to(user).filter(pk=_key(key["incident"])).first()
    if (statement is None) == (incident is None):
        raise Http404("Open a claim from the page of a service level statement or of an incident.")
    return statement, incident


def _key(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _back(statement: Statement | None, *, incident: Incident | None) -> str:
    if statement is not None:
        return statement_url(statement.agreement, label=statement.period)
    return reverse("admin:incidents_incident_change", args=[incident.pk if incident else 0])
