"""Statements: gather, compute; nothing is stored yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from sla.engine.evaluation import evaluate
from sla.engine.results import Result
from sla.inputs import Inputs, inputs_for, inputs_of
from sla.models import ServiceLevelAgreement


def draft_statement(agreement: ServiceLevelAgreement, *, period_label: str, known_until: datetime) -> Result:
    """Compute what a period comes to by the rows as they stand; times after `known_until` (UTC) are unknown.

    Raises ValueError for a label that names no period, and where no version is in force in it.
    """
    return result_of(inputs_of(agreement, period_label=period_label, known_until=known_until))


def draft_statements(
    agreements: Iterable[ServiceLevelAgreement], *, on: date, known_until: datetime
) -> Iterator[Result]:
    """Compute the periods of many SLA schedules that hold a local date, where terms are in force."""
    for inputs in inputs_for(agreements, on=on, known_until=known_until):
        if inputs.versions:
            yield result_of(inputs)


def result_of(inputs: Inputs) -> Result:
    """Return what the inputs come to; the same inputs give the same result, byte for byte."""
    return evaluate(
        inputs.versions,
        schedule=inputs.schedule,
        facts=inputs.facts,
        period=inputs.period,
        known_until=inputs.known_until,
        history=inputs.history,
    )
