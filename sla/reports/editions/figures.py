"""What two editions of one result must have in common: every verdict, second and amount, and no words."""

from __future__ import annotations

from collections.abc import Iterator

from sla.engine.results import ClaimTerms, Credit, Measured, Result


def moved_figures(ours: Result, *, theirs: Result) -> list[str]:
    """Return the names of the figures in which two results differ, none where they agree."""
    left, right = dict(_figures(ours)), dict(_figures(theirs))
    return [name for name in {**left, **right} if left.get(name) != right.get(name)]


def _figures(result: Result) -> Iterator[tuple[str, object]]:
    yield "period", (result.contract, result.schedule, result.period, result.known_until)
    for place, one in enumerate(result.measured):
        yield f"level {one.target} in {one.window.label} ({place})", _level(one)
    credits = result.credits
    for place, line in enumerate(credits.lines):
        yield f"credit of {line.target} in {line.window} ({place})", _credit(line)
    for total in credits.totals:
        yield f"total in {total.pays}", (total.before_caps, total.removed, total.due_exact, total.due)
    yield "points and what is carried", (credits.points, credits.carried)
    yield "agreed and contested", (result.agreed, result.contested)
    yield "deadlines", _deadlines(result.claim)
    yield "chronic failures", tuple((each.code, each.reached, each.count) for each in result.chronic)
    yield "earned back", tuple((e.target, e.period, e.units, e.amount, e.form) for e in result.earned_back)
    yield "next steps down", tuple((e.target, e.units, e.room_us, e.credit) for e in result.next_tiers)
    yield "outcomes for later periods", result.outcomes


def _level(one: Measured) -> tuple[object, ...]:
    ledger = one.ledger
    return (
        (one.target, one.window, one.units, one.verdict, one.misses, one.contested, one.expected_missed),
        (one.level, one.expected, one.value, one.best, one.worst, one.counted_us, one.denominator_us),
        None if ledger is None else (ledger.total_us, ledger.classes),
        tuple((e.during, e.counted_us, e.lateness_us, e.incidents, e.units, e.affected) for e in one.events),
        tuple((c.subject, c.state, c.late, c.elapsed_us, c.lateness_us) for c in one.cases),
    )


def _credit(line: Credit) -> tuple[object, ...]:
    return (
        (line.target, line.window, line.units, line.pays, line.state, line.waives),
        (line.base, line.before_caps, line.removed, line.due_exact, line.due, line.agreed),
    )


def _deadlines(claim: ClaimTerms | None) -> tuple[object, ...]:
    dues = () if claim is None else (*claim.deadlines, *claim.steps)
    return tuple((due.what, due.incident, due.due_on, due.due_until) for due in dues)
