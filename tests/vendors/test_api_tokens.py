"""Tokens over the API: one's own, never their secret, and ended from where one leaked."""

from typing import Any

import pytest
from django.utils import timezone

from tests.api import Program, administrator, somebody
from tests.vendors.rows import person
from vendors.models import ApiToken
from vendors.services import make_token

pytestmark = pytest.mark.django_db


def test_a_person_sees_the_own_tokens_and_an_administrator_all() -> None:
    program, root = Program(somebody()), administrator()
    own, other = ApiToken.objects.order_by("pk")

    (shown,) = program.rows("tokens")
    assert {
        name: shown[name] for name in ("id", "name", "begins_with", "user", "created_by", "revoked_at")
    } == {
        "id": own.pk,
        "name": "a program",
        "begins_with": own.token_key,
        "user": "vera",
        "created_by": "vera",
        "revoked_at": None,
    }
    told = program.get("tokens").content.decode()
    assert (program.secret in told, own.digest in told) == (False, False)
    assert program.get(f"tokens/{other.pk}").status_code == 404
    assert {row["user"] for row in root.rows("tokens")} == {"vera", "root"}


def test_a_token_ends_itself_and_no_other_persons() -> None:
    program, root = Program(somebody()), administrator()
    own, other = ApiToken.objects.order_by("pk")

    assert program.keyed(f"tokens/{other.pk}/revoke", {}).status_code == 404
    assert program.post(f"tokens/{own.pk}/revoke", {}).status_code == 400
    ended = program.keyed(f"tokens/{own.pk}/revoke", {})

    assert (ended.status_code, ended.json()["revoked_by"]) == (200, "vera")
    assert program.get("tokens").status_code == 401
    assert [row["id"] for row in root.rows("tokens?revoked=true")] == [own.pk]
    assert ApiToken.objects.get(pk=other.pk).revoked_at is None


def test_tokens_need_their_scope() -> None:
    program = Program(person("root", is_superuser=True), scopes=("register:write",))
    assert program.get("tokens").status_code == 403
    reader = Program(person("root"), scopes=("tokens:read",))
    token = ApiToken.objects.latest("pk")
    assert reader.get("tokens").status_code == 200
    assert reader.keyed(f"tokens/{token.pk}/revoke", {}).status_code == 403


def test_more_tokens_are_read_in_as_few_queries(django_assert_max_num_queries: Any) -> None:
    program = administrator()
    for number in range(10):
        user = person(f"p{number}")
        make_token(user, name="x", scopes=["register:read"], days=1, by=user, at=timezone.now())
    program.get("tokens")
    with django_assert_max_num_queries(4):
        assert len(program.get("tokens").json()["results"]) == 11
