"""Signing off terms, with a second person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from sla.engine.codec import canonical
from sla.models import AgreementVersion
from sla.services.terms.acts import sign_off_terms
from vendors.models import Approval
from vendors.services.approvals import Act, Ran


def _run(version: AgreementVersion, *, by: User, second: Approval, now: datetime, reason: str) -> Ran:
    terms = _with_terms(version)
    sign_off_terms(terms, by=by, at=now, reason=reason, second=second)
    source = terms.source or terms.document.name
    levels = ", ".join(str(level) for level in terms.targets.all())
    return Ran(effect=f"State: draft → signed off\nChecked against: {source}\nService levels: {levels}")


def _state(version: AgreementVersion, **asked: Any) -> Any:
    """Return the terms themselves: another word in them, and they are looked at again."""
    return [canonical(_with_terms(version).as_value()).decode(), version.document.name]


def _with_terms(version: AgreementVersion) -> AgreementVersion:
    found: AgreementVersion = AgreementVersion.objects.with_terms().get(pk=version.pk)
    return found


SIGN_OFF = Act(
    code="sign_off",
    label="Sign off terms",
    permission="sla.change_servicelevelagreement",
    run=_run,
    state=_state,
)
