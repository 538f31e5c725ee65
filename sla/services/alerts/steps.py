"""Dated steps of ours: what a clause wants from us, by the earliest of its readings that has not passed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from sla.engine.claims.moves import UNSENT, ClaimState
from sla.models import Alert, Claim, ClaimToDo
from sla.services.alerts.found import OVERDUE, SOON, Found, Look, stage, subject_of
from sla.services.claims.balances import Standing, standings
from sla.services.claims.desk_rows import drafted_minor
from sla.services.deadlines import due_words, every_open_step, step_words

KIND = Alert.Kind.STEP
CLAIM, RECEIPT = "claim", "receipt"


@dataclass(frozen=True, kw_only=True)
class _Behind:
    """The claims that steps belong to, by key, what they come to, and the unsent ones by statement."""

    claims: Mapping[int, Claim]
    stands: Mapping[int, Standing]
    unsent: Mapping[int, int]


def steps_to_take(look: Look) -> Iterator[Found]:
    """Yield our open steps of which a date is near or has passed; the readings of one step are one."""
    rows = every_open_step(now=look.now).filter(party=ClaimToDo.Party.OURS).order_by("due_until", "pk")
    groups: dict[tuple[object, ...], list[ClaimToDo]] = defaultdict(list)
    for row in rows:
        if not _is_heard(row):
            groups[_key(row)].append(row)
    near = {key: rows for key, rows in groups.items() if rows[0].due_until < look.now + SOON}
    behind = _behind(row for rows in near.values() for row in rows)
    for key, readings in near.items():
        yield _found(readings, subject=subject_of(*key), behind=behind, look=look)


def _key(row: ClaimToDo) -> tuple[object, ...]:
    """Return what makes dates one step: a claim is sent once, for whichever incidents."""
    incident = "" if row.what == CLAIM else row.incident
    return row.statement_id, row.claim_id or "", row.what, incident


def _is_heard(row: ClaimToDo) -> bool:
    """Say whether a receipt needs no confirmation any more: the vendor has answered."""
    return row.what == RECEIPT and row.claim is not None and row.claim.state != ClaimState.SUBMITTED


def _behind(rows: Iterable[ClaimToDo]) -> _Behind:
    found = list(rows)
    statements = {row.statement_id for row in found if row.what == CLAIM and row.claim_id is None}
    unsent = _unsent(statements)
    keys = {row.claim_id for row in found if row.claim_id is not None} | set(unsent.values())
    claims = Claim.objects.filter(pk__in=keys).select_related("statement").prefetch_related("moves")
    by_key = {claim.pk: claim for claim in claims}
    return _Behind(claims=by_key, stands=standings(list(by_key.values())), unsent=unsent)


def _unsent(statements: Iterable[int]) -> dict[int, int]:
    """Return the claim that is to be sent for each statement, where one is open; the newest of several."""
    wanted = set(statements)
    about = Q(statement__in=wanted) | Q(parts__credit__revision__statement__in=wanted)
    rows = Claim.objects.filter(about, state__in=[*UNSENT]).order_by("pk")
    pairs = rows.values_list("pk", "statement", "parts__credit__revision__statement")
    return {of: pk for pk, *both in pairs for of in both if of in wanted}


def _found(readings: Sequence[ClaimToDo], *, subject: str, behind: _Behind, look: Look) -> Found:
    dates = sorted({row.due_until for row in readings})
    ahead = [row for row in readings if row.due_until > look.now]
    shown = ahead[0] if ahead else readings[-1]
    passed = [at for at in dates if at <= look.now]
    # The time to a reading runs from when it became the one to keep.
    since = max([look.since(KIND, subject=subject), *passed])
    now_at = stage(shown.due_until, since=since, now=look.now) if ahead else 0
    claim = behind.claims.get(shown.claim_id or behind.unsent.get(shown.statement_id, 0))
    minor = _minor(shown, claim=claim, behind=behind)
    statement = shown.statement
    return Found(
        kind=KIND,
        subject=subject,
        # Each reading that passes is worse than any nearness to the next.
        rank=OVERDUE * len(passed) + now_at,
        headline=_headline(shown, claim=claim),
        detail=_detail(readings, shown=shown, now=look.now),
        vendor_id=statement.agreement.contract.vendor_id,
        contract_id=statement.agreement.contract_id,
        statement_id=statement.pk,
        claim_id=None if claim is None else claim.pk,
        currency=(statement if claim is None else claim).currency if minor else "",
        amount_minor=minor or None,
        due_at=shown.due_until,
        due_words=due_words(shown),
    )


def _minor(row: ClaimToDo, *, claim: Claim | None, behind: _Behind) -> int:
    """Return what hangs on a step, in minor units: of its claim what is open, else the draft's credit."""
    if claim is None:
        return row.statement.due_minor
    return behind.stands[claim.pk].open_ or drafted_minor(claim)


def _headline(row: ClaimToDo, *, claim: Claim | None) -> str:
    what = step_words(row).rstrip(".")
    about = f" for {row.incident}" if row.incident and row.what != CLAIM else ""
    of = f"{claim}, {row.statement}" if claim is not None else f"{row.statement}"
    return f"{what[:200]}{about}: {of}"


def _detail(readings: Sequence[ClaimToDo], *, shown: ClaimToDo, now: datetime) -> str:
    others = [row for row in readings if row.due_until != shown.due_until]
    passed = [_named(row) for row in others if row.due_until <= now]
    later = [_named(row) for row in others if row.due_until > now]
    due = "By" if shown.due_until > now else "The last date was" if others else "It was due by"
    said = [
        f"{due} {_named(shown)}." if others or shown.reading else "",
        f"Passed already: {'; '.join(dict.fromkeys(passed))}." if passed else "",
        f"Later: {'; '.join(dict.fromkeys(later))}." if later else "",
        f"Clause: {shown.clause}" if shown.clause else "",
    ]
    return "\n".join(filter(None, said))


def _named(row: ClaimToDo) -> str:
    about = ", ".join(filter(None, [row.reading, row.incident if row.what == CLAIM else ""]))
    return f"{due_words(row)}{f' ({about})' if about else ''}"
