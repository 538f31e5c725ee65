"""What is said can be read by a machine, names what it is about, and gives no secret away."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from kombu import Connection
from structlog.contextvars import bound_contextvars
from structlog.stdlib import ProcessorFormatter

from config.celery import app
from config.logs import logging_settings
from sla.models import Duty, OutboxMessage
from sla.services.deadlines import calendar_key
from sla.services.duties.rounds import run_round
from sla.services.outbox import post
from sla.services.outbox.delivering import deliver_next, note_broken_off
from tests.builders import person, saved
from tests.config.processes import asked, database_for_others, free_port, program, web_server
from tests.sla.running import a_closing_schedule, clock

JULY_6 = "2019-07-06 07:00"  # June has settled in Los Angeles
SECRETS = ("planted-password", "planted")


def a_handler(stream: StringIO, *, debug: bool = False) -> logging.Handler:
    """Return what writes the lines of an installation into a text."""
    formatter = dict(logging_settings(debug=debug, secrets=SECRETS)["formatters"]["lines"])
    assert formatter.pop("()") is ProcessorFormatter
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ProcessorFormatter(**formatter))
    return handler


class Said(StringIO):
    """What was said since the beginning of the test."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def by(self, logger: str) -> list[dict[str, Any]]:
        """Return the lines of one logger and of those below it, without their time."""
        return [
            {name: value for name, value in line.items() if name not in ("timestamp", "ms", "seconds")}
            for line in self.lines
            if line["logger"].startswith(logger)
        ]


@pytest.fixture
def said() -> Iterator[Said]:
    stream = Said()
    handler = a_handler(stream)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


# A line


def test_a_line_is_one_object_with_its_time_and_what_it_is_about(said: Said) -> None:
    with bound_contextvars(duty=7, kind="close"):
        logging.getLogger("sla.tests").warning("two\nlines of %s", "text", extra={"seconds": 1.25})
    [line] = said.lines
    assert list(line) == ["timestamp", "level", "logger", "event", "duty", "kind", "seconds"]
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "sla.tests",
        "event": "two\nlines of text",
        "duty": 7,
        "kind": "close",
        "seconds": 1.25,
    }


def test_an_error_keeps_its_traceback_as_a_field_and_no_values_of_names(said: Said) -> None:
    def stumble() -> None:
        local = "kept-to-itself"
        raise ZeroDivisionError(len(local))

    try:
        stumble()
    except ZeroDivisionError:
        logging.getLogger("sla.tests").exception("it stumbled")
    [line] = said.lines
    assert (line["level"], line["event"]) == ("error", "it stumbled")
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ZeroDivisionError: 14")
    assert "kept-to-itself" not in said.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:planted-password@mq:6379/0", "redis://:(hidden)@mq:6379/0"),
        ("once planted, twice planted-password", "once (hidden), twice (hidden)"),
        (
            "Not Found: /calendar/12/c2lnbmF0dXJl:x_-/deadlines.ics",
            "Not Found: /calendar/12/(hidden)/deadlines.ics",
        ),
        ("Not Found: /feeds/12/c2lnbmF0:x_-/", "Not Found: /feeds/12/(hidden)/"),
        (
            "refused POST '/feeds/7/c2lnbmF0'",
            "refused POST '/feeds/7/(hidden)'",
        ),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_no_secret_is_written_whoever_says_it(said: Said, text: str, shown: str) -> None:
    with bound_contextvars(path=text):
        try:
            raise OSError(text)
        except OSError:
            logging.getLogger("kombu.tests").exception("%s", text, extra={"status": text})
    [line] = said.lines
    assert (line["event"], line["path"], line["status"]) == (shown, shown, shown)
    assert line["exception"].endswith(f"OSError: {shown}")


def test_what_others_attach_to_a_line_stays_out(said: Said) -> None:
    logging.getLogger("django.tests").error("no", extra={"request": object(), "data": {"args": "(1,)"}})
    assert said.by("django.tests") == [{"level": "error", "logger": "django.tests", "event": "no"}]


@pytest.mark.parametrize(
    ("event", "about", "shown"),
    [
        (
            "done",
            {"duty": 7, "subject": "planted"},
            "done                           [sla.tests] duty=7 subject=(hidden)",
        ),
        (
            "answered",
            {"request": "0af7", "method": "GET", "path": "/admin/", "status": 200, "ms": 12},
            "GET /admin/ 200                [sla.tests] ms=12",
        ),
        (
            "no cell",
            {"request": "0af7", "method": "GET", "path": "/admin/"},
            "no cell                        [sla.tests] method=GET path=/admin/",
        ),
    ],
)
def test_in_debug_a_line_reads_well_on_a_terminal(event: str, about: dict[str, Any], shown: str) -> None:
    stream = StringIO()
    record = logging.makeLogRecord({"name": "sla.tests", "levelname": "INFO", "msg": event})
    with bound_contextvars(**about):
        a_handler(stream, debug=True).handle(record)
    assert stream.getvalue().split(maxsplit=1)[1] == f"[info     ] {shown}\n"


# A request


def test_a_request_is_one_line_with_who_asked_and_what_was_answered(
    said: Said, admin_client: Client, admin_user: User
) -> None:
    answer = admin_client.get("/admin/sla/statement/?q=asked-for")
    number = answer["X-Request-ID"]
    assert said.by("config.requests") == [
        {
            "level": "info",
            "logger": "config.requests",
            "event": "answered",
            "request": number,
            "method": "GET",
            "path": "/admin/sla/statement/",
            "user": admin_user.pk,
            "status": 200,
        }
    ]
    assert len(number) == 32
    assert "asked-for" not in said.getvalue()


@pytest.mark.django_db
def test_what_is_sent_to_log_in_is_not_written(said: Said, client: Client) -> None:
    client.post("/admin/login/", {"username": "somebody", "password": "typed-by-hand"})
    [line] = said.by("config.requests")
    assert (line["method"], line["path"], line["status"]) == ("POST", "/admin/login/", 200)
    assert "typed-by-hand" not in said.getvalue()


@pytest.mark.django_db
def test_the_key_of_a_calendar_is_not_written(said: Said, client: Client) -> None:
    user = person()
    key = calendar_key(user)
    client.get(f"/calendar/{user.pk}/{key}/deadlines.ics")
    [line] = said.by("config.requests")
    assert line["path"] == f"/calendar/{user.pk}/(hidden)/deadlines.ics"
    assert key not in said.getvalue()


@pytest.mark.parametrize(
    ("proxies", "given", "is_taken"),
    [
        (1, "0af7651916cd43dd8448eb211c80319c", True),
        (1, "edge-1.2026_11", True),
        (0, "0af7651916cd43dd8448eb211c80319c", False),
        (1, "short", False),
        (1, "x" * 65, False),
        (1, "with a space", False),
        (1, "", False),
    ],
)
def test_the_number_of_a_request_is_a_trusted_proxys_or_made_here(
    client: Client, settings: Any, proxies: int, given: str, is_taken: bool
) -> None:
    settings.PROXIES = proxies
    number = client.get("/", headers={"X-Request-ID": given})["X-Request-ID"]
    assert (number == given) is is_taken
    assert is_taken or len(number) == 32


def test_what_machines_ask_all_the_time_is_said_only_where_it_fails(said: Said, client: Client) -> None:
    client.get("/health/live")
    client.get("/static/sla/recourse.css")
    client.get("/metrics")
    assert [(line["path"], line["status"]) for line in said.by("config.requests")] == [("/metrics", 404)]


def test_a_request_leaves_nothing_behind_for_the_next_line(said: Said, client: Client) -> None:
    client.get("/")
    logging.getLogger("sla.tests").warning("later")
    assert said.by("sla.tests") == [{"level": "warning", "logger": "sla.tests", "event": "later"}]


# What runs by itself


@pytest.mark.django_db
def test_each_run_is_one_line_with_its_statement_and_how_long_it_took(said: Said) -> None:
    agreement = a_closing_schedule()
    run_round(clock=clock(JULY_6))
    duty = Duty.objects.get(kind="close")
    assert said.by("sla")[:2] == [
        {
            "level": "info",
            "logger": "sla.services.duties.rounds",
            "event": "planned",
            "runs": 2,
            "touched": 0,
        },
        {
            "level": "info",
            "logger": "sla.services.duties.holding",
            "event": "done: Finalised by itself as NR-2018/power/2019-06/r1.",
            "duty": duty.pk,
            "kind": "close",
            "subject": f"schedule/{agreement.pk}",
            "period": "2019-06",
            "statement": "NR-2018/power/2019-06",
        },
    ]
    assert all(line["seconds"] >= 0 for line in said.lines)


@pytest.mark.django_db
def test_a_sweep_that_finds_nothing_says_nothing(said: Said) -> None:
    run_round(clock=clock(JULY_6))  # with the look for warnings of this hour
    before = len(said.lines)
    run_round(clock=clock(JULY_6))
    assert before > 0
    assert said.lines[before:] == []


@pytest.mark.django_db
def test_a_message_is_one_line_by_its_key_and_nothing_of_what_it_says(said: Said) -> None:
    now = clock(JULY_6)
    post(key="tests/1", subject="told", text="in confidence", address="a@b.example", now=now())
    deliver_next(clock=now)
    assert said.by("sla") == [
        {
            "level": "info",
            "logger": "sla.services.outbox.delivering",
            "event": "sent",
            "message_key": "tests/1",
        }
    ]


@pytest.mark.django_db
def test_messages_that_were_broken_off_are_one_line_however_many(said: Said) -> None:
    now = clock(JULY_6)
    for number in range(3):
        post(key=f"tests/{number}", subject="told", text="in confidence", address="a@b.example", now=now())
    OutboxMessage.objects.update(state="sending", lease_until=now())
    assert note_broken_off(now=now()) == 3
    [line] = said.by("sla")
    assert line["event"] == "3 in doubt, broken off: tests/2, tests/1, tests/0"


# Real programs

PLANTED = {
    "RECOURSE_METRICS_KEY": "planted-metrics-key-0123456789-abcdef",
    "RECOURSE_CHAT_URL": "mmosts://chat.example/planted-chat-path-0123",
    "RECOURSE_MAIL_URL": "smtp://mailer:planted%40mail-password@127.0.0.1:1",
}


@pytest.mark.django_db(transaction=True)
def test_every_line_of_the_web_server_is_an_object_and_none_holds_a_secret(tmp_path: Path) -> None:
    user = person()
    key = calendar_key(user)
    variables = {**PLANTED, "DATABASE_URL": database_for_others(tmp_path), "RECOURSE_PROXIES": "1"}
    https = {"Host": "recourse.example", "X_Forwarded_Proto": "https"}
    with web_server(at=tmp_path / "web", variables=variables) as (server, address):
        given = {**https, "X_Request_ID": "request-of-the-proxy"}
        assert asked(f"{address}/calendar/{user.pk}/{key}/deadlines.ics", **given)[0] == 404
        assert asked(f"{address}/metrics", Authorization="Bearer planted-wrong-key")[0] == 401
        assert asked(f"{address}/admin/login/?next=planted-query", **https)[0] == 200
        assert asked(f"{address}/", Host="other.example")[0] == 400
    lines = server.lines
    assert {"timestamp", "level", "logger", "event"} <= set.intersection(*(set(line) for line in lines))
    assert {"gunicorn.error", "config.requests", "django.security.DisallowedHost"} <= {
        line["logger"] for line in lines
    }
    answered = [line for line in lines if line["event"] == "answered"]
    assert [(line["path"], line["status"]) for line in answered] == [
        (f"/calendar/{user.pk}/(hidden)/deadlines.ics", 404),
        ("/metrics", 401),
        ("/admin/login/", 200),
        ("/", 400),
    ]
    assert answered[0]["request"] == "request-of-the-proxy"
    said = (tmp_path / "web" / "stderr").read_text() + (tmp_path / "web" / "stdout").read_text()
    assert "planted" not in said
    assert key not in said


def test_a_warning_of_python_is_a_line_like_any_other(tmp_path: Path) -> None:
    command = ("manage", "shell", "--verbosity", "0", "--command", "import warnings; warnings.warn('odd')")
    with program(*command, at=tmp_path, variables=PLANTED) as shell:
        shell.process.wait(60)
    [line] = shell.lines
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "UserWarning: odd" in line["event"]


def broker_of_our_own() -> str:
    """Return the address of a database of the broker that no other test uses."""
    if not settings.CELERY_BROKER_URL:
        pytest.fail("TEST_BROKER_URL is not set: name a Redis server, such as redis://127.0.0.1:6379/0.")
    return urlsplit(settings.CELERY_BROKER_URL)._replace(path="/13").geturl()


@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_every_line_of_a_worker_is_an_object_that_names_its_task_and_its_run(tmp_path: Path) -> None:
    agreement = a_closing_schedule()
    agreement.contract.effective_until = date(2019, 7, 1)
    saved(agreement.contract)
    broker = broker_of_our_own()
    variables = {**PLANTED, "DATABASE_URL": database_for_others(tmp_path), "CELERY_BROKER_URL": broker}
    command = ("celery", "-A", "config", "worker", "--concurrency", "1")
    with Connection(broker) as connection:
        connection.default_channel.client.flushdb()
        sent = send(app, "sla.sweep", connection=connection)
        with program(*command, at=tmp_path / "worker", variables=variables) as worker:
            worker.wait_for("done: Finalised by itself")
        connection.default_channel.client.flushdb()
    [planned] = [line for line in worker.lines if line["event"] == "planned"]
    assert (planned["task"], planned["task_id"], planned["runs"]) == ("sla.sweep", sent, 2)
    [done] = [line for line in worker.lines if line.get("kind") == "close"]
    assert (done["task"], done["kind"], done["statement"], done["level"]) == (
        "sla.work",
        "close",
        "NR-2018/power/2019-06",
        "info",
    )
    assert done["task_id"] not in ("", sent)
    assert "celery.apps.worker" in {line["logger"] for line in worker.lines}
    assert "planted" not in (tmp_path / "worker" / "stderr").read_text()


@pytest.mark.parametrize(
    ("part", "event"),
    [("worker", "consumer: Cannot connect"), ("beat", "Removing corrupted schedule file")],
)
def test_a_worker_and_a_clock_in_trouble_say_so_without_a_password(
    tmp_path: Path, part: str, event: str
) -> None:
    (tmp_path / "beat").write_bytes(b"no schedule")
    away = f"redis://:planted-broker-password@127.0.0.1:{free_port()}/0"
    variables = {**PLANTED, "CELERY_BROKER_URL": away}
    with program("celery", "-A", "config", part, at=tmp_path, variables=variables) as running:
        running.wait_for(event)
    [line, *_] = [line for line in running.lines if line["event"].startswith(event)]
    assert (line["level"], line["logger"].split(".")[0]) == ("error", "celery")
    assert "planted" not in (tmp_path / "stderr").read_text()


def send(celery: Celery, task: str, *, connection: Connection) -> str:
    """Send a task through a connection and return its number."""
    number: str = celery.send_task(task, connection=connection).id
    return number
