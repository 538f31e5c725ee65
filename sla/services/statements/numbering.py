"""Line numbers that keep their meaning: by key, over all revisions of a statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sla.engine.facts import Inputs
from sla.engine.results import Result
from sla.engine.terms import Pays
from sla.models import HeldCorrection, LineFigures, Statement, StatementLine, StatementRevision
from sla.services.statements.lines import LineValues, line_figures

# What a line that is no longer on the statement keeps: what it was about.
IDENTITY = (
    "key",
    "target",
    "name",
    "clause",
    "metric",
    "window",
    "window_first_on",
    "window_last_on",
    "units",
    "services",
    "unit",
    "currency",
    "pays",
)


def statement_lines(
    statement: Statement, *, result: Result, inputs: Inputs, newest: StatementRevision | None
) -> list[LineValues]:
    """Return all lines with their numbers: of the result, of corrections, and those that fell away."""
    services = {unit.code: unit.name for unit in inputs.facts.units}
    lines = [*line_figures(result, versions=inputs.versions, services=services)]
    lines += prior_lines(statement)
    return numbered(lines, before=list(newest.lines.all()) if newest is not None else [])


def numbered(lines: Iterable[LineValues], *, before: Sequence[StatementLine]) -> list[LineValues]:
    """Return lines with their numbers, and the earlier lines that are missing as removed ones."""
    known = {line.key: line.number for line in before}
    following = max(known.values(), default=0)
    found: list[LineValues] = []
    for values in lines:
        number = known.get(values["key"])
        if number is None:
            following += 1
            number = following
        found.append({**values, "number": number})
    here = {values["key"] for values in found}
    found += [_removed(line) for line in before if line.key not in here]
    return sorted(found, key=lambda values: int(values["number"]))


def _removed(line: StatementLine) -> LineValues:
    kept = {name: getattr(line, name) for name in IDENTITY}
    return {
        **kept,
        "number": line.number,
        "status": LineFigures.Status.REMOVED.value,
        "earlier_id": line.earlier_id,
    }


def prior_lines(statement: Statement) -> list[LineValues]:
    """Return the corrections that were gathered: those into this statement, and its own given to others.

    Its own stand with the opposite sign, so that a later revision asks for nothing twice.
    """
    into = statement.prior_corrections.select_related("statement__agreement__contract").order_by("pk")
    given = statement.held_corrections.select_related("into__agreement__contract").order_by("pk")
    found = [_prior(row, of=row.statement, sign=1, name="Correction of") for row in into]
    return found + [_prior(row, of=row.into, sign=-1, name="Credited with") for row in given]


def _prior(row: HeldCorrection, *, of: Statement, sign: int, name: str) -> LineValues:
    word = "earlier" if sign > 0 else "held"
    return {
        "key": f"{word}|{of.number}|{_place(row)}",
        "status": LineFigures.Status.PRIOR_PERIOD.value,
        "name": f"{name} {of.number}"[:200],
        "window": of.period,
        "window_first_on": of.first_on,
        "window_last_on": of.last_on,
        "pays": Pays.MONEY.value,
        "currency": row.currency,
        "due_minor": sign * row.delta_minor,
        "earlier_id": of.pk,
    }


def _place(row: HeldCorrection) -> int:
    """Return which correction of its statement it is, from 1."""
    return HeldCorrection.objects.filter(statement=row.statement_id, pk__lte=row.pk).count()
