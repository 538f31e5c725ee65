"""Reading vendors' mails about work: calendar first, then the vendor's parser, and a letter for the rest."""

import fcntl
import json
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.feeds.json_files import storable
from incidents.feeds.mail_files import DEEPEST, LARGEST_MAIL, plain_of_html, read_mail
from incidents.feeds.notice_mail import read_notice_mail
from incidents.feeds.values import Feed, FeedComponent, FeedContext, FeedError, NoticeStatus

HEAD = {
    "Received": "from mx.carrier.example by mail.example.com; Wed, 15 Dec 2021 09:55:52 -0800",
    "Date": "Wed, 15 Dec 2021 17:55:48 +0000",
    "From": "Carrier NOC <noc@carrier.example>",
    "Subject": "Planned work WO-7",
    "Message-ID": "<one@carrier.example>",
}
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
SUMMARY:Planned work
DTSTART:20220106T050100Z
DTEND:20220106T110000Z
DTSTAMP:20211201T000000Z
UID:{uid}
SEQUENCE:1
ORGANIZER:mailto:noc@carrier.example
X-MAINTNOTE-PROVIDER:carrier.example
X-MAINTNOTE-ACCOUNT:A-1
X-MAINTNOTE-MAINTENANCE-ID:WO-7
X-MAINTNOTE-OBJECT-ID:circuit-1
X-MAINTNOTE-IMPACT:OUTAGE
X-MAINTNOTE-STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""
WORDS = "Work on 6 January 2022, 00:01 to 06:00 Eastern (05:01 to 11:00 GMT).\n"
RECORD = {
    "maintenance_id": "WO-7",
    "status": "CONFIRMED",
    "account": "A-1",
    "summary": "Fibre work. This is a reschedule of WO-000006.",
    "start": 1641445260,
    "end": 1641466800,
    "circuits": [{"circuit_id": "c1", "impact": "NO-IMPACT"}, {"circuit_id": "c2", "impact": "OUTAGE"}],
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def mail(*parts: tuple[str, str], without: tuple[str, ...] = (), **changed: str) -> bytes:
    """Write one mail: a text alone, or a text and the given parts (content type, body)."""
    named = {name.replace("_", "-"): text for name, text in changed.items()}
    head = "".join(f"{name}: {text}\n" for name, text in (HEAD | named).items() if name not in without)
    if not parts:
        return f"{head}Content-Type: text/plain\n\n{WORDS}".encode()
    bodies = "".join(f"--b\nContent-Type: {kind}\n\n{body}\n" for kind, body in parts)
    return f"{head}Content-Type: multipart/mixed; boundary=b\n\n{bodies}--b--\n".encode()


def read(content: bytes, *, parser: tuple[str, ...] = (), received: str = "2022-02-01T00:00:00Z") -> Feed:
    return read_notice_mail(content, FeedContext(received_at=at(received), parser=parser))


@pytest.fixture
def answering(tmp_path: Path) -> "type[Parser]":
    Parser.folder = tmp_path
    return Parser


class Parser:
    """A stand-in for the Python of the parser's environment."""

    folder: Path

    @classmethod
    def doing(cls, body: str) -> tuple[str, ...]:
        script = cls.folder / "stand_in.py"
        script.write_text(f"import json, os, sys, time\n{body}\n")
        return (sys.executable, str(script))

    @classmethod
    def saying(cls, *records: object, provider: str = "carrier") -> tuple[str, ...]:
        answer = json.dumps({"provider": provider, "records": records})
        return cls.doing(f"print({answer!r})")


def test_a_calendar_in_the_mail_is_read_and_the_mails_arrival_is_the_notice() -> None:
    feed = read(mail(("text/plain", WORDS), ("text/calendar", CALENDAR.format(uid=1))))
    assert (feed.page_name, feed.letters, feed.problems) == ("carrier.example", (), ())
    (said,) = feed.maintenances
    assert (said.external_id, said.status) == ("WO-7", NoticeStatus.CONFIRMED)
    assert (said.starts_at, said.ends_at) == (at("2022-01-06T05:01:00Z"), at("2022-01-06T11:00:00Z"))
    assert said.noticed_at == at("2021-12-15T17:55:52Z")
    assert said.changed_at == at("2021-12-01T00:00:00Z")
    assert said.narrative == WORDS.strip()
    assert said.notes == ()


def test_the_same_calendar_as_a_part_and_as_a_file_is_one_window() -> None:
    attached = ('application/octet-stream; name="notice.ics"', CALENDAR.format(uid=1) + "\n")
    feed = read(mail(("text/calendar", CALENDAR.format(uid=1)), attached))
    assert [said.external_id for said in feed.maintenances] == ["WO-7"]


def test_a_calendar_for_each_night_gives_numbered_windows() -> None:
    second = CALENDAR.format(uid=2).replace("20220106T", "20220107T")
    feed = read(mail(("text/calendar", second), ("text/calendar", CALENDAR.format(uid=1))))
    assert [(said.external_id, said.notice, said.starts_at.day) for said in feed.maintenances] == [
        ("WO-7#1", "WO-7", 6),
        ("WO-7#2", "WO-7", 7),
    ]


def test_a_calendar_that_cannot_be_read_leaves_a_letter_that_says_why() -> None:
    feed = read(mail(("text/plain", WORDS), ("text/calendar", CALENDAR.replace("END:VCALENDAR\n", ""))))
    (letter,) = feed.letters
    assert letter.notes == (
        "Its calendar cannot be read: The calendar was cut off: END:VCALENDAR is missing. Bring it whole.",
        "No parser of vendors' mails is set up here.",
    )


def test_a_mail_that_nothing_reads_is_a_letter_for_a_person() -> None:
    feed = read(mail())
    assert feed.maintenances == ()
    (letter,) = feed.letters
    assert letter.message_id == "<one@carrier.example>"
    assert (letter.subject, letter.sender) == ("Planned work WO-7", "Carrier NOC <noc@carrier.example>")
    assert letter.sent_at == at("2021-12-15T17:55:48Z")
    assert letter.received_at == at("2021-12-15T17:55:52Z")
    assert letter.text == WORDS.strip()
    assert letter.notes == ("No parser of vendors' mails is set up here.",)


STAMPED = "from a by b; Wed, 15 Dec 2021 09:55:52 -0800"


@pytest.mark.parametrize(
    ("content", "noticed", "note"),
    [
        # The topmost stamp is our own server's; those below, and Date, the sender can write as he likes.
        (
            mail(Received=f"{STAMPED}\nReceived: from x by y; Wed, 1 Dec 2021 00:00:00 +0000"),
            "2021-12-15T17:55:52Z",
            None,
        ),
        (
            mail(Date="Wed, 1 Dec 2021 00:00:00 +0000"),
            "2021-12-15T17:55:52Z",
            "It was written at 2021-12-01 00:00 and came at 2021-12-15 17:55 UTC: the arrival counts.",
        ),
        (
            mail(without=("Received",)),
            "2021-12-15T17:55:48Z",
            "No server stamped the mail: its time is the sender's own Date.",
        ),
        (
            mail(without=("Received", "Date")),
            None,
            "The mail bears no time: enter when it reached us.",
        ),
        (
            mail(Date="Wed, 15 Dec 2032 17:55:48 +0000"),
            "2021-12-15T17:55:52Z",
            "Its Date (2032-12-15 17:55 UTC) lies after it reached us: a wrong clock.",
        ),
        (
            mail(Received="from a by b; Wed, 15 Dec 2032 17:55:48 +0000"),
            "2022-02-01T00:00:00Z",
            "Its arrival (2032-12-15 17:55 UTC) lies after it reached us (2022-02-01 00:00 UTC); "
            "the latter is taken.",
        ),
        (mail(Received="nonsense", Date="soon"), None, "The mail bears no time: enter when it reached us."),
        (
            mail(Date="Wed, 15 Dec 2021 17:55:48 -0000", without=("Received",)),
            "2021-12-15T17:55:48Z",
            "No server stamped the mail: its time is the sender's own Date.",
        ),
    ],
)
def test_the_arrival_of_the_mail_is_not_left_to_the_sender(
    content: bytes, noticed: str | None, note: str | None
) -> None:
    (letter,) = read(content).letters
    assert letter.received_at == (at(noticed) if noticed else None)
    assert note is None or note in letter.notes
    assert len(letter.notes) >= (1 if note is None else 2)


@pytest.mark.parametrize("subject", ["Fwd: Planned work", "FW: Planned", "[notices] Fwd: x", "WG: Arbeiten"])
def test_a_forwarded_mail_hides_when_the_notice_came(subject: str) -> None:
    (said,) = read(mail(("text/calendar", CALENDAR.format(uid=1)), Subject=subject)).maintenances
    assert said.noticed_at is None
    assert said.notes == (
        "A forwarded mail: enter when the vendor's notice first reached us "
        "(2021-12-15 17:55 UTC is when it was passed on).",
    )


def test_a_mail_attached_to_a_mail_keeps_its_own_arrival() -> None:
    inner = mail(("text/calendar", CALENDAR.format(uid=1))).decode().replace("--b", "--c").replace("=b", "=c")
    cover = mail(
        ("text/plain", "See attached"),
        ("message/rfc822", inner),
        Received="from p by q; Sat, 1 Jan 2022 00:00:00 +0000",
        Subject="Fwd: notice",
    )
    (said,) = read(cover).maintenances
    assert said.noticed_at == at("2021-12-15T17:55:52Z")
    assert said.notes == ()


def test_the_words_of_a_cover_stand_before_those_of_the_mail_attached_to_it() -> None:
    inner = mail().decode()
    (letter,) = read(mail(("text/plain", "Mind the date!"), ("message/rfc822", inner))).letters
    assert letter.text == f"Mind the date!\n\n{WORDS.strip()}"


def test_a_mail_without_an_id_has_one_of_its_bytes() -> None:
    content = mail(without=("Message-ID",))
    first, again, other = (read(given).letters[0] for given in (content, content, content + b"x"))
    assert first.message_id.startswith("sha256:")
    assert first.message_id == again.message_id != other.message_id


def test_the_parsers_records_become_windows(answering: type[Parser]) -> None:
    night = RECORD | {"start": 1641531660, "end": 1641553200}
    feed = read(mail(), parser=answering.saying(night, RECORD, RECORD))
    assert (feed.page_name, feed.letters, feed.problems) == ("carrier", (), ())
    first, second = feed.maintenances
    assert (first.external_id, second.external_id) == ("WO-7#1", "WO-7#2")
    assert (first.starts_at, first.ends_at) == (at("2022-01-06T05:01:00Z"), at("2022-01-06T11:00:00Z"))
    assert first.noticed_at == at("2021-12-15T17:55:52Z")
    assert first.changed_at == at("2021-12-15T17:55:48Z")
    assert (first.title, first.account, first.replaces) == ("Planned work WO-7", "A-1", "WO-000006")
    assert (first.impact, first.status) == ("OUTAGE", NoticeStatus.CONFIRMED)
    assert first.components == (
        FeedComponent(name="c1", worst_status="NO-IMPACT"),
        FeedComponent(name="c2", worst_status="OUTAGE"),
    )
    told = "Read from the mail's text by the parser for 'carrier': compare it with the mail."
    assert first.notes == (told,)


def test_times_that_the_mail_does_not_print_in_utc_are_to_be_compared(answering: type[Parser]) -> None:
    elsewhere = RECORD | {"start": 1641445260 + 7200, "end": 1641466800 + 7200}
    (said,) = read(mail(), parser=answering.saying(elsewhere)).maintenances
    assert said.notes[1] == (
        "07:01 and 13:00 UTC do not both stand in the mail: they were converted, or misread."
    )


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("sys.exit(3)", "The parser of vendors' mails failed (exit code 3)."),
        ("os.kill(os.getpid(), 9)", "The parser of vendors' mails failed (exit code -9)."),
        ("print('no')", "The parser of vendors' mails gave an answer that is not JSON."),
        ("print('[' * 100000)", "The parser of vendors' mails gave an answer that is not JSON."),
        ("print('x' * 2000000)", "The parser of vendors' mails answered more than 1000000 bytes."),
        ("print('[]')", "No vendor's parser could read the mail: it found nothing"),
        ("print(json.dumps({'records': []}))", "No vendor's parser could read the mail: it found nothing"),
        (
            "print(json.dumps({'failure': 'no parser is known for x'}))",
            "No vendor's parser could read the mail: no parser is known for x",
        ),
        ("print(json.dumps({'records': [3]}))", "What the vendor's parser found cannot be used."),
    ],
)
def test_a_parser_that_fails_leaves_the_letter(answering: type[Parser], body: str, note: str) -> None:
    feed = read(mail(), parser=answering.doing(body))
    assert feed.maintenances == ()
    assert feed.letters[0].notes == (note,)


def test_a_parser_that_hangs_is_stopped_with_all_it_started(
    answering: type[Parser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.feeds.parser_process.ask_parser.__kwdefaults__", {"seconds": 0.5})
    held = answering.folder / "held"
    # A lock lives as long as any process that holds it, the child as well as the parent.
    hold = f"import fcntl; kept = open({str(held)!r}, 'w'); fcntl.flock(kept, 2); os.fork(); time.sleep(600)"
    feed = read(mail(), parser=answering.doing(hold))
    assert feed.letters[0].notes == (
        "The parser of vendors' mails took longer than 0.5 seconds and was stopped.",
    )
    with held.open("w") as lock:
        assert any(_taken(lock) for _ in range(50))


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.1)
        return False
    return True


def test_a_parser_that_is_not_there_leaves_the_letter() -> None:
    (letter,) = read(mail(), parser=("/nowhere/python",)).letters
    assert letter.notes == (
        "The parser of vendors' mails cannot be started: FileNotFoundError. Check its setting.",
    )


def test_a_python_without_the_library_says_so() -> None:
    (letter,) = read(mail(), parser=(sys.executable,)).letters
    assert letter.notes == (
        "No vendor's parser could read the mail: circuit-maintenance-parser is not installed there",
    )


def test_the_parser_gets_the_mail_and_the_senders_and_nothing_of_ours(
    answering: type[Parser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOURSE_SECRET_KEY", "secret")
    told = answering.doing(
        "mine = sorted(set(os.environ) - {'LC_CTYPE'})\n"
        "said = [mine, os.listdir('.'), sys.argv[3:], len(sys.stdin.buffer.read())]\n"
        "print(json.dumps({'failure': json.dumps(said)}))"
    )
    content = mail(Reply_To="<other@carrier.example>, --evil, $(x)@y")
    (letter,) = read(content, parser=told).letters
    environment, files, senders, size = json.loads(letter.notes[0].partition(": ")[2])
    assert environment == ["LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TZ"]
    assert (files, size) == ([], len(content))
    assert senders == ["noc@carrier.example", "other@carrier.example"]


@pytest.mark.parametrize(
    ("changed", "place", "message"),
    [
        ({"maintenance_id": ""}, "parser[0].maintenance_id", "empty"),
        ({"start": "1641445260"}, "parser[0].start", "not a whole number (found '1641445260')."),
        ({"end": 10**20}, "parser[0].end", "Input should be less than"),
        ({"end": 0}, "parser[0]", "the year lies outside 1990 to 2200"),
        ({"end": 1641445259}, "parser[0]", "it ends (2022-01-06 05:00:59+00:00) before it begins"),
        ({"account": "a\x00"}, "parser[0].account", "the text holds a null byte"),
        ({"circuits": {}}, "parser[0].circuits", "not a list (found {})."),
    ],
)
def test_a_bad_record_of_the_parser_is_listed_and_the_good_one_kept(
    answering: type[Parser], changed: dict[str, object], place: str, message: str
) -> None:
    feed = read(mail(), parser=answering.saying(RECORD | changed, RECORD))
    assert [said.external_id for said in feed.maintenances] == ["WO-7"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


def test_a_mail_that_was_cut_off_is_not_given_to_a_parser(answering: type[Parser]) -> None:
    content = mail(("text/plain", WORDS), ("text/html", WORDS)).removesuffix(b"--b--\n")
    (letter,) = read(content, parser=answering.saying(RECORD)).letters
    assert letter.notes == ("The mail was cut off: a window may be missing, so no parser was asked.",)


def test_a_mail_of_html_is_told_in_plain_words() -> None:
    markup = "<style>b{}</style><p>Work &amp; <b>outage</b><br>from <a href=x>noon</a></p><script>x</script>"
    (letter,) = read(mail(("text/html", markup))).letters
    assert letter.text == "Work & outage\nfrom noon"
    assert plain_of_html("<table><tr><td>05:01</td><td>11:00</td></tr></table>") == "05:01 11:00"
    assert plain_of_html("<div>" * 500).startswith("(The mail cannot be shown as text: the HTML nests")
    assert plain_of_html("&lt;script&gt; is text") == "<script> is text"


def test_names_of_other_alphabets_and_broken_ones_are_text() -> None:
    subject = "=?utf-8?b?44Oh44Oz44OG44OK44Oz44K5?= =?no-such?q?x=FF?="
    assert read_mail(mail(Subject=subject)).subject.startswith("=?utf-8")
    assert read_mail(mail(Subject=subject.partition(" ")[0])).subject == "メンテナンス"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is not a mail: it has none of the usual headers. Save it as .eml."),
        (b"Fwd: a subject alone", "The file is not a mail"),
        (b"x" * (LARGEST_MAIL + 1), "The mail has 20000001 bytes, more than 20000000."),
        (
            b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 3000,
            "The mail has too many lines, parts, or parts within parts (9003, 3000, 1).",
        ),
        (
            b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * (DEEPEST + 1),
            "The mail has too many lines, parts, or parts within parts (43, 0, 21).",
        ),
        (
            b"From: a@b.example\r\nContent-Type: text/plain" + b";\r\n a*0*=x" * 1000 + b"\r\n\r\nx",
            "The mail describes its parts at endless length.",
        ),
    ],
)
def test_a_file_that_is_no_mail_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(content)
    assert str(refused.value).startswith(message)


SEEDS = (
    mail(),
    mail(("text/plain", WORDS), ("text/calendar", CALENDAR.format(uid=1))),
    mail(
        ("text/html; charset=shift_jis", "<p>x</p>"),
        ("text/calendar; charset=utf-16", "x"),
        Subject="=?x?q?=",
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_whatever_arrives_is_read_or_refused_in_words(seed: bytes, chance: int) -> None:
    spoiler = random.Random(chance)
    spoilt = bytearray(seed)
    for _ in range(spoiler.randint(1, 8)):
        place = spoiler.randrange(len(spoilt))
        spoilt[place : place + spoiler.randrange(3)] = spoiler.randbytes(spoiler.randrange(3))
    content = bytes(spoilt[: spoiler.randrange(len(spoilt))] if spoiler.random() < 0.2 else spoilt)
    try:
        feed = read(content)
    except FeedError:
        return
    assert feed == read(content)
    assert feed.maintenances or feed.letters
    for letter in feed.letters:
        assert all(time is None or time.tzinfo is UTC for time in (letter.sent_at, letter.received_at))
        texts = (letter.message_id, letter.subject, letter.sender, letter.text, *letter.notes)
        assert all(isinstance(storable(text), str) for text in texts)
    for said in feed.maintenances:
        assert all(isinstance(storable(text), str) for text in (said.title, said.narrative, *said.notes))
