"""The statements of a scope, each in one row with the levels that it misses: what a mail tells of them.

A finalised one speaks by its newest revision, another one by its draft; the sums are those of `standing`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Q

from sla.models import DraftLine, LineFigures, Statement, StatementLine, StatementRevision
from sla.selectors.scope import Scope, newest_revision

Figures = StatementRevision | Statement


class MissedLevel(NamedTuple):
    """A level that was missed; money in minor units of `currency`."""

    name: str
    services: str
    window: str
    level_printed: str
    value_printed: str
    currency: str
    due_minor: int


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One statement. `head` comes with its SLA schedule, contract and vendor; `revision` is the newest."""

    head: Statement
    revision: StatementRevision | None
    missed: tuple[MissedLevel, ...]

    @property
    def figures(self) -> Figures:
        """Return what it says: the newest revision, else the draft."""
        return self.revision or self.head

    @property
    def needs_correction(self) -> bool:
        """Say whether today's records would give a finalised one another result."""
        frozen = self.revision
        return frozen is not None and self.head.compared_digest not in ("", frozen.result_digest)

    @property
    def number(self) -> str:
        """Return its number, with the revision where it has one."""
        return f"{self.head.number}/r{self.revision.number}" if self.revision else self.head.number


def judged_statements(scope: Scope) -> list[Judged]:
    """Return the statements of a scope that have figures, in four queries, by vendor and number."""
    heads = (
        scope.statements()
        .annotate(newest=newest_revision())
        .filter(Q(computed__gt=0) | Q(newest__isnull=False))
        .select_related("agreement__contract__vendor")
        .defer("outcomes")
    )
    rows = list(
        heads.order_by(
            "agreement__contract__vendor__name",
            "agreement__contract__reference",
            "agreement__code",
            "last_on",
            "period",
        )
    )
    return judged_of(rows)


def judged_of(heads: Sequence[Statement]) -> list[Judged]:
    """Return statements with what their newest revisions say, in the given order."""
    frozen = newest_revisions(heads)
    drawn = [head.pk for head in heads if head.pk not in frozen]
    by_revision = {revision.pk: statement for statement, revision in frozen.items()}
    tables = (
        (StatementLine.objects.filter(revision__in=by_revision), "revision_id", by_revision),
        (DraftLine.objects.filter(statement__in=drawn), "statement_id", {pk: pk for pk in drawn}),
    )
    missed: dict[int, list[MissedLevel]] = defaultdict(list)
    for lines, parent, owners in tables:
        own = lines.filter(status=LineFigures.Status.STANDING)
        _add_missed(own, parent=parent, owners=owners, found=missed)
    return [
        Judged(
            head=head,
            revision=frozen.get(head.pk),
            missed=tuple(missed[head.pk]),
        )
        for head in heads
    ]


def newest_revisions(heads: Iterable[Statement]) -> dict[int, StatementRevision]:
    """Return the newest revision of each finalised statement by the statement's key, without its texts."""
    rows = (
        StatementRevision.objects.filter(statement__in=[head.pk for head in heads])
        .defer("inputs", "result")
        .order_by("number")
    )
    return {row.statement_id: row for row in rows}


def _add_missed(
    lines: Any, *, parent: str, owners: Mapping[int, int], found: dict[int, list[MissedLevel]]
) -> None:
    names = (
        "target",
        "name",
        "services",
        "window",
        "level_printed",
        "value_printed",
        "currency",
        "due_minor",
    )
    rows = lines.filter(missed=True).order_by(parent, "number").values_list(parent, *names)
    for key, target, name, *rest in rows:
        found[owners[key]].append(MissedLevel(name or target, *rest))
