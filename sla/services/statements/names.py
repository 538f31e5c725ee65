"""Statements by the number that people write: MSA-2019-014/power/2019-06, with or without /r2."""

from __future__ import annotations

import re

from sla.models import ServiceLevelAgreement, Statement, StatementRevision
from sla.services.statements.heads import head_of

_REVISION = re.compile(r"r([1-9]\d{0,8})")
ADVICE = "Write REFERENCE/SCHEDULE/PERIOD, such as MSA-2019-014/power/2019-06, and /r2 for a revision."


def statement_named(number: str) -> Statement:
    """Return the head that a number without a revision names; raise ValueError that says what is unknown."""
    parts = number.rsplit("/", 2)
    if len(parts) != 3 or not number.isprintable():
        raise ValueError(f"{number!r} names no statement. {ADVICE}")
    reference, code, label = parts
    rows = ServiceLevelAgreement.objects.select_related("contract__vendor", "contract__entity")
    agreement = rows.filter(contract__reference=reference, code=code).first()
    if agreement is None:
        known = rows.filter(contract__reference=reference).order_by("code").values_list("code", flat=True)
        have = (
            f"Contract {reference} has: {', '.join(known)}." if known else f"No contract {reference} has any."
        )
        raise ValueError(f"{number!r} names no statement: there is no SLA schedule {code!r}. {have} {ADVICE}")
    return head_of(agreement, period_label=label)


def revisions_named(number: str) -> list[StatementRevision]:
    """Return the revision that a number names, or all of its statement; raise ValueError for none."""
    base, _, last = number.rpartition("/")
    asked = _REVISION.fullmatch(last)
    statement = _known(base if asked else number)
    rows = statement.revisions.select_related("statement__agreement__contract", "finalised_by")
    found = list(rows.order_by("number"))
    if not found:
        raise ValueError(f"{statement} is not finalised: there is nothing to verify yet.")
    if asked is None:
        return found
    named = [row for row in found if row.number == int(asked[1])]
    if not named:
        raise ValueError(f"{statement} has no revision {asked[1]}. The newest is r{found[-1].number}.")
    return named


def _known(number: str) -> Statement:
    """Return a head that is there already: looking at one makes none."""
    parts = number.rsplit("/", 2)
    if len(parts) == 3 and number.isprintable():
        rows = Statement.objects.select_related("agreement__contract")
        found = rows.filter(
            agreement__contract__reference=parts[0], agreement__code=parts[1], period=parts[2]
        ).first()
        if found is not None:
            return found
    raise ValueError(f"There is no statement {number!r}. {ADVICE}")
