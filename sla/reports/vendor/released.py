"""What a report for the vendor is about where only what a person released may leave the house."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sla.engine.codec import from_plain
from sla.engine.facts import Inputs, Outage, Party, Position, Responsible
from sla.models import Claim, Statement, StatementRevision

SETTLED = (Party.DETERMINED, Party.AGREED)


@dataclass(frozen=True, kw_only=True)
class Released:
    """The finalised statements that a report for the vendor is about, and those that it was sent before.

    Of each statement one revision: `now` what the report tells, `before` what the last one did.
    """

    now: tuple[StatementRevision, ...]
    before: tuple[StatementRevision, ...] = ()

    def statements(self) -> tuple[Statement, ...]:
        """Return all of their statements, oldest first; nothing of them but what was finalised is used."""
        found = {each.statement_id: each.statement for each in (*self.before, *self.now)}
        return tuple(sorted(found.values(), key=lambda each: (each.last_on, each.number)))

    def revisions(self) -> dict[int, StatementRevision]:
        """Return the revision of each statement that the vendor knows with this report."""
        return {each.statement_id: each for each in (*self.before, *self.now)}

    def corrected(self) -> tuple[tuple[StatementRevision, StatementRevision], ...]:
        """Return what was sent before and is sent again, with the revision that replaces it."""
        sent = {each.statement_id: each for each in self.before}
        return tuple((sent[each.statement_id], each) for each in self.now if each.statement_id in sent)


def claims_told(claims: Iterable[Claim], *, revisions: Mapping[int, StatementRevision]) -> tuple[Claim, ...]:
    """Return the claims that ask for nothing but what these revisions, by statement, or earlier ones gave."""
    return tuple(claim for claim in claims if _is_told(claim, revisions=revisions))


def _is_told(claim: Claim, *, revisions: Mapping[int, StatementRevision]) -> bool:
    asked = [part.credit.revision for part in claim.parts.all()]
    known = all(
        each.statement_id in revisions and each.number <= revisions[each.statement_id].number
        for each in asked
    )
    return known and (claim.statement_id is None or claim.statement_id in revisions) and bool(asked)


def frozen_facts(revisions: Iterable[StatementRevision]) -> dict[int, Inputs]:
    """Return what each of some revisions was computed from, by its statement."""
    rows = StatementRevision.objects.filter(pk__in=[each.pk for each in revisions])
    return {
        row.statement_id: from_plain(Inputs, json.loads(row.inputs))
        for row in rows.only("statement_id", "inputs")
    }


@dataclass(frozen=True, kw_only=True)
class FrozenIncident:
    """An incident as the released statements have it, whatever was recorded later; times are UTC."""

    severity: str
    starts_at: datetime | None
    ends_at: datetime | None
    services: str
    responsible: Responsible
    says_vendor: Responsible | None  # where the vendor says otherwise and nothing settled it


def frozen_incident(reference: str, *, facts: Iterable[Inputs]) -> FrozenIncident:
    """Return what the facts of some statements say of an incident."""
    found = list(facts)
    outages = [each for one in found for each in one.facts.outages if each.incident == reference]
    names = {unit.code: unit.name or unit.code for one in found for unit in one.facts.units}
    ends = [each.ended_at for each in outages]
    closed = [end for end in ends if end is not None]
    known = (each for one in found for each in one.facts.incidents if each.reference == reference)
    who, otherwise = _responsible(list(_positions(outages)))
    return FrozenIncident(
        severity=next((each.severity for each in known), ""),
        starts_at=min((each.started_at for each in outages), default=None),
        ends_at=max(closed) if closed and len(closed) == len(ends) else None,
        services=", ".join(dict.fromkeys(names.get(each.unit, each.unit) for each in outages)),
        responsible=who,
        says_vendor=otherwise,
    )


def _positions(outages: Iterable[Outage]) -> Iterator[Position]:
    """Yield what was said of who is responsible, in the order in which it was said."""
    for outage in outages:
        yield from (said for said in outage.positions if said.responsible is not None)


def _responsible(said: Sequence[Position]) -> tuple[Responsible, Responsible | None]:
    """Return who is responsible: what was settled, else what we say; and whom the vendor names instead."""
    last = {each.party: (place, each.responsible) for place, each in enumerate(said)}
    held = next((last[party] for party in (*SETTLED, Party.OURS) if party in last), None)
    who = held[1] if held is not None and held[1] is not None else Responsible.VENDOR
    theirs = last.get(Party.VENDORS)
    settled = max((last[party][0] for party in SETTLED if party in last), default=-1)
    if theirs is None or theirs[0] < settled or theirs[1] == who:
        return who, None
    return who, theirs[1]
