"""An amendment from what a person says of it: the newest terms, copied, with the new dates and words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sla.engine.terms import Split
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services.terms import record_amendment


def amend_terms(
    agreement: ServiceLevelAgreement,
    *,
    effective_from: date,
    signed_on: date,
    amendment: str,
    past_periods: str,
    split: str,
    by: User,
    reason: str,
    source: str = "",
    document: object = None,
) -> AgreementVersion:
    """Record an amendment as a draft that begins as a copy of the terms before it.

    Raises ValidationError where there are no terms to amend, or the dates contradict them.
    """
    before = agreement.versions.with_terms().order_by("effective_from").last()
    if before is None:
        raise ValidationError(
            "There are no terms to amend yet. Enter the first version instead.", code="empty"
        )
    terms = replace(
        before.as_value(),
        effective_from=effective_from,
        signed_on=signed_on,
        amendment=amendment,
        past_periods=past_periods,
        split=Split(split),
        source=source,
        signed_off_by="",
    )
    return record_amendment(agreement, terms=terms, by=by, reason=reason, document=document or None)
