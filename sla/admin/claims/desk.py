"""The claims desk: what to do next about all claims, ranked by money and time left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.claims.page import STATE_TONES
from sla.admin.statements import statement_url
from sla.engine.claims.moves import ClaimState
from sla.engine.money import Money
from sla.models import Claim, ClaimMove, CreditReceived
from sla.reports.moments import time_left
from sla.services.claims.desk import BUCKETS, claims_desk
from sla.services.claims.desk_gathering import Claimable
from sla.services.claims.desk_rows import DeskRow
from sla.services.deadlines import calendar_key, zone_of_step
from sla.services.receipts import Unmatched
from vendors.admin import signed_in
from vendors.callers import origin_of
from vendors.models import Vendor

SOON = timedelta(days=7)
# A page that nobody scrolls to the end of; `?all=1` shows the rest.
MOST = 100


def desk_page(request: HttpRequest, *, base: Mapping[str, Any]) -> HttpResponse:
    """Show the desk, narrowed to a vendor or a state where the address asks for it."""
    now, user = timezone.now(), signed_in(request)
    desk = claims_desk(user, now=now)
    vendor, state = request.GET.get("vendor", ""), request.GET.get("state", "")
    rows = [row for row in desk.rows if _wanted(row.vendor, vendor) and state in ("", row.state)]
    never = [row for row in desk.never_claimed if _wanted(row.vendor, vendor)]
    lapsed = [claim for claim in desk.lapsed if _wanted(claim.contract.vendor, vendor)]
    unmatched = [each for each in desk.unmatched if _wanted(each.received.vendor, vendor)]
    shown = rows if request.GET.get("all") else rows[:MOST]
    context = {
        **base,
        "title": "Claims desk",
        "vendors": _vendors([*desk.rows, *desk.never_claimed], unmatched=desk.unmatched),
        "states": sorted({row.state for row in desk.rows if row.state}),
        "vendor": vendor,
        "state": state,
        "rows": [_row(row, now=now) for row in shown],
        "more": len(rows) - len(shown),
        "cards": _cards(rows, unmatched=unmatched, to_claim=desk.to_claim, now=now),
        "never_claimed": [_row(row, now=now) for row in never],
        "lapsed": _lapsed(lapsed),
        "buckets": [_bucket(first, last) for first, last in BUCKETS],
        "ageing": [_ageing(each) for each in desk.ageing],
        "unmatched": [_unmatched(each) for each in unmatched],
        "feed_url": feed_url(request),
        "may_open": user.has_perm("sla.add_claim"),
        "may_record": user.has_perm("sla.add_creditreceived"),
    }
    return TemplateResponse(request, "sla/desk.html", context)


def feed_url(request: HttpRequest) -> str:
    """Return the address of the reader's own calendar; it is a key, to be kept like a password."""
    user = signed_in(request)
    path = reverse("deadlines", args=[user.pk, calendar_key(user)])
    return f"{origin_of(request)}{path}"


def _wanted(vendor: Vendor, slug: str) -> bool:
    return slug in ("", vendor.slug)


def _vendors(rows: Iterable[DeskRow], *, unmatched: Iterable[Unmatched]) -> list[tuple[str, str]]:
    found = {(row.vendor.slug, row.vendor.name) for row in rows}
    found |= {(each.received.vendor.slug, each.received.vendor.name) for each in unmatched}
    return sorted(found, key=lambda pair: pair[1].lower())


def _row(row: DeskRow, *, now: datetime) -> dict[str, Any]:
    tone = "bad" if row.is_overdue else "warn" if row.due_until and row.due_until - now < SOON else ""
    claim, statement = row.claim, row.statement
    return {
        "row": row,
        "left": time_left(row.due_until, zone=zone_of_step(row.todo), now=now)
        if row.due_until and row.todo
        else "",
        "tone": tone,
        "amount": str(row.money) if row.money is not None else row.shown,
        "claim_url": reverse("admin:sla_claim_change", args=[claim.pk]) if claim else "",
        "statement_url": statement_url(statement.agreement, label=statement.period) if statement else "",
        "open_url": f"{reverse('admin:sla_claim_open')}?statement={statement.pk}"
        if statement and not claim
        else "",
        "state_tone": STATE_TONES.get(claim.state, "") if claim else "",
    }


def _cards(
    rows: Iterable[DeskRow],
    *,
    unmatched: Iterable[Unmatched],
    to_claim: Sequence[Claimable],
    now: datetime,
) -> list[dict[str, Any]]:
    found = list(rows)
    late = [row for row in found if row.is_vendors and row.is_overdue]
    ours = [row for row in found if not row.is_vendors and row.due_until and row.due_until - now < SOON]
    left = [Money(each.left_minor, each.received.currency) for each in unmatched]
    return [
        _card("Vendors are late with", late, money=_money(late)),
        _card("Ours: late or within seven days", ours, money=_money(ours)),
        _card("Credits without a claim", left, money=left),
        {
            "title": "Money to claim",
            "count": sum(each.count for each in to_claim),
            "money": [each.money for each in to_claim],
            "said": _past(to_claim),
        },
    ]


def _past(to_claim: Sequence[Claimable]) -> str:
    """Return how much of what is to claim is past its date, by currency where there are several."""
    told = [each for each in to_claim if each.past_words]
    if len(to_claim) == 1 or not told:
        return "".join(each.past_words for each in told)
    return "; ".join(f"of {each.money.currency}, {each.past_words}" for each in told)


def _card(title: str, rows: Iterable[Any], *, money: Iterable[Money]) -> dict[str, Any]:
    return {"title": title, "count": len(list(rows)), "money": _by_currency(money)}


def _money(rows: Iterable[DeskRow]) -> list[Money]:
    """Return the amounts behind rows, each claim or statement once."""
    found = {(row.claim, row.statement if row.claim is None else None): row.money for row in rows}
    return [money for money in found.values() if money is not None]


def _by_currency(money: Iterable[Money]) -> list[Money]:
    sums: dict[str, int] = defaultdict(int)
    for each in money:
        sums[each.currency] += each.minor
    return [Money(minor, code) for code, minor in sorted(sums.items()) if minor]


def _lapsed(found: list[Claim]) -> list[dict[str, Any]]:
    """Return lapsed claims with what was lost, when and why, in one query more."""
    keys = [claim.pk for claim in found[:MOST]]
    rows = ClaimMove.objects.filter(claim__in=keys, new_state=ClaimState.LAPSED).order_by("pk")
    moves = {move.claim_id: move for move in rows}
    return [
        {
            "claim": claim,
            "url": reverse("admin:sla_claim_change", args=[claim.pk]),
            "lost": Money(moves[claim.pk].amount_minor or 0, claim.currency),
            "on": moves[claim.pk].happened_at,
            "why": moves[claim.pk].why,
        }
        for claim in found[:MOST]
        if claim.pk in moves
    ]


def _bucket(first: int, last: int | None) -> str:
    return f"{first} to {last} days" if last is not None else f"over {first - 1} days"


def _ageing(each: Any) -> dict[str, Any]:
    code = each.currency
    return {
        "currency": code,
        "buckets": [str(Money(minor, code)) if minor else "" for minor in each.buckets],
        "total": Money(each.total, code),
        "besides": [
            (label, Money(minor, code))
            for label, minor in (
                ("expected without asking", each.expected),
                ("not sent yet", each.unsent),
                ("over-credited, to take off", -each.over_credited),
                ("owed by the register", each.in_register),
            )
            if minor and each.total != each.in_register
        ],
    }


def _unmatched(each: Unmatched) -> dict[str, Any]:
    received: CreditReceived = each.received
    left = Money(each.left_minor, received.currency) if each.left_minor else f"{each.left_quantity} in kind"
    return {
        "received": received,
        "left": left,
        "url": reverse("admin:sla_creditreceived_change", args=[received.pk]),
    }
