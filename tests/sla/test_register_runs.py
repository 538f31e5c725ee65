"""Files of registers read and imported by the rounds: each once, all or nothing, whatever breaks off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from sla.models import Duty
from sla.services import register_uploads
from sla.services.duties.forgetting import forget
from sla.services.duties.rounds import run_round
from sla.services.register_uploads import ask_for_import, import_file, keep_file, read_again
from tests.builders import at
from tests.sla.running import Clock, clock
from tests.vendors.registers import FEES, small
from tests.vendors.rows import person
from vendors.models import Charge, LegalEntity, RegisterUpload

pytestmark = pytest.mark.django_db

START = "2026-07-06 06:00"


def an_upload(*, asked: bool = True, content: bytes = b"") -> RegisterUpload:
    upload = RegisterUpload(what="portfolio", file_name="portfolio.xlsx")
    keep_file(upload, content or small(), by=person("anna"), at=at(START))
    if asked:
        ask_for_import(upload, at=at(START))
    return upload


def runs() -> list[tuple[str, str]]:
    return list(Duty.objects.filter(kind="import").order_by("pk").values_list("state", "outcome"))


def again(upload: RegisterUpload) -> RegisterUpload:
    return RegisterUpload.objects.get(pk=upload.pk)


def after_a_round(upload: RegisterUpload, now: Clock) -> RegisterUpload:
    run_round(clock=now)
    return again(upload)


def test_a_file_that_waits_is_imported_by_the_rounds_once() -> None:
    upload = an_upload()
    now = clock(START)
    done = after_a_round(upload, now)
    assert (done.state, done.imported_at, done.content) == ("done", now.at, None)
    assert Charge.objects.count() == 1
    run_round(clock=now)
    assert runs() == [("done", "Imported: 5 created.")]


def test_one_that_is_only_shown_is_not() -> None:
    upload = after_a_round(an_upload(asked=False), clock(START))
    assert (upload.state, Charge.objects.count(), runs()) == ("shown", 0, [])


def test_a_large_file_is_read_by_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_uploads, "PACKED_AT_ONCE", 10)
    upload = an_upload(asked=False)
    assert (upload.state, upload.report) == ("looking", {})
    upload = after_a_round(upload, clock(START))
    assert (upload.state, upload.report["records"]) == ("shown", 5)
    assert runs() == [("done", "Read, not imported: 5 created.")]
    read_again(upload, at=at("2026-07-06 06:01"))
    upload = after_a_round(upload, clock("2026-07-06 06:02"))
    assert (upload.state, len(runs())) == ("shown", 2)


def test_of_two_clicks_one_asks_for_the_import() -> None:
    upload = an_upload(asked=False)
    other = again(upload)
    ask_for_import(upload, at=at(START))
    with pytest.raises(ValidationError, match=r"portfolio\.xlsx waits for its import already\."):
        ask_for_import(other, at=at(START))


def test_a_file_in_the_hands_of_another_is_not_imported_twice() -> None:
    upload = an_upload()
    now = clock(START)
    RegisterUpload.objects.filter(pk=upload.pk).update(state="running", began_at=now.at)
    assert (import_file(again(upload), clock=now).state, Charge.objects.count()) == ("running", 0)
    run_round(clock=now)
    assert runs() == []
    now.forward(minutes=11)
    assert (after_a_round(upload, now).state, Charge.objects.count()) == ("done", 1)


def test_one_that_was_taken_over_meanwhile_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = an_upload()
    reading = register_uploads.import_portfolio

    def overtaken(content: bytes, **given: Any) -> Any:
        RegisterUpload.objects.filter(pk=upload.pk).update(began_at=at("2026-07-06 06:30"))
        return reading(content, **given)

    monkeypatch.setattr(register_uploads, "import_portfolio", overtaken)
    left = import_file(again(upload), clock=clock(START))
    assert (left.state, left.began_at) == ("running", at("2026-07-06 06:30"))
    assert (Charge.objects.count(), LegalEntity.objects.count()) == (0, 0)


def test_one_that_breaks_in_the_middle_keeps_nothing_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload = an_upload()
    telling = register_uploads.as_plain
    monkeypatch.setattr(register_uploads, "as_plain", lambda report: 1 / 0)
    now = clock(START)
    broken = after_a_round(upload, now)
    assert (broken.state, Charge.objects.count()) == ("due", 0)
    monkeypatch.setattr(register_uploads, "as_plain", telling)
    now.forward(minutes=1)
    assert (after_a_round(upload, now).state, Charge.objects.count()) == ("done", 1)


def test_one_that_is_given_up_says_why_and_may_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = an_upload()
    telling = register_uploads.as_plain
    monkeypatch.setattr(register_uploads, "as_plain", lambda report: 1 / 0)
    now = clock(START)
    for _ in range(7):
        run_round(clock=now)
        now.forward(minutes=61)
    failed = again(upload)
    assert (failed.state, failed.error) == ("failed", "ZeroDivisionError: division by zero")
    monkeypatch.setattr(register_uploads, "as_plain", telling)
    read_again(failed, at=now.at)
    ask_for_import(failed, at=now.at)
    assert (after_a_round(upload, now).state, Charge.objects.count()) == ("done", 1)


def test_what_came_in_the_way_since_it_was_shown_is_shown_instead() -> None:
    upload = an_upload(content=small(fees=[FEES[0], ("NR-1", "cage-7", "cage", "5")]))
    other = small(
        contracts=[
            ("reference", "vendor", "entity", "currency", "zone", "effective from"),
            ("NR-1", "other", "acme-us", "USD", "UTC", "2024-01-01"),
        ],
        vendors=[("slug", "name"), ("other", "Other")],
    )
    first = RegisterUpload(what="portfolio", file_name="first.xlsx")
    keep_file(first, other, by=person("anna"), at=at(START))
    ask_for_import(first, at=at(START))
    import_file(first, clock=clock(START))
    left = after_a_round(upload, clock(START))
    assert (left.state, left.report["stopped"], left.content is None) == ("shown", True, False)


def test_the_page_tells_how_far_it_is(client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    fees = [FEES[0], *(("NR-1", "cage-7", f"fee-{number}", "12.50") for number in range(300))]
    upload = an_upload(asked=False, content=small(fees=fees))
    page = reverse("admin:sla_register_file", args=[upload.pk])
    for _ in range(2):
        client.post(reverse("admin:sla_register_go", args=[upload.pk]))
    told = client.get(page).content.decode()
    assert "304 records wait for a worker since" in told
    assert 'http-equiv="refresh"' in told
    assert 'class="rc-primary"' not in told
    after_a_round(upload, clock("2126-01-01 00:00"))
    told = client.get(page).content.decode()
    assert "What came of it" in told
    assert ("Created: 304" in told, Charge.objects.count()) == (True, 300)


def test_files_that_nobody_imported_are_forgotten_and_imported_ones_stay_listed() -> None:
    shown, done = an_upload(asked=False), an_upload()
    now = clock(START)
    run_round(clock=now)
    forget(now=now.at + timedelta(days=31))
    assert [row.pk for row in RegisterUpload.objects.all()] == [done.pk]
    assert shown.pk != done.pk
