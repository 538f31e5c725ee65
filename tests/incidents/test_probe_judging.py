"""What a row of probes means: outages from two failures on, gaps that are nobody's, nothing joined across."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.services.probes.judging import Standing, Tale, Told, Verdict, ended, judged, missed
from tests.incidents.rows import at

START = at("2026-07-06 06:00")
EVERY = timedelta(minutes=1)


def told(row: str) -> list[str]:
    """Return what is told of a row of results a minute apart: u up, d down, ? unknown, . none at all."""
    standing, tales = Standing(), []
    for minute, sign in enumerate(row):
        if sign != ".":
            verdict = {"u": Verdict.UP, "d": Verdict.DOWN, "?": Verdict.UNKNOWN}[sign]
            standing, new = judged(standing, verdict=verdict, at=START + minute * EVERY, every=EVERY)
            tales += [_shown(each) for each in new]
    return tales


def _minute(at: datetime | None) -> str:
    return "" if at is None else str((at - START) // EVERY)


def _shown(each: Told) -> str:
    return f"{each.tale} {_minute(each.start)}-{_minute(each.end)}"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("uuuuu", []),
        ("udu", []),
        ("ududud", []),
        ("udd", ["down 1-"]),
        ("uddddu", ["down 1-", "over 1-5"]),
        ("dd", ["down 0-"]),
        ("udduddu", ["down 1-", "over 1-3", "down 4-", "over 4-6"]),
        # Up to three intervals without a result are late, not a gap.
        ("u...u", ["gap 0-4"]),
        ("u..u", []),
        ("ud..du", ["down 1-", "over 1-5"]),
        # Across a gap nothing is joined.
        ("udd......u", ["down 1-", "over 1-2", "gap 2-9"]),
        ("udd......dd", ["down 1-", "over 1-2", "gap 2-9", "down 9-"]),
        ("ud......du", ["gap 1-8"]),
        # What fails on our side is no result.
        ("u???u", ["gap 0-4"]),
        ("u??u", []),
        ("ud?d", ["down 1-"]),
        # What is out is not left open while nobody measures.
        ("udd???????", ["down 1-", "over 1-2"]),
        ("udd???????u", ["down 1-", "over 1-2", "gap 2-10"]),
        ("????", []),
        ("....u", []),
    ],
)
def test_what_a_row_of_results_tells(row: str, expected: list[str]) -> None:
    assert told(row) == expected


def test_a_probe_that_is_switched_off_was_out_until_its_last_failure() -> None:
    standing = Standing(probed_at=START + EVERY, failing_since=START, failures=2, out_since=START)
    assert ended(standing) == (
        Standing(probed_at=START + EVERY),
        (Told(tale=Tale.OVER, start=START, end=START + EVERY),),
    )
    assert ended(Standing(probed_at=START)) == (Standing(probed_at=START), ())


@given(st.text(alphabet="ud?.", max_size=80))
def test_no_second_is_told_twice_and_none_that_was_measured_well_is_down(row: str) -> None:
    standing, stretches, opened = Standing(), [], None
    for minute, sign in enumerate(row):
        if sign == ".":
            continue
        verdict = {"u": Verdict.UP, "d": Verdict.DOWN, "?": Verdict.UNKNOWN}[sign]
        standing, new = judged(standing, verdict=verdict, at=START + minute * EVERY, every=EVERY)
        for each in new:
            if each.tale is Tale.DOWN:
                assert opened is None
                opened = each.start
            else:
                assert each.end is not None
                assert each.end > each.start
                stretches.append(each)
                if each.tale is Tale.OVER:
                    assert opened == each.start
                    opened = None
    for earlier, later in pairwise(stretches):
        assert earlier.end is not None
        assert earlier.end <= later.start
    goods = [START + minute * EVERY for minute, sign in enumerate(row) if sign == "u"]
    for each in stretches:
        assert each.end is not None
        assert not [good for good in goods if each.start < good < each.end]


def test_probes_that_were_left_out_are_counted_by_their_day() -> None:
    every = timedelta(hours=1)
    counts = missed(at("2026-07-06 21:00"), at("2026-07-08 02:30"), every=every)
    assert {f"{day}": count for day, count in counts.items()} == {
        "2026-07-06": 2,
        "2026-07-07": 24,
        "2026-07-08": 3,
    }
    assert missed(START, START + EVERY, every=EVERY) == {}
