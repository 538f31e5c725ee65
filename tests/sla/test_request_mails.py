"""Mails about requests for a second person: to those who could decide, and then to who asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from sla.models import OutboxMessage
from sla.services.seconded.telling import tell_of_requests
from tests.sla.second_person_cases import LATER, NOW, SCENES, WHY, a_person
from vendors.models import Approval
from vendors.services.approvals import approve, done_or_asked, refuse, withdraw

pytestmark = pytest.mark.django_db
ADDRESS = "Change where letters and mails to a vendor go"


@pytest.fixture(autouse=True)
def origin(settings: Any) -> None:
    settings.PUBLIC_ORIGIN = "https://recourse.example"


def asked(*codes: str) -> list[Approval]:
    """Return requests of `asker`, which `ana` may decide, and `bo` without an address."""
    scenes = [SCENES[code]() for code in codes]
    asker = a_person("asker", *codes, email="asker@acme.example", first_name="Ida")
    a_person("ana", *codes, email="ana@acme.example", first_name="Ana", last_name="Lima")
    a_person("bo", *codes)
    found = [done_or_asked(lambda scene=scene: scene.do(asker), now=NOW) for scene in scenes]
    assert all(isinstance(each, Approval) for each in found)
    return found


def mails() -> list[tuple[str, str]]:
    return list(OutboxMessage.objects.order_by("pk").values_list("address", "subject"))


def test_who_could_decide_is_written_to_once() -> None:
    [request] = asked("contact")
    assert [tell_of_requests(now=NOW) for _ in range(2)] == [1, 0]
    assert mails() == [
        (
            "ana@acme.example",
            f"Waits for a second person: {ADDRESS}, {request.subject}",
        )
    ]
    text = OutboxMessage.objects.get().text
    assert f"Asked by Ida: {WHY}" in text
    assert "Email: a@example.com → b@example.com" in text
    assert f"https://recourse.example/admin/vendors/approval/{request.pk}/change/" in text


def test_many_requests_make_one_mail() -> None:
    asked("contact", "mails", "warnings")
    tell_of_requests(now=NOW)
    assert mails() == [("ana@acme.example", "3 requests wait for a second person")]
    assert OutboxMessage.objects.get().text.count("Asked by Ida") == 3


@pytest.mark.parametrize(
    ("decide", "subject", "line"),
    [
        (approve, "Approved and done", "Approved and done by Ana Lima."),
        (
            lambda *given, **how: refuse(*given, note="Ask them first.", **how),
            "Refused",
            "Refused by Ana Lima: Ask them first.",
        ),
    ],
    ids=["approved", "refused"],
)
def test_who_asked_hears_what_became_of_it(decide: object, subject: str, line: str) -> None:
    [request] = asked("contact")
    tell_of_requests(now=NOW)
    assert callable(decide)
    decide(request, by=User.objects.get(username="ana"), now=LATER)
    assert [tell_of_requests(now=LATER) for _ in range(2)] == [1, 0]
    told = OutboxMessage.objects.latest("pk")
    assert (told.address, told.subject.split(":")[0]) == ("asker@acme.example", subject)
    assert line in told.text.split("\n")


def test_what_was_overtaken_is_told_with_what_changed() -> None:
    scene = SCENES["contact"]()
    asker = a_person("asker", "contact", email="asker@acme.example")
    ana = a_person("ana", "contact")
    request = done_or_asked(lambda: scene.do(asker), now=NOW)
    assert isinstance(request, Approval)
    scene.meanwhile()
    approve(request, by=ana, now=LATER)
    tell_of_requests(now=LATER)
    assert mails() == [
        (
            "asker@acme.example",
            f"Overtaken by a change: {ADDRESS}, {request}",
        )
    ]
    said = "Overtaken by a change, found when ana approved it: Nothing was done. "
    assert said in OutboxMessage.objects.get().text


def test_who_took_it_back_knows_it() -> None:
    [request] = asked("contact")
    withdraw(request, by=request.asked_by, now=NOW)
    assert (tell_of_requests(now=LATER), mails()) == (0, [])


def test_what_was_decided_long_ago_is_no_news() -> None:
    [request] = asked("contact")
    approve(request, by=User.objects.get(username="ana"), now=NOW)
    assert tell_of_requests(now=NOW + timedelta(days=8)) == 0
