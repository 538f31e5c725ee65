"""Every page, file, mail and message of a portfolio whose texts are attacks: none comes to life."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from socket import create_server, socket
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django.plugin import DjangoDbBlocker

from sla.models import Claim, ClaimLetter, OutboxMessage, Release, StatementRevision
from sla.reports.editions import Edition
from sla.reports.tables import Report, page_part
from sla.reports.vendor import VendorReport, as_report, vendor_pdf
from sla.services.alerts.looking import look_at_everything
from sla.services.alerts.telling import tell_reader
from sla.services.deadlines import deadline_feed
from sla.services.letters import letter_preview
from sla.services.links.making import make_link
from sla.services.mailings.trying import reader_choices, send_test
from sla.services.reporting import make_report, report_file
from sla.services.statement_files import OF_REVISION, revision_file
from sla.services.vendor_reports import make_vendor_report
from tests.attack.inputs import accepted
from tests.attack.looking import (
    of_calendar,
    of_csv,
    of_pack,
    of_page,
    of_pdf,
    of_text,
    of_workbook,
    pdf_text,
)
from tests.attack.world import load_hostile
from tests.config.access_matrix import API
from tests.config.test_access import addresses_of, every_page, key_in_api, kinds
from tests.sla.mailing_rows import a_contact, a_report, parsed
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
# A day on which the claims of the demo of 2026 are open.
NOW = datetime(2026, 6, 20, 9, tzinfo=UTC)
CODES = ("breach", "portfolio", "completeness", "credit_register", "roll_forward", "journal")
LOOK: dict[str, Callable[[bytes], list[str]]] = {
    "html": lambda body: of_page(body.decode()),
    "csv": lambda body: of_csv(body.decode()),
    "xlsx": of_workbook,
    "json": lambda body: of_text(json.dumps(json.loads(body))),
    "pdf": of_pdf,
}
HEADERS = {
    *("Content-Type", "MIME-Version", "Subject", "From", "To", "Message-ID", "Date", "Auto-Submitted"),
    "X-Auto-Response-Suppress",
}


@contextmanager
def listening() -> Iterator[socket]:
    """Listen on this machine: whoever asks there was led by an attack."""
    with create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def listener() -> Iterator[socket]:
    with listening() as server:
        yield server


@pytest.fixture(scope="module")
def attacks(listener: socket) -> list[str]:
    return accepted(listener=f"127.0.0.1:{listener.getsockname()[1]}")


@pytest.fixture(scope="module", autouse=True)
def _world(django_db_setup: None, django_db_blocker: DjangoDbBlocker, attacks: list[str]) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        load_hostile(patch, attacks=attacks)
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _nobody_asks(listener: socket) -> Iterator[None]:
    yield
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.fixture
def boss(client: Client) -> Client:
    cache.clear()
    client.force_login(User.objects.get(username="boss"))
    return client


def body_of(response: Any) -> bytes:
    return b"".join(response) if response.streaming else response.content


def wrong_pages(client: Client, urls: Iterator[str]) -> list[str]:
    """Return what came to life in pages and files, each with its address."""
    found = []
    for url in urls:
        response = client.get(url)
        kind = response.get("Content-Type", "").partition(";")[0]
        if response.status_code >= 500:
            found.append(f"{url}: {response.status_code}")
        elif kind == "text/html":
            found += [f"{url}: {word}" for word in of_page(body_of(response).decode())]
    return found


def usual_pages() -> Iterator[str]:
    for label, model in kinds().items():
        name = f"admin:{label.replace('.', '_')}"
        for row in model._default_manager.order_by("-pk")[:1]:
            yield from (reverse(f"{name}_{act}", args=[row.pk]) for act in ("change", "history"))


def test_lists_forms_and_histories_show_attacks_as_text(boss: Client) -> None:
    assert wrong_pages(boss, usual_pages()) == []


def test_every_other_page_shows_attacks_as_text(boss: Client) -> None:
    vendors = list(Vendor.objects.order_by("pk"))
    urls = [*every_page(vendors[0]), *(url for vendor in vendors for _, url in addresses_of(vendor))]
    # Reports are looked at below, in each format.
    assert wrong_pages(boss, (url for url in urls if "/reports/" not in url)) == []


def test_what_was_asked_for_is_said_again_as_text(boss: Client, attacks: list[str]) -> None:
    asked = {
        "q": " ".join(attacks),
        "s": attacks[0],
        "e": attacks[1],
        "form": attacks[2],
        "vendor": attacks[3],
    }
    for label in kinds():
        response = boss.get(reverse(f"admin:{label.replace('.', '_')}_changelist"), asked, follow=True)
        assert (response.status_code, of_page(response.content.decode())) == (200, []), label
    for name in ("sla_reports", "sla_vendor_report", "sla_claims_desk", "incidents_inbox", "search"):
        response = boss.get(reverse(f"admin:{name}"), asked, follow=True)
        assert (response.status_code, of_page(response.content.decode())) == (200, []), name


def every_report() -> Iterator[Report]:
    boss, now = User.objects.get(username="boss"), datetime.now(UTC)
    span = {"from": "2019-06", "until": "2026-07"}
    for code in CODES:
        yield make_report(code, parameters=span, user=boss, now=now)


def vendor_reports() -> Iterator[VendorReport]:
    vendor = Vendor.objects.get(slug="demo-northwest-colocation")
    for edition in Edition:
        yield make_vendor_report(
            vendor,
            first_on=date(2019, 6, 1),
            last_on=date(2019, 6, 30),
            period="2019-06",
            edition=edition,
            user=User.objects.get(username="boss"),
            now=datetime.now(UTC),
        )


def test_a_report_in_any_format_holds_attacks_as_text() -> None:
    of_vendor = list(vendor_reports())
    for report in [*every_report(), *map(as_report, of_vendor)]:
        assert of_page(page_part(report)) == [], report.code
        for form, look in LOOK.items():
            _, _, chunks = report_file(report, form=form)
            assert look(b"".join(chunks)) == [], (report.code, form)
    for found in of_vendor:
        assert of_pdf(vendor_pdf(found)) == []


def test_a_downloads_name_is_no_header_of_its_own(boss: Client) -> None:
    for vendor in Vendor.objects.all():
        asked = {"vendor": vendor.slug, "from": "2019-06", "until": "2019-07", "form": "pdf"}
        told = boss.get(reverse("admin:sla_vendor_report"), asked)
        assert told.status_code == 200
        assert told["Content-Disposition"].startswith("attachment; filename")
        assert told["Content-Disposition"].count('"') in (0, 2)
        assert told["Content-Disposition"].isprintable()


def test_the_pages_do_show_the_attacks(boss: Client) -> None:
    """Else nothing would be shown by the others."""
    text = "".join(boss.get(url).content.decode() for url in usual_pages())
    assert "&lt;script atk&gt;" in text
    assert "{{7919*7907}}" in text


@pytest.mark.parametrize("form", OF_REVISION)
def test_a_statement_in_any_format_holds_attacks_as_text(form: str) -> None:
    for revision in StatementRevision.objects.all():
        body = revision_file(revision, form=form).body
        if form.startswith("pdf"):
            assert of_pdf(body) == []
        elif form.startswith("evidence"):
            assert list(of_pack(body)) == []
        else:
            assert of_text(body.decode()) == []


def test_a_document_holds_markup_of_its_program_literally() -> None:
    words = " ".join(
        pdf_text(revision_file(revision, form="pdf").body) for revision in StatementRevision.objects.all()
    )
    assert not words or any(text in "".join(words.split()) for text in ("#(7919*7907)", "{{7919*7907}}"))


def test_a_letter_holds_attacks_as_text() -> None:
    letters = ClaimLetter.objects.all()
    assert letters
    for letter in letters:
        assert of_pdf(bytes(letter.pdf)) == []
        assert len(letter.subject.splitlines()) == 1
    for claim in Claim.objects.all():
        assert len(letter_preview(claim, now=NOW).subject.splitlines()) == 1


def mailed() -> None:
    """Write the mails that the portfolio gives rise to."""
    boss = User.objects.get(username="boss")
    for audience in ("managers", "finance", "vendors"):
        schedule = a_report(f"to-{audience}", audience=audience, name="atk\r\nBcc: atk@evil.example")
        for reader, _ in reader_choices(schedule, viewer=boss, now=NOW):
            try:
                send_test(schedule, reader=reader, by=boss, now=NOW)
            except Exception as error:
                if "Nothing was sent" not in str(error):
                    raise
    look_at_everything(now=NOW)
    tell_reader(boss.pk, slot="2026-06-20T09", origin="https://recourse.example", now=NOW)


def test_a_mail_has_its_own_headers_and_no_other() -> None:
    mailed()
    messages = OutboxMessage.objects.filter(channel="mail").exclude(key__startswith="m-")
    assert messages
    for message in messages:
        mail = parsed(message)
        assert set(mail.keys()) <= HEADERS, message.subject
        assert len(mail.keys()) == len(set(mail.keys()))
        assert of_page(message.html) == []
        assert of_text(message.text) == []


def test_a_calendar_of_deadlines_has_its_own_lines_and_no_other() -> None:
    data = deadline_feed(User.objects.get(username="boss"), origin="https://recourse.example", now=NOW)
    assert b"BEGIN:VEVENT" in data
    assert of_calendar(data) == []


def test_a_webhook_is_json_that_reads_as_it_was_written() -> None:
    rows = OutboxMessage.objects.filter(channel="hook")
    assert rows
    for row in rows:
        assert json.loads(row.text)["type"]
        assert of_text(row.text) == []


def test_the_api_says_attacks_as_they_are_kept(boss: Client) -> None:
    for kind, label in API.items():
        cache.clear()
        listed = reverse(f"api-{kind}-list")
        rows = boss.get(listed)
        assert rows["Content-Type"].startswith("application/json"), kind
        assert rows["X-Content-Type-Options"] == "nosniff"
        assert of_text(json.dumps(rows.json())) == []
        lines = body_of(boss.get(f"{listed}/export?format=ndjson")).decode().split("\n")
        assert all(isinstance(json.loads(line), dict) for line in lines if line), kind
        assert of_csv(body_of(boss.get(f"{listed}/export?format=csv")).decode()) == [], kind
        row = apps.get_model(label)._default_manager.first()
        if row is not None:
            assert boss.get(key_in_api(kind, row)).status_code == 200, kind


def test_the_vendors_page_shows_attacks_as_text(client: Client) -> None:
    releases = Release.objects.all()
    assert releases
    for number, release in enumerate(releases):
        vendor = release.revision.statement.agreement.contract.vendor
        contact = a_contact(vendor, f"Ann{number}")
        made = make_link(
            release,
            contact=contact,
            days=30,
            origin="https://recourse.example",
            by=User.objects.get(username="boss"),
            now=datetime.now(UTC),
            mailed=False,
        )
        assert wrong_pages(client, iter([f"/statements/{made.key}/"])) == []
        document = client.get(f"/statements/{made.key}/statement.pdf")
        assert of_pdf(body_of(document)) == []
