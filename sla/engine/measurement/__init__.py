"""From facts to measured levels: one function per metric.

`judging` level, verdict and range · `time_based` availability, downtime, longest outage, count ·
`elapsed` and `obligations` cases · `samples` and `figures` what was read or reported.
"""

from sla.engine.measurement.elapsed import elapsed
from sla.engine.measurement.figures import reported
from sla.engine.measurement.judging import Frame
from sla.engine.measurement.obligations import obligation
from sla.engine.measurement.samples import sampled
from sla.engine.measurement.time_based import time_based
from sla.engine.results import Measured
from sla.engine.terms.counting import Metric

_METRICS = {
    Metric.AVAILABILITY: time_based,
    Metric.DOWNTIME: time_based,
    Metric.LONGEST_OUTAGE: time_based,
    Metric.COUNT: time_based,
    Metric.ELAPSED: elapsed,
    Metric.OBLIGATION: obligation,
    Metric.SAMPLED: sampled,
    Metric.REPORTED: reported,
}

__all__ = ["Frame", "measured"]


def measured(frame: Frame) -> list[Measured]:
    """Return what a service level came to in one window, one value per unit group."""
    return _METRICS[frame.target.metric](frame)
