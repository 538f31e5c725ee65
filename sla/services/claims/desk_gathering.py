"""What the claims desk is made from: open claims, credits nobody claimed, dated steps; what is to claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from sla.engine.claims.moves import OPEN, UNSENT
from sla.engine.money import Money
from sla.models import Claim, ClaimPart, ClaimToDo, Statement
from sla.services.claims.balances import Standing, standings
from sla.services.claims.desk_rows import Deadlines, drafted_minor, has_passed
from vendors.models import Reader, Vendor


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The open claims with what they come to, unclaimed statements, and dated steps."""

    claims: Sequence[Claim]
    stands: dict[int, Standing]
    statements: Sequence[Statement]
    deadlines: Deadlines
    steps: Sequence[ClaimToDo]


def gather(user: User, *, vendors: QuerySet[Vendor] | None = None) -> Gathered:
    """Return what waits of what a person may see, of some vendors only where they are given."""
    steps = ClaimToDo.objects.select_related("statement__agreement__contract")
    claims = list(
        Claim.objects.all()
        .visible_to(user)
        .filter(state__in=[*OPEN], **_only(vendors, path="contract__vendor"))
        .select_related("contract__vendor", "statement__agreement__contract", "incident")
        .prefetch_related(Prefetch("todos", queryset=steps), "answers", "moves")
        .order_by("pk")
    )
    about = _statements_of(claims)
    statements = _unclaimed(user, vendors=vendors)
    wanted = {pk for keys in about.values() for pk in keys} | {row.pk for row in statements}
    todos = list(_open_todos(user, statements=wanted, claims=claims, vendors=vendors))
    deadlines = Deadlines(about=about, rows=[row for row in todos if row.what == "claim"])
    return Gathered(
        claims=claims,
        stands=standings(claims),
        statements=statements,
        deadlines=deadlines,
        steps=[row for row in todos if row.what != "claim"],
    )


def _only(vendors: QuerySet[Vendor] | None, *, path: str) -> dict[str, QuerySet[Vendor]]:
    return {} if vendors is None else {f"{path}__in": vendors}


def _statements_of(claims: Sequence[Claim]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    rows = ClaimPart.objects.filter(claim__in=[claim.pk for claim in claims]).order_by()
    for claim, statement in rows.values_list("claim", "credit__revision__statement"):
        found[claim].add(statement)
    for row in claims:
        if row.statement_id is not None:
            found[row.pk].add(row.statement_id)
    return found


@dataclass(frozen=True, kw_only=True)
class Claimable:
    """What was not claimed yet in one currency, in how many statements, and the part past its last date."""

    money: Money
    count: int
    past: Money

    @property
    def past_words(self) -> str:
        """Return how much of it is past the last reading of its date; empty where nothing is."""
        if not self.past.minor:
            return ""
        return "all of it past its date" if self.past == self.money else f"of it {self.past} past its date"


@dataclass(frozen=True, kw_only=True)
class ToClaim:
    """What was not claimed yet by currency, and the keys of the statements behind it."""

    money: tuple[Claimable, ...]
    statements: frozenset[int]


def money_to_claim(user: Reader, *, now: datetime) -> ToClaim:
    """Return the credits that have to be asked for and were not, of what a person may see; `now` is UTC.

    These are drafts without a claim, drafts behind a protective claim, and claims that were not sent.
    """
    rows = Claim.objects.all().visible_to(user).filter(state__in=[*UNSENT])
    rows = rows.select_related("statement", "incident").prefetch_related("moves")
    claims, statements = list(rows.order_by("pk")), _unclaimed(user)
    about = _statements_of(claims)
    wanted = {pk for keys in about.values() for pk in keys} | {row.pk for row in statements}
    dates = _open_todos(user, statements=wanted, claims=claims, vendors=None).filter(what="claim")
    deadlines = Deadlines(about=about, rows=list(dates))
    return _to_claim(statements, claims=claims, stands=standings(claims), deadlines=deadlines, now=now)


def to_claim_of(found: Gathered, *, now: datetime) -> ToClaim:
    """Return what of the gathered has to be asked for and was not."""
    return _to_claim(
        found.statements, claims=found.claims, stands=found.stands, deadlines=found.deadlines, now=now
    )


def _to_claim(
    statements: Iterable[Statement],
    *,
    claims: Iterable[Claim],
    stands: Mapping[int, Standing],
    deadlines: Deadlines,
    now: datetime,
) -> ToClaim:
    sums: dict[str, int] = defaultdict(int)
    past: dict[str, int] = defaultdict(int)
    behind: dict[str, set[int]] = defaultdict(set)

    def add(minor: int, *, code: str, about: AbstractSet[int], dates: Sequence[ClaimToDo]) -> None:
        if minor > 0:
            sums[code] += minor
            past[code] += minor if has_passed(dates, now=now) else 0
            behind[code] |= about

    for row in statements:
        add(row.due_minor, code=row.currency, about={row.pk}, dates=deadlines.by_statement.get(row.pk, []))
    for claim in (claim for claim in claims if claim.state in UNSENT):
        minor = stands[claim.pk].open_ or drafted_minor(claim)
        about = deadlines.about.get(claim.pk, frozenset())
        add(minor, code=claim.currency, about=about, dates=deadlines.of_claim(claim))
    money = tuple(
        Claimable(money=Money(sums[code], code), count=len(behind[code]), past=Money(past[code], code))
        for code in sorted(sums)
    )
    return ToClaim(money=money, statements=frozenset().union(*behind.values()))


def _unclaimed(user: Reader, *, vendors: QuerySet[Vendor] | None = None) -> list[Statement]:
    """Return the statements whose draft comes to a credit that has to be asked for and has no claim."""
    own = Claim.objects.filter(statement=OuterRef("pk"))
    parts = ClaimPart.objects.filter(credit__revision__statement=OuterRef("pk"))
    return list(
        Statement.objects.all()
        .visible_to(user)
        .filter(Q(due_minor__gt=0) | ~Q(shown=""), automatic=False)
        .filter(**_only(vendors, path="agreement__contract__vendor"))
        .exclude(Exists(own) | Exists(parts))
        .select_related("agreement__contract__vendor")
        .order_by("pk")
    )


def _open_todos(
    user: Reader, *, statements: Iterable[int], claims: Sequence[Claim], vendors: QuerySet[Vendor] | None
) -> QuerySet[ClaimToDo]:
    names = {claim.incident.reference for claim in claims if claim.incident is not None}
    deadlines = Q(what="claim") & (Q(statement__in=[*statements]) | Q(incident__in=names))
    found: QuerySet[ClaimToDo] = (
        ClaimToDo.objects.all()
        .visible_to(user)
        .filter(deadlines | ~Q(what="claim"))
        .filter(party=ClaimToDo.Party.OURS, claim=None, done_at=None, dropped_at=None)
        .filter(**_only(vendors, path="statement__agreement__contract__vendor"))
        .select_related("statement__agreement__contract__vendor")
        .order_by("due_until", "pk")
    )
    return found
