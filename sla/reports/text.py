"""A result for a terminal: levels, time account, credits, claim, counters, and how it was worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from textwrap import wrap

from sla.engine.intervals import micro
from sla.engine.money import Money
from sla.engine.results import (
    Case,
    CaseState,
    Chronic,
    ClaimTerms,
    Credit,
    CreditTotal,
    Due,
    Ledger,
    Measured,
    NextTier,
    Removed,
    Result,
)
from sla.engine.terms import Pays
from sla.engine.trace import Step, written_length
from sla.reports.figures import shown_credit, shown_level, shown_room, shown_value
from sla.reports.moments import local_moments
from sla.reports.words import CREDIT_STATES, TIME_CLASSES, VERDICTS, account_reason

WIDTH = 100
LABEL = 46


@dataclass(frozen=True)
class Reader:
    """What the page is written with: names of service levels, and moments in the contract's zone."""

    names: Mapping[str, str]
    instant: Callable[[datetime], str]

    def name(self, code: str) -> str:
        return self.names.get(code, code)


def render_text(result: Result, *, names: Mapping[str, str] | None = None) -> str:
    """Return a result as text of 100 columns, moments in its own zone; ``names`` are by code."""
    reader = Reader(names or {}, local_moments(result.zone))
    blocks = [
        _heading(result, reader),
        *(_level(one, reader) for one in result.measured),
        _credits(result, reader),
        _claim(result.claim),
        _section("Chronic failures", (line for one in result.chronic for line in _chronic(one))),
        _section("Earned back by the vendor", _earned(result, reader)),
        _section("Next step down", (line for one in result.next_tiers for line in _next(one, reader))),
        _section("How this was worked out", _reasons(result, reader)),
    ]
    return "\n\n".join("\n".join(block) for block in (list(lines) for lines in blocks) if block) + "\n"


def _heading(result: Result, reader: Reader) -> Iterator[str]:
    period = result.period
    yield f"Service level statement {result.contract}/{result.schedule}/{period.label}"
    yield "=" * WIDTH
    yield f"{period.first_on} to {period.last_on}, {result.zone}"
    yield f"Known until {reader.instant(result.known_until)}"
    for reason in result.provisional:
        yield from _wrapped(f"Provisional: {reason}", indent=0)


def _level(one: Measured, reader: Reader) -> Iterator[str]:
    title = f"{reader.name(one.target)}: {VERDICTS[one.verdict]}"
    yield from _title(f"{title} ({', '.join(one.units)}; {one.window.label})")
    yield _row("Achieved", shown_value(one.value, unit=one.unit, beside=one.level))
    if one.best != one.worst:
        best = shown_value(one.best, unit=one.unit, beside=one.level)
        worst = shown_value(one.worst, unit=one.unit, beside=one.level)
        yield _row("Best to worst", f"{best} to {worst}")
    yield _row("Level", shown_level(one.level, unit=one.unit))
    if one.expected is not None:
        yield _row("Expected level", shown_level(one.expected, unit=one.unit))
    if one.ledger is not None:
        yield from _account(one.ledger, one=one, reader=reader)
    yield from _cases(one, reader)
    for reason in one.provisional:
        yield from _wrapped(f"Provisional: {reason}", indent=2)


def _account(ledger: Ledger, *, one: Measured, reader: Reader) -> Iterator[str]:
    """Every class that has time, their sum, and what the clause adds to or takes from `down`."""
    yield ""
    summed = ledger.total_us != micro(one.window.during.length)
    count = len(ledger.units)
    how = f"summed over {count} services" if summed else f"{count} services as one"
    units = f", {how}" if count > 1 else ""
    yield f"  Time account{units}"
    for time_class, length in ledger.classes:
        if length:
            yield _row(f"  {TIME_CLASSES[time_class]}", written_length(length))
    yield "  " + "-" * (LABEL + 20)
    yield _row("  All of the period", written_length(ledger.total_us))
    for step in one.adjustments:
        yield from _wrapped(step.sentence(instant=reader.instant), indent=4)
    if one.adjustments:
        yield _row("  Counted downtime", written_length(one.counted_us))
    for line in ledger.lines:
        start, end = reader.instant(line.during.start), reader.instant(line.during.end)
        named = [", ".join(line.incidents), account_reason(line.rule), line.clause, line.by, line.why]
        why = "; ".join(filter(None, named))
        what = TIME_CLASSES[line.time_class]
        yield from _wrapped(f"{start} to {end} {what}" + (f" ({why})" if why else ""), indent=4)


def _cases(one: Measured, reader: Reader) -> Iterator[str]:
    if not one.cases:
        return
    yield ""
    yield "  Account of cases"
    words = {
        CaseState.COUNTED: "Counted",
        CaseState.EXCLUDED: "Excluded",
        CaseState.NOT_YET_DUE: "Not yet due",
    }
    for state, word in words.items():
        yield _row(f"  {word}", str(sum(case.state is state for case in one.cases)))
    yield "  " + "-" * (LABEL + 20)
    yield _row("  All cases", str(len(one.cases)))
    for case in one.cases:
        took = _took(case, reader)
        late = f", late by {written_length(case.lateness_us)}" if case.late else ""
        why = f" ({case.why})" if case.why else ""
        yield from _wrapped(f"{case.subject}: {words[case.state].lower()}, {took}{late}{why}", indent=4)


def _took(case: Case, reader: Reader) -> str:
    """Return how long a case took, or when what was owed was due and came."""
    if case.elapsed_us is not None:
        return written_length(case.elapsed_us)
    due = f"due by {reader.instant(case.due_at)}" if case.due_at else "no date"
    return f"{due}, {f'came {reader.instant(case.done_at)}' if case.done_at else 'not come yet'}"


def _credits(result: Result, reader: Reader) -> Iterator[str]:
    yield from _title("Credits")
    if not result.credits.lines:
        yield "  No credit follows from this period."
    for line in result.credits.lines:
        yield from _credit(line, currency=result.currency, reader=reader)
    for total in result.credits.totals:
        yield from _total(total, currency=result.currency)
    if result.credits.points:
        yield _row("Points", shown_credit(result.credits.points, pays=Pays.POINTS, currency=""))
    amounts = {
        "Carried to later statements": result.credits.carried,
        "Agreed by the vendor's own account": result.agreed,
        "Contested": result.contested,
    }
    for label, amount in amounts.items():
        if amount is not None:
            yield _row(label, str(amount))


def _credit(line: Credit, *, currency: str, reader: Reader) -> Iterator[str]:
    yield f"  {reader.name(line.target)} ({', '.join(line.units)}; {line.window})"
    if line.base is not None:
        yield _row("  Base", str(line.base))
    yield _row("  Before caps", shown_credit(line.before_caps, pays=line.pays, currency=currency))
    yield from _removed(line.removed, pays=line.pays, currency=currency)
    yield _row(
        "  Due", f"{_due(line.due, line.due_exact, line.pays, currency)} ({CREDIT_STATES[line.state]})"
    )
    if line.agreed is not None and line.due is not None:
        yield _row("  Of it agreed by the vendor's own account", str(line.agreed))
    for reason in line.provisional:
        yield from _wrapped(f"Provisional: {reason}", indent=4)


def _total(total: CreditTotal, *, currency: str) -> Iterator[str]:
    yield "  " + "-" * (LABEL + 20)
    if total.removed:
        yield _row("All, before caps", shown_credit(total.before_caps, pays=total.pays, currency=currency))
        yield from _removed(total.removed, pays=total.pays, currency=currency)
    label = "Credit due, before tax" if total.pays is Pays.MONEY else "Credit due"
    yield _row(label, _due(total.due, total.due_exact, total.pays, currency))


def _removed(removed: Iterable[Removed], *, pays: Pays, currency: str) -> Iterator[str]:
    for one in removed:
        clause = f", {one.clause}" if one.clause else ""
        carried = ", carried" if one.carried else ""
        amount = shown_credit(-one.amount, pays=pays, currency=currency)
        yield _row(f"  Taken by {one.code}{clause}{carried}", amount)


def _due(due: Money | None, exact: Fraction, pays: Pays, currency: str) -> str:
    return str(due) if due is not None else shown_credit(exact, pays=pays, currency=currency)


def _claim(claim: ClaimTerms | None) -> Iterator[str]:
    if claim is None:
        return
    yield from _title("Claim")
    if claim.automatic:
        yield "  The vendor credits it without being asked."
    for number, due in enumerate(claim.deadlines):
        warning = (
            " (warn by this one: it is the earliest reading)"
            if number == 0 and len(claim.deadlines) > 1
            else ""
        )
        yield from _due_line("Claim by", due, after=warning)
    for due in claim.steps:
        yield from _due_line("Needed" if due.required else "Asked for", due)
    if claim.channel:
        yield _row("Where", claim.channel)
    for item in claim.must_contain:
        yield _row("It must contain", item)


def _due_line(label: str, due: Due, *, after: str = "") -> Iterator[str]:
    what = " ".join(filter(None, [due.what, due.incident]))
    reading = f", {due.reading}" if due.reading else ""
    clause = f" [{due.clause}]" if due.clause else ""
    yield from _wrapped(f"{label} {due.due_on}: {what}{reading}{clause}{after}", indent=2)


def _chronic(one: Chronic) -> Iterator[str]:
    state = "REACHED" if one.reached else "not reached"
    yield f"  {one.name or one.code}: {one.count} of {one.needed}, {state}"
    if one.reached and one.opens:
        ends = f" ({one.ends})" if one.ends else ""
        yield from _wrapped(f"It opens: {one.opens}{ends}", indent=4)
    if one.notice_by is not None:
        yield f"    Notice by {one.notice_by.due_on}"


def _earned(result: Result, reader: Reader) -> Iterator[str]:
    for one in result.earned_back:
        yield f"  {reader.name(one.target)}, credit of {one.period}: {one.amount} ({one.form})"


def _next(one: NextTier, reader: Reader) -> Iterator[str]:
    """Yield how much further downtime a level bears; nothing where that is no question of downtime."""
    where = f"{reader.name(one.target)} ({', '.join(one.units)}; {one.window})"
    credit = f", then {one.credit} before caps" if one.credit is not None and one.credit.minor else ""
    if one.room_us is not None:
        yield f"  {where}: {shown_room(one.room_us)} more down{credit}"
    elif one.irreversible:
        yield f"  {where}: already missed, and no further row pays more"


def _reasons(result: Result, reader: Reader) -> Iterator[str]:
    """Every step as a sentence, indented under the one that it explains, each printed once."""
    for one in result.measured:
        yield from _steps(one.step, reader)
    for line in result.credits.lines:
        yield from _steps(line.step, reader)
    shown = [line.step for line in result.credits.lines]
    for total in result.credits.totals:
        yield from _steps(total.step, reader, known=shown)
    for counter in result.chronic:
        yield from _steps(counter.step, reader)


def _steps(
    step: Step, reader: Reader, *, known: Sequence[Step] = (), depth: int = 0, above: str = ""
) -> Iterator[str]:
    """Write a step and those below it; a clause is named where it differs from the one above."""
    clause = f" [{step.clause}]" if step.clause and step.clause != above else ""
    yield from _wrapped(f"{step.sentence(instant=reader.instant)}{clause}", indent=2 + 2 * depth)
    if step in known:
        return
    for inner in step.inputs:
        yield from _steps(inner, reader, known=known, depth=depth + 1, above=step.clause or above)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from _title(title)
        yield from found


def _title(text: str) -> Iterator[str]:
    yield text
    yield "-" * min(len(text), WIDTH)


def _row(label: str, value: str) -> str:
    return f"  {label:<{LABEL}} {value}"


def _wrapped(text: str, *, indent: int) -> list[str]:
    return wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4), break_on_hyphens=False
    )
