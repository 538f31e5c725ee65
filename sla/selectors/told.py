"""What a reader was told in earlier reports of a schedule, beside what the statements say now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet, Subquery

from sla.models import ComplianceReport, ReportSchedule, Statement, StatementRevision, ToldFigure
from sla.selectors.judged import Figures, newest_revisions
from sla.selectors.scope import newest_revision
from vendors.models import FactChange, Reader, Vendor

CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A statement that says something else than a reader was told, or that was not told when it was due.

    `head` comes with its SLA schedule, contract and vendor; `told` with its report.
    """

    head: Statement
    revision: StatementRevision | None
    told: ToldFigure | None

    @property
    def figures(self) -> Figures:
        """Return what it says now."""
        return self.revision or self.head


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The earlier reports of one schedule to one reader, about the vendors that the reader gets now."""

    schedule: ReportSchedule
    subject: str
    user: Reader
    vendors: QuerySet[Vendor]

    def reports(self) -> QuerySet[ComplianceReport]:
        """Return them."""
        found: QuerySet[ComplianceReport] = ComplianceReport.objects.filter(
            schedule=self.schedule, subject=self.subject
        )
        return found

    def statements(self) -> QuerySet[Statement]:
        """Return the statements that the reader may see, with the vendor around them."""
        found: QuerySet[Statement] = (
            Statement.objects.visible_to(self.user)
            .filter(agreement__contract__vendor__in=self.vendors)
            .select_related("agreement__contract__vendor")
            .defer("outcomes")
            .order_by("last_on", "agreement__contract__vendor__name", "pk")
        )
        return found


def changed_since(earlier: Earlier) -> Iterator[Compared]:
    """Yield the statements whose figures are no longer those of their newest telling, the oldest first."""
    told = ToldFigure.objects.filter(statement=OuterRef("pk"), report__in=earlier.reports()).order_by("-pk")
    rows = earlier.statements().annotate(told=Subquery(told.values("pk")[:1])).exclude(told=None)
    keys = iter(rows.values_list("pk", "told").iterator(chunk_size=CHUNK))
    while chunk := dict(islice(keys, CHUNK)):
        yield from _changed(chunk, earlier=earlier)


def _changed(chunk: dict[int, int], *, earlier: Earlier) -> Iterator[Compared]:
    told = ToldFigure.objects.select_related("report").in_bulk(chunk.values())
    heads = list(earlier.statements().filter(pk__in=chunk))
    frozen = newest_revisions(heads)
    for head in heads:
        found = Compared(head=head, revision=frozen.get(head.pk), told=told[chunk[head.pk]])
        if told_apart(found):
            yield found


def told_apart(compared: Compared) -> bool:
    """Say whether the figures differ from what was told; a draft that was finalised as it stood does not."""
    told, now = compared.told, compared.figures
    return told is None or (told.state, told.currency, told.due_minor, told.shown) != (
        now.state,
        now.currency,
        now.due_minor,
        now.shown,
    )


def never_told(earlier: Earlier) -> list[Compared]:
    """Return the statements of periods that were reported to this reader without them, the oldest first."""
    spans = earlier.reports().aggregate(first=Min("first_on"), last=Max("last_on"))
    if spans["first"] is None:
        return []
    told = ToldFigure.objects.filter(statement=OuterRef("pk"), report__in=earlier.reports())
    rows = (
        earlier.statements()
        .annotate(newest=newest_revision())
        .filter(Q(computed__gt=0) | Q(newest__isnull=False))
        .filter(~Exists(told), last_on__range=(spans["first"], spans["last"]))
    )
    heads = list(rows)
    frozen = newest_revisions(heads)
    return [Compared(head=head, revision=frozen.get(head.pk), told=None) for head in heads]


def noted_changes(compared: Sequence[Compared]) -> dict[int, list[str]]:
    """Return what was noted to have changed in each statement's time since it was told, by its key.

    Of one that was finalised since, only what was noted until then. In one query for all of them.
    """
    told = [each for each in compared if each.told is not None]
    since = min((each.told.report.changes_until for each in told if each.told), default=None)
    if since is None:
        return {}
    contracts = {each.head.agreement.contract_id for each in told}
    rows = FactChange.objects.filter(pk__gt=since).filter(Q(contract__in=contracts) | Q(contract=None))
    by_contract: dict[int | None, list[FactChange]] = defaultdict(list)
    for row in rows.order_by("pk"):
        by_contract[row.contract_id].append(row)
    return {each.head.pk: list(dict.fromkeys(_subjects(each, by=by_contract))) for each in told}


def _subjects(compared: Compared, *, by: Mapping[int | None, Sequence[FactChange]]) -> Iterator[str]:
    """Yield what was noted in a statement's time after it was told."""
    head, told, frozen = compared.head, compared.told, compared.revision
    assert told is not None
    rows = sorted([*by.get(head.agreement.contract_id, ()), *by.get(None, ())], key=lambda row: row.pk)
    for row in rows:
        known = row.pk <= told.report.changes_until
        later = frozen is not None and row.noted_at > frozen.finalised_at
        if not known and not later and _touches(row, head=head):
            yield row.subject


def _touches(row: FactChange, *, head: Statement) -> bool:
    begins, ends = row.during_from, row.during_until
    if begins is not None and begins >= head.ends_at:
        return False
    return ends is None or ends > head.starts_at or begins == ends == head.starts_at


def newest_change() -> int:
    """Return the key of the newest changed fact that was noted, 0 where there is none."""
    return FactChange.objects.aggregate(newest=Max("pk"))["newest"] or 0
