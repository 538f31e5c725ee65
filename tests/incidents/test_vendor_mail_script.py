"""The parser of vendors' own mails: what its process may do, and what it reads where it is installed."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from incidents.feeds.notice_mail import read_notice_mail
from incidents.feeds.parser_process import SCRIPT, ask_parser
from incidents.feeds.values import Feed, FeedComponent, FeedContext, NoticeStatus
from incidents.feeds.vendor_mail_script import refuse_the_rest

PARSER = Path(settings.BASE_DIR) / ".venv-parser" / "bin" / "python"
installed = pytest.mark.skipif(not PARSER.exists(), reason="optional: make maintenance-parser")

HEADINGS = (
    *("Customer Name", "Circuit ID", "Alt Circuit ID", "Bandwidth", "A Location", "Z Location"),
    *("Impact Type", "Maximum Duration", "Order Number"),
)
CIRCUIT = ("Example Ltd", "4711", "N/A", "10G", "A", "Z", "Outage", "1 hour", "1")


def table(*rows: tuple[str, ...]) -> str:
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def windows(*rows: tuple[str, str]) -> str:
    return table(("Start", "End"), *rows)


LUMEN = f"""From: Service Center <smc@lumen.com>
Subject: Scheduled Maintenance Window 4711-1
Date: Thu, 13 May 2021 07:00:21 +0000
Received: from mx.lumen.com by mail.example.com; Thu, 13 May 2021 07:01:00 +0000
Message-ID: <four@lumen.com>
Content-Type: text/html; charset=utf-8

<span>Scheduled Maintenance #: 4711-1</span><p><span>Summary:</span> Fibre work</p>
<p><span>Updates:</span> 2021-05-13 07:00:21 GMT - This maintenance is scheduled.</p>
{
    windows(
        ("2021-05-20 07:00 GMT (Greenwich Mean Time)", "2021-05-20 12:00 GMT (Greenwich Mean Time)"),
        ("2021-05-20 01:00 MDT (Mountain Daylight Time)", "2021-05-20 06:00 MDT (Mountain Daylight Time)"),
    )
}
{windows(("2021-05-21 07:00 GMT", "2021-05-21 12:00 GMT"), ("2021-05-21 01:00 MDT", "2021-05-21 06:00 MDT"))}
{table(HEADINGS, CIRCUIT)}
""".encode()


def read(content: bytes) -> Feed:
    received = datetime(2021, 5, 14, tzinfo=UTC)
    return read_notice_mail(content, FeedContext(received_at=received, parser=(str(PARSER),)))


@installed
def test_of_two_zones_side_by_side_the_universal_one_is_the_window() -> None:
    feed = read(LUMEN)
    assert (feed.page_name, feed.letters, feed.problems) == ("lumen", (), ())
    assert [(said.external_id, said.starts_at, said.ends_at) for said in feed.maintenances] == [
        ("4711-1#1", datetime(2021, 5, 20, 7, tzinfo=UTC), datetime(2021, 5, 20, 12, tzinfo=UTC)),
        ("4711-1#2", datetime(2021, 5, 21, 7, tzinfo=UTC), datetime(2021, 5, 21, 12, tzinfo=UTC)),
    ]
    first = feed.maintenances[0]
    assert (first.status, first.account) == (NoticeStatus.CONFIRMED, "Example Ltd")
    assert first.components == (FeedComponent(name="4711", worst_status="OUTAGE"),)
    assert first.noticed_at == datetime(2021, 5, 13, 7, 1, tzinfo=UTC)
    assert first.notes == ("Read from the mail's text by the parser for 'lumen': compare it with the mail.",)


@installed
def test_a_reminder_of_the_same_ticket_is_the_same_window() -> None:
    reminder = LUMEN.replace(b"Subject: ", b"Subject: REMINDER - ").replace(b"13 May", b"14 May")
    both = [
        [(said.external_id, said.starts_at, said.ends_at, said.status) for said in read(content).maintenances]
        for content in (LUMEN, reminder)
    ]
    assert both[0] == both[1]


@installed
@pytest.mark.parametrize(
    ("sender", "note"),
    [
        # Another address of the same house: the vendor is known by its domain.
        ("alerts@noc.lumen.com", None),
        (
            "noc@elsewhere.example",
            "No vendor's parser could read the mail: no parser is known for noc@elsewhere.",
        ),
        (
            "mr@zayo.com",
            "No vendor's parser could read the mail: the parser for Zayo did not understand it",
        ),
    ],
)
def test_the_vendor_is_known_by_the_senders_address_else_by_its_domain(sender: str, note: str | None) -> None:
    feed = read(LUMEN.replace(b"smc@lumen.com", sender.encode()))
    assert bool(feed.maintenances) == (note is None)
    assert note is None or feed.letters[0].notes[0].startswith(note)


@installed
def test_the_parser_survives_what_is_no_mail() -> None:
    for content in (b"", b"\x00" * 1000, LUMEN[:700], b"From: smc@lumen.com\n\n" + b"<table>" * 5000):
        assert ask_parser(content, senders=["smc@lumen.com"], command=[str(PARSER)]).failure


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", ()),
        ("socket.getaddrinfo", ()),
        ("subprocess.Popen", ()),
        ("os.system", ()),
        ("os.remove", ()),
        ("open", ("x", "w", os.O_WRONLY | os.O_CREAT)),
        ("open", ("x", None, os.O_RDWR)),
    ],
)
def test_a_mail_cannot_make_the_parser_reach_out(event: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(PermissionError):
        refuse_the_rest(event, arguments)


def test_the_parser_may_read_what_it_brought_along() -> None:
    refuse_the_rest("open", ("worldcities.csv", "r", os.O_RDONLY))
    refuse_the_rest("import", ("json",))


def test_the_script_needs_nothing_of_this_project() -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "a@b.example"], input=b"", capture_output=True, check=True
    )
    assert done.stdout == b'{"failure": "circuit-maintenance-parser is not installed there"}\n'
