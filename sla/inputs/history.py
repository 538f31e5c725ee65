"""What earlier periods came to, for rules that look back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sla.engine.codec import from_plain, to_plain
from sla.engine.evaluation import evaluate
from sla.engine.facts import Inputs, Outcome
from sla.engine.periods import Period
from sla.engine.terms import Terms
from sla.inputs.reach import in_force, key_of


def history_of(
    inputs: Inputs, *, versions: Sequence[Terms], earlier: Sequence[Period]
) -> tuple[Outcome, ...]:
    """Return the outcomes of earlier periods, oldest first: brought forward, else computed again.

    Each earlier period is computed once, from the outcomes of those before it. A period that was
    brought forward is never computed: its row stands. Until statements are kept, this is done anew
    for every call, from go-live or the first version on; the cost grows with the periods since.
    """
    found = list(inputs.history)
    known = {key_of(outcome) for outcome in found}
    for period in earlier:
        judged = in_force(versions, period=period)
        if not judged:
            continue
        result = evaluate(
            judged,
            schedule=inputs.schedule,
            facts=inputs.facts,
            period=period,
            known_until=inputs.known_until,
            history=ordered(outcome for outcome in found if outcome.last_on < period.first_on),
        )
        found += [outcome for outcome in result.outcomes if key_of(outcome) not in known]
    return ordered(outcome for outcome in found if outcome.last_on < inputs.period.first_on)


def outcomes_text(outcomes: Iterable[Outcome]) -> str:
    """Return outcomes as canonical text, as a statement keeps them for those that look back at it."""
    plain = [to_plain(outcome) for outcome in outcomes]
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read_outcomes(text: str) -> tuple[Outcome, ...]:
    """Return outcomes from their canonical text."""
    return tuple(from_plain(Outcome, plain) for plain in json.loads(text))


def ordered(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Return outcomes oldest first, in an order that does not hang on the database."""
    return tuple(sorted(outcomes, key=lambda one: (one.last_on, one.target, one.units)))
