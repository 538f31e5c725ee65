"""What was promised, as text: each clause in the contract's words and in ours, by version of the terms."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent, wrap

from sla.engine.facts import Inputs
from sla.engine.terms import Terms
from sla.reports.editions.names import Names
from sla.reports.sentences import (
    cap_sentence,
    chronic_sentence,
    claim_sentence,
    exclusion_sentence,
    sentence_of,
    step_sentence,
)

WIDTH = 96


def clauses_text(inputs: Inputs, *, names: Names) -> str:
    """Return the clauses that a statement was judged by, oldest version first."""
    blocks = [
        block
        for terms in sorted(inputs.versions, key=lambda each: each.effective_from)
        for block in _version(terms, inputs=inputs, names=names)
    ]
    return "\n\n".join(blocks) + "\n"


def _version(terms: Terms, *, inputs: Inputs, names: Names) -> Iterator[str]:
    schedule = inputs.schedule
    head = f"{schedule.contract}, {schedule.name or schedule.code}: terms from {terms.effective_from} on"
    told = [head, "=" * len(head)]
    told += [f"Document: {terms.source}"] if terms.source else []
    told += [f"Amendment: {terms.amendment}"] if terms.amendment else []
    yield "\n".join(told)
    currency, kind = schedule.currency, schedule.period.kind
    for target in terms.targets:
        said = sentence_of(target, currency=currency, period=kind, names=names.services)
        yield _clause(target.name or target.code, clause=target.clause, text=target.text, said=said)
    for rule in terms.exclusions:
        said = exclusion_sentence(rule)
        yield _clause(rule.name or rule.code, clause=rule.clause, text=rule.text, said=said)
    for cap in terms.caps:
        yield _clause(
            f"Cap {cap.code}", clause=cap.clause, text="", said=cap_sentence(cap, currency=currency)
        )
    yield from _claim(terms)
    for pattern in terms.chronic:
        said = chronic_sentence(pattern)
        yield _clause(pattern.name or pattern.code, clause=pattern.clause, text="", said=said)


def _claim(terms: Terms) -> Iterator[str]:
    if terms.claim is None:
        return
    steps = " ".join(step_sentence(step) for step in terms.claim.steps)
    said = " ".join(filter(None, (claim_sentence(terms.claim), steps)))
    yield _clause("How a credit is claimed", clause=terms.claim.clause, text=terms.claim.text, said=said)


def _clause(name: str, *, clause: str, text: str, said: str) -> str:
    lines = [name + (f" ({clause})" if clause else "")]
    lines += [indent(f'"{text.strip()}"', "    ")] if text.strip() else []
    lines += [indent("\n".join(wrap(said, WIDTH)), "    ")]
    return "\n".join(lines)
