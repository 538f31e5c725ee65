"""The small words of sentences: lengths, levels, lists, plurals, moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sla.engine.intervals import MICROSECOND
from sla.engine.periods import PeriodKind, PeriodRule
from sla.engine.terms import Anchor, Level, Offset, OffsetUnit, Op
from sla.engine.trace import written_length

OPS = {
    Op.AT_LEAST: "at least",
    Op.ABOVE: "more than",
    Op.AT_MOST: "at most",
    Op.BELOW: "less than",
}
WINDOWS = {
    PeriodKind.HOUR: "hour",
    PeriodKind.DAY: "day",
    PeriodKind.WEEK: "week",
    PeriodKind.MONTH: "month",
    PeriodKind.QUARTER: "quarter",
    PeriodKind.YEAR: "year",
}
UNITS = {
    OffsetUnit.HOURS: "hour",
    OffsetUnit.DAYS: "day",
    OffsetUnit.WORKING_DAYS: "working day",
    OffsetUnit.WEEKS: "week",
    OffsetUnit.MONTHS: "month",
    OffsetUnit.BILLING_CYCLES: "billing cycle",
    OffsetUnit.MONTH_ENDS: "month end",
}
ANCHORS = {
    Anchor.INCIDENT_START: "the incident begins",
    Anchor.INCIDENT_END: "the incident ends",
    Anchor.REPORTED: "it was reported",
    Anchor.TICKET_CLOSED: "the ticket is closed",
    Anchor.AWARE: "we became aware of it",
    Anchor.PERIOD_END: "the end of the period",
    Anchor.MONTH_END: "the end of the incident's month",
    Anchor.RESTORED_MONTH_END: "the end of the month of restoration",
    Anchor.QUARTER_END: "the end of the quarter",
    Anchor.ELIGIBLE: "the level was missed for certain",
    Anchor.SUBMITTED: "the claim was sent",
    Anchor.DECIDED: "the vendor's decision",
}


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a sentence needs beside the terms: currency, statement period, services' names."""

    currency: str
    period: PeriodKind = PeriodKind.MONTH
    names: Mapping[str, str]

    def service(self, code: str) -> str:
        """Return a service's name, else its code."""
        return self.names.get(code) or code

    def window(self, rule: PeriodRule | None) -> str:
        """Return the stretch that a level is judged over, such as ``month``."""
        if rule is None:
            return WINDOWS[self.period]
        if rule.kind is PeriodKind.ROLLING_DAYS:
            return f"{rule.length} days up to the period's end"
        if rule.kind is PeriodKind.ROLLING_MONTHS:
            return f"{rule.length} months up to the period's end"
        return WINDOWS[rule.kind]


def number(value: Decimal | int) -> str:
    """Return a number without trailing zeros, thousands grouped."""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def length(value: timedelta) -> str:
    """Return a length of time such as ``4 h`` or ``7 days``."""
    days, rest = divmod(value, timedelta(days=1))
    if days > 1 and not rest:
        return plural(days, "day")
    return written_length(value // MICROSECOND)


def level_text(level: Level, *, unit: str = "") -> str:
    """Return a level: a length of time, else the number with its unit."""
    if isinstance(level, timedelta):
        return length(level)
    return f"{number(level)} {unit}".rstrip()


def plural(count: Decimal | int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{number(count)} {noun if count == 1 else noun + 's'}"


def listed(items: Iterable[str], *, word: str = "and") -> str:
    """Return ``a, b and c``."""
    found = list(items)
    if len(found) < 2:
        return "".join(found)
    return f"{', '.join(found[:-1])} {word} {found[-1]}"


def spaced(code: str) -> str:
    """Return a code for reading: ``root_cause-report`` becomes ``root cause report``."""
    return code.replace("_", " ").replace("-", " ")


def capital(text: str) -> str:
    """Return a text with a capital first letter, except where it begins with a code such as ``lb-1``."""
    first = text.split(" ", 1)[0]
    return text if any(sign.isdigit() or sign == "-" for sign in first) else text[:1].upper() + text[1:]


def offset_words(offset: Offset) -> str:
    """Return a time limit such as ``30 days after the end of the period``."""
    on = f" on calendar {offset.calendar}" if offset.calendar else ""
    return f"{plural(offset.n, UNITS[offset.unit])} after {ANCHORS[offset.anchor]}{on}"
