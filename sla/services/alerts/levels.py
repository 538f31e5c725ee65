"""Service levels that are about to be missed in the period that runs, and those that are."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from sla.engine.trace import spoken_length
from sla.models import Alert, Outlook
from sla.reports.figures import shown_room
from sla.services.alerts.found import Found, Look, subject_of
from vendors.models import money_text

KIND = Alert.Kind.LEVEL
NEARLY_PERCENT = 90
AT_RISK, NEARLY, LOST = 1, 2, 3
# Names of services that a headline still takes.
SHORT = 80


def at_risk(look: Look) -> Iterator[Found]:
    """Yield the levels of running periods of which much is used up, or that are missed."""
    rows = Outlook.objects.filter(
        statement__ends_at__gt=look.now, statement__agreement__contract__vendor__archived_at=None
    )
    if look.agreements is not None:
        rows = rows.filter(statement__agreement__in=look.agreements)
    for row in rows.select_related("statement__agreement__contract").order_by("pk"):
        subject = subject_of(row.statement_id, row.key)
        rank = _rank(row, look=look, subject=subject)
        if rank:
            yield _found(row, rank=rank, subject=subject)


def used_percent(row: Outlook) -> Fraction | None:
    """Return how much of the downtime that a level bears is used up; None where that is no matter of time."""
    if row.missed or row.room_us is None:
        return None
    # The last microsecond before the edge still belongs to the room.
    return Fraction(100 * row.used_us, row.used_us + row.room_us + 1)


def _rank(row: Outlook, *, look: Look, subject: str) -> int:
    """Return how bad it is; once it is lost, worse each time the credit is at least twice what it was."""
    if row.irreversible:
        earlier = look.earlier(KIND, subject=subject)
        if earlier is None or earlier.rank < LOST:
            return LOST
        before = earlier.ranked_minor or 0
        return earlier.rank + (row.due_minor > 0 and row.due_minor >= 2 * before)
    if row.missed:
        return NEARLY
    used, limit = used_percent(row), look.policy.at_risk_percent
    if used is None or used < limit:
        return 0
    return NEARLY if used >= max(limit, NEARLY_PERCENT) else AT_RISK


def _found(row: Outlook, *, rank: int, subject: str) -> Found:
    statement = row.statement
    contract = statement.agreement.contract
    amount = row.due_minor if row.missed else row.next_minor
    return Found(
        kind=KIND,
        subject=subject,
        rank=rank,
        headline=_headline(row),
        detail=_detail(row),
        vendor_id=contract.vendor_id,
        contract_id=contract.pk,
        statement_id=statement.pk,
        currency=row.currency if amount else "",
        amount_minor=amount or None,
        due_at=statement.ends_at,
        due_words=f"the end of {statement.period}",
    )


def _headline(row: Outlook) -> str:
    of = f" of {row.services}" if len(row.services) <= SHORT else ""
    what = f"{row.name}{of}, {row.statement}"
    if row.irreversible:
        return f"Missed, irreversible: {what}"
    if row.missed:
        return f"Missed by what is recorded so far: {what}"
    used = used_percent(row) or Fraction(0)
    return f"{used.__floor__()} % of the downtime it bears is used up: {what}"


def _detail(row: Outlook) -> str:
    window = f", in {row.window}" if row.window != row.statement.period else ""
    about = f"{row.services}{window}: the level is {row.level_printed}."
    return "\n".join(filter(None, [about, _next(row), _range(row)]))


def _next(row: Outlook) -> str:
    """Return in words what is still borne, and the money before and after."""
    now = f"Credit so far {money_text(row.due_minor, currency=row.currency)}." if row.missed else ""
    if row.room_us is None:
        return now
    paid = money_text(row.next_minor, currency=row.currency) if row.next_minor else ""
    if row.missed:
        then = f"then it is {paid} before caps" if paid else "then it grows"
        return f"{now} {shown_room(row.room_us)} more downtime, {then}."
    then = f"a credit of {paid} before caps" if paid else "no credit in money"
    used = spoken_length(row.used_us)
    return f"{used} is counted so far. After {shown_room(row.room_us)} more it is missed, and {then} follows."


def _range(row: Outlook) -> str:
    ends = [
        f"at {word} {printed}"
        for word, printed in (("best", row.best_printed), ("worst", row.worst_printed))
        if printed
    ]
    return f"At the end of the period it is {' and '.join(ends)}." if ends else ""
