"""The page of one service level statement by the records as they stand, and its downloads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from incidents.models import Incident
from sla.admin.lines import line_rows
from sla.admin.standing import TEXTS, Standing, change_text, credit_text, standing_of
from sla.engine.claims.moves import OPEN
from sla.engine.periods import Period, period_on, zone_info, zone_table
from sla.models import Claim, PostingPolicy, ServiceLevelAgreement, Statement, StatementRevision
from sla.reports.statement import statement_page
from sla.selectors import versions_in_force
from sla.services import draft_statement
from sla.services.previews import level_sentences
from sla.services.statement_files import KINDS, draft_file
from sla.services.statements.heads import fresh_heads, head_of
from vendors.admin import second_person, signed_in

PDF = "application/pdf"
FILES = (("pdf", "PDF"), ("pdf-vendor", "Vendor's PDF"), ("text", "Text"), ("json", "JSON"))
EVIDENCE = (("evidence", "Evidence pack for the vendor"), ("evidence-internal", "Evidence pack, internal"))


def statement_view(
    request: HttpRequest, agreement: ServiceLevelAgreement, *, label: str, base: Any
) -> HttpResponse:
    """Show what a period came to by the records as they stand, and what of it is finalised."""
    now = timezone.now().replace(microsecond=0)
    try:
        result = draft_statement(agreement, period_label=label, known_until=now)
        statement = head_of(agreement, period_label=label)
    except ValueError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(schedule_url(agreement))
    statement = next(iter(fresh_heads([agreement], on=statement.last_on, now=now)), statement)
    period = result.period
    before, after = neighbours(agreement, period=period)
    context = {
        **base,
        **draft_page(request, agreement, result=result),
        **head_context(request, statement, zone=result.zone),
        **_downloads(statement),
        "opts": Statement._meta,
        "title": f"Service level statement {period.label}",
        "credit": credit_text(statement),
        "is_demo": agreement.contract.vendor.is_demo,
        "previous": before.label if has_terms(agreement, on=before.last_on) else "",
        "next": after.label if after.first_on <= now.date() else "",
        "previous_url": statement_url(agreement, label=before.label),
        "next_url": statement_url(agreement, label=after.label),
        "add_exclusion_url": reverse("admin:sla_exclusion_add") + f"?schedule={agreement.pk}",
        "add_condition_url": reverse("admin:sla_condition_add") + f"?agreement={agreement.pk}",
    }
    return TemplateResponse(request, "sla/statement.html", context)


def draft_page(request: HttpRequest, agreement: ServiceLevelAgreement, *, result: Any) -> dict[str, Any]:
    """Return what every page of a draft shows: the figures, the terms, the addresses around it."""
    contract, period = agreement.contract, result.period
    versions = versions_in_force(agreement, first_on=period.first_on, last_on=period.last_on)
    services = {row.code: row.name or row.code for row in contract.services.all()}
    names = {row.code: row.name for version in versions for row in version.targets.all()}
    return {
        "page": statement_page(
            result, levels=names, services=services, links=incident_links(request, result.measured)
        ),
        "agreement": agreement,
        "versions": versions,
        "previews": level_sentences(agreement, versions=versions, names=services),
        "today": timezone.now().date(),
        "contract_url": reverse("admin:vendors_contract_change", args=[contract.pk]),
        "schedule_url": schedule_url(agreement),
    }


def head_context(request: HttpRequest, statement: Statement, *, zone: str) -> dict[str, Any]:
    """Return how the statement stands as a record: its revisions, claims, and the acts that are open."""
    standing = standing_of(statement)
    claims = claim_rows(request, statement)
    odd = statement.draft_lines.exclude(status="standing").select_related("earlier__agreement__contract")
    return {
        "statement": statement,
        "standing": standing,
        "revisions": revision_rows(statement, zone=zone),
        "claims": claims,
        "second": second_person(request, "finalise", subject=statement, asks=False),
        "odd_lines": line_rows(odd.order_by("number"), period=statement.period, zone=zone),
        "acts": acts(request, statement, standing=standing) | claim_act(request, statement, claims=claims),
    }


def acts(request: HttpRequest, statement: Statement, *, standing: Standing) -> dict[str, str]:
    """Return the addresses of what the reader may do now, empty where it is not the time."""
    may = request.user.has_perm("sla.add_statementrevision")
    return {
        "finalise": address("admin:sla_statement_finalise", statement.pk) if may and standing.is_open else "",
        "difference": address("admin:sla_statement_difference", statement.pk)
        if standing.needs_correction
        else "",
        "hold": address("admin:sla_statement_hold", statement.pk)
        if may and _may_wait(statement, standing=standing)
        else "",
    }


def _may_wait(statement: Statement, *, standing: Standing) -> bool:
    """Say whether a correction is small enough for our company to hold it for a later statement."""
    if standing.newest is None or not standing.needs_correction:
        return False
    policy = PostingPolicy.objects.filter(entity=statement.agreement.contract.entity_id).first()
    return (
        policy is not None and abs(statement.due_minor - standing.newest.due_minor) < policy.hold_below_minor
    )


def claim_act(
    request: HttpRequest, statement: Statement, *, claims: Iterable[Mapping[str, Any]]
) -> dict[str, str]:
    """Return what to do about a claim: look at the newest one that is open, else open one."""
    mine = [row for row in claims if row["is_open"] and row["url"]]
    if mine:
        return {"claim": mine[-1]["url"], "claim_label": f"Claim {mine[-1]['reference']}"}
    return {"claim": claim_address(request, statement), "claim_label": "Open a claim"}


def claim_address(request: HttpRequest, statement: Statement) -> str:
    """Return where a claim for a statement is opened, empty for those who may not."""
    url = address("admin:sla_claim_open")
    return f"{url}?statement={statement.pk}" if url and request.user.has_perm("sla.add_claim") else ""


def revision_downloads(revision: StatementRevision) -> list[tuple[str, str]]:
    """Return the files of a finalised revision, each with its address."""
    forms = [*FILES, *EVIDENCE]
    found = [
        (words, address("admin:sla_revision_file", revision.statement_id, revision.number, form))
        for form, words in forms
    ]
    return [(words, url) for words, url in found if url]


def revision_rows(statement: Statement, *, zone: str) -> list[dict[str, Any]]:
    """Return the finalised revisions, the newest first, each with what it changed against the one before."""
    found: list[dict[str, Any]] = []
    before: StatementRevision | None = None
    rows = statement.revisions.defer(*TEXTS).select_related("finalised_by").order_by("number")
    for row in rows:
        found.append(
            {
                "revision": row,
                "url": revision_url(row),
                "on": row.finalised_at.astimezone(zone_info(zone)).date(),
                "by": row.finalised_by.get_full_name() or row.finalised_by.get_username(),
                "credit": credit_text(row),
                "downloads": revision_downloads(row)[:2],
                "change": change_text(before, row) if before is not None else "",
            }
        )
        before = row
    return found[::-1]


def claim_rows(request: HttpRequest, statement: Statement) -> list[dict[str, Any]]:
    """Return the claims that ask for this statement's credits, with their addresses."""
    asked = Q(statement=statement) | Q(parts__credit__revision__statement=statement)
    rows = Claim.objects.filter(asked).visible_to(signed_in(request)).distinct().order_by("pk")
    return [
        {
            "reference": row.reference,
            "state": row.get_state_display(),
            "is_open": row.state in OPEN,
            "url": address("admin:sla_claim_change", row.pk),
        }
        for row in rows
    ]


def statement_file(agreement: ServiceLevelAgreement, *, label: str, form: str, now: datetime) -> HttpResponse:
    """Return a draft as a file; raise ValueError for a label that names no period, or an unknown form."""
    made = draft_file(agreement, label=label, form=form, now=now)
    return as_file(made.body, name=made.name)


def as_file(body: Any, *, name: str) -> HttpResponse:
    """Return a download; the kind follows from the ending of its name."""
    safe = "".join(sign for sign in name.replace("/", "-") if sign.isprintable() and sign not in '"\\')
    return HttpResponse(
        body,
        content_type=KINDS.get(name.rpartition(".")[2], PDF),
        headers={"Content-Disposition": str(content_disposition_header(as_attachment=True, filename=safe))},
    )


def _downloads(statement: Statement) -> dict[str, Any]:
    """Return the files of the newest revision where it still holds, else those of the draft."""
    standing = standing_of(statement)
    if standing.newest is not None and not standing.needs_correction:
        return {"downloads": revision_downloads(standing.newest), "downloaded": standing.newest.full_number}
    keys = [statement.agreement_id, statement.period]
    files = [(words, reverse("admin:sla_statement_file", args=[*keys, form])) for form, words in FILES]
    return {"downloads": files, "downloaded": "the draft"}


def address(name: str, *args: Any) -> str:
    """Return the address of a page, empty where this installation has none of that name."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def schedule_url(agreement: ServiceLevelAgreement) -> str:
    """Return the address of an SLA schedule's page."""
    return reverse("admin:sla_servicelevelagreement_change", args=[agreement.pk])


def statement_url(agreement: ServiceLevelAgreement, *, label: str) -> str:
    """Return the address of a statement."""
    return reverse("admin:sla_statement", args=[agreement.pk, label])


def revision_url(revision: StatementRevision) -> str:
    """Return the address of a finalised revision."""
    return address("admin:sla_revision", revision.statement_id, revision.number)


def period_holding(agreement: ServiceLevelAgreement, *, on: date) -> Period:
    """Return the statement period that holds a local date."""
    zone = zone_table(
        agreement.zone or agreement.contract.zone, first_year=on.year - 2, last_year=on.year + 2
    )
    return period_on(on, rule=agreement.period, zone=zone)


def has_terms(agreement: ServiceLevelAgreement, *, on: date) -> bool:
    """Say whether any terms were in force on a local date."""
    return agreement.versions.filter(effective_from__lte=on).exists()


def neighbours(agreement: ServiceLevelAgreement, *, period: Period) -> tuple[Period, Period]:
    """Return the periods before and after one."""
    before = period_holding(agreement, on=period.first_on - timedelta(days=1))
    after = period_holding(agreement, on=period.last_on + timedelta(days=1))
    return before, after


def local_today(agreement: ServiceLevelAgreement, *, now: datetime) -> date:
    """Return the date of an instant where the schedule's days begin."""
    zone = zone_table(
        agreement.zone or agreement.contract.zone, first_year=now.year - 1, last_year=now.year + 1
    )
    return zone.date_of(now)


def incident_links(request: HttpRequest, measured: Any) -> dict[str, str]:
    """Return the addresses of the incidents that a statement names, where the reader may see them."""
    named = {name for one in measured if one.ledger for line in one.ledger.lines for name in line.incidents}
    named |= {case.subject for one in measured for case in one.cases}
    return incident_urls(request, named)


def incident_urls(request: HttpRequest, references: Iterable[str]) -> dict[str, str]:
    """Return the addresses of incidents by reference, where the reader may see them."""
    rows = Incident.objects.visible_to(signed_in(request)).filter(reference__in=list(references))
    return {row.reference: reverse("admin:incidents_incident_change", args=[row.pk]) for row in rows}
