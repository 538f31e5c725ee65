"""The page of one request, and the approval of several after a look at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from vendors.admin.approvals.showing import approval_url
from vendors.admin.records import signed_in
from vendors.models import Approval
from vendors.services.approvals import act_of, approve, names_of, refuse, who_could_decide, why_not, withdraw

MOST_AT_ONCE = 300
TONES = {"open": "warn", "approved": "good", "refused": "bad", "withdrawn": "", "overtaken": "bad"}
DONE = {
    Approval.Decision.APPROVED: "Approved and done: {}.",
    Approval.Decision.REFUSED: "Refused: {}.",
    Approval.Decision.WITHDRAWN: "Withdrawn: {}.",
}


class NoteForm(forms.Form):
    """A note to the decision."""

    note = forms.CharField(
        label="Note",
        max_length=500,
        required=False,
        help_text="Needed to refuse: who asked reads it.",
        widget=forms.TextInput(attrs={"class": "rc-grow"}),
    )


def effect_rows(approval: Approval) -> Iterator[dict[str, str]]:
    """Yield what a request does, line by line: what, before and after where it changes something."""
    for line in approval.effect.splitlines():
        what, colon, rest = line.partition(": ")
        before, arrow, after = rest.partition(" → ")
        if colon and arrow:
            yield {"what": what, "before": before, "after": after}
        else:
            yield {"what": line}


def approval_page(request: HttpRequest, approval: Approval, *, base: Mapping[str, Any]) -> HttpResponse:
    """Show a request with what it does; decide it where a form was sent."""
    user = signed_in(request)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if _decided(request, approval, by=user, note=form.cleaned_data["note"]):
            return HttpResponseRedirect(approval_url(approval))
        approval.refresh_from_db()
    own = approval.asked_by_id == user.pk
    refused = why_not(approval, user=user) if approval.is_open else ""
    context = {
        **base,
        "title": f"Request {approval.pk}",
        "approval": approval,
        "label": act_of(approval.act).label,
        "tone": TONES[approval.decision],
        "effect": list(effect_rows(approval)),
        "subject_url": subject_url(approval),
        "could": names_of(who_could_decide(approval)) if approval.is_open else "",
        "may_decide": approval.is_open and not refused,
        "may_withdraw": approval.is_open and own,
        "why_not": refused,
        "form": form,
        "back_url": reverse("admin:vendors_approval_changelist"),
    }
    return TemplateResponse(request, "vendors/approval.html", context)


def _decided(request: HttpRequest, approval: Approval, *, by: User, note: str) -> bool:
    what, now = request.POST.get("decide", ""), timezone.now()
    try:
        if what == "approve":
            found = approve(approval, by=by, now=now, note=note)
        elif what == "refuse":
            found = refuse(approval, by=by, now=now, note=note)
        elif what == "withdraw":
            found = withdraw(approval, by=by, now=now, note=note)
        else:
            raise ValidationError("Choose: approve, refuse or withdraw.")
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
        return False
    _tell(request, found)
    return True


def _tell(request: HttpRequest, found: Approval) -> None:
    if found.decision == Approval.Decision.OVERTAKEN:
        messages.error(request, f"{found}: {found.note}")
    else:
        messages.success(request, DONE[Approval.Decision(found.decision)].format(found))


def subject_url(approval: Approval) -> str:
    """Return the address of what a request is about, empty where it has none."""
    app, name = approval.model.split(".")
    try:
        return reverse(f"admin:{app}_{name}_change", args=[approval.row]) if approval.row else ""
    except NoReverseMatch:
        return ""


def approve_many(
    request: HttpRequest, approvals: Any, *, base: Mapping[str, Any], back: str
) -> HttpResponse | None:
    """Show the selected requests with what each does, then approve them, each for itself."""
    user = signed_in(request)
    chosen = list(approvals.select_related("asked_by", "contract", "vendor")[: MOST_AT_ONCE + 1])
    if len(chosen) > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} requests at once.")
        return None
    rows = [_candidate(each, user=user) for each in chosen]
    if "confirmed" in request.POST:
        _approve_each(request, [row["approval"] for row in rows if not row["stopped"]], by=user)
        return None
    context = {
        **base,
        "title": "Approve the selected requests",
        "ready": [row for row in rows if not row["stopped"]],
        "stopped": [row for row in rows if row["stopped"]],
        "back_url": back,
    }
    return TemplateResponse(request, "vendors/approve_many.html", context)


def _candidate(approval: Approval, *, user: User) -> dict[str, Any]:
    stopped = (
        why_not(approval, user=user)
        if approval.is_open
        else f"It is decided: {approval.get_decision_display().lower()}."
    )
    return {
        "approval": approval,
        "label": act_of(approval.act).label,
        "effect": list(effect_rows(approval)),
        "stopped": stopped,
        "url": approval_url(approval),
    }


def _approve_each(request: HttpRequest, chosen: list[Approval], *, by: User) -> None:
    done = 0
    for approval in chosen:
        try:
            found = approve(approval, by=by, now=timezone.now())
        except (ValidationError, ObjectDoesNotExist) as error:
            messages.error(request, f"{approval}: {' '.join(getattr(error, 'messages', [str(error)]))}")
            continue
        if found.decision == Approval.Decision.APPROVED:
            done += 1
        else:
            _tell(request, found)
    if done:
        messages.success(request, f"{done} request{'s' * (done != 1)} approved and done.")
