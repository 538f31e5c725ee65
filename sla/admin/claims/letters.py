"""The letter of a claim: seen before it is made, kept as it was sent, in three forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.acts import tell
from sla.admin.statements import as_file
from sla.engine.claims.moves import FINAL, ClaimState
from sla.models import Claim
from sla.services import letters
from vendors.admin import signed_in


def letter_page(request: HttpRequest, claim: Claim, *, base: Mapping[str, Any]) -> HttpResponse:
    """Show the letter as it would be made now, ask for what it lacks, and those that were made."""
    now, may_change = timezone.now(), request.user.has_perm("sla.change_claim")
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    try:
        lacking = letters.letter_preview(claim, now=now).missing
    except ValidationError as error:
        tell(request, error)
        return HttpResponseRedirect(_claim_url(claim))
    typed = {item: request.POST.get(f"addition-{at}", "").strip() for at, item in enumerate(lacking)}
    additions = {item: said for item, said in typed.items() if said}
    if request.method == "POST" and "make" in request.POST:
        try:
            letters.make_letter(claim, by=signed_in(request), now=now, additions=additions)
            messages.success(request, "The letter is made and kept. Send it, then record when it was sent.")
            return HttpResponseRedirect(reverse("admin:sla_claim_letter", args=[claim.pk]))
        except ValidationError as error:
            tell(request, error)
    preview = letters.letter_preview(claim, now=now, additions=additions)
    context = {
        **base,
        "title": f"Letter of claim {claim.reference}",
        "claim": claim,
        "preview": preview,
        "lacking": [(at, item, typed[item]) for at, item in enumerate(lacking)],
        "made": claim.letters.defer("pdf").select_related("made_by").order_by("-pk"),
        "may_make": may_change and ClaimState(claim.state) not in FINAL,
        "claim_url": _claim_url(claim),
    }
    return TemplateResponse(request, "sla/letter.html", context)


def letter_file(claim: Claim, *, letter: int) -> HttpResponse:
    """Send a letter as PDF."""
    row = claim.letters.filter(pk=letter).first()
    if row is None:
        raise Http404("This claim has no such letter.")
    file = letters.letter_file(row, form="pdf")
    return as_file(file.body, name=file.name)


def _claim_url(claim: Claim) -> str:
    return reverse("admin:sla_claim_change", args=[claim.pk])
