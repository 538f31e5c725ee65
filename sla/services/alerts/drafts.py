"""What a look needs to see: a head for each period that runs or has just ended, and no old drafts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from incidents.models import Outage
from sla.engine.periods import zone_info
from sla.models import AgreementVersion, ServiceLevelAgreement, Statement
from sla.services.duties.periods import CLOSING_KINDS
from sla.services.statements.heads import heads_on
from sla.services.statements.staleness import raise_wanted

DAY = timedelta(days=1)
# What stands open grows by the clock; everything else moves only with the records, which ask for themselves.
# A draft that the look of an hour asked for is old by the look of the next.
OLD, OLD_WHILE_OUT = timedelta(days=1), timedelta(minutes=50)
CHUNK = 500


def make_heads(*, now: datetime) -> None:
    """Make the missing heads of the periods that run at a UTC instant, and of those just before them.

    For SLA schedules in force, of vendors in use; a rolling period is read, never waited for.
    """
    keys = list(_lacking(now=now).values_list("pk", flat=True))
    for start in range(0, len(keys), CHUNK):
        rows = ServiceLevelAgreement.objects.filter(pk__in=keys[start : start + CHUNK])
        _make(list(rows.select_related("contract").prefetch_related("versions")), now=now)


def _lacking(*, now: datetime) -> QuerySet[ServiceLevelAgreement]:
    """Return the SLA schedules without a head of the running period, or of the one before it."""
    own = Statement.objects.filter(agreement=OuterRef("pk"))
    running = own.filter(starts_at__lte=now, ends_at__gt=now)
    terms = AgreementVersion.objects.filter(agreement=OuterRef("pk")).order_by("effective_from")
    rows = ServiceLevelAgreement.objects.annotate(
        first_terms=Subquery(terms.values("effective_from")[:1]),
        begins_on=Subquery(running.values("first_on")[:1]),
        begins_at=Subquery(running.values("starts_at")[:1]),
    )
    live = Q(contract__live_from=None) | Q(contract__live_from__lt=F("begins_on"))
    before = live & Q(first_terms__lt=F("begins_on"), contract__effective_from__lt=F("begins_on"))
    ended = own.filter(ends_at=OuterRef("begins_at"))
    goes_on = Q(contract__effective_until=None) | Q(contract__effective_until__gte=now.date())
    return (
        rows.filter(goes_on, period_kind__in=[kind.value for kind in CLOSING_KINDS])
        .filter(contract__vendor__archived_at=None, first_terms__lte=now.date() + DAY)
        .filter(~Exists(running) | (before & ~Exists(ended)))
        .order_by("pk")
    )


def _make(agreements: Sequence[ServiceLevelAgreement], *, now: datetime) -> None:
    earlier: dict[date, list[ServiceLevelAgreement]] = defaultdict(list)
    for on, rows in _by_day(agreements, now=now):
        for head in heads_on(rows, on=on):
            earlier[head.first_on - DAY].append(head.agreement)
    for on, rows in earlier.items():
        heads_on([row for row in rows if _floor(row) <= on], on=on)


def _by_day(
    agreements: Iterable[ServiceLevelAgreement], *, now: datetime
) -> Iterator[tuple[date, list[ServiceLevelAgreement]]]:
    """Yield the SLA schedules that are in force by the local day that they have now."""
    days: dict[date, list[ServiceLevelAgreement]] = defaultdict(list)
    for row in agreements:
        on = now.astimezone(zone_info(row.zone or row.contract.zone)).date()
        ends_on = row.contract.effective_until
        if ends_on is None or on < ends_on:
            days[on].append(row)
    yield from days.items()


def _floor(agreement: ServiceLevelAgreement) -> date:
    """Return the first day of which anything is recorded here."""
    contract = agreement.contract
    first = min(version.effective_from for version in agreement.versions.all())
    return max(first, contract.live_from or date.min, contract.effective_from)


def ask_for_drafts(*, now: datetime) -> int:
    """Ask for new drafts of running periods whose draft is old, and of those that ended since it.

    Old is a day; an hour, less what the last look took, where an outage is open. Returns how many.
    """
    out = Outage.objects.standing().filter(ended_at=None, started_at__lt=now).order_by()
    is_out = Q(agreement__contract__in=out.values("service__contract"))
    old = Q(computed_at__lt=now - OLD) | (Q(computed_at__lt=now - OLD_WHILE_OUT) & is_out)
    runs = Q(starts_at__lte=now, ends_at__gt=now) & old
    ended = Q(ends_at__lte=now, computed_at__lt=F("ends_at"))
    asked = Q(computed__gte=F("wanted"), agreement__contract__vendor__archived_at=None)
    return raise_wanted(asked & (runs | ended))
