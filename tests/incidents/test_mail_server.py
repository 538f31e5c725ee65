"""A letter on its whole way: sent to a mail server, stamped there, piped to us, a window or a letter."""

from __future__ import annotations

import io
from email.message import EmailMessage
from email.policy import SMTP
from smtplib import SMTP as Client
from typing import Any

import pytest
from django.core.management import call_command

from incidents.models import FeedLetter, FeedSource, MaintenanceWindow
from tests.incidents.feed_rows import a_feed
from tests.incidents.rows import at
from tests.incidents.test_notice_mail import CALENDAR
from tests.sla.mail_servers import a_sink
from tests.vendors.rows import a_contract, a_service, saved
from vendors.models import ServiceAlias

pytestmark = pytest.mark.django_db
STAMP = b"Received: from mx.carrier.example by mail.example.com; Wed, 15 Dec 2021 09:55:52 -0800\r\n"
WORDS = "Arbeiten in Köln, Störung möglich: 06:01–12:00 Uhr.\n" + "Näheres folgt. " * 20
ICS = CALENDAR.format(uid=1).replace("Planned work", "Arbeiten in Köln").replace("\n", "\r\n")


@pytest.fixture
def mails() -> FeedSource:
    """Return the feed that a mailbox is piped to."""
    service = a_service(a_contract(), code="circuit", name="Circuit")
    saved(ServiceAlias(service=service, name="circuit-1"))
    return a_feed("mails", kind="notice_mail", vendor=service.contract.vendor)


def a_mail(text: str = WORDS, *, html: bool = False, cte: str = "quoted-printable") -> EmailMessage:
    """Return a mail as the standard library writes it, sent in the transfer encoding that is named."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="8bit"))
    mail["From"], mail["To"] = "Carrier NOC <noc@carrier.example>", "notices@example.com"
    mail["Subject"], mail["Message-ID"] = "Arbeiten in Köln", "<one@carrier.example>"
    mail["Date"] = "Wed, 15 Dec 2021 17:50:00 +0000"
    charset = "iso-8859-1" if cte == "8bit" else "utf-8"
    text = text.replace("–", "-") if cte == "8bit" else text
    mail.set_content(text, subtype="html" if html else "plain", charset=charset, cte=cte)
    return mail


def piped(mail: EmailMessage, *, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Send a mail to a mail server and pipe what it got, under its own stamp, to the import."""
    with a_sink(settings) as sink, Client("127.0.0.1", settings.EMAIL_PORT) as client:
        client.sendmail("noc@carrier.example", ["in@example.com"], mail.as_bytes(), ["BODY=8BITMIME"])
    [content] = sink.contents
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(STAMP + content)))
    said = io.StringIO()
    call_command("import_incidents", "-", "--source", "mails", stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("cte", ["quoted-printable", "8bit", "base64"])
@pytest.mark.parametrize("kind", ["text/calendar", "application/octet-stream"])
def test_a_calendar_that_is_attached_becomes_a_window_with_the_time_of_the_servers_stamp(
    mails: FeedSource, settings: Any, monkeypatch: pytest.MonkeyPatch, cte: str, kind: str
) -> None:
    mail = a_mail(cte=cte)
    main, sub = kind.split("/")
    mail.add_attachment(ICS.encode(), maintype=main, subtype=sub, filename="notice.ics")
    said = piped(mail, settings=settings, monkeypatch=monkeypatch)
    assert "Its server's stamp is 2021-12-15 17:55 UTC, it was brought here at " in said
    window = MaintenanceWindow.objects.get()
    assert (window.reference, window.title, window.starts_at) == (
        "WO-7",
        "Arbeiten in Köln",
        at("2022-01-06 05:01"),
    )
    assert "Störung möglich" in window.evidence
    assert [row.service.code for row in window.services.all()] == ["circuit"]
    assert (window.noticed_at, window.stated_at, window.received_at) == (
        at("2021-12-15 17:55:52"),
        at("2021-12-15 17:50"),
        at("2021-12-15 17:55:52"),
    )


@pytest.mark.parametrize("cte", ["quoted-printable", "8bit"])
def test_a_mail_of_html_alone_waits_as_a_letter_in_plain_words(
    mails: FeedSource, settings: Any, monkeypatch: pytest.MonkeyPatch, cte: str
) -> None:
    html = f"<html><body><p>Arbeiten in K&ouml;ln</p><p>{WORDS}</p><script>x()</script></body></html>"
    said = piped(a_mail(html, html=True, cte=cte), settings=settings, monkeypatch=monkeypatch)
    assert "1 letters wait in the inbox" in said
    letter = FeedLetter.objects.get()
    assert letter.text.startswith("Arbeiten in Köln")
    assert "Störung möglich" in letter.text
    assert "x()" not in letter.text
    assert (letter.subject, letter.received_at) == ("Arbeiten in Köln", at("2021-12-15 17:55:52"))


def test_a_mail_that_comes_twice_is_one_window_with_its_first_time_of_notice(
    mails: FeedSource, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = a_mail()
    mail.add_attachment(ICS.encode(), maintype="text", subtype="calendar", filename="notice.ics")
    for _ in range(2):
        said = piped(mail, settings=settings, monkeypatch=monkeypatch)
    assert "1 unchanged" in said
    assert MaintenanceWindow.objects.get().noticed_at == at("2021-12-15 17:55:52")
