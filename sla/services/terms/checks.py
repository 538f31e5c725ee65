"""Refuse terms that contradict themselves, before anything is written."""

from __future__ import annotations

from collections import defaultdict

from django.core.exceptions import ValidationError

from sla.engine.terms import Terms
from sla.engine.terms.validation import contradictions
from sla.inputs.register import charges_of
from sla.models import AgreementVersion, ServiceLevelAgreement
from vendors.models import BusinessCalendar


def check_terms(terms: Terms, *, agreement: ServiceLevelAgreement) -> None:
    """Raise ValidationError with every contradiction by its place (`targets[0].credit.tiers[1].below`)."""
    contract = agreement.contract
    problems = contradictions(
        terms,
        schedule=agreement.as_value(),
        charges=charges_of(contract),
        services=frozenset(contract.services.values_list("code", flat=True)),
        calendars=frozenset(BusinessCalendar.objects.values_list("code", flat=True)),
    )
    if problems:
        by_place: dict[str, list[str]] = defaultdict(list)
        for problem in problems:
            by_place[problem.place or "__all__"].append(problem.message)
        raise ValidationError(dict(by_place))


def check_version(version: AgreementVersion) -> None:
    """Check a version as its rows stand now: forms call it when they have saved theirs."""
    try:
        terms = AgreementVersion.objects.with_terms().get(pk=version.pk).as_value()
    except ValueError as error:
        raise ValidationError(str(error)) from error
    check_terms(terms, agreement=version.agreement)
