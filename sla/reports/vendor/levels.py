"""Lines of statements as parts of the report, and the grid and trends that they make over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import dropwhile

from sla.engine.facts import Verdict
from sla.engine.periods import PeriodKind, period_on, zone_table
from sla.engine.results import TimeClass
from sla.engine.terms import Pays
from sla.engine.trace import written_fraction
from sla.models import LineFigures, Statement
from sla.reports.editions.edition import Edition
from sla.reports.pictures import (
    Grid,
    GridCell,
    GridRow,
    Standing,
    Trend,
    TrendPoint,
    Waterfall,
    WaterfallStep,
)
from sla.reports.pictures.statement import limit_words
from sla.reports.vendor.data import LevelPart
from sla.reports.vendor.rows import PERIODS, Rows
from sla.reports.words import PAYS

STANDINGS = {
    Verdict.MET: Standing.MET,
    Verdict.MET_UNCONFIRMED: Standing.UNCONFIRMED,
    Verdict.MISSED: Standing.MISSED,
    Verdict.PROVISIONAL: Standing.UNCERTAIN,
    Verdict.NOT_MEASURABLE: Standing.UNMEASURED,
}
WORST_FIRST = (
    Standing.MISSED,
    Standing.UNCERTAIN,
    Standing.UNCONFIRMED,
    Standing.UNMEASURED,
    Standing.MET,
)
MOST_ROWS, MOST_TRENDS, MOST_FALLS = 20, 3, 3
Status = LineFigures.Status
DAY = timedelta(days=1)
STEPPED = {PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR}
# A service level of a schedule over the same services, whatever the period.
Series = tuple[int, str, tuple[str, ...]]


def level_parts(rows: Rows, *, edition: Edition) -> tuple[LevelPart, ...]:
    """Return the standing lines of the statements that end in the range."""
    return tuple(
        _part(line, statement=each, rows=rows, edition=edition)
        for each in rows.inside
        for line in standing_lines(rows, of=each)
    )


def standing_lines(rows: Rows, *, of: Statement) -> Iterator[LineFigures]:
    """Yield the lines that a statement still has and that are its own."""
    return (line for line in rows.lines.get(of.pk, ()) if line.status == Status.STANDING)


def numbered(statement: Statement, *, rows: Rows) -> str:
    """Return a statement's number, with its revision where it has one."""
    revision = rows.revisions.get(statement.pk)
    return statement.number if revision is None else f"{statement.number}/r{revision.number}"


def standing_of(line: LineFigures) -> Standing:
    """Return how a line stands; a miss that nothing unknown can undo is one already."""
    return Standing.MISSED if line.missed else STANDINGS[Verdict(line.verdict)]


def known_share(line: LineFigures) -> Fraction:
    """Return the share of the time that somebody knows; of figures that are not time, all or nothing."""
    if line.total_us:
        return Fraction(line.total_us - line.unknown_us, line.total_us)
    return Fraction(line.value is not None)


def line_name(line: LineFigures) -> str:
    """Return what a line is called."""
    return line.name or line.target or "Credit of the whole period"


def _part(line: LineFigures, *, statement: Statement, rows: Rows, edition: Edition) -> LevelPart:
    revision = rows.revisions.get(statement.pk)
    answer = rows.answers.get((revision.pk, line.number)) if revision is not None else None
    return LevelPart(
        statement=numbered(statement, rows=rows),
        finalised=revision is not None,
        number=line.number,
        name=line_name(line),
        services=line.services,
        window=line.window,
        first_on=line.window_first_on,
        last_on=line.window_last_on,
        clause=line.clause,
        standing=standing_of(line),
        target=line.level_printed,
        achieved=line.value_printed,
        exact=line.value,
        shortfall=line.shortfall_printed if line.missed else "",
        contested=line.contested,
        total_us=line.total_us,
        classes=tuple((each.value, getattr(line, f"{each.value}_us")) for each in TimeClass),
        counted_us=line.counted_us,
        incidents=rows.named(line.incidents, edition=edition),
        currency=line.currency,
        base_minor=line.base_minor,
        before_caps_minor=line.before_caps_minor,
        due_minor=line.due_minor,
        agreed_minor=line.agreed_minor,
        other_credit=_other_credit(line),
        pays=Pays(line.pays),
        quantity=line.quantity,
        answer="" if answer is None else answer.get_answer_display(),
    )


def _other_credit(line: LineFigures) -> str:
    if line.pays == Pays.MONEY or not line.quantity:
        return ""
    return f"{written_fraction(line.quantity)} {PAYS[Pays(line.pays)]}"


def _series(rows: Rows) -> dict[Series, dict[Statement, list[LineFigures]]]:
    """Return the lines of each level over the statements shown, oldest first."""
    found: dict[Series, dict[Statement, list[LineFigures]]] = defaultdict(lambda: defaultdict(list))
    for each in rows.shown:
        for line in standing_lines(rows, of=each):
            if line.metric:
                found[each.agreement_id, line.target, tuple(sorted(line.units))][each].append(line)
    return found


def _missed_inside(by: Mapping[Statement, Sequence[LineFigures]], *, rows: Rows) -> bool:
    return any(line.missed for each in rows.inside for line in by.get(each, ()))


def grids(rows: Rows) -> tuple[Grid, ...]:
    """Return one grid for each kind of period: service levels by their last twelve periods."""
    series = _series(rows)
    kinds = {each.agreement.period_kind for each in rows.inside}
    return tuple(
        _grid(kind, series=series, rows=rows)
        for kind in sorted(kinds)
        if any(each.agreement.period_kind == kind for each in rows.shown)
    )


def _grid(
    kind: str, *, series: Mapping[Series, Mapping[Statement, Sequence[LineFigures]]], rows: Rows
) -> Grid:
    heads = [each for each in rows.shown if each.agreement.period_kind == kind]
    periods = _periods(heads)
    ours = [
        by
        for by in series.values()
        if next(iter(by)).agreement.period_kind == kind and any(each.period in periods for each in by)
    ]
    # Where not all fit, those with a miss stay.
    ranked = sorted(ours, key=lambda by: not any(line.missed for lines in by.values() for line in lines))
    kept = [by for by in ours if any(by is each for each in ranked[:MOST_ROWS])]
    left_out = len(ours) - len(kept)
    more = f"; {left_out} more levels without a row here" if left_out else ""
    last = f"the last {len(periods)}" if len(periods) > 1 else "".join(periods)
    return Grid(
        title=f"Service levels by period, {last}{more}",
        periods=periods,
        rows=tuple(_row(by, periods=periods, rows=rows) for by in kept),
    )


def _periods(heads: Sequence[Statement]) -> tuple[str, ...]:
    """Return the last twelve periods from the first with a statement on, also those without one."""
    newest = max(heads, key=lambda each: (each.last_on, each.period))
    found = {each.period: each.last_on for each in heads}
    rule, oldest, on = newest.agreement.period, min(each.first_on for each in heads), newest.first_on
    years = zone_table("UTC", first_year=oldest.year - 1, last_year=newest.last_on.year + 1)
    for _ in range(PERIODS if rule.kind in STEPPED else 0):
        on -= DAY
        if on < oldest:
            break
        earlier = period_on(on, rule=rule, zone=years)
        found.setdefault(earlier.label, earlier.last_on)
        on = earlier.first_on
    labels = sorted(found, key=lambda label: (found[label], label))[-PERIODS:]
    made = {each.period for each in heads}
    return tuple(dropwhile(lambda label: label not in made, labels))


def _row(by: Mapping[Statement, Sequence[LineFigures]], *, periods: Sequence[str], rows: Rows) -> GridRow:
    agreement = next(iter(by)).agreement_id
    made = {each.period for each in rows.shown if each.agreement_id == agreement}
    cells = {each.period: _cell(lines, final=each.pk in rows.revisions) for each, lines in by.items()}
    newest = list(by.values())[-1][-1]
    return GridRow(
        name=line_name(newest),
        services=newest.services,
        target=f"target {newest.level_printed}" if newest.level_printed else "",
        cells=tuple(cells.get(label) for label in periods),
        without=tuple(label for label in periods if label not in made),
    )


def _cell(lines: Iterable[LineFigures], *, final: bool) -> GridCell:
    """Return the worst window of a statement."""
    worst = min(lines, key=lambda line: WORST_FIRST.index(standing_of(line)))
    return GridCell(
        value=worst.value_printed if worst.value is not None else "",
        standing=standing_of(worst),
        known=known_share(worst),
        finalised=final,
    )


def trends(rows: Rows) -> tuple[Trend, ...]:
    """Return achieved against target over time, of the levels that were missed in the range."""
    found = []
    for by in _series(rows).values():
        points = [
            _point(line, label=line.window or each.period, final=each.pk in rows.revisions)
            for each, lines in by.items()
            for line in lines
        ][-PERIODS:]
        if _missed_inside(by, rows=rows) and sum(point.value is not None for point in points) > 1:
            newest = list(by.values())[-1][-1]
            title = ", ".join(filter(None, (line_name(newest), newest.services)))
            found.append(Trend(title=title, points=tuple(points)))
    return tuple(found[:MOST_TRENDS])


def _point(line: LineFigures, *, label: str, final: bool) -> TrendPoint:
    return TrendPoint(
        label=label,
        value=line.value,
        printed=line.value_printed,
        target=line.level,
        target_printed=line.level_printed,
        missed=line.missed,
        finalised=final,
    )


def waterfalls(rows: Rows) -> tuple[Waterfall, ...]:
    """Return how credits in money came about: those that a limit cut first, then the largest."""
    lines = [line for each in rows.inside for line in standing_lines(rows, of=each)]
    paying = [
        line for line in lines if line.pays == Pays.MONEY and (line.due_minor or line.before_caps_minor)
    ]
    paying.sort(key=lambda line: (not line.removed, -line.due_minor, line.key))
    return tuple(_fall(line) for line in paying[:MOST_FALLS])


def _fall(line: LineFigures) -> Waterfall:
    return Waterfall(
        title=", ".join(filter(None, (line_name(line), line.services, line.window))),
        currency=line.currency,
        base_minor=line.base_minor,
        base_label="Base: the fees it is taken from",
        before_caps_minor=line.before_caps_minor if line.before_caps is None else line.before_caps,
        steps=tuple(
            WaterfallStep(
                label=limit_words(each["code"], clause=each.get("clause", "")),
                amount_minor=-Fraction(str(each["amount"])),
            )
            for each in line.removed
        ),
        due_minor=line.due_minor,
    )
