"""Which drafts a changed fact makes stale: those that it overlaps, and later ones that look back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Q

from sla.inputs.reach import measures_cases, reach_back
from sla.models import AgreementVersion, ServiceLevelAgreement, Statement
from vendors import nudges
from vendors.models import FactChange, Span

# A run over the edge of a period is judged by its whole length, as `sla.inputs.reach` gathers it.
MARGIN = timedelta(days=31)
CHUNK = 500
MOST_SPANS = 20
BEGINNING = datetime.min.replace(tzinfo=UTC)


class Reach(NamedTuple):
    """How a schedule reads facts: how far back (None without an end), and whether by whole cases."""

    back: timedelta | None
    by_case: bool


class Changed(NamedTuple):
    """When facts of one contract changed: their own time, and that of the cases that they belong to."""

    during: list[Span]
    case: list[Span]


@transaction.atomic
def note_stale(*, now: datetime) -> int:
    """Raise `wanted` of each head that an unseen change of a fact may move; return how many.

    A change reaches the periods that it overlaps, with the margin of a month, and as many later ones as the
    schedule's terms look back. Where they measure whole cases it reaches as far as its case does. Every
    change taken is marked as seen at `now` (UTC).
    """
    unseen = FactChange.objects.filter(seen_at=None)
    changes = list(
        unseen.values_list("pk", "contract", "during_from", "during_until", "case_from", "case_until")
    )
    if not changes:
        return 0
    changed: dict[int | None, Changed] = defaultdict(lambda: Changed([], []))
    for _, contract, start, end, first, last in changes:
        changed[contract].during.append(Span(start, end))
        changed[contract].case.append(Span(first, last))
    raised = _raise({key: Changed(merged(of.during), merged(of.case)) for key, of in changed.items()})
    _mark_seen([pk for pk, *_ in changes], now=now)
    return raised


def raise_wanted(statements: Q) -> int:
    """Ask for new drafts of the heads that a condition keeps; return how many."""
    raised = Statement.objects.filter(statements).update(wanted=F("wanted") + 1)
    if raised:
        nudges.after_commit()
    return raised


def _raise(changed: Mapping[int | None, Changed]) -> int:
    """Raise the heads of contracts, in one statement for all with the same spans that look back equally."""
    everywhere = changed.get(None, Changed([], []))
    rows = ServiceLevelAgreement.objects.filter(statements__isnull=False).distinct()
    if None not in changed:
        rows = rows.filter(contract__in=[key for key in changed if key is not None])
    groups: dict[tuple[timedelta | None, tuple[Span, ...]], list[int]] = defaultdict(list)
    for agreement, reach in _reaches(rows):
        own = changed.get(agreement.contract_id, Changed([], []))
        by_case = (*own.case, *everywhere.case)
        spans = by_case if reach.by_case else (*own.during, *everywhere.during)
        groups[reach.back, spans].append(agreement.pk)
    raised = 0
    for (back, spans), agreements in groups.items():
        touched = Q()
        for span in spans:
            touched |= _touched(span, reach=back)
        for keys in _chunks(agreements):
            raised += raise_wanted(Q(agreement__in=keys) & touched)
    return raised


def _touched(span: Span, *, reach: timedelta | None) -> Q:
    """Keep the heads whose facts a span belongs to; `reach` None looks back without an end."""
    touched = Q(pk__isnull=False)
    if span.start is not None:
        touched &= Q(ends_at__gt=span.start - MARGIN)
    if span.end is not None and reach is not None:
        touched &= Q(starts_at__lt=span.end + MARGIN + reach)
    return touched


def _reaches(
    agreements: Iterable[ServiceLevelAgreement],
) -> Iterator[tuple[ServiceLevelAgreement, Reach]]:
    """Yield schedules with how they read facts, a few hundred at a time."""
    rest = iter(agreements)
    while rows := list(islice(rest, CHUNK)):
        versions: dict[int, list[AgreementVersion]] = defaultdict(list)
        for version in AgreementVersion.objects.with_terms().filter(agreement__in=rows):
            versions[version.agreement_id].append(version)
        for row in rows:
            yield row, _reach(row, versions=versions.get(row.pk, []))


def _reach(agreement: ServiceLevelAgreement, *, versions: Sequence[AgreementVersion]) -> Reach:
    """Return how a schedule's statements read facts; as widely as can be where its terms cannot be read."""
    try:
        terms = [version.as_value() for version in versions]
        return Reach(reach_back(terms, rule=agreement.period), measures_cases(terms))
    except (ValueError, ArithmeticError):
        return Reach(None, True)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans without overlaps, the earliest first; too many become one that holds all."""
    found: list[Span] = []
    ordered = sorted(spans, key=lambda span: span.start or BEGINNING)
    for span in ordered:
        last = found[-1] if found else None
        if last is not None and (last.end is None or span.start is None or span.start <= last.end):
            found[-1] = last.union(span)
        else:
            found.append(span)
    if len(found) > MOST_SPANS:
        found = [Span(found[0].start, found[-1].end)]
    return found


def _mark_seen(keys: Sequence[int], *, now: datetime) -> None:
    for some in _chunks(keys):
        FactChange.objects.filter(pk__in=some, seen_at=None).update(seen_at=now)


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
