"""Enter, correct, amend, sign off and copy the terms of an SLA schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.engine.periods import PeriodRule
from sla.engine.terms import Terms
from sla.engine.terms.versions import Schedule
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services.terms.checks import check_terms
from sla.services.terms.rows import Writer
from vendors.models import Approval, Contract
from vendors.services import Saved, checked_reason, note_change, save_record
from vendors.services.approvals import check_second, with_second


@transaction.atomic
def create_schedule(
    contract: Contract,
    *,
    code: str,
    name: str,
    terms: Terms,
    by: User,
    reason: str,
    zone: str = "",
    period: PeriodRule | None = None,
    billing_day: int = 1,
) -> ServiceLevelAgreement:
    """Add an SLA schedule with its first version, a draft until somebody signs it off.

    Without a zone it has the contract's. Raises ValidationError for terms that contradict themselves.
    """
    agreement = ServiceLevelAgreement(contract=contract, code=code)
    identity = Schedule(
        contract=contract.reference,
        code=code,
        name=name,
        currency=contract.currency,
        zone=zone or contract.zone,
        period=period or PeriodRule(),
        billing_day=billing_day,
    )
    agreement.fill(identity)
    save_record(agreement, by=by, reason=reason)
    add_version(agreement, terms=replace(terms, signed_off_by=""), by=by, reason=reason)
    return agreement


@transaction.atomic
def add_version(agreement: ServiceLevelAgreement, *, terms: Terms, by: User, reason: str) -> AgreementVersion:
    """Write one more version as it stands. Raises ValidationError where it contradicts itself."""
    check_terms(terms, agreement=agreement)
    version = AgreementVersion(agreement=agreement)
    Writer(by=by, reason=reason).version(version, terms=terms)
    return version


@transaction.atomic
def edit_draft(version: AgreementVersion, *, terms: Terms, by: User, reason: str) -> Saved:
    """Change terms that nobody has signed off yet.

    Raises:
        ValidationError: the version is signed off, or the terms contradict themselves.

    """
    if not version.is_draft:
        raise ValidationError(
            f"{version} was signed off by {version.signed_off_by}. Correct it with a reason if it was entered"
            " wrongly, or record an amendment if the parties changed it.",
            code="signed_off",
        )
    return _rewrite(version, terms=replace(terms, signed_off_by=""), by=by, reason=reason)


@transaction.atomic
def correct_terms(version: AgreementVersion, *, terms: Terms, by: User, reason: str) -> Saved:
    """Correct how the terms were entered: every period they govern is restated, and they are a draft again.

    A change that the parties agreed on is an amendment, not a correction. The first day stays: a
    wrong one is corrected on the version itself. Raises ValidationError; then nothing is changed.
    """
    checked_reason(reason)
    if terms.effective_from != version.effective_from:
        raise ValidationError(
            {
                "effective_from": f"A correction keeps the first day ({version.effective_from}), and these"
                f" terms begin on {terms.effective_from}. Record an amendment instead."
            }
        )
    if replace(terms, signed_off_by=version.signed_off_by) == version.as_value():
        return Saved.UNCHANGED
    return _rewrite(version, terms=replace(terms, signed_off_by=""), by=by, reason=reason)


@transaction.atomic
def record_amendment(
    agreement: ServiceLevelAgreement, *, terms: Terms, by: User, reason: str, document: object = None
) -> AgreementVersion:
    """Add the version that the parties agreed on; what went before stays as it is.

    The terms say when it was signed, from when it holds, what it changes, what it does to past
    periods and how a period with the change inside is judged. Raises ValidationError.
    """
    problems = _amendment_problems(agreement, terms)
    if problems:
        raise ValidationError(problems)
    version = add_version(agreement, terms=replace(terms, signed_off_by=""), by=by, reason=reason)
    if document is not None:
        version.document = document
        save_record(version, by=by, reason=reason)
    return version


@transaction.atomic
def sign_off_terms(
    version: AgreementVersion, *, by: User, at: datetime, reason: str, second: Approval | None = None
) -> Saved:
    """Say that the terms were checked against the document (`at` in UTC): they are no draft any more.

    Raises:
        ValidationError: there is no service level yet, no document is named, or the terms contradict
            themselves; nothing is changed. SecondPersonNeeded where another person has to approve it.

    """
    terms: Terms = version.as_value()
    if not terms.targets:
        raise ValidationError(f"{version} has no service level yet. Enter the terms first.", code="empty")
    if not terms.source and not version.document:
        raise ValidationError(
            {"source": "Say against which document it was checked: its name and date, or upload it."}
        )
    check_terms(terms, agreement=version.agreement)
    check_second("sign_off", subject=version, by=by, second=second, why=reason, reason=reason)
    version.signed_off_by, version.signed_off_at = by.get_username(), at
    saved = save_record(version, by=by, reason=with_second(reason, second=second))
    # No figure moves, but drafts no longer ask for it.
    note_change(version.touched_contracts(), subject="terms signed off", during=version.touched_span())
    return saved


@transaction.atomic
def copy_schedule(
    agreement: ServiceLevelAgreement,
    *,
    contract: Contract,
    code: str,
    name: str,
    effective_from: date,
    by: User,
    reason: str,
    services: Mapping[str, str] | None = None,
) -> ServiceLevelAgreement:
    """Begin a new SLA schedule from the newest version of another, as a draft.

    `services` maps service codes of the one contract to those of the other. Raises ValidationError
    for a service that the other contract does not have.
    """
    newest = agreement.versions.order_by("effective_from").last()
    if newest is None:
        raise ValidationError(f"{agreement} has no terms to copy. Choose another SLA schedule.", code="empty")
    terms = _moved(newest.as_value(), effective_from=effective_from, services=services or {})
    return create_schedule(
        contract,
        code=code,
        name=name,
        terms=terms,
        zone=agreement.zone if agreement.contract_id == contract.pk else contract.zone,
        period=agreement.period,
        billing_day=agreement.billing_day,
        by=by,
        reason=reason,
    )


def _rewrite(version: AgreementVersion, *, terms: Terms, by: User, reason: str) -> Saved:
    check_terms(terms, agreement=version.agreement)
    if version.signed_off_by and not terms.signed_off_by:
        version.signed_off_at = None
    writer = Writer(by=by, reason=reason)
    writer.version(version, terms=terms)
    return writer.saved


def _amendment_problems(agreement: ServiceLevelAgreement, terms: Terms) -> dict[str, str]:
    problems: dict[str, str] = {}
    first = agreement.versions.order_by("effective_from").first()
    if first is None:
        problems["effective_from"] = "There are no terms to amend yet. Enter the first version instead."
    elif terms.effective_from <= first.effective_from:
        problems["effective_from"] = (
            f"The amendment begins on {terms.effective_from}, not after the first terms"
            f" ({first.effective_from}). Choose a later day, or correct the first version."
        )
    if terms.signed_on is None:
        problems["signed_on"] = "Say when the amendment was signed."
    if not terms.amendment.strip():
        problems["amendment"] = "Say what the amendment changes."
    if not terms.past_periods.strip():
        problems["past_periods"] = "Say what it does to earlier periods, such as: they stay as they were."
    return problems


def _moved(terms: Terms, *, effective_from: date, services: Mapping[str, str]) -> Terms:
    targets = tuple(
        replace(target, services=tuple(services.get(code, code) for code in target.services))
        for target in terms.targets
    )
    return replace(
        terms,
        effective_from=effective_from,
        targets=targets,
        signed_off_by="",
        signed_on=None,
        amendment="",
        past_periods="",
    )
