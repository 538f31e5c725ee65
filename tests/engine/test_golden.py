"""Golden cases: published clauses as documents, each with the figures that must come out of it."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from sla.documents import Document, DocumentError, inputs_of, read_document
from sla.documents.expectations import Expectation, ExpectedLevel
from sla.engine.evaluation import evaluate
from sla.engine.facts import Facts, Inputs
from sla.engine.intervals import micro
from sla.engine.money import Money, exponent
from sla.engine.results import Credit, CreditTotal, Due, Measured, Result, TimeClass
from sla.engine.terms import Pays
from sla.engine.trace import Step

CASES = Path(__file__).parent.parent / "cases"
FILES = sorted(CASES.glob("*.toml"))
MONEY = (Pays.MONEY, Pays.CHARGE)
VALUES = ("verdict", "value", "best", "worst", "counted", "events", "late", "provisional")
CREDITS = ("credit_before_caps", "credit_due", "credit_state", "pays")
WHICH = ("target", "window", "services")
HEADING = ("agreement", "period", "known_until", "source", "reading")
ANSWERS = [field.name for field in fields(Expectation) if field.name not in HEADING]
TABLES = ("zone", "units", "rooms", "calendars", "calendar_zones")
SHUFFLED = [field.name for field in fields(Facts) if field.name not in TABLES]


@cache
def document_of(path: Path) -> Document:
    return read_document(path.read_bytes(), name=path.name)


def expectations() -> Iterator[tuple[Path, int, Expectation]]:
    """Yield every expectation; a file that cannot be read fails in its own test, not in collecting."""
    for path in FILES:
        try:
            expected = document_of(path).expect
        except DocumentError:
            continue
        for place, one in enumerate(expected):
            yield path, place, one


def name_of(path: Path, expected: Expectation, *, target: str = "") -> str:
    parts = [path.stem, expected.agreement, expected.period, target, expected.reading]
    return "/".join(part for part in parts if part)


def whole_cases() -> list[object]:
    return [pytest.param(path, place, id=name_of(path, one)) for path, place, one in expectations()]


def level_cases(*figures: str) -> list[object]:
    """Return the expected levels that state at least one of the figures."""
    return [
        pytest.param(path, place, i, id=name_of(path, one, target="+".join([level.target, *level.services])))
        for path, place, one in expectations()
        for i, level in enumerate(one.levels)
        if any(getattr(level, name) not in (None, "") for name in figures)
    ]


@cache
def evaluated(path: Path, place: int) -> tuple[Inputs, Result]:
    document = document_of(path)
    expected = document.expect[place]
    inputs = inputs_of(
        document,
        agreement=expected.agreement,
        period_label=expected.period,
        known_until=expected.known_until,
    )
    result = evaluate(
        inputs.versions,
        schedule=inputs.schedule,
        facts=inputs.facts,
        period=inputs.period,
        known_until=inputs.known_until,
        history=inputs.history,
    )
    return inputs, result


def level_of(result: Result, expected: ExpectedLevel) -> Measured:
    window = expected.window or result.period.label
    found = [
        one
        for one in result.measured
        if one.target == expected.target
        and one.window.label == window
        and (not expected.services or set(one.units) == set(expected.services))
    ]
    assert len(found) == 1, f"{len(found)} levels {expected.target} {expected.services} in {window}"
    return found[0]


def credit_of(result: Result, level: Measured) -> Credit | None:
    key = (level.target, level.window.label, level.units)
    found = [line for line in result.credits.lines if (line.target, line.window, line.units) == key]
    assert len(found) < 2, f"{len(found)} credits of {key}"
    return found[0] if found else None


def figure(value: Fraction | None, *, like: str) -> Fraction | str | None:
    """Return a value as the figure is written: a fraction exactly, a decimal to at least 6 places."""
    if value is None or "/" in like:
        return value
    places = max(len(like.partition(".")[2]), 6)
    return Fraction(half_up(value, places=places))


def half_up(value: Fraction, *, places: int) -> Decimal:
    scaled = value * 10**places
    # Exact: the quotient's digits beyond the halfway mark must not be lost to a decimal context.
    whole = (2 * abs(scaled) + 1).__floor__() // 2
    return Decimal(whole if scaled >= 0 else -whole).scaleb(-places)


def amount(value: Fraction, *, pays: Pays, currency: str, like: Decimal) -> Fraction:
    """Return an exact amount in major units: money to the minor unit, or finer where the figure is."""
    if pays not in MONEY:
        return value
    places = max(exponent(currency), -int(like.as_tuple().exponent))
    return Fraction(half_up(value / 10 ** exponent(currency), places=places))


def major(money: Money | None) -> Decimal | None:
    return None if money is None else Decimal(money.minor).scaleb(-exponent(money.currency))


def due_of(line: Credit | CreditTotal) -> Fraction:
    return line.due_exact if line.due is None else Fraction(major(line.due) or 0)


def test_every_figure_that_a_case_can_state_of_a_level_is_compared() -> None:
    assert {*WHICH, *VALUES, *CREDITS, "account"} == {field.name for field in fields(ExpectedLevel)}


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in FILES])
def test_a_case_says_where_its_numbers_come_from_and_what_must_come_out(path: Path) -> None:
    document = document_of(path)
    assert document.source
    assert document.expect
    for expected in document.expect:
        assert any(getattr(expected, name) not in ((), None) for name in ANSWERS), expected.period


@pytest.mark.parametrize(("path", "place", "i"), level_cases(*VALUES))
def test_a_level_comes_to_the_expected_value(path: Path, place: int, i: int) -> None:
    _, result = evaluated(path, place)
    expected = document_of(path).expect[place].levels[i]
    level = level_of(result, expected)
    if expected.verdict is not None:
        assert level.verdict is expected.verdict
    for name in ("value", "best", "worst"):
        if wanted := getattr(expected, name):
            assert figure(getattr(level, name), like=wanted) == Fraction(wanted), name
    if expected.counted is not None:
        assert level.counted_us == micro(expected.counted)
    if expected.events is not None:
        assert len(level.events) == expected.events
    if expected.late is not None:
        assert sum(case.late for case in level.cases) == expected.late
    if expected.provisional is not None:
        assert bool(level.provisional) is expected.provisional


@pytest.mark.parametrize(("path", "place", "i"), level_cases(*CREDITS))
def test_a_level_pays_the_expected_credit(path: Path, place: int, i: int) -> None:
    _, result = evaluated(path, place)
    expected = document_of(path).expect[place].levels[i]
    line = credit_of(result, level_of(result, expected))
    if line is None:
        assert (expected.credit_before_caps or 0, expected.credit_due or 0) == (0, 0)
        assert expected.credit_state in ("", "nothing")
        return
    if expected.pays is not None:
        assert line.pays is expected.pays
    if (before := expected.credit_before_caps) is not None:
        found = amount(line.before_caps, pays=line.pays, currency=result.currency, like=before)
        assert found == Fraction(before)
    if expected.credit_due is not None:
        assert due_of(line) == Fraction(expected.credit_due)
    if expected.credit_state:
        assert line.state.value == expected.credit_state


@pytest.mark.parametrize(("path", "place", "i"), level_cases("account"))
def test_the_account_of_a_level_holds_what_is_expected(path: Path, place: int, i: int) -> None:
    _, result = evaluated(path, place)
    expected = document_of(path).expect[place].levels[i]
    ledger = level_of(result, expected).ledger
    assert ledger is not None
    assert expected.account is not None
    for time_class in TimeClass:
        length = getattr(expected.account, time_class.value)
        if length is not None:
            assert ledger.us(time_class) == micro(length), time_class


@pytest.mark.parametrize(("path", "place"), whole_cases())
def test_the_period_comes_to_the_expected_credits(path: Path, place: int) -> None:
    _, result = evaluated(path, place)
    expected = document_of(path).expect[place]
    totals = {total.pays: total for total in result.credits.totals}
    for wanted in expected.totals:
        total = totals.get(wanted.pays)
        assert Fraction(wanted.due) == (due_of(total) if total else 0)
        if wanted.before_caps is not None:
            assert total is not None
            found = amount(
                total.before_caps, pays=wanted.pays, currency=result.currency, like=wanted.before_caps
            )
            assert found == Fraction(wanted.before_caps)
    if expected.points is not None:
        assert result.credits.points == expected.points
    for name in ("carried", "agreed", "contested"):
        if getattr(expected, name) is not None:
            money = result.credits.carried if name == "carried" else getattr(result, name)
            assert major(money) == getattr(expected, name), name


@pytest.mark.parametrize(("path", "place"), whole_cases())
def test_the_period_has_the_expected_dates_and_counters(path: Path, place: int) -> None:
    _, result = evaluated(path, place)
    expected = document_of(path).expect[place]
    deadlines = result.claim.deadlines if result.claim else ()
    steps = result.claim.steps if result.claim else ()
    if expected.deadlines:
        assert [due.due_on for due in deadlines] == [wanted.due_on for wanted in expected.deadlines]
        for due, wanted in zip(deadlines, expected.deadlines, strict=True):
            assert_named(due, reading=wanted.reading, what=wanted.what)
    for wanted in expected.steps:
        assert wanted.due_on in [due.due_on for due in steps if wanted.what in ("", due.what)]
    for wanted in expected.chronic:
        counters = [one for one in result.chronic if one.code == wanted.code]
        assert [one.reached for one in counters] == [wanted.reached]
        assert wanted.count is None or [one.count for one in counters] == [wanted.count]
    earned = [(one.target, one.period, major(one.amount)) for one in result.earned_back]
    assert earned == [(one.target, one.period, one.amount) for one in expected.earned_back]


def assert_named(due: Due, *, reading: str, what: str) -> None:
    assert not reading or due.reading == reading
    assert not what or due.what == what


@pytest.mark.parametrize(("path", "place"), whole_cases())
def test_the_account_of_time_balances(path: Path, place: int) -> None:
    _, result = evaluated(path, place)
    for level in result.measured:
        if level.ledger is None:
            continue
        ledger = level.ledger
        lined = sum(line.unit_us for line in ledger.lines)
        assert sum(us for _, us in ledger.classes) == ledger.total_us
        assert lined + ledger.us(TimeClass.UP) == ledger.total_us
        adjusted = sum(Fraction(step.value) for step in level.adjustments)
        assert ledger.us(TimeClass.DOWN) + adjusted == sum(event.counted_us for event in level.events)


@pytest.mark.parametrize(("path", "place"), whole_cases())
def test_a_credit_is_what_its_limits_left(path: Path, place: int) -> None:
    _, result = evaluated(path, place)
    for line in (*result.credits.lines, *result.credits.totals):
        assert line.before_caps - sum(removed.amount for removed in line.removed) == line.due_exact


@pytest.mark.parametrize(("path", "place"), whole_cases())
def test_every_reason_reads_as_a_sentence(path: Path, place: int) -> None:
    _, result = evaluated(path, place)
    for root in steps_of(result):
        for _, step in root.walk():
            assert re.fullmatch(r"[^{}]*\S[^{}]*[.)]", step.because), step.rule
            assert "None" not in step.because, step.rule


def steps_of(result: Result) -> Iterator[Step]:
    for level in result.measured:
        yield level.step
        yield from level.adjustments
    yield from (line.step for line in (*result.credits.lines, *result.credits.totals))
    for due in (*result.claim.deadlines, *result.claim.steps) if result.claim else ():
        if due.step is not None:
            yield due.step
    yield from (one.step for one in (*result.chronic, *result.earned_back, *result.next_tiers))


@pytest.mark.parametrize(("path", "place"), whole_cases())
def test_the_order_of_versions_and_facts_plays_no_part(path: Path, place: int) -> None:
    inputs, result = evaluated(path, place)
    backwards = {name: tuple(reversed(getattr(inputs.facts, name))) for name in SHUFFLED}
    again = evaluate(
        tuple(reversed(inputs.versions)),
        schedule=inputs.schedule,
        facts=replace(inputs.facts, **backwards),
        period=inputs.period,
        known_until=inputs.known_until,
        history=inputs.history,
    )
    assert again == result
