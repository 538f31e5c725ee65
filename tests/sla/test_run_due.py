"""One command does everything that is due, for cron or in a loop, with no broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from sla.models import Duty, OutboxMessage
from sla.services.outbox import post
from tests.builders import at
from tests.sla.running import a_closing_schedule, closings

ROOT = Path(settings.BASE_DIR)


def run_due(*args: str) -> tuple[str, str]:
    """Return what the command says and complains of."""
    out, err = StringIO(), StringIO()
    call_command("run_due", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_a_round_says_what_was_due_and_done_and_a_second_finds_nothing() -> None:
    a_closing_schedule()
    said, _ = run_due("--at", "2019-07-06T00:00:00-07:00")
    assert said == ("0 drafts touched by changes, 1 run became due, 1 run tried, 0 messages tried.\n")
    assert closings() == [("2019-06", "done", "Finalised by itself as NR-2018/power/2019-06/r1.")]
    again, _ = run_due("--at", "2019-07-06T07:00:00Z")
    assert "0 runs became due, 0 runs tried" in again


@pytest.mark.django_db
def test_what_failed_is_told_and_the_command_ends_with_one() -> None:
    a_closing_schedule()
    Duty.objects.create(
        kind="refresh", subject="schedule/9", state="failed", error="no terms", due_at=at("2019-07-01 00:00"),
        next_at=at("2019-07-01 00:00"),
    )  # fmt: skip
    message = post(key="k", address="a@b.example", subject="June", text="x", now=at("2019-07-01 00:00"))
    OutboxMessage.objects.filter(pk=message.pk).update(state="in_doubt", error="the line broke")
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="Something needs a person") as ended:
        call_command("run_due", "--at", "2019-07-06T07:00:00Z", stdout=out, stderr=err)
    assert ended.value.returncode == 1
    assert err.getvalue() == (
        "Failed: Bring drafts up to date schedule/9: no terms\n"
        "In doubt: it may have arrived: June to a@b.example: the line broke\n"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--at", "2199-01-01T00:00:00Z"], "2199-01-01 00:00:00 UTC is not here yet"),
        (["--at", "2019-07-06T07:00:00"], "no moment with an offset"),
        (["--at", "today"], "no moment with an offset"),
        (["--every", "0"], "no pause"),
        (["--every", "soon"], "no pause"),
        (["--at", "2019-07-06T07:00:00Z", "--every", "5"], "goes with a single round"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(args: list[str], said: str) -> None:
    a_closing_schedule()
    with pytest.raises(CommandError, match=said):
        call_command("run_due", *args)
    assert not Duty.objects.exists()


def test_the_loop_goes_on_until_it_is_asked_to_stop(tmp_path: Path) -> None:
    environment = {**os.environ, "RECOURSE_DEBUG": "true", "RECOURSE_DATA": str(tmp_path)}
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "CELERY_BROKER_URL"):
        environment.pop(name, None)
    manage: list[Any] = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], env=environment, check=True, timeout=120)
    loop = subprocess.Popen(
        [*manage, "run_due", "--every", "0.2"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        time.sleep(6)
        assert loop.poll() is None
        loop.send_signal(signal.SIGTERM)
        _, complaints = loop.communicate(timeout=30)
    finally:
        loop.kill()
    assert (loop.returncode, complaints.decode()) == (0, "")
