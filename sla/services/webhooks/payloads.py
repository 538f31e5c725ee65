"""What is told, as plain values: natural keys, money as text, instants in UTC, and where to look."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from sla.models import ClaimMove, Statement, StatementLine, StatementRevision
from sla.reports.tables.cells import utc_text
from vendors.models import Contract, major_units

# Fields are added; one that changes its meaning, or goes, makes another version.
VERSION = 1
Data = dict[str, Any]


def envelope(event: str, *, data: Data, at: datetime) -> Data:
    """Return what every message has around its data."""
    return {"type": event, "version": VERSION, "timestamp": utc_text(at), "data": data}


def money(minor: int | None, *, currency: str) -> Data | None:
    """Return an amount before tax as text, so that no reader makes a rounded number of it."""
    if minor is None:
        return None
    return {"amount": f"{major_units(minor, currency=currency):f}", "currency": currency}


def link(name: str, *args: object) -> str | None:
    """Return the address of a page, None where no RECOURSE_ORIGINS says how it begins."""
    return f"{settings.PUBLIC_ORIGIN}{reverse(name, args=list(args))}" if settings.PUBLIC_ORIGIN else None


def of_contract(contract: Contract) -> Data:
    """Return whose it is."""
    return {
        "contract": contract.reference,
        "vendor": contract.vendor.slug,
        "company": contract.entity.code,
    }


def of_statement(statement: Statement) -> Data:
    """Return which service level statement it is about."""
    agreement = statement.agreement
    return {
        **of_contract(agreement.contract),
        "schedule": agreement.code,
        "period": statement.period,
        "first_on": statement.first_on.isoformat(),
        "last_on": statement.last_on.isoformat(),
    }


def of_revision(revision: StatementRevision, *, previous: StatementRevision | None) -> Data:
    """Return a finalised statement, with what it came to before where it is a correction."""
    found = {
        **of_statement(revision.statement),
        "statement": revision.full_number,
        "revision": revision.number,
        "finalised_at": utc_text(revision.finalised_at),
        "missed": revision.missed,
        "credit": revision.shown,
        "credit_due": money(revision.due_minor, currency=revision.currency),
        "credit_contested": money(revision.contested_minor, currency=revision.currency),
        "fingerprint": revision.digest,
        "url": link("admin:sla_revision", revision.statement_id, revision.number),
    }
    if previous is not None:
        found["replaces"] = previous.full_number
        found["credit_due_before"] = money(previous.due_minor, currency=previous.currency)
    return found


def of_line(line: StatementLine) -> Data:
    """Return a service level that a finalised statement says was missed."""
    revision = line.revision
    return {
        **of_statement(revision.statement),
        "statement": revision.full_number,
        "line": line.number,
        "level": line.target,
        "level_name": line.name,
        "services": line.services,
        "window": line.window,
        "achieved": line.value_printed,
        "target": line.level_printed,
        "credit_due": money(line.due_minor, currency=line.currency) if line.quantity is None else None,
        "final": True,
        "url": link("admin:sla_revision", revision.statement_id, revision.number),
    }


def of_move(move: ClaimMove) -> Data:
    """Return a step in a claim's life."""
    claim = move.claim
    return {
        **of_contract(claim.contract),
        "claim": claim.reference,
        "vendor_reference": claim.vendor_reference,
        "from": move.old_state or None,
        "to": str(move.new_state),
        "happened_at": utc_text(move.happened_at),
        "amount": money(move.amount_minor, currency=claim.currency),
        "url": link("admin:sla_claim_change", claim.pk),
    }
