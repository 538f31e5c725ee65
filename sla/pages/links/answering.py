"""The last steps of an answer: looked at once more, confirmed by a code, and a copy to keep."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from sla.models import AnswerDraft, VendorAnswer
from sla.pages.links.door import Visit, linked, nothing_here, with_form
from sla.pages.links.forms import ConfirmForm
from sla.pages.links.lines import lines_of
from sla.pages.links.statement import back_to
from sla.services.links import confirm_answer, send_code
from sla.services.links.confirming import sent_before
from sla.services.links.drafting import draft_at, said_of
from sla.services.links.words import line_words, masked, told_at, zone_of
from vendors.callers import origin_of


@linked("GET", "HEAD", "POST")
def check_answer(request: HttpRequest, visit: Visit, *, token: str) -> HttpResponse:
    """Show an answer once more, send the code for it, and take it with the code."""
    if sent_before(visit.link, token=token) is not None:
        return HttpResponseRedirect(_sent_url(visit, token=token))
    draft = draft_at(visit.link, token=token, now=visit.now)
    if draft is None:
        return nothing_here(request)
    form = ConfirmForm(request.POST if "code" in request.POST else None, use_required_attribute=False)
    problem = ""
    if request.method == "POST" and not form.is_bound:
        try:
            send_code(draft, by=visit.by, now=visit.now)
            return HttpResponseRedirect(request.path)
        except ValidationError as error:
            problem = " ".join(error.messages)
    elif form.is_bound and form.is_valid() and _confirmed(request, visit, form=form, token=token):
        return HttpResponseRedirect(_sent_url(visit, token=token))
    return _check_page(request, visit, draft=draft, form=form, problem=problem)


def _confirmed(request: HttpRequest, visit: Visit, *, form: ConfirmForm, token: str) -> bool:
    try:
        origin = origin_of(request)
        values = form.cleaned_data
        confirm_answer(visit.link, token=token, by=visit.by, origin=origin, now=visit.now, **values)
    except ValidationError as error:
        places = error.message_dict if hasattr(error, "error_dict") else {"code": error.messages}
        for place, said in places.items():
            form.add_error(place, said)
        return False
    return True


def _sent_url(visit: Visit, *, token: str) -> str:
    return reverse("answer_sent", args=[visit.key, token])


def _check_page(
    request: HttpRequest, visit: Visit, *, draft: AnswerDraft, form: ConfirmForm, problem: str
) -> HttpResponse:
    revision = visit.link.release.revision
    lines = {line.number: line for line in lines_of(revision)}
    zone = zone_of(revision)
    said = [line_words(each, line=lines[each.line_number], zone=zone) for each in said_of(draft)]
    context = {
        "number": revision.full_number,
        "said": [words.split("\n") for words in said],
        "form": form,
        "problem": problem,
        "address": masked(visit.link.address),
        "code_until": told_at(draft.code_until, revision=revision) if draft.code_until else "",
        "back_url": back_to(visit, draft),
        "customer": revision.statement.agreement.contract.entity.name,
    }
    return with_form(request, "sla/link/check.html", context)


@linked("GET", "HEAD")
def sent_answer(request: HttpRequest, visit: Visit, *, token: str) -> HttpResponse:
    """Show what was sent."""
    answer: VendorAnswer | None = sent_before(visit.link, token=token)
    if answer is None:
        return nothing_here(request)
    revision = visit.link.release.revision
    lines = {line.number: line for line in lines_of(revision)}
    rows = answer.lines.defer("file")
    said = [line_words(each, line=lines[each.line_number], zone=zone_of(revision)) for each in rows]
    context = {
        "number": revision.full_number,
        "answer": answer,
        "said": [words.split("\n") for words in said],
        "at": told_at(answer.said_at, revision=revision),
        "address": masked(answer.address),
        "back_url": reverse("statement_link", args=[visit.key]),
        "customer": revision.statement.agreement.contract.entity.name,
    }
    return render(request, "sla/link/sent.html", context)
