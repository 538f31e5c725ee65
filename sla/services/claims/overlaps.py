"""Nothing is claimed twice: the same minutes of an outage behind credits of two SLA schedules.

Several service levels that one root cause hits inside one schedule follow its stacking rule; where both
pay, that is shown and never refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q

from incidents.models import Incident
from sla.engine.claims.moves import ClaimState
from sla.engine.codec import from_plain
from sla.engine.intervals import Interval, micro, union
from sla.engine.results import Measured
from sla.models import Claim, ClaimPart, ClaimRule, ServiceCredit, StatementLine
from sla.services.claims.balances import held_parts
from vendors.models import Reader

# A claim in one of these asks for nothing any more; a closed one may have been paid.
GONE = (ClaimState.REJECTED, ClaimState.NOT_PURSUED, ClaimState.LAPSED)
MINUTE_US = 60_000_000
MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Minutes of an outage that two credits count: where, when (UTC), and whether a contract forbids it.

    `claim` is the other one, None where both credits stand in this claim; `minutes_us` is elapsed time in
    microseconds. `is_same_schedule` says that the stacking rule let both pay.
    """

    credit: ServiceCredit
    other: ServiceCredit
    claim: Claim | None
    incidents: tuple[str, ...]
    spans: tuple[Interval, ...]
    is_same_schedule: bool
    is_forbidden: bool
    clause: str = ""

    @property
    def minutes_us(self) -> int:
        """Return how long both count, in microseconds."""
        return sum(micro(span.length) for span in self.spans)

    @property
    def statement_number(self) -> str:
        """Return the number of the other statement with its revision."""
        return self.other.revision.full_number

    def __str__(self) -> str:
        minutes = -(-self.minutes_us // MINUTE_US)
        where = f" in claim {self.claim}" if self.claim is not None else ""
        return f"{minutes} min of {', '.join(self.incidents)} count for {self.statement_number} too{where}"


class _Run(NamedTuple):
    during: Interval
    events: frozenset[str]
    incidents: tuple[str, ...]


class _Counted(NamedTuple):
    """The downtime behind one credit: each run with the events that it belongs to."""

    credit: ServiceCredit
    claim: Claim
    runs: tuple[_Run, ...]


def claimed_twice(claim: Claim, *, user: Reader | None = None) -> tuple[Overlap, ...]:
    """Return the downtime behind a claim's credits that another credit counts as well.

    Looked at are the credits of all vendors under claims that ask or asked for them, except what was
    rejected, given up or lapsed. With a `user`, only claims that they may see are returned.
    """
    own = [counted for counted in _counted(_own_parts(claim)) if counted.runs]
    if not own:
        return ()
    found = [_overlap(a, b, other=None) for a, b in combinations(own, 2)]
    others = _counted(_other_parts(claim, own=own, user=user))
    found += [_overlap(mine, theirs, other=theirs.claim) for theirs in others for mine in own]
    return tuple(overlap for overlap in found if overlap is not None)


def check_claimed_once(claim: Claim) -> None:
    """Refuse to submit a claim for downtime that is claimed elsewhere, where either contract forbids it."""
    forbidden = [overlap for overlap in claimed_twice(claim) if overlap.is_forbidden]
    if forbidden:
        named = "; ".join(dict.fromkeys(str(overlap) for overlap in forbidden[:MOST_NAMED]))
        clause = next((overlap.clause for overlap in forbidden if overlap.clause), "")
        raise ValidationError(
            f"The same downtime may be credited only once{f' ({clause})' if clause else ''}: {named}. Give up"
            " one of the two claims, or move the credit out of this one.",
            code="twice",
        )


def _own_parts(claim: Claim) -> list[tuple[ServiceCredit, Claim]]:
    return [(credit, claim) for credit, held in held_parts(claim).items() if held[0] > 0 or held[1] > 0]


def _other_parts(
    claim: Claim, *, own: Sequence[_Counted], user: Reader | None
) -> list[tuple[ServiceCredit, Claim]]:
    """Return the credits of other claims whose lines name one of the same events in the same days."""
    names = _related(
        {name for counted in own for run in counted.runs for name in (*run.events, *run.incidents)}
    )
    credits = [counted.credit for counted in own]
    lines = StatementLine.objects.filter(
        missed=True,
        window_first_on__lte=max(credit.service_last_on for credit in credits),
        window_last_on__gte=min(credit.service_first_on for credit in credits),
    ).exclude(revision__in={credit.revision_id for credit in credits})
    keys = [
        Q(credit__revision=revision, credit__line_number=number)
        for revision, number, incidents in lines.values_list("revision", "number", "incidents")
        if not names.isdisjoint(incidents)
    ]
    if not keys:
        return []
    either = Q()
    for key in keys:
        either |= key
    rows = ClaimPart.objects.filter(either, Q(amount_minor__gt=0) | ~Q(quantity=None))
    rows = rows.exclude(claim=claim.pk).exclude(claim__state__in=GONE)
    if user is not None:
        rows = rows.filter(claim__in=Claim.objects.all().visible_to(user))
    rows = rows.select_related("claim", "credit__revision__statement__agreement__contract").order_by("pk")
    return list({(part.credit_id, part.claim_id): (part.credit, part.claim) for part in rows}.values())


def _related(names: Iterable[str]) -> set[str]:
    """Return the events' own names with the incidents that belong to one of them."""
    known = set(names)
    rows = Incident.objects.filter(Q(root_cause_event__in=known) | Q(reference__in=known))
    return known | set(rows.values_list("reference", flat=True))


def _counted(parts: Iterable[tuple[ServiceCredit, Claim]]) -> Iterator[_Counted]:
    levels: dict[int, Sequence[Measured]] = {}
    for credit, claim in parts:
        revision = credit.revision
        if revision.pk not in levels:
            levels[revision.pk] = tuple(
                from_plain(Measured, plain) for plain in json.loads(revision.result)["measured"]
            )
        line = StatementLine.objects.filter(revision=revision, number=credit.line_number).first()
        yield _Counted(credit, claim, _runs(levels[revision.pk], line=line))


def _runs(levels: Sequence[Measured], *, line: StatementLine | None) -> tuple[_Run, ...]:
    """Return the counted runs behind a line, inside its window."""
    if line is None:
        return ()
    units = set(line.units)
    return tuple(
        _Run(during, frozenset(event.root_events or event.incidents), event.incidents)
        for one in levels
        if one.target == line.target and one.window.label == line.window and set(one.units) == units
        for event in one.events
        for during in [_within(event.during, one.window.during)]
        if during is not None
    )


def _within(run: Interval, window: Interval) -> Interval | None:
    start, end = max(run.start, window.start), min(run.end, window.end)
    return Interval(start, end) if start < end else None


def _overlap(mine: _Counted, theirs: _Counted, *, other: Claim | None) -> Overlap | None:
    shared = [
        (common, a.incidents)
        for a in mine.runs
        for b in theirs.runs
        if not a.events.isdisjoint(b.events)
        for common in [_within(a.during, b.during)]
        if common is not None
    ]
    if not shared:
        return None
    is_same = mine.credit.revision.statement_id == theirs.credit.revision.statement_id
    clause = None if is_same else _forbidding(mine.credit, theirs.credit)
    return Overlap(
        credit=mine.credit,
        other=theirs.credit,
        claim=other,
        incidents=tuple(sorted({name for _, names in shared for name in names})),
        spans=tuple(union(span for span, _ in shared)),
        is_same_schedule=is_same,
        is_forbidden=clause is not None,
        clause=clause or "",
    )


def _forbidding(*credits: ServiceCredit) -> str | None:
    """Return the clause by which either schedule credits the same downtime only once, None where none."""
    for credit in credits:
        statement = credit.revision.statement
        rule = (
            ClaimRule.objects.filter(
                version__agreement=statement.agreement_id, version__effective_from__lte=statement.last_on
            )
            .order_by("-version__effective_from")
            .first()
        )
        if rule is not None and rule.once_only:
            return rule.clause or ""
    return None
