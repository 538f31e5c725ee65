"""Probes tell the truth: a process lives, it can serve, and what runs by itself does not stand still."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from sla.models import Duty, Heartbeat, OutboxMessage
from sla.selectors.machinery import machinery_health
from sla.services.duties.planning import plan
from sla.services.duties.rounds import run_round, sweep
from sla.services.outbox import post
from tests.builders import at
from tests.config.processes import asked, free_port, web_server
from tests.sla.running import a_closing_schedule, clock

NOON = at("2019-07-06 12:00")
PATHS = ("/health/live", "/health/ready", "/health/scheduler", "/metrics")


def swept(*, ago: timedelta, before: Any = NOON) -> None:
    Heartbeat.objects.update_or_create(name="sweep", defaults={"beat_at": before - ago, "lasted_us": 1500})


def a_run(*, waited: timedelta, before: Any = NOON, **fields: Any) -> Duty:
    since = before - waited
    return Duty.objects.create(
        **{"kind": "refresh", "subject": "schedule/1", "due_at": since, "next_at": since, **fields}
    )


def a_message(*, waited: timedelta, before: Any = NOON, key: str = "tests/1", **fields: Any) -> None:
    row = post(key=key, subject="told", text="in confidence", address="a@b.example", now=before - waited)
    OutboxMessage.objects.filter(pk=row.pk).update(**fields)


# The process


def test_a_process_lives_whatever_its_database_does(client: Client) -> None:
    answer = client.get("/health/live")  # this test may not touch the database
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (
        200,
        b"live",
        "text/plain; charset=utf-8",
    )


def test_even_a_visitor_with_a_session_makes_no_probe_ask_the_database(
    admin_client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert admin_client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_a_process_is_ready_where_the_database_knows_the_tables_of_its_code(client: Client) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.content) == (200, b"ready")


@pytest.mark.django_db
def test_it_is_not_ready_before_every_migration_is_applied(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    newest = MigrationRecorder.Migration.objects.filter(app="sla").latest("pk")
    newest.delete()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.content) == (503, b"unready")
    assert f"not ready: run `manage.py migrate`, which applies sla.{newest.name}" in caplog.messages


def test_without_its_database_a_server_lives_and_says_that_it_cannot_serve(tmp_path: Path) -> None:
    away = f"127.0.0.1:{free_port()}"
    variables = {
        "DATABASE_URL": f"postgres://me:planted-password@{away}/recourse",
        "CELERY_BROKER_URL": f"redis://:planted-password@{away}/0",
        "RECOURSE_METRICS_KEY": "planted-metrics-key-0123456789-abcdef",
    }
    with web_server(at=tmp_path, variables=variables) as (server, address):
        answers = [asked(f"{address}{path}") for path in PATHS[:3]]
        key = {"Authorization": f"Bearer {variables['RECOURSE_METRICS_KEY']}"}
        answers.append(asked(f"{address}/metrics", **key))
    assert answers == [
        (200, "live"),
        (503, "unready"),
        (503, '{"status": "failing", "problems": ["database"]}'),
        (503, "The database does not answer."),
    ]
    warnings = [line["event"] for line in server.lines if line["logger"] == "config.pages"]
    assert len(warnings) == 3
    assert all(event.startswith("the database does not answer: connection") for event in warnings)
    assert "planted" not in (tmp_path / "stderr").read_text()


# The machinery


HEALTHY = {
    "status": "working",
    "problems": [],
    "sweep_age_seconds": 30,
    "oldest_run_seconds": 0,
    "oldest_message_seconds": 0,
    "runs": {"due": 0, "running": 0, "failed": 0},
    "messages": {"waiting": 0, "in_doubt": 0, "given_up": 0},
}


@pytest.mark.django_db
def test_a_machinery_that_works_says_so_in_ages_and_counts(client: Client) -> None:
    swept(ago=timedelta(seconds=30), before=timezone.now())
    answer = client.get("/health/scheduler")
    assert (answer.status_code, answer.json()) == (200, HEALTHY)


@pytest.mark.django_db
def test_everything_that_waits_or_failed_is_counted_and_nothing_is_named(client: Client) -> None:
    now = timezone.now()
    swept(ago=timedelta(minutes=4, seconds=30), before=now)
    a_run(waited=timedelta(minutes=20), before=now)
    a_run(waited=timedelta(hours=9), before=now, subject="planted/2", state="failed", error="planted")
    a_message(waited=timedelta(minutes=16), before=now, key="planted/1")
    a_message(waited=timedelta(days=3), before=now, key="planted/2", state="in_doubt")
    a_message(waited=timedelta(days=3), before=now, key="planted/3", state="given_up", error="planted")
    answer = client.get("/health/scheduler")
    assert (answer.status_code, answer.json()) == (
        503,
        {
            "status": "failing",
            "problems": ["sweep", "runs", "messages"],
            "sweep_age_seconds": 270,
            "oldest_run_seconds": 1200,
            "oldest_message_seconds": 960,
            "runs": {"due": 1, "running": 0, "failed": 1},
            "messages": {"waiting": 1, "in_doubt": 1, "given_up": 1},
        },
    )
    assert b"planted" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sweep_ago", "run_waited", "message_waited", "problems"),
    [
        ({"minutes": 3}, {"minutes": 15}, {"minutes": 15}, ()),
        ({"minutes": 3, "microseconds": 1}, {}, {}, ("sweep",)),
        ({}, {"minutes": 15, "microseconds": 1}, {}, ("runs",)),
        ({}, {}, {"minutes": 15, "microseconds": 1}, ("messages",)),
        ({"days": 3}, {"days": 3}, {"days": 3}, ("sweep", "runs", "messages")),
        ({"seconds": -2}, {}, {}, ()),  # another machine's clock is a little ahead
    ],
)
def test_each_age_has_its_limit(
    sweep_ago: dict[str, float],
    run_waited: dict[str, float],
    message_waited: dict[str, float],
    problems: tuple[str, ...],
) -> None:
    swept(ago=timedelta(**sweep_ago))
    a_run(waited=timedelta(**run_waited))
    a_message(waited=timedelta(**message_waited))
    assert machinery_health(now=NOON).problems == problems


@pytest.mark.django_db
def test_a_clock_that_stops_turns_it_red_by_the_age_of_its_last_turn_and_one_turn_heals_it() -> None:
    now = clock("2019-07-06 12:00")
    assert machinery_health(now=now()).problems == ("sweep",)  # it never turned
    run_round(clock=now)
    assert machinery_health(now=now()).problems == ()
    now.forward(minutes=3, seconds=1)
    assert machinery_health(now=now()).problems == ("sweep",)
    assert machinery_health(now=now()).sweep_age == timedelta(minutes=3, seconds=1)
    sweep(clock=now)
    assert machinery_health(now=now()).problems == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "waited"),
    [
        ({}, timedelta(hours=1)),
        ({"state": "done"}, timedelta(0)),
        ({"state": "failed"}, timedelta(0)),  # a person is asked, no worker
        ({"next_at": NOON + timedelta(minutes=2)}, timedelta(0)),  # it is tried again later
        ({"state": "running", "token": "a", "lease_until": NOON + timedelta(minutes=1)}, timedelta(0)),
        (
            {"state": "running", "token": "a", "lease_until": NOON - timedelta(minutes=5)},
            timedelta(minutes=5),
        ),
    ],
)
def test_only_what_a_worker_could_begin_waits(fields: dict[str, Any], waited: timedelta) -> None:
    a_run(waited=timedelta(hours=1), **fields)
    assert machinery_health(now=NOON).oldest_run == waited


@pytest.mark.django_db
def test_months_that_are_entered_late_wait_from_when_they_were_planned() -> None:
    a_closing_schedule()
    now = clock("2020-04-05 12:00")
    plan(now=now())
    now.forward(minutes=4)
    assert Duty.objects.filter(kind="close").count() == 9
    assert machinery_health(now=now()).oldest_run == timedelta(minutes=4)


@pytest.mark.django_db
def test_a_message_that_waits_for_its_next_try_is_not_late() -> None:
    a_message(waited=timedelta(hours=2), next_at=NOON + timedelta(minutes=1), attempts=3)
    assert machinery_health(now=NOON).oldest_message == timedelta(0)


# Who asks, and how


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_probes_ask_by_any_host_without_tls_and_without_a_login(
    client: Client, settings: Any, path: str
) -> None:
    settings.ALLOWED_HOSTS = ["recourse.example"]
    settings.SECURE_SSL_REDIRECT = True
    expected = {"/health/scheduler": 503, "/metrics": 404}.get(path, 200)
    assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == expected


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/admin/", "10.0.0.7:8000", 400),
        ("/health/other", "10.0.0.7:8000", 400),
        ("/metrics/other", "10.0.0.7:8000", 400),
        ("/admin/", "recourse.example", 301),
    ],
)
def test_every_other_page_asks_for_its_own_host_and_tls(
    client: Client, settings: Any, path: str, host: str, status: int
) -> None:
    settings.ALLOWED_HOSTS = ["recourse.example"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"host": host}).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_no_cache_keeps_an_answer_and_only_reading_is_allowed(client: Client, path: str) -> None:
    answer = client.get(path)
    assert "no-store" in answer["Cache-Control"]
    head = client.head(path)
    assert (head.status_code, head.content) == (answer.status_code, b"")
    assert [client.post(path).status_code, client.delete(path).status_code] == [405, 405]
