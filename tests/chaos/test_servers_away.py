"""A server goes away in the middle of a monthly run and comes back: the run goes on where it was."""

from __future__ import annotations

import signal
import time

from config.celery import BROKER_SECONDS
from tests.chaos.people import Person
from tests.chaos.scene import Scene

LOST = "Couldn't ack"


def test_redis_is_stopped_and_comes_back_empty(scene: Scene) -> None:
    scene.installation.start_worker()
    scene.wait_until_in_the_middle()
    scene.house.redis.end(signal.SIGKILL)
    time.sleep(1)
    scene.house.redis.start()
    assert scene.settle() == 0


def test_postgresql_breaks_off_every_transaction_and_starts_again(scene: Scene) -> None:
    scene.installation.start_worker()
    scene.wait_until_in_the_middle()
    scene.house.postgres.end(signal.SIGQUIT)
    scene.house.postgres.start()
    assert scene.settle() == 0


def test_redis_hangs_and_people_save_their_forms_all_the_same(scene: Scene) -> None:
    boss = Person(scene.installation.start_web(), name="boss")
    scene.installation.start_worker()
    scene.wait_until_in_the_middle()
    scene.house.redis.signal(signal.SIGSTOP)
    for number in (1, 2, 3):
        path = f"/admin/incidents/incident/{number}/change/"
        assert boss.save(path, title=f"Power lost, told {number}", reason="told by phone") == 302
    # Longer than a word to the broker waits for its answer.
    time.sleep(2 * BROKER_SECONDS)
    scene.house.redis.signal(signal.SIGCONT)
    assert scene.settle() == 0
    assert scene.count("incidents_incident WHERE title LIKE 'Power lost, told %'") == 3


def test_a_confirmation_is_lost_on_the_way_to_redis_and_the_worker_hears_on(scene: Scene) -> None:
    # With one process, a message that counts as being worked on is all that it is ever handed.
    worker = scene.installation.start_worker(crash="confirming:2:lose", processes=1)
    assert scene.settle() == 0
    assert LOST in worker.said
