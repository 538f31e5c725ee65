"""A released statement, a link to it, and what a vendor types."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client

from sla.models import OutboxMessage, Release, StatementLink
from sla.services.links.making import Made, make_link
from sla.services.mailings.releasing import release_revision
from sla.services.outbox.mail import email_of
from tests.builders import at, person
from tests.sla.claim_builders import a_revision
from tests.sla.mailing_rows import a_contact

RELEASED, NOW = at("2019-07-05 09:00"), at("2019-07-10 09:00")
ORIGIN = "https://recourse.example"
VENDOR = "ann@vendor.example"


class Hand:
    """A clock that a test sets by hand."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    """It is 10 July 2019, until the test says otherwise."""
    clock = Hand()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    return clock


def a_release(agreement: Any = None) -> Release:
    """Return June 2019, 99.83 % and USD 200 due, as it was released to the vendor."""
    return release_revision(a_revision(agreement), by=person(), now=RELEASED)


def a_link(release: Release | None = None, *, days: int = 30, **fields: Any) -> Made:
    """Return a link that is shown once, for the account manager whom another person entered."""
    release = release or a_release()
    vendor = release.revision.statement.agreement.contract.vendor
    contact = fields.pop("contact", None) or vendor.contacts.first() or a_contact(vendor)
    defaults = {"origin": ORIGIN, "by": person("lena"), "now": NOW, "mailed": False}
    return make_link(release, contact=contact, days=days, **{**defaults, **fields})


def page_of(made: Made, *rest: str) -> str:
    return "/".join(["/statements", made.key, *rest]) + "/"


def text_of(response: Any) -> str:
    body = unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))
    return " ".join(body.split())


def mail_text(message: OutboxMessage) -> str:
    """Return a message as its reader gets it."""
    return str(email_of(message).body)


def newest_code(link: StatementLink) -> str:
    """Return the code of the newest mail that brings one."""
    message = OutboxMessage.objects.filter(key__startswith="answer-code/", address=link.address).latest("pk")
    found = re.search(r"^    (\d{8})$", mail_text(message), re.MULTILINE)
    assert found is not None
    return found[1]


def compose(client: Client, made: Made, **fields: Any) -> Any:
    """Send the form of the page; keys are line1_says and so on."""
    return client.post(page_of(made), {name.replace("_", "-", 1): value for name, value in fields.items()})


def confirm(client: Client, made: Made, check: str, **fields: Any) -> Any:
    """Ask for a code and enter it."""
    client.post(check)
    defaults = {"code": newest_code(made.link), "name": "Ann Account", "role": "account manager"}
    return client.post(check, {**defaults, **fields})


def answered(client: Client, made: Made, **fields: Any) -> Any:
    """Compose and confirm an answer."""
    composed = compose(client, made, **fields)
    assert composed.status_code == 302, text_of(composed)
    return confirm(client, made, composed["Location"])
