"""What is asked twice is done once: two schedulers, and two workers on one run."""

from __future__ import annotations

import os
import signal

from tests.chaos.scene import Scene

OVERTAKEN = "another worker took this run over"


def test_two_schedulers_at_once_close_each_period_once(scene: Scene) -> None:
    scene.installation.start_worker()
    scene.installation.start_worker()
    assert scene.settle() == 0


def test_of_two_workers_on_the_same_run_the_one_that_lost_its_hold_changes_nothing(scene: Scene) -> None:
    nth = 3
    worker = scene.installation.start_worker(crash=f"mid-evaluation:{nth}:pause")
    scene.installation.wait_for(lambda: len(scene.passed) >= nth, what="a process that stands still")
    slow = scene.passed[nth - 1]
    scene.installation.wait_for(
        lambda: scene.count("sla_duty WHERE kind = 'close' AND state = 'done' AND attempts > 1"),
        what="the other process to do the same run",
    )
    os.kill(slow, signal.SIGCONT)
    scene.installation.wait_for(lambda: OVERTAKEN in worker.said, what="the slow process to notice")
    assert scene.settle() == 0
