"""One command does everything that is due, for cron or in a loop, with no broker."""

from __future__ import annotations

import signal
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from sla.models import Duty, OutboxMessage
from sla.services.duties import running
from sla.services.outbox import delivering, post
from sla.services.outbox.mail import DoubtError
from tests.builders import at
from tests.config.processes import PATIENCE_SECONDS, database_for_others, program
from tests.sla.running import a_closing_schedule, closings

AS_IF = (
    "As if it were 2019-07-06 07:00:00 UTC: what this round finalises, warns of and mails is dated so and"
    " stays; it reads the records of today."
)


def run_due(*args: str) -> tuple[str, str]:
    """Return what the command says and complains of."""
    out, err = StringIO(), StringIO()
    call_command("run_due", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_a_round_says_what_was_due_and_done_and_a_later_one_finds_nothing() -> None:
    a_closing_schedule()
    said, _ = run_due("--at", "2019-07-06T00:00:00-07:00")
    # The third is the draft of July, for which the look asked.
    assert said.splitlines() == [
        AS_IF,
        "0 drafts touched by changes, 3 runs became due, 3 runs tried, 0 messages tried.",
    ]
    assert closings() == [("2019-06", "done", "Finalised by itself as NR-2018/power/2019-06/r1.")]
    again, _ = run_due("--at", "2019-07-06T07:00:00Z")
    assert again.splitlines() == [
        AS_IF,
        "0 drafts touched by changes, 0 runs became due, 0 runs tried, 0 messages tried.",
    ]


@pytest.mark.django_db
def test_an_instant_before_the_last_round_is_told_and_one_of_now_is_not() -> None:
    run_due("--at", "2019-08-06T07:00:00Z")
    earlier, _ = run_due("--at", "2019-07-06T07:00:00Z")
    assert earlier.splitlines()[0] == f"{AS_IF} The last round was at 2019-08-06 07:00 UTC, after it."
    now, _ = run_due("--at", timezone.now().isoformat())
    assert len(now.splitlines()) == 1


@pytest.mark.django_db
def test_what_waited_for_a_person_before_is_mentioned_and_no_failure() -> None:
    message = post(key="k", address="a@b.example", subject="June", text="x", now=at("2019-07-01 00:00"))
    OutboxMessage.objects.filter(pk=message.pk).update(state="in_doubt", error="the line broke")
    said, complained = run_due("--at", "2019-07-06T07:00:00Z")
    assert said.splitlines()[-1] == (
        "Since earlier, 0 runs and 1 message need a person: see Scheduled runs and Messages in the admin."
    )
    assert complained == ""


@pytest.mark.django_db
def test_what_this_round_failed_at_is_told_and_the_command_ends_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    then = at("2019-07-01 00:00")
    Duty.objects.create(kind="refresh", subject="schedule/9", due_at=then, next_at=then)
    post(key="k", address="a@b.example", subject="June", text="x", now=then)

    def refuses(*_: object) -> None:
        raise ValidationError("no terms")

    def breaks_off(_: object) -> None:
        raise DoubtError("the server went away")

    monkeypatch.setitem(running.RUNS, "refresh", refuses)
    monkeypatch.setitem(delivering.WAYS, "mail", breaks_off)
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="Something needs a person") as ended:
        call_command("run_due", "--at", "2019-07-06T07:00:00Z", stdout=out, stderr=err)
    assert ended.value.returncode == 1
    assert err.getvalue() == (
        "Failed: Bring drafts up to date schedule/9: no terms\n"
        "In doubt: it may have arrived: June to a@b.example: The line broke before the server answered: the"
        " server went away\n"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--at", "2199-01-01T00:00:00Z"], "2199-01-01 00:00:00 UTC is not here yet"),
        (["--at", "2019-07-06T07:00:00"], "no moment with an offset"),
        (["--at", "today"], "no moment with an offset"),
        (["--at", "0001-01-01T00:00Z"], "'0001-01-01T00:00Z' is no moment for a contract: the year is 1970"),
        (["--at", "0001-01-01T00:00+12:00"], "the year is 1970 to 8999"),
        (["--at", "9999-12-31T23:59-12:00"], "the year is 1970 to 8999"),
        (["--at", "1970-01-01T00:00+12:00", "--every", "5"], "goes with a single round"),
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


@pytest.mark.django_db(transaction=True)
def test_the_loop_goes_on_until_it_is_asked_to_stop(tmp_path: Path) -> None:
    variables = {"DATABASE_URL": database_for_others(tmp_path)}
    command = ("manage", "run_due", "--every", "0.2")
    with program(*command, at=tmp_path / "loop", variables=variables) as loop:
        loop.wait_for("done: No warning changed.")
        loop.process.send_signal(signal.SIGTERM)
        assert loop.process.wait(PATIENCE_SECONDS) == 0
    assert {line["level"] for line in loop.lines} == {"info"}
