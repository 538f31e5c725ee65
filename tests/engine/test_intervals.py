"""Set algebra of half-open intervals."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.engine.intervals import Interval, clip, intersect, micro, subtract, total, union
from tests.engine.strategies import examples

START = datetime(2025, 1, 1, tzinfo=UTC)


def piece(start: int, end: int) -> Interval:
    return Interval(START + timedelta(seconds=start), START + timedelta(seconds=end))


def pieces(*pairs: tuple[int, int]) -> list[Interval]:
    return [piece(start, end) for start, end in pairs]


UNIONS = [
    ("none", (), ()),
    ("one inside another", ((0, 24), (12, 16)), ((0, 24),)),
    ("overlapping", ((0, 10), (5, 15)), ((0, 15),)),
    ("touching are joined", ((0, 10), (10, 20)), ((0, 20),)),
    ("apart", ((0, 10), (11, 20)), ((0, 10), (11, 20))),
    ("out of order", ((11, 20), (0, 10)), ((0, 10), (11, 20))),
    ("empty and backward ones vanish", ((5, 5), (9, 3)), ()),
    ("and hide none that follow", ((1, 1), (2, 3)), ((2, 3),)),
]


@pytest.mark.parametrize(("raw", "found"), [row[1:] for row in UNIONS], ids=[row[0] for row in UNIONS])
def test_union(raw: tuple[tuple[int, int], ...], found: tuple[tuple[int, int], ...]) -> None:
    assert union(pieces(*raw)) == pieces(*found)


SUBTRACTIONS = [
    ("a hole", ((0, 100),), ((40, 50),), ((0, 40), (50, 100))),
    ("the start", ((0, 100),), ((0, 10),), ((10, 100),)),
    ("the end", ((0, 100),), ((90, 100),), ((0, 90),)),
    ("everything", ((10, 20),), ((0, 100),), ()),
    ("nothing", ((10, 20),), (), ((10, 20),)),
    ("what only touches", ((10, 20),), ((0, 10), (20, 30)), ((10, 20),)),
    ("one out of several", ((0, 10), (20, 30), (40, 50)), ((5, 45),), ((0, 5), (45, 50))),
]


@pytest.mark.parametrize(
    ("left", "right", "found"), [row[1:] for row in SUBTRACTIONS], ids=[row[0] for row in SUBTRACTIONS]
)
def test_subtraction(
    left: tuple[tuple[int, int], ...], right: tuple[tuple[int, int], ...], found: tuple[tuple[int, int], ...]
) -> None:
    assert subtract(pieces(*left), pieces(*right)) == pieces(*found)


def test_intersection_keeps_what_both_hold() -> None:
    assert intersect(pieces((0, 10), (20, 30)), pieces((5, 25))) == pieces((5, 10), (20, 25))


def test_touching_intervals_have_nothing_in_common() -> None:
    assert intersect(pieces((0, 10)), pieces((10, 20))) == []


def test_clipping_cuts_at_both_edges_and_drops_what_lies_outside() -> None:
    raw = pieces((-5, 5), (7, 8), (9, 20), (30, 40), (3, 3))
    assert clip(raw, to=piece(0, 10)) == pieces((0, 5), (7, 8), (9, 10))


def test_length_of_a_backward_interval_is_zero() -> None:
    assert piece(10, 5).length == timedelta(0)


def test_a_length_is_whole_microseconds() -> None:
    assert micro(timedelta(seconds=1.5, microseconds=1)) == 1_500_001


SETS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def instants(found: list[Interval]) -> set[int]:
    return {second for one in found for second in range(60) if one.start <= piece(second, 60).start < one.end}


@examples(300)
@given(SETS, SETS)
def test_the_algebra_is_that_of_sets_of_instants(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    left, right = union(pieces(*first)), union(pieces(*second))
    assert instants(union(left + right)) == instants(left) | instants(right)
    assert instants(intersect(left, right)) == instants(left) & instants(right)
    assert instants(subtract(left, right)) == instants(left) - instants(right)
    assert total(subtract(left, right)) + total(intersect(left, right)) == total(left)


def test_clipping_leaves_nothing_of_what_only_touches() -> None:
    assert clip(pieces((0, 10), (10, 20), (20, 30)), to=piece(10, 20)) == pieces((10, 20))
