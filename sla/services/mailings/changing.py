"""What changed since a reader was told, and why: in the words of revisions and of noted changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sla.engine.money import Money
from sla.models import Figures, StatementRevision, ToldFigure
from sla.reports.editions.corrections import signed
from sla.reports.mails.summary import Change
from sla.selectors.told import Compared, Earlier, changed_since, never_told, noted_changes

NO_RECORD = (
    "No record of this period changed: it follows from an earlier period, from a limit that it shares, or"
    " from the time that passed."
)
NOT_TOLD = "It was not in the earlier reports."
Causes = Mapping[int, Sequence[tuple[int, str]]]


def differences(earlier: Earlier, *, before: date) -> list[Compared]:
    """Return what says something else than the reader was told, and what earlier periods were not told of."""
    late = [each for each in never_told(earlier) if each.head.last_on < before]
    return [*changed_since(earlier), *late]


def changes_of(found: Sequence[Compared]) -> tuple[Change, ...]:
    """Return differences with their causes, in three queries for all of them."""
    noted = noted_changes([each for each in found if each.told is not None and each.told.revision is None])
    causes = _revision_causes(found)
    return tuple(_change(each, noted=noted, causes=causes) for each in found)


def _revision_causes(found: Sequence[Compared]) -> Causes:
    """Return number and cause of each revision of some statements, by statement."""
    frozen = [each.head.pk for each in found if each.revision is not None and each.told is not None]
    rows = StatementRevision.objects.filter(statement__in=frozen).order_by("number")
    causes: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for statement, number, cause in rows.values_list("statement", "number", "cause"):
        causes[statement].append((number, cause))
    return causes


def _change(each: Compared, *, noted: Mapping[int, Sequence[str]], causes: Causes) -> Change:
    head, told, now = each.head, each.told, each.figures
    number = head.number if each.revision is None else f"{head.number}/r{each.revision.number}"
    return Change(
        number=number,
        vendor=head.agreement.contract.vendor.name,
        told_as="" if told is None else "as a draft" if told.revision is None else f"as r{told.revision}",
        told_in="" if told is None else told.report.period,
        was="" if told is None else figure_words(told),
        is_now=figure_words(now),
        difference="" if told is None else _difference(told, now=now),
        causes=tuple(_causes(each, noted=noted, causes=causes)),
        is_draft=each.revision is None,
    )


def figure_words(figures: Figures | ToldFigure) -> str:
    """Return a credit and its verdict, such as `USD 200.00, missed`."""
    state = Figures.State(figures.state).label.lower() if figures.state else "no verdict"
    return f"{figures.shown or 'no credit'}, {state}"


def _difference(told: ToldFigure, *, now: Figures) -> str:
    delta = now.due_minor - told.due_minor
    return signed(Money(delta, now.currency)) if delta and told.currency == now.currency else ""


def _causes(each: Compared, *, noted: Mapping[int, Sequence[str]], causes: Causes) -> Iterator[str]:
    told, pk = each.told, each.head.pk
    if told is None:
        yield NOT_TOLD
        return
    yield from noted.get(pk, ())
    later = [(number, why) for number, why in causes.get(pk, ()) if number > (told.revision or 0)]
    for number, why in later:
        yield f"Finalised as r{number}: {why}"
    if not later and not noted.get(pk):
        yield NO_RECORD
