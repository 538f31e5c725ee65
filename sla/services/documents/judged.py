"""What only clauses ask for: terms, decisions, conditions, reported figures, watches, history."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from incidents.models import Incident, ReportedBy, ReportedFigure, SourceWatch
from sla.documents import AgreementEntry
from sla.documents.happenings import ConditionEntry, ExclusionEntry, FigureEntry, HistoryEntry, WatchEntry
from sla.documents.inputs import outcome_of
from sla.documents.spans import table_of, years_of
from sla.engine.periods import DAY, PeriodRule, period_named
from sla.engine.terms import Reported, Terms
from sla.models import (
    AgreementVersion,
    BroughtForward,
    Condition,
    Exclusion,
    ExclusionRule,
    ServiceLevelAgreement,
)
from sla.services.documents.loading import Loading, placed, stated
from sla.services.terms.checks import check_terms
from sla.services.terms.rows import Writer
from vendors.models import midnight
from vendors.services import Saved
from vendors.services.approvals import needs_second

# How the periods of a schedule close here: our own habit, no term of the contract.
CLOSING = ("closes_from", "settling_days", "closes_itself")


def load_schedules(loading: Loading) -> None:
    """Load SLA schedules with their versions."""
    for i, entry in enumerate(loading.document.agreements):
        with placed(f"agreements[{i}]"):
            _schedule(loading, entry=entry)
    codes = [entry.code for entry in loading.document.agreements]
    loading.miss(loading.contract.schedules.exclude(code__in=codes), kept=set())


def load_judged(loading: Loading) -> None:
    """Load what rests on the terms: figures, decisions, conditions, watches and history."""
    document = loading.document
    for i, figure in enumerate(document.figures):
        with placed(f"figures[{i}]"):
            _figure(loading, entry=figure)
    for i, decision in enumerate(document.exclusions):
        with placed(f"exclusions[{i}]"):
            _exclusion(loading, entry=decision, place=i)
    for i, condition in enumerate(document.conditions):
        with placed(f"conditions[{i}]"):
            _condition(loading, entry=condition, place=i)
    for i, watch in enumerate(document.watches):
        with placed(f"watches[{i}]"):
            _watch(loading, entry=watch)
    for i, outcome in enumerate(document.history):
        with placed(f"history[{i}]"):
            _history(loading, entry=outcome)
    if document.rooms:
        loading.remarks.append(
            "rooms: what is left of caps over several SLA schedules follows from claims and is not kept."
        )


def _schedule(loading: Loading, *, entry: AgreementEntry) -> None:
    contract = loading.contract
    schedule = loading.document.schedule(entry.code)
    if schedule.currency != contract.currency:
        raise ValidationError(
            {
                "currency": f"It is {schedule.currency}, the contract's is {contract.currency}."
                " On file they are one: give the SLA schedule the contract's."
            }
        )
    row = contract.schedules.filter(code=entry.code).first()
    row = row or ServiceLevelAgreement(contract=contract, code=entry.code)
    row.fill(schedule)
    loading.put(row, stated(entry, names=CLOSING, fresh=row._state.adding), key=entry.code)
    for j, terms in enumerate(entry.versions):
        with placed(f".versions[{j}]"):
            _version(loading, terms=terms, agreement=row)
    kept = [terms.effective_from for terms in entry.versions]
    loading.miss(row.versions.exclude(effective_from__in=kept), kept=set())


def _version(loading: Loading, *, terms: Terms, agreement: ServiceLevelAgreement) -> None:
    row = (
        AgreementVersion.objects.with_terms()
        .filter(agreement=agreement, effective_from=terms.effective_from)
        .first()
    )
    key = f"{agreement.code} {terms.effective_from}"
    if terms.signed_off_by and needs_second("sign_off", subject=agreement, by=loading.by):
        terms = replace(terms, signed_off_by="")
        loading.remarks.append(f"The terms from {terms.effective_from} are a draft until two sign them off.")
    if row is None:
        row = AgreementVersion(agreement=agreement)
    elif _same(terms, row=row):
        loading.note(row, saved=Saved.UNCHANGED, key=key)
        return
    elif not row.is_draft:
        raise ValidationError(
            f"The terms from {terms.effective_from} were signed off by {row.signed_off_by} and differ from"
            " the document. Add a version with its own first day for an amendment, or correct the entry"
            " on file."
        )
    check_terms(terms, agreement=agreement)
    writer = Writer(by=loading.by, reason=loading.reason)
    writer.version(row, terms=terms)
    loading.note(row, saved=writer.saved, key=key)


def _same(terms: Terms, *, row: AgreementVersion) -> bool:
    on_file: Terms = row.as_value()
    if row.signed_off_by and not terms.signed_off_by:
        terms = replace(terms, signed_off_by=row.signed_off_by)
    return terms == on_file


def _figure(loading: Loading, *, entry: FigureEntry) -> None:
    contract, service = loading.contract, loading.service(entry.service)
    rule, zone = _rule_of_figure(loading, figure=entry.figure)
    years = years_of(loading.document, also=(int(entry.period[:4]),))
    period = period_named(entry.period, rule=rule, zone=table_of(zone, years=years))
    reported_by = ReportedBy.US if entry.by == ReportedBy.US else ReportedBy.VENDOR
    found = contract.reported_figures.filter(
        figure=entry.figure, period_label=entry.period, service=service, reported_by=reported_by.value
    )
    row = found.first() or ReportedFigure(
        contract=contract, figure=entry.figure, service=service, reported_by=reported_by.value
    )
    values = {
        "period_label": entry.period,
        "period_from": period.first_on,
        "period_until": period.last_on + DAY,
        "value": entry.value,
        "numerator": entry.numerator,
        "denominator": entry.denominator,
        "evidence": entry.document or ("" if entry.by in ReportedBy.values else entry.by),
    }
    loading.put(row, values, key=f"{entry.figure} {entry.period}")


def _rule_of_figure(loading: Loading, *, figure: str) -> tuple[PeriodRule, str]:
    """Return which periods a figure is reported for: the window of the level that reads it."""
    for entry in loading.document.agreements:
        zone = entry.zone or loading.document.contract.zone
        for terms in entry.versions:
            for target in terms.targets:
                if isinstance(target.params, Reported) and target.params.figure == figure:
                    return target.window or entry.period, zone
    return PeriodRule(), loading.document.contract.zone


def _exclusion(loading: Loading, *, entry: ExclusionEntry, place: int) -> None:
    """Keep a decision under the clause of every SLA schedule that has it."""
    incident = _incident(entry.incident)
    for rule in _newest_rules(loading, code=entry.rule):
        found = Exclusion.objects.filter(
            rule__version__agreement=rule.version.agreement,
            rule__code=entry.rule,
            incident=incident,
            started_at=entry.started_at,
            party=entry.party.value,
        )
        services = [loading.services[code] for code in entry.services]
        codes = sorted(entry.services)
        row = next((each for each in found if sorted(s.code for s in each.services.all()) == codes), None)
        row = row or Exclusion(rule=rule, incident=incident, started_at=entry.started_at)
        values = {
            "ended_at": entry.ended_at,
            "party": entry.party.value,
            "decided_by": entry.by,
            "why": entry.why,
            "position": place,
        }
        loading.put(row, values, key=f"{entry.rule} {entry.incident}".strip(), links={"services": services})


def _newest_rules(loading: Loading, *, code: str) -> list[ExclusionRule]:
    rules = ExclusionRule.objects.filter(version__agreement__contract=loading.contract, code=code)
    newest: dict[int, ExclusionRule] = {}
    for rule in rules.select_related("version__agreement").order_by("version__effective_from"):
        newest[rule.version.agreement_id] = rule
    return list(newest.values())


def _incident(reference: str) -> Incident | None:
    return Incident.objects.get(reference=reference) if reference else None


def _condition(loading: Loading, *, entry: ConditionEntry, place: int) -> None:
    """Keep a condition for every SLA schedule of the document, whose clauses may ask for it."""
    incident, service = _incident(entry.incident), loading.service(entry.service)
    for agreement in loading.contract.schedules.filter(
        code__in=[a.code for a in loading.document.agreements]
    ):
        found = agreement.conditions.filter(
            code=entry.code, service=service, incident=incident, started_at=entry.started_at
        )
        row = found.first() or Condition(
            agreement=agreement,
            code=entry.code,
            service=service,
            incident=incident,
            started_at=entry.started_at,
        )
        values = {
            "met": entry.met,
            "ended_at": entry.ended_at,
            "confirmed_by": entry.by,
            "evidence": entry.evidence,
            "position": place,
        }
        loading.put(row, values, key=entry.code)


def _watch(loading: Loading, *, entry: WatchEntry) -> None:
    services = [loading.services[entry.service]] if entry.service else list(loading.services.values())
    begins = midnight(loading.contract.effective_from, zone=loading.contract.zone)
    for service in services:
        row = SourceWatch.objects.filter(service=service, source=entry.source).first()
        row = row or SourceWatch(
            service=service, source=entry.source, watched_from=entry.watched_from or begins
        )
        values: dict[str, object] = {"last_heard_at": entry.last_heard_at}
        if entry.watched_from is not None:
            values["watched_from"] = entry.watched_from
        if entry.confirmed_until is not None:
            values |= _confirmation(loading, entry=entry, row=row)
        loading.put(row, values, key=f"{entry.source} {service.code}")


def _confirmation(loading: Loading, *, entry: WatchEntry, row: SourceWatch) -> dict[str, object]:
    by: User = User.objects.filter(username=entry.confirmed_by).first() or loading.by
    confirmed_at: datetime = row.confirmed_at or loading.at
    return {"confirmed_by": by, "confirmed_at": confirmed_at, "confirmed_through": entry.confirmed_until}


def _history(loading: Loading, *, entry: HistoryEntry) -> None:
    document = loading.document
    agreement = loading.contract.schedules.get(code=document.agreement(entry.agreement).code)
    zone = table_of(agreement.zone, years=years_of(document))
    outcome = outcome_of(entry, document=document, zone=zone)
    on_file = agreement.brought_forward.filter(target=outcome.target, period=outcome.period)
    units = sorted(outcome.units)
    row = next((each for each in on_file if sorted(each.units) == units), None)
    row = row or BroughtForward(agreement=agreement)
    row.fill(outcome)
    loading.put(row, {}, key=f"{entry.target} {entry.period}")
