"""The page of one claim: what it asks for, what came of it, what is next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.claims.acts import acts_of
from sla.admin.statements import statement_url
from sla.engine.claims.moves import ClaimState
from sla.models import Claim, ClaimMove, ClaimPart, ClaimToDo, ServiceCredit
from sla.models.columns import label_of
from sla.reports.moments import time_left
from sla.services import claims
from sla.services.claims.balances import Balance, over_credited
from sla.services.deadlines import due_words, step_words, steps_of, zone_of_step
from vendors.admin import second_person, signed_in
from vendors.models import money_text, zone_of

STATE_TONES = {
    "protective": "",
    "entitled": "warn",
    "submitted": "",
    "accepted": "good",
    "partly_accepted": "warn",
    "rejected": "bad",
    "contested": "warn",
    "credited": "good",
    "lapsed": "bad",
}
# Steps that are done by an act on the claim, not by a note.
FOLLOWS = {
    "claim": "when the claim is sent",
    "receipt": "when the receipt is confirmed",
    "decision": "when the answer is recorded",
    "issue": "when a credit is matched",
}


def claim_url(claim: Claim) -> str:
    """Return the address of a claim."""
    return reverse("admin:sla_claim_change", args=[claim.pk])


def claim_page(request: HttpRequest, claim: Claim, *, base: Mapping[str, Any]) -> HttpResponse:
    """Show a claim with everything said about it."""
    now, user = timezone.now(), signed_in(request)
    may_change = user.has_perm("sla.change_claim")
    zone = claim.contract.zone
    context = {
        **base,
        "title": f"Claim {claim.reference}",
        "claim": claim,
        "zone": zone,
        "zone_info": zone_of(zone),
        "tone": STATE_TONES.get(claim.state, ""),
        "balance": balance_rows(claims.balance(claim)),
        "about": _about(claim),
        "may_change": may_change,
        "acts": acts_of(claim) if may_change else [],
        "steps": [_step(row, now=now) for row in steps_of(claim)],
        "parts": [part_row(part) for part in _parts(claim)],
        "moves": [_move(row, claim=claim) for row in claim.moves.select_related("by").order_by("pk")],
        "answers": claim.answers.select_related("revision__statement__agreement__contract", "recorded_by"),
        "letters": claim.letters.defer("pdf", "body", "portal_text")
        .select_related("made_by")
        .order_by("-pk"),
        "matches": [_match(row) for row in claim.matches.select_related("received", "rate", "recorded_by")],
        "overlaps": claims.claimed_twice(claim, user=user),
        "credit_url": f"{reverse('admin:sla_creditreceived_add')}?claim={claim.pk}",
        "may_record": user.has_perm("sla.add_creditreceived"),
        "register_url": f"{reverse('admin:sla_registerentry_changelist')}?q={claim.reference}",
        "letter_url": reverse("admin:sla_claim_letter", args=[claim.pk]),
        "second": second_person(request, "write_off", subject=claim, asks=False),
    }
    return TemplateResponse(request, "sla/claim.html", context)


def balance_rows(found: Balance) -> dict[str, Any]:
    """Return a balance ready to be shown."""
    rows = [
        ("Asked for", found.asked, ""),
        ("Accepted by the vendor", found.accepted, ""),
        ("Received", found.received, ""),
        ("Rejected, not pursued, lapsed or written off", found.given_up, "few"),
        ("Exchange difference", found.exchange, "few"),
    ]
    return {
        "rows": [
            (label, money_text(amount, currency=found.currency))
            for label, amount, when in rows
            if amount or when != "few"
        ],
        "open": over_credited(found.open_, currency=found.currency)
        if found.open_ < 0
        else money_text(found.open_, currency=found.currency),
        "is_open": found.open_ > 0,
        "recognised": money_text(found.recognised, currency=found.currency),
        "to_come": money_text(found.accepted_to_come, currency=found.currency)
        if found.accepted_to_come
        else "",
        "others": found.others,
    }


def _about(claim: Claim) -> dict[str, str] | None:
    if claim.statement is not None:
        row = claim.statement
        return {"text": row.number, "url": statement_url(row.agreement, label=row.period)}
    if claim.incident is not None:
        url = reverse("admin:incidents_incident_change", args=[claim.incident_id])
        return {"text": f"incident {claim.incident.reference}", "url": url}
    return None


def _step(row: ClaimToDo, *, now: datetime) -> dict[str, Any]:
    return {
        "row": row,
        "what": step_words(row),
        "party": row.get_party_display(),
        "due": due_words(row),
        "left": "" if row.done_at else time_left(row.due_until, zone=zone_of_step(row), now=now),
        "is_late": row.done_at is None and row.due_until <= now,
        "by_hand": row.party == ClaimToDo.Party.OURS and row.what not in FOLLOWS,
        "follows": FOLLOWS.get(row.what, ""),
    }


def _parts(claim: Claim) -> Any:
    rows = claim.parts.select_related("credit__revision__statement__agreement__contract")
    return rows.order_by("pk")


def part_row(part: ClaimPart) -> dict[str, Any]:
    """Return a part of a claim with the credit and the statement's line that it comes from."""
    credit = part.credit
    agreed = claims.agreed_now(credit)
    statement = credit.revision.statement
    return {
        "part": part,
        "credit": credit,
        "kind": credit.get_kind_display(),
        "number": credit.revision.full_number,
        "url": statement_url(statement.agreement, label=statement.period),
        "amount": amount_of(part.amount_minor, part.quantity, credit=credit),
        "due": amount_of(credit.amount_minor, credit.quantity, credit=credit),
        "agreed": "" if agreed is None else money_text(agreed, currency=credit.currency),
        "is_whole": (part.amount_minor, part.quantity) == (credit.amount_minor, credit.quantity),
    }


def amount_of(minor: int, quantity: Any, *, credit: ServiceCredit) -> str:
    """Return money, else days, hours or a fee that is not charged."""
    if credit.waives:
        return f"{quantity or 1} × {credit.waives} not charged"
    if quantity is not None and not minor:
        return f"{quantity} {label_of_pays(credit)}"
    return money_text(minor, currency=credit.currency)


def label_of_pays(credit: ServiceCredit) -> str:
    """Return the unit of a credit that is not money."""
    return str(credit.get_pays_display()).lower()


def _move(row: ClaimMove, *, claim: Claim) -> dict[str, Any]:
    return {
        "row": row,
        "state": label_of(ClaimState(row.new_state)),
        "tone": STATE_TONES.get(row.new_state, ""),
        "amount": "" if row.amount_minor is None else money_text(row.amount_minor, currency=claim.currency),
        "same": row.old_state == row.new_state,
    }


def _match(row: Any) -> dict[str, Any]:
    return {
        "row": row,
        "url": reverse("admin:sla_creditreceived_change", args=[row.received_id]),
        "amount": money_text(row.claim_minor, currency=row.claim.currency),
        "received": money_text(row.received_minor, currency=row.received.currency),
        "undoes": row.undoes_id is not None,
    }
