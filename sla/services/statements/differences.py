"""What today's records change in a finalised statement: old, new and difference, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sla.engine.claims.moves import FINAL, ClaimState
from sla.engine.money import Money
from sla.models import Claim, DraftLine, LineFigures, Statement, StatementLine, StatementRevision
from sla.services.claims.opening import TAKES_MORE

Line = DraftLine | StatementLine


@dataclass(frozen=True, kw_only=True)
class LineDifference:
    """One line before and now; money in minor units, time in microseconds; None where it is not there."""

    number: int
    key: str
    name: str
    services: str
    window: str
    old_verdict: str | None
    new_verdict: str | None
    old_counted_us: int
    new_counted_us: int
    old_value: str
    new_value: str
    old_minor: int
    new_minor: int
    old_quantity: Fraction | None
    new_quantity: Fraction | None

    @property
    def delta_minor(self) -> int:
        """Return new less old money."""
        return self.new_minor - self.old_minor

    @property
    def delta_us(self) -> int:
        """Return new less old counted downtime."""
        return self.new_counted_us - self.old_counted_us

    @property
    def changed(self) -> bool:
        """Return whether anything differs that a reader is told."""
        return bool(self.delta_minor or self.delta_us) or (
            (self.old_verdict, self.old_value, self.old_quantity)
            != (self.new_verdict, self.new_value, self.new_quantity)
        )


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a new revision will do to one claim, or that it opens one."""

    claim: Claim | None
    line_number: int
    amount: Money
    text: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A finalised statement against today's records."""

    revision: StatementRevision
    old_state: str
    new_state: str
    old: Money
    new: Money
    delta: Money
    lines: tuple[LineDifference, ...]
    effects: tuple[Effect, ...]

    @property
    def changed_lines(self) -> tuple[LineDifference, ...]:
        """Return the lines in which anything differs."""
        return tuple(line for line in self.lines if line.changed)


def differences(statement: Statement) -> Difference | None:
    """Return the newest revision against the draft, None where it still holds or nothing is finalised.

    The draft is taken as it is; refresh it first where it may be stale.
    """
    revisions = StatementRevision.objects.select_related("statement__agreement__contract")
    newest = revisions.filter(statement=statement.pk).order_by("number").last()
    if newest is None or statement.compared_digest in ("", newest.result_digest):
        return None
    return _difference(newest, head=statement, now=list(statement.draft_lines.order_by("number")))


def between(old: StatementRevision, new: StatementRevision) -> Difference:
    """Return what a revision changed of an earlier one; what it did to claims stands in its credits."""
    found = _difference(old, head=new, now=list(new.lines.order_by("number")))
    return Difference(**{**vars(found), "effects": ()})


def _difference(
    old: StatementRevision, *, head: Statement | StatementRevision, now: Sequence[Line]
) -> Difference:
    currency = old.currency
    lines = tuple(_lines(list(old.lines.order_by("number")), now=now))
    return Difference(
        revision=old,
        old_state=old.state,
        new_state=head.state,
        old=Money(old.due_minor, currency),
        new=Money(head.due_minor, currency),
        delta=Money(head.due_minor - old.due_minor, currency),
        lines=lines,
        effects=tuple(_effects(old, lines=lines)),
    )


def _lines(before: Sequence[Line], *, now: Sequence[Line]) -> Iterator[LineDifference]:
    was = {line.number: line for line in before}
    here = {line.number: line for line in now}
    for number in sorted(was.keys() | here.keys()):
        yield _line(number, old=was.get(number), new=here.get(number))


def _line(number: int, *, old: Line | None, new: Line | None) -> LineDifference:
    named = new or old
    assert named is not None
    old, new = _standing(old), _standing(new)
    return LineDifference(
        number=number,
        key=named.key,
        name=named.name or named.target,
        services=named.services,
        window=named.window,
        old_verdict=old.verdict if old else None,
        new_verdict=new.verdict if new else None,
        old_counted_us=old.counted_us if old else 0,
        new_counted_us=new.counted_us if new else 0,
        old_value=old.value_printed if old else "",
        new_value=new.value_printed if new else "",
        old_minor=old.due_minor if old else 0,
        new_minor=new.due_minor if new else 0,
        old_quantity=old.quantity if old else None,
        new_quantity=new.quantity if new else None,
    )


def _standing(line: Line | None) -> Line | None:
    return None if line is None or line.status == LineFigures.Status.REMOVED else line


def _effects(old: StatementRevision, *, lines: Sequence[LineDifference]) -> Iterator[Effect]:
    """Yield what each difference in money does to claims, by the rules that claims take credits by."""
    for line in lines:
        if not line.delta_minor:
            continue
        amount = Money(line.delta_minor, old.currency)
        claim = _claim(old, number=line.number, amount=amount)
        yield Effect(claim=claim, line_number=line.number, amount=amount, text=_words(claim, amount=amount))


def _claim(old: StatementRevision, *, number: int, amount: Money) -> Claim | None:
    """Return the claim that takes the adjustment of a line, None where a new one is opened."""
    rows = Claim.objects.filter(
        parts__credit__revision__statement=old.statement_id, parts__credit__line_number=number
    )
    claims = list(rows.distinct().order_by("-pk"))
    final = next((claim for claim in claims if claim.settled_finally), None)
    return final or next((claim for claim in claims if _takes(claim, downwards=amount.minor < 0)), None)


def _takes(claim: Claim, *, downwards: bool) -> bool:
    state = ClaimState(claim.state)
    return state not in FINAL if downwards or claim.automatic else state in TAKES_MORE


def _words(claim: Claim | None, *, amount: Money) -> str:
    if claim is None:
        what = "is claimed anew" if amount.minor > 0 else "goes back to the vendor with a claim of its own"
        return f"{amount} {what}."
    state = claim.state.replace("_", " ")
    if claim.settled_finally:
        return f"{claim} was settled in full and final: {amount} changes the figure, and is not asked for."
    return f"{claim} ({state}) changes by {amount}."
