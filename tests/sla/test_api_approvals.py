"""Requests for a second person over the API: read, and decided by another person, by no program."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sla.models import Statement
from tests.api import Program, administrator, errors
from tests.builders import person
from tests.sla.claim_builders import NOW
from tests.sla.second_person_cases import SCENES, Scene, a_person
from vendors.models import SCOPES, ApiToken, Approval, Vendor
from vendors.services import make_token, system_user
from vendors.services.approvals import done_or_asked

pytestmark = pytest.mark.django_db
EVERY = pytest.mark.parametrize("code", SCENES)


def may_read(user: User) -> User:
    user.user_permissions.add(Permission.objects.get(codename="view_approval"))
    return User.objects.get(pk=user.pk)


def asked(code: str = "finalise") -> tuple[Scene, Approval, User]:
    """Return a scene in which `asker` asked, and `ana`, who may approve."""
    scene = SCENES[code]()
    asker, ana = a_person("asker", code), a_person("ana", code)
    found = done_or_asked(lambda: scene.do(asker), now=NOW)
    assert isinstance(found, Approval)
    return scene, found, may_read(ana)


def test_a_request_shows_what_it_would_do() -> None:
    _, request, ana = asked()

    shown = Program(ana).get(f"approvals/{request.pk}").json()

    assert shown == {
        "id": request.pk,
        "act": "finalise",
        "subject": request.subject,
        "vendor": "northrack",
        "contract": "NR-2018",
        "effect": request.effect,
        "why": "as agreed by phone",
        "asked_by": "asker",
        "asked_at": "2019-07-20T09:00:00Z",
        "state": "open",
        "decided_by": None,
        "decided_at": None,
        "note": "",
    }
    assert "credit due USD 200.00" in shown["effect"]


@EVERY
def test_another_person_approves_each_act_and_it_is_done_once(code: str) -> None:
    scene, request, ana = asked(code)
    path, program = f"approvals/{request.pk}/approve", Program(ana)

    answers = [program.post(path, {"note": "seen"}, idempotency_key="one") for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200], answers[0].content
    shown = answers[0].json()
    assert (shown["state"], shown["decided_by"], shown["note"]) == ("approved", "ana", "seen")
    assert answers[0].json() == answers[1].json() == program.get(f"approvals/{request.pk}").json()
    assert scene.told() == scene.after
    assert errors(program.keyed(path, {})) == {"": "decided"}


def test_a_refusal_says_why_and_does_nothing() -> None:
    scene, request, ana = asked()
    program = Program(ana)

    assert list(errors(program.keyed(f"approvals/{request.pk}/refuse", {}))) == ["note"]
    refused = program.keyed(f"approvals/{request.pk}/refuse", {"note": "wrong month"})

    assert (refused.status_code, refused.json()["state"], refused.json()["note"]) == (
        200,
        "refused",
        "wrong month",
    )
    assert scene.told() == scene.before


def test_who_asked_takes_it_back_and_decides_nothing() -> None:
    scene, request, ana = asked()
    asker = Program(may_read(User.objects.get(username="asker")))

    for act, body in (("approve", {}), ("refuse", {"note": "no"})):
        assert errors(asker.keyed(f"approvals/{request.pk}/{act}", body)) == {"": "may_not"}
    assert errors(Program(ana).keyed(f"approvals/{request.pk}/withdraw", {})) == {"": "not_yours"}
    taken = asker.keyed(f"approvals/{request.pk}/withdraw", {"note": "too early"})

    assert (taken.status_code, taken.json()["state"]) == (200, "withdrawn")
    assert scene.told() == scene.before


def test_what_the_records_overtook_is_not_done() -> None:
    scene, request, ana = asked()
    scene.meanwhile()

    answer = Program(ana).keyed(f"approvals/{request.pk}/approve", {})

    assert (answer.status_code, answer.json()["state"]) == (200, "overtaken")
    assert answer.json()["note"].startswith("Nothing was done.")
    assert scene.told() == scene.before


def with_token(user: User, *, by: User, scopes: tuple[str, ...] = SCOPES) -> Program:
    """Return a program whose token somebody made."""
    program = Program(user)
    ApiToken.objects.all().delete()
    _, secret = make_token(user, name="x", scopes=scopes, days=1, by=by, at=timezone.now())
    program.client = Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)
    return program


@pytest.mark.parametrize("act", ["approve", "refuse"])
def test_a_token_that_its_person_did_not_make_decides_nothing(act: str) -> None:
    scene, request, ana = asked()
    path, body = f"approvals/{request.pk}/{act}", {"note": "seen"}

    for maker in (person("root", is_superuser=True), system_user()):
        program = with_token(ana, by=maker)
        assert program.get(f"approvals/{request.pk}").status_code == 200
        answer = program.keyed(path, body)
        assert (answer.status_code, maker.username in answer.json()["detail"]) == (403, True)
    User.objects.filter(pk=ana.pk).update(is_staff=False)
    program = with_token(User.objects.get(pk=ana.pk), by=User.objects.get(pk=ana.pk))
    assert program.keyed(path, body).status_code == 403
    request.refresh_from_db()
    assert (request.decision, scene.told()) == ("open", scene.before)


@pytest.mark.parametrize(("scope", "status"), [("approvals:read", 403), ("statements:write", 403)])
def test_deciding_needs_its_scope(scope: str, status: int) -> None:
    _, request, ana = asked()
    program = Program(ana, scopes=(scope,))
    assert program.keyed(f"approvals/{request.pk}/approve", {}).status_code == status
    assert program.get("approvals").status_code == (200 if scope.startswith("approvals") else 403)
    request.refresh_from_db()
    assert request.is_open


def test_deciding_needs_the_permission_for_the_act_and_sight() -> None:
    scene, request, _ = asked()
    reader = Program(may_read(a_person("bo")))
    assert errors(reader.keyed(f"approvals/{request.pk}/approve", {})) == {"": "may_not"}
    blind = Program(may_read(a_person("cy", "finalise", sees=False)))
    assert blind.keyed(f"approvals/{request.pk}/approve", {}).status_code == 404
    assert blind.rows("approvals") == []
    assert Program(a_person("di", "finalise")).get("approvals").status_code == 403
    assert scene.told() == scene.before


def test_the_list_says_what_waits_for_whom() -> None:
    _, request, ana = asked()
    program = Program(ana)

    def told(query: str) -> list[int]:
        return [row["id"] for row in program.rows(f"approvals?{query}")]

    one = [request.pk]
    for query in ("for_me=true", "state=open", "act=finalise", "asked_by=asker", "contract=NR-2018"):
        assert told(query) == one, query
    later = (NOW + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    for query in ("for_me=false", "state=approved", "act=match", "vendor=nobody", f"asked_at_from={later}"):
        assert told(query) == [], query
    assert errors(program.get("approvals?act=dance")) == {"act": "invalid_choice"}


def test_a_longer_list_asks_no_more_often() -> None:
    _, request, _ = asked()
    program = administrator()

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked_of:
            assert program.get("approvals").status_code == 200
        return len(asked_of)

    program.get("approvals")
    few = queries()
    for number in range(5):
        request.pk, request.key, request.asked_by = None, f"k{number}", person(f"p{number}")
        request.save()
    assert (queries(), len(program.rows("approvals"))) == (few, 6)


def test_what_was_asked_for_over_the_api_is_approved_over_the_api() -> None:
    SCENES["finalise"]()
    statement = Statement.objects.get()
    asker = Program(person("asker", is_superuser=True))
    boss = Program(person("boss", is_superuser=True))
    path = f"statements/{statement.number}"
    body: dict[str, Any] = {"reason": "Month closed"}
    body["reasons"] = {each["code"]: "seen" for each in asker.get(f"{path}/questions").json()}

    held = asker.keyed(f"{path}/finalise", body)
    assert held.status_code == 202, held.content
    done = boss.keyed(f"approvals/{held.json()['request']}/approve", {})

    assert (done.status_code, done.json()["state"], boss.get(path).json()["revision"]) == (200, "approved", 1)


def test_what_is_about_no_vendor_is_read_by_who_sees_all_or_could_decide_it() -> None:
    asked("contact")
    scene, asker = SCENES["webhook"](), a_person("wim", "webhook")
    a_person("adam", "webhook")
    request = done_or_asked(lambda: scene.do(asker), now=NOW)
    assert isinstance(request, Approval)
    owner = may_read(a_person("nina", sees=False))
    Vendor.objects.update(owner=owner)
    reads = {
        "nina": {"contact"},
        "fin": {"contact", "webhook"},
        "adam": {"webhook"},
    }
    may_read(a_person("fin"))
    may_read(User.objects.get(username="adam"))
    User.objects.get(username="adam").user_permissions.remove(
        *Permission.objects.filter(codename="see_all_vendors")
    )
    for name, acts in reads.items():
        rows = Program(User.objects.get(username=name)).rows("approvals")
        assert {row["act"] for row in rows} == acts, name
