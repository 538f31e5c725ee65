"""Sign terms off, record an amendment, copy a schedule."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from sla.admin.parts import version_url
from sla.admin.statements import schedule_url
from sla.engine.terms.versions import Split
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services import copy_schedule, sign_off_terms
from sla.services.amendments import amend_terms
from vendors.admin import do_or_ask, signed_in
from vendors.models import Contract


def sign_off(request: HttpRequest, version: AgreementVersion) -> HttpResponse:
    """Record that a version was checked against its document."""
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip() or "Checked against the document"
        try:
            by, at = signed_in(request), timezone.now()
            if do_or_ask(request, lambda: sign_off_terms(version, by=by, at=at, reason=reason)):
                messages.success(request, f"The terms from {version.effective_from} are signed off.")
        except ValidationError as error:
            tell(request, error)
    return HttpResponseRedirect(version_url(version))


def tell(request: HttpRequest, error: ValidationError) -> None:
    """Show what a service refused, each with its place where it has one."""
    if not hasattr(error, "error_dict"):
        for text in error.messages:
            messages.error(request, text)
        return
    for place, said in error.message_dict.items():
        for text in said:
            messages.error(request, text if place == "__all__" else f"{place}: {text}")


class AmendmentForm(forms.Form):
    """What the parties changed."""

    effective_from = forms.DateField(label="Holds from", help_text="First local day, such as 2026-01-01.")
    signed_on = forms.DateField(label="Signed on")
    amendment = forms.CharField(label="What it changes", widget=forms.Textarea(attrs={"rows": 2}))
    past_periods = forms.CharField(
        label="What it does to earlier periods",
        initial="They stay as they were.",
        help_text="In its own words.",
    )
    split = forms.ChoiceField(
        label="A period with this change inside is judged",
        choices=[
            (Split.BY_DAY.value, "each part by its own terms"),
            (Split.START.value, "by the terms at its start"),
            (Split.END.value, "by the terms at its end"),
        ],
    )
    source = forms.CharField(label="Document and its date", required=False)
    document = forms.FileField(label="The signed paper", required=False)
    reason = forms.CharField(label="Why this change", initial="Amendment signed")


def amend_view(request: HttpRequest, agreement: ServiceLevelAgreement, *, base: Any) -> HttpResponse:
    """Ask for an amendment; its service levels are then changed one by one in the new draft."""
    form = AmendmentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        asked = dict(form.cleaned_data)
        try:
            version = amend_terms(agreement, by=signed_in(request), **asked)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(
                request, "The amendment is recorded as a draft. Change what it changes, then sign it off."
            )
            return HttpResponseRedirect(version_url(version))
    title, text = (
        "Record an amendment",
        (
            "For what the parties agreed to change. The terms so far stay for earlier periods; the new"
            " version begins as a copy of them. If the terms were entered wrongly, correct them instead:"
            " open the clause and save it."
        ),
    )
    return _form_page(request, form, title=title, text=text, agreement=agreement, base=base)


class CopyForm(forms.Form):
    """Where the copy goes."""

    contract = forms.ModelChoiceField(label="To the contract", queryset=Contract.objects.none())
    name = forms.CharField(label="Name")
    code = forms.SlugField(label="Code")
    effective_from = forms.DateField(label="First day of the terms")
    reason = forms.CharField(label="Why", initial="Copied terms")


def copy_view(request: HttpRequest, agreement: ServiceLevelAgreement, *, base: Any) -> HttpResponse:
    """Ask where a copy of the newest terms goes."""
    form = CopyForm(request.POST or None, initial={"name": agreement.name, "contract": agreement.contract_id})
    form.fields["contract"].queryset = Contract.objects.all().visible_to(request.user)  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            made = copy_schedule(agreement, by=signed_in(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, "Copied. It is a draft until somebody signs it off.")
            return HttpResponseRedirect(schedule_url(made))
    text = "The newest terms begin there as a draft. Services are found again by their codes."
    return _form_page(
        request, form, title="Copy this SLA schedule", text=text, agreement=agreement, base=base
    )


def refuse(form: forms.Form, error: ValidationError) -> None:
    """Put what a service refused at its field, or at the top."""
    by_place = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    for place, said in by_place.items():
        known = place in form.fields
        for text in said:
            form.add_error(
                place if known else None, text if known or place == "__all__" else f"{place}: {text}"
            )


def _form_page(
    request: HttpRequest,
    form: forms.Form,
    *,
    title: str,
    text: str,
    agreement: ServiceLevelAgreement,
    base: Any,
) -> HttpResponse:
    context = {**base, "title": title, "text": text, "form": form, "back_url": schedule_url(agreement)}
    return TemplateResponse(request, "sla/act_form.html", context)
