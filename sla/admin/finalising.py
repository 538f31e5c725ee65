"""Make one statement a record, with a reason for each of its open questions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from sla.admin.acts import refuse
from sla.admin.differing import change_of
from sla.admin.lines import line_rows
from sla.admin.standing import credit_text, standing_of
from sla.admin.statements import draft_page, statement_url
from sla.models import Statement
from sla.services.statements import draft_statement
from sla.services.statements.finalising import finalise_statement
from sla.services.statements.heads import refresh_statement
from sla.services.statements.questions import Question, open_questions
from vendors.admin import do_or_ask, second_person, signed_in

FIRST, AGAIN = "Month closed", "Records were corrected"
CHANGED = "The figures changed since you opened this page. Look at them again, then finalise."
NOT_OVER = "period_not_over"


class FinaliseForm(forms.Form):
    """Why a statement becomes a record now, and why each open question may stay open."""

    why = forms.CharField(
        label="Why",
        max_length=500,
        help_text="One sentence. It is kept with your name, and printed in our own edition only.",
    )
    # What the reader saw: figures that changed meanwhile are looked at again before they become a record.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, questions: Sequence[Question] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = tuple(questions)
        for place, question in enumerate(self.questions):
            self.fields[f"reason_{place}"] = forms.CharField(
                label=question.text, max_length=500, error_messages={"required": "Say why it may stay open."}
            )

    def asked(self) -> list[Any]:
        """Return the fields of the open questions."""
        return [self[f"reason_{place}"] for place in range(len(self.questions))]

    def reasons(self) -> dict[str, str]:
        """Return the reason of each open question by its code."""
        return {each.code: self.cleaned_data[f"reason_{at}"] for at, each in enumerate(self.questions)}


def finalise_view(request: HttpRequest, statement: Statement, *, base: Any) -> HttpResponse:
    """Show what becomes a record and ask for the reasons, then finalise."""
    now = timezone.now().replace(microsecond=0)
    back = statement_url(statement.agreement, label=statement.period)
    try:
        statement = refresh_statement(statement, now=now)
        result = draft_statement(statement.agreement, period_label=statement.period, known_until=now)
    except (ValueError, ValidationError) as error:
        messages.error(request, f"{statement} cannot be finalised: {error}")
        return HttpResponseRedirect(back)
    questions = open_questions(statement, result=result, now=now)
    seen = figures_seen(statement)
    standing = standing_of(statement)
    why = AGAIN if standing.newest else FIRST
    form = FinaliseForm(request.POST or None, questions=questions, initial={"why": why, "seen": seen})
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["seen"] not in ("", seen):
            form.add_error(None, CHANGED)
            form.data = {**form.data.dict(), "seen": seen}  # type: ignore[attr-defined]
        elif _finalised(request, form, statement=statement, now=now):
            return HttpResponseRedirect(back)
    context = {
        **base,
        **draft_page(request, statement.agreement, result=result),
        "title": f"Finalise {statement}",
        "statement": statement,
        "standing": standing,
        "is_over": all(each.code != NOT_OVER for each in questions),
        "number": standing.newest.number + 1 if standing.newest else 1,
        "credit": credit_text(statement),
        "form": form,
        "lines": line_rows(
            statement.draft_lines.select_related("earlier__agreement__contract").order_by("number"),
            period=statement.period,
            zone=result.zone,
        ),
        "change": change_of(statement),
        "back_url": back,
        "second": second_person(request, "finalise", subject=statement),
    }
    return TemplateResponse(request, "sla/finalise.html", context)


def _finalised(request: HttpRequest, form: FinaliseForm, *, statement: Statement, now: datetime) -> bool:
    try:
        revision = do_or_ask(
            request,
            lambda: finalise_statement(
                statement,
                by=signed_in(request),
                why=form.cleaned_data["why"],
                reasons=form.reasons(),
                now=now,
            ),
        )
    except ValidationError as error:
        refuse(form, error)
        return False
    if revision is not None:
        messages.success(request, f"Finalised as {revision}: {credit_text(revision)}.")
    return True


def figures_seen(statement: Statement) -> str:
    """Return a mark of the draft's figures, so that a change between look and press is noticed."""
    rows = statement.draft_lines.order_by("number").values_list(
        "number", "key", "verdict", "value", "due_minor", "agreed_minor", "quantity"
    )
    said = f"{statement.shown}/{statement.state}/{list(rows)}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
