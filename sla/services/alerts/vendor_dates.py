"""What the vendor is late with: its decision on a claim, and the credit that it owes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sla.engine.claims.moves import ClaimState
from sla.models import Alert, Claim, ClaimToDo
from sla.services.alerts.found import Found, Look, subject_of
from sla.services.claims.balances import Standing, standings
from sla.services.claims.desk import expected_at
from sla.services.claims.desk_rows import ISSUE
from sla.services.deadlines import due_words, every_open_step

KIND = Alert.Kind.VENDOR_LATE
WORSE_AFTER = (timedelta(weeks=2), timedelta(weeks=4))
WHAT = {"decision": "The vendor's decision is late", "issue": "The vendor's credit is late"}


def late_vendors(look: Look) -> Iterator[Found]:
    """Yield what vendors have not done by the earliest reading of their date, worse after two and four weeks.

    A credit that comes without asking and has no date of its own is late when its invoice has passed.
    """
    dated = _dated(look)
    automatic = _automatic(look)
    claims = {claim.pk: claim for claim in (*(row.claim for row in dated if row.claim), *automatic)}
    rows = Claim.objects.filter(pk__in=claims).prefetch_related("moves").order_by("pk")
    stands = standings(list(rows))
    seen = set()
    for row in dated:
        assert row.claim is not None
        key = (row.claim.pk, row.what)
        if key not in seen:
            seen.add(key)
            yield _late(
                row.claim,
                what=row.what,
                since=row.due_until,
                words=due_words(row),
                clause=row.clause,
                stands=stands[row.claim.pk],
                look=look,
            )
    for claim, since in _invoices_passed(automatic, now=look.now):
        if (claim.pk, ISSUE) not in seen and stands[claim.pk].open_ > 0:
            yield _on_no_invoice(claim, since=since, stands=stands[claim.pk], look=look)


def _dated(look: Look) -> list[ClaimToDo]:
    rows = every_open_step(now=look.now).filter(
        party=ClaimToDo.Party.VENDORS, claim__isnull=False, due_until__lte=look.now
    )
    return list(
        rows.select_related("claim__contract", "statement__agreement__contract").order_by("due_until", "pk")
    )


def _automatic(look: Look) -> list[Claim]:
    rows = Claim.objects.filter(automatic=True, state=ClaimState.ACCEPTED)
    return list(rows.select_related("contract").prefetch_related("todos").order_by("pk"))


def _invoices_passed(claims: Iterable[Claim], *, now: datetime) -> Iterator[tuple[Claim, datetime]]:
    for claim in claims:
        since = expected_at(claim)
        if since is not None and since <= now:
            yield claim, since


def _rank(since: datetime, *, now: datetime) -> int:
    return 1 + sum(now - since >= length for length in WORSE_AFTER)


def _late(
    claim: Claim, *, what: str, since: datetime, words: str, clause: str, stands: Standing, look: Look
) -> Found:
    share = (stands.to_come if what == ISSUE else stands.rest) or stands.open_
    said = [f"It was due by {words}.", f"Clause: {clause}" if clause else ""]
    return _found(
        claim,
        what=what,
        headline=f"{WHAT.get(what, WHAT[ISSUE])}: {claim}",
        detail="\n".join(filter(None, said)),
        since=since,
        words=words,
        minor=share,
        look=look,
    )


def _on_no_invoice(claim: Claim, *, since: datetime, stands: Standing, look: Look) -> Found:
    return _found(
        claim,
        what=ISSUE,
        headline=f"The credit that comes without asking was on no invoice: {claim}",
        detail=f"It was expected on the invoice of {claim.expected_invoice}; nothing of it is recorded.",
        since=since,
        words=f"invoice of {claim.expected_invoice}",
        minor=stands.open_,
        look=look,
    )


def _found(
    claim: Claim,
    *,
    what: str,
    headline: str,
    detail: str,
    since: datetime,
    words: str,
    minor: int,
    look: Look,
) -> Found:
    return Found(
        kind=KIND,
        subject=subject_of(claim.pk, what),
        rank=_rank(since, now=look.now),
        headline=headline,
        detail=detail,
        vendor_id=claim.contract.vendor_id,
        contract_id=claim.contract_id,
        statement_id=claim.statement_id,
        claim_id=claim.pk,
        currency=claim.currency if minor > 0 else "",
        amount_minor=minor if minor > 0 else None,
        due_at=since,
        due_words=words,
    )
