"""Bring measured values of a feed into the register."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.values import FeedComponent, FeedProblem, FeedSample
from incidents.models import Sample
from incidents.services.feeds.runs import Run
from incidents.services.measurements import record_samples

BATCH = 2_000
# The register keeps six decimals; monitors print the noise of their floats behind them.
DECIMALS = Decimal("0.000001")


def bring_samples(samples: Sequence[FeedSample], *, run: Run) -> tuple[int, list[FeedProblem]]:
    """Save the values of parts that mean services; return how many were new, and what was refused.

    A value is kept to the sixth decimal, half to even. One that is refused does not stop the others.
    """
    new, problems = 0, []
    rows = list(_rows(samples, run=run))
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        try:
            new += _saved(batch, run=run)
        except ValidationError:
            for row in batch:
                try:
                    new += _saved([row], run=run)
                except ValidationError as error:
                    problems.append(FeedProblem(place=_place(row), message="; ".join(error.messages)))
    return new, problems


def _saved(rows: list[Sample], *, run: Run) -> int:
    with transaction.atomic():
        return record_samples(rows, by=run.by, reason=run.reason)


def _place(row: Sample) -> str:
    return f"{row.service.code} {row.metric} at {row.at:%Y-%m-%d %H:%M:%S} UTC"


def _rows(samples: Sequence[FeedSample], *, run: Run) -> Iterator[Sample]:
    for said in samples:
        part = FeedComponent(name=said.component)
        run.count_unknown([part])
        for service in run.services(part):
            yield Sample(
                service=service,
                metric=said.metric[:60],
                at=said.at,
                value=_kept(said.value),
                volume=said.volume,
            )


def _kept(value: Decimal) -> Decimal:
    # One that is too long even so is left as it is, and refused in words.
    return value.quantize(DECIMALS, rounding=ROUND_HALF_EVEN) if abs(value) < Decimal(10**9) else value
