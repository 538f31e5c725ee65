"""How time is counted, where the clause differs from the usual way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sla.engine.terms import (
    Counting,
    Denominator,
    EndRule,
    ExclusionArithmetic,
    Granularity,
    IntervalRule,
    NoData,
    OutageKind,
    Overlap,
    RunCounts,
    StartRule,
    Target,
)
from sla.reports.sentences.wording import length, listed, spaced

STARTS = {
    StartRule.DETECTED: "counted from its detection",
    StartRule.REPORTED: "counted from our report",
    StartRule.ACKNOWLEDGED: "counted from the vendor's ticket",
    StartRule.FIRST_KNOWN: "counted from report or detection, whichever is first",
}
INTERVALS = {
    IntervalRule.FULL: "in complete intervals of",
    IntervalRule.TOUCHED: "in started intervals of",
    IntervalRule.AT_LEAST: "in intervals of",
    IntervalRule.NEAREST: "to the nearest",
}


def counting_words(target: Target) -> list[str]:
    """Return what a reader must know beside the promise; nothing where all is as usual."""
    return [*_clock(target.counting), *_runs(target.counting), *_share(target.counting)]


def _clock(counting: Counting) -> Iterator[str]:
    if counting.start in STARTS:
        yield STARTS[counting.start]
    if counting.end is EndRule.CLOSED:
        yield "until the ticket is closed"
    if counting.end is EndRule.FIRST:
        yield "until restoration or the ticket's end, whichever is first"
    if counting.fault_required:
        yield "only where the vendor is responsible"
    if counting.apportioned:
        yield "by the vendor's share of responsibility"
    if not counting.clock_stops:
        yield "also while it waits for us"
    if counting.severities:
        yield f"severity {listed(counting.severities, word='or')} only"


def _runs(counting: Counting) -> Iterator[str]:
    extra = [kind for kind in counting.kinds if kind is not OutageKind.OUTAGE]
    if extra:
        yield f"with {listed(spaced(kind.value) for kind in extra)} counted too"
    for weight in counting.weights:
        yield f"{spaced(weight.kind.value)} at {weight.share}"
    if counting.min_run > timedelta(0):
        word = "of at least" if counting.min_run_inclusive else "longer than"
        part = " (what lies beyond it counts)" if counting.run_counts is RunCounts.EXCESS else ""
        yield f"outages {word} {length(counting.min_run)} only{part}"
    if counting.granularity is not None:
        yield _granularity(counting.granularity)
    if counting.overlap is Overlap.SUM:
        yield "overlapping incidents added up"
    if not counting.planned_counts:
        yield "announced work left out"


def _granularity(rule: Granularity) -> str:
    said = f"{INTERVALS[rule.rule]} {length(rule.size)}"
    if rule.rule is IntervalRule.AT_LEAST:
        said += f" with at least {length(rule.threshold)} of downtime"
    return said


def _share(counting: Counting) -> Iterator[str]:
    if counting.by_affected:
        yield "minutes weighted by the affected share"
    if counting.affected_at_least:
        yield f"where at least {counting.affected_at_least} is affected"
    if counting.denominator is Denominator.FIXED and counting.denominator_length is not None:
        yield f"out of a fixed {length(counting.denominator_length)}"
    if counting.denominator is Denominator.DEEMED_DAYS:
        yield "with every day taken as 24 h"
    if counting.exclusion_arithmetic is ExclusionArithmetic.REMOVED:
        yield "excluded time taken out of the whole"
    if counting.no_data is not NoData.UNKNOWN:
        words = {NoData.MET: "up", NoData.FAILED: "down", NoData.OMIT: "not there"}
        yield f"time without data taken as {words[counting.no_data]}"
    if counting.value_decimals is not None:
        yield f"rounded to {counting.value_decimals} decimals before it is judged"
