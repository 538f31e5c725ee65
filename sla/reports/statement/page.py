"""The whole statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sla.engine.facts import Verdict
from sla.engine.periods import zone_info
from sla.engine.results import Measured, NextTier, Result
from sla.reports.moments import local_moments
from sla.reports.statement.dates import ClaimView, PatternView, claim_view, earned_sentence, pattern_view
from sla.reports.statement.levels import LevelView, level_view
from sla.reports.statement.money import MoneyView, money_view
from sla.reports.statement.reader import Reader


@dataclass(frozen=True, kw_only=True)
class StatementPage:
    """A service level statement, ready to be shown."""

    number: str
    period: str
    first_on: date
    last_on: date
    zone: str
    known_until: str
    engine_version: str
    headline: str
    tone: str
    levels: tuple[LevelView, ...]
    money: MoneyView
    claim: ClaimView | None
    patterns: tuple[PatternView, ...]
    earned_back: tuple[str, ...]
    provisional: tuple[str, ...]


def statement_page(
    result: Result,
    *,
    levels: Mapping[str, str],
    services: Mapping[str, str],
    links: Mapping[str, str],
) -> StatementPage:
    """Return a result for showing, moments in its own zone.

    ``levels`` and ``services`` are names by code, ``links`` addresses of incidents by reference.
    """
    instant = local_moments(result.zone)
    reader = Reader(
        currency=result.currency,
        zone=zone_info(result.zone),
        instant=instant,
        levels=levels,
        services=services,
        links=links,
    )
    tiers = {(tier.target, tier.window, tier.units): tier for tier in result.next_tiers}
    headline, tone = _headline(result)
    return StatementPage(
        number=f"{result.contract}/{result.schedule}/{result.period.label}",
        period=result.period.label,
        first_on=result.period.first_on,
        last_on=result.period.last_on,
        zone=result.zone,
        known_until=instant(result.known_until),
        engine_version=result.engine_version,
        headline=headline,
        tone=tone,
        levels=tuple(
            level_view(one, number=number, reader=reader, tier=_tier(one, tiers=tiers))
            for number, one in enumerate(result.measured, start=1)
        ),
        money=money_view(result, reader=reader),
        claim=claim_view(result.claim, reader=reader),
        patterns=tuple(pattern_view(one, reader=reader) for one in result.chronic),
        earned_back=tuple(earned_sentence(one, reader=reader) for one in result.earned_back),
        provisional=result.provisional,
    )


def _tier(one: Measured, *, tiers: Mapping[tuple[str, str, tuple[str, ...]], NextTier]) -> NextTier | None:
    return tiers.get((one.target, one.window.label, one.units))


def _headline(result: Result) -> tuple[str, str]:
    """Return the verdicts in a few words, and their colour."""
    verdicts = [one.verdict for one in result.measured]
    missed = verdicts.count(Verdict.MISSED)
    if missed:
        return f"{missed} of {len(verdicts)} service levels missed", "bad"
    if not verdicts:
        return "Nothing to judge", "neutral"
    open_ones = sum(each is not Verdict.MET for each in verdicts)
    if open_ones:
        return f"Nothing missed, {open_ones} of {len(verdicts)} not yet certain", "warn"
    return "All service levels met", "good"
