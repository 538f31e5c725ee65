"""Record what the vendor says of one line of a finalised statement."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from incidents.admin import LocalDateTimeField
from sla.admin.acts import refuse
from sla.admin.statements import revision_url
from sla.models import LineAnswer, StatementLine, StatementRevision
from sla.services.claims import record_answer
from vendors.admin import signed_in
from vendors.models import minor_units, money_text


class AnswerForm(forms.Form):
    """What the vendor says; its times are local to the statement's zone."""

    answer = forms.ChoiceField(label="The vendor", choices=[("", "Choose"), *LineAnswer.Answer.choices])
    said_by = forms.CharField(label="Said by", max_length=150, help_text="Who wrote or said it.")
    said_at = LocalDateTimeField(label="Said at", help_text="When it was written or said.")
    started_at = LocalDateTimeField(label="It began, by the vendor", required=False)
    ended_at = LocalDateTimeField(label="It ended, by the vendor", required=False)
    responsible = forms.ChoiceField(label="Who is responsible, by the vendor", required=False)
    amount = forms.DecimalField(
        label="The vendor's amount, before tax",
        required=False,
        max_digits=15,
        widget=forms.TextInput,
        help_text="Of this line, such as 125.00. Empty where it names none.",
    )
    until = forms.DateField(
        label="Asks for time until", required=False, widget=forms.TextInput, help_text="Such as 2019-08-15."
    )
    cause = forms.CharField(
        label="The vendor's account of it", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        choices = LineAnswer._meta.get_field("responsible").choices or ()
        self.fields["responsible"].choices = [("", "Not said"), *choices]  # type: ignore[attr-defined]

    def clean_amount(self) -> int | None:
        """Return the amount in minor units."""
        amount = self.cleaned_data["amount"]
        if amount is None:
            return None
        try:
            return minor_units(amount, currency=self.currency)
        except ValueError as error:
            raise ValidationError(str(error)) from error


def answer_view(
    request: HttpRequest, revision: StatementRevision, *, line: StatementLine, base: Any
) -> HttpResponse:
    """Ask what the vendor says of a line, and keep it with the line."""
    agreement = revision.statement.agreement
    zone = agreement.zone or agreement.contract.zone
    back = f"{revision_url(revision)}#line-{line.number}"
    with timezone.override(ZoneInfo(zone)):
        form = AnswerForm(request.POST or None, currency=line.currency)
        if request.method == "POST" and form.is_valid():
            said = dict(form.cleaned_data)
            said["amount_minor"] = said.pop("amount")
            try:
                row = record_answer(
                    revision, line_number=line.number, by=signed_in(request), now=timezone.now(), **said
                )
            except ValidationError as error:
                refuse(form, error)
            else:
                messages.success(
                    request, f"Line {line.number}: {row.get_answer_display().lower()}. It is kept."
                )
                return HttpResponseRedirect(back)
        due = money_text(line.due_minor, currency=line.currency)
        text = (
            f"Line {line.number} of {revision}: {line.name or line.target}, {line.services}, {line.window}:"
            f" {line.value_printed}, {due} due. Times are in {zone}. Earlier answers stay; the newest holds."
        )
        context = {
            **base,
            "title": "Record the vendor's answer",
            "text": text,
            "form": form,
            "back_url": back,
            "save_label": "Record the answer",
        }
        return TemplateResponse(request, "sla/act_form.html", context).render()
