"""Make statements a record: one with its open questions, many that have none; corrections that wait."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
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
from vendors.admin import signed_in

FIRST, AGAIN = "Month closed", "Records were corrected"
MOST_AT_ONCE = 100
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
    }
    return TemplateResponse(request, "sla/finalise.html", context)


def _finalised(request: HttpRequest, form: FinaliseForm, *, statement: Statement, now: datetime) -> bool:
    try:
        revision = finalise_statement(
            statement,
            by=signed_in(request),
            why=form.cleaned_data["why"],
            reasons=form.reasons(),
            now=now,
        )
    except ValidationError as error:
        refuse(form, error)
        return False
    messages.success(request, f"Finalised as {revision}: {credit_text(revision)}.")
    return True


def figures_seen(statement: Statement) -> str:
    """Return a mark of the draft's figures, so that a change between look and press is noticed."""
    rows = statement.draft_lines.order_by("number").values_list(
        "number", "key", "verdict", "value", "due_minor", "agreed_minor", "quantity"
    )
    said = f"{statement.shown}/{statement.state}/{list(rows)}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A selected statement, and what keeps it from being finalised with the others."""

    statement: Statement
    credit: str
    questions: tuple[str, ...]
    url: str


def bulk_view(
    request: HttpRequest, statements: Iterable[Statement], *, base: Any, back: str
) -> HttpResponse | None:
    """Finalise the selected statements that have no open question; list the others with theirs."""
    now = timezone.now().replace(microsecond=0)
    chosen = list(statements[: MOST_AT_ONCE + 1])  # type: ignore[index]
    if len(chosen) > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} statements at once.")
        return None
    found = [_candidate(each, now=now) for each in chosen]
    ready = [each for each in found if not each.questions]
    form = FinaliseForm(request.POST if "confirmed" in request.POST else None, initial={"why": FIRST})
    if form.is_bound and form.is_valid():
        for each in ready:
            _finalised_of_many(request, each.statement, why=form.cleaned_data["why"], now=now)
        for each in found:
            if each.questions:
                messages.warning(request, f"{each.statement} was left: {'; '.join(each.questions)}.")
        return None
    context = {
        **base,
        "title": "Finalise the selected statements",
        "ready": ready,
        "left": [each for each in found if each.questions],
        "chosen": chosen,
        "form": form,
        "back_url": back,
    }
    return TemplateResponse(request, "sla/finalise_many.html", context)


def _candidate(statement: Statement, *, now: datetime) -> Candidate:
    questions: tuple[str, ...]
    try:
        statement = refresh_statement(statement, now=now)
        result = draft_statement(statement.agreement, period_label=statement.period, known_until=now)
        questions = tuple(each.text for each in open_questions(statement, result=result, now=now))
        standing = standing_of(statement)
        if standing.newest is not None and not standing.needs_correction:
            questions = (f"is finalised as r{standing.newest.number}, and nothing changed since",)
    except (ValueError, ValidationError) as error:
        questions = (f"could not be computed: {error}",)
    return Candidate(
        statement=statement,
        credit=credit_text(statement),
        questions=questions,
        url=reverse("admin:sla_statement_finalise", args=[statement.pk]),
    )


def _finalised_of_many(request: HttpRequest, statement: Statement, *, why: str, now: datetime) -> None:
    try:
        revision = finalise_statement(statement, by=signed_in(request), why=why, reasons={}, now=now)
        messages.success(request, f"Finalised as {revision}: {credit_text(revision)}.")
    except ValidationError as error:
        messages.error(request, f"{statement} was left: {' '.join(error.messages)}")
