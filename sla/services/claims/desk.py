"""The claims desk: one list of what to do next, for whom, by when and about how much money.

Import it as a module: it also reads receipts, which in turn follow claims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q

from sla.engine.claims.moves import OPEN, ClaimState
from sla.engine.money import exponent
from sla.models import Claim, ClaimPart, ClaimToDo, RegisterEntry, Statement
from sla.services import receipts
from sla.services.claims.desk_rows import Deadlines, DeskRow, claim_rows, statement_row, step_row

BUCKETS = ((0, 30), (31, 60), (61, 90), (91, None))
WAITING = (
    ClaimState.SUBMITTED,
    ClaimState.ACCEPTED,
    ClaimState.PARTLY_ACCEPTED,
    ClaimState.REJECTED,
    ClaimState.CONTESTED,
)


@dataclass(frozen=True, kw_only=True)
class Ageing:
    """Claimed and not received in one currency, in minor units by days since the vendor had the claim.

    The buckets are 0-30, 31-60, 61-90 and more than 90 days.
    """

    currency: str
    buckets: tuple[int, int, int, int]

    @property
    def total(self) -> int:
        """Return all that is claimed and not received in this currency, in minor units."""
        return sum(self.buckets)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a person has to look at, and what was lost or is late.

    `rows` are ranked; `never_claimed` are statements and unsent claims with money whose latest reading has
    passed; `lapsed` are claims that a person closed for that; `unmatched` are credits without a claim.
    """

    rows: tuple[DeskRow, ...]
    never_claimed: tuple[DeskRow, ...]
    lapsed: tuple[Claim, ...]
    ageing: tuple[Ageing, ...]
    unmatched: tuple[receipts.Unmatched, ...]


@dataclass(frozen=True, kw_only=True)
class _Gathered:
    claims: Sequence[Claim]
    owed: dict[int, int]
    statements: Sequence[Statement]
    deadlines: Deadlines
    steps: Sequence[ClaimToDo]


def claims_desk(user: User, *, now: datetime) -> Desk:
    """Return what waits of what a person may see, in a constant number of queries; `now` is UTC.

    The rank: first what a vendor owes us and is overdue, the longest first. Then everything with a date, by
    the days that are left to its earliest reading that has not passed, within a day the larger amount
    first. Then what has no date, the larger amount first. Amounts of different currencies are ranked by
    their plain figures: they are never added.
    """
    found = _gather(user)
    rows = [
        row
        for claim in found.claims
        for row in claim_rows(claim, owed=found.owed.get(claim.pk, 0), deadlines=found.deadlines, now=now)
    ]
    rows += [statement_row(row, deadlines=found.deadlines, now=now) for row in found.statements]
    rows += [step_row(row, now=now) for row in found.steps if row.due_until > now]
    lapsed = Claim.objects.all().visible_to(user).filter(state=ClaimState.LAPSED.value)
    return Desk(
        rows=tuple(sorted((row for row in rows if not row.is_lost), key=rank)),
        never_claimed=tuple(sorted((row for row in rows if row.is_lost), key=rank)),
        lapsed=tuple(lapsed.select_related("contract__vendor").order_by("-opened_at", "-pk")),
        ageing=_ageing(found, now=now),
        unmatched=receipts.unmatched(user),
    )


def rank(row: DeskRow) -> tuple[int, date, Fraction, str]:
    """Return where a row stands on the desk; see `claims_desk`."""
    money = row.money
    figure = Fraction(0) if money is None else Fraction(-money.minor, 10 ** exponent(money.currency))
    group = 0 if row.is_vendors and row.is_overdue else 1 if row.due_on is not None else 2
    return group, row.due_on or date.max, figure, str(row.claim or row.statement or "")


def _gather(user: User) -> _Gathered:
    claims = list(
        Claim.objects.all()
        .visible_to(user)
        .filter(state__in=[*OPEN])
        .select_related("contract__vendor", "statement__agreement__contract", "incident")
        .prefetch_related("todos", "answers")
        .order_by("pk")
    )
    about = _statements_of(claims)
    statements = _unclaimed(user)
    wanted = {pk for keys in about.values() for pk in keys} | {row.pk for row in statements}
    todos = _open_todos(user, statements=wanted, claims=claims)
    deadlines = Deadlines(about=about, rows=[row for row in todos if row.what == "claim"])
    return _Gathered(
        claims=claims,
        owed=_owed(claims),
        statements=statements,
        deadlines=deadlines,
        steps=[row for row in todos if row.what != "claim"],
    )


def _statements_of(claims: Sequence[Claim]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = ClaimPart.objects.filter(claim__in=[claim.pk for claim in claims]).order_by()
    for claim, statement in rows.values_list("claim", "credit__revision__statement"):
        found[claim].add(statement)
    for row in claims:
        if row.statement_id is not None:
            found[row.pk].add(row.statement_id)
    return found


def _owed(claims: Sequence[Claim]) -> dict[int, int]:
    owed: dict[int, int] = defaultdict(int)
    rows = RegisterEntry.objects.filter(claim__in=[claim.pk for claim in claims]).order_by()
    for claim, amount in rows.values_list("claim", "amount_minor"):
        owed[claim] += amount
    return owed


def _unclaimed(user: User) -> list[Statement]:
    """Return the statements whose draft comes to a credit that has to be asked for and has no claim."""
    own = Claim.objects.filter(statement=OuterRef("pk"))
    parts = ClaimPart.objects.filter(credit__revision__statement=OuterRef("pk"))
    return list(
        Statement.objects.all()
        .visible_to(user)
        .filter(Q(due_minor__gt=0) | ~Q(shown=""), automatic=False)
        .exclude(Exists(own) | Exists(parts))
        .select_related("agreement__contract__vendor")
        .order_by("pk")
    )


def _open_todos(user: User, *, statements: Iterable[int], claims: Sequence[Claim]) -> list[ClaimToDo]:
    names = {claim.incident.reference for claim in claims if claim.incident is not None}
    deadlines = Q(what="claim") & (Q(statement__in=[*statements]) | Q(incident__in=names))
    return list(
        ClaimToDo.objects.all()
        .visible_to(user)
        .filter(deadlines | ~Q(what="claim"))
        .filter(party=ClaimToDo.Party.OURS, claim=None, done_at=None, dropped_at=None)
        .select_related("statement__agreement__contract__vendor")
        .order_by("due_until", "pk")
    )


def _ageing(found: _Gathered, *, now: datetime) -> tuple[Ageing, ...]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * len(BUCKETS))
    for claim in found.claims:
        owed = found.owed.get(claim.pk, 0)
        if claim.state in WAITING and owed > 0:
            sums[claim.currency][bucket_of((now - (claim.submitted_at or claim.opened_at)).days)] += owed
    return tuple(
        Ageing(currency=code, buckets=(row[0], row[1], row[2], row[3])) for code, row in sorted(sums.items())
    )


def bucket_of(days: int) -> int:
    """Return which bucket of the ageing so many days fall into, 0 to 3."""
    return next(at for at, (_, last) in enumerate(BUCKETS) if last is None or days <= last)
