"""What terms would pay before anything happened: the ground of pay-out tables, from the register alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from sla.engine.codec import to_plain
from sla.engine.facts import Facts
from sla.engine.periods import period_on, zone_table
from sla.engine.terms import Cap, ChronicRule, ClaimRule, ClaimStep, ExclusionRule, Target, Terms
from sla.inputs.facts import calendars_named
from sla.inputs.register import calendar_value, charges_of, unit_of
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.reports.payouts import Ground, Payout, payouts
from sla.reports.sentences import (
    cap_sentence,
    chronic_sentence,
    claim_sentence,
    exclusion_sentence,
    sentence_of,
    step_sentence,
)
from sla.services.parts import PARTS, Part
from sla.services.parts.controls import shown
from sla.services.parts.words import label_for
from sla.services.templates import schedule_from_template
from vendors.models import BusinessCalendar, Contract, midnight

SENTENCES: dict[type, Callable[[Any], str]] = {
    ExclusionRule: exclusion_sentence,
    ClaimRule: claim_sentence,
    ClaimStep: step_sentence,
    ChronicRule: chronic_sentence,
}
# Zone tables of a whole year on either side: windows reach back, and deadlines beyond.
MARGIN_YEARS = 2


@dataclass(frozen=True, kw_only=True)
class LevelPreview:
    """A service level as people read it: its sentence, and what it would pay."""

    code: str
    name: str
    sentence: str
    clause: str
    payouts: tuple[Payout, ...]
    cannot: str = ""  # why there is no pay-out table


def preview_levels(agreement: ServiceLevelAgreement, *, terms: Terms, on: date) -> list[LevelPreview]:
    """Return sentence and pay-out table of each level, by the fees and services of a local date."""
    ground = _ground(agreement, terms=terms, on=on)
    names = {unit.code: unit.name for unit in ground.facts.units}
    return [_preview(target, ground=ground, names=names) for target in terms.targets]


@dataclass(frozen=True, kw_only=True)
class LevelSentence:
    """A service level's sentence, without examples."""

    code: str
    sentence: str


def level_sentences(
    agreement: ServiceLevelAgreement, *, versions: Sequence[AgreementVersion], names: Mapping[str, str]
) -> list[LevelSentence]:
    """Return the sentence of each level of the newest of some versions; ``names`` are services' names."""
    if not versions:
        return []
    terms: Terms = versions[-1].as_value()
    kind, currency = agreement.period.kind, agreement.currency
    return [
        LevelSentence(
            code=each.code,
            sentence=_kept(sentence_of(each, currency=currency, period=kind, names=names)),
        )
        for each in terms.targets
    ]


def preview_level(
    agreement: ServiceLevelAgreement, *, terms: Terms, target: Target, on: date
) -> LevelPreview:
    """Return sentence and pay-out table of one level that may not be saved yet."""
    ground = _ground(agreement, terms=terms, on=on)
    names = {unit.code: unit.name for unit in ground.facts.units}
    return _preview(target, ground=ground, names=names)


def _preview(target: Target, *, ground: Ground, names: Mapping[str, str]) -> LevelPreview:
    schedule = ground.schedule
    cannot, rows = "", []
    try:
        rows = payouts(target, ground=ground)
    except ValueError as error:
        cannot = str(error)
    return LevelPreview(
        code=target.code,
        name=target.name,
        sentence=_kept(
            sentence_of(target, currency=schedule.currency, period=schedule.period.kind, names=names)
        ),
        clause=target.clause,
        payouts=tuple(rows),
        cannot=cannot or ("" if rows else "No example can be made up for this measure."),
    )


def _kept(sentence: str) -> str:
    """Keep a figure and its percent sign on one line."""
    return sentence.replace(" %", "\u00a0%")


def _ground(agreement: ServiceLevelAgreement, *, terms: Terms, on: date) -> Ground:
    contract, schedule = agreement.contract, agreement.as_value()
    day = _within_term(contract, on=max(on, terms.effective_from))
    years = (day.year - MARGIN_YEARS, day.year + MARGIN_YEARS)
    zone = zone_table(schedule.zone, first_year=years[0], last_year=years[1])
    rows = BusinessCalendar.objects.prefetch_related("weekly_hours", "days")
    calendars = calendars_named([terms], known={row.code: calendar_value(row) for row in rows})
    others = sorted({calendar.zone for calendar in calendars} - {zone.name})
    begins = midnight(contract.effective_from, zone=contract.zone)
    ends = midnight(contract.effective_until, zone=contract.zone) if contract.effective_until else None
    facts = Facts(
        zone=zone,
        units=tuple(unit_of(row, begins=begins, ends=ends) for row in contract.services.order_by("pk")),
        charges=charges_of(contract),
        calendars=calendars,
        calendar_zones=tuple(zone_table(each, first_year=years[0], last_year=years[1]) for each in others),
    )
    return Ground(
        schedule=schedule, terms=terms, facts=facts, period=period_on(day, rule=schedule.period, zone=zone)
    )


def _within_term(contract: Contract, *, on: date) -> date:
    """Return a day on which the contract's fees hold: examples of an ended one are of its last year."""
    if contract.effective_until is None or on < contract.effective_until:
        return on
    last = contract.effective_until
    return max(contract.effective_from, date(last.year - 1, last.month, 1))


def preview_part(version: AgreementVersion, *, part: Part, value: object, on: date) -> LevelPreview | None:
    """Return a part as it would read, and for a service level what it would pay; None for nothing to say."""
    agreement, currency = version.agreement, version.agreement.currency
    if isinstance(value, Target):
        return preview_level(agreement, terms=version.as_value(), target=value, on=on)
    said = part_sentence(value, currency=currency)
    if not said:
        return None
    return LevelPreview(code="", name=part.label, sentence=said, clause="", payouts=())


def part_sentence(value: object, *, currency: str) -> str:
    """Return a clause that is no service level as a sentence, empty where it has none."""
    if isinstance(value, Cap):
        return cap_sentence(value, currency=currency)
    for cls, sentence in SENTENCES.items():
        if isinstance(value, cls):
            return sentence(value)
    return ""


def version_sentences(version: AgreementVersion) -> list[dict[str, str]]:
    """Return the clauses of a version that are no service levels: kind, place, sentence, clause number."""
    terms: Terms = version.as_value()
    currency = version.agreement.currency
    found: list[dict[str, str]] = []
    for part in PARTS.values():
        if part.name == "targets":
            continue
        held = getattr(terms, part.name)
        rows = held if part.many else [held] if held is not None else []
        for at, value in enumerate(rows):
            said = part_sentence(value, currency=currency) or plain_sentence(value)
            steps = " ".join(step_sentence(step) for step in getattr(value, "steps", ()))
            clause = getattr(value, "clause", "")
            about = {"part": part.name, "at": str(at), "label": part.label, "clause": clause}
            found.append({**about, "sentence": f"{said} {steps}".strip()})
    return found


def plain_sentence(value: object) -> str:
    """Return a clause without a sentence of its own as its filled-in fields."""
    plain = to_plain(value)
    return "; ".join(
        f"{label_for(name).lower()}: {shown(said)}" for name, said in plain.items() if name != "clause"
    )


def addable(version: AgreementVersion) -> list[Part]:
    """Return the kinds of clause that can be added to a version."""
    terms: Terms = version.as_value()
    return [
        part
        for part in PARTS.values()
        if part.name != "targets" and (part.many or getattr(terms, part.name) is None)
    ]


@transaction.atomic
def preview_template(
    code: str, *, blanks: Mapping[str, str], by: User, at: datetime
) -> tuple[list[LevelPreview], str]:
    """Return what a template would make of its blanks, and its currency; nothing is kept.

    Raises ValidationError by the name of the blank, as making it would.
    """
    agreement = schedule_from_template(code, blanks=blanks, by=by, at=at, reason="Preview")
    version = agreement.versions.with_terms().order_by("effective_from").last()
    terms: Terms = version.as_value()
    found = preview_levels(agreement, terms=terms, on=at.date())
    transaction.set_rollback(True)
    return found, agreement.currency
