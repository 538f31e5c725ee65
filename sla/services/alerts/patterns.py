"""Repeated failures: one short of a pattern, or complete, with the day by which to take advice.

What a complete pattern opens is for a lawyer to say: a warning names the conditions and the day, no right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from sla.models import Alert, PatternCount, Statement
from sla.services.alerts.found import SOON, Found, Look, subject_of
from vendors.models import midnight

KIND = Alert.Kind.PATTERN
ONE_SHORT, COMPLETE, NEAR, VERY_NEAR, OVER = 1, 2, 3, 4, 5
DAY = timedelta(days=1)
# What a pattern is counted over stands in the headline up to this length.
SHORT = 80


def patterns_near(look: Look) -> Iterator[Found]:
    """Yield the patterns that are complete or lack one failure.

    The newest period of each SLA schedule that is over speaks, and the one that runs: it has not had its
    last word yet. Of earlier ones only a complete pattern whose day is still ahead.
    """
    groups: dict[tuple[object, ...], list[PatternCount]] = defaultdict(list)
    for row in _rows(look):
        if _speaks(row, now=look.now):
            groups[row.statement.agreement_id, row.code, row.about].append(row)
    for key, rows in groups.items():
        yield _found(_chosen(rows, now=look.now), subject=subject_of(*key), now=look.now)


def _rows(look: Look) -> QuerySet[PatternCount]:
    over = Statement.objects.filter(
        agreement=OuterRef("statement__agreement"), ends_at__lte=look.now, computed__gt=0
    ).order_by("-ends_at", "-pk")
    ahead = Q(reached=True, notice_on__gte=look.now.date() - DAY)
    found = PatternCount.objects.filter(statement__agreement__contract__vendor__archived_at=None)
    if look.agreements is not None:
        found = found.filter(statement__agreement__in=look.agreements)
    found = found.annotate(newest=Subquery(over.values("pk")[:1]))
    current = Q(statement=F("newest")) | Q(statement__ends_at__gt=look.now)
    rows = found.filter(current | ahead).select_related("statement__agreement__contract")
    return rows.order_by("-statement__ends_at", "pk")


def _speaks(row: PatternCount, *, now: datetime) -> bool:
    if row.statement_id == vars(row)["newest"] or row.statement.ends_at > now:
        return row.reached or row.is_one_short
    return _is_ahead(row, now=now)


def _is_ahead(row: PatternCount, *, now: datetime) -> bool:
    return row.act_by is not None and _until(row, row.act_by) > now


def _chosen(rows: Sequence[PatternCount], *, now: datetime) -> PatternCount:
    """Return the row that speaks: complete before one short, the nearest day that is ahead first."""
    complete = [row for row in rows if row.reached]
    dated = [row for row in complete if _is_ahead(row, now=now)]
    if dated:
        return min(dated, key=lambda row: (row.act_by or date.max, -row.pk))
    return (complete or list(rows))[0]


def _until(row: PatternCount, on: date) -> datetime:
    agreement = row.statement.agreement
    return midnight(on + DAY, zone=agreement.zone or agreement.contract.zone)


def _found(row: PatternCount, *, subject: str, now: datetime) -> Found:
    statement = row.statement
    contract = statement.agreement.contract
    by = row.act_by
    until = None if by is None else _until(row, by)
    return Found(
        kind=KIND,
        subject=subject,
        rank=_rank(row, until=until, now=now),
        headline=_headline(row, is_over=until is not None and until <= now),
        detail=_detail(row),
        vendor_id=contract.vendor_id,
        contract_id=contract.pk,
        statement_id=statement.pk,
        due_at=until,
        due_words="" if by is None else f"{by}",
    )


def _rank(row: PatternCount, *, until: datetime | None, now: datetime) -> int:
    if not row.reached:
        return ONE_SHORT
    if until is None or until - now >= SOON:
        return COMPLETE
    if until <= now:
        return OVER
    return VERY_NEAR if until - now <= SOON / 2 else NEAR


def _headline(row: PatternCount, *, is_over: bool) -> str:
    name = f"{row.name} ({row.about})" if 0 < len(row.about) <= SHORT else row.name
    if not row.reached:
        return f"{name}: {row.counted} of {row.needed}, one short"
    if is_over:
        return f"{name}: conditions appear met; the last day for a notice has passed, take legal advice"
    by = f" by {row.act_by}" if row.act_by is not None else ""
    return f"{name}: conditions appear met; take legal advice{by}"


def _detail(row: PatternCount) -> str:
    statement = row.statement
    schedule = statement.agreement.name or statement.agreement.code
    about = f", {row.about}" if len(row.about) > SHORT else ""
    said = [f"{schedule}{about}, counted to the end of {statement.period}."]
    if row.reached:
        said.append(_last_day(row))
    return "\n".join(filter(None, said))


def _last_day(row: PatternCount) -> str:
    if row.act_by is None:
        return "The clause names no day by which notice has to be given."
    return f"Last day for a notice by the clause: {row.act_by}."
