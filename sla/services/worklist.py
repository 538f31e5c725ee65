"""What a vendor manager should look at first: money to claim, dates, incidents, unfinished terms."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import Incident, IncidentStatus, Outage
from incidents.selectors import listed_incidents
from incidents.services.feeds.waiting import waiting_of_feeds
from sla.engine.money import Money
from sla.engine.terms import Metric
from sla.models import ServiceLevelAgreement, ServiceLevelTarget, Statement, VendorAnswer
from sla.selectors import IncompleteContract, incomplete_contracts
from sla.selectors.links import answers_waiting
from sla.selectors.running import Stuck, stuck
from sla.selectors.waiting import Waiting, closed_and_waiting
from sla.services.alerts.waiting import WaitingWarnings, waiting_warnings
from sla.services.claims.desk_gathering import Claimable, money_to_claim
from sla.services.statements import Allowance
from sla.services.summaries import StatementSummary, statement_lines
from vendors.models import Approval, Contract, Reader
from vendors.services.approvals import act_of, asked_and_waiting, to_decide

# Claims lapse within two billing cycles at the latest in every clause seen; a quarter more is margin.
LOOK_BACK = timedelta(days=150)
SOON = timedelta(days=7)
LONG_OPEN = timedelta(days=7)
# Measures that can be missed although nothing was recorded.
SILENT = (Metric.OBLIGATION, Metric.REPORTED, Metric.SAMPLED)
MOST = 10
# Drafts that are computed while the page is waited for: half a second's work. A run computes the others.
MOST_COMPUTED = 10


@dataclass(frozen=True, kw_only=True)
class Need:
    """An incident and what it waits for."""

    incident: Incident
    needs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A date by which something must be done."""

    on: date
    what: str
    line: StatementSummary


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A contract whose terms are to enter or to sign off; `fee` is a year's."""

    contract: Contract
    lacking: str
    fee: Money


@dataclass(frozen=True, kw_only=True)
class SecondPerson:
    """Requests for a second person: what this reader may decide, by act, and own ones that wait."""

    rows: tuple[tuple[str, Approval], ...]
    count: int
    own: int


@dataclass(frozen=True, kw_only=True)
class Worklist:
    """The home page: amounts are listed by currency and never added across."""

    claimable: tuple[Claimable, ...]
    claims: tuple[StatementSummary, ...]
    deadlines: tuple[Deadline, ...]
    needs: tuple[Need, ...]
    needs_count: int
    incomplete: tuple[Unfinished, ...]
    incomplete_count: int
    misses: tuple[StatementSummary, ...]
    is_empty: bool
    closed: Waiting
    warnings: WaitingWarnings
    stuck: Stuck
    answers: tuple[VendorAnswer, ...]
    answers_count: int
    second: SecondPerson
    feeds_count: int
    # Drafts that the records overtook and that the next run computes.
    behind: int


def worklist(user: User, *, now: datetime) -> Worklist:
    """Return what waits for a person, of what they may see; `now` is a UTC instant."""
    today = now.date()
    allowance = Allowance(left=MOST_COMPUTED)
    lines = _lines(user, now=now, allowance=allowance)
    to_claim = money_to_claim(user, now=now)
    keys = set(Statement.objects.filter(pk__in=to_claim.statements).values_list("agreement", "period"))
    waiting = [line for line in lines if _waits(line, keys=keys, today=today)]
    needs, count = _needs(user, now=now)
    incomplete = incomplete_contracts(user, on=today)
    answers = answers_waiting(user)
    return Worklist(
        claimable=to_claim.money,
        claims=tuple(sorted(waiting, key=_by_deadline)[:MOST]),
        deadlines=tuple(_deadlines(lines, waiting=waiting, today=today)),
        needs=needs,
        needs_count=count,
        incomplete=tuple(_unfinished(each) for each in incomplete[:MOST]),
        incomplete_count=len(incomplete),
        misses=tuple(
            line for line in lines if line.state == "Missed" and line.first_on <= today <= line.last_on
        )[:MOST],
        is_empty=not ServiceLevelAgreement.objects.all().visible_to(user).exists(),
        closed=closed_and_waiting(user),
        warnings=waiting_warnings(user, most=MOST, now=now),
        stuck=stuck(user),
        answers=tuple(answers[:MOST]),
        answers_count=answers.count(),
        second=_second(user),
        feeds_count=waiting_of_feeds(user, now=now).count,
        behind=allowance.behind,
    )


def _second(user: User) -> SecondPerson:
    rows = to_decide(user)
    return SecondPerson(
        rows=tuple((act_of(row.act).label, row) for row in rows.select_related("asked_by", "vendor")[:MOST]),
        count=rows.count(),
        own=asked_and_waiting(user).count(),
    )


def _unfinished(each: IncompleteContract) -> Unfinished:
    fee = Money(each.annual_fee_minor, each.contract.currency)
    return Unfinished(contract=each.contract, lacking=each.lacking.value, fee=fee)


def _lines(user: Reader, *, now: datetime, allowance: Allowance) -> list[StatementSummary]:
    """Return the statements of this period and of those whose claims can still be open."""
    agreements = list(_worth_computing(user, now=now))
    found: dict[tuple[int, str], StatementSummary] = {}
    on = now.date()
    while on > (now - LOOK_BACK).date():
        begun = [row for row in agreements if any(v.effective_from <= on for v in row.versions.all())]
        for line in statement_lines(begun, on=on, now=now, allowance=allowance):
            found.setdefault((line.agreement.pk, line.label), line)
        on = on.replace(day=1) - timedelta(days=1)
    return list(found.values())


def _worth_computing(user: Reader, *, now: datetime) -> QuerySet[ServiceLevelAgreement]:
    """Return the schedules in which anything can have been missed: others need no computation."""
    since = now - LOOK_BACK - timedelta(days=92)
    outages = Outage.objects.standing().filter(service__contract=OuterRef("contract"))
    recent = outages.filter(Q(ended_at=None) | Q(ended_at__gte=since))
    silent = ServiceLevelTarget.objects.filter(version__agreement=OuterRef("pk"), metric__in=SILENT)
    running = Q(contract__effective_until=None) | Q(contract__effective_until__gt=since.date())
    return (
        ServiceLevelAgreement.objects.all()
        .visible_to(user)
        .filter(running, contract__vendor__archived_at=None)
        .filter(Exists(recent) | Exists(silent))
        .select_related("contract__vendor")
        .prefetch_related("versions")
        .order_by("pk")
    )


def _waits(line: StatementSummary, *, keys: Container[tuple[int, str]], today: date) -> bool:
    """Return whether a credit is still to claim in time, or comes without asking."""
    in_time = line.claim_by is None or line.claim_by >= today
    is_open = line.automatic or (in_time and (line.agreement.pk, line.label) in keys)
    return line.due is not None and line.due.minor > 0 and is_open


def _by_deadline(line: StatementSummary) -> tuple[date, str]:
    return line.claim_by or date.max, line.agreement.name


def _deadlines(
    lines: Sequence[StatementSummary], *, waiting: Sequence[StatementSummary], today: date
) -> list[Deadline]:
    found = []
    for line in lines:
        if line in waiting and not line.automatic and line.claim_by is not None:
            found.append(Deadline(on=line.claim_by, what=f"Send the claim for {line.money}", line=line))
        found += [Deadline(on=on, what=f"Give notice: {name}", line=line) for name, on in line.notices]
    return sorted((each for each in found if today <= each.on <= today + SOON), key=lambda each: each.on)


def _needs(user: Reader, *, now: datetime) -> tuple[tuple[Need, ...], int]:
    standing = Outage.objects.standing().filter(incident=OuterRef("pk"))
    rows = listed_incidents(Incident.objects.all().visible_to(user)).annotate(
        unconfirmed=Exists(standing.filter(confirmed_at=None)), has_outage=Exists(standing)
    )
    long_open: Any = Q(status=IncidentStatus.OPEN, first_started_at__lt=now - LONG_OPEN)
    asked: Any = rows.filter(
        Q(vendor=None) | Q(needs_times=True) | Q(needs_start=True) | Q(unconfirmed=True) | long_open
    )
    asked = asked.order_by("-first_started_at", "-pk")
    return tuple(Need(incident=row, needs=_words(row, now=now)) for row in asked[:MOST]), asked.count()


def _words(row: Incident, *, now: datetime) -> tuple[str, ...]:
    started = getattr(row, "first_started_at", None)
    long_open = row.status == IncidentStatus.OPEN and started is not None and started < now - LONG_OPEN
    said = (
        (row.vendor_id is None, "a vendor"),
        (getattr(row, "needs_times", False), "times"),
        (getattr(row, "needs_start", False), "a start"),
        (getattr(row, "unconfirmed", False), "its times confirmed"),
        (long_open, "an end: open for more than a week"),
    )
    return tuple(text for needed, text in said if needed)
