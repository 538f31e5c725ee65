"""The numbers of everything that runs by itself, as Prometheus reads them.

They come from the database when they are asked for: counters in the memory of a process would each know
only what that process did.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from sla.models import Alert, Duty, Heartbeat, OutboxMessage
from sla.selectors.gauges import Gauges
from sla.selectors.machinery import NONE, Beat

CONTENT_TYPE = CONTENT_TYPE_LATEST
NEVER = Beat(NONE, NONE)


def exposed(gauges: Gauges) -> bytes:
    """Return gauges in Prometheus' text format; what is not there is 0, a part that never worked infinite."""
    return generate_latest(_Collector(gauges))


class _Collector(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield each family of numbers."""
        for of in (_of_runs, _of_parts, _of_messages, _of_statements, _of_warnings):
            yield from of(self._gauges)


def _of_runs(found: Gauges) -> Iterator[Metric]:
    kinds, states = Duty.Kind.values, Duty.State.values
    yield _family(
        "runs",
        "Scheduled runs.",
        labels=("kind", "state"),
        values=((key, found.runs.get(key, 0)) for key in product(kinds, states)),
    )
    yield _family(
        "oldest_run_seconds",
        "How long the oldest run has waited that could be begun.",
        labels=("kind",),
        values=(((kind,), found.oldest_runs.get(kind, NONE).total_seconds()) for kind in kinds),
    )


def _of_parts(found: Gauges) -> Iterator[Metric]:
    beats = {part: found.beats.get(part, NEVER) for part in Heartbeat.Part.values}
    yield _family(
        "beat_age_seconds",
        "How long ago a part of the machinery last worked.",
        labels=("part",),
        values=(
            ((part,), math.inf if beat is NEVER else beat.age.total_seconds()) for part, beat in beats.items()
        ),
    )
    yield _family(
        "beat_duration_seconds",
        "How long its last turn took.",
        labels=("part",),
        values=(((part,), beat.lasted.total_seconds()) for part, beat in beats.items()),
    )


def _of_messages(found: Gauges) -> Iterator[Metric]:
    keys = product(OutboxMessage.Channel.values, OutboxMessage.State.values)
    yield _family(
        "messages",
        "Messages.",
        labels=("channel", "state"),
        values=((key, found.messages.get(key, 0)) for key in keys),
    )
    yield _one(
        "oldest_message_seconds",
        "How long the oldest message has waited that could leave.",
        value=found.oldest_message.total_seconds(),
    )


def _of_statements(found: Gauges) -> Iterator[Metric]:
    yield _one("drafts_stale", "Drafts that are older than the records.", value=found.stale_drafts)
    yield _one(
        "statements_waiting",
        "Closed periods that wait for a person to finalise them.",
        value=found.waiting_statements,
    )
    yield _one(
        "periods_overdue",
        "Periods that are not closed a day after they were due.",
        value=found.overdue_periods,
    )


def _of_warnings(found: Gauges) -> Iterator[Metric]:
    for name, told, counts in (
        ("warnings", "Warnings that stand.", found.warnings),
        ("warnings_unacknowledged", "Warnings that nobody has taken on.", found.unacknowledged),
    ):
        values = (((kind,), counts.get(kind, 0)) for kind in Alert.Kind.values)
        yield _family(name, told, labels=("kind",), values=values)


def _family(
    name: str, told: str, *, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> Metric:
    family = GaugeMetricFamily(f"recourse_{name}", told, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _one(name: str, told: str, *, value: float) -> Metric:
    return GaugeMetricFamily(f"recourse_{name}", told, value=value)
