"""A message is written once, leaves once, and where nobody knows whether it arrived its row says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from sla.models import OutboxAct, OutboxFile, OutboxMessage
from sla.services.outbox import Attachment, post
from sla.services.outbox.delivering import BACKOFF, deliver_next, note_broken_off
from sla.services.outbox.stuck import cancel, note_arrived, send_again, try_now
from tests.builders import at, person
from tests.sla.mail_servers import a_server_that, a_sink, free_port, send_to
from tests.sla.running import Clock, clock

pytestmark = pytest.mark.django_db

MORNING = "2026-07-06 06:00"


def a_message(
    key: str = "report/1/2026-06", *, address: str = "ann@acme.example", **fields: Any
) -> OutboxMessage:
    defaults = {"subject": "SLA summary, June 2026", "text": "3 levels missed.\n", "now": at(MORNING)}
    return post(key=key, address=address, **{**defaults, **fields})


def delivered(now: Clock) -> int:
    """Hand over what waits; return how many were tried."""
    note_broken_off(now=now())
    count = 0
    while deliver_next(clock=now) is not None:
        count += 1
    return count


def stands(message: OutboxMessage) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.error


# Writing


def test_the_same_key_is_the_same_message() -> None:
    first = a_message()
    again = a_message(subject="Other words", files=[Attachment(name="a", content_type="b", content=b"c")])
    assert (again.pk, again.subject) == (first.pk, "SLA summary, June 2026")
    assert OutboxFile.objects.count() == 0


def test_the_number_of_a_mail_follows_from_its_key(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Recourse <sla@acme.example>"
    assert a_message("one").message_id == "<7692c3ad3540bb803c020b3aee66cd88@acme.example>"
    assert a_message("two").message_id != a_message("one").message_id


@pytest.mark.parametrize(
    ("subject", "kept"),
    [
        ("Summary\r\nBcc: everybody@acme.example", "Summary Bcc: everybody@acme.example"),
        ("Zero\u200bwidth\u202e and\ttabs", "Zero width and tabs"),
        ("x" * 300, "x" * 249 + "…"),
    ],
)
def test_no_words_of_a_record_can_add_a_header(subject: str, kept: str) -> None:
    assert a_message(subject=subject).subject == kept


@pytest.mark.parametrize("address", ["", "ann", "ann@acme.example\nBcc: x@y.example", "ann@"])
def test_what_is_no_address_is_refused_with_the_person(address: str) -> None:
    with pytest.raises(ValidationError, match="of Ann Lee is no e-mail address"):
        a_message(address=address, name="Ann Lee")
    assert not OutboxMessage.objects.exists()


def test_what_a_message_says_is_never_changed() -> None:
    message = a_message(files=[Attachment(name="june.pdf", content_type="application/pdf", content=b"%PDF")])
    for change in ({"subject": "x"}, {"text": "x"}, {"address": "x@y.example"}, {"key": "x"}):
        with pytest.raises(DatabaseError, match="is frozen"), transaction.atomic():
            OutboxMessage.objects.filter(pk=message.pk).update(**change)
    with pytest.raises(DatabaseError, match="is frozen"), transaction.atomic():
        OutboxFile.objects.update(digest="0" * 64)
    OutboxFile.objects.update(content=None)  # what is old may be dropped; its fingerprint stays


# A server that takes it


def test_a_mail_leaves_as_text_page_and_files_with_its_number(settings: Any) -> None:
    files = [
        Attachment(name="june.pdf", content_type="application/pdf", content=b"%PDF-1.7 \x00\xff"),
        Attachment(name="june.csv", content_type="text/csv; charset=utf-8", content="Größe;1\r\n".encode()),
    ]
    message = a_message(name="Zoë, Head of “IT”", html="<p>3 levels <b>missed</b>.</p>", files=files)
    with a_sink(settings) as sink:
        assert delivered(clock(MORNING)) == 1
    [(address, mail)] = sink.taken
    assert (address, mail["Subject"], mail["Message-ID"]) == (
        "ann@acme.example",
        "SLA summary, June 2026",
        message.message_id,
    )
    assert (mail["Auto-Submitted"], mail.get_content_type()) == ("auto-generated", "multipart/mixed")
    parts = [part for part in mail.walk() if not part.is_multipart()]
    assert [(part.get_content_type(), part.get_filename()) for part in parts] == [
        ("text/plain", None),
        ("text/html", None),
        ("application/pdf", "june.pdf"),
        ("text/csv", "june.csv"),
    ]
    assert [part.get_payload(decode=True) for part in parts[2:]] == [file.content for file in files]
    message.refresh_from_db()
    assert (message.state, message.sent_at, message.attempts) == ("sent", at(MORNING), 1)


def test_a_sent_message_is_not_sent_again(settings: Any) -> None:
    a_message()
    with a_sink(settings) as sink:
        assert [delivered(clock(MORNING)), delivered(clock("2026-08-06 06:00"))] == [1, 0]
    assert len(sink.taken) == 1


def test_without_a_mail_server_each_mail_is_a_file(settings: Any, tmp_path: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    assert delivered(clock(MORNING)) == 0
    message = a_message()
    assert delivered(clock(MORNING)) == 1
    [file] = tmp_path.iterdir()
    assert message.message_id in file.read_text()
    assert stands(message) == ("sent", "")


# Servers that do not


def test_one_bad_address_holds_up_no_other(settings: Any) -> None:
    bad, good = a_message("bad", address="gone@acme.example"), a_message("good")
    with a_sink(settings, refused={"gone@acme.example": "550 5.1.1 no such user"}) as sink:
        delivered(clock(MORNING))
    assert stands(bad) == ("given_up", "550 5.1.1 no such user")
    assert (stands(good)[0], sink.numbers) == ("sent", [good.message_id])


def test_a_mail_that_is_refused_for_now_is_tried_again_later_each_time_and_then_given_up(
    settings: Any,
) -> None:
    message, now, waits = a_message(), clock(MORNING), []
    with a_sink(settings, answer="451 4.3.2 not now"):
        while delivered(now):
            message.refresh_from_db()
            waits.append(message.next_at - now.at if message.state == "waiting" else None)
            now.at = max(message.next_at, now.at)
    assert waits == [*BACKOFF, None]
    assert stands(message) == ("given_up", "451 4.3.2 not now")


def test_a_mail_that_is_refused_for_good_is_given_up_at_once(settings: Any) -> None:
    message = a_message()
    with a_sink(settings, answer="554 5.7.1 looks like spam"):
        delivered(clock(MORNING))
    assert stands(message) == ("given_up", "554 5.7.1 looks like spam")


def test_where_nobody_answers_it_waits(settings: Any) -> None:
    send_to(settings, port=free_port())
    message = a_message()
    delivered(clock(MORNING))
    state, error = stands(message)
    assert (state, message.next_at) == ("waiting", at(MORNING) + BACKOFF[0])
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    assert error == f"The mail server {server} cannot be reached: Connection refused."


def test_a_person_lets_one_that_waits_leave_at_once(settings: Any) -> None:
    send_to(settings, port=free_port())
    message = a_message()
    delivered(clock(MORNING))
    try_now(message, by=person(), why="the server is back", now=at(MORNING) + timedelta(seconds=5))
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("waiting", 0)
    assert message.next_at == at(MORNING) + timedelta(seconds=5)
    assert OutboxAct.objects.get().why == "the server is back"


@pytest.mark.parametrize("hangs", [False, True], ids=["hangs up", "hangs"])
@pytest.mark.parametrize("at_command", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_line_that_breaks_before_the_words_left_is_tried_again(
    settings: Any, at_command: str, *, hangs: bool
) -> None:
    message = a_message()
    with a_server_that(settings, breaks_at=at_command, hangs=hangs):
        delivered(clock(MORNING))
    assert stands(message)[0] == "waiting"


@pytest.mark.parametrize("hangs", [False, True], ids=["hangs up", "hangs"])
def test_a_line_that_breaks_before_the_answer_leaves_it_in_doubt(settings: Any, *, hangs: bool) -> None:
    message, now = a_message(), clock(MORNING)
    with a_server_that(settings, breaks_at="WORDS", hangs=hangs):
        delivered(now)
    state, error = stands(message)
    assert state == "in_doubt"
    assert error.startswith("The line broke before the server answered")
    now.forward(days=30)
    with a_sink(settings) as sink:
        assert delivered(now) == 0  # never by itself
    assert sink.taken == []


@pytest.mark.parametrize("hangs", [False, True], ids=["hangs up", "hangs"])
def test_a_line_that_breaks_after_the_answer_is_sent(settings: Any, *, hangs: bool) -> None:
    message = a_message()
    with a_server_that(settings, breaks_at="QUIT", hangs=hangs):
        delivered(clock(MORNING))
    assert stands(message) == ("sent", "")


# A worker that ends in the middle


def test_what_a_worker_was_sending_when_it_ended_is_in_doubt_when_its_hold_runs_out(settings: Any) -> None:
    message, now = a_message(), clock(MORNING)

    class Ended(BaseException):
        pass

    def end(self: Any, mails: Any) -> None:
        raise Ended

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", end)
        with pytest.raises(Ended):
            deliver_next(clock=now)
    assert stands(message) == ("sending", "")
    now.forward(seconds=settings.SEND_LEASE_SECONDS - 1)
    assert (note_broken_off(now=now()), deliver_next(clock=now)) == (0, None)
    now.forward(seconds=1)
    assert note_broken_off(now=now()) == 1
    assert stands(message) == (
        "in_doubt",
        "The worker ended while it was being sent, at 2026-07-06 06:00:00 UTC or soon after.",
    )
    assert deliver_next(clock=now) is None


def test_the_answer_of_a_worker_that_was_only_slow_settles_the_doubt(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, now = a_message(), clock(MORNING)

    def slowly(self: Any, mails: Any) -> int:
        now.forward(seconds=settings.SEND_LEASE_SECONDS)
        assert note_broken_off(now=now()) == 1
        return 1

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", slowly)
    deliver_next(clock=now)
    assert stands(message) == ("sent", "")


# By hand


def in_doubt() -> OutboxMessage:
    message = a_message()
    OutboxMessage.objects.filter(pk=message.pk).update(state="in_doubt", error="who knows")
    return message


def test_a_person_sends_again_what_is_in_doubt_and_the_reader_recognises_it(settings: Any) -> None:
    message = in_doubt()
    send_again(message, by=person(), why="Ann says that nothing came", now=at("2026-07-06 09:00"))
    with a_sink(settings) as sink:
        delivered(clock("2026-07-06 09:00"))
    assert sink.numbers == [message.message_id]
    act = OutboxAct.objects.get()
    assert (act.old_state, act.new_state, act.by, act.why) == (
        "in_doubt",
        "waiting",
        person(),
        "Ann says that nothing came",
    )


def test_a_person_says_that_it_arrived() -> None:
    message = in_doubt()
    note_arrived(message, by=person(), why="Ann has it", now=at("2026-07-06 09:00"))
    message.refresh_from_db()
    assert (message.state, message.sent_at) == ("sent", at("2026-07-06 09:00"))


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (send_again, "sent"),
    (send_again, "sending"),
    (send_again, "cancelled"),
    (try_now, "sent"),
    (try_now, "sending"),
    (try_now, "in_doubt"),
    (note_arrived, "waiting"),
    (note_arrived, "given_up"),
    (cancel, "sent"),
    (cancel, "sending"),
]


@pytest.mark.parametrize(("act", "state"), REFUSED)
def test_what_left_or_is_leaving_is_not_touched(act: Callable[..., Any], state: str) -> None:
    message = a_message()
    sent_at = at(MORNING) if state == "sent" else None
    OutboxMessage.objects.filter(pk=message.pk).update(state=state, sent_at=sent_at)
    with pytest.raises(ValidationError, match="it cannot become"):
        act(message, by=person(), why="because", now=at(MORNING) + timedelta(hours=1))
    assert not OutboxAct.objects.exists()


def test_an_act_by_hand_needs_a_reason() -> None:
    with pytest.raises(ValidationError, match="Say why"):
        cancel(a_message(), by=person(), why=" ", now=at(MORNING))


# The chat


class Chat(BaseHTTPRequestHandler):
    """Takes what is posted, or answers with an error."""

    heard: list[bytes] = []
    status = 200

    def do_POST(self) -> None:
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def chat(settings: Any) -> Any:
    Chat.heard, Chat.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Chat)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.CHAT_URL = f"json://127.0.0.1:{server.server_port}/hook"
    yield Chat
    server.shutdown()
    server.server_close()


def to_chat() -> OutboxMessage:
    return a_message("chat", channel=OutboxMessage.Channel.CHAT, address="", text="Claim by Friday.")


def test_a_message_goes_to_the_chat(chat: Any) -> None:
    message = to_chat()
    delivered(clock(MORNING))
    assert stands(message) == ("sent", "")
    assert b"Claim by Friday." in chat.heard[0]


def test_a_chat_that_does_not_take_it_is_tried_again(chat: Any) -> None:
    chat.status = 500
    message = to_chat()
    delivered(clock(MORNING))
    state, error = stands(message)
    assert (state, message.next_at) == ("waiting", at(MORNING) + BACKOFF[0])
    assert "500" in error


def test_without_a_chat_the_message_is_given_up_with_the_setting_to_mend(settings: Any) -> None:
    settings.CHAT_URL = None
    message = to_chat()
    delivered(clock(MORNING))
    assert stands(message) == ("given_up", "RECOURSE_CHAT_URL names no chat that Recourse can write to.")
