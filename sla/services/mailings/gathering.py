"""What a summary says to one reader: the figures of the pages and reports, read by the same selectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from sla.models import Duty, Figures, ReportSchedule, Statement, ToldFigure
from sla.reports.mails.summary import Late, NotClosed, StatementTold, Summary, Sums
from sla.selectors.judged import Judged, judged_of, judged_statements
from sla.selectors.scope import Scope
from sla.selectors.standing import ContractMoney, Standing, contract_money, standings
from sla.selectors.told import Compared, Earlier
from sla.services.claims.desk import Work, waiting_work
from sla.services.mailings.changing import changes_of, differences
from sla.services.mailings.periods import ReportPeriod
from sla.services.mailings.readers import Reading
from sla.services.mailings.telling import claims_to_do, statement_told, statements_to_do
from sla.services.reporting import MOST_REFRESHED, refresh_drafts
from sla.services.statements.heads import fresh_heads

Audience, Every = ReportSchedule.Audience, ReportSchedule.Every
WORST_FIRST = (
    Figures.State.MISSED, Figures.State.UNCERTAIN, "", Figures.State.UNCONFIRMED, Figures.State.MET,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Found:
    """A summary, and the statements whose figures it tells."""

    summary: Summary
    judged: tuple[Judged, ...]
    changed: tuple[Compared, ...]


def summary_for(reading: Reading, *, period: ReportPeriod, now: datetime, late: Late | None = None) -> Found:
    """Return what a reader is told of a period by the records of `now` (UTC); drafts are computed first."""
    scope = Scope(
        first_on=period.first_on, until=period.until, user=reading.user, vendors=reading.vendors.order_by()
    )
    notes = refresh_drafts(scope, now=now)
    stands, money = standings(scope), contract_money(scope)
    judged = sorted(judged_statements(scope), key=_worst_first)
    work = waiting_work(reading.user, vendors=reading.vendors.order_by(), now=now)
    earlier = Earlier(
        schedule=reading.schedule,
        subject=reading.subject,
        user=reading.user,
        vendors=reading.vendors.order_by(),
    )
    changed = differences(earlier, before=period.first_on)
    is_weekly = reading.schedule.every == Every.WEEK
    running = _running(scope, now=now) if is_weekly else ()
    summary = Summary(
        schedule=reading.schedule.name,
        period=period.label,
        first_on=period.first_on,
        last_on=period.last_on,
        about=about_words(reading),
        why=why_words(reading),
        headline=headline(stands, judged=judged, running=running, period=period.label),
        sums=tuple(_sums(stands, money=money, work=work)),
        statements=tuple(map(statement_told, judged)),
        todos=(*claims_to_do(work, now=now), *statements_to_do(_waiting(scope, earlier=earlier), work=work)),
        changes=changes_of(changed),
        is_first=not earlier.reports().exists(),
        not_closed=tuple(_not_closed(scope)),
        running=running,
        shows_running=is_weekly,
        late=late,
        notes=notes,
        origin=settings.PUBLIC_ORIGIN,
    )
    return Found(summary=summary, judged=tuple(judged), changed=tuple(changed))


def _worst_first(each: Judged) -> tuple[int, str, str]:
    vendor = each.head.agreement.contract.vendor
    return WORST_FIRST.index(each.figures.state), vendor.name, each.number


def headline(
    stands: Sequence[Standing], *, judged: Sequence[Judged], running: Sequence[StatementTold], period: str
) -> str:
    """Return in a sentence how the levels did; of a week in which no period ended, of those that run."""
    lines, missed = sum(each.judged for each in stands), sum(each.missed for each in stands)
    unsure = sum(each.unsure for each in stands)
    if not judged and running:
        missing, count = sum(bool(each.missed) for each in running), len(running)
        said = f"{missing} of {count} running periods" if missing else f"none of {count} running periods"
        return f"{period}: {said} with a service level missed so far"
    if not judged:
        return f"No service level statement ends in {period}"
    if not lines:
        return f"No service level was judged in {period}"
    if missed:
        said = f"{missed} of {lines} service level{'s' * (lines != 1)} missed in {period}"
        return f"{said}{_at_vendors(judged)}{f'; {unsure} not certain yet' if unsure else ''}"
    if unsure:
        return f"No service level missed in {period}; {unsure} of {lines} not certain yet"
    return f"All {lines} service levels met in {period}" if lines > 1 else f"Service level met in {period}"


def _at_vendors(judged: Iterable[Judged]) -> str:
    rows = list(judged)
    every = {each.head.agreement.contract.vendor_id for each in rows}
    missed = {each.head.agreement.contract.vendor_id for each in rows if each.missed}
    return f", at {len(missed)} of {len(every)} vendors" if len(every) > 1 else ""


def about_words(reading: Reading) -> str:
    """Return which vendors a report is about."""
    if reading.vendor is not None:
        return reading.vendor.name
    count = reading.vendors.count()
    vendors = f"{count} vendor{'s' * (count != 1)}"
    if reading.schedule.tag is not None:
        return f"{vendors} tagged {reading.schedule.tag.name}"
    return f"{vendors} that you manage" if reading.schedule.audience == Audience.MANAGERS else vendors


def why_words(reading: Reading) -> str:
    """Return why a reader gets the mail."""
    name = reading.schedule.name
    if reading.account is None:
        return f"This address is among the readers of '{name}' in Recourse."
    if reading.schedule.audience == Audience.MANAGERS:
        return f"You get this as the manager of these vendors: '{name}' in Recourse."
    return f"You are among the readers of '{name}' in Recourse."


def _sums(stands: Iterable[Standing], *, money: Iterable[ContractMoney], work: Work) -> Iterator[Sums]:
    """Yield what the period comes to in each currency; currencies are never added."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for stand in stands:
        found[stand.currency]["due_minor"] += stand.due_minor
        found[stand.currency]["contested_minor"] += stand.contested_minor
    for one in money:
        found[one.currency]["claimed_minor"] += one.claimed_minor
        found[one.currency]["received_minor"] += one.received_minor
    for each in work.to_claim:
        found[each.money.currency]["to_claim_minor"] += each.money.minor
        found[each.money.currency]["lost_minor"] += each.past.minor
    for currency, sums in sorted(found.items()):
        if any(sums.values()):
            yield Sums(currency=currency, **sums)


def _waiting(scope: Scope, *, earlier: Earlier) -> list[Judged]:
    """Return what of this period or of an earlier one waits for a person: drafts, and corrections.

    Of earlier periods these are the drafts that were closed, and those that an earlier report told: a period
    from before its SLA schedule was entered has no closing, and once asked for it is asked for until done.
    """
    closed = Duty.objects.filter(
        kind=Duty.Kind.CLOSE, agreement=OuterRef("agreement"), period=OuterRef("period")
    )
    known = Statement.objects.visible_to(scope.user).filter(
        last_on__lt=scope.until, agreement__contract__vendor__in=scope.vendors
    )
    told = ToldFigure.objects.filter(report__in=earlier.reports(), statement=OuterRef("pk"))
    waits = Q(last_on__gte=scope.first_on) | Exists(closed) | Exists(told)
    drafts = known.filter(waits, revisions=None, computed__gt=0)
    keys = {*drafts.values_list("pk", flat=True)}
    keys |= {*known.needing_correction().values_list("pk", flat=True)}
    rows = Statement.objects.filter(pk__in=keys).select_related("agreement__contract__vendor")
    return judged_of(list(rows.defer("outcomes").order_by("last_on", "agreement__contract__reference", "pk")))


def _not_closed(scope: Scope) -> Iterator[NotClosed]:
    """Yield the periods that could not be closed, of this report's days and earlier."""
    failed = Duty.objects.filter(
        kind=Duty.Kind.CLOSE,
        state=Duty.State.FAILED,
        ends_on__lt=scope.until,
        agreement__contract__vendor__in=scope.vendors,
    )
    for duty in failed.select_related("agreement__contract").order_by("ends_on", "pk"):
        agreement = duty.agreement
        assert agreement is not None
        number = f"{agreement.contract.reference}/{agreement.code}/{duty.period}"
        yield NotClosed(number=number, error=duty.error)


def _running(scope: Scope, *, now: datetime) -> tuple[StatementTold, ...]:
    """Return the drafts of the periods that were running when this one ended."""
    schedules = list(scope.schedules()[:MOST_REFRESHED])
    heads = fresh_heads(schedules, on=scope.last_on, now=now)
    running = [head for head in heads if head.last_on > scope.last_on and head.computed]
    return tuple(statement_told(each) for each in sorted(judged_of(running), key=_worst_first))
