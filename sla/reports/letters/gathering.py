"""A claim as a letter: what it asks for, and everything that the clause wants to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from incidents.models import Incident
from sla.engine.claims.moves import ClaimState
from sla.engine.facts import Inputs
from sla.engine.money import Money
from sla.engine.periods import zone_info
from sla.engine.results import Result
from sla.engine.terms import ClaimRule, Pays, Remedy
from sla.models import (
    AgreementVersion,
    Claim,
    ClaimToDo,
    ServiceCredit,
    ServiceLevelAgreement,
    StatementLine,
    StatementRevision,
)
from sla.reports.editions import frozen_inputs, frozen_result
from sla.reports.editions.parties import answer_due, claim_rule, parties_of
from sla.reports.figures import shown_credit
from sla.reports.letters.demands import answered, subject_words, what_is_given
from sla.reports.letters.happenings import counted_incidents, named_service, recorded_outages
from sla.reports.letters.letter import Letter, LetterIncident, LetterLine
from sla.reports.moments import local_moments
from sla.reports.sentences.wording import offset_words

CLAIM_LETTER, PROTECTIVE_LETTER = "claim-letter/1", "protective-letter/1"
REMEDIES = {
    Remedy.SOLE: "Under the contract the credit is the only remedy for the miss.",
    Remedy.WITHOUT_PREJUDICE: "This request leaves our other rights under the contract as they are.",
    Remedy.NOT_STATED: "This request is without prejudice to our other rights under the contract.",
}


@dataclass(frozen=True, kw_only=True)
class _Held:
    """What a claim holds of one credit."""

    credit: ServiceCredit
    minor: int
    quantity: Fraction


@dataclass(frozen=True)
class _Found:
    """What the letter is made from."""

    rule: ClaimRule | None = None
    agreement: ServiceLevelAgreement | None = None
    lines: list[LetterLine] = field(default_factory=list)
    incidents: list[LetterIncident] = field(default_factory=list)
    identifiers: list[str] = field(default_factory=list)


def letter_of(claim: Claim, *, now: datetime) -> Letter:
    """Return the letter that a claim would send at `now` (UTC): with its amounts, or to keep a date."""
    held = held_of(claim)
    found = _of_credits(held) if held else _of_protective(claim)
    zone = _zone(claim, agreement=found.agreement)
    schedule = found.agreement.name or found.agreement.code if found.agreement is not None else ""
    parties = parties_of(claim.contract, schedule=schedule or claim.contract.name)
    account = str(claim.account) if claim.account is not None else parties.account
    totals = totals_of(held, currency=claim.currency)
    wanted = tuple(found.rule.must_contain) if found.rule is not None else ()
    subject = _subject(claim, words=subject_words(wanted))
    demands, missing = answered(
        wanted,
        subject=subject,
        given=what_is_given(
            lines=found.lines,
            incidents=found.incidents,
            identifiers=found.identifiers,
            account=account,
            contract=claim.contract.reference,
            totals=totals,
        ),
    )
    deadline, warnings = _deadline(claim, held=held, now=now)
    return Letter(
        template=CLAIM_LETTER if held else PROTECTIVE_LETTER,
        subject=subject,
        on=now.astimezone(zone_info(zone)).date(),
        zone=zone,
        parties=parties,
        account=account or f"of contract {claim.contract.reference}",
        recipient=parties.desk or (found.rule.channel if found.rule is not None else ""),
        claim=claim.reference,
        vendor_reference=claim.vendor_reference,
        is_protective=not held,
        lines=tuple(found.lines),
        totals=totals,
        incidents=tuple(found.incidents),
        demands=demands,
        missing=missing,
        deadline=deadline,
        remedy=REMEDIES[found.rule.remedy if found.rule is not None else Remedy.NOT_STATED],
        reply=_reply(found.rule, claim=claim),
        warnings=warnings,
    )


def held_of(claim: Claim) -> list[_Held]:
    """Return what a claim holds of each credit, where it still holds anything."""
    minor: dict[int, int] = defaultdict(int)
    quantity: dict[int, Fraction] = defaultdict(Fraction)
    credits: dict[int, ServiceCredit] = {}
    parts = claim.parts.select_related("credit__revision__statement__agreement__contract").order_by("pk")
    for part in parts:
        credits[part.credit_id] = part.credit
        minor[part.credit_id] += part.amount_minor
        quantity[part.credit_id] += part.quantity or 0
    return [
        _Held(credit=credit, minor=minor[pk], quantity=quantity[pk])
        for pk, credit in credits.items()
        if minor[pk] or quantity[pk] or credit.waives
    ]


def totals_of(held: Sequence[_Held], *, currency: str) -> tuple[str, ...]:
    """Return what is asked for in all, once for each unit, money first."""
    money = sum(each.minor for each in held)
    others: dict[str, Fraction] = defaultdict(Fraction)
    for each in held:
        if each.quantity:
            others[each.credit.pays] += each.quantity
    shown = [str(Money(money, currency))] if money or (held and not others) else []
    shown += [
        shown_credit(amount, pays=Pays(unit), currency=currency) for unit, amount in sorted(others.items())
    ]
    return tuple(shown)


def _of_credits(held: Sequence[_Held]) -> _Found:
    found = _Found(rule=None, agreement=held[0].credit.revision.statement.agreement)
    by_revision: dict[int, list[_Held]] = defaultdict(list)
    for each in held:
        by_revision[each.credit.revision_id].append(each)
    for group in by_revision.values():
        revision = group[0].credit.revision
        inputs, result = frozen_inputs(revision), frozen_result(revision)
        found = replace(found, rule=claim_rule(inputs) or found.rule)
        _add(found, revision=revision, group=group, inputs=inputs, result=result)
    return found


def _add(
    found: _Found, *, revision: StatementRevision, group: Sequence[_Held], inputs: Inputs, result: Result
) -> None:
    rows = {line.number: line for line in revision.lines.all()}
    units = {unit.code: unit for unit in inputs.facts.units}
    services = {
        code: named_service(unit.name or code, unit.vendor_identifier) for code, unit in units.items()
    }
    claimed = [rows[each.credit.line_number] for each in group if each.credit.line_number in rows]
    found.lines.extend(
        _line(each, row=rows.get(each.credit.line_number or 0), services=services) for each in group
    )
    told = counted_incidents(
        result.measured, lines=claimed, services=services, instant=local_moments(inputs.schedule.zone)
    )
    found.incidents.extend(each for each in told if each not in found.incidents)
    codes = [code for line in claimed for code in line.units]
    named = [units[code].vendor_identifier for code in dict.fromkeys(codes) if code in units]
    found.identifiers.extend(each for each in named if each and each not in found.identifiers)


def _line(held: _Held, *, row: StatementLine | None, services: Mapping[str, str]) -> LetterLine:
    credit = held.credit
    units = [services.get(code) or code for code in row.units] if row is not None else []
    return LetterLine(
        statement=credit.revision.full_number,
        line=str(row.number) if row is not None else "",
        name=(row.name or row.target) if row is not None else credit.description,
        services=", ".join(units),
        window=f"{credit.service_first_on} to {credit.service_last_on}",
        target=row.level_printed if row is not None else "",
        achieved=row.value_printed if row is not None else "",
        clause=row.clause if row is not None else "",
        amount=_amount(held),
    )


def _amount(held: _Held) -> str:
    credit = held.credit
    if held.quantity:
        return shown_credit(held.quantity, pays=Pays(credit.pays), currency=credit.currency)
    if credit.waives and not held.minor:
        return f"the fee {credit.waives} not charged"
    return str(Money(held.minor, credit.currency))


def _of_protective(claim: Claim) -> _Found:
    agreement = claim.statement.agreement if claim.statement is not None else _only_schedule(claim)
    instant = local_moments(_zone(claim, agreement=agreement))
    told = recorded_outages(_incidents(claim), contract=claim.contract, instant=instant)
    identifiers = claim.contract.services.exclude(vendor_identifier="").values_list(
        "vendor_identifier", flat=True
    )
    concerned = [name for name in identifiers if any(f"({name})" in each.services for each in told)]
    return _Found(
        _current_rule(agreement, claim=claim), agreement, [], list(told), concerned or list(identifiers)
    )


def _incidents(claim: Claim) -> list[Incident]:
    """Return the incident of a protective claim, else those within its statement's period."""
    if claim.incident is not None:
        return [claim.incident]
    if claim.statement is None:
        return []
    here = Incident.objects.filter(
        outages__service__contract=claim.contract,
        outages__started_at__lt=claim.statement.ends_at,
        outages__started_at__gte=claim.statement.starts_at,
    )
    return list(here.distinct())


def _only_schedule(claim: Claim) -> ServiceLevelAgreement | None:
    found = list(ServiceLevelAgreement.objects.filter(contract=claim.contract).order_by("code")[:2])
    return found[0] if len(found) == 1 else None


def _current_rule(agreement: ServiceLevelAgreement | None, *, claim: Claim) -> ClaimRule | None:
    versions = AgreementVersion.objects.with_terms().filter(agreement=agreement) if agreement else None
    if versions is None:
        return None
    on = claim.statement.last_on if claim.statement is not None else claim.opened_at.date()
    held = versions.filter(effective_from__lte=on).order_by("effective_from").last()
    return held.as_value().claim if held is not None else None


def _zone(claim: Claim, *, agreement: ServiceLevelAgreement | None) -> str:
    return (agreement.zone if agreement is not None else "") or claim.contract.zone


def _subject(claim: Claim, *, words: str) -> str:
    about = f"claim {claim.reference}, contract {claim.contract.reference}"
    said = words or "Service credit"
    theirs = f" [{claim.vendor_reference}]" if claim.vendor_reference else ""
    return " ".join(f"{said}: {about}{theirs}".split())


def _deadline(claim: Claim, *, held: Sequence[_Held], now: datetime) -> tuple[str, tuple[str, ...]]:
    """Return which date the letter meets, and what to warn of."""
    statements = {each.credit.revision.statement_id for each in held}
    if not statements and claim.statement_id is not None:
        statements = {claim.statement_id}
    dues = ClaimToDo.objects.filter(
        statement__in=statements,
        party=ClaimToDo.Party.OURS,
        what="claim",
        dropped_at=None,
    ).order_by("due_until")
    if claim.incident is not None:
        dues = dues.filter(incident__in=("", claim.incident.reference))
    rows = list(dues)
    if not rows or claim.automatic or claim.state not in (ClaimState.PROTECTIVE, ClaimState.ENTITLED):
        return "", ()
    kept = [due for due in rows if due.due_until > now]
    if not kept:
        return "", (f"Every reading of the deadline has passed; the last was {rows[-1].due_on}.",)
    passed = len(rows) - len(kept)
    warnings = (f"{passed} of {len(rows)} dates have passed already.",) if passed else ()
    return _met(kept[0]), warnings


def _met(due: ClaimToDo) -> str:
    reading = f", read as {due.reading}" if due.reading else ""
    clause = f" ({due.clause}{reading})" if due.clause else f" ({due.reading})" if due.reading else ""
    return f"This request is in time: the contract allows it until the end of {due.due_on}{clause}."


def _reply(rule: ClaimRule | None, *, claim: Claim) -> str:
    due = answer_due(claim)
    if due is not None:
        return f"answer by {due}"
    if rule is None or rule.decide_within is None:
        return "answer in writing"
    return f"answer within {offset_words(rule.decide_within)}"
