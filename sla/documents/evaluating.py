"""What a document's statements come to, computed without a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sla.documents.document import Document
from sla.documents.inputs import inputs_of
from sla.documents.spans import periods_touched
from sla.engine.evaluation import evaluate
from sla.engine.facts import Inputs, Outcome
from sla.engine.results import Result


def results_of(
    document: Document,
    *,
    agreement: str = "",
    period_label: str | None = None,
    known_until: datetime | None = None,
) -> list[Result]:
    """Return what an SLA schedule came to in one period, or in every period that is touched.

    Earlier touched periods are computed first: their outcomes are the history of the later ones,
    except where the document brings one forward. Without ``known_until`` (UTC) everything up to each
    period's end is known. Raise ValueError where there is no such schedule, period or version.
    """
    found: list[Result] = []
    outcomes: list[Outcome] = []
    for inputs in _statements(document, agreement=agreement, label=period_label, known_until=known_until):
        with_history = replace(inputs, history=_joined(inputs, outcomes))
        asked = period_label in (None, inputs.period.label)
        if not inputs.versions:
            if not asked:
                continue
            first = document.agreement(agreement).versions[0].effective_from
            raise ValueError(
                f"No version of {inputs.schedule.code!r} is in force in {inputs.period.label}: "
                f"the first begins on {first}. Choose a later period."
            )
        result = result_of(with_history)
        outcomes += result.outcomes
        found += [result] if asked else []
    return found


def result_of(inputs: Inputs) -> Result:
    """Return what the inputs of one statement come to."""
    return evaluate(
        inputs.versions,
        schedule=inputs.schedule,
        facts=inputs.facts,
        period=inputs.period,
        known_until=inputs.known_until,
        history=inputs.history,
    )


def _statements(
    document: Document, *, agreement: str, label: str | None, known_until: datetime | None
) -> Iterable[Inputs]:
    """Return the inputs of the touched periods in order, up to the one that is asked for."""
    touched = [period.label for period in periods_touched(document, agreement=agreement)]
    wanted = (
        inputs_of(document, agreement=agreement, period_label=label, known_until=known_until)
        if label
        else None
    )
    for name in touched:
        if name == label:
            continue
        inputs = inputs_of(document, agreement=agreement, period_label=name, known_until=known_until)
        if wanted is None or inputs.period.last_on < wanted.period.first_on:
            yield inputs
    if wanted is not None:
        yield wanted


def _joined(inputs: Inputs, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return brought-forward and computed outcomes, oldest first; a brought-forward one stands."""
    known = {(row.target, row.period, row.units) for row in inputs.history}
    computed = [row for row in outcomes if (row.target, row.period, row.units) not in known]
    earlier = [row for row in computed if row.last_on < inputs.period.first_on]
    return tuple(sorted([*inputs.history, *earlier], key=lambda row: (row.last_on, row.target, row.units)))
