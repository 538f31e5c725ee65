"""A last look between computing and recording: what no clause means, and what is far from the ordinary.

It knows nothing of how a figure came about, so that a mistake in the calculation or in the records does not
pass by being consistent with itself. What it finds is a question: nothing finalises itself with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Max

from sla.engine.money import Money
from sla.engine.results import Result
from sla.engine.terms.credits import Pays
from sla.models import Statement

# A credit so many times the largest of the last year is looked at before it becomes a record.
TIMES = 10
PERIODS = 12


def implausible(statement: Statement, *, result: Result) -> Iterator[str]:
    """Yield what is implausible in a result, in words that name the figures."""
    money = result.credits.money
    if money is not None and money.minor < 0:
        yield f"the credit of the period is {money}, below nothing"
    counts = Counter((line.target, line.window, line.units) for line in result.credits.lines)
    for (target, window, units), count in counts.items():
        if count > 1:
            yield f"{target} {window} ({', '.join(units)}) has {count} credits"
    for line in result.credits.lines:
        is_money = line.pays is Pays.MONEY and line.due is not None and line.base is not None
        if is_money and line.due.minor > max(line.base.minor, 0) > 0:  # type: ignore[union-attr]
            yield f"the credit of {line.target} {line.window}, {line.due}, is above its base, {line.base}"
    if money is not None and money.minor > 0:
        yield from _beside_earlier(statement, money=money)


def _beside_earlier(statement: Statement, *, money: Money) -> Iterator[str]:
    earlier = Statement.objects.filter(
        agreement=statement.agreement_id, currency=money.currency, last_on__lt=statement.first_on
    )
    keys = earlier.order_by("-last_on").values("pk")[:PERIODS]
    largest = Statement.objects.filter(pk__in=list(keys.values_list("pk", flat=True))).aggregate(
        most=Max("due_minor")
    )["most"]
    if largest and largest > 0 and money.minor > TIMES * largest:
        yield (
            f"the credit of {money} is more than {TIMES} times the largest of the last {PERIODS} periods, "
            f"{Money(largest, money.currency)}"
        )
