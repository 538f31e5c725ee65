"""A link opens one released statement to a vendor, for a time, and nothing else to anybody."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.logs import KEYS
from sla.models import OutboxMessage, StatementLink, StatementLinkView
from sla.services.links import open_link, revoke_link
from sla.services.mailings.releasing import release_revision
from tests.builders import a_contract_with_power, a_level, a_vendor, an_outage, at, person, saved
from tests.sla.claim_builders import a_missed_month, a_revision, some_claim_terms
from tests.sla.link_rows import (
    NOW,
    ORIGIN,
    VENDOR,
    Hand,
    a_link,
    a_release,
    hand,
    mail_text,
    page_of,
    text_of,
)
from tests.sla.mailing_rows import a_contact
from tests.sla.planting import MARK

pytestmark = pytest.mark.django_db
__all__ = ["hand"]
GONE = "This address opens nothing. Ask whoever sent it to you for a new one."


@pytest.fixture(autouse=True)
def _counted_anew(hand: Hand) -> None:
    cache.clear()


# Making one


def test_of_the_key_only_its_fingerprint_is_kept() -> None:
    made = a_link()
    assert re.fullmatch(r"[\w-]{43}", made.key)
    assert made.link.digest == hashlib.sha256(made.key.encode()).hexdigest()
    rows = json.dumps(list(StatementLink.objects.values()), default=str)
    assert made.key not in rows


def test_a_mailed_link_stands_in_the_mail_and_not_in_the_database() -> None:
    made = a_link(mailed=True)
    message = OutboxMessage.objects.get()
    sent = mail_text(message)
    found = re.search(rf"{ORIGIN}/statements/([\w-]{{43}})/\n", sent)
    assert found is not None
    assert open_link(found[1], now=NOW) == made.link
    assert (message.address, message.subject) == (
        VENDOR,
        "Acme Payments Inc.: service level statement NR-2018/power/2019-06/r1",
    )
    assert found[1] not in message.text
    assert made.key == ""
    assert "Not answering is not taken as agreeing." in sent


def test_the_mail_is_the_same_when_it_leaves_again() -> None:
    a_link(mailed=True)
    message = OutboxMessage.objects.get()
    assert mail_text(message) == mail_text(OutboxMessage.objects.get(pk=message.pk))


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "0 days are not between 1 and 180."), (181, "181 days are not between 1 and 180.")],
)
def test_it_works_for_one_to_180_days(days: int, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        a_link(days=days)
    assert not StatementLink.objects.exists()


def test_it_is_for_a_contact_of_the_same_vendor_with_an_address() -> None:
    release = a_release()
    with pytest.raises(ValidationError, match="is no contact of Northrack"):
        a_link(release, contact=a_contact(a_vendor("southrack")))
    mute = a_contact(release.revision.statement.agreement.contract.vendor, "Mute", email="")
    with pytest.raises(ValidationError, match="has no e-mail address"):
        a_link(release, contact=mute)
    assert not StatementLink.objects.exists()


def test_what_it_is_cannot_be_changed_only_its_end() -> None:
    link = a_link().link
    with pytest.raises(DatabaseError, match="is frozen"), transaction.atomic():
        StatementLink.objects.filter(pk=link.pk).update(address="eve@elsewhere.example")
    revoke_link(link, by=person(), why="sent to the wrong desk", now=NOW)
    with pytest.raises(ValidationError, match="It was withdrawn already, on 2019-07-10 by maria"):
        revoke_link(link, by=person(), why="again", now=NOW)


# Who has none


def test_wrong_expired_and_withdrawn_keys_get_the_same_answer(client: Client, hand: Hand) -> None:
    release = a_release()
    wrong, expired, withdrawn = a_link(release), a_link(release, days=1), a_link(release)
    revoke_link(withdrawn.link, by=person(), why="lost", now=NOW)
    hand.now = NOW + timedelta(days=1)
    urls = [f"/statements/{wrong.key[:-1]}!/", page_of(expired), page_of(withdrawn), "/statements/x/"]
    found = [client.get(url) for url in urls]
    assert {response.status_code for response in found} == {404}
    assert len({response.content for response in found}) == 1
    assert len({tuple(sorted(response.headers.items())) for response in map(_stable, found)}) == 1
    assert GONE in text_of(found[0])


def _stable(response: Any) -> Any:
    del response.headers["X-Request-ID"]
    return response


def test_the_last_moment_is_still_inside_and_the_end_is_not() -> None:
    made = a_link(days=1)
    end = made.link.expires_at
    assert open_link(made.key, now=end - timedelta(microseconds=1)) == made.link
    assert open_link(made.key, now=end) is None


@pytest.mark.parametrize("rest", ["statement.pdf", "check/abc/", "sent/abc/"])
def test_pages_below_a_withdrawn_link_are_gone_too(client: Client, rest: str) -> None:
    made = a_link()
    revoke_link(made.link, by=person(), why="lost", now=NOW)
    response = client.get(f"{page_of(made)}{rest}")
    assert (response.status_code, GONE in text_of(response)) == (404, True)


def test_a_body_for_a_wrong_key_is_not_read(client: Client) -> None:
    response = client.post("/statements/wrong/", {"line1-says": "agrees"})
    assert (response.status_code, GONE in text_of(response)) == (404, True)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: Client) -> None:
    response = client.post(page_of(a_link()), CONTENT_LENGTH="30000000")
    assert (response.status_code, text_of(response)) == (
        413,
        "Too large Too large The files are too large together.",
    )


# What it shows


def test_it_shows_the_vendors_edition_of_that_statement(client: Client) -> None:
    seen = text_of(client.get(page_of(a_link())))
    for said in (
        "NR-2018/power/2019-06/r1",
        "1 of 1 service levels missed",
        "USD 200.00",
        "Please confirm the credit and put it on the account below.",
        "Not answering is not taken as agreeing.",
        "How this was worked out",
        "INC-1",
        "This address works until 2019-08-09",
    ):
        assert said in seen


def test_nothing_that_is_only_ours_and_no_other_statement_stands_in_it(client: Client) -> None:
    agreement = a_missed_month()
    vendor = agreement.contract.vendor
    vendor.notes = f"internal {MARK}"
    saved(vendor)
    other = a_missed_month(
        contract=a_contract_with_power("SR-2018", vendor=a_vendor("southrack")), incident="INC-OTHER"
    )
    a_release(other)
    release = a_release(agreement)
    body = client.get(page_of(a_link(release))).content.decode()
    for hidden in (MARK, "maria", "month end", "checked by hand", "INC-OTHER", "SR-2018", "southrack"):
        assert hidden not in body


def test_its_addresses_lead_nowhere_else(client: Client) -> None:
    made = a_link()
    seen, waiting = set(), [page_of(made)]
    while waiting:
        url = waiting.pop()
        if url in seen or url.startswith("/static/"):
            continue
        seen.add(url)
        response = client.get(url)
        assert response.status_code == 200
        if response["Content-Type"].startswith("text/html"):
            text = response.content.decode()
            assert "<script" not in text
            found = re.findall(r'(?:href|src|action)="([^"#]*)', text)
            assert [each for each in found if re.match(r"\w+:|//", each)] == []
            waiting += [each for each in found if each and not each.startswith("?")]
    assert seen == {page_of(made), f"{page_of(made)}statement.pdf"}


def test_its_pages_are_kept_by_nobody_and_tell_no_other_site(client: Client) -> None:
    made = a_link()
    page, pdf = client.get(page_of(made)), client.get(f"{page_of(made)}statement.pdf")
    none = client.get("/statements/wrong/")
    for response in (page, pdf, none):
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert "sessionid" not in response.cookies
    # A form that was sent without a referrer would be taken for a forged one.
    assert [each["Referrer-Policy"] for each in (page, pdf, none)] == [
        "same-origin",
        "no-referrer",
        "no-referrer",
    ]


def test_the_pdf_is_that_of_the_vendors_edition(client: Client) -> None:
    response = client.get(f"{page_of(a_link())}statement.pdf")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="NR-2018-power-2019-06-r1.pdf"'
    assert response.content.startswith(b"%PDF-")


def test_a_later_revision_is_named_without_its_figures_until_it_is_released(client: Client) -> None:
    agreement = a_missed_month()
    made = a_link(a_release(agreement))
    outage = agreement.contract.services.get(code="power-a").outages.get()
    outage.ended_at = at("2019-06-25 13:00")
    saved(outage)
    later = a_revision(agreement, now=at("2019-07-08 09:00"))
    assert later.due_minor != 20000
    page = text_of(client.get(page_of(made)))
    assert "was replaced on 2019-07-08. The one that holds has not been sent to you yet." in page
    assert later.shown not in page
    release_revision(later, by=person(), now=at("2019-07-09 09:00"))
    page = text_of(client.get(page_of(made)))
    assert f"was replaced by revision 2, with a credit of {later.shown} before tax." in page
    assert "Answer this line" not in page


def test_what_is_answered_to_a_replaced_statement_is_not_taken(client: Client) -> None:
    agreement = a_missed_month()
    made = a_link(a_release(agreement))
    an_outage(
        agreement.contract.services.get(code="power-a").outages.get().incident,
        agreement.contract.services.get(code="power-a"),
        started_at=at("2019-06-26 04:00"),
        ended_at=at("2019-06-26 09:00"),
    )
    release_revision(a_revision(agreement, now=at("2019-07-08 09:00")), by=person(), now=NOW)
    response = client.post(page_of(made), {"line1-says": "agrees"})
    assert response.status_code == 200
    assert not made.link.drafts.exists()


# Uses, and too many of them


def test_each_use_is_written_down(client: Client) -> None:
    made = a_link()
    client.get(page_of(made), headers={"User-Agent": "Reader/1.0\x07" + "x" * 300}, REMOTE_ADDR="203.0.113.9")
    client.get(f"{page_of(made)}statement.pdf", REMOTE_ADDR="203.0.113.9")
    rows = StatementLinkView.objects.order_by("pk")
    assert list(rows.values_list("what", "address", "at")) == [
        ("page", "203.0.113.9", NOW),
        ("pdf", "203.0.113.9", NOW),
    ]
    assert rows[0].agent == "Reader/1.0" + "x" * 190
    with pytest.raises(DatabaseError, match="who used a link stays"), transaction.atomic():
        rows.update(address="")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "198.51.100.1", "203.0.113.9"),
        (1, "198.51.100.1, 198.51.100.2", "198.51.100.2"),
        (2, "198.51.100.1, 198.51.100.2", "198.51.100.1"),
        (1, "no address", None),
    ],
)
def test_the_address_is_what_trusted_proxies_say(
    client: Client, settings: Any, proxies: int, forwarded: str, expected: str | None
) -> None:
    settings.PROXIES = proxies
    client.get(
        page_of(a_link()), headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="203.0.113.9", secure=True
    )
    assert StatementLinkView.objects.get().address == expected


def test_a_link_is_used_sixty_times_a_minute_and_no_more(client: Client, hand: Hand) -> None:
    made = a_link()
    urls = [f"{page_of(made)}sent/none/"] * 60
    assert {client.get(url, REMOTE_ADDR=f"203.0.113.{n}").status_code for n, url in enumerate(urls)} == {404}
    refused = client.get(page_of(made), REMOTE_ADDR="203.0.113.99")
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    hand.now = NOW + timedelta(minutes=1)
    assert client.get(page_of(made)).status_code == 200


def test_one_address_guesses_at_most_120_times_a_minute(client: Client) -> None:
    assert {client.get(f"/statements/guess{n}/").status_code for n in range(120)} == {404}
    assert client.get("/statements/guess/").status_code == 429


def test_logs_hold_no_key() -> None:
    key = a_link().key
    hidden = KEYS.sub(r"\1(hidden)", f"GET /statements/{key}/check/abc/ 200")
    assert hidden == "GET /statements/(hidden)/check/abc/ 200"


def test_the_page_asks_the_database_equally_often_whatever_the_lines(client: Client) -> None:
    few = a_link()
    many = a_link(a_release(_many_levels()))
    counts = []
    for made in (few, many):
        client.get(page_of(made))
        with CaptureQueriesContext(connection) as asked:
            client.get(page_of(made))
        counts.append(len(asked))
    assert many.link.release.revision.lines.count() == 3
    assert counts[0] == counts[1]
    assert counts[0] <= 16


def _many_levels() -> Any:
    terms = some_claim_terms(targets=tuple(a_level(code=f"power-{n}") for n in range(3)))
    contract = a_contract_with_power("SR-2018", vendor=a_vendor("southrack"))
    return a_missed_month(contract=contract, terms=terms, incident="INC-2")
