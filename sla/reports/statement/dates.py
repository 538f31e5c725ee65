"""What is to be done by when: the claim, what the clause wants from us, patterns over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sla.engine.results import Chronic, ClaimTerms, Due, EarnedBack
from sla.engine.trace import written_length
from sla.reports.statement.reader import Linked, Reader
from sla.reports.statement.reasons import Reason, reason_of

REMEDIES = {
    "sole": "The credit is the only remedy for the miss.",
    "without_prejudice": "The credit leaves other rights as they are.",
}


@dataclass(frozen=True, kw_only=True)
class DueView:
    """One date by one reading of the clause."""

    what: str
    due_on: date
    until: str
    incident: Linked
    reading: str
    clause: str
    required: bool
    earliest: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """How the credits are claimed."""

    automatic: bool
    deadlines: tuple[DueView, ...]
    steps: tuple[DueView, ...]
    channel: str
    must_contain: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, kw_only=True)
class PatternView:
    """How far a chronic failure has come."""

    name: str
    reached: bool
    count: str
    needed: str
    missing: str
    share: int  # percent of the way, at most 100
    opens: str
    ends: str
    notice_by: date | None
    where: str
    reason: Reason


def claim_view(claim: ClaimTerms | None, *, reader: Reader) -> ClaimView | None:
    """Return the claim's dates for showing, the earliest reading first."""
    if claim is None:
        return None
    several = len(claim.deadlines) > 1
    return ClaimView(
        automatic=claim.automatic,
        deadlines=tuple(
            _due(each, reader=reader, earliest=several and not place)
            for place, each in enumerate(claim.deadlines)
        ),
        steps=tuple(_due(each, reader=reader) for each in claim.steps),
        channel=claim.channel,
        must_contain=claim.must_contain,
        remedy=REMEDIES.get(claim.remedy, ""),
    )


def _due(due: Due, *, reader: Reader, earliest: bool = False) -> DueView:
    return DueView(
        what=due.what.replace("_", " ").replace("-", " "),
        due_on=due.due_on,
        until=reader.instant(due.due_until),
        incident=Linked(text=due.incident, url=reader.links.get(due.incident, "")),
        reading=due.reading,
        clause=due.clause,
        required=due.required,
        earliest=earliest,
    )


def pattern_view(one: Chronic, *, reader: Reader) -> PatternView:
    """Return a chronic failure's counter for showing."""
    where = ", ".join(filter(None, [reader.level(one.target) if one.target else "", reader.units(one.units)]))
    share = 100 if one.reached else min(one.count * 100 // max(one.needed, 1), 99)
    return PatternView(
        name=one.name or one.code,
        reached=one.reached,
        count=_count(one.count, unit=one.unit),
        needed=_count(one.needed, unit=one.unit),
        missing="" if one.reached else _count(one.missing, unit=one.unit),
        share=share,
        opens=one.opens,
        ends=one.ends,
        notice_by=one.notice_by.due_on if one.notice_by is not None else None,
        where=where,
        reason=reason_of(one.step, reader=reader),
    )


def _count(number: int, *, unit: str) -> str:
    return written_length(number) if unit == "us" else str(number) + (" points" if unit == "points" else "")


def earned_sentence(one: EarnedBack, *, reader: Reader) -> str:
    """Return what goes back to the vendor, as a sentence."""
    how = {
        "returned": "goes back to the vendor",
        "offset": "is held against later credits",
        "offset_used": "is set off against this period's credit",
    }
    return f"{one.amount} of the credit of {one.period} for {reader.level(one.target)} {how[one.form]}."
