"""A vendor answers line by line through a link; a code confirms it, and a person here lets it count."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client

from sla.models import (
    AnswerDecision,
    AnswerDraft,
    LineAnswer,
    OutboxMessage,
    StatementLinkView,
    VendorAnswer,
    VendorAnswerLine,
)
from sla.services.claims import submit_claim
from sla.services.claims.balances import held_parts
from sla.services.claims.parts import settle_agreed_part
from sla.services.duties.forgetting import forget
from sla.services.links import set_aside, take_answer
from sla.services.links.evidence import checked_file
from tests.builders import at, person
from tests.sla.link_rows import (
    NOW,
    VENDOR,
    Hand,
    a_link,
    answered,
    compose,
    confirm,
    hand,
    mail_text,
    newest_code,
    page_of,
    text_of,
)
from tests.sla.mailing_rows import a_reader, owned_by

pytestmark = pytest.mark.django_db
__all__ = ["hand"]
PDF = b"%PDF-1.7\n"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def _counted_anew(hand: Hand) -> None:
    cache.clear()


def a_file(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def only_line() -> VendorAnswerLine:
    return VendorAnswerLine.objects.get()


# Every kind of answer


def test_it_agrees(client: Client) -> None:
    response = answered(client, a_link(), line1_says="agrees")
    assert response.status_code == 302
    row = only_line()
    assert (row.line_number, row.says, row.amount_minor, row.text, row.file) == (1, "agrees", None, "", None)
    answer = row.answer
    assert (answer.name, answer.role, answer.address, answer.said_at) == (
        "Ann Account",
        "account manager",
        VENDOR,
        NOW,
    )


def test_it_contests_with_its_own_times_cause_amount_and_file(client: Client) -> None:
    answered(
        client,
        a_link(),
        line1_says="contests",
        line1_started_at="2019-06-24 21:20",  # seven hours behind UTC
        line1_ended_at="2019-06-24 22:10",
        line1_amount="125.00",
        line1_text="The breaker tripped on your side.",
        line1_file=a_file("log.pdf", PDF),
        line1_invoice="typed by mistake",
    )
    row = only_line()
    assert (row.says, row.started_at, row.ended_at, row.amount_minor, row.text, row.invoice) == (
        "contests",
        at("2019-06-25 04:20"),
        at("2019-06-25 05:10"),
        12500,
        "The breaker tripped on your side.",
        "",
    )
    assert (row.file_name, row.file_type, bytes(row.file or b"")) == ("log.pdf", "application/pdf", PDF)
    assert len(row.file_digest) == 64


def test_it_says_that_it_is_credited_already(client: Client) -> None:
    answered(
        client,
        a_link(),
        line1_says="already_credited",
        line1_invoice="CN-1042",
        line1_invoice_on="2019-07-03",
        line1_credited="350.00",
    )
    row = only_line()
    assert (row.invoice, row.invoice_on, row.amount_minor) == ("CN-1042", date(2019, 7, 3), 35000)


def test_it_asks_for_time(client: Client) -> None:
    answered(client, a_link(), line1_says="asks_for_time", line1_until="2019-08-01")
    assert only_line().until == date(2019, 8, 1)


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("nothing", {}, "Answer at least one line. Lines that you leave stay open."),
    ("contests nothing", {"line1_says": "contests"}, "Say what you contest: your own times"),
    ("too much", {"line1_says": "contests", "line1_amount": "200.01"}, "from 0 to USD 200.00."),
    ("below nothing", {"line1_says": "contests", "line1_amount": "-1"}, "from 0 to USD 200.00."),
    ("too exact", {"line1_says": "contests", "line1_amount": "1.001"}, "USD"),
    ("end first", {"line1_says": "contests", "line1_started_at": "2019-06-25 05:00",
                   "line1_ended_at": "2019-06-25 04:00"}, "The end lies before the start."),
    ("future", {"line1_says": "contests", "line1_started_at": "2030-01-01 00:00"}, "lies in the future"),
    ("not a time", {"line1_says": "contests", "line1_started_at": "yesterday"}, "is not a date and time"),
    ("no invoice", {"line1_says": "already_credited"}, "Say with which invoice or credit note"),
    ("no amount", {"line1_says": "already_credited", "line1_invoice": "CN", "line1_credited": "0"},
     "Enter the amount that was credited, above zero."),
    ("no day", {"line1_says": "asks_for_time"}, "Enter a day after today, at the latest 2020-01-06."),
    ("today", {"line1_says": "asks_for_time", "line1_until": "2019-07-10"}, "Enter a day after today"),
    ("too late", {"line1_says": "asks_for_time", "line1_until": "2020-01-07"}, "at the latest 2020-01-06"),
    ("made up", {"line1_says": "waives"}, "is not one of the available choices"),
    ("too long", {"line1_says": "agrees", "line1_text": "x" * 4001}, "at most 4000 characters"),
    ("NUL", {"line1_says": "agrees", "line1_text": "a\x00b"}, "Null characters are not allowed."),
]  # fmt: skip


def test_what_lacks_something_is_refused_where_it_lacks(client: Client) -> None:
    made = a_link()
    for name, typed, words in REFUSED:
        response = compose(client, made, **typed)
        assert response.status_code == 200, name
        assert words in text_of(response), name
    assert not AnswerDraft.objects.exists()


def test_what_is_wrong_stands_at_the_top_with_the_way_to_the_line(client: Client) -> None:
    made = a_link()
    page = compose(client, made, line1_says="contests").content.decode()
    top = page[: page.index("<h1")]
    assert 'Files have to be chosen again. Look at <a href="#line-1">line 1</a>.' in top
    empty = compose(client, made).content.decode()
    assert 'Answer at least one line. Lines that you leave stay open. <a href="#lines">' in empty
    assert page.count('role="alert"') == empty.count('role="alert"') == 1


def test_who_goes_back_finds_what_was_entered_with_its_file(client: Client) -> None:
    made = a_link()
    typed = {
        "line1_says": "contests",
        "line1_started_at": "2019-06-24 21:20",
        "line1_ended_at": "2019-06-24 22:10",
        "line1_amount": "125.00",
        "line1_text": "The breaker tripped.",
    }
    check = compose(client, made, **typed, line1_file=a_file("log.pdf", PDF))["Location"]
    back = client.get(check).context["back_url"]
    assert back.startswith(f"{page_of(made)}?from=1&draft=")
    page = client.get(back)
    (line,) = page.context["lines"]
    for name, value in typed.items():
        assert str(line.form[name.removeprefix("line1_")].value()) == value, name
    assert line.form.is_open
    assert "log.pdf is kept. Choose another one to replace it." in text_of(page)
    typed["line1_amount"] = "100.00"
    sent = {name.replace("_", "-", 1): value for name, value in typed.items()}
    confirm(client, made, client.post(back.partition("#")[0], sent)["Location"])
    row = only_line()
    assert (row.amount_minor, row.file_name, bytes(row.file or b"")) == (10000, "log.pdf", PDF)


def test_an_answer_of_another_link_or_none_fills_no_field(client: Client) -> None:
    made = a_link()
    check = compose(client, made, line1_says="agrees", line1_text="Fine.")["Location"]
    token = check.rstrip("/").rpartition("/")[2]
    other = a_link(made.link.release)
    for address in (
        f"{page_of(other)}?draft={token}",
        f"{page_of(made)}?draft=x",
        f"{page_of(made)}?draft=%00",
    ):
        page = client.get(address)
        assert page.status_code == 200
        assert not page.context["lines"][0].form.is_open


# Files


HOSTILE: list[tuple[str, str, bytes, str]] = [
    ("page", "report.html", b"<script>", "report.html cannot be kept: its kind is none of .csv"),
    ("program", "report.pdf.exe", b"MZ", "report.pdf.exe cannot be kept"),
    ("vector", "a.svg", b"<svg onload=alert(1)>", "a.svg cannot be kept"),
    ("macros", "a.xlsm", b"PK\x03\x04", "a.xlsm cannot be kept"),
    ("disguised", "report.pdf", b"<script>alert(1)</script>", "report.pdf is no .pdf file"),
    ("picture", "a.png", PDF, "a.png is no .png file: it does not begin like one"),
    ("binary text", "a.txt", b"a\x00b", "a.txt is no .txt file"),
    ("large", "a.pdf", PDF + b"x" * 5_000_000, "a.pdf has more than 5,000,000 bytes."),
    ("no name", ".pdf", PDF, ".pdf cannot be kept"),
]  # fmt: skip


@pytest.mark.parametrize(("_", "name", "content", "words"), HOSTILE, ids=[row[0] for row in HOSTILE])
def test_a_hostile_file_is_refused(_: str, name: str, content: bytes, words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        checked_file(name, content)
    assert words in refusal.value.messages[0]


def test_a_file_that_is_refused_is_said_at_its_field_and_nothing_is_kept(client: Client) -> None:
    typed = {"line1_says": "contests", "line1_text": "See it.", "line1_file": a_file("a.html", b"<script>")}
    response = compose(client, a_link(), **typed)
    assert "a.html cannot be kept: its kind is none of .csv" in text_of(response)
    assert not AnswerDraft.objects.exists()


def test_an_empty_file_is_refused(client: Client) -> None:
    typed = {"line1_says": "contests", "line1_text": "See it.", "line1_file": a_file("a.pdf", b"")}
    assert "The submitted file is empty." in text_of(compose(client, a_link(), **typed))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ('../../etc/x"y.png', 'x"y.png'),
        ("C:\\logs\\line.PNG", "line.png"),
        ("a\u202egnp.png", "a gnp.png"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
    ],
)
def test_a_files_name_is_only_a_name(name: str, kept: str) -> None:
    assert checked_file(name, PNG).name == kept


# The code


def composed(client: Client, made: Any) -> str:
    response = compose(client, made, line1_says="agrees")
    return str(response["Location"])


def test_nothing_is_sent_before_the_code(client: Client) -> None:
    made = a_link()
    check = composed(client, made)
    seen = text_of(client.get(check))
    assert "Your answers, not yet sent" in seen
    assert "a…@vendor.example" in seen
    assert VENDOR not in seen
    assert not OutboxMessage.objects.exists()
    assert not VendorAnswer.objects.exists()


def test_the_code_goes_to_the_contacts_address_and_stands_nowhere_else(client: Client) -> None:
    made = a_link()
    client.post(composed(client, made))
    message, code = OutboxMessage.objects.get(), newest_code(made.link)
    assert (message.address, message.subject) == (
        VENDOR,
        "Your code for the answer to NR-2018/power/2019-06/r1",
    )
    assert code in mail_text(message)
    assert code not in message.text
    assert code not in AnswerDraft.objects.get().code_digest


def refused(client: Client, check: str, **fields: Any) -> str:
    """Enter a code that is not taken, and return what the page says."""
    response = client.post(check, {"code": "00000000", "name": "Ann", "role": "manager", **fields})
    assert response.status_code == 200
    assert not VendorAnswer.objects.exists()
    return text_of(response)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_a_wrong_code_is_refused_and_after_five_not_even_the_right_one_is_taken(client: Client) -> None:
    made = a_link()
    check = composed(client, made)
    client.post(check)
    code = newest_code(made.link)
    said = [refused(client, check, code=wrong(code)) for _ in range(5)]
    assert "This is not the code. Read the newest mail again; 4 more tries." in said[0]
    assert "This is not the code. Ask for a new code." in said[4]
    assert "It was tried 5 times. Ask for a new code." in refused(client, check, code=code)
    assert StatementLinkView.objects.filter(what="wrong_code").count() == 5
    assert confirm(client, made, check).status_code == 302


def test_a_code_holds_for_ten_minutes(client: Client, hand: Hand) -> None:
    made = a_link()
    check = composed(client, made)
    client.post(check)
    code = newest_code(made.link)
    hand.now = NOW + timedelta(minutes=10)
    assert "This code is over. Ask for a new one." in refused(client, check, code=code)
    hand.now -= timedelta(microseconds=1)
    assert client.post(check, {"code": code, "name": "Ann", "role": "m"}).status_code == 302


def test_a_new_code_takes_the_place_of_the_one_before(client: Client) -> None:
    made = a_link()
    check = composed(client, made)
    client.post(check)
    first = newest_code(made.link)
    client.post(check)
    assert newest_code(made.link) != first
    assert "This is not the code." in refused(client, check, code=first)


def test_a_code_of_one_answer_does_not_confirm_another(client: Client) -> None:
    made = a_link()
    first, second = composed(client, made), composed(client, made)
    client.post(second)
    code = newest_code(made.link)
    assert "Ask for a code first." in refused(client, first, code=code)
    client.post(first)
    assert "This is not the code." in refused(client, second, code=newest_code(made.link))


def test_six_codes_of_a_link_leave_within_an_hour(client: Client, hand: Hand) -> None:
    made = a_link()
    checks = [composed(client, made) for _ in range(2)]
    for number in range(6):
        assert client.post(checks[number % 2]).status_code == 302
    response = client.post(checks[0])
    assert "6 codes were sent within the last hour. Look for the newest mail, or wait." in text_of(response)
    assert OutboxMessage.objects.count() == 6
    hand.now = NOW + timedelta(hours=1)
    assert client.post(checks[0]).status_code == 302


@pytest.mark.parametrize("missing", ["code", "name", "role"])
def test_code_name_and_role_are_needed(client: Client, missing: str) -> None:
    made = a_link()
    check = composed(client, made)
    client.post(check)
    assert "This field is required." in refused(
        client, check, **{"code": newest_code(made.link), missing: " "}
    )


# What comes of it


def test_the_answerer_gets_a_copy_and_the_owner_here_is_told(client: Client) -> None:
    made = a_link()
    vendor = made.link.release.revision.statement.agreement.contract.vendor
    owned_by(vendor, a_reader("olga"))
    answered(client, made, line1_says="contests", line1_text="Our log says otherwise.")
    copy = OutboxMessage.objects.get(key__startswith="answer-copy/")
    told = OutboxMessage.objects.get(key__startswith="answer-came/")
    assert (copy.address, copy.subject) == (VENDOR, "Copy of your answer to NR-2018/power/2019-06/r1")
    assert "\n  Contested\n  Our log says otherwise.\n" in copy.text
    assert told.reader is not None
    assert (told.reader.username, told.subject) == ("olga", "Northrack answered NR-2018/power/2019-06/r1")
    assert "Our log says otherwise." in told.text
    assert "/admin/sla/statement/" in told.text


def test_sent_twice_it_is_one_answer(client: Client) -> None:
    made = a_link()
    check = composed(client, made)
    client.post(check)
    typed = {"code": newest_code(made.link), "name": "Ann", "role": "manager"}
    first, again = client.post(check, typed), client.post(check, typed)
    assert (first.status_code, first["Location"]) == (again.status_code, again["Location"])
    assert (VendorAnswer.objects.count(), VendorAnswerLine.objects.count()) == (1, 1)
    assert "Your answers were sent" in text_of(client.get(first["Location"]))


def test_an_answer_through_another_link_is_not_shown(client: Client) -> None:
    made = a_link()
    sent = answered(client, made, line1_says="agrees")["Location"]
    other = a_link(made.link.release)
    token = sent.rstrip("/").rpartition("/")[2]
    assert client.get(page_of(other, "sent", token)).status_code == 404
    assert client.get(page_of(other, "check", token)).status_code == 404


def test_a_forged_form_is_refused() -> None:
    browser = Client(enforce_csrf_checks=True)
    made = a_link()
    assert browser.post(page_of(made), {"line1-says": "agrees"}).status_code == 403
    token = browser.get(page_of(made)).cookies["csrftoken"].value
    typed = {"line1-says": "agrees", "csrfmiddlewaretoken": token}
    assert browser.post(page_of(made), typed).status_code == 302


def test_no_name_adds_a_header_and_no_text_is_read_as_html(client: Client) -> None:
    made = a_link()
    owned_by(made.link.release.revision.statement.agreement.contract.vendor, a_reader("olga"))
    check = compose(client, made, line1_says="contests", line1_text="<b>\n<script>x</script>")["Location"]
    sent = confirm(client, made, check, name="Ann\r\nBcc: eve@elsewhere.example", role="<i>boss</i>\u2028x")
    answer = VendorAnswer.objects.get()
    assert (answer.name, answer.role) == ("Ann Bcc: eve@elsewhere.example", "<i>boss</i> x")
    for message in OutboxMessage.objects.all():
        assert "\n" not in message.subject
        assert "\n" not in message.name
    for url in (sent["Location"], page_of(made)):
        body = client.get(url).content.decode()
        assert "<script>" not in body
        assert "&lt;script&gt;x&lt;/script&gt;" in body
        assert "&lt;i&gt;boss&lt;/i&gt;" in body


def test_what_was_sent_cannot_be_changed(client: Client) -> None:
    answered(client, a_link(), line1_says="agrees")
    for rows, change in ((VendorAnswer.objects, {"name": "Eve"}), (VendorAnswerLine.objects, {"text": "x"})):
        with pytest.raises(DatabaseError, match="what the vendor sent stays"), transaction.atomic():
            rows.update(**change)
        with pytest.raises(DatabaseError, match="is frozen"), transaction.atomic():
            rows.all()._raw_delete("default")


def test_what_nobody_confirmed_goes_after_a_day(client: Client, hand: Hand) -> None:
    made = a_link()
    compose(client, made, line1_says="contests", line1_text="See it.", line1_file=a_file("log.pdf", PDF))
    forget(now=NOW + timedelta(hours=23))
    assert AnswerDraft.objects.count() == 1
    forget(now=NOW + timedelta(days=1, seconds=1))
    assert AnswerDraft.objects.count() == 0


# What we make of it


def test_no_figure_moves_before_a_person_takes_it_as_recorded(client: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    claim = revision.credits.get().parts.get().claim
    answered(client, made, line1_says="contests", line1_amount="50.00", line1_text="Only half an hour.")
    assert not LineAnswer.objects.exists()
    row = only_line()
    recorded = take_answer(row, by=person(), now=NOW)
    assert (recorded.answer, recorded.amount_minor, recorded.claim, recorded.said_by, recorded.said_at) == (
        "contests",
        5000,
        claim,
        "Ann Account, account manager",
        NOW,
    )
    submit_claim(claim, sent_at=NOW, received_at=NOW, by=person(), why="sent", now=NOW)
    settle_agreed_part(claim, by=person(), why="the agreed part first", now=NOW)
    assert [amount for amount, _ in held_parts(claim).values()] == [5000]
    assert AnswerDecision.objects.get().recorded == recorded


def test_a_credit_note_is_kept_in_the_words_of_the_record(client: Client) -> None:
    answered(
        client,
        a_link(),
        line1_says="already_credited",
        line1_invoice="CN-1042",
        line1_invoice_on="2019-07-03",
        line1_credited="350.00",
    )
    recorded = take_answer(only_line(), by=person(), now=NOW)
    assert (recorded.cause, recorded.amount_minor) == (
        "Credited with CN-1042 of 2019-07-03, USD 350.00.",
        None,
    )


def test_it_is_decided_once_and_setting_it_aside_needs_a_reason(client: Client) -> None:
    answered(client, a_link(), line1_says="agrees")
    row = only_line()
    with pytest.raises(Exception, match="Say why"):
        set_aside(row, by=person(), why=" ", now=NOW)
    set_aside(row, by=person(), why="Withdrawn by phone", now=NOW)
    with pytest.raises(Exception, match="was set aside already, on 2019-07-10 by maria"):
        take_answer(row, by=person(), now=NOW)
    assert not LineAnswer.objects.exists()
