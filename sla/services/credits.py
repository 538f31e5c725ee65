"""Credits as records: what a revision adds to, or takes back from, what was recorded before.

The amounts of all records of a statement sum to the credit due of its newest revision, less what the
vendor earned back in it; the same holds line by line. Earlier records are never changed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Sum

from sla.engine.claims.earnback import OFFSET_USED
from sla.engine.codec import from_plain
from sla.engine.results import EarnedBack, Result
from sla.engine.terms import Pays
from sla.engine.terms.rules import EarnBackForm
from sla.models import LineFigures, ServiceCredit, Statement, StatementLine, StatementRevision
from sla.services.claims import spread_correction, take_credit
from sla.services.register import posting_month
from sla.services.statements.lines import line_key

Kind = ServiceCredit.Kind
Status = LineFigures.Status
NOTHING = Fraction(0)
# A balance that is only set up gives nothing back yet; what is returned or set off does.
GIVEN_BACK = (EarnBackForm.RETURNED.value, OFFSET_USED)
LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What the records of one line, in one unit, should come to."""

    line_number: int | None
    pays: Pays
    amount_minor: int
    quantity: Fraction
    description: str
    service_first_on: date
    service_last_on: date
    kind: str = Kind.CREDIT
    waives: str = ""
    line: StatementLine | None = None


# A line, or what was earned back, and the unit.
Place = tuple[int | None, str, str]


def record_credits(
    revision: StatementRevision, *, previous: StatementRevision | None, by: User, now: datetime
) -> list[ServiceCredit]:
    """Record what a new revision changes, attach it to a claim and enter it in the register.

    The first revision writes credits and what was earned back; later ones the difference to all that
    is recorded for a line so far, also for lines that fell away.
    """
    recorded = _recorded(revision.statement)
    found: list[ServiceCredit | None] = []
    for wanted in _wanted(revision):
        before = recorded.pop(_place(wanted), [])
        first = previous is None and not before
        found.append(_difference(wanted, before=before, revision=revision, first=first, now=now))
    found += [_taken_back(rest, revision=revision, now=now) for rest in recorded.values()]
    saved = [credit for credit in found if credit is not None]
    for credit in saved:
        credit.save()
        claim = take_credit(credit, by=by, now=now)
        spread_correction(credit, claim=claim, by=by, now=now)
    return saved


def wanted_total(due_minor: int, *, result: Result) -> int:
    """Return what the records of a statement come to in money: the credit due less what was earned back."""
    return due_minor - sum(one.amount.minor for one in result.earned_back if one.form in GIVEN_BACK)


def recorded_total(revision: StatementRevision) -> int:
    """Return what is recorded in money for a statement up to a revision, in minor units."""
    rows = ServiceCredit.objects.filter(
        revision__statement=revision.statement_id, revision__number__lte=revision.number
    )
    return rows.filter(pays=Pays.MONEY).aggregate(sum=Sum("amount_minor"))["sum"] or 0


def _recorded(statement: Statement) -> dict[Place, list[ServiceCredit]]:
    found: dict[Place, list[ServiceCredit]] = defaultdict(list)
    for row in ServiceCredit.objects.filter(revision__statement=statement).order_by("pk"):
        of_line = row.line_number is not None
        found[row.line_number, row.pays, "" if of_line else row.description].append(row)
    return found


def _place(wanted: _Wanted) -> Place:
    of_line = wanted.line_number is not None
    return wanted.line_number, wanted.pays.value, "" if of_line else shortened(wanted.description)


def _wanted(revision: StatementRevision) -> Iterator[_Wanted]:
    plain = json.loads(revision.result)
    waives = {
        line_key(line["target"], window=line["window"], units=line["units"]): line["waives"]
        for line in plain["credits"]["lines"]
        if line.get("waives")
    }
    for line in revision.lines.exclude(status=Status.REMOVED).order_by("number"):
        if line.pays != Pays.POINTS:
            yield _of_line(line, waives=waives.get(line.key, "") if line.pays == Pays.CHARGE else "")
    for row in plain.get("earned_back", []):
        earned: EarnedBack = from_plain(EarnedBack, row)
        if earned.form in GIVEN_BACK:
            yield _given_back(earned, statement=revision.statement)


def _of_line(line: StatementLine, *, waives: str) -> _Wanted:
    prior = line.status == Status.PRIOR_PERIOD
    services = f", {line.services}" if line.services else ""
    return _Wanted(
        line_number=line.number,
        pays=Pays(line.pays),
        amount_minor=line.due_minor,
        quantity=line.quantity or NOTHING,
        description=line.name if prior else f"{line.name or line.target}{services}, {line.window}",
        service_first_on=line.window_first_on,
        service_last_on=line.window_last_on,
        kind=Kind.ADJUSTMENT if prior else Kind.CREDIT,
        waives=waives,
        line=line,
    )


def _given_back(earned: EarnedBack, *, statement: Statement) -> _Wanted:
    """Return what the vendor earned back, below zero: no earlier credit is edited."""
    what = "Set off in" if earned.form == OFFSET_USED else "Earned back of"
    units = f", {', '.join(earned.units)}" if earned.units else ""
    return _Wanted(
        line_number=None,
        pays=Pays.MONEY,
        amount_minor=-earned.amount.minor,
        quantity=NOTHING,
        description=f"{what} {earned.period}: {earned.target}{units}",
        service_first_on=statement.first_on,
        service_last_on=statement.last_on,
        kind=Kind.EARN_BACK,
    )


def _difference(
    wanted: _Wanted,
    *,
    before: Sequence[ServiceCredit],
    revision: StatementRevision,
    first: bool,
    now: datetime,
) -> ServiceCredit | None:
    """Return the record that brings a line to what it should be, None where it is there already."""
    amount = wanted.amount_minor - sum(row.amount_minor for row in before)
    quantity = wanted.quantity - sum((row.quantity or NOTHING for row in before), NOTHING)
    if not amount and not quantity:
        return None
    own = {} if before or wanted.line is None else _waterfall(wanted.line)
    return _record(
        revision,
        line_number=wanted.line_number,
        kind=wanted.kind if first or wanted.kind != Kind.CREDIT else Kind.ADJUSTMENT,
        pays=wanted.pays.value,
        amount_minor=amount,
        quantity=quantity or None,
        waives=wanted.waives,
        description=shortened(wanted.description),
        service_first_on=wanted.service_first_on,
        service_last_on=wanted.service_last_on,
        corrects=before[0] if before else _corrected(wanted.line),
        now=now,
        **own,
    )


def _waterfall(line: StatementLine) -> dict[str, Any]:
    return {"before_caps": line.before_caps, "removed": line.removed, "agreed_minor": line.agreed_minor}


def _corrected(line: StatementLine | None) -> ServiceCredit | None:
    """Return the credit of the earlier statement that a gathered correction belongs to."""
    if line is None or line.earlier_id is None:
        return None
    rows = ServiceCredit.objects.filter(revision__statement=line.earlier_id, pays=line.pays)
    return rows.order_by("pk").first()


def _taken_back(
    rest: Sequence[ServiceCredit], *, revision: StatementRevision, now: datetime
) -> ServiceCredit | None:
    """Return the record that takes back all of a line that is no longer there."""
    amount = -sum(row.amount_minor for row in rest)
    quantity = -sum((row.quantity or NOTHING for row in rest), NOTHING)
    if not amount and not quantity:
        return None
    first = rest[0]
    return _record(
        revision,
        line_number=first.line_number,
        kind=Kind.ADJUSTMENT,
        pays=first.pays,
        amount_minor=amount,
        quantity=quantity or None,
        waives=first.waives,
        description=first.description,
        service_first_on=first.service_first_on,
        service_last_on=first.service_last_on,
        corrects=first,
        now=now,
    )


def _record(revision: StatementRevision, *, now: datetime, **values: Any) -> ServiceCredit:
    agreement = revision.statement.agreement
    return ServiceCredit(
        revision=revision,
        currency=agreement.currency,
        posting_month=posting_month(agreement.contract.entity, natural_on=_natural_on(values, now=now)),
        recorded_at=now,
        **values,
    )


def _natural_on(values: Mapping[str, Any], *, now: datetime) -> date:
    """Return the day in whose month a record stands: a new credit with its service, a correction when made.

    A correction posted back into the month of service would reverse there what was recognised only later.
    """
    if values["kind"] == Kind.CREDIT:
        on: date = values["service_last_on"]
        return on
    return now.date()


def shortened(text: str) -> str:
    """Return a description that fits, with a mark where it was cut."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
