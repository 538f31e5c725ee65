"""A finalised revision: its page as it was frozen, its files, its proof, and what the vendor said of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.lines import answers_by_line, line_rows
from sla.admin.links import links_context
from sla.admin.releases import release_context
from sla.admin.standing import credit_text, standing_of
from sla.admin.statements import (
    as_file,
    claim_act,
    claim_rows,
    incident_links,
    revision_downloads,
    revision_rows,
    revision_url,
    schedule_url,
    statement_url,
)
from sla.models import LineAnswer, StatementLine, StatementRevision
from sla.reports.editions import Edition, frozen_inputs, frozen_result, statement_document
from sla.reports.statement import statement_page
from sla.services import statement_files as files
from sla.services.statements.verifying import verify_revision


def revision_view(request: HttpRequest, revision: StatementRevision, *, base: Any) -> HttpResponse:
    """Show a revision from what was frozen with it, never from today's rows."""
    statement = revision.statement
    agreement = statement.agreement
    try:
        result = frozen_result(revision)
        document = statement_document(revision, edition=Edition.INTERNAL)
    except ValueError as error:
        messages.error(request, f"{revision} cannot be read, it was altered: {str(error).splitlines()[0]}")
        return HttpResponseRedirect(statement_url(agreement, label=statement.period))
    standing = standing_of(statement)
    lines = revision.lines.select_related("earlier__agreement__contract").order_by("number")
    said = LineAnswer.objects.filter(
        revision__statement=statement, revision__number__lte=revision.number
    ).select_related("revision", "decision__line")
    answers = answers_by_line(said.defer("decision__line__file", "revision__inputs", "revision__result"))
    claims = claim_rows(request, statement)
    may_answer = request.user.has_perm("sla.add_lineanswer")
    is_newest = standing.newest is not None and standing.newest.pk == revision.pk
    released = release_context(request, revision, is_newest=is_newest)
    context = {
        **base,
        **released,
        **links_context(request, released["release"]),
        "title": str(revision),
        "revision": revision,
        "shown_revision": revision,
        "statement": statement,
        "standing": standing,
        "is_newest": is_newest,
        "document": document,
        "page": _page(request, revision, result=result),
        "agreement": agreement,
        "credit": credit_text(revision),
        "revisions": revision_rows(statement, zone=result.zone),
        "claims": claims,
        "lines": line_rows(
            lines,
            period=statement.period,
            zone=result.zone,
            answers=answers,
            answer_urls={line.number: _answer_url(line) for line in lines} if may_answer else {},
        ),
        "previous_number": revision.number - 1,
        "downloads": revision_downloads(revision),
        "claim_act": claim_act(request, statement, claims=claims),
        "today": timezone.now().date(),
        "statement_url": statement_url(agreement, label=statement.period),
        "schedule_url": schedule_url(agreement),
        "contract_url": reverse("admin:vendors_contract_change", args=[agreement.contract_id]),
        "verify_url": reverse("admin:sla_revision_verify", args=[statement.pk, revision.number]),
    }
    return TemplateResponse(request, "sla/revision.html", context)


def _page(request: HttpRequest, revision: StatementRevision, *, result: Any) -> Any:
    inputs = frozen_inputs(revision)
    return statement_page(
        result,
        levels={target.code: target.name for terms in inputs.versions for target in terms.targets},
        services={unit.code: unit.name or unit.code for unit in inputs.facts.units},
        links=incident_links(request, result.measured),
    )


def _answer_url(line: StatementLine) -> str:
    revision = line.revision
    return reverse("admin:sla_line_answer", args=[revision.statement_id, revision.number, line.number])


def verify_view(request: HttpRequest, revision: StatementRevision) -> HttpResponse:
    """Check the fingerprints and compute the revision again from what was frozen; say what came of it."""
    if request.method == "POST":
        found = verify_revision(revision)
        for text in found.problems:
            messages.error(request, f"{revision}: {text}")
        for text in found.notes:
            messages.info(request, text)
        if found.ok:
            messages.success(
                request, f"{revision} is as it was finalised. Checked: {'; '.join(found.checked)}."
            )
    return HttpResponseRedirect(revision_url(revision))


def revision_file(request: HttpRequest, revision: StatementRevision, *, form: str) -> HttpResponse:
    """Hand a revision out as a file; a file that cannot be made leads back with the reason."""
    if form not in files.OF_REVISION:
        raise Http404(f"There is no {form!r} of a revision. Known are: {', '.join(files.OF_REVISION)}.")
    try:
        made = files.revision_file(revision, form=form)
    except ValueError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(revision_url(revision))
    return as_file(made.body, name=made.name)
