"""What earlier periods came to, for rules that look back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Exists, OuterRef

from sla.engine.codec import from_plain, to_plain
from sla.engine.evaluation import evaluate
from sla.engine.facts import Inputs, Outcome
from sla.engine.periods import Period
from sla.engine.terms import Terms
from sla.inputs.reach import in_force, key_of
from sla.models import Statement, StatementRevision
from vendors.models import FactChange

# Reasons that time alone takes away: outcomes with one of these hold only for their own instant.
BY_THE_CLOCK = ("has not ended", "is still open", "is not yet due", "has not come yet", "was not over at")

# Outcomes by schedule, and there by the label of their statement period.
Kept = Mapping[int, Mapping[str, tuple[Outcome, ...]]]


def kept_outcomes(wanted: Mapping[int, Sequence[Period]], *, contracts: Iterable[int]) -> Kept:
    """Return the outcomes that statements keep of earlier periods, by schedule and period.

    Those of the newest revision hold whatever happened since. A draft's are left out where it is stale,
    where a change of a fact was not looked at yet, and where time alone may move it.
    """
    keys = [pk for pk, periods in wanted.items() if periods]
    if not keys:
        return {}
    last = max(period.first_on for periods in wanted.values() for period in periods)
    newest = StatementRevision.objects.filter(statement=OuterRef("pk"))
    rows = (
        Statement.objects.filter(agreement__in=keys, first_on__lte=last)
        .exclude(outcomes="")
        .annotate(is_finalised=Exists(newest))
        .order_by()
    )
    found = list(rows.select_related("agreement"))
    unseen = set(FactChange.objects.filter(seen_at=None).values_list("contract", flat=True).distinct())
    moved = {pk for pk in contracts if None in unseen or pk in unseen}
    kept: dict[int, dict[str, tuple[Outcome, ...]]] = defaultdict(dict)
    for row in found:
        looked_at = row.agreement.contract_id not in moved
        if getattr(row, "is_finalised", False) or (looked_at and _holds(row)):
            kept[row.agreement_id][row.period] = read_outcomes(row.outcomes)
    return kept


def _holds(row: Statement) -> bool:
    """Return whether a draft's outcomes are those of its whole period, whenever they are read."""
    over = row.known_until is not None and row.known_until >= row.ends_at
    if row.computed < row.wanted or row.error or not over:
        return False
    return not any(mark in reason for reason in row.provisional for mark in BY_THE_CLOCK)


def history_of(
    inputs: Inputs,
    *,
    versions: Sequence[Terms],
    earlier: Sequence[Period],
    kept: Mapping[str, tuple[Outcome, ...]] | None = None,
) -> tuple[Outcome, ...]:
    """Return the outcomes of earlier periods, oldest first: brought forward, kept, else computed again.

    A period that was brought forward is never computed: its row stands. One that a statement keeps
    (`kept`, by period) is taken from there; any other is computed from the outcomes of those before it.
    """
    found = list(inputs.history)
    known = {key_of(outcome) for outcome in found}
    for period in earlier:
        judged = in_force(versions, period=period)
        if not judged:
            continue
        outcomes = (kept or {}).get(period.label)
        if outcomes is None:
            outcomes = evaluate(
                judged,
                schedule=inputs.schedule,
                facts=inputs.facts,
                period=period,
                known_until=inputs.known_until,
                history=ordered(outcome for outcome in found if outcome.last_on < period.first_on),
            ).outcomes
        found += [outcome for outcome in outcomes if key_of(outcome) not in known]
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
