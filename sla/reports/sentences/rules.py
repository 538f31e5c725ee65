"""The clauses around the service levels, one sentence each: exclusions, caps, claims, patterns."""

from __future__ import annotations

from datetime import timedelta

from sla.engine.terms import (
    Cap,
    CapPeriod,
    ChronicKind,
    ChronicRule,
    ClaimRule,
    ClaimStep,
    ExclusionRule,
    ExclusionSource,
    Quota,
)
from sla.reports.sentences.credit import CAP_PERIODS, cap_words
from sla.reports.sentences.wording import (
    UNITS,
    Wording,
    capital,
    length,
    level_text,
    listed,
    offset_words,
    plural,
    spaced,
)


def exclusion_sentence(rule: ExclusionRule) -> str:
    """Return what an exclusion takes out, and the tests that it must pass."""
    name = rule.name or spaced(rule.code)
    if rule.source is ExclusionSource.CONDITION:
        return capital(f"{name} does not count while {spaced(rule.condition)} is confirmed.")
    if rule.source is ExclusionSource.DECISION:
        who = f" by {rule.decided_by}" if rule.decided_by else ""
        return capital(f"{name} does not count where it is so decided{who}.")
    tests = []
    if rule.notice:
        tests.append(f"announced at least {plural(rule.notice, UNITS[rule.notice_unit])} ahead")
    if rule.within:
        tests.append(f"in the hours of calendar {rule.within}")
    tests += [_quota(quota) for quota in rule.quotas]
    if rule.max_per_event is not None:
        tests.append(f"at most {length(rule.max_per_event)} each time")
    emergency = ", emergency work too" if rule.emergency_allowed else ""
    return capital(f"{name} does not count{' if ' + listed(tests) if tests else ''}{emergency}.")


def _quota(quota: Quota) -> str:
    most = length(quota.length) if quota.length is not None else plural(quota.count or 0, "window")
    return f"at most {most} {CAP_PERIODS[CapPeriod(quota.period)]}"


def cap_sentence(cap: Cap, *, currency: str) -> str:
    """Return a limit over the whole SLA schedule or more."""
    said = cap_words(cap, wording=Wording(currency=currency, names={}))
    return f"All credits together come to at most {said}."


def claim_sentence(rule: ClaimRule) -> str:
    """Return how a credit is claimed and by when."""
    if rule.automatic:
        said = "the vendor credits it without being asked"
    elif rule.deadlines:
        limits = listed((offset_words(each) for each in rule.deadlines), word="or")
        said = f"claim it within {limits}"
        said += (
            " (the clause can be read in several ways: the earliest counts)"
            if len(rule.deadlines) > 1
            else ""
        )
    else:
        said = "claim it; no deadline is stated"
    return capital(said + (f", at {rule.channel}" if rule.channel else "") + ".")


def step_sentence(step: ClaimStep) -> str:
    """Return what the clause wants from us, and by when."""
    need = "" if step.required else " (asked for, not a condition)"
    return f"{capital(step.text.rstrip('.'))}: within {offset_words(step.due)}{need}."


def chronic_sentence(rule: ChronicRule) -> str:
    """Return the pattern and what it opens."""
    opens = f", which opens: {rule.opens.rstrip('.')}" if rule.opens else ""
    return capital(f"{_pattern(rule)}{_span(rule)}{opens}.")


def _pattern(rule: ChronicRule) -> str:
    limit = level_text(rule.level) if rule.level is not None else ""
    more = "at least" if rule.inclusive else "more than"
    longer = f" longer than {length(rule.longer_than)}" if rule.longer_than > timedelta(0) else ""
    return {
        ChronicKind.OUTAGES: f"{plural(rule.count, 'outage')}{longer}",
        ChronicKind.CUMULATIVE: f"{more} {limit} of counted downtime",
        ChronicKind.SINGLE: f"one outage of {more} {limit or length(rule.longer_than)}",
        ChronicKind.CONSECUTIVE: f"{plural(rule.count, 'period')} missed in a row",
        ChronicKind.MISSES: f"{plural(rule.count, 'missed period')}",
        ChronicKind.CAP_REACHED: f"a cap reached in {plural(rule.count, 'period')}",
        ChronicKind.POINTS: f"{more} {plural(rule.count, 'point')}",
        ChronicKind.BELOW: f"a period {'above' if rule.over else 'below'} {limit}",
    }[rule.kind]


def _span(rule: ChronicRule) -> str:
    if rule.span_days:
        return f" within {plural(rule.span_days, 'day')}"
    return f" of the last {plural(rule.of_last, 'period')}" if rule.of_last else ""
