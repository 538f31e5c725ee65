"""What a draft says ahead: how much a running period still bears, and how far each pattern has come.

Rows are replaced with the draft that they belong to. A draft of which nothing is to be said ahead, which are
almost all, costs one query and no write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from operator import attrgetter
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef

from sla.engine.facts import Inputs
from sla.engine.results import Chronic, Due, Measured, NextTier, Result
from sla.engine.terms import Metric, Target
from sla.engine.terms.counting import Statistic
from sla.engine.trace import written_fraction
from sla.models import Outlook, PatternCount, Statement
from sla.reports.figures import counts_late, shown_promise, shown_value
from sla.services.statements.lines import line_key

# What was late or lost stays so; a share or a mean of cases may still become better.
LASTING = frozenset(
    {Metric.AVAILABILITY, Metric.DOWNTIME, Metric.LONGEST_OUTAGE, Metric.COUNT, Metric.OBLIGATION}
)
LASTING_STATISTICS = frozenset(
    {Statistic.EACH, Statistic.TIME_OUT_OF_BAND, Statistic.MINIMUM, Statistic.MAXIMUM}
)
LONGEST_PRINTED, LONGEST_NAME, LONGEST_WORDS = 60, 200, 500

Row = TypeVar("Row", Outlook, PatternCount)


def replace_outlooks(statement: Statement, *, inputs: Inputs | None, result: Result) -> None:
    """Write what a draft says ahead in place of what the earlier one said; call it with the head held."""
    outlooks = list(_outlooks(statement, inputs=inputs, result=result)) if inputs is not None else []
    patterns = list(_patterns(statement, inputs=inputs, result=result))
    had_outlooks, had_patterns = _had(statement)
    if outlooks or had_outlooks:
        _replace(Outlook, outlooks, statement=statement)
    if patterns or had_patterns:
        _replace(PatternCount, patterns, statement=statement)


def _had(statement: Statement) -> tuple[bool, bool]:
    """Return whether the earlier draft left outlooks, and counts of patterns."""
    of = {"statement": OuterRef("pk")}
    rows = Statement.objects.filter(pk=statement.pk).order_by()
    found: tuple[bool, bool] = rows.values_list(
        Exists(Outlook.objects.filter(**of)), Exists(PatternCount.objects.filter(**of))
    )[0]
    return found


def _replace(model: type[Row], rows: Sequence[Row], *, statement: Statement) -> None:
    kept = model._default_manager.filter(statement=statement)
    told = attrgetter(*(field.attname for field in model._meta.concrete_fields if not field.primary_key))
    before = [told(row) for row in kept.order_by("pk")]
    if before == [told(row) for row in rows]:
        return
    if before:
        kept.delete()
    model._default_manager.bulk_create(rows)


def _outlooks(statement: Statement, *, inputs: Inputs, result: Result) -> Iterator[Outlook]:
    """Yield what is left of each level that is used up in part, or missed, while the period runs."""
    if result.known_until >= result.period.during.end:
        return
    services = {unit.code: unit.name for unit in inputs.facts.units}
    due = _due_so_far(result)
    seen: set[str] = set()
    for one, tier in zip(result.measured, result.next_tiers, strict=True):
        target = next(each for each in inputs.versions[one.version].targets if each.code == one.target)
        key = line_key(one.target, window=one.window.label, units=one.units)
        values = _left(one, tier=tier, target=target, result=result)
        # A later part of a window, after an amendment, names the day on which it begins.
        own = f"{key}|{one.window.first_on}" if key in seen else key
        seen.add(key)
        if values is not None:
            yield Outlook(
                statement=statement,
                key=own[:LONGEST_WORDS],
                target=one.target,
                name=(target.name or one.target)[:LONGEST_NAME],
                window=one.window.label,
                services=_named(one.units, services=services),
                currency=result.currency,
                due_minor=due[key],
                next_minor=None if tier.credit is None else tier.credit.minor,
                **values,
            )


def _due_so_far(result: Result) -> Mapping[str, int]:
    due: dict[str, int] = defaultdict(int)
    for line in result.credits.lines:
        if line.due is not None:
            due[line_key(line.target, window=line.window, units=line.units)] += line.due.minor
    return due


def _left(one: Measured, *, tier: NextTier, target: Target, result: Result) -> dict[str, Any] | None:
    """Return what is left of a level; None where nothing is used up, or nothing more can come."""
    is_over = one.window.during.end <= result.known_until
    used, room = _used(one, tier=tier, target=target, result=result)
    if not one.misses and (is_over or not used):
        return None
    is_lasting = is_over or _lasts(target)
    return {
        "level_printed": shown_promise(one)[:LONGEST_PRINTED],
        "best_printed": _shown(one.best, one=one) if is_lasting else "",
        "worst_printed": _shown(one.worst, one=one),
        "used_us": int(used),
        "room_us": None if is_over or room is None else int(room),
        "missed": one.misses,
        "irreversible": one.misses and is_lasting,
    }


def _used(
    one: Measured, *, tier: NextTier, target: Target, result: Result
) -> tuple[Fraction, Fraction | None]:
    """Return the downtime that counts so far and what may still come, in microseconds.

    Of the longest outage only one that is still open uses anything up: the next begins anew.
    """
    room = None if tier.room_us is None else Fraction(tier.room_us)
    if target.metric is not Metric.LONGEST_OUTAGE:
        return one.counted_us if one.denominator_us or one.ledger is not None else Fraction(0), room
    running = [each.counted_us for each in one.events if each.during.end >= result.known_until]
    used = max(running, default=Fraction(0))
    return used, None if room is None else max(room - used, Fraction(0))


def _lasts(target: Target) -> bool:
    """Say whether a level that is missed by what happened so far stays missed, whatever comes."""
    return target.metric in LASTING or getattr(target.params, "statistic", None) in LASTING_STATISTICS


def _shown(value: Fraction | None, *, one: Measured) -> str:
    if value is None:
        return "" if one.value is None else "no limit"
    if counts_late(one):
        return f"{written_fraction(value)} late"
    return shown_value(value, unit=one.unit, beside=one.level)[:LONGEST_PRINTED]


def _named(units: Sequence[str], *, services: Mapping[str, str]) -> str:
    names = ", ".join(services.get(code) or code for code in units)
    return names if len(names) <= LONGEST_WORDS else f"{names[: LONGEST_WORDS - 1]}…"


def _patterns(statement: Statement, *, inputs: Inputs | None, result: Result) -> Iterator[PatternCount]:
    """Yield how far each pattern has come of which anything counts."""
    if not result.chronic or inputs is None:
        return
    services = {unit.code: unit.name for unit in inputs.facts.units}
    levels = {each.code: each.name for terms in inputs.versions for each in terms.targets}
    for each in result.chronic:
        if each.count or each.reached:
            about = (levels.get(each.target) or each.target, _named(each.units, services=services))
            yield PatternCount(
                statement=statement,
                code=each.code,
                name=each.name[:LONGEST_NAME],
                about=", ".join(filter(None, about))[:LONGEST_WORDS],
                counted=each.count,
                needed=each.needed,
                unit=each.unit,
                reached=each.reached,
                opens=each.opens[:LONGEST_NAME],
                notice_on=_notice_on(each),
            )


def _notice_on(each: Chronic) -> date | None:
    return each.notice_by.due_on if each.reached and isinstance(each.notice_by, Due) else None
