"""The statement as its vendor reads it, with a form at each line; and the same as PDF."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from sla.engine.periods import zone_info
from sla.models import AnswerDraft, StatementLine
from sla.models import StatementLinkView as Views
from sla.pages.links.door import Visit, linked, plain, too_many, with_form
from sla.pages.links.forms import LineForm, refuse_lines
from sla.pages.links.lines import later_words, lines_of, shown_lines
from sla.reports.editions import Edition, revision_pdf, statement_document
from sla.services.links.drafting import LineProblemsError, draft_answer, draft_at, said_of
from sla.services.links.opening import MOST_PDFS, is_flood
from sla.services.links.saying import Said
from sla.services.links.words import NOT_AGREEING, told_at, zone_of

# So many lines have their forms on one page.
LINES_A_PAGE = 40
# Names, in the address, an answer that is not sent yet.
DRAFT = "draft"


@linked("GET", "HEAD", "POST")
def statement_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the vendor's edition of the one statement, and take an answer to its lines."""
    revision = visit.link.release.revision
    lines, (later, is_closed) = lines_of(revision), later_words(visit.link)
    first = _first(request, count=len(lines))
    page = [] if is_closed else lines[first : first + LINES_A_PAGE]
    with timezone.override(zone_info(zone_of(revision))):
        forms = _forms(request, visit, page)
        problem = ""
        if request.method == "POST" and page:
            made = _drafted(visit, forms)
            if isinstance(made, AnswerDraft):
                return HttpResponseRedirect(reverse("answer_check", args=[visit.key, made.token]))
            problem = made
        else:
            visit.note(Views.What.PAGE)
        more = {"problem": problem, "later": later, "is_closed": is_closed}
        return _page(request, visit, lines=lines, forms=forms, **more, pages=_pages(len(lines), first=first))


def _forms(request: HttpRequest, visit: Visit, lines: list[StatementLine]) -> dict[int, LineForm]:
    posted = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    typed = _typed_before(request, visit)
    return {line.number: LineForm(*posted, line=line, earlier=typed.get(line.number)) for line in lines}


def _typed_before(request: HttpRequest, visit: Visit) -> dict[int, Said]:
    """Return by line what an answer that is not sent yet says, where somebody comes back from it."""
    token = request.GET.get(DRAFT, "")
    draft = draft_at(visit.link, token=token, now=visit.now) if token.isprintable() and token else None
    return {} if draft is None else {each.line_number: each for each in said_of(draft)}


def _drafted(visit: Visit, forms: dict[int, LineForm]) -> AnswerDraft | str:
    """Write an answer down until its code is entered, or return why not."""
    valid = [form.is_valid() for form in forms.values()]
    if not all(valid):
        return "Some lines need another look. Files have to be chosen again."
    said = [form.said for form in forms.values() if form.said is not None]
    try:
        draft = draft_answer(visit.link, said=said, now=visit.now)
    except LineProblemsError as error:
        refuse_lines(forms, error)
        return "Some lines need another look. Files have to be chosen again."
    except ValidationError as error:
        return " ".join(error.messages)
    visit.note(Views.What.COMPOSED)
    return draft


def _page(
    request: HttpRequest,
    visit: Visit,
    *,
    lines: list[StatementLine],
    forms: dict[int, LineForm],
    **more: Any,
) -> HttpResponse:
    revision = visit.link.release.revision
    try:
        document = statement_document(revision, edition=Edition.VENDOR)
    except ValueError:
        return _not_now(request, visit)
    context = {
        **more,
        "document": document,
        "page": document.page,
        "lines": shown_lines(lines, revision=revision, document=document, forms=forms),
        "has_forms": bool(forms),
        "wrong": [number for number, form in forms.items() if form.is_bound and form.errors],
        "zone": zone_of(revision),
        "until": told_at(visit.link.expires_at, revision=revision),
        "silence": NOT_AGREEING,
        "pdf_url": reverse("statement_link_pdf", args=[visit.key]),
    }
    return with_form(request, "sla/link/statement.html", context)


def _not_now(request: HttpRequest, visit: Visit) -> HttpResponse:
    customer = visit.link.release.revision.statement.agreement.contract.entity.name
    text = f"The statement cannot be shown at the moment. Please ask {customer} for it."
    return plain(request, title="Not available", text=text, status=503)


def back_to(visit: Visit, draft: AnswerDraft) -> str:
    """Return the address of the statement with the entries of an answer that is not sent yet."""
    first = min(each.line_number for each in said_of(draft)) - 1
    query = urlencode({"from": first - first % LINES_A_PAGE + 1, DRAFT: draft.token})
    return f"{reverse('statement_link', args=[visit.key])}?{query}#line-{first + 1}"


def _first(request: HttpRequest, *, count: int) -> int:
    asked = request.GET.get("from", "")
    number = int(asked) - 1 if asked.isdecimal() and len(asked) < 6 else 0
    return number if 0 < number < count else 0


def _pages(count: int, *, first: int) -> list[tuple[int, int, bool]]:
    """Return the stretches of lines that have their forms on one page, where there are several."""
    if count <= LINES_A_PAGE:
        return []
    return [
        (begin + 1, min(begin + LINES_A_PAGE, count), begin == first)
        for begin in range(0, count, LINES_A_PAGE)
    ]


@linked("GET", "HEAD")
def statement_pdf(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Hand out the vendor's edition of the one statement as PDF."""
    if is_flood(f"pdf/{visit.link.pk}", most=MOST_PDFS, now=visit.now):
        return too_many(request)
    revision = visit.link.release.revision
    try:
        content = revision_pdf(revision, edition=Edition.VENDOR)
    except ValueError:
        return _not_now(request, visit)
    visit.note(Views.What.PDF)
    name = revision.full_number.replace("/", "-").replace('"', "")
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )
