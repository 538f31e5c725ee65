"""Make many statements a record at once: one reason holds for every statement that asks the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from sla.admin.finalising import CHANGED, FIRST, NOT_OVER, figures_seen
from sla.admin.standing import credit_text, standing_of
from sla.models import Statement
from sla.services.statements import draft_statement
from sla.services.statements.finalising import finalise_statement
from sla.services.statements.heads import refresh_statement
from sla.services.statements.questions import QUESTIONS, Question, open_questions
from vendors.admin import second_person, signed_in
from vendors.models import Approval
from vendors.services.approvals import done_or_asked

MOST_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A selected statement: what it asks, or what keeps it from being finalised whatever the reason."""

    statement: Statement
    credit: str
    questions: tuple[Question, ...]
    stopped: str
    seen: str
    url: str

    def lacks(self, reasons: Mapping[str, str]) -> tuple[str, ...]:
        """Return what still keeps it from being finalised with these reasons, by code of the question."""
        if self.stopped:
            return (self.stopped,)
        return tuple(each.text for each in self.questions if not reasons.get(each.code, "").strip())

    def left(self, reasons: Mapping[str, str]) -> str:
        """Return the same in short, for a message: the statement's own page says where."""
        if self.stopped:
            return f"{self.statement} was left: {self.stopped.rstrip('.')}."
        kinds = [QUESTIONS[each.code] for each in self.questions if not reasons.get(each.code, "").strip()]
        return f"{self.statement} was left, as it needs a reason: {'; '.join(kinds)}."


class ManyForm(forms.Form):
    """Why they become a record, and one reason for each kind of question that several of them ask."""

    why = forms.CharField(
        label="Why",
        max_length=500,
        help_text="One sentence. It is kept with your name, and printed in our own edition only.",
    )

    def __init__(self, *args: Any, asked: Mapping[str, int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = dict(asked or {})
        for code, count in self.asked.items():
            which = "1 statement asks" if count == 1 else f"{count} statements ask"
            self.fields[_field(code)] = forms.CharField(
                label=QUESTIONS[code], max_length=500, required=False, help_text=f"{which} this."
            )

    def shared(self) -> list[Any]:
        """Return the fields of the questions."""
        return [self[_field(code)] for code in self.asked]

    def reasons(self) -> dict[str, str]:
        """Return the reasons that were given, by code."""
        given = {code: self.cleaned_data[_field(code)].strip() for code in self.asked}
        return {code: reason for code, reason in given.items() if reason}


def _field(code: str) -> str:
    return f"reason_{code}"


def bulk_view(
    request: HttpRequest, statements: Iterable[Statement], *, base: Any, back: str
) -> HttpResponse | None:
    """Show the selected statements with what they ask, then finalise those that nothing keeps from it."""
    now = timezone.now().replace(microsecond=0)
    chosen = list(statements[: MOST_AT_ONCE + 1])  # type: ignore[index]
    if len(chosen) > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} statements at once.")
        return None
    found = [_candidate(each, now=now) for each in chosen]
    asked = Counter(each.code for one in found if not one.stopped for each in one.questions)
    posted = request.POST if "confirmed" in request.POST else None
    form = ManyForm(
        posted, asked={code: asked[code] for code in QUESTIONS if code in asked}, initial={"why": FIRST}
    )
    if form.is_bound and form.is_valid():
        _finalise_all(request, found, form=form, now=now)
        return None
    context = {
        **base,
        "title": "Finalise the selected statements",
        "ready": [each for each in found if not each.lacks({})],
        "asking": [each for each in found if each.questions and not each.stopped],
        "stopped": [each for each in found if each.stopped],
        "chosen": found,
        "second": second_person(request, "finalise", subject=found[0].statement) if found else {},
        "form": form,
        "back_url": back,
    }
    return TemplateResponse(request, "sla/finalise_many.html", context)


def _candidate(statement: Statement, *, now: datetime) -> Candidate:
    questions: Sequence[Question] = ()
    stopped = ""
    try:
        statement = refresh_statement(statement, now=now)
        result = draft_statement(statement.agreement, period_label=statement.period, known_until=now)
        questions = open_questions(statement, result=result, now=now)
        standing = standing_of(statement)
        if standing.newest is not None and not standing.needs_correction:
            stopped = f"is finalised as r{standing.newest.number}, and nothing changed since"
    except (ValueError, ValidationError) as error:
        stopped = f"could not be computed: {error}"
    early = next((each.text for each in questions if each.code == NOT_OVER), "")
    return Candidate(
        statement=statement,
        credit=credit_text(statement),
        questions=tuple(questions),
        stopped=stopped or early,
        seen=figures_seen(statement),
        url=reverse("admin:sla_statement_finalise", args=[statement.pk]),
    )


def _finalise_all(request: HttpRequest, found: Iterable[Candidate], *, form: ManyForm, now: datetime) -> None:
    reasons, why = form.reasons(), form.cleaned_data["why"]
    asked = 0
    for each in found:
        left = each.left(reasons) if each.lacks(reasons) else ""
        if request.POST.get(f"seen_{each.statement.pk}", each.seen) != each.seen:
            left = f"{each.statement} was left: {CHANGED}"
        if left:
            messages.warning(request, left)
            continue
        own = {question.code: reasons[question.code] for question in each.questions}
        asked += _finalise(request, each.statement, why=why, reasons=own, now=now)
    if asked:
        what = "1 statement waits" if asked == 1 else f"{asked} statements wait"
        url = f"{reverse('admin:vendors_approval_changelist')}?stands=own"
        text = '{} for a second person, who approves them in one go: <a href="{}">your requests</a>.'
        messages.warning(request, format_html(text, what, url))


def _finalise(
    request: HttpRequest, statement: Statement, *, why: str, reasons: Mapping[str, str], now: datetime
) -> bool:
    """Finalise one statement, or ask for a second person; say whether it was asked."""
    try:
        by = signed_in(request)
        revision = done_or_asked(
            lambda: finalise_statement(statement, by=by, why=why, reasons=reasons, now=now), now=now
        )
    except ValidationError as error:
        messages.error(request, f"{statement} was left: {' '.join(error.messages)}")
        return False
    if isinstance(revision, Approval):
        return True
    messages.success(request, f"Finalised as {revision}: {credit_text(revision)}.")
    return False
