"""A worker is killed at any point of its work: nothing is lost, nothing is done twice, no figure moves."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.chaos.portfolio import CLOSINGS, MAILS
from tests.chaos.scene import Scene

# How often each point is passed at the least, by all processes together.
POINTS = {
    "after-claim": CLOSINGS,
    "mid-evaluation": CLOSINGS,
    "before-commit": CLOSINGS,
    "after-commit": CLOSINGS,
    "after-sending": MAILS,
}
SEEDS = range(int(os.environ.get("CHAOS_SEEDS", "1")))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_leaves_the_books_of_an_undisturbed_run(
    scene: Scene, point: str, seed: int
) -> None:
    chance = Random(f"{point} {seed}")
    nth, whom = chance.randint(1, POINTS[point]), chance.choice(("child", "worker"))
    scene.installation.start_worker(crash=f"{point}:{nth}:{whom}")
    in_doubt = scene.settle()
    assert len(scene.passed) >= nth
    # One process sends one mail at a time, and a worker has two.
    assert in_doubt <= {"child": 1, "worker": 2}[whom]
    if point == "after-sending":
        assert in_doubt >= 1
