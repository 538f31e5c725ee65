"""One measured level: what was achieved against what was owed, and the account behind it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sla.engine.facts import Verdict
from sla.engine.results import Case, CaseState, Ledger, LedgerLine, Measured, NextTier
from sla.engine.trace import written_fraction, written_length
from sla.reports.figures import shown_achieved, shown_level, shown_promise, shown_room, shown_value
from sla.reports.pictures import Picture, swatch
from sla.reports.pictures.statement import time_pictures
from sla.reports.statement.reader import Linked, Reader
from sla.reports.statement.reasons import Reason, reason_of
from sla.reports.words import TIME_CLASSES, VERDICTS, account_reason

TONES = {
    Verdict.MET: "good",
    Verdict.MET_UNCONFIRMED: "warn",
    Verdict.MISSED: "bad",
    Verdict.NOT_MEASURABLE: "neutral",
    Verdict.PROVISIONAL: "warn",
}
CASES = {
    CaseState.COUNTED: "Counted",
    CaseState.EXCLUDED: "Excluded",
    CaseState.NOT_YET_DUE: "Not yet due",
}


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class of the account with what it comes to."""

    code: str
    label: str
    amount: str
    share: str
    swatch: str


@dataclass(frozen=True, kw_only=True)
class AccountLine:
    """One stretch of time: what it was taken for, by which incident, clause, rule and person."""

    code: str
    label: str
    starts: str
    ends: str
    length: str
    services: str
    incidents: tuple[Linked, ...]
    clause: str
    rule: str
    by: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """One case of a measure that is not time."""

    subject: Linked
    state: str
    took: str
    due: str
    done: str
    late: str
    why: str


@dataclass(frozen=True, kw_only=True)
class LevelView:
    """One level in one window, as it is shown."""

    code: str
    anchor: str
    name: str
    services: str
    window: str
    verdict: str
    tone: str
    achieved: str
    exact: str
    level: str
    expected: str
    best: str
    worst: str
    classes: tuple[ClassRow, ...]
    total: str
    total_note: str
    adjustments: tuple[str, ...]
    counted: str
    lines: tuple[AccountLine, ...]
    cases: tuple[CaseLine, ...]
    case_rows: tuple[tuple[str, int], ...]
    pictures: tuple[Picture, ...]
    room: str
    reason: Reason
    provisional: tuple[str, ...]


def level_view(one: Measured, *, number: int, reader: Reader, tier: NextTier | None) -> LevelView:
    """Return one measured level for showing; ``number`` tells it apart on the page."""
    ledger, uncertain = one.ledger, one.best != one.worst
    return LevelView(
        code=one.target,
        anchor=f"level-{number}",
        name=reader.level(one.target),
        services=reader.units(one.units),
        window=one.window.label,
        verdict=VERDICTS[one.verdict],
        tone=TONES[one.verdict],
        achieved=shown_achieved(one),
        exact=exact_figure(one),
        level=shown_promise(one),
        expected="" if one.expected is None else shown_level(one.expected, unit=one.unit),
        best=shown_value(one.best, unit=one.unit, beside=one.level) if uncertain else "",
        worst=shown_value(one.worst, unit=one.unit, beside=one.level) if uncertain else "",
        classes=() if ledger is None else _classes(ledger),
        total="" if ledger is None else written_length(ledger.total_us),
        total_note=""
        if ledger is None or len(ledger.units) < 2
        else f"{len(ledger.units)} services together",
        adjustments=tuple(step.sentence(instant=reader.instant) for step in one.adjustments),
        counted=written_length(one.counted_us) if ledger is not None else "",
        lines=() if ledger is None else tuple(_line(each, reader=reader) for each in ledger.lines),
        cases=tuple(_case(each, reader=reader) for each in one.cases),
        case_rows=tuple((word, sum(c.state is state for c in one.cases)) for state, word in CASES.items()),
        pictures=time_pictures(
            one,
            zone=reader.zone,
            instant=reader.instant,
            levels=reader.levels,
            services=reader.services,
            key=f"level{number}",
        ),
        room="" if tier is None else _room(tier),
        reason=reason_of(one.step, reader=reader),
        provisional=one.provisional,
    )


def exact_figure(one: Measured) -> str:
    """Return the figure that was judged, with the exact fraction behind it."""
    if one.value is None:
        return ""
    if one.unit == "%" and one.denominator_us and one.ledger is not None:
        down, whole = written_length(one.counted_us), written_length(one.denominator_us)
        return f"{written_fraction(one.value, digits=9)} % ({down} down of {whole})"
    if one.unit == "%":
        plain = f"{written_fraction(one.value, digits=9)} %"
        return "" if plain == shown_achieved(one) else plain
    if one.unit in ("us", "count"):
        return ""
    plain = written_fraction(one.value, digits=9)
    if Fraction(plain) != one.value:
        return f"{plain}… ({one.value})"
    return "" if shown_achieved(one).startswith(plain) else plain


def _classes(ledger: Ledger) -> tuple[ClassRow, ...]:
    return tuple(
        ClassRow(
            code=each.value,
            swatch=swatch(each.value),
            label=TIME_CLASSES[each],
            amount=written_length(length),
            share=f"{written_fraction(Fraction(length * 100, ledger.total_us), digits=3)} %",
        )
        for each, length in ledger.classes
        if length
    )


def _line(line: LedgerLine, *, reader: Reader) -> AccountLine:
    return AccountLine(
        code=line.time_class.value,
        label=TIME_CLASSES[line.time_class],
        starts=reader.instant(line.during.start),
        ends=reader.instant(line.during.end),
        length=written_length(line.unit_us),
        services=reader.units(line.units),
        incidents=tuple(Linked(text=each, url=reader.links.get(each, "")) for each in line.incidents),
        clause=line.clause,
        rule=account_reason(line.rule),
        by=line.by,
        why=line.why,
    )


def _case(case: Case, *, reader: Reader) -> CaseLine:
    return CaseLine(
        subject=Linked(text=case.subject, url=reader.links.get(case.subject, "")),
        state=CASES[case.state],
        took="" if case.elapsed_us is None else written_length(case.elapsed_us),
        due="" if case.due_at is None else reader.instant(case.due_at),
        done="" if case.done_at is None else reader.instant(case.done_at),
        late=f"late by {written_length(case.lateness_us)}" if case.late else "",
        why=case.why,
    )


def _room(tier: NextTier) -> str:
    """Return how far it still is to the next step down, in time and money."""
    paid = tier.credit is not None and tier.credit.minor > 0
    then = f", then {tier.credit} before caps" if paid else ""
    if tier.room_us is not None:
        return f"{shown_room(tier.room_us)} more downtime{then}"
    return f"Already missed for the whole window{then}" if tier.irreversible else ""
