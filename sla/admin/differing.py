"""What today's records change in a finalised statement, and holding a small change for a later one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from sla.admin.acts import refuse
from sla.admin.standing import signed_text, standing_of
from sla.admin.statements import acts, address, revision_url, statement_url
from sla.engine.facts import Verdict
from sla.engine.trace import written_fraction, written_length
from sla.models import Statement
from sla.reports.words import VERDICTS
from sla.services.statements import hold_correction, refresh_statement
from sla.services.statements.differences import Difference, LineDifference, differences
from vendors.admin import signed_in
from vendors.models import money_text

ABSENT = "not part of it"


@dataclass(frozen=True, kw_only=True)
class ChangedLine:
    """One line before and now, ready to be shown."""

    number: int
    name: str
    about: str
    was: str
    is_now: str
    counted: str
    was_due: str
    due: str
    delta: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """All that a correction changes."""

    revision: str
    url: str
    old: str
    new: str
    delta: str
    lines: tuple[ChangedLine, ...]
    same: int  # lines in which nothing differs
    effects: tuple[tuple[str, str], ...]  # what it does to claims, each with the claim's address


def change_of(statement: Statement) -> Change | None:
    """Return what a fresh draft changes in the newest revision, None where it still holds."""
    found = differences(statement)
    return None if found is None else _change(found, period=statement.period)


def _change(found: Difference, *, period: str) -> Change:
    currency = found.old.currency
    changed = found.changed_lines
    return Change(
        revision=str(found.revision),
        url=revision_url(found.revision),
        old=str(found.old),
        new=str(found.new),
        delta=signed_text(found.delta.minor, currency=found.delta.currency),
        lines=tuple(_line(each, currency=currency, period=period) for each in changed),
        same=len(found.lines) - len(changed),
        effects=tuple(
            (each.text, address("admin:sla_claim_change", each.claim.pk) if each.claim else "")
            for each in found.effects
        ),
    )


def _line(line: LineDifference, *, currency: str, period: str) -> ChangedLine:
    counted = ""
    if line.delta_us:
        counted = f"{written_length(line.old_counted_us)} → {written_length(line.new_counted_us)}"
    return ChangedLine(
        number=line.number,
        name=line.name,
        about=" · ".join(filter(None, [line.services, "" if line.window == period else line.window])),
        was=_said(line.old_value, verdict=line.old_verdict),
        is_now=_said(line.new_value, verdict=line.new_verdict),
        counted=counted,
        was_due=_due(line.old_minor, quantity=line.old_quantity, currency=currency),
        due=_due(line.new_minor, quantity=line.new_quantity, currency=currency),
        delta=signed_text(line.delta_minor, currency=currency) if line.delta_minor else "",
    )


def _said(value: str, *, verdict: str | None) -> str:
    return ABSENT if verdict is None else ", ".join(filter(None, (value, VERDICTS[Verdict(verdict)])))


def _due(minor: int, *, quantity: Any, currency: str) -> str:
    return money_text(minor, currency=currency) if quantity is None else written_fraction(quantity)


def difference_view(request: HttpRequest, statement: Statement, *, base: Any) -> HttpResponse:
    """Show what today's records would change of the newest revision, line by line."""
    back = statement_url(statement.agreement, label=statement.period)
    statement = refresh_statement(statement, now=timezone.now())
    change, standing = change_of(statement), standing_of(statement)
    if change is None:
        what = "still holds" if standing.newest else "is not finalised yet"
        messages.info(request, f"{standing.newest or statement} {what}: there is no difference.")
        return HttpResponseRedirect(back)
    may = request.user.has_perm("sla.add_statementrevision")
    context = {
        **base,
        "title": f"What changed in {statement}",
        "statement": statement,
        "standing": standing,
        "change": change,
        "back_url": back,
        "finalise_url": address("admin:sla_statement_finalise", statement.pk) if may else "",
        "hold_url": acts(request, statement, standing=standing)["hold"],
    }
    return TemplateResponse(request, "sla/difference.html", context)


class HoldForm(forms.Form):
    """Into which later statement a small correction goes."""

    into = forms.ModelChoiceField(
        label="Into the statement",
        queryset=Statement.objects.none(),
        empty_label=None,
        help_text="It becomes a line of that statement: a correction of an earlier period.",
    )
    why = forms.CharField(label="Why", max_length=500, initial="Small correction without a changed verdict")


def hold_view(request: HttpRequest, statement: Statement, *, base: Any) -> HttpResponse:
    """Ask into which later statement the correction goes, then hold it for that one."""
    back = statement_url(statement.agreement, label=statement.period)
    later = Statement.objects.filter(
        agreement=statement.agreement, first_on__gt=statement.last_on, revisions=None
    )
    form = HoldForm(request.POST or None)
    choices = later.select_related("agreement__contract").order_by("first_on")
    form.fields["into"].queryset = choices  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        try:
            held = hold_correction(statement, by=signed_in(request), now=timezone.now(), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"The correction waits for {held.into}.")
            return HttpResponseRedirect(back)
    text = (
        "A correction below the amount that your company set, with no verdict changed, may wait: the figures"
        " of this statement stay, and the difference is a line of the later one."
    )
    title = f"Hold the correction of {statement}"
    context = {
        **base,
        "title": title,
        "text": text,
        "form": form,
        "back_url": back,
        "save_label": "Hold the correction",
    }
    return TemplateResponse(request, "sla/act_form.html", context)
