"""Terms as plain English: one sentence for each service level, exclusion, cap, claim and pattern.

`promise` what is owed · `counting` how it is counted · `credit` what a miss pays · `rules` the clauses
around it · `wording` the small words.
"""

from __future__ import annotations

from collections.abc import Mapping

from sla.engine.periods import PeriodKind
from sla.engine.terms import Target
from sla.reports.sentences.counting import counting_words
from sla.reports.sentences.credit import credit_words
from sla.reports.sentences.promise import promise_words
from sla.reports.sentences.rules import (
    cap_sentence,
    chronic_sentence,
    claim_sentence,
    exclusion_sentence,
    step_sentence,
)
from sla.reports.sentences.wording import Wording, capital

__all__ = [
    "cap_sentence",
    "chronic_sentence",
    "claim_sentence",
    "exclusion_sentence",
    "sentence_of",
    "step_sentence",
]


def sentence_of(
    target: Target,
    *,
    currency: str,
    period: PeriodKind = PeriodKind.MONTH,
    names: Mapping[str, str] | None = None,
) -> str:
    """Return a service level as one sentence; ``names`` are services' names by code.

    ``period`` is the statement's, which holds where the level has no window of its own. The same
    terms always give the same sentence; what has its usual value is left out.
    """
    wording = Wording(currency=currency, period=period, names=names or {})
    parts = [promise_words(target, wording=wording)]
    parts += counting_words(target)
    said = ", ".join(parts)
    return capital(f"{said}; {credit_words(target, wording=wording)}.")
