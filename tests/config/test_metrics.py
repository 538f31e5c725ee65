"""A monitor that holds the key gets every number, from the database and in a handful of queries."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client
from django.utils import timezone
from prometheus_client.core import Sample
from prometheus_client.parser import text_string_to_metric_families

from config.metrics import exposed
from sla.models import Alert, Duty, Heartbeat, OutboxMessage, Statement
from sla.selectors.gauges import gauges
from sla.services.duties.rounds import run_round
from sla.services.outbox import post
from tests.builders import a_vendor, an_incident, an_outage, at
from tests.sla.running import a_closing_schedule, clock

pytestmark = pytest.mark.django_db

KEY = "metrics-key-0123456789-abcdefghijklmnop"
NOON = at("2019-07-06 12:00")


def numbers(text: str) -> dict[str, float]:
    """Return each number by its name, such as `runs{kind=close,state=due}`."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {named(sample): sample.value for sample in samples}


def named(sample: Sample) -> str:
    name = sample.name.removeprefix("recourse_")
    labels = ",".join(f"{label}={value}" for label, value in sorted(sample.labels.items()))
    return f"{name}{{{labels}}}" if labels else name


def told(*, now: Any = NOON) -> dict[str, float]:
    """Return the numbers that are not 0."""
    return {name: value for name, value in numbers(exposed(gauges(now=now)).decode()).items() if value}


def a_run(subject: str, *, waited: timedelta, kind: str = "refresh", **fields: Any) -> None:
    since = NOON - waited
    Duty.objects.create(kind=kind, subject=subject, due_at=since, next_at=since, **fields)


def a_message(key: str, *, channel: str = "mail", **fields: Any) -> None:
    row = post(
        key=key,
        subject="told",
        text="in confidence",
        channel=OutboxMessage.Channel(channel),
        address="a@b.example",
        now=NOON - timedelta(minutes=2),
    )
    OutboxMessage.objects.filter(pk=row.pk).update(**fields)


def an_alert(subject: str, *, kind: str = "step", **fields: Any) -> None:
    Alert.objects.create(
        **{
            "kind": kind,
            "subject": subject,
            "rank": 2,
            "headline": "late",
            "raised_at": NOON,
            "ranked_at": NOON,
        }
        | fields
    )


# Who may ask


@pytest.mark.parametrize(
    ("key", "header", "status"),
    [
        (None, f"Bearer {KEY}", 404),
        (None, "", 404),
        (KEY, "", 401),
        (KEY, KEY, 401),
        (KEY, f"Bearer {KEY}x", 401),
        (KEY, f"Bearer {KEY[:-1]}", 401),
        (KEY, f"bearer {KEY}", 401),
        (KEY, "Bearer kéy", 401),
        (KEY, f"Bearer {KEY}", 200),
    ],
)
def test_only_who_holds_the_key_gets_numbers(
    client: Client, settings: Any, key: str | None, header: str, status: int
) -> None:
    settings.METRICS_KEY = key
    answer = client.get("/metrics", headers={"authorization": header})
    assert answer.status_code == status
    assert (b"recourse_" in answer.content) is (status == 200)
    assert answer.has_header("WWW-Authenticate") is (status == 401)
    assert KEY.encode() not in answer.content


def test_a_login_opens_no_numbers(admin_client: Client, settings: Any) -> None:
    settings.METRICS_KEY = KEY
    assert admin_client.get("/metrics").status_code == 401


def test_they_come_in_the_text_that_prometheus_reads(client: Client, settings: Any) -> None:
    settings.METRICS_KEY = KEY
    answer = client.get("/metrics", headers={"authorization": f"Bearer {KEY}"})
    assert answer["Content-Type"] == "text/plain; version=1.0.0; charset=utf-8"
    assert b"# TYPE recourse_runs gauge\n" in answer.content
    assert len(numbers(answer.content.decode())) == 36 + 9 + 3 + 3 + 18 + 1 + 3 + 8 + 8


# What they say


def test_where_nothing_ever_ran_all_is_nought_and_no_part_has_ever_worked() -> None:
    assert told() == {f"beat_age_seconds{{part={part}}}": math.inf for part in ("sweep", "work", "deliver")}


def test_every_part_tells_how_long_ago_it_worked_and_for_how_long() -> None:
    for part, ago, lasted in (("sweep", 61, 250_000), ("work", 62, 1_500_000), ("deliver", 0, 0)):
        Heartbeat.objects.create(name=part, beat_at=NOON - timedelta(seconds=ago), lasted_us=lasted)
    assert told() == {
        "beat_age_seconds{part=sweep}": 61,
        "beat_age_seconds{part=work}": 62,
        "beat_duration_seconds{part=sweep}": 0.25,
        "beat_duration_seconds{part=work}": 1.5,
    }


@pytest.fixture
def _beating() -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=part, beat_at=NOON, lasted_us=0) for part in Heartbeat.Part.values]
    )


@pytest.mark.usefixtures("_beating")
def test_runs_are_counted_by_kind_and_state_and_the_oldest_has_its_age() -> None:
    a_run("schedule/1", waited=timedelta(minutes=7))
    a_run("schedule/2", waited=timedelta(minutes=90))
    a_run("schedule/3", waited=timedelta(days=9), state="done")
    a_run("house", kind="look", waited=timedelta(seconds=30))
    a_run("reader/1", kind="mail", waited=timedelta(days=2), state="failed")
    assert told() == {
        "runs{kind=refresh,state=due}": 2,
        "runs{kind=refresh,state=done}": 1,
        "runs{kind=look,state=due}": 1,
        "runs{kind=mail,state=failed}": 1,
        "oldest_run_seconds{kind=refresh}": 5400,
        "oldest_run_seconds{kind=look}": 30,
    }


@pytest.mark.usefixtures("_beating")
def test_messages_are_counted_by_channel_and_state_and_those_in_doubt_are_seen() -> None:
    a_message("a/1")
    a_message("a/2", next_at=NOON + timedelta(minutes=5))
    a_message("a/3", state="in_doubt")
    a_message("a/4", channel="chat", state="given_up")
    assert told() == {
        "messages{channel=mail,state=waiting}": 2,
        "messages{channel=mail,state=in_doubt}": 1,
        "messages{channel=chat,state=given_up}": 1,
        "oldest_message_seconds": 120,
    }


@pytest.mark.usefixtures("_beating")
def test_warnings_that_stand_are_counted_and_those_that_nobody_took_on() -> None:
    an_alert("step/1")
    an_alert("step/2", acknowledged_rank=2)
    an_alert("step/3", acknowledged_rank=1)  # it got worse since
    an_alert("step/4", cleared_at=NOON)
    an_alert("level/1", kind="level", acknowledged_rank=2)
    assert told() == {
        "warnings{kind=step}": 3,
        "warnings{kind=level}": 1,
        "warnings_unacknowledged{kind=step}": 2,
    }


def test_a_closed_period_waits_for_a_person_until_it_is_finalised() -> None:
    clean, missed = a_closing_schedule(), a_closing_schedule("NR-2019", vendor=a_vendor("second"))
    incident = an_incident(vendor=missed.contract.vendor)
    an_outage(incident, missed.contract.services.get())
    run_round(clock=clock("2019-07-06 07:00"))
    assert Statement.objects.filter(agreement__in=(clean, missed), period="2019-06").count() == 2
    assert told()["statements_waiting"] == 1


def test_a_draft_is_stale_from_the_change_to_its_refreshing() -> None:
    agreement = a_closing_schedule()
    now = clock("2019-07-06 07:00")
    run_round(clock=now)
    assert told()["drafts_stale"] == 1  # the look for warnings asked for that of July
    run_round(clock=now)
    assert "drafts_stale" not in told()
    Statement.objects.update(wanted=9)
    assert told()["drafts_stale"] == 2
    run_round(clock=now)
    assert "drafts_stale" not in told()
    assert sorted(agreement.statements.values_list("period", flat=True)) == ["2019-06", "2019-07"]


def test_a_period_is_overdue_a_day_after_it_was_due() -> None:
    agreement = a_closing_schedule()
    for month, state, hours in ((1, "due", 25), (2, "failed", 25), (3, "done", 25), (4, "due", 23)):
        a_run(
            f"schedule/{agreement.pk}",
            kind="close",
            period=f"2019-{month:02d}",
            ends_on=date(2019, month, 28),
            agreement=agreement,
            waited=timedelta(hours=hours),
            state=state,
        )
    assert told()["periods_overdue"] == 2


def test_nothing_of_what_records_say_is_told() -> None:
    a_run("planted/1", waited=timedelta(minutes=7), state="failed", error="planted", outcome="planted")
    a_message("planted/2", error="planted")
    an_alert("planted/3", detail="planted")
    assert b"planted" not in exposed(gauges(now=NOON))


def test_the_queries_are_as_many_whatever_the_tables_hold(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(9):
        gauges(now=NOON)
    a_closing_schedule()
    run_round(clock=clock("2020-04-05 12:00"))
    for number in range(20):
        a_message(f"a/{number}")
        an_alert(f"step/{number}")
    with django_assert_num_queries(9):
        gauges(now=timezone.now())


def test_a_number_that_the_readme_names_is_one_that_is_told() -> None:
    text = (Path(project.BASE_DIR) / "README.md").read_text()
    known = {name.split("{")[0] for name in numbers(exposed(gauges(now=NOON)).decode())}
    assert set(re.findall(r"\brecourse_([a-z_]+)\b(?=[\s{)])", text)) - known == set()
