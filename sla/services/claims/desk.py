"""The claims desk: one list of what to do next, for whom, by when and about how much money.

Import it as a module: it also reads receipts, which in turn follow claims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from django.contrib.auth.models import User
from django.db.models import F, QuerySet, Sum

from sla.engine.claims.moves import FINAL, UNSENT, ClaimState
from sla.engine.money import exponent
from sla.models import Claim, RegisterEntry
from sla.services import receipts
from sla.services.claims.desk_gathering import Claimable, Gathered, gather, to_claim_of
from sla.services.claims.desk_rows import ISSUE, DeskRow, claim_rows, statement_row, step_row
from vendors.models import Vendor, midnight

BUCKETS = ((0, 30), (31, 60), (61, 90), (91, None))


@dataclass(frozen=True, kw_only=True)
class Ageing:
    """Claimed and not received in one currency, in minor units by days since the vendor had the claim.

    The buckets are 0-30, 31-60, 61-90 and more than 90 days. Beside them stand what comes without asking
    and is not late, what was not sent yet, and what came too much: with these it is the register's figure.
    """

    currency: str
    buckets: tuple[int, int, int, int]
    expected: int = 0
    unsent: int = 0
    over_credited: int = 0

    @property
    def in_register(self) -> int:
        """Return what the register holds as owed in this currency, in minor units."""
        return self.total + self.expected + self.unsent - self.over_credited

    @property
    def total(self) -> int:
        """Return all that is claimed and not received in this currency, in minor units."""
        return sum(self.buckets)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a person has to look at, and what was lost or is late.

    `rows` are ranked; `never_claimed` are statements and unsent claims with money whose latest reading has
    passed; `lapsed` are claims that a person closed for that; `unmatched` are credits without a claim;
    `to_claim` is by currency what was not claimed yet; `never_claimed` is the part of it that is too late.
    """

    rows: tuple[DeskRow, ...]
    never_claimed: tuple[DeskRow, ...]
    lapsed: tuple[Claim, ...]
    ageing: tuple[Ageing, ...]
    unmatched: tuple[receipts.Unmatched, ...]
    to_claim: tuple[Claimable, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Work:
    """What waits of some vendors: ranked, with what was lost, and by currency what was not claimed yet."""

    rows: tuple[DeskRow, ...]
    to_claim: tuple[Claimable, ...]


def claims_desk(user: User, *, now: datetime) -> Desk:
    """Return what waits of what a person may see, in a constant number of queries; `now` is UTC.

    The rank: first what a vendor owes us and is overdue, the longest first. Then everything with a date, by
    the days that are left to its earliest reading that has not passed, within a day the larger amount
    first. Then what has no date, the larger amount first. Amounts of different currencies are ranked by
    their plain figures: they are never added.
    """
    found = gather(user)
    rows = _rows(found, now=now)
    lapsed = Claim.objects.all().visible_to(user).filter(state=ClaimState.LAPSED.value)
    return Desk(
        rows=tuple(row for row in rows if not row.is_lost),
        never_claimed=tuple(row for row in rows if row.is_lost),
        lapsed=tuple(lapsed.select_related("contract__vendor").order_by("-opened_at", "-pk")),
        ageing=_ageing(found, over=_over_credited(user), now=now),
        unmatched=receipts.unmatched(user),
        to_claim=to_claim_of(found, now=now).money,
    )


def waiting_work(user: User, *, vendors: QuerySet[Vendor], now: datetime) -> Work:
    """Return what waits of some vendors, of what a person may see; `now` is UTC."""
    found = gather(user, vendors=vendors)
    return Work(rows=tuple(_rows(found, now=now)), to_claim=to_claim_of(found, now=now).money)


def _rows(found: Gathered, *, now: datetime) -> list[DeskRow]:
    """Return what is to do, ranked."""
    rows = [
        row
        for claim in found.claims
        for row in claim_rows(claim, stands=found.stands[claim.pk], deadlines=found.deadlines, now=now)
    ]
    rows += [statement_row(row, deadlines=found.deadlines, now=now) for row in found.statements]
    rows += [step_row(row, now=now) for row in found.steps if row.due_until > now]
    return sorted(rows, key=rank)


def rank(row: DeskRow) -> tuple[int, date, Fraction, str]:
    """Return where a row stands on the desk; see `claims_desk`."""
    money = row.money
    figure = Fraction(0) if money is None else Fraction(-money.minor, 10 ** exponent(money.currency))
    group = 0 if row.is_vendors and row.is_overdue else 1 if row.due_on is not None else 2
    return group, row.due_on or date.max, figure, str(row.claim or row.statement or "")


def _ageing(found: Gathered, *, over: Mapping[str, int], now: datetime) -> tuple[Ageing, ...]:
    sums: dict[str, dict[str | int, int]] = defaultdict(lambda: defaultdict(int))
    for code, minor in over.items():
        sums[code]["over"] += minor
    for claim in found.claims:
        owed = found.stands[claim.pk].open_
        if owed > 0:
            sums[claim.currency][_line_of(claim, now=now)] += owed
        elif owed < 0:
            sums[claim.currency]["over"] -= owed
    return tuple(
        Ageing(
            currency=code,
            buckets=(row[0], row[1], row[2], row[3]),
            expected=row["expected"],
            unsent=row["unsent"],
            over_credited=row["over"],
        )
        for code, row in sorted(sums.items())
    )


def _line_of(claim: Claim, *, now: datetime) -> str | int:
    """Return the bucket that what is owed of a claim ages in, or the line that it stands on instead."""
    if claim.state in UNSENT:
        return "unsent"
    since = expected_at(claim) if claim.automatic else _had_at(claim)
    if since is None or (claim.automatic and since > now):
        return "expected"
    return bucket_of((now - since).days)


def expected_at(claim: Claim) -> datetime | None:
    """Return when a credit that comes without asking was due: by its clause, else with its invoice.

    The claim's dated steps come prefetched, its contract selected.
    """
    dues = [row.due_until for row in claim.todos.all() if row.what == ISSUE and row.dropped_at is None]
    if dues:
        return min(dues)
    try:
        month = date.fromisoformat(f"{claim.expected_invoice}-01")
    except ValueError:
        return None
    following = (month + timedelta(days=31)).replace(day=1)
    return midnight(following, zone=claim.contract.zone)


def _had_at(claim: Claim) -> datetime:
    """Return when the vendor had a claim, or should have had it: received, else sent, else answered."""
    sent = [move.sent_at for move in claim.moves.all() if move.sent_at is not None]
    return claim.submitted_at or max(sent, default=None) or claim.decided_at or claim.opened_at


def _over_credited(user: User) -> dict[str, int]:
    """Return by currency what came too much on claims that ended, in minor units."""
    ended = Claim.objects.all().visible_to(user).filter(state__in=[*FINAL])
    rows = RegisterEntry.objects.filter(claim__in=ended, unit=F("claim__currency")).order_by()
    sums = rows.values_list("claim", "unit").annotate(left=Sum("amount_minor")).filter(left__lt=0)
    found: dict[str, int] = defaultdict(int)
    for _, unit, left in sums:
        found[unit] -= left
    return found


def bucket_of(days: int) -> int:
    """Return which bucket of the ageing so many days fall into, 0 to 3."""
    return next(at for at, (_, last) in enumerate(BUCKETS) if last is None or days <= last)
