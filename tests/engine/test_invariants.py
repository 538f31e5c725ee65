"""What holds for every contract and every history, over random ones.

A case that breaks one of these is written down with its reason; the contracts drawn are not narrowed
to avoid it, except where a clause itself asks for the opposite, which then stands at the test.
"""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from sla.engine.codec import canonical
from sla.engine.evaluation import evaluate
from sla.engine.facts import Exclusion, Facts, Incident, Outage, Unit
from sla.engine.periods import PeriodRule, period_named, zone_table
from sla.engine.results import Result
from sla.engine.terms import (
    Alignment,
    Attribution,
    Basis,
    Counting,
    ExclusionArithmetic,
    ExclusionRule,
    Granularity,
    IntervalRule,
    Metric,
    OutageKind,
    Overlap,
    Target,
    Terms,
)
from sla.engine.terms.versions import Schedule
from tests.engine.strategies import Drawn, contracts, examples, month_windows, short_windows

SHORT = contracts(short_windows())


def result_of(drawn: Drawn, *, known: timedelta = timedelta()) -> Result:
    return evaluate(
        (drawn.terms,),
        schedule=drawn.schedule,
        facts=drawn.facts,
        period=drawn.window,
        known_until=drawn.known_until + known,
    )


def with_facts(drawn: Drawn, **facts: object) -> Drawn:
    return replace(drawn, facts=replace(drawn.facts, **facts))


def with_counting(drawn: Drawn, **counting: object) -> Drawn:
    target = replace(drawn.target, counting=replace(drawn.target.counting, **counting))
    return replace(drawn, terms=replace(drawn.terms, targets=(target,)))


@examples(150)
@given(st.one_of(SHORT, contracts(month_windows())))
def test_the_classes_sum_to_the_elapsed_time_of_every_unit(drawn: Drawn) -> None:
    during = drawn.window.during
    elapsed = (during.end - during.start) // timedelta(microseconds=1)
    for level in result_of(drawn).measured:
        ledger = level.ledger
        assert ledger is not None
        assert sum(micros for _, micros in ledger.classes) == ledger.total_us
        assert ledger.total_us % elapsed == 0
        assert all(micros >= 0 for _, micros in ledger.classes)


@examples(150)
@given(SHORT)
def test_the_lines_of_the_account_sum_to_its_classes(drawn: Drawn) -> None:
    for level in result_of(drawn).measured:
        ledger = level.ledger
        assert ledger is not None
        for label, micros in ledger.classes:
            if label != "up":
                assert sum(line.unit_us for line in ledger.lines if line.time_class is label) == micros


@examples(150)
@given(SHORT)
def test_down_time_and_its_adjustments_sum_to_counted_time(drawn: Drawn) -> None:
    # Pooled units of other weights are summed by weight after the account.
    drawn = with_facts(drawn, units=tuple(replace(unit, weight=Fraction(1)) for unit in drawn.facts.units))
    for level in result_of(drawn).measured:
        ledger = level.ledger
        assert ledger is not None
        assert ledger.us("down") + sum(step.value for step in level.adjustments) == level.counted_us


@examples(150)
@given(SHORT, st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(drawn: Drawn, shuffler: random.Random) -> None:
    shuffled = {}
    for name in ("outages", "milestones", "clock_stops", "maintenance", "exclusions", "incidents", "charges"):
        rows = list(getattr(drawn.facts, name))
        shuffler.shuffle(rows)
        shuffled[name] = tuple(rows)
    assert canonical(result_of(with_facts(drawn, **shuffled))) == canonical(result_of(drawn))


@examples(150)
@given(SHORT, st.data())
def test_an_outage_cut_into_touching_pieces_is_the_same_outage_under_union(
    drawn: Drawn, data: st.DataObject
) -> None:
    whole = [row for row in drawn.facts.outages if row.ended_at is not None and row.ended_at > row.started_at]
    assume(whole)
    drawn = with_counting(drawn, overlap=Overlap.UNION)
    row = data.draw(st.sampled_from(whole))
    assert row.ended_at is not None
    ticks = (row.ended_at - row.started_at) // drawn.grid
    edge = row.started_at + data.draw(st.integers(0, ticks)) * drawn.grid
    pieces = (replace(row, ended_at=edge), replace(row, started_at=edge))
    rest = tuple(one for one in drawn.facts.outages if one is not row)
    assert figures(result_of(with_facts(drawn, outages=(*rest, *pieces)))) == figures(result_of(drawn))


def figures(result: Result) -> list[object]:
    """Return everything that a statement prints as a number."""
    return [
        (one.units, one.value, one.worst, one.verdict, one.counted_us, one.ledger and one.ledger.classes)
        for one in result.measured
    ] + [(line.units, line.before_caps, line.due_exact, line.state) for line in result.credits.lines]


def steady(drawn: Drawn, **counting: object) -> Drawn:
    """Return the contract with runs cut at the window's edge and intervals laid out by the clock.

    Elsewhere the clause itself asks for the opposite, see the last tests of this module.
    """
    granularity = drawn.target.counting.granularity
    values: dict[str, object] = {"attribution": Attribution.SPLIT, **counting}
    if granularity is not None:
        values["granularity"] = replace(granularity, alignment=Alignment.CLOCK)
        values |= {"weights": (), "by_affected": False}
    return with_counting(drawn, **values)


def counted(result: Result) -> dict[tuple[str, ...], Fraction]:
    return {one.units: one.counted_us for one in result.measured}


def before_caps(result: Result) -> Fraction:
    return sum((line.before_caps for line in result.credits.lines), Fraction(0))


@examples(150)
@given(SHORT, st.data())
def test_an_added_exclusion_never_raises_counted_downtime(drawn: Drawn, data: st.DataObject) -> None:
    drawn = steady(drawn)
    result, more = result_of(drawn), result_of(with_exclusion(drawn, data))
    for units, micros in counted(more).items():
        assert micros <= counted(result)[units]


def with_exclusion(drawn: Drawn, data: st.DataObject) -> Drawn:
    """Return the contract with one decision more, under a rule without limits."""
    start = data.draw(st.integers(-50, 250))
    length = data.draw(st.integers(0, 250))
    added = Exclusion(
        rule="added",
        started_at=drawn.window.during.start + start * drawn.grid,
        ended_at=drawn.window.during.start + (start + length) * drawn.grid,
    )
    terms = replace(drawn.terms, exclusions=(*drawn.terms.exclusions, ExclusionRule(code="added")))
    return with_facts(replace(drawn, terms=terms), exclusions=(*drawn.facts.exclusions, added))


@examples(150)
@given(SHORT, st.data())
def test_an_added_exclusion_never_raises_the_credit_where_the_denominator_stays(
    drawn: Drawn, data: st.DataObject
) -> None:
    # A count of outages may rise: an exclusion in the middle of one makes two.
    assume(drawn.target.metric is not Metric.COUNT)
    drawn = steady(drawn, exclusion_arithmetic=ExclusionArithmetic.UNCHANGED)
    assert before_caps(result_of(with_exclusion(drawn, data))) <= before_caps(result_of(drawn))


@examples(150)
@given(SHORT, st.data())
def test_a_longer_outage_never_lowers_the_credit_before_caps_under_split(
    drawn: Drawn, data: st.DataObject
) -> None:
    # Two outages that grow into one count once; time that nobody measured is no outage.
    assume(drawn.target.metric is not Metric.COUNT)
    closed = [row for row in drawn.facts.outages if row.ended_at and row.kind is not OutageKind.UNMEASURED]
    assume(closed)
    drawn = steady(drawn)
    row = data.draw(st.sampled_from(closed))
    assert row.ended_at is not None
    longer = replace(row, ended_at=row.ended_at + data.draw(st.integers(0, 100)) * drawn.grid)
    outages = tuple(longer if one is row else one for one in drawn.facts.outages)
    assert before_caps(result_of(with_facts(drawn, outages=outages))) >= before_caps(result_of(drawn))


@examples(150)
@given(SHORT)
def test_the_credit_due_never_passes_a_cap(drawn: Drawn) -> None:
    for line in result_of(drawn).credits.lines:
        caps = drawn.target.credit.caps if drawn.target.credit else ()
        base = line.base.minor if line.base is not None else 0
        for cap in caps:
            # The base is shown rounded, at most half a unit below the exact one.
            assert line.due_exact <= (base + Fraction(1, 2)) * Fraction(cap.limit) / 100
        assert line.due_exact + sum(cut.amount for cut in line.removed) == line.before_caps


@examples(100)
@given(SHORT)
def test_computing_twice_gives_the_same_bytes(drawn: Drawn) -> None:
    assert canonical(result_of(drawn)) == canonical(result_of(drawn))


@examples(100)
@given(SHORT)
def test_a_service_level_gives_the_same_figures_alone_and_among_others(drawn: Drawn) -> None:
    others = tuple(replace(drawn.target, code=f"other-{number}", credit=None) for number in range(3))
    together = replace(drawn, terms=replace(drawn.terms, targets=(*others, drawn.target)))
    found = result_of(together)
    alone = result_of(drawn)
    assert tuple(one for one in found.measured if one.target == drawn.target.code) == alone.measured
    assert found.credits.lines == alone.credits.lines


@examples(150)
@given(SHORT)
def test_the_value_lies_between_its_worst_and_its_best_case(drawn: Drawn) -> None:
    for level in result_of(drawn).measured:
        if level.value is not None:
            assert level.worst is not None
            assert level.best is not None
            if drawn.target.metric is Metric.AVAILABILITY:
                assert 0 <= level.worst <= level.value <= level.best <= 100


@examples(100)
@given(SHORT)
def test_outages_of_other_services_change_nothing(drawn: Drawn) -> None:
    elsewhere = tuple(replace(row, unit="elsewhere") for row in drawn.facts.outages)
    outages: tuple[Outage, ...] = (*drawn.facts.outages, *elsewhere)
    assert figures(result_of(with_facts(drawn, outages=outages))) == figures(result_of(drawn))


# --- where a clause asks for the opposite ---

MIDNIGHT = datetime(2025, 2, 1, tzinfo=UTC)
UTC_TABLE = zone_table("UTC", first_year=2024, last_year=2026)


def minute(number: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=number)


def counted_minutes(
    counting: Counting, *spans: tuple[int, int], excluded: tuple[int, int] | None = None
) -> Fraction:
    """Return January's counted minutes; outages and an exclusion are minutes around its last midnight."""
    target = Target(code="level", name="Level", level=Decimal(99), counting=counting, basis=Basis.MEASURED)
    cuts = [excluded] if excluded else []
    result = evaluate(
        (Terms(effective_from=date(2024, 1, 1), targets=(target,), exclusions=(ExclusionRule(code="cut"),)),),
        schedule=Schedule(contract="C-1", code="sla", name="SLA", currency="USD", zone="UTC"),
        facts=Facts(
            zone=UTC_TABLE,
            units=(Unit(code="a"),),
            incidents=(Incident(reference="INC-1"),),
            outages=tuple(
                Outage(incident="INC-1", unit="a", started_at=minute(start), ended_at=minute(end))
                for start, end in spans
            ),
            exclusions=tuple(
                Exclusion(rule="cut", started_at=minute(start), ended_at=minute(end)) for start, end in cuts
            ),
        ),
        period=period_named("2025-01", rule=PeriodRule(), zone=UTC_TABLE),
        known_until=minute(9999),
    )
    return result.measured[0].counted_us / 60_000_000


def test_an_exclusion_that_cuts_an_outage_moves_its_first_part_to_the_month_it_now_ends_in() -> None:
    by_end = Counting(attribution=Attribution.END)
    assert counted_minutes(by_end, (-60, 30)) == 0
    assert counted_minutes(by_end, (-60, 30), excluded=(-20, -10)) == 40


def test_intervals_counted_from_each_run_can_grow_when_an_exclusion_makes_two_runs_of_one() -> None:
    touched = Granularity(size=timedelta(minutes=10), rule=IntervalRule.TOUCHED, alignment=Alignment.RUN)
    assert counted_minutes(Counting(granularity=touched), (-60, -40)) == 20
    assert counted_minutes(Counting(granularity=touched), (-60, -40), excluded=(-51, -50)) == 20
    assert counted_minutes(Counting(granularity=touched), (-60, -40), excluded=(-49, -48)) == 30


def test_intervals_counted_from_each_run_can_shrink_when_two_runs_grow_into_one() -> None:
    touched = Granularity(size=timedelta(minutes=10), rule=IntervalRule.TOUCHED, alignment=Alignment.RUN)
    assert counted_minutes(Counting(granularity=touched), (-60, -59), (-58, -57)) == 20
    assert counted_minutes(Counting(granularity=touched), (-60, -58), (-58, -57)) == 10
