"""The broker carries JSON only, loses no unit of work, and cannot hang its callers."""

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from kombu.transport.redis import QoS
from redis.exceptions import ConnectionError as RedisConnectionError

from config.celery import BROKER_SECONDS, SWEEP_QUEUE, app

ROOT = Path(settings.BASE_DIR)
heard: list[dict[str, str]] = []
arrived = threading.Event()


@app.task(name="tests.hear")
def hear(message: dict[str, str]) -> None:
    """Note what arrived."""
    heard.append(message)
    arrived.set()


def test_a_unit_of_work_is_confirmed_only_when_done() -> None:
    assert (app.conf.task_acks_late, app.conf.task_reject_on_worker_lost) == (True, True)
    assert app.conf.worker_prefetch_multiplier == 1


def test_no_task_can_outlive_its_message() -> None:
    visibility = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < visibility


def test_a_hung_broker_is_given_up_after_two_seconds() -> None:
    options = app.conf.broker_transport_options
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (BROKER_SECONDS, BROKER_SECONDS)
    assert BROKER_SECONDS == 2
    assert app.conf.task_publish_retry_policy["max_retries"] == 1


def test_only_json_is_accepted() -> None:
    assert (app.conf.accept_content, app.conf.task_serializer) == (["json"], "json")


def test_a_message_reaches_one_queue_only() -> None:
    queues = app.amqp.queues.values()
    assert {(queue.name, queue.exchange.name, queue.routing_key) for queue in queues} == {
        ("sweep", "sweep", "sweep"),
        ("mail", "mail", "mail"),
    }


def test_a_misspelt_queue_is_refused() -> None:
    with pytest.raises(KeyError):
        app.amqp.router.route({"queue": "sweeep"}, "tests.hear")


def test_nothing_is_sent_to_be_done_later() -> None:
    # Redis hands out a message again that waits longer than the visibility timeout: each worker would do it.
    found = [
        f"{path.relative_to(ROOT)}:{node.value.lineno}"
        for folder in ("config", "vendors", "incidents", "sla")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg in {"eta", "countdown"}
    ]
    assert found == []


@pytest.fixture
def broker() -> Iterator[None]:
    """Let everything here have keys of its own on the broker."""
    if not settings.CELERY_BROKER_URL:
        pytest.fail("TEST_BROKER_URL is not set: name a Redis server, such as redis://127.0.0.1:6379/0.")
    options = app.conf.broker_transport_options
    app.conf.broker_transport_options = {**options, "global_keyprefix": "recourse-tests-"}
    app._after_fork()  # lines that another test left open would go on without the prefix
    app.control.purge()
    yield
    app.conf.broker_transport_options = options
    app._after_fork()


@pytest.fixture
def worker(broker: None) -> Iterator[None]:
    """Start a real worker on the broker."""
    heard.clear()
    arrived.clear()
    with start_worker(app, pool="solo", perform_ping_check=False, queues=[SWEEP_QUEUE]):
        yield


@pytest.mark.broker
def test_a_worker_runs_what_was_sent_as_json(worker: None) -> None:
    hear.delay({"agreement": "MSA-1/uptime"})
    assert arrived.wait(30)
    assert heard == [{"agreement": "MSA-1/uptime"}]


@pytest.mark.broker
def test_a_worker_refuses_a_pickle_and_goes_on(worker: None) -> None:
    hear.apply_async(({"sent": "as pickle"},), serializer="pickle")
    hear.delay({"sent": "as json"})
    assert arrived.wait(30)
    assert heard == [{"sent": "as json"}]


@pytest.mark.broker
def test_a_worker_hears_on_after_a_confirmation_was_lost(
    broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = []
    confirm = QoS.ack

    def lose_the_first(self: QoS, delivery_tag: str) -> None:
        if not lost:
            lost.append(delivery_tag)
            raise RedisConnectionError("Connection reset by peer")
        confirm(self, delivery_tag)

    monkeypatch.setattr(QoS, "ack", lose_the_first)
    heard.clear()
    with start_worker(app, pool="solo", perform_ping_check=False, queues=[SWEEP_QUEUE]):
        for number in ("first", "second"):
            arrived.clear()
            hear.delay({"message": number})
            assert arrived.wait(30), f"the {number} message was not heard"
    assert {"message": "second"} in heard
    assert len(lost) == 1


@pytest.mark.broker
def test_a_sweep_goes_before_the_runs_that_wait(broker: None) -> None:
    with app.connection_for_write() as connection:
        waiting = connection.SimpleQueue(app.amqp.queues[SWEEP_QUEUE])
        waiting.clear()
        for task in ("sla.work", "sla.work", "sla.sweep"):
            app.send_task(task, connection=connection)
        taken = [waiting.get(timeout=10) for _ in range(3)]
        for message in taken:
            message.ack()
    assert [message.headers["task"] for message in taken] == ["sla.sweep", "sla.work", "sla.work"]
