"""Take an answer of the vendor as recorded, or set it aside; no figure moves before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.acts import refuse
from sla.admin.lines import line_rows
from sla.admin.links.panel import answer_row
from sla.admin.statements import incident_urls, revision_url
from sla.models import LineAnswer, StatementLine, VendorAnswerLine
from sla.selectors.addresses import entry_of_link
from sla.services.claims.answers import claim_of_line
from sla.services.links import set_aside, take_answer
from sla.services.links.comparing import apart_words
from sla.services.links.words import entry_words, told_at, zone_of
from vendors.admin import signed_in

Answer = LineAnswer.Answer


class DecideForm(forms.Form):
    """Which of the two, and why."""

    why = forms.CharField(
        label="Why",
        required=False,
        max_length=500,
        help_text="To set it aside a reason is needed. It is kept with your name.",
    )


def decide_view(request: HttpRequest, row: VendorAnswerLine, *, base: Any) -> HttpResponse:
    """Show an answer beside our line, and take it as recorded or set it aside."""
    revision = row.answer.link.release.revision
    back = f"{revision_url(revision)}#answers"
    form = DecideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            words = _decided(request, row, why=form.cleaned_data["why"])
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"Line {row.line_number}: {words}")
            return HttpResponseRedirect(back)
    line = StatementLine.objects.get(revision=revision, number=row.line_number)
    zone, entry = zone_of(revision), entry_of_link(row.answer.link)
    context = {
        **base,
        "title": f"What the vendor says of line {row.line_number}",
        "revision": revision,
        "lines": line_rows([line], period=revision.statement.period, zone=zone),
        "said": answer_row(
            row, answer=row.answer, release=row.answer.link.release, lines={line.number: line}, may=False
        ),
        "answer": row.answer,
        "at": told_at(row.answer.said_at, revision=revision),
        "entered": entry_words(entry, revision=revision),
        "own": entry is not None and entry.is_word_of(signed_in(request)),
        "apart": apart_words(row, line=line),
        "hints": _hints(request, row, line=line),
        "form": form,
        "back_url": back,
    }
    return TemplateResponse(request, "sla/links/decide.html", context)


def _decided(request: HttpRequest, row: VendorAnswerLine, *, why: str) -> str:
    """Do what was chosen, and return what came of it."""
    by, now = signed_in(request), timezone.now()
    if "aside" in request.POST:
        set_aside(row, by=by, why=why, now=now)
        return "set aside. It changes nothing."
    take_answer(row, by=by, why=why, now=now)
    return "taken as recorded. It is the vendor's answer from now on."


def _hints(request: HttpRequest, row: VendorAnswerLine, *, line: StatementLine) -> list[tuple[str, str]]:
    """Return what may be to do besides, and where."""
    revision = row.answer.link.release.revision
    if row.says == Answer.ALREADY_CREDITED:
        claim = claim_of_line(revision, line_number=line.number)
        query = f"?claim={claim.pk}" if claim is not None else ""
        return [("Record the credit received", f"{reverse('admin:sla_creditreceived_add')}{query}")]
    if row.says != Answer.CONTESTS:
        return []
    return [
        (f"Enter the vendor's times or cause at {reference}", url)
        for reference, url in sorted(incident_urls(request, line.incidents).items())
    ]


def file_response(row: VendorAnswerLine) -> HttpResponse:
    """Hand out the file of an answer: always saved, never shown, whatever it holds."""
    if row.file is None:
        raise Http404("This answer has no file.")
    safe = row.file_name.replace('"', "").encode("ascii", "replace").decode().replace("?", "_")
    return HttpResponse(
        bytes(row.file),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{safe}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
