"""Hourly runs that are done and the bytes of files sent long ago are forgotten; what was told stays."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from sla.models import Duty, OutboxFile, OutboxMessage
from sla.services.duties.forgetting import forget
from sla.services.duties.rounds import run_round
from sla.services.outbox import Attachment, post
from tests.builders import at
from tests.sla.running import clock

pytestmark = pytest.mark.django_db

NOW = at("2026-07-06 06:00")
PDF = b"%PDF-1.7 figures"


def sent_file(*, days_ago: int, state: str = "sent") -> OutboxFile:
    """Return the file of a mail that was written so many days ago."""
    written = NOW - timedelta(days=days_ago)
    file = Attachment(name="summary.pdf", content_type="application/pdf", content=PDF)
    key = f"report/{days_ago}/{state}"
    mail = post(key=key, subject="S", text="T", address="a@b.example", files=[file], now=written)
    OutboxMessage.objects.filter(pk=mail.pk).update(state=state, sent_at=written if state == "sent" else None)
    return mail.files.get()


@pytest.mark.parametrize(
    ("days_ago", "state", "is_kept"),
    [
        (399, "sent", True),
        (401, "sent", False),
        (401, "cancelled", False),
        (401, "waiting", True),
        (401, "in_doubt", True),
        (401, "given_up", True),
    ],
)
def test_the_bytes_of_a_file_go_400_days_after_a_mail_that_is_over(
    days_ago: int, state: str, is_kept: bool
) -> None:
    file = sent_file(days_ago=days_ago, state=state)
    forget(now=NOW)
    file.refresh_from_db()
    assert (file.content is not None) is is_kept
    assert (file.name, file.size, file.digest) == ("summary.pdf", 16, hashlib.sha256(PDF).hexdigest())


@pytest.mark.parametrize(
    ("kind", "state", "days_ago", "is_kept"),
    [
        ("look", "done", 29, True),
        ("look", "done", 31, False),
        ("digest", "done", 31, False),
        ("look", "failed", 31, True),
        ("close", "done", 31, True),
        ("mail", "done", 31, True),
    ],
)
def test_of_runs_only_hourly_ones_are_forgotten_30_days_after_they_were_done(
    kind: str, state: str, days_ago: int, is_kept: bool
) -> None:
    due = NOW - timedelta(days=days_ago)
    Duty.objects.create(kind=kind, subject="s", state=state, due_at=due, next_at=due, finished_at=due)
    forget(now=NOW)
    assert Duty.objects.exists() is is_kept


def test_the_first_sweep_of_an_hour_forgets() -> None:
    file = sent_file(days_ago=401)
    run_round(clock=clock("2026-07-06 06:00"))
    file.refresh_from_db()
    assert file.content is None
