"""Record a credit received, see what it answers, match it, undo a match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.acts import refuse, tell
from sla.admin.amounts import AmountField, amount_typed
from sla.admin.receipts.forms import AMOUNTS, ReceiptForm
from sla.models import Claim, CreditMatch, CreditReceived
from sla.models.columns import FractionField
from sla.services.matching import Candidate, candidates, owed_by_claim
from sla.services.receipts import (
    Unmatched,
    left_of,
    match_credit,
    record_receipt,
    unmatch_credit,
)
from vendors.admin import do_or_ask, second_person, signed_in
from vendors.models import LegalEntity, money_text

MAY_RECORD, MAY_MATCH = "sla.add_creditreceived", "sla.add_creditmatch"


def receipt_url(received: CreditReceived) -> str:
    """Return the address of a credit received."""
    return reverse("admin:sla_creditreceived_change", args=[received.pk])


def add_page(request: HttpRequest, *, base: Mapping[str, Any]) -> HttpResponse:
    """Ask what stands on the document; then lead to its matching."""
    if not request.user.has_perm(MAY_RECORD):
        raise PermissionDenied
    form = ReceiptForm(request.POST or None, request=request, initial=_known(request))
    if request.method == "POST" and form.is_valid():
        try:
            received = record_receipt(by=signed_in(request), now=timezone.now(), **form.asked())
        except ValidationError as error:
            refuse(form, _placed(error))
        else:
            messages.success(request, f"{received} is recorded. Match it to the claims that it answers.")
            return HttpResponseRedirect(receipt_url(received))
    text = "Copy the document as it is. Only the amount before tax is matched to claims."
    back = reverse("admin:sla_creditreceived_changelist")
    context = {**base, "title": "Record a credit received", "text": text, "form": form, "back_url": back}
    return TemplateResponse(request, "sla/act_form.html", context)


def _placed(error: ValidationError) -> ValidationError:
    """Return what the service refused, at the fields of the form."""
    if not hasattr(error, "error_dict"):
        return error
    names = {column: name for name, column in AMOUNTS.items()}
    return ValidationError({names.get(key, key): said for key, said in error.message_dict.items()})


def _known(request: HttpRequest) -> dict[str, Any]:
    """Return what follows from the claim that the reader comes from, else from the only company."""
    entities = list(LegalEntity.objects.all()[:2])
    known: dict[str, Any] = {"entity": entities[0].pk} if len(entities) == 1 else {}
    asked = request.GET.get("claim", "")
    claims = Claim.objects.all().visible_to(signed_in(request)).select_related("contract")
    claim = claims.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None
    if claim is None:
        return known
    contract, owed = claim.contract, owed_by_claim([claim])[claim.pk].minor
    known |= {"vendor": contract.vendor_id, "entity": contract.entity_id, "currency": claim.currency}
    # The note stays empty: what stands in it is taken for the document's own words.
    known |= {"account": claim.account_id or contract.account_id}
    return known | ({"net": amount_typed(owed, currency=claim.currency)} if owed > 0 else {})


def receipt_page(request: HttpRequest, received: CreditReceived, *, base: Mapping[str, Any]) -> HttpResponse:
    """Show a credit received, its matches, and the claims that it may answer."""
    user = signed_in(request)
    may_match, left = user.has_perm(MAY_MATCH), left_of(received)
    matches = received.matches.select_related(
        "received", "claim", "rate", "recorded_by", "undoes", "undone_by"
    )
    is_left = bool(left.left_minor or left.left_quantity)
    found = candidates(received, user=user) if may_match and is_left else ()
    context = {
        **base,
        "title": str(received),
        "received": received,
        "is_money": bool(received.net_minor),
        "is_left": is_left,
        "left": left_text(left),
        "net": money_text(received.net_minor, currency=received.currency),
        "tax": money_text(received.tax_minor, currency=received.currency),
        "total": money_text(received.total_minor, currency=received.currency),
        "matches": [_match_row(match) for match in matches.order_by("pk")],
        "may_match": may_match,
        "needs_why": left.must_be_said,
        "candidates": [_candidate_row(each, received=received) for each in found],
        "rates_url": reverse("admin:sla_exchangerate_add"),
        "second": second_person(request, "match", subject=received, asks=may_match and is_left),
    }
    return TemplateResponse(request, "sla/receipt.html", context)


def left_text(left: Unmatched) -> str:
    """Return what is left of a credit received, in its unit."""
    received = left.received
    if received.net_minor or not received.quantity:
        return money_text(left.left_minor, currency=received.currency)
    return f"{left.left_quantity} {kind_unit(received)}"


def kind_unit(received: CreditReceived) -> str:
    """Return what a credit in kind is counted in."""
    return "fees" if received.kind == CreditReceived.Kind.FEE_NOT_CHARGED else "days or hours"


def _match_row(match: CreditMatch) -> dict[str, Any]:
    in_kind = match.quantity is not None
    kind = f"{match.quantity} {kind_unit(match.received)}"
    return {
        "match": match,
        "received": kind if in_kind else money_text(match.received_minor, currency=match.received.currency),
        "claim": kind if in_kind else money_text(match.claim_minor, currency=match.claim.currency),
        "is_undone": hasattr(match, "undone_by"),
        "undoes": match.undoes_id is not None,
    }


def _candidate_row(each: Candidate, *, received: CreditReceived) -> dict[str, Any]:
    currency = each.claim.currency
    money = money_text(each.owed.minor, currency=currency)
    is_money = bool(received.net_minor)
    suggested = is_money and each.because and each.suggested_minor > 0
    return {
        "claim": each.claim,
        "open": money if is_money else ", ".join(f"{left} {unit}" for unit, left in each.owed.units),
        "because": each.because,
        "suggested": amount_typed(each.suggested_minor, currency=currency) if suggested else "",
        "rates": each.rates,
        "needs_rate": is_money and currency != received.currency,
    }


def match_act(request: HttpRequest, received: CreditReceived | None) -> HttpResponse:
    """Match what was typed for each claim, or ask for a second person; all of it or nothing."""
    found = _writable(request, received)
    if request.method != "POST":
        return HttpResponseRedirect(receipt_url(found))
    try:
        with transaction.atomic():
            done = [
                _match_one(request, found, each, asked=asked)
                for each in candidates(found, user=signed_in(request))
                if (asked := _typed(request, found, each))
            ]
    except ValidationError as error:
        tell(request, error)
        return HttpResponseRedirect(receipt_url(found))
    count = sum(done)
    if count:
        left = left_text(left_of(found))
        messages.success(request, f"Matched to {count} claim{'' if count == 1 else 's'}. Left: {left}.")
    elif not done:
        messages.error(request, "No amount was typed. Type how much of the credit answers which claim.")
    return HttpResponseRedirect(receipt_url(found))


def _match_one(
    request: HttpRequest, received: CreditReceived, each: Candidate, *, asked: Mapping[str, Any]
) -> bool:
    """Match one claim; say whether it is done, and not only asked for."""
    rate = request.POST.get(f"rate-{each.claim.pk}", "")
    made = do_or_ask(
        request,
        lambda: match_credit(
            received,
            claim=each.claim,
            rate=next((row for row in each.rates if str(row.pk) == rate), None),
            by=signed_in(request),
            now=timezone.now(),
            why=request.POST.get("why", "").strip(),
            **asked,
        ),
    )
    return made is not None


def _typed(request: HttpRequest, received: CreditReceived, each: Candidate) -> dict[str, Any]:
    """Return what was typed for one claim, in the words of the service; nothing where it was left empty."""
    typed, settles = (
        request.POST.get(f"{name}-{each.claim.pk}", "").strip() for name in ("amount", "settles")
    )
    if not typed:
        return {}
    if not received.net_minor:
        return {"quantity": FractionField(null=True).to_python(typed)}
    currency = received.currency
    found = {"received_minor": AmountField(label=each.claim.reference, currency=currency).clean(typed)}
    if settles and each.claim.currency != currency:
        other = AmountField(label=each.claim.reference, currency=each.claim.currency)
        found["claim_minor"] = other.clean(settles)
    return found


def unmatch_act(request: HttpRequest, received: CreditReceived | None, *, match: int) -> HttpResponse:
    """Take a match back, with a reason."""
    found = _writable(request, received)
    row = found.matches.filter(pk=match).select_related("claim").first()
    if row is None:
        raise Http404("This credit received has no such match.")
    if request.method == "POST":
        why = request.POST.get("why", "")
        try:
            unmatch_credit(row, by=signed_in(request), why=why, now=timezone.now())
            messages.success(request, f"The match with claim {row.claim} is undone.")
        except ValidationError as error:
            tell(request, error)
    return HttpResponseRedirect(receipt_url(found))


def _writable(request: HttpRequest, received: CreditReceived | None) -> CreditReceived:
    if received is None:
        raise Http404("There is no such credit received, or you may not see it.")
    if not request.user.has_perm(MAY_MATCH):
        raise PermissionDenied
    return received
