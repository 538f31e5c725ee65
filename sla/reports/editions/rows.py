"""The service levels of a statement as one table: target, achieved, counted, credit, result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sla.engine.facts import Verdict
from sla.engine.results import Credit, Measured, Result
from sla.reports.figures import shown_credit
from sla.reports.statement import StatementPage
from sla.reports.statement.levels import LevelView

Key = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class LevelRow:
    """One service level in one window with its credit."""

    name: str
    window: str  # empty where it is the statement's period
    services: str
    target: str
    achieved: str
    reaches: str  # from best to worst where time is unknown
    counted: str
    credit: str
    verdict: str
    tone: str
    contested: bool


def level_rows(result: Result, *, page: StatementPage) -> tuple[LevelRow, ...]:
    """Return the levels of a result in their order, in the words of its page."""
    credits: dict[Key, list[Credit]] = defaultdict(list)
    for line in result.credits.lines:
        credits[(line.target, line.window, line.units)].append(line)
    return tuple(
        _row(one, view=view, credits=credits[(one.target, one.window.label, one.units)], result=result)
        for one, view in zip(result.measured, page.levels, strict=True)
    )


def _row(one: Measured, *, view: LevelView, credits: Sequence[Credit], result: Result) -> LevelRow:
    paid = [line for line in credits if line.due_exact]
    return LevelRow(
        name=view.name,
        window=view.window if view.window != result.period.label else "",
        services=view.services,
        target=view.level,
        achieved=view.achieved,
        reaches=f"{view.best} to {view.worst}" if view.best else "",
        counted=view.counted if one.counted_us else "",
        credit=" + ".join(_due(line, currency=result.currency) for line in paid),
        verdict=view.verdict.capitalize(),
        tone="bad" if one.verdict is Verdict.MISSED else view.tone,
        contested=one.contested,
    )


def _due(line: Credit, *, currency: str) -> str:
    return (
        str(line.due)
        if line.due is not None
        else shown_credit(line.due_exact, pays=line.pays, currency=currency)
    )
