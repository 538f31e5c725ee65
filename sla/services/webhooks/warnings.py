"""What warnings tell other systems: a level missed for good before its period is over, a claim due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sla.models import Alert, Claim, Event, Statement, WebhookTarget
from sla.reports.tables.cells import utc_text
from sla.services.alerts.found import OVERDUE, Found
from sla.services.alerts.levels import LOST
from sla.services.alerts.steps import CLAIM
from sla.services.webhooks import payloads
from sla.services.webhooks.announcing import announce
from sla.services.webhooks.payloads import Data


def announce_alerts(found: Iterable[tuple[Found, int]], *, now: datetime) -> None:
    """Tell of levels that are missed for good while their period runs, and of claims that are due.

    Each comes with how bad it was before, 0 where it is new.
    """
    told = [(each, event) for each, before in found if (event := _event_of(each, before=before))]
    if not told or not WebhookTarget.objects.filter(is_active=True).exists():
        return
    statements = _statements([each for each, _ in told])
    claims = Claim.objects.in_bulk([each.claim_id for each, _ in told if each.claim_id is not None])
    for each, event in told:
        statement = statements.get(each.statement_id or 0)
        if statement is None:
            continue
        claim = claims.get(each.claim_id or 0)
        data = (
            _due_claim(each, statement=statement, claim=claim)
            if event is Event.CLAIM_DUE
            else _level(each, statement=statement)
        )
        announce(
            event,
            subject=f"{each.subject[:100]}/{each.rank}/{now:%Y%m%dT%H%M%S}",
            contract=statement.agreement.contract,
            data=data,
            now=now,
        )


def _event_of(found: Found, *, before: int) -> Event | None:
    if found.kind == Alert.Kind.LEVEL and before < LOST <= found.rank:
        return Event.LEVEL_MISSED
    is_claim = found.kind == Alert.Kind.STEP and f"/{CLAIM}/" in f"{found.subject}/"
    return Event.CLAIM_DUE if is_claim and found.rank > before else None


def _statements(found: Sequence[Found]) -> dict[int, Statement]:
    around = "agreement__contract__vendor", "agreement__contract__entity"
    keys = [each.statement_id for each in found if each.statement_id is not None]
    return Statement.objects.select_related(*around).in_bulk(keys)


def _level(found: Found, *, statement: Statement) -> Data:
    """Return a service level that can no longer be met in the period that runs, by the records so far."""
    return {
        **payloads.of_statement(statement),
        "statement": statement.number,
        "headline": found.headline,
        "credit_due": payloads.money(found.amount_minor, currency=found.currency) if found.currency else None,
        "final": False,
        "url": payloads.link("admin:sla_statement", statement.agreement_id, statement.period),
    }


def _due_claim(found: Found, *, statement: Statement, claim: Claim | None) -> Data:
    """Return a claim that has to be sent by an instant."""
    return {
        **payloads.of_statement(statement),
        "statement": statement.number,
        "claim": claim.reference if claim is not None else None,
        "headline": found.headline,
        "due_at": utc_text(found.due_at) if found.due_at else None,
        "due": found.due_words,
        "overdue": found.rank >= OVERDUE,
        "amount": payloads.money(found.amount_minor, currency=found.currency) if found.currency else None,
        "url": payloads.link("admin:sla_claim_change", claim.pk)
        if claim is not None
        else payloads.link("admin:sla_statement", statement.agreement_id, statement.period),
    }
