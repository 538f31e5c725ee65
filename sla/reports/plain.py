"""A result as canonical JSON, the form that other programs read: whole, or only a part of it."""

from __future__ import annotations

from typing import Any

from sla.engine.codec import canonical, to_plain
from sla.engine.results import Result
from sla.engine.trace import Step
from sla.reports.moments import local_moments

ABOUT = ("target", "window", "units", "verdict")
ACCOUNT = (*ABOUT, "ledger", "cases", "adjustments", "counted_us", "denominator_us")


def render_json(result: Result) -> str:
    """Return a result as one line of canonical JSON: sorted keys, no white space, defaults left out."""
    return canonical(result).decode()


def plain_result(result: Result) -> dict[str, Any]:
    """Return what `render_json` writes, as plain data."""
    plain: dict[str, Any] = to_plain(result)
    return plain


def plain_accounts(result: Result) -> list[dict[str, Any]]:
    """Return the time account of each level, or its cases, and what stands between it and the figure."""
    levels = plain_result(result).get("measured", [])
    return [{name: level[name] for name in ACCOUNT if name in level} for level in levels]


def worked_out(result: Result) -> dict[str, Any]:
    """Return how each figure was worked out: its steps, each with its sentence in the zone of the terms."""
    return {
        "levels": [
            {"target": one.target, "window": one.window.label, "units": list(one.units)}
            | {"step": _step(one.step, result=result)}
            for one in result.measured
        ],
        "credits": [
            {"target": line.target, "window": line.window, "units": list(line.units)}
            | {"step": _step(line.step, result=result)}
            for line in result.credits.lines
        ],
        "totals": [
            {"pays": total.pays.value, "step": _step(total.step, result=result)}
            for total in result.credits.totals
        ],
    }


def _step(step: Step, *, result: Result) -> dict[str, Any]:
    """Return a step as plain data with its sentence, and those that it was made from below it."""
    own: dict[str, Any] = to_plain(step._replace(inputs=()))
    said = step.sentence(instant=local_moments(result.zone))
    return {**own, "because": said, "inputs": [_step(each, result=result) for each in step.inputs]}
