"""A change wakes a worker after its commit, from a thread of its own: nobody waits, nothing fails."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from config.nudging import Nudger
from tests.vendors.rows import a_contract
from vendors import nudges


class Listener:
    """Counts the words that reach it."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.heard, self.arrived, self.then = 0, threading.Event(), then

    def __call__(self) -> None:
        self.heard += 1
        self.arrived.set()
        self.then()


def test_many_changes_in_a_moment_are_one_word() -> None:
    send = Listener()
    nudger = Nudger(send, pause=0.2)
    for _ in range(1_000):
        nudger.nudge()
    assert send.arrived.wait(5)
    time.sleep(0.5)
    assert send.heard <= 2  # the first at once, the others together after the pause


def test_a_broker_that_hangs_holds_nobody_up() -> None:
    hung = threading.Event()
    nudger = Nudger(Listener(then=lambda: hung.wait(30) and None), pause=0)
    begun = time.monotonic()
    for _ in range(100):
        nudger.nudge()
    assert time.monotonic() - begun < 5  # it would be half an hour
    hung.set()


def test_a_broker_that_refuses_is_asked_again_the_next_time() -> None:
    answers = [ConnectionRefusedError("no"), None]

    def refuse_once() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    send = Listener(then=refuse_once)
    nudger = Nudger(send, pause=0)
    nudger.nudge()
    assert send.arrived.wait(5)
    send.arrived.clear()
    nudger.nudge()
    assert send.arrived.wait(5)
    assert answers == []


def test_a_forked_process_has_a_thread_of_its_own() -> None:
    read, write = os.pipe()
    nudger = Nudger(lambda: os.write(write, b"x") and None, pause=0)
    nudger.nudge()
    assert os.read(read, 1) == b"x"
    child = os.fork()
    if child == 0:
        nudger.nudge()
        time.sleep(2)
        os._exit(0)
    assert os.read(read, 1) == b"x"
    os.waitpid(child, 0)


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    found = Listener()
    monkeypatch.setattr(nudges, "_listeners", [found])
    return found


@pytest.mark.django_db(transaction=True)
def test_a_change_is_told_after_its_commit_and_not_where_it_is_rolled_back(listener: Listener) -> None:
    with transaction.atomic():
        contract = a_contract()
        assert listener.heard == 0
    heard = listener.heard
    assert heard > 0
    with transaction.atomic():
        a_contract("NR-2019", vendor=contract.vendor)
        transaction.set_rollback(True)
    assert listener.heard == heard


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_takes_no_change_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("broken")

    monkeypatch.setattr(nudges, "_listeners", [fail])
    assert a_contract().pk is not None
