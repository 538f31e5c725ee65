"""Nothing runs over the end of a month: three days later it is all made good, in order."""

from __future__ import annotations

from tests.chaos import books
from tests.chaos.portfolio import BEFORE_THE_END, MONTHS, SCHEDULES, THREE_DAYS_LATE
from tests.chaos.scene import Scene


def test_a_system_that_was_down_over_the_month_end_and_three_days_more_misses_nothing(scene: Scene) -> None:
    july_and_august = SCHEDULES * (len(MONTHS) - 1)
    scene.installation.set_clock(BEFORE_THE_END)
    scene.installation.start_worker()
    scene.installation.wait_for(
        lambda: scene.closed() == july_and_august and not books.left_open(scene.database),
        what="July and August to be closed and told",
    )
    scene.installation.kill_all()
    scene.installation.set_clock(THREE_DAYS_LATE)
    scene.installation.start_worker()
    assert scene.settle() == 0
