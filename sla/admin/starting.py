"""Begin an SLA schedule: choose a published clause, fill its blanks, see what it says and pays, save."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.statements import schedule_url
from sla.models import ServiceLevelAgreement
from sla.services import blanks_of, previews, schedule_from_template, start_template, start_templates
from vendors.admin import signed_in
from vendors.models import Contract, Vendor

USUAL = {"currency": "USD"}


def choose_view(request: HttpRequest, *, base: Any) -> HttpResponse:
    """Show the published clauses, and the contract's other schedules to copy."""
    contract = _contract(request)
    schedules = ServiceLevelAgreement.objects.all().visible_to(request.user).select_related("contract")
    asked = f"?contract={contract.pk}" if contract else ""
    context = {
        **base,
        "title": "New contract terms: begin from a published clause",
        "contract": contract,
        "templates": [
            {"template": each, "url": reverse("admin:sla_begin_from", args=[each.code]) + asked}
            for each in start_templates()
        ],
        "schedules": [
            (row, reverse("admin:sla_copy", args=[row.pk])) for row in schedules.order_by("name")[:20]
        ],
        "empty_url": reverse("admin:sla_servicelevelagreement_add")
        + "?empty=1"
        + (f"&contract={contract.pk}" if contract else ""),
    }
    return TemplateResponse(request, "sla/choose.html", context)


def begin_view(request: HttpRequest, *, code: str, base: Any) -> HttpResponse:
    """Ask the blanks; preview or save what they make."""
    try:
        template = start_template(code)
    except ValidationError as error:
        raise Http404(" ".join(error.messages)) from error
    contract = _contract(request)
    known = {**USUAL, **(blanks_of(contract) if contract else {})}
    typed = {blank.code: request.POST.get(blank.code, "").strip() for blank in template.blanks}
    errors: dict[str, list[str]] = {}
    seen: dict[str, Any] = {}
    if request.method == "POST":
        blanks = {name: value for name, value in typed.items() if value}
        try:
            if "save" in request.POST:
                return _save(request, code=code, blanks=blanks)
            levels, _ = previews.preview_template(
                code, blanks=blanks, by=signed_in(request), at=timezone.now()
            )
            seen = {"levels": levels}
        except ValidationError as error:
            errors = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    if "fragment" in request.POST:
        said = [text for texts in errors.values() for text in texts]
        return TemplateResponse(request, "sla/parts/previews.html", {**seen, "problems": said})
    context = {
        **base,
        "title": f"Begin from: {template.title}",
        "template": template,
        "contract": contract,
        "fields": [
            {
                "blank": blank,
                "value": typed.get(blank.code)
                or ("" if request.POST else known.get(blank.code) or blank.default),
                "errors": errors.get(blank.code, []),
                "fixed": contract is not None and blank.code in blanks_of(contract) and blank.code != "start",
            }
            for blank in template.blanks
        ],
        "errors": errors.get("__all__", []) + _elsewhere(errors, template=template),
        "vendors": Vendor.objects.all().visible_to(request.user).current().order_by("name"),
        "back_url": reverse("admin:sla_begin"),
        **seen,
    }
    return TemplateResponse(request, "sla/begin.html", context)


def _elsewhere(errors: dict[str, list[str]], *, template: Any) -> list[str]:
    blanks = {blank.code for blank in template.blanks} | {"__all__"}
    return [f"{place}: {text}" for place, said in errors.items() if place not in blanks for text in said]


def _save(request: HttpRequest, *, code: str, blanks: dict[str, str]) -> HttpResponse:
    now = timezone.now()
    agreement = schedule_from_template(
        code, blanks=blanks, by=signed_in(request), at=now, reason="Begun from a published clause"
    )
    messages.success(
        request, "Saved as a draft. Compare each sentence with what you signed, then sign it off."
    )
    return HttpResponseRedirect(schedule_url(agreement))


def _contract(request: HttpRequest) -> Contract | None:
    """Return the contract that the reader comes from, where they may see it."""
    asked = request.GET.get("contract", "")
    return (
        Contract.objects.all().visible_to(request.user).filter(pk=asked).first()
        if asked.isdecimal()
        else None
    )
