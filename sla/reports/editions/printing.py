"""A statement as PDF; the same statement gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sla.inputs import inputs_of
from sla.models import ServiceLevelAgreement, StatementRevision
from sla.reports.editions.document import StatementDocument, draft_document, statement_document
from sla.reports.editions.edition import Edition
from sla.reports.pdf import render_pdf


def statement_pdf(document: StatementDocument) -> bytes:
    """Return the PDF of a statement."""
    return render_pdf("statement", printable(document), on=document.on)


def revision_pdf(revision: StatementRevision, *, edition: Edition) -> bytes:
    """Return the PDF of a finalised statement for a reader."""
    return statement_pdf(statement_document(revision, edition=edition))


def draft_pdf(
    agreement: ServiceLevelAgreement, *, period_label: str, edition: Edition, now: datetime
) -> bytes:
    """Return the PDF of a period as the records stand; raise ValueError for a label that names none."""
    inputs = inputs_of(agreement, period_label=period_label, known_until=now)
    return statement_pdf(draft_document(agreement, inputs=inputs, edition=edition))


def printable(document: StatementDocument) -> dict[str, Any]:
    """Return a document as JSON values, dates in ISO form."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(document), default=_iso))
    return found


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} is no plain value of a document.")
