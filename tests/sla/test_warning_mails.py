"""The mail of warnings: ranked, plain, readable as text, with links only where the house has an address."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User

from sla.models import Alert, OutboxMessage
from sla.reports.mails.warnings import MOST_IN_CHAT, WarningLine, subject_of, warning_chat, warning_mail
from sla.services.alerts.found import Found
from sla.services.alerts.raising import raise_found
from sla.services.alerts.telling import tell_chat, tell_reader
from tests.builders import a_contract, a_vendor, at
from tests.sla.alert_builders import a_found, an_owner
from vendors.models import Vendor

NOW = at("2019-07-01 08:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_line(headline: str = "INC-1 is still open", **fields: Any) -> WarningLine:
    return WarningLine(
        **{"kind": "Incident left open", "headline": headline, "vendor": "Northrack", **fields}
    )


@pytest.fixture
def owner(db: None) -> User:
    reader = an_owner(a_vendor())
    reader.first_name, reader.last_name = "Olga", "Berg"
    reader.save()
    return reader


def raised(*found: Found) -> None:
    raise_found(found, standing=list(Alert.objects.standing()), now=NOW)


def found(subject: str, **fields: Any) -> Found:
    return a_found(subject, vendor_id=Vendor.objects.get(slug="northrack").pk, **fields)


def told(reader: User, *, origin: str = "", slot: str = "2019-07-01T08") -> OutboxMessage:
    assert tell_reader(reader.pk, slot=slot, origin=origin, now=NOW) != "Nothing is left to tell."
    return OutboxMessage.objects.order_by("pk").last()


def headlines(text: str) -> list[str]:
    return re.findall(r"^\d+\. (.*)$", text, re.MULTILINE)


def test_overdue_comes_first_then_the_nearest_day_then_the_most_money_and_last_what_has_no_date(
    owner: User,
) -> None:
    raised(
        found("no date, 900", currency="USD", amount_minor=900_00),
        found("no date"),
        found("in 9 days", due_at=NOW + 9 * DAY, due_words="2019-07-10"),
        found("tomorrow, 100", due_at=NOW + DAY, currency="USD", amount_minor=100_00),
        found("tomorrow, 70 000 yen", due_at=NOW + DAY + HOUR, currency="JPY", amount_minor=70_000),
        found("overdue", due_at=NOW - HOUR),
        found("long overdue", due_at=NOW - 9 * DAY),
    )
    assert headlines(told(owner).text) == [
        "Warning long overdue",
        "Warning overdue",
        "Warning tomorrow, 70 000 yen",
        "Warning tomorrow, 100",
        "Warning in 9 days",
        "Warning no date, 900",
        "Warning no date",
    ]


def test_the_text_says_everything_and_the_page_the_same(owner: User) -> None:
    raised(
        found(
            "1",
            headline="Send the claim: NR-2018/power/2019-06",
            detail="By 2019-07-30 (calendar days).\nClause: Exhibit C 4.2",
            currency="USD",
            amount_minor=1_200_00,
            due_at=NOW + 4 * DAY,
            due_words="2019-07-04",
        )
    )
    message = told(owner)
    assert message.subject == "4 days left, USD 1,200.00: Northrack: Send the claim: NR-2018/power/2019-06"
    assert message.text == (
        "A warning: new, or worse than when you last heard of it.\n"
        "\n"
        "1. Send the claim: NR-2018/power/2019-06\n"
        "   Incident left open · Northrack · by 2019-07-04 (4 days left) · USD 1,200.00\n"
        "   By 2019-07-30 (calendar days).\n"
        "   Clause: Exhibit C 4.2\n"
        "\n"
        "--\n"
        "For Olga Berg. Each warning is told once, and again only when it gets worse. What nobody\n"
        "acknowledges goes to the vendor's deputies too. Amounts are before tax; currencies are not\n"
        "added together.\n"
    )
    for said in ("Send the claim", "4 days left", "USD 1,200.00", "Clause: Exhibit C 4.2", "For Olga Berg."):
        assert said in message.html


def test_links_stand_only_where_the_house_has_an_address(owner: User) -> None:
    raised(found("1"))
    bare = told(owner)
    assert "http" not in bare.text
    assert "<a " not in bare.html
    raised(found("1", rank=2))
    alert = Alert.objects.get()
    linked = told(owner, origin="https://recourse.example", slot="2")
    page = f"https://recourse.example/admin/sla/alert/{alert.pk}/change/"
    assert f"Acknowledge it: {page}" in linked.text
    assert f'href="{page}"' in linked.html
    assert "All warnings: https://recourse.example/admin/sla/alert/" in linked.text


def test_each_warning_leads_to_where_it_is_dealt_with(owner: User) -> None:
    contract = a_contract(vendor=Vendor.objects.get())
    raised(found("1", contract_id=contract.pk))
    link = f"https://recourse.example/admin/vendors/contract/{contract.pk}/change/"
    assert link in told(owner, origin="https://recourse.example").text


def test_one_mail_holds_a_hundred_and_the_rest_comes_with_the_next(owner: User) -> None:
    raised(*[found(f"{number:03d}", due_at=NOW + number * DAY) for number in range(1, 104)])
    first = told(owner)
    assert (len(headlines(first.text)), headlines(first.text)[-1]) == (100, "Warning 100")
    assert "3 more, less pressing, stand on the list and come with the next mail." in first.text
    second = told(owner, slot="2")
    assert headlines(second.text) == ["Warning 101", "Warning 102", "Warning 103"]


def test_one_that_got_worse_says_when_it_was_told_before(owner: User) -> None:
    raised(found("1"))
    told(owner)
    raised(found("1", rank=2))
    assert "Worse than when it was told on 2019-07-01 (UTC)." in told(owner, slot="2").text


def test_what_a_record_says_cannot_become_a_part_of_the_page(owner: User) -> None:
    raised(found("1", headline='<img src=x onerror="alert(1)">', detail="<script>steal()</script>"))
    message = told(owner)
    assert "<script>" not in message.html
    assert "<img" not in message.html
    assert "&lt;script&gt;steal()" in message.html
    # The text is text.
    assert "<script>steal()</script>" in message.text


class Page(HTMLParser):
    """Collects what a mail program would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "srcset", "background")]


def test_the_page_fetches_nothing_and_runs_nothing(owner: User) -> None:
    raised(found("1", due_at=NOW + DAY, currency="USD", amount_minor=1))
    page = Page()
    page.feed(told(owner, origin="https://recourse.example").html)
    assert page.fetched == []
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "form", "object"})


def test_a_subject_names_the_first_and_counts_the_rest() -> None:
    assert subject_of([a_line()]) == "Northrack: INC-1 is still open"
    assert subject_of([a_line(), a_line("b"), a_line("c")]) == "Northrack: INC-1 is still open (and 2 more)"
    assert len(subject_of([a_line("x" * 300), a_line()])) < 200
    assert subject_of([a_line(vendor="")]) == "INC-1 is still open"


def test_of_several_mails_about_one_thing_each_subject_says_what_is_new() -> None:
    stands: list[dict[str, str]] = [
        {"left": "9 days left", "degree": "Early"},
        {"left": "40 h left", "degree": "Critical", "money": "USD 1,200.00"},
        {"left": "1 day over", "degree": "Critical", "money": "USD 1,452.00"},
        {"degree": "Serious"},
    ]
    assert [subject_of([a_line(**each)]) for each in stands] == [
        "9 days left: Northrack: INC-1 is still open",
        "40 h left, USD 1,200.00: Northrack: INC-1 is still open",
        "1 day over, USD 1,452.00: Northrack: INC-1 is still open",
        "Serious: Northrack: INC-1 is still open",
    ]


def test_money_of_several_currencies_stands_apart_and_is_never_added() -> None:
    lines = [a_line(money="USD 100.00"), a_line(money="EUR 50.00")]
    mail = warning_mail(lines, name="Olga", list_url="")
    assert "150" not in mail.text + mail.html
    assert "USD 100.00" in mail.text
    assert "EUR 50.00" in mail.text


def test_the_chat_says_it_in_a_line_each_and_counts_what_it_leaves_out() -> None:
    line = a_line("Send the claim", by="2019-07-30", left="4 days left", money="USD 200.00")
    title, text = warning_chat([line], list_url="")
    assert (title, text) == (
        "1 warning",
        "• Northrack: Send the claim (by 2019-07-30, 4 days left, USD 200.00)",
    )
    title, text = warning_chat([line] * (MOST_IN_CHAT + 3), list_url="https://recourse.example/list")
    assert title == f"{MOST_IN_CHAT + 3} warnings"
    assert text.splitlines()[-2:] == ["and 3 more", "https://recourse.example/list"]


def test_the_chat_notes_what_it_was_told_like_a_reader(owner: User) -> None:
    raised(found("1"), found("2"))
    assert tell_chat(slot="1", origin="", now=NOW) == "2 warnings told."
    assert tell_chat(slot="2", origin="", now=NOW) == "Nothing is left to tell."
    assert OutboxMessage.objects.get().channel == "chat"
