"""Who hears of a fact: messages for the outbox, written in the transaction of the fact itself."""

from __future__ import annotations

import json
from datetime import datetime

from django.db.models import QuerySet

from sla.engine.facts import Verdict
from sla.models import (
    ClaimMove,
    Event,
    OutboxMessage,
    StatementLine,
    StatementRevision,
    WebhookTarget,
)
from sla.services.outbox.posting import post
from sla.services.webhooks import payloads
from sla.services.webhooks.payloads import Data, envelope
from vendors import nudges
from vendors.models import Contract

LONGEST_KEY = 200


def announce(event: str, *, subject: str, contract: Contract, data: Data, now: datetime) -> int:
    """Write an event of a contract for each target that hears of it, and return how many do.

    `subject` tells this event from every other of its kind: the same one is never written twice.
    """
    targets = WebhookTarget.objects.all().hearing(event, entity=contract.entity_id, vendor=contract.vendor_id)
    for target in targets:
        write(target, event=event, subject=subject, data=data, now=now)
    if targets:
        nudges.after_commit()
    return len(targets)


def write(target: WebhookTarget, *, event: str, subject: str, data: Data, now: datetime) -> OutboxMessage:
    """Write one event for one target; the one that is there where it was written before."""
    key = f"webhook/{target.pk}/{event}/{subject}"
    assert len(key) <= LONGEST_KEY, key
    return post(
        key=key,
        channel=OutboxMessage.Channel.HOOK,
        subject=event,
        text=json.dumps(envelope(event, data=data, at=now), ensure_ascii=False, separators=(",", ":")),
        name=target.code,
        vendor=target.vendor,
        target=target,
        now=now,
    )


def announce_revision(
    revision: StatementRevision, *, previous: StatementRevision | None, now: datetime
) -> None:
    """Tell that a statement was finalised or corrected, and of each level that is missed since."""
    if not WebhookTarget.objects.filter(is_active=True).exists():
        return
    contract = revision.statement.agreement.contract
    event = Event.STATEMENT_FINALISED if previous is None else Event.STATEMENT_CORRECTED
    data = payloads.of_revision(revision, previous=previous)
    announce(event, subject=f"{revision.pk}", contract=contract, data=data, now=now)
    before = set(_missed(previous).values_list("number", flat=True)) if previous is not None else set()
    for line in _missed(revision).exclude(number__in=before).order_by("number"):
        line.revision = revision
        announce(
            Event.LEVEL_MISSED,
            subject=f"{revision.pk}/{line.number}",
            contract=contract,
            data=payloads.of_line(line),
            now=now,
        )


def _missed(revision: StatementRevision) -> QuerySet[StatementLine]:
    rows: QuerySet[StatementLine] = StatementLine.objects.filter(
        revision=revision, status=StatementLine.Status.STANDING, verdict=Verdict.MISSED.value
    )
    return rows


def announce_move(move: ClaimMove, *, now: datetime) -> None:
    """Tell that a claim moved on."""
    announce(
        Event.CLAIM_MOVED,
        subject=f"{move.pk}",
        contract=move.claim.contract,
        data=payloads.of_move(move),
        now=now,
    )
