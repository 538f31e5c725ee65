"""Inputs with a mark in every field that a vendor must never see."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from sla.engine.facts import Exclusion, Facts, Inputs, Party, Position
from sla.engine.terms import ReadingNote

Said = TypeVar("Said", Position, Exclusion)
MARK = "ZZ-OURS-ONLY"
SAID = "QQ-THE-VENDOR-SAID"


def planted(inputs: Inputs) -> Inputs:
    """Return inputs whose internal texts all hold MARK, and whose vendor's own texts hold SAID."""
    note = ReadingNote(about="uptime", note=f"{MARK} we chose this", by=f"{MARK} lawyer")
    versions = tuple(
        replace(terms, signed_off_by=f"{MARK} signer", reading_notes=(note, *terms.reading_notes))
        for terms in inputs.versions
    )
    return replace(inputs, versions=versions, facts=_facts(inputs.facts))


def _facts(facts: Facts) -> Facts:
    def marked(text: str) -> str:
        return f"{MARK} {text}"

    return replace(
        facts,
        incidents=tuple(
            replace(each, title=marked(each.title), root_event=marked(each.root_event or each.reference))
            for each in facts.incidents
        ),
        outages=tuple(
            replace(each, positions=tuple(_said(one) for one in each.positions)) for each in facts.outages
        ),
        clock_stops=tuple(replace(each, reason=marked(each.reason)) for each in facts.clock_stops),
        exclusions=tuple(_said(each) for each in facts.exclusions),
        figures=tuple(
            replace(each, by=marked(each.by), document=marked(each.document)) for each in facts.figures
        ),
        deliveries=tuple(replace(each, document=marked(each.document)) for each in facts.deliveries),
        conditions=tuple(
            replace(each, by=marked(each.by), evidence=marked(each.evidence)) for each in facts.conditions
        ),
        watches=tuple(
            replace(each, source=marked(each.source), confirmed_by=marked(each.confirmed_by))
            for each in facts.watches
        ),
    )


def _said(one: Said) -> Said:
    word = SAID if one.party is Party.VENDORS else MARK
    return replace(one, by=f"{word} {one.by}", why=f"{word} {one.why}")
