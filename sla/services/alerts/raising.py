"""Comparing what stands with the rows: raised, worse, better, cleared, raised again; nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Max

from sla.models import Alert, AlertNotice
from sla.services.alerts.found import Found
from sla.services.webhooks.warnings import announce_alerts

CHUNK = 500
# What a warning says, beside how bad it is; taken from what was found at each look.
FIGURES = (
    "headline",
    "detail",
    "vendor_id",
    "contract_id",
    "statement_id",
    "claim_id",
    "incident_id",
    "currency",
    "amount_minor",
    "due_at",
    "due_words",
)
WRITTEN = (
    *(name.removesuffix("_id") for name in FIGURES),
    "rank",
    "ranked_at",
    "ranked_minor",
    "occurrence",
    "raised_at",
    "cleared_at",
    "acknowledged_rank",
    "escalated_at",
)


@dataclass(frozen=True, kw_only=True)
class Raised:
    """How many warnings a look raised, made worse, changed otherwise, and cleared."""

    new: int = 0
    worse: int = 0
    changed: int = 0
    cleared: int = 0

    def __str__(self) -> str:
        counts = ((self.new, "new"), (self.worse, "worse than before"), (self.cleared, "over"))
        return ", ".join(f"{count} {word}" for count, word in counts if count)


def would_change(found: Sequence[Found], *, standing: Sequence[Alert]) -> bool:
    """Say whether what was found differs from the warnings that stand."""
    by_key = {_key(row): row for row in standing}
    if len(found) != len(by_key):
        return True
    return any(_differs(each, row=by_key.get(_key(each))) for each in found)


def _key(of: Alert | Found) -> tuple[str, str]:
    return str(of.kind), of.subject


def _differs(each: Found, *, row: Alert | None) -> bool:
    return row is None or row.rank != each.rank or _figures(row) != _figures(each)


def _figures(of: Alert | Found) -> list[object]:
    return [getattr(of, name) for name in FIGURES]


def raise_found(found: Sequence[Found], *, standing: Sequence[Alert], now: datetime) -> Raised:
    """Bring the rows in line with what was found; `standing` are all that stand of the same kinds and scope.

    Call it in a transaction that holds the rules and the rows, so that one look follows the other.
    """
    by_key = {_key(row): row for row in standing}
    fresh = [each for each in found if _key(each) not in by_key]
    known = [(by_key[_key(each)], each) for each in found if _key(each) in by_key]
    worse = [(row, each) for row, each in known if each.rank > row.rank]
    better = [(row, each) for row, each in known if each.rank <= row.rank and _differs(each, row=row)]
    news = [*((each, 0) for each in fresh), *((each, row.rank) for row, each in worse)]
    told = _worst_told([row for row, _ in worse])
    for row, each in worse:
        _worsen(row, each=each, told=told.get(row.pk, 0), now=now)
    for row, each in better:
        _ease(row, each=each)
    again, new = _made(fresh, now=now)
    here = set(map(_key, found))
    gone = [row for row in standing if _key(row) not in here]
    for some in _chunks([row.pk for row in gone]):
        Alert.objects.filter(pk__in=some).update(cleared_at=now)
    changed = [row for row, _ in (*worse, *better)]
    Alert.objects.bulk_update([*changed, *again], WRITTEN, batch_size=CHUNK)
    # Another look may have made one of them a moment ago: that one stays, the next look compares again.
    Alert.objects.bulk_create(new, batch_size=CHUNK, ignore_conflicts=True)
    announce_alerts(news, now=now)
    return Raised(new=len(fresh), worse=len(worse), changed=len(better), cleared=len(gone))


def _worst_told(rows: Sequence[Alert]) -> Mapping[int, int]:
    """Return the worst rank that anybody was told of each warning since it was raised."""
    found: dict[int, int] = {}
    for some in _chunks([row.pk for row in rows]):
        notices = AlertNotice.objects.filter(alert__in=some, occurrence=F("alert__occurrence"))
        found |= dict(
            notices.order_by().values("alert").annotate(worst=Max("rank")).values_list("alert", "worst")
        )
    return found


def _worsen(row: Alert, *, each: Found, told: int, now: datetime) -> None:
    if row.is_acknowledged:
        # Somebody had taken it on: the deputies wait again.
        row.escalated_at = None
    if told >= each.rank:
        # It was as bad as this before and became better: this is a new one of the same kind.
        row.occurrence += 1
    _rank(row, each=each, now=now)
    _copy(row, each=each)


def _ease(row: Alert, *, each: Found) -> None:
    row.rank = each.rank
    row.acknowledged_rank = min(row.acknowledged_rank, each.rank)
    _copy(row, each=each)


def _rank(row: Alert, *, each: Found, now: datetime) -> None:
    row.rank, row.ranked_at, row.ranked_minor = each.rank, now, each.amount_minor


def _copy(row: Alert, *, each: Found) -> None:
    for name in FIGURES:
        setattr(row, name, getattr(each, name))


def _made(fresh: Sequence[Found], *, now: datetime) -> tuple[list[Alert], list[Alert]]:
    """Return the warnings of new reasons: rows that had cleared, opened again, and rows to be made."""
    old = {_key(row): row for row in _cleared(fresh)}
    again, new = [], []
    for each in fresh:
        row = old.get(_key(each))
        if row is None:
            row = Alert(kind=each.kind, subject=each.subject)
            new.append(row)
        else:
            row.occurrence += 1
            row.acknowledged_rank, row.escalated_at, row.cleared_at = 0, None, None
            again.append(row)
        row.raised_at = now
        _rank(row, each=each, now=now)
        _copy(row, each=each)
    return again, new


def _cleared(fresh: Iterable[Found]) -> Iterator[Alert]:
    subjects: dict[str, list[str]] = {}
    for each in fresh:
        subjects.setdefault(each.kind.value, []).append(each.subject)
    for kind, names in subjects.items():
        for some in _chunks(names):
            rows = Alert.objects.filter(kind=kind, subject__in=some, cleared_at__isnull=False)
            yield from rows.select_for_update(no_key=True)


def _chunks(keys: Sequence[object]) -> Iterator[Sequence[object]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
