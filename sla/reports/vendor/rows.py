"""The rows behind a vendor compliance report, in as many queries whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TypeVar

from django.db.models import F, Prefetch, Q

from incidents.models import Incident, Outage, Position
from sla.engine.facts import Inputs
from sla.engine.results import Result
from sla.models import (
    Claim,
    ClaimToDo,
    DraftLine,
    HeldCorrection,
    LineAnswer,
    LineFigures,
    Statement,
    StatementLine,
    StatementRevision,
)
from sla.reports.editions import frozen_result
from sla.reports.editions.edition import Edition
from sla.reports.vendor.claim_rows import claim_rows, todo_rows
from sla.reports.vendor.released import Released, claims_told, frozen_facts
from vendors.models import Reader, Vendor

PERIODS = 12
OF_OTHERS = "another party's incident"
Line = TypeVar("Line", bound=LineFigures)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What was found; keys are those of statements unless said otherwise."""

    shown: tuple[Statement, ...]  # those of the last twelve periods of each schedule, oldest first
    inside: tuple[Statement, ...]  # those that end in the range
    revisions: Mapping[int, StatementRevision]  # the newest
    lines: Mapping[int, tuple[LineFigures, ...]]
    results: Mapping[int, Result]
    answers: Mapping[tuple[int, int], LineAnswer]  # by revision and line number
    incidents: Mapping[str, Incident]  # by reference, with their outages and positions
    of_others: AbstractSet[str]  # references of other vendors' incidents
    claims: tuple[Claim, ...]  # of credits of the statements, or opened for them or their incidents
    other_claims: tuple[Claim, ...]  # the vendor's other open ones
    todos: tuple[ClaimToDo, ...]
    corrected: tuple[tuple[StatementRevision, StatementRevision], ...]  # before, after
    corrected_lines: Mapping[int, tuple[StatementLine, ...]]  # by revision
    held: tuple[HeldCorrection, ...]  # not yet in a line of the statement they go into
    is_released: bool = False  # only what a person released to the vendor, whatever else there is
    facts: Mapping[int, Inputs] = field(default_factory=dict)  # what was released was computed from

    def named(self, references: Iterable[str], *, edition: Edition) -> tuple[str, ...]:
        """Return incidents by what a reader may call them; the vendor reads no other party's reference."""
        if edition is Edition.INTERNAL:
            return tuple(references)
        return tuple(dict.fromkeys(OF_OTHERS if name in self.of_others else name for name in references))


def rows_of(
    vendor: Vendor,
    *,
    first_on: date,
    last_on: date,
    since: date,
    user: Reader,
    drafts: Mapping[int, Result],
    released: Released | None = None,
) -> Rows:
    """Read what a person may see of a vendor; ``drafts`` are results of statements without a revision.

    With ``released`` nothing is read but that, and the claims for it.
    """
    if released is None:
        shown = _statements(vendor, last_on=last_on, user=user)
        inside = tuple(each for each in shown if first_on <= each.last_on <= last_on)
        revisions = _newest(shown)
        corrected = _corrected(vendor, since=since, user=user)
    else:
        shown, revisions, corrected = released.statements(), released.revisions(), released.corrected()
        sent = {each.statement_id for each in released.now}
        inside = tuple(each for each in shown if each.pk in sent)
    results = _results(inside, revisions=revisions, drafts=drafts)
    lines = _lines(shown, revisions=revisions)
    named = {name for each in inside for line in lines.get(each.pk, ()) for name in line.incidents}
    claims, others = claim_rows(vendor, inside=inside, incidents=named, during=(first_on, last_on), user=user)
    if released is not None:
        claims, others = claims_told(claims, revisions=revisions), ()
    todos = todo_rows(inside, claims=[*claims, *others])
    told = named | {todo.incident for todo in todos} | set(_in_accounts(results.values()))
    return Rows(
        shown=shown,
        inside=inside,
        revisions=revisions,
        lines=lines,
        results=results,
        answers=_answers(revisions[each.pk] for each in inside if each.pk in revisions),
        incidents=_incidents(named, vendor=vendor, user=user),
        of_others=_of_others(told, vendor=vendor),
        claims=claims,
        other_claims=others,
        todos=todos,
        corrected=corrected,
        corrected_lines=_grouped(
            StatementLine.objects.filter(revision__in=[each for pair in corrected for each in pair]),
            by="revision_id",
        ),
        held=()
        if released is not None
        else _held(vendor, inside=inside, lines=lines, since=since, user=user),
        is_released=released is not None,
        facts={} if released is None else frozen_facts(released.now),
    )


def _statements(vendor: Vendor, *, last_on: date, user: Reader) -> tuple[Statement, ...]:
    """Return the last twelve statements of each schedule that end by a date, oldest first."""
    heads = (
        Statement.objects.visible_to(user)
        .filter(agreement__contract__vendor=vendor, last_on__lte=last_on)
        .order_by("-last_on", "agreement__contract__reference", "agreement__code")
    )
    kept: dict[int, list[int]] = defaultdict(list)
    for pk, agreement in heads.values_list("pk", "agreement_id"):
        if len(kept[agreement]) < PERIODS:
            kept[agreement].append(pk)
    found = (
        Statement.objects.filter(pk__in=[pk for pks in kept.values() for pk in pks])
        .select_related("agreement__contract__account", "agreement__contract__vendor")
        .defer("outcomes")
        .order_by("last_on", "agreement__contract__reference", "agreement__code")
    )
    return tuple(found)


def _newest(statements: Iterable[Statement]) -> dict[int, StatementRevision]:
    rows = (
        StatementRevision.objects.filter(statement__in=list(statements))
        .defer("inputs", "result")
        .order_by("statement", "number")
    )
    return {row.statement_id: row for row in rows}


def _results(
    inside: Iterable[Statement], *, revisions: Mapping[int, StatementRevision], drafts: Mapping[int, Result]
) -> dict[int, Result]:
    """Return the frozen results of what is finalised, and the given ones of drafts."""
    inside = list(inside)
    newest = [revisions[each.pk].pk for each in inside if each.pk in revisions]
    frozen = {
        row.statement_id: frozen_result(row)
        for row in StatementRevision.objects.filter(pk__in=newest).only("statement_id", "result")
        if row.result
    }
    return {
        each.pk: result
        for each in inside
        if (result := frozen.get(each.pk) if each.pk in revisions else drafts.get(each.pk)) is not None
    }


def _lines(
    statements: Iterable[Statement], *, revisions: Mapping[int, StatementRevision]
) -> dict[int, tuple[LineFigures, ...]]:
    drafts = [each.pk for each in statements if each.pk not in revisions]
    frozen = _grouped(
        StatementLine.objects.filter(revision__in=list(revisions.values())).order_by("number"),
        by="revision_id",
    )
    open_ones = _grouped(DraftLine.objects.filter(statement__in=drafts).order_by("number"), by="statement_id")
    found: dict[int, tuple[LineFigures, ...]] = dict(open_ones)
    found |= {key: frozen.get(revision.pk, ()) for key, revision in revisions.items()}
    return found


def _grouped(rows: Iterable[Line], *, by: str) -> dict[int, tuple[Line, ...]]:
    found: dict[int, list[Line]] = defaultdict(list)
    for row in rows:
        found[getattr(row, by)].append(row)
    return {key: tuple(group) for key, group in found.items()}


def _answers(revisions: Iterable[StatementRevision]) -> dict[tuple[int, int], LineAnswer]:
    rows = LineAnswer.objects.filter(revision__in=list(revisions)).order_by("pk")
    return {(row.revision_id, row.line_number): row for row in rows}


def _incidents(references: Iterable[str], *, vendor: Vendor, user: Reader) -> dict[str, Incident]:
    standing = (
        Outage.objects.visible_to(user)
        .filter(withdrawn_at=None, service__contract__vendor=vendor)
        .select_related("service")
        .order_by("started_at", "pk")
    )
    rows = (
        Incident.objects.visible_to(user)
        .filter(reference__in=sorted(references))
        .select_related("vendor")
        .prefetch_related(
            Prefetch("outages", queryset=standing, to_attr="standing_outages"),
            Prefetch("positions", queryset=Position.objects.visible_to(user), to_attr="seen_positions"),
        )
    )
    return {row.reference: row for row in rows}


def _in_accounts(results: Iterable[Result]) -> Iterator[str]:
    """Yield the incidents that the time accounts name, also those that no line counts."""
    for result in results:
        for one in result.measured:
            for line in one.ledger.lines if one.ledger is not None else ():
                yield from line.incidents


def _of_others(references: Iterable[str], *, vendor: Vendor) -> frozenset[str]:
    """Return which incidents belong to another vendor, whoever reads: it decides what is left unsaid."""
    rows = Incident.objects.filter(reference__in=sorted(references), vendor__isnull=False)
    return frozenset(rows.exclude(vendor=vendor).values_list("reference", flat=True))


def _corrected(
    vendor: Vendor, *, since: date, user: Reader
) -> tuple[tuple[StatementRevision, StatementRevision], ...]:
    """Return the revisions after the first that were finalised since a day, each with the one before."""
    later = list(
        StatementRevision.objects.visible_to(user)
        .filter(
            statement__agreement__contract__vendor=vendor,
            number__gt=1,
            finalised_at__gte=datetime.combine(since, time.min, tzinfo=UTC),
        )
        .select_related("statement__agreement__contract")
        .defer("inputs", "result")
        .order_by("finalised_at", "pk")
    )
    before = {
        (row.statement_id, row.number): row
        for row in StatementRevision.objects.filter(
            statement__in=[row.statement_id for row in later], number__lt=F("statement__revisions__number")
        )
        .defer("inputs", "result")
        .distinct()
    }
    return tuple(
        (before[row.statement_id, row.number - 1], row)
        for row in later
        if (row.statement_id, row.number - 1) in before
    )


def _held(
    vendor: Vendor,
    *,
    inside: Iterable[Statement],
    lines: Mapping[int, tuple[LineFigures, ...]],
    since: date,
    user: Reader,
) -> tuple[HeldCorrection, ...]:
    """Return what is held for a later statement, while no line of that one tells it."""
    rows = list(
        HeldCorrection.objects.visible_to(user)
        .filter(statement__agreement__contract__vendor=vendor)
        .filter(
            Q(noted_at__gte=datetime.combine(since, time.min, tzinfo=UTC)) | Q(statement__in=list(inside))
        )
        .select_related("statement__agreement__contract", "into__agreement__contract")
        .order_by("noted_at", "pk")
    )
    prior = LineFigures.Status.PRIOR_PERIOD
    frozen = StatementLine.objects.filter(status=prior, earlier__in={row.statement_id for row in rows})
    told = set(frozen.values_list("revision__statement", "earlier"))
    told |= {
        (each.pk, line.earlier_id)
        for each in inside
        for line in lines.get(each.pk, ())
        if line.status == prior
    }
    return tuple(row for row in rows if (row.into_id, row.statement_id) not in told)
