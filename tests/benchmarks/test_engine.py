"""How long 10,000 service levels of one month take, beside the bare figure by other means."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import psycopg
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from sla.documents.evaluating import result_of
from sla.engine.facts import Inputs, Verdict
from sla.engine.intervals import micro
from sla.engine.results import Result
from tests.benchmarks.conftest import Figures, Seconds
from tests.benchmarks.portfolio import JUNE, MISSED, SCHEDULES, SERVICES, SHAPES, portfolio
from tests.benchmarks.rivals import Rows, by_pandas, by_portion, by_sql, rows_of, store
from tests.engine.test_golden import steps_of

LENGTH_US = micro(JUNE.during.length)


@pytest.fixture(scope="module")
def inputs() -> list[Inputs]:
    return portfolio()


@pytest.fixture(scope="module")
def rows(inputs: list[Inputs]) -> Rows:
    return rows_of(inputs)


@pytest.fixture(scope="module")
def expected(inputs: list[Inputs]) -> dict[str, Fraction]:
    """Return the engine's availability of each service."""
    return values_of([result_of(one) for one in inputs])


def values_of(results: list[Result]) -> dict[str, Fraction]:
    found = {level.units[0]: level.value for result in results for level in result.measured}
    assert len(found) == SCHEDULES * SERVICES
    return {service: value for service, value in found.items() if value is not None}


def availability(lost_us: dict[str, int]) -> dict[str, Fraction]:
    return {service: 100 - Fraction(100 * lost, LENGTH_US) for service, lost in lost_us.items()}


def timed(
    benchmark: BenchmarkFixture, act: Callable[..., Any], *args: Any, name: str, figures: Figures, rounds: int
) -> Any:
    """Return what the act gives, and keep the least time that it took: by the clock, and of this core."""
    own: list[float] = []

    def act_on_the_clock() -> Any:
        began = time.process_time()
        found = act(*args)
        own.append(time.process_time() - began)
        return found

    gc.collect()
    found = benchmark.pedantic(act_on_the_clock, rounds=rounds, iterations=1)
    figures.seconds[name] = Seconds(benchmark.stats.stats.min, min(own))
    return found


def evaluate_all(inputs: list[Inputs]) -> int:
    """Return how many levels are missed; each result is let go once it is read, as a sweep does."""
    return sum(level.verdict is Verdict.MISSED for one in inputs for level in result_of(one).measured)


def test_sql_ranges_give_the_engines_figures(
    benchmark: BenchmarkFixture,
    server: psycopg.Connection,
    rows: Rows,
    expected: dict[str, Fraction],
    figures: Figures,
) -> None:
    store(rows, connection=server)
    lost = timed(benchmark, by_sql, server, name="sql", figures=figures, rounds=5)
    assert availability(lost) == expected


def test_pandas_gives_the_engines_figures(
    benchmark: BenchmarkFixture, rows: Rows, expected: dict[str, Fraction], figures: Figures
) -> None:
    lost = timed(benchmark, by_pandas, rows, name="pandas", figures=figures, rounds=3)
    assert availability(lost) == expected


def test_portion_gives_the_engines_figures(
    benchmark: BenchmarkFixture, rows: Rows, expected: dict[str, Fraction], figures: Figures
) -> None:
    lost = timed(benchmark, by_portion, rows, name="portion", figures=figures, rounds=2)
    assert availability(lost) == expected


def test_the_engine_judges_and_explains_ten_thousand_levels(
    benchmark: BenchmarkFixture, inputs: list[Inputs], figures: Figures
) -> None:
    name = "engine, verdicts, credits and reasons"
    missed = timed(benchmark, evaluate_all, inputs, name=name, figures=figures, rounds=3)
    assert missed == SCHEDULES * sum(shape in MISSED for shape in SHAPES)
    reasons = sum(1 for root in steps_of(result_of(inputs[0])) for _ in root.walk())
    figures.notes["reasons kept for each level"] = f"{reasons / SERVICES:.1f} steps"


def test_evaluating_one_by_one_keeps_memory_flat(
    benchmark: BenchmarkFixture, inputs: list[Inputs], figures: Figures
) -> None:
    """Hold what is left after the first tenth against what is left after the rest."""
    tenth = SCHEDULES // 10

    def blocks_after(several: list[Inputs]) -> int:
        for one in several:
            result_of(one)
        gc.collect()
        return sys.getallocatedblocks()

    def grown() -> int:
        early = blocks_after(inputs[:tenth])
        return blocks_after(inputs[tenth:]) - early

    growth = benchmark.pedantic(grown, rounds=1, iterations=1)
    figures.notes["left in memory by 9,000 levels"] = f"{growth} blocks more than after the first 1,000"
    assert growth < SCHEDULES
