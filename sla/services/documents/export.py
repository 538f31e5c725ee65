"""Write a contract with everything under it as a document, from the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sla.documents import AgreementEntry, Document
from sla.documents.happenings import ConditionEntry, ExclusionEntry, HistoryEntry, RunEntry, UsedEntry
from sla.documents.register import (
    AccountEntry,
    AliasEntry,
    CalendarEntry,
    ChargeEntry,
    ClosedDay,
    ContactEntry,
    ContactRole,
    ContractEntry,
    CostShareEntry,
    Criticality,
    EntityEntry,
    OpenDay,
    Relation,
    Renewal,
    ServiceEntry,
    VendorEntry,
    VendorKind,
)
from sla.engine.facts import ChargeKind, Every, MonthBy, Outcome, Party
from sla.engine.intervals import MICROSECOND, ZERO
from sla.engine.periods import PeriodRule
from sla.inputs import calendar_codes
from sla.models import AgreementVersion, Condition, Exclusion, ServiceLevelAgreement
from sla.models.columns import tidy
from sla.services.documents.export_happened import (
    deliveries_of,
    figures_of,
    incidents_of,
    maintenance_of,
    samples_of,
    watches_of,
)
from vendors.models import (
    BusinessCalendar,
    Charge,
    Contract,
    Service,
    WeeklyHours,
    clock_text,
    major_units,
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def export_document(contract: Contract) -> Document:
    """Return all that is on file under a contract; loading it again gives the same figures."""
    schedules = list(contract.schedules.select_related("contract").order_by("code"))
    agreements = tuple(_agreement(schedule) for schedule in schedules)
    codes = calendar_codes(terms for entry in agreements for terms in entry.versions)
    calendars = BusinessCalendar.objects.filter(code__in=codes).prefetch_related("weekly_hours", "days")
    return Document(
        vendor=vendor_entry(contract),
        entities=_entities(contract),
        contract=contract_entry(contract),
        calendars=tuple(_calendar(row) for row in calendars.order_by("code")),
        services=tuple(_service(row) for row in contract.services.prefetch_related("aliases").order_by("pk")),
        charges=tuple(
            _charge(row, currency=contract.currency)
            for row in contract.charges.select_related("service", "account")
            .prefetch_related("cost_shares")
            .order_by("pk")
        ),
        agreements=agreements,
        incidents=incidents_of(contract),
        maintenance=maintenance_of(contract),
        samples=samples_of(contract),
        figures=figures_of(contract),
        deliveries=deliveries_of(contract),
        conditions=_conditions(schedules),
        exclusions=_exclusions(schedules),
        watches=watches_of(contract),
        history=tuple(
            _history(row.as_value(), agreement=schedule)
            for schedule in schedules
            for row in schedule.brought_forward.all()
        ),
    )


def vendor_entry(contract: Contract) -> VendorEntry:
    """Return what is on file of a contract's vendor."""
    vendor = contract.vendor
    return VendorEntry(
        slug=vendor.slug,
        name=vendor.name,
        legal_name=vendor.legal_name,
        kind=VendorKind(vendor.kind),
        criticality=Criticality(vendor.criticality),
        status_page_url=vendor.status_page_url,
        accounting_number=vendor.accounting_number,
        owner=vendor.owner.get_username() if vendor.owner else "",
        deputies=tuple(sorted(user.get_username() for user in vendor.deputies.all())),
        tags=tuple(sorted(tag.slug for tag in vendor.tags.all())),
        accounts=tuple(
            AccountEntry(number=row.number, name=row.name) for row in vendor.accounts.order_by("number")
        ),
        contacts=tuple(
            ContactEntry(name=row.name, role=ContactRole(row.role), email=row.email, phone=row.phone)
            for row in vendor.contacts.order_by("role", "name")
        ),
    )


def _entities(contract: Contract) -> tuple[EntityEntry, ...]:
    rows = {row.code: row for row in (contract.entity, *contract.entities.all())}
    return tuple(
        EntityEntry(code=row.code, name=row.name, base_currency=row.base_currency)
        for _, row in sorted(rows.items())
    )


def contract_entry(contract: Contract) -> ContractEntry:
    """Return what a contract on file says."""
    return ContractEntry(
        reference=contract.reference,
        name=contract.name,
        currency=contract.currency,
        zone=contract.zone,
        effective_from=contract.effective_from,
        effective_until=contract.effective_until,
        entity=contract.entity.code,
        entities=tuple(sorted(row.code for row in contract.entities.all())),
        account=contract.account.number if contract.account else "",
        parent=contract.parent.reference if contract.parent else "",
        relation=Relation(contract.relation),
        precedence=contract.precedence,
        precedence_clause=contract.precedence_clause,
        signed_on=contract.signed_on,
        renewal=Renewal(contract.renewal),
        renewal_months=contract.renewal_months,
        notice_days=contract.notice_days,
        uplift_percent=None if contract.uplift_percent is None else tidy(contract.uplift_percent),
        live_from=contract.live_from,
        notes=contract.notes,
    )


def _calendar(row: BusinessCalendar) -> CalendarEntry:
    """Return a calendar; of dated sets of hours the newest, as the engine takes it."""
    days = [] if row.around_the_clock else sorted(row.days.all(), key=lambda day: day.on)
    return CalendarEntry(
        code=row.code,
        name=row.name,
        zone=row.zone,
        weekly=() if row.around_the_clock else _weekly(row),
        closed=tuple(ClosedDay(on=day.on, name=day.name) for day in days if day.opens_at is None),
        opened=tuple(
            OpenDay(on=day.on, hours=f"{clock_text(day.opens_at)}-{clock_text(day.closes_at)}", name=day.name)
            for day in days
            if day.opens_at is not None and day.closes_at is not None
        ),
    )


def _weekly(row: BusinessCalendar) -> tuple[str, ...]:
    sets: dict[str, list[WeeklyHours]] = defaultdict(list)
    for hours in row.weekly_hours.all():
        sets[str(hours.effective_from or "")].append(hours)
    newest = sorted(sets[max(sets)], key=lambda hours: (hours.weekday, hours.opens_at)) if sets else []
    return tuple(
        f"{WEEKDAYS[hours.weekday]} {clock_text(hours.opens_at)}-{clock_text(hours.closes_at)}"
        for hours in newest
    )


def _service(row: Service) -> ServiceEntry:
    return ServiceEntry(
        code=row.code,
        name=row.name,
        vendor_identifier=row.vendor_identifier,
        site=row.site,
        in_service_from=row.in_service_from,
        in_service_until=row.in_service_until,
        weight=tidy(row.weight),
        aliases=tuple(AliasEntry(name=alias.name, source=alias.source) for alias in row.aliases.all()),
    )


def _charge(row: Charge, *, currency: str) -> ChargeEntry:
    return ChargeEntry(
        code=row.code,
        amount=major_units(row.amount_minor, currency=currency),
        service=row.service.code if row.service else "",
        kind=ChargeKind(row.kind),
        every=Every(row.every),
        month_by=MonthBy(row.month_by),
        effective_from=None if row.period_from else row.effective_from,
        period_from=row.period_from,
        period_until=row.period_until,
        invoice_number=row.invoice_number,
        included_in_base=row.included_in_base,
        account=row.account.number if row.account else "",
        purchase_order=row.purchase_order,
        cost_shares=tuple(
            CostShareEntry(cost_centre=share.cost_centre, percent=tidy(share.percent))
            for share in row.cost_shares.all()
        ),
    )


def _agreement(schedule: ServiceLevelAgreement) -> AgreementEntry:
    identity = schedule.as_value()
    versions = AgreementVersion.objects.with_terms().filter(agreement=schedule).order_by("effective_from")
    return AgreementEntry(
        code=identity.code,
        name=identity.name,
        zone=identity.zone,
        period=PeriodRule(
            kind=identity.period.kind,
            anchor_day=identity.period.anchor_day,
            anchor_month=identity.period.anchor_month,
            length=identity.period.length,
        ),
        billing_day=identity.billing_day,
        closes_from=schedule.closes_from,
        settling_days=schedule.settling_days,
        closes_itself=schedule.closes_itself,
        versions=tuple(version.as_value() for version in versions),
    )


def _conditions(schedules: Iterable[ServiceLevelAgreement]) -> tuple[ConditionEntry, ...]:
    rows = Condition.objects.filter(agreement__in=list(schedules)).select_related("service", "incident")
    found = (
        ConditionEntry(
            code=row.code,
            met=row.met,
            service=row.service.code if row.service else "",
            incident=row.incident.reference if row.incident else "",
            started_at=row.started_at,
            ended_at=row.ended_at,
            by=row.confirmed_by,
            evidence=row.evidence,
        )
        for row in rows.order_by("position", "pk")
    )
    # One fact is kept for each SLA schedule; a document says it once.
    return tuple(dict.fromkeys(found))


def _exclusions(schedules: Iterable[ServiceLevelAgreement]) -> tuple[ExclusionEntry, ...]:
    rows = Exclusion.objects.filter(rule__version__agreement__in=list(schedules))
    found = (
        ExclusionEntry(
            rule=row.rule.code,
            incident=row.incident.reference if row.incident else "",
            services=tuple(sorted(service.code for service in row.services.all())),
            started_at=row.started_at,
            ended_at=row.ended_at,
            party=Party(row.party),
            by=row.decided_by,
            why=row.why,
        )
        for row in rows.select_related("rule", "incident")
        .prefetch_related("services")
        .order_by("position", "pk")
    )
    return tuple(dict.fromkeys(found))


def _history(outcome: Outcome, *, agreement: ServiceLevelAgreement) -> HistoryEntry:
    counts, lengths = dict(outcome.excluded_count), dict(outcome.excluded_us)
    return HistoryEntry(
        agreement=agreement.code,
        target=outcome.target,
        period=outcome.period,
        services=outcome.units,
        first_on=outcome.first_on,
        last_on=outcome.last_on,
        verdict=outcome.verdict,
        value=outcome.value,
        expected_missed=outcome.expected_missed,
        counted=outcome.counted_us * MICROSECOND,
        points=outcome.points,
        credit=outcome.credit,
        carried=outcome.carried,
        cap_reached=outcome.cap_reached,
        excluded=tuple(
            UsedEntry(
                exclusion=code,
                length=lengths[code] * MICROSECOND if code in lengths else ZERO,
                count=counts.get(code, 0),
            )
            for code in sorted(counts.keys() | lengths.keys())
        ),
        runs=tuple(
            RunEntry(started_at=run.started_at, ended_at=run.ended_at, services=run.units)
            for run in outcome.runs
        ),
        earned_back=outcome.earned_back,
        offset_balance=outcome.offset_balance,
    )
