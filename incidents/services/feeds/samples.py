"""Bring measured values of a feed into the register."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.feeds.values import FeedComponent, FeedProblem, FeedSample
from incidents.models import Sample
from incidents.services.feeds.runs import Run
from incidents.services.measurements import record_samples

BATCH = 2_000


def bring_samples(samples: Sequence[FeedSample], *, run: Run) -> tuple[int, list[FeedProblem]]:
    """Save the values of parts that mean services; return how many were new, and what was refused."""
    new, problems = 0, []
    rows = list(_rows(samples, run=run))
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        try:
            with transaction.atomic():
                new += record_samples(batch, by=run.by, reason=run.reason)
        except ValidationError as error:
            place = f"values {first + 1} to {first + len(batch)}"
            problems += [FeedProblem(place=place, message=text) for text in error.messages]
    return new, problems


def _rows(samples: Sequence[FeedSample], *, run: Run) -> list[Sample]:
    rows = []
    for said in samples:
        part = FeedComponent(name=said.component)
        for name in run.unknown([part]):
            run.unmatched[name] += 1
        rows += [
            Sample(service=service, metric=said.metric, at=said.at, value=said.value, volume=said.volume)
            for service in run.services(part)
        ]
    return rows
