"""Links in the admin: made on a released revision, looked at, withdrawn; and answers decided line by line."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from sla.models import (
    AnswerDecision,
    LineAnswer,
    OutboxMessage,
    Release,
    StatementLink,
    VendorAnswerLine,
)
from sla.services.claims import record_answer
from sla.services.links import make_link, open_link
from sla.services.mailings.releasing import release_revision
from tests.builders import (
    REASON,
    a_charge,
    a_contract_with_power,
    a_service,
    an_incident,
    an_outage,
    at,
    person,
)
from tests.sla.claim_builders import a_missed_month, a_revision
from tests.sla.link_rows import NOW, Hand, a_link, a_release, answered, hand, page_of, text_of
from tests.sla.mailing_rows import a_contact, owned_by
from vendors.models import Approval, Contact
from vendors.services import make_token, remove_demo, remove_record, save_record, system_user
from vendors.services.approvals import approve, done_or_asked

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


def test_a_revision_says_that_a_link_comes_after_its_release(boss: Client) -> None:
    revision = a_revision()
    words = "Not released to the vendor. Once it is, a link is made here"
    page = text_of(boss.get(url(revision)))
    assert words in page
    assert "Make a link for the vendor" not in page
    release_revision(revision, by=person("lena"), now=NOW)
    page = text_of(boss.get(url(revision)))
    assert words not in page
    assert "Make a link for the vendor" in page


def two_who_link(revision: Any, *names: str) -> list[User]:
    """Return people who may make links, and change contacts, of the revision's vendor."""
    vendor = revision.statement.agreement.contract.vendor
    codes = ["view_statement", "add_release", "add_lineanswer", "change_contact"]
    people = [User.objects.create_user(name, is_staff=True) for name in names]
    for user in people:
        user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    owned_by(vendor, None, deputies=people)
    return people


def entered_by(user: User, revision: Any, *, second: User | None = None) -> Contact:
    """Return a contact of the vendor, as somebody entered it, and another one approved."""
    vendor = revision.statement.agreement.contract.vendor
    row = Contact(vendor=vendor, name="Eve Desk", role="claims_desk", email="eve@mailbox.example")
    if second is None:
        save_record(row, by=user, reason=REASON)
        return row
    asked = done_or_asked(lambda: save_record(row, by=user, reason=REASON), now=NOW)
    assert isinstance(asked, Approval)
    approve(asked, by=second, now=NOW)
    return Contact.objects.get(email=row.email)


def make(client: Client, revision: Any, *, by: User, contact: Contact) -> str:
    client.force_login(by)
    typed = {"contact": contact.pk, "days": "30", "how": "mail"}
    return text_of(client.post(url(revision, "link_make"), typed, follow=True))


def test_who_alone_entered_an_address_makes_no_link_to_it_while_another_could(client: Client) -> None:
    revision = a_release().revision
    vera, bob = two_who_link(revision, "vera", "bob")
    contact = entered_by(vera, revision)
    seen = make(client, revision, by=vera, contact=contact)
    assert "You alone entered eve@mailbox.example, on 2019-07-10, and nobody approved it" in seen
    assert "Ask bob to make the link." in seen
    assert "eve@mailbox.example (entered by vera on 2019-07-10, approved by nobody else)" in seen
    assert not StatementLink.objects.exists()
    assert "The link goes to eve@mailbox.example" in make(client, revision, by=bob, contact=contact)


def test_an_address_entered_with_a_token_that_one_made_is_ones_own_word(client: Client) -> None:
    revision = a_release().revision
    vera, _ = two_who_link(revision, "vera", "bob")
    robot = User.objects.create_user("robot")
    contact = entered_by(robot, revision)
    root = User.objects.create_superuser("root")
    make_token(robot, name="import", scopes=["register:write"], days=9, by=root, at=NOW)
    assert "Ask bob, vera to make" not in make(client, revision, by=vera, contact=contact)
    assert StatementLink.objects.get().made_by == vera
    assert "You alone entered" in make(client, revision, by=root, contact=contact)
    assert StatementLink.objects.count() == 1


def test_a_second_person_who_approved_the_address_vouches_for_it(client: Client) -> None:
    revision = a_release().revision
    vera, bob = two_who_link(revision, "vera", "bob")
    a_contact(revision.statement.agreement.contract.vendor, "Cy Desk", role="claims_desk")
    contact = entered_by(vera, revision, second=bob)
    assert "The link goes to eve@mailbox.example" in make(client, revision, by=vera, contact=contact)


def test_an_approval_of_another_address_vouches_for_none(client: Client) -> None:
    revision = a_release().revision
    vera, bob = two_who_link(revision, "vera", "bob")
    entered_by(vera, revision)
    more = Contact(
        vendor=revision.statement.agreement.contract.vendor,
        name="Dan",
        role="claims_desk",
        email="dan@vendor.example",
    )
    asked = done_or_asked(lambda: save_record(more, by=vera, reason=REASON), now=NOW)
    assert isinstance(asked, Approval)
    approve(asked, by=bob, now=NOW)
    eve = Contact.objects.get(email="eve@mailbox.example")
    assert "You alone entered" in make(client, revision, by=vera, contact=eve)


def test_whoever_is_the_only_one_links_to_what_they_entered_and_it_says_so_beside_the_answer(
    client: Client,
) -> None:
    revision = a_release().revision
    (vera,) = two_who_link(revision, "vera")
    contact = entered_by(vera, revision)
    made = make_link(
        Release.objects.get(), contact=contact, days=3, by=vera, now=NOW, origin="", mailed=False
    )
    answered(Client(), made, line1_says="agrees")
    place = url(revision, "answer_decide", VendorAnswerLine.objects.get().pk)
    client.force_login(vera)
    entry = (
        "The address eve@mailbox.example was entered by vera on 2019-07-10, approved by nobody else."
        " You alone entered this address."
    )
    assert entry in text_of(client.get(place))
    remove_record(contact, by=vera, reason=REASON)
    assert entry in text_of(client.get(place))
    client.force_login(User.objects.create_superuser("boss"))
    assert "You alone entered" not in text_of(client.get(place))


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
    assert "Vendor: contests and agrees to USD 50.00" in seen
    assert LineAnswer.objects.get().recorded_by.username == "boss"
    again = text_of(boss.post(url(revision, "answer_decide", row.pk), {"take": "1"}))
    assert "This answer was taken as recorded already, on 2019-07-10 by boss." in again
    assert "Vendors have answered" not in text_of(boss.get(reverse("admin:index")))


def statement_line(boss: Client, revision: Any, number: int = 1) -> list[str]:
    """Return what the revision's page shows of a line: due, agreed, contested."""
    body = boss.get(url(revision)).content.decode()
    row = body.partition(f'id="line-{number}"')[2].partition("</tr>")[0]
    return [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in row.split("</td>")[5:8]]


TAKEN: list[tuple[dict[str, str], list[str]]] = [
    ({"line1_says": "contests", "line1_amount": "125.00"}, ["USD 200.00", "USD 125.00", "USD 75.00"]),
    ({"line1_says": "contests", "line1_text": "Your fuse."}, ["USD 200.00", "USD 0.00", "USD 200.00"]),
    ({"line1_says": "agrees"}, ["USD 200.00", "USD 200.00", ""]),
    ({"line1_says": "asks_for_time", "line1_until": "2019-08-01"}, ["USD 200.00", "", ""]),
]


@pytest.mark.parametrize(("typed", "shown"), TAKEN)
def test_what_is_taken_as_recorded_is_agreed_and_contested_on_its_line(
    boss: Client, typed: dict[str, str], shown: list[str]
) -> None:
    made = a_link()
    revision = made.link.release.revision
    answered(Client(), made, **typed)
    assert statement_line(boss, revision) == ["USD 200.00", "", ""]
    boss.post(url(revision, "answer_decide", VendorAnswerLine.objects.get().pk), {"take": "1"})
    assert statement_line(boss, revision) == shown


def test_the_answer_that_was_said_last_counts_whichever_was_recorded_first(boss: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    about: dict[str, Any] = {"line_number": 1, "by": User.objects.get(username="boss"), "now": NOW}
    record_answer(revision, answer="agrees", said_at=NOW, **about)
    record_answer(revision, answer="contests", amount_minor=500, said_at=NOW - timedelta(days=1), **about)
    assert statement_line(boss, revision) == ["USD 200.00", "USD 200.00", ""]


def test_a_file_that_was_taken_stands_on_a_line_of_its_own_as_a_link(boss: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    file = SimpleUploadedFile("note.pdf", b"%PDF-1.7", content_type="application/pdf")
    answered(Client(), made, line1_says="contests", line1_text="=1+1\nSee the note.", line1_file=file)
    row = VendorAnswerLine.objects.get()
    boss.post(url(revision, "answer_decide", row.pk), {"take": "1"})
    body = boss.get(url(revision)).content.decode()
    link = f'<br>=1+1<br>See the note.<br>File: <a href="{url(revision, "answer_file", row.pk)}">note.pdf</a>'
    assert link in body
    assert row.file_digest not in body
    assert LineAnswer.objects.get().cause == "=1+1\nSee the note."


def test_only_the_incidents_of_the_line_itself_are_offered(boss: Client) -> None:
    contract = a_contract_with_power()
    other = a_service(contract, code="seattle", name="Seattle")
    a_charge(contract, code="seattle", service=other)
    agreement = a_missed_month(contract=contract)
    away = an_incident("INC-2", vendor=contract.vendor)
    times = {"started_at": at("2019-06-10 01:00"), "ended_at": at("2019-06-10 03:00")}
    an_outage(away, other, **times, confirmed_at=times["ended_at"])
    made = a_link(a_release(agreement))
    revision = made.link.release.revision
    by_service = {line.units[0]: line.number for line in revision.lines.all()}
    answered(
        Client(),
        made,
        **{
            f"line{by_service['seattle']}_says": "contests",
            f"line{by_service['seattle']}_text": "Our log.",
            f"line{by_service['seattle']}_started_at": "2019-06-24 21:20",
            f"line{by_service['seattle']}_ended_at": "2019-06-24 22:00",
        },
    )
    seen = text_of(boss.get(url(revision, "answer_decide", VendorAnswerLine.objects.get().pk)))
    assert "Enter the vendor's times or cause at INC-2" in seen
    assert "at INC-1" not in seen
    assert "finalised: INC-2 2019-06-09 18:00:00 -07:00 to 2019-06-09 20:00:00 -07:00." in seen


def test_times_are_compared_with_the_outages_of_the_line(boss: Client) -> None:
    made = a_link()
    revision = made.link.release.revision
    contests = {"line1_says": "contests", "line1_text": "Our log."}
    # Our outage was from 2019-06-24 21:15 to 22:28, seven hours behind UTC.
    answered(
        Client(),
        made,
        **contests,
        line1_started_at="2019-06-10 01:00",
        line1_ended_at="2019-06-10 02:00",
    )
    place = url(revision, "answer_decide", VendorAnswerLine.objects.get().pk)
    assert (
        "The vendor's times touch no outage of this line. The vendor: 2019-06-10 01:00:00 -07:00 to"
        " 2019-06-10 02:00:00 -07:00. Our records when it was finalised: INC-1 2019-06-24 21:15:00 -07:00 to"
        " 2019-06-24 22:28:00 -07:00."
    ) in text_of(boss.get(place))


TOUCHING = [
    ("2019-06-24 22:28", "2019-06-24 23:00", False),
    ("2019-06-24 22:29", "2019-06-24 23:00", True),
    ("2019-06-24 20:00", "2019-06-24 21:15", False),
    ("2019-06-24 20:00", "2019-06-24 21:14", True),
    ("2019-06-24 20:00", "", False),
    ("2019-06-24 23:00", "", True),
    ("", "2019-06-24 21:14", True),
    ("", "", False),
]


@pytest.mark.parametrize(("started", "ended", "warned"), TOUCHING)
def test_times_that_have_a_moment_in_common_are_taken_without_a_word(
    boss: Client, started: str, ended: str, warned: bool
) -> None:
    made = a_link()
    answered(
        Client(),
        made,
        line1_says="contests",
        line1_text="Our log.",
        line1_started_at=started,
        line1_ended_at=ended,
    )
    place = url(made.link.release.revision, "answer_decide", VendorAnswerLine.objects.get().pk)
    assert ("touch no outage" in text_of(boss.get(place))) is warned


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
