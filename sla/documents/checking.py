"""Faults that no single entry shows: unknown codes, doubled codes, amounts, self-contradicting terms."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from sla.documents.document import AgreementEntry, Document
from sla.documents.fees import charges_of
from sla.documents.gaps import gaps
from sla.documents.inputs import history_dates
from sla.documents.spans import table_of, years_of
from sla.engine.codec import Problem
from sla.engine.money import to_minor
from sla.engine.periods import zone_info
from sla.engine.terms.validation import contradictions

FORMAT = 1
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def faults(document: Document) -> list[Problem]:
    """Return every fault of a document whose entries could all be read."""
    found = [*_heading(document), *_doubled(document), *_references(document), *_fees(document)]
    found += gaps(document)
    # Terms are judged with the fees in force, and history by the zone: both must be sound first.
    return found or [*_terms(document), *_history(document)]


def remarks(document: Document) -> list[Problem]:
    """Return what is allowed but should be looked at: times that run backward, readings nobody uses."""
    return [*_backward(document), *_unused(document)]


def _heading(document: Document) -> Iterator[Problem]:
    if document.format != FORMAT:
        yield Problem("format", f"{document.format} is not known. This version reads format {FORMAT}.")
    zones = {"contract.zone": document.contract.zone}
    zones |= {f"agreements[{i}].zone": entry.zone for i, entry in enumerate(document.agreements)}
    zones |= {f"calendars[{i}].zone": entry.zone for i, entry in enumerate(document.calendars)}
    for key in ("incidents", "maintenance", "samples", "deliveries", "conditions", "exclusions", "watches"):
        zones |= {f"{key}[{i}].zone": entry.zone for i, entry in enumerate(getattr(document, key))}
    for place, zone in zones.items():
        if zone or place == "contract.zone":
            yield from _zone(place, zone)
    currencies = {"contract.currency": document.contract.currency}
    currencies |= {
        f"agreements[{i}].currency": a.currency for i, a in enumerate(document.agreements) if a.currency
    }
    currencies |= {f"entities[{i}].base_currency": e.base_currency for i, e in enumerate(document.entities)}
    for place, currency in currencies.items():
        if not re.fullmatch("[A-Z]{3}", currency):
            yield Problem(place, f"{currency!r} is no currency. Write three capital letters, such as EUR.")


def _zone(place: str, zone: str) -> Iterator[Problem]:
    try:
        zone_info(zone)
    except ValueError as error:
        yield Problem(place, str(error))


def _doubled(document: Document) -> Iterator[Problem]:
    lists = {
        "services": [entry.code for entry in document.services],
        "calendars": [entry.code for entry in document.calendars],
        "agreements": [entry.code for entry in document.agreements],
        "incidents": [entry.reference for entry in document.incidents],
        "maintenance": [entry.reference for entry in document.maintenance],
        "entities": [entry.code for entry in document.entities],
    }
    for key, codes in lists.items():
        name = "reference" if key in ("incidents", "maintenance") else "code"
        yield from _twice(codes, place=key, name=name)
        if name == "code":
            yield from (
                Problem(f"{key}[{i}].code", f"{code!r} is no code. Use letters, digits, dots, hyphens.")
                for i, code in enumerate(codes)
                if not _CODE.fullmatch(code)
            )
    for i, agreement in enumerate(document.agreements):
        dates = [terms.effective_from for terms in agreement.versions]
        yield from _twice(dates, place=f"agreements[{i}].versions", name="effective_from")
        if not dates:
            yield Problem(
                f"agreements[{i}].versions", "There is no version. Give at least one with its terms."
            )
        elif dates != sorted(dates):
            yield Problem(f"agreements[{i}].versions", "The versions are not in order. Put the oldest first.")


def _twice(codes: Sequence[str | date], *, place: str, name: str) -> Iterator[Problem]:
    for i, code in enumerate(codes):
        if code in codes[:i]:
            first = codes.index(code)
            yield Problem(f"{place}[{i}].{name}", f"{str(code)!r} is already {place}[{first}]. Give another.")


def _references(document: Document) -> Iterator[Problem]:
    services = [entry.code for entry in document.services]
    for place, code in _service_codes(document):
        yield from _known(code, services, place=place, what="service")
    references = [entry.reference for entry in document.incidents]
    for key in ("conditions", "exclusions"):
        for i, entry in enumerate(getattr(document, key)):
            if entry.incident:
                yield from _known(entry.incident, references, place=f"{key}[{i}].incident", what="incident")
    rules = [rule.code for a in document.agreements for terms in a.versions for rule in terms.exclusions]
    for i, decision in enumerate(document.exclusions):
        yield from _known(decision.rule, rules, place=f"exclusions[{i}].rule", what="exclusion rule")
    agreements = [entry.code for entry in document.agreements]
    for key in ("history", "expect"):
        for i, entry in enumerate(getattr(document, key)):
            yield from _agreement(entry.agreement, agreements, place=f"{key}[{i}].agreement")
    if document.contract.entity and document.entities:
        codes = [entry.code for entry in document.entities]
        yield from _known(document.contract.entity, codes, place="contract.entity", what="entity")


def _agreement(code: str, codes: list[str], *, place: str) -> Iterator[Problem]:
    if code:
        yield from _known(code, codes, place=place, what="SLA schedule")
    elif len(codes) != 1:
        yield Problem(place, f"The document has {len(codes)} SLA schedules. Name one of: {', '.join(codes)}.")


def _known(code: str, codes: Iterable[str], *, place: str, what: str) -> Iterator[Problem]:
    known = list(dict.fromkeys(codes))
    if code not in known:
        near = difflib.get_close_matches(code, known, n=1, cutoff=0.6)
        advice = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known[:20]) or 'none'}."
        yield Problem(place, f"{code!r} is no {what} of this document. {advice}")


def _service_codes(document: Document) -> Iterator[tuple[str, str]]:
    """Yield every place that names a service, with the code there; empty ones mean all or none."""
    for i, incident in enumerate(document.incidents):
        for key in ("outages", "milestones", "clock_stops"):
            for j, entry in enumerate(getattr(incident, key)):
                if entry.service or key == "outages":
                    yield f"incidents[{i}].{key}[{j}].service", entry.service
    for key in ("charges", "samples", "figures", "conditions", "watches"):
        for i, entry in enumerate(getattr(document, key)):
            if entry.service or key == "samples":
                yield f"{key}[{i}].service", entry.service
    for key in ("maintenance", "exclusions", "history"):
        for i, entry in enumerate(getattr(document, key)):
            for j, code in enumerate(entry.services):
                yield f"{key}[{i}].services[{j}]", code


def _fees(document: Document) -> Iterator[Problem]:
    seen: dict[tuple[object, ...], int] = {}
    for i, row in enumerate(document.charges):
        try:
            to_minor(row.amount, currency=document.contract.currency)
        except ValueError as error:
            yield Problem(f"charges[{i}].amount", str(error))
        begins = row.effective_from or document.contract.effective_from
        key = (row.service, row.code, row.period_from or begins, row.invoice_number)
        if key in seen:
            yield Problem(
                f"charges[{i}]",
                f"{row.code!r} already has a price from that day in charges[{seen[key]}]. Keep one.",
            )
        seen.setdefault(key, i)


def _terms(document: Document) -> Iterator[Problem]:
    charges = charges_of(document)
    services = frozenset(entry.code for entry in document.services)
    calendars = frozenset(entry.code for entry in document.calendars)
    for i, agreement in enumerate(document.agreements):
        schedule = document.schedule(agreement.code)
        for j, terms in enumerate(agreement.versions):
            for problem in contradictions(
                terms, schedule=schedule, charges=charges, services=services, calendars=calendars
            ):
                yield problem.under(f"agreements[{i}].versions[{j}]")


def _history(document: Document) -> Iterator[Problem]:
    years = years_of(document)
    for i, entry in enumerate(document.history):
        agreement = document.agreement(entry.agreement)
        targets = [target.code for terms in agreement.versions for target in terms.targets]
        yield from _known(entry.target, targets, place=f"history[{i}].target", what="service level")
        zone = table_of(agreement.zone or document.contract.zone, years=years)
        try:
            history_dates(entry, document=document, zone=zone)
        except ValueError as error:
            yield Problem(f"history[{i}].period", str(error))


def _backward(document: Document) -> Iterator[Problem]:
    for i, incident in enumerate(document.incidents):
        for j, outage in enumerate(incident.outages):
            if outage.ended_at is None or outage.ended_at > outage.started_at:
                continue
            how = "when it starts" if outage.ended_at == outage.started_at else "before it starts"
            yield Problem(
                f"incidents[{i}].outages[{j}].ended_at",
                f"The outage ends {how} and counts no time. Check both times.",
            )


def _unused(document: Document) -> Iterator[Problem]:
    wanted = {code for agreement in document.agreements for code in _asked_for(agreement)}
    names = {"samples": "series", "figures": "figure", "deliveries": "what", "conditions": "code"}
    for key, name in names.items():
        for i, entry in enumerate(getattr(document, key)):
            code = getattr(entry, name)
            if code not in wanted:
                yield Problem(
                    f"{key}[{i}].{name}", f"No service level asks for {code!r}. Check its spelling."
                )


def _asked_for(agreement: AgreementEntry) -> Iterator[str]:
    for terms in agreement.versions:
        yield from (rule.condition for rule in terms.exclusions)
        for target in terms.targets:
            yield target.code
            yield from target.conditions
            yield from (row.condition for row in target.levels_when)
            yield from (getattr(target.params, name, "") for name in ("series", "figure", "what"))
