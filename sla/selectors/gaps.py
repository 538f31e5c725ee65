"""What is missing or unsettled in a range of statement periods, one kind of gap after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import chain

from django.db.models import Count, Exists, F, Min, OuterRef, Q, Sum

from incidents.models import FeedSource, Incident, SourceWatch
from sla.engine.claims.moves import ClaimState
from sla.engine.periods import Period, period_on, zone_table
from sla.models import (
    Claim,
    ClaimPart,
    CreditReceived,
    ServiceCredit,
    ServiceLevelAgreement,
    StatementRevision,
)
from sla.models.columns import label_of
from sla.selectors.schedules import incomplete_contracts
from sla.selectors.scope import Scope
from vendors.models import Service

MOST_SAID = 300


class Gap(StrEnum):
    """What is missing, in the order in which it is looked at; the value is its heading."""

    TERMS = "Contract without terms"
    SOURCE = "Service without a source"
    NO_STATEMENT = "Period without a statement"
    NOT_FINALISED = "Not finalised"
    CORRECTION = "Needs correction"
    INCIDENT = "Incident without a service"
    NO_CLAIM = "Credit without a claim"
    NO_CREDIT_NOTE = "Claim without a credit note"
    NOT_MATCHED = "Credit note without a claim"
    OVERRIDDEN = "Finalised although unresolved"


TODO = {
    Gap.TERMS: "Enter the terms and have them checked against the document.",
    Gap.SOURCE: "Name what is watched for it, or a feed of the vendor.",
    Gap.NO_STATEMENT: "Open the period; where it cannot be computed, mend what it says.",
    Gap.NOT_FINALISED: "Answer the open questions and finalise it.",
    Gap.CORRECTION: "Look at the difference and finalise it again.",
    Gap.INCIDENT: "Say which service it hit, or that it hit none of ours.",
    Gap.NO_CLAIM: "Open a claim for it.",
    Gap.NO_CREDIT_NOTE: "Ask the vendor for it, or match what came.",
    Gap.NOT_MATCHED: "Match it to a claim.",
    Gap.OVERRIDDEN: "Nothing to do; look whether the reason still holds.",
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing that is missing; money in minor units of `currency`."""

    gap: Gap
    subject: str
    vendor: str = ""
    contract: str = ""
    period: str = ""
    on: date | None = None
    currency: str = ""
    amount_minor: int | None = None
    detail: str = ""


def gaps(scope: Scope, *, now: datetime) -> Iterator[Found]:
    """Yield what is missing in a scope; `now` (UTC) says which periods are over."""
    makers: tuple[Callable[[Scope, datetime], Iterator[Found]], ...] = (
        _without_terms, _without_source, _without_statement, _not_finalised, _to_correct,
        _without_service, _without_claim, _without_credit_note, _not_matched, _overridden,
    )  # fmt: skip
    return chain.from_iterable(make(scope, now) for make in makers)


def unfinished(scope: Scope, *, now: datetime) -> Iterator[Found]:
    """Yield what still changes the books of a scope: statements that are no record, unmatched receipts."""
    makers = (_without_statement, _not_finalised, _to_correct, _not_matched)
    return chain.from_iterable(make(scope, now) for make in makers)


def _without_terms(scope: Scope, now: datetime) -> Iterator[Found]:
    wanted = set(scope.contracts().values_list("pk", flat=True))
    for each in incomplete_contracts(scope.user, on=min(scope.last_on, now.date())):
        contract = each.contract
        if contract.pk in wanted and contract.effective_from < scope.until:
            yield Found(
                gap=Gap.TERMS,
                vendor=contract.vendor.name,
                contract=contract.reference,
                subject=contract.name,
                detail=each.lacking.value,
            )


def _without_source(scope: Scope, now: datetime) -> Iterator[Found]:
    """Yield services with neither a watched source of their own nor a feed of their vendor."""
    services = (
        Service.objects.visible_to(scope.user)
        .filter(**scope.of_contract("contract"), contract__effective_from__lt=scope.until)
        .exclude(contract__effective_until__lte=scope.first_on)
        .exclude(in_service_until__lte=_instant(scope.first_on))
        .exclude(in_service_from__gte=_instant(scope.until))
        .filter(~Exists(SourceWatch.objects.filter(service=OuterRef("pk"))))
        .filter(~Exists(FeedSource.objects.filter(vendor=OuterRef("contract__vendor"))))
        .select_related("contract__vendor")
        .order_by("contract__vendor__name", "contract__reference", "code")
    )
    for service in services:
        yield Found(
            gap=Gap.SOURCE,
            vendor=service.contract.vendor.name,
            contract=service.contract.reference,
            subject=service.name or service.code,
            detail="nothing says whether silence means that it ran",
        )


def _instant(on: date) -> datetime:
    return datetime.fromisoformat(f"{on}T00:00:00+00:00")


def _without_statement(scope: Scope, now: datetime) -> Iterator[Found]:
    """Yield periods that are over, with terms in force, and have no figures."""
    heads = scope.statements().filter(ends_at__lte=now)
    computed = set(
        heads.filter(Q(computed__gt=0, error="") | Q(revisions__isnull=False)).values_list(
            "agreement_id", "period"
        )
    )
    errors = {
        (agreement, period): error
        for agreement, period, error in heads.exclude(error="").values_list("agreement_id", "period", "error")
    }
    for agreement in scope.schedules():
        for period in _expected(agreement, scope=scope, now=now):
            if (agreement.pk, period.label) not in computed:
                yield Found(
                    gap=Gap.NO_STATEMENT,
                    vendor=agreement.contract.vendor.name,
                    contract=agreement.contract.reference,
                    subject=agreement.name or agreement.code,
                    period=period.label,
                    on=period.last_on,
                    detail=errors.get((agreement.pk, period.label), "not computed yet")[:MOST_SAID],
                )


def _expected(agreement: ServiceLevelAgreement, *, scope: Scope, now: datetime) -> Iterator[Period]:
    """Yield the periods of a schedule that end in the scope, are over, and have terms in force."""
    contract = agreement.contract
    starts = [version.effective_from for version in agreement.versions.all()]
    if not starts:
        return
    first = max(min(starts), contract.effective_from, contract.live_from or date.min)
    zone = zone_table(
        agreement.zone or contract.zone, first_year=scope.first_on.year - 3, last_year=scope.until.year + 3
    )
    on = max(scope.first_on, first)
    while on < scope.until and (contract.effective_until is None or on < contract.effective_until):
        period = period_on(on, rule=agreement.period, zone=zone)
        if period.during.end > now or period.last_on >= scope.until:
            return
        yield period
        on = period.last_on + timedelta(days=1)


def _not_finalised(scope: Scope, now: datetime) -> Iterator[Found]:
    rows = (
        scope.statements()
        .filter(ends_at__lte=now, computed__gt=0, revisions=None)
        .select_related("agreement__contract__vendor")
        .order_by("last_on", "agreement__contract__vendor__name", "agreement__contract__reference")
    )
    for row in rows:
        questions = len(row.provisional)
        yield Found(
            gap=Gap.NOT_FINALISED,
            vendor=row.agreement.contract.vendor.name,
            contract=row.agreement.contract.reference,
            subject=row.number,
            period=row.period,
            on=row.last_on,
            currency=row.currency,
            amount_minor=row.due_minor,
            detail=f"{questions} open question{'s' * (questions != 1)}" if questions else "nothing open",
        )


def _to_correct(scope: Scope, now: datetime) -> Iterator[Found]:
    rows = (
        scope.statements()
        .needing_correction()
        .select_related("agreement__contract__vendor")
        .order_by("last_on", "pk")
    )
    for row in rows:
        yield Found(
            gap=Gap.CORRECTION,
            vendor=row.agreement.contract.vendor.name,
            contract=row.agreement.contract.reference,
            subject=row.number,
            period=row.period,
            on=row.last_on,
            currency=row.currency,
            amount_minor=row.due_minor,
            detail="today's records give another result",
        )


def _without_service(scope: Scope, now: datetime) -> Iterator[Found]:
    """Yield incidents without any outage; they have no day, so those that were never dated count too."""
    rows = Incident.objects.visible_to(scope.user).filter(outages=None, planned=False)
    if scope.vendor is not None:
        rows = rows.filter(vendor=scope.vendor)
    if scope.vendors is not None:
        rows = rows.filter(vendor__in=scope.vendors)
    if scope.entity is not None:
        rows = rows.filter(vendor__contracts__entity=scope.entity).distinct()
    rows = rows.annotate(first_at=Min("milestones__at")).filter(
        Q(first_at=None) | Q(first_at__gte=_instant(scope.first_on), first_at__lt=_instant(scope.until))
    )
    for row in rows.select_related("vendor").order_by("reference"):
        yield Found(
            gap=Gap.INCIDENT,
            vendor=row.vendor.name if row.vendor else "",
            subject=f"{row.reference} {row.title}",
            on=row.first_at.date() if row.first_at else None,
            detail=row.get_status_display(),
        )


def _without_claim(scope: Scope, now: datetime) -> Iterator[Found]:
    rows = (
        ServiceCredit.objects.filter(revision__statement__in=scope.statements(), parts=None)
        .exclude(amount_minor=0, quantity=None, waives="")
        .select_related("revision__statement__agreement__contract__vendor")
    )
    for row in rows:
        statement = row.revision.statement
        yield Found(
            gap=Gap.NO_CLAIM,
            vendor=statement.agreement.contract.vendor.name,
            contract=statement.agreement.contract.reference,
            subject=row.revision.full_number,
            period=statement.period,
            on=row.service_last_on,
            currency=row.currency,
            amount_minor=row.amount_minor,
            detail=row.description,
        )


def _without_credit_note(scope: Scope, now: datetime) -> Iterator[Found]:
    """Yield claims that were sent or granted and that nothing has answered with money yet."""
    waiting = (ClaimState.SUBMITTED, ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.CREDITED)
    parts = ClaimPart.objects.filter(credit__revision__statement__in=scope.statements())
    rows = (
        Claim.objects.filter(pk__in=parts.values("claim"), state__in=waiting)
        .annotate(asked=Sum("parts__amount_minor"))
        .select_related("contract__vendor")
        .order_by("opened_at", "pk")
    )
    received = set(
        Claim.objects.filter(pk__in=rows.values("pk"))
        .annotate(received=Sum("matches__claim_minor"), standing=Count("matches"))
        .exclude(Q(received=None) | Q(received=0))
        .values_list("pk", flat=True)
    )
    for row in rows:
        if row.pk not in received:
            since = row.submitted_at or row.opened_at
            yield Found(
                gap=Gap.NO_CREDIT_NOTE,
                vendor=row.contract.vendor.name,
                contract=row.contract.reference,
                subject=row.reference,
                on=since.date(),
                currency=row.currency,
                amount_minor=row.asked,
                detail=f"{label_of(ClaimState(row.state)).lower()}, {(now - since).days} days old",
            )


def _not_matched(scope: Scope, now: datetime) -> Iterator[Found]:
    rows = CreditReceived.objects.visible_to(scope.user).filter(
        received_on__gte=scope.first_on, received_on__lt=scope.until, **scope.of_contract("")
    )
    matched = rows.annotate(taken=Sum("matches__received_minor")).filter(
        Q(taken=None, net_minor__gt=0) | Q(taken__lt=F("net_minor"))
    )
    for row in matched.select_related("vendor").order_by("received_on", "pk"):
        yield Found(
            gap=Gap.NOT_MATCHED,
            vendor=row.vendor.name,
            subject=f"{row.get_kind_display()} {row.document}",
            on=row.received_on,
            currency=row.currency,
            amount_minor=row.net_minor - (row.taken or 0),
            detail="not matched to a claim" if not row.taken else "a part is not matched to a claim",
        )


def _overridden(scope: Scope, now: datetime) -> Iterator[Found]:
    rows = (
        StatementRevision.objects.filter(statement__in=scope.statements())
        .select_related("statement__agreement__contract__vendor", "finalised_by")
        .defer("inputs", "result")
        .order_by("finalised_at", "pk")
    )
    for row in rows:
        contract = row.statement.agreement.contract
        for each in row.overridden:
            yield Found(
                gap=Gap.OVERRIDDEN,
                vendor=contract.vendor.name,
                contract=contract.reference,
                subject=row.full_number,
                period=row.statement.period,
                on=row.finalised_at.date(),
                detail=f"{each.get('text') or each.get('question', '')} — {each.get('reason', '')}"
                f" ({row.finalised_by.get_username()})",
            )
