"""Links in the admin: made on a released revision, looked at, withdrawn; and answers decided line by line."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sla.models import AnswerDecision, LineAnswer, OutboxMessage, StatementLink, VendorAnswerLine
from sla.services.links import open_link
from tests.sla.claim_builders import a_revision
from tests.sla.link_rows import NOW, Hand, a_link, a_release, answered, hand, page_of, text_of
from tests.sla.mailing_rows import a_contact, owned_by
from vendors.services import remove_demo, system_user

pytestmark = pytest.mark.django_db
__all__ = ["hand"]


@pytest.fixture(autouse=True)
def _counted_anew(hand: Hand) -> None:
    cache.clear()


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", first_name="Bo", last_name="Ss"))
    return client


def reader(client: Client, *codes: str) -> Client:
    user = User.objects.create_user("reader", is_staff=True, is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_statement", *codes]))
    client.force_login(user)
    return client


def url(revision: Any, name: str = "revision", *more: Any) -> str:
    return reverse(f"admin:sla_{name}", args=[revision.statement_id, revision.number, *more])


def test_only_a_released_revision_offers_links(boss: Client) -> None:
    revision = a_revision()
    assert "Links for the vendor" not in text_of(boss.get(url(revision)))
    assert boss.get(url(revision, "link_make")).status_code == 404


def test_a_link_is_mailed_to_the_chosen_contact(boss: Client) -> None:
    release = a_release()
    revision = release.revision
    contact = revision.statement.agreement.contract.vendor.contacts.first() or a_contact(
        revision.statement.agreement.contract.vendor
    )
    typed = {"contact": contact.pk, "days": "14", "how": "mail"}
    response = boss.post(url(revision, "link_make"), typed, follow=True)
    link = StatementLink.objects.get()
    assert (link.expires_at - link.made_at, link.message) == (
        timedelta(days=14),
        OutboxMessage.objects.get(),
    )
    seen = text_of(response)
    assert f"The link goes to {contact.email} and works until 2019-07-24." in seen
    assert "mail waiting" in seen


def test_a_link_is_shown_once(boss: Client) -> None:
    release = a_release()
    vendor = release.revision.statement.agreement.contract.vendor
    contact = vendor.contacts.first() or a_contact(vendor)
    typed = {"contact": contact.pk, "days": "30", "how": "once"}
    response = boss.post(url(release.revision, "link_make"), typed)
    found = re.search(r"http://testserver/statements/([\w-]{43})/", response.content.decode())
    assert found is not None
    assert "no-store" in response["Cache-Control"]
    assert open_link(found[1], now=NOW) == StatementLink.objects.get()
    assert not OutboxMessage.objects.exists()
    assert found[1] not in boss.get(url(release.revision)).content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"days": "181"}, "less than or equal to 180"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"contact": "0"}, "Select a valid choice"),
    ],
)
def test_a_link_is_refused_with_the_reason(boss: Client, typed: dict[str, str], words: str) -> None:
    release = a_release()
    vendor = release.revision.statement.agreement.contract.vendor
    contact = vendor.contacts.first() or a_contact(vendor)
    response = boss.post(
        url(release.revision, "link_make"), {"contact": contact.pk, "days": "30", "how": "mail", **typed}
    )
    assert words in text_of(response)
    assert not StatementLink.objects.exists()


def test_its_uses_are_listed_and_it_is_withdrawn_with_a_reason(boss: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    Client().get(page_of(made), headers={"User-Agent": "Reader/1.0"}, REMOTE_ADDR="203.0.113.9")
    seen = text_of(boss.get(url(revision)))
    assert "1 use last 2019-07-10 02:00" in seen
    uses = text_of(boss.get(url(revision, "link_uses", made.link.pk)))
    assert "2019-07-10 02:00:00 -07:00 Read the page 203.0.113.9 Reader/1.0" in uses
    assert "required" in text_of(boss.post(url(revision, "link_revoke", made.link.pk), {"why": " "}))
    boss.post(url(revision, "link_revoke", made.link.pk), {"why": "sent to the wrong desk"})
    assert open_link(made.key, now=NOW) is None
    assert "Withdrawn sent to the wrong desk (boss)" in text_of(boss.get(url(revision)))


def test_an_answer_waits_on_the_home_page_and_on_the_revision(boss: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    answered(Client(), made, line1_says="contests", line1_amount="50.00", line1_text="<b>Half</b> an hour.")
    home = text_of(boss.get(reverse("admin:index")))
    assert "Vendors have answered" in home
    assert "NR-2018/power/2019-06/r1 1 line to decide" in home
    body = boss.get(url(revision)).content.decode()
    assert "&lt;b&gt;Half&lt;/b&gt; an hour." in body
    assert url(revision, "answer_decide", VendorAnswerLine.objects.get().pk) in body


def test_taking_it_as_recorded_makes_it_the_vendors_answer(boss: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    answered(Client(), made, line1_says="contests", line1_amount="50.00", line1_text="Half an hour.")
    row = VendorAnswerLine.objects.get()
    page = text_of(boss.get(url(revision, "answer_decide", row.pk)))
    assert "USD 200.00" in page
    assert "Amount, before tax: USD 50.00" in page
    assert "Enter the vendor's times or cause at INC-1" in page
    response = boss.post(url(revision, "answer_decide", row.pk), {"take": "1"}, follow=True)
    seen = text_of(response)
    assert "Line 1: taken as recorded. It is the vendor's answer from now on." in seen
    assert "Vendor: contests USD 50.00" in seen
    assert LineAnswer.objects.get().recorded_by.username == "boss"
    again = text_of(boss.post(url(revision, "answer_decide", row.pk), {"take": "1"}))
    assert "This answer was taken as recorded already, on 2019-07-10 by boss." in again
    assert "Vendors have answered" not in text_of(boss.get(reverse("admin:index")))


def test_setting_it_aside_wants_a_reason_and_records_nothing(boss: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    answered(Client(), made, line1_says="agrees")
    place = url(revision, "answer_decide", VendorAnswerLine.objects.get().pk)
    assert "Say why" in text_of(boss.post(place, {"aside": "1", "why": ""}))
    assert not AnswerDecision.objects.exists()
    seen = text_of(boss.post(place, {"aside": "1", "why": "Withdrawn by phone"}, follow=True))
    assert "Set aside 2019-07-10, boss: Withdrawn by phone" in seen
    assert not LineAnswer.objects.exists()


def test_a_file_is_saved_and_never_shown(boss: Client) -> None:
    made = a_link()
    file = SimpleUploadedFile("log.txt", b"<script>alert(1)</script>", content_type="text/html")
    answered(Client(), made, line1_says="contests", line1_text="See it.", line1_file=file)
    row = VendorAnswerLine.objects.get()
    response = boss.get(url(made.link.release.revision, "answer_file", row.pk))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="log.txt"'
    assert response["X-Content-Type-Options"] == "nosniff"


RIGHTS = [
    ("link_make", [], 403),
    ("link_make", ["add_release"], 200),
    ("link_revoke", [], 403),
    ("link_revoke", ["add_release"], 200),
    ("answer_decide", [], 403),
    ("answer_decide", ["add_release"], 403),
    ("answer_decide", ["add_lineanswer"], 200),
    ("link_uses", [], 200),
]


@pytest.mark.parametrize(("page", "codes", "status"), RIGHTS)
def test_each_page_wants_its_right(client: Client, page: str, codes: list[str], status: int) -> None:
    made = a_link()
    answered(Client(), made, line1_says="agrees")
    more = {"link_make": [], "answer_decide": [VendorAnswerLine.objects.get().pk]}
    revision = made.link.release.revision
    vendor = revision.statement.agreement.contract.vendor
    who = reader(client, *codes)
    owned_by(vendor, User.objects.get(username="reader"))
    assert who.get(url(revision, page, *more.get(page, [made.link.pk]))).status_code == status


def test_who_does_not_see_the_vendor_finds_nothing(client: Client) -> None:
    made = a_link()
    answered(Client(), made, line1_says="agrees")
    row, revision = VendorAnswerLine.objects.get(), made.link.release.revision
    who = reader(client, "add_release", "add_lineanswer")
    places = [("link_make", []), ("link_uses", [made.link.pk]), ("answer_file", [row.pk])]
    assert {who.get(url(revision, page, *more)).status_code for page, more in places} == {404}
    assert "Vendors have answered" not in text_of(who.get(reverse("admin:index")))


def test_links_and_answers_go_with_demo_data() -> None:
    made = a_link()
    answered(Client(), made, line1_says="agrees")
    vendor = made.link.release.revision.statement.agreement.contract.vendor
    type(vendor).objects.filter(pk=vendor.pk).update(is_demo=True)
    removed = remove_demo(by=system_user(), reason="over")
    assert removed["sla.StatementLink"] == removed["sla.VendorAnswerLine"] == 1
    assert not StatementLink.objects.exists()
