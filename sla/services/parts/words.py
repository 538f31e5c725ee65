"""Labels and help of every field of the terms: help comes from the reference of the document format."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from pathlib import Path

from sla.engine.terms import (
    Base,
    Cap,
    ClaimStep,
    Combine,
    ConditionalLevel,
    Counting,
    ExclusionRule,
    Fixed,
    IncrementOn,
    Increments,
    Metric,
    Obligation,
    Offset,
    Pays,
    Per,
    Points,
    Retroactive,
    Rounding,
    Scheme,
    Tier,
    TierOn,
)
from sla.models.columns import label_of

REFERENCE = Path(__file__).resolve().parents[2] / "FORMAT.md"
_TABLE = re.compile(r'<a id="(\w+)"></a>')
_ROW = re.compile(r"^\| `(\w+)` \| .*? \| .*? \| (.*) \|$")
_ASIDE = re.compile(r"\s*\((?:[AFGHNS]\d+(?:, )?)+\)")

LABELS = {
    "op": "Must be",
    "metric": "What is measured",
    "combine": "Several services together",
    "level": "Level",
    "expected": "Expected level",
    "levels_when": "Other levels under a condition",
    "calendar": "Agreed hours",
    "window": "Measured over another time than the period",
    "basis": "The figure rests on",
    "measured_by": "Whose clock counts, first choice first",
    "counting": "How time is counted",
    "exclusions": "Exclusions that hold",
    "conditions": "Must be confirmed for a credit",
    "credit": "What a miss pays",
    "is_critical": "Critical",
    "text": "In the contract's words",
    "scheme": "How it pays",
    "pays": "Pays in",
    "on": "What selects or is counted",
    "per": "For each",
    "pick": "Where two rows both hold",
    "gap": "A value between two rows pays",
    "row_decimals": "Decimals before a row is chosen",
    "tiers": "Rows of the table, best level first",
    "base": "What a percentage is taken of",
    "select": "Fees",
    "charges": "Listed fees",
    "kinds": "Kinds",
    "waives": "Fee that is not charged",
    "repeat": "Repeated misses",
    "deductible": "Free before credits begin",
    "caps": "Limits",
    "minimum": "Smallest credit",
    "only_if_missed": "Only where the level is missed",
    "alternatives": "Only the best of these pays",
    "within": "Within",
    "n": "How many",
    "what": "What is owed",
    "since": "From",
    "until": "To",
    "start": "The clock starts when",
    "end": "The clock ends when",
    "min_run": "Shorter outages do not count",
    "min_run_inclusive": "An outage of exactly that length counts",
    "run_counts": "Of a longer outage counts",
    "granularity": "Counted in intervals",
    "denominator": "Downtime is a share of",
    "denominator_length": "The fixed time",
    "attribution": "An outage over a period's edge",
    "clock_stops": "Waiting on us stops the clock",
    "fault_required": "Only where the vendor is responsible",
    "by_affected": "By the affected share",
    "planned_counts": "Announced work counts unless excluded",
    "no_data": "Time without data is taken as",
    "deadlines": "Latest by: every reading",
    "steps": "What the clause wants from us",
    "decide_within": "The vendor decides within",
    "issue_within": "The credit comes within",
    "due": "Latest by",
    "source": "Found from",
    "quotas": "At most per period",
    "max_per_event": "At most per event",
    "automatic": "Credited without being asked",
    "code": "Code",
    "waived_if_late": "Lost when late",
}


OWN_LABELS: dict[tuple[type, str], str] = {
    (Tier, "credit"): "Pays",
    (Increments, "credit"): "Each pays",
    (Retroactive, "credit"): "Then each pays",
    (Fixed, "credit"): "How much",
    (Points, "tiers"): "Points by level, best level first",
    (ConditionalLevel, "condition"): "While this is confirmed",
    (Cap, "period"): "Used up over",
    (Cap, "pays"): "Unit of the limit",
    (Cap, "is_count"): "Counts credits",
    (Cap, "scope"): "Laid over",
    (Base, "period"): "Fees of which period",
    (Base, "kinds"): "Kinds of fee",
    (Counting, "kinds"): "Kinds of outage that count in full",
    (Obligation, "unit"): "Counted in",
    (Obligation, "anchor"): "After",
    (Offset, "unit"): "Counted in",
    (Offset, "anchor"): "After",
    (Offset, "calendar"): "Working days of",
    (Obligation, "n"): "Time allowed",
    (ExclusionRule, "within"): "Allowed hours",
    (ExclusionRule, "notice"): "Announced ahead by",
    (ExclusionRule, "notice_unit"): "Counted in",
    (Increments, "size"): "For each",
    (Increments, "rounding"): "A broken step",
    (Increments, "after"): "Beyond",
    (ClaimStep, "text"): "What we must do",
    (ClaimStep, "required"): "Without it no credit",
}
OWN_HELP: dict[tuple[str, str], str] = {
    ("PeriodRule", "kind"): "Rolling times end with the period's last day.",
    ("Cap", "overflow"): "Lost, or carried to a later period.",
    ("Target", "window"): "Where the clause measures over another time than the period.",
    ("Base", "period"): "Of the missed period, the one before, after, or that of the restoration.",
    ("Target", "metric"): "What the clause promises; the fields below follow it.",
    ("CreditRule", "scheme"): "The shape of the clause; the fields below follow it.",
    ("Target", "services"): "None ticked: every service of the contract.",
    ("Base", "charges"): "With 'The listed fees' only.",
    ("CreditRule", "waives"): "Where the clause drops a fee instead of paying.",
}
CHOICES: tuple[tuple[StrEnum, str], ...] = (
    (Metric.AVAILABILITY, "Availability, percent of the agreed time"),
    (Metric.DOWNTIME, "Downtime of the period, as a length of time"),
    (Metric.LONGEST_OUTAGE, "The longest single outage"),
    (Metric.COUNT, "How many outages"),
    (Metric.ELAPSED, "Time between two moments of an incident (response, repair)"),
    (Metric.SAMPLED, "Readings of a series (latency, packet loss, temperature)"),
    (Metric.REPORTED, "A figure that is reported for the period"),
    (Metric.OBLIGATION, "Something owed by a date (a report)"),
    (Combine.EACH, "each on its own"),
    (Combine.ANY, "down while any one is down"),
    (Combine.ALL, "down only while all are down (A and B feed)"),
    (Combine.POOLED, "pooled by weight (users, capacity)"),
    (Combine.WORST, "the worst one stands for all"),
    (Scheme.TIERED, "A table of levels, each with a credit"),
    (Scheme.INCREMENTS, "So much for each step of time, points or cases"),
    (Scheme.PRORATED, "The fee of the lost time, times a factor"),
    (Scheme.FIXED, "A stated figure for each miss, event or day"),
    (Scheme.POINTS, "Points, paid by a points table"),
    (Scheme.POOLED, "A share of a pool at risk"),
    (TierOn.VALUE, "the achieved value"),
    (TierOn.COUNTED, "the counted downtime"),
    (TierOn.LATENESS, "the time past the level"),
    (IncrementOn.COUNTED, "of counted downtime"),
    (IncrementOn.SHORTFALL, "below the level"),
    (IncrementOn.LATENESS, "past the level"),
    (IncrementOn.CASES, "of cases"),
    (Per.WINDOW, "period, all together"),
    (Per.EVENT, "outage or case"),
    (Per.DAY, "day with an outage"),
    (Per.WEEK, "week with an outage"),
    (Per.UNIT, "service"),
    (Pays.PERCENT, "percent of the fees below"),
    (Pays.MONEY, "money of the contract's currency"),
    (Pays.DAYS, "days of fee"),
    (Pays.HOURS, "hours of fee"),
    (Pays.SERVICE_DAYS, "days added to the term"),
    (Pays.SERVICE_HOURS, "free hours of service"),
    (Rounding.FLOOR, "is left out"),
    (Rounding.CEIL, "counts in full"),
    (Rounding.PRORATA, "counts in part"),
)


def label_for(name: str, *, of: type | None = None) -> str:
    """Return a field's label."""
    plain = name.replace("_", " ")
    own = OWN_LABELS.get((of, name)) if of is not None else None
    return own or LABELS.get(name, plain[:1].upper() + plain[1:])


def choice_label(member: StrEnum) -> str:
    """Return the label of one member of a closed list."""
    # Members of several lists are equal as text, so the list is compared too.
    said = next((words for known, words in CHOICES if known is member), "")
    return said or label_of(member)


def help_for(cls: type, name: str) -> str:
    """Return what the format's reference says of a key, without the numbers of its sources."""
    key = (cls.__name__, name)
    said = OWN_HELP[key] if key in OWN_HELP else _reference().get(key, "")
    return _ASIDE.sub("", said).replace("`", "")


@cache
def _reference() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    table = ""
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if anchor := _TABLE.match(line):
            table = anchor[1]
        elif row := _ROW.match(line):
            found[(table, row[1])] = row[2].strip()
    return found
