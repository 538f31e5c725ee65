"""What every address of the API does alike, seen at vendors."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tests.api import WHY, Program, administrator, errors, somebody
from tests.vendors.rows import a_contract, a_vendor, person
from vendors.models import ApiToken, KeptAnswer, Vendor
from vendors.services import forget_answers, make_token, revoke_token

pytestmark = pytest.mark.django_db

NORTHRACK = {"slug": "northrack", "name": "Northrack", "reason": WHY}


# Who asks


def test_a_stranger_is_refused_with_problem_details_and_sent_to_no_login_page() -> None:
    answer = Client().get("/api/v1/vendors")

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert errors(answer) == {"": "not_authenticated"}
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer a b",
        "Bearer rcs_wrong",
        f"Bearer rcs_{'0' * 64}",
        "Bearer \xff\xfe",
        "Basic cm9vdDpyb290",
    ],
)
def test_a_token_that_is_none_is_refused(header: str) -> None:
    assert Client().get("/api/v1/vendors", headers={"authorization": header}).status_code == 401


def test_a_token_opens_nothing_once_it_expired_was_revoked_or_its_user_was_deactivated() -> None:
    program = administrator()
    token = ApiToken.objects.get()

    assert program.get("vendors").status_code == 200
    revoke_token(token, by=program.user, at=timezone.now())
    assert program.get("vendors").status_code == 401

    ApiToken.objects.update(revoked_at=None, expiry=timezone.now() - timedelta(seconds=1))
    assert program.get("vendors").status_code == 401
    assert ApiToken.objects.count() == 1

    ApiToken.objects.update(expiry=timezone.now() + timedelta(days=1))
    User.objects.filter(pk=program.user.pk).update(is_active=False)
    assert program.get("vendors").status_code == 401


def test_only_a_digest_of_a_token_is_kept_and_its_use_is_noted_once_a_minute() -> None:
    program = administrator()
    program.get("vendors")
    token = ApiToken.objects.get()

    assert program.secret not in str(ApiToken.objects.values().get())
    assert program.secret.startswith("rcs_")
    first = token.last_used_at
    assert first is not None
    program.get("vendors")
    assert ApiToken.objects.get().last_used_at == first


@pytest.mark.parametrize(
    ("scopes", "reading", "writing"),
    [
        (("register:write",), 200, 201),
        (("register:read",), 200, 403),
        (("incidents:write", "statements:read"), 403, 403),
    ],
)
def test_a_scope_narrows_what_its_user_may(scopes: tuple[str, ...], reading: int, writing: int) -> None:
    program = Program(person("root", is_superuser=True), scopes=scopes)

    assert program.get("vendors").status_code == reading
    assert program.post("vendors", NORTHRACK).status_code == writing
    assert Vendor.objects.exists() is (writing == 201)


def test_a_scope_adds_nothing_to_what_its_user_may() -> None:
    assert Program(somebody()).get("vendors").status_code == 403
    reader = Program(somebody("vera", "vendors.view_vendor"))
    assert reader.get("vendors").status_code == 200
    assert reader.post("vendors", NORTHRACK).status_code == 403
    assert not Vendor.objects.exists()


def test_a_token_is_made_for_oneself_and_by_administrators_for_others() -> None:
    vera, root = somebody(), person("root", is_superuser=True)
    with pytest.raises(Exception, match="Only administrators"):
        make_token(root, name="x", scopes=["register:read"], days=1, by=vera, at=timezone.now())
    make_token(vera, name="x", scopes=["register:read"], days=1, by=root, at=timezone.now())

    assert [token.created_by for token in ApiToken.objects.all()] == [root]


@pytest.mark.parametrize(
    ("days", "scopes"), [(0, ["register:read"]), (367, ["register:read"]), (1, []), (1, ["all"])]
)
def test_a_token_needs_an_end_and_a_scope(days: int, scopes: list[str]) -> None:
    with pytest.raises(Exception, match=r"days|scope"):
        make_token(person(), name="x", scopes=scopes, days=days, by=person(), at=timezone.now())
    assert not ApiToken.objects.exists()


def test_a_session_needs_the_token_of_its_forms_to_write() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("root", is_superuser=True))

    assert client.get("/api/v1/vendors").status_code == 200
    answer = client.post("/api/v1/vendors", NORTHRACK, content_type="application/json")
    assert (answer.status_code, Vendor.objects.count()) == (403, 0)


def test_strangers_are_slowed_down() -> None:
    cache.clear()
    answers = [Client().get("/api/v1/vendors").status_code for _ in range(21)]
    assert answers == [401] * 20 + [429]
    cache.clear()


# Which rows


def test_a_hidden_record_is_missing_on_every_path() -> None:
    mine = a_vendor("mine", owner=somebody("vera", "vendors.view_vendor", "vendors.change_vendor"))
    a_vendor("hidden")
    program = Program(User.objects.get(username="vera"))

    assert [row["slug"] for row in program.rows("vendors")] == [mine.slug]
    for path in ("vendors/hidden", "vendors/nobody"):
        assert program.get(path).json() | {"request_id": "", "instance": ""} == program.get(
            "vendors/nobody"
        ).json() | {"request_id": "", "instance": ""}
        assert program.ask("patch", path, {"name": "x", "reason": WHY}, if_match="*").status_code == 404
    assert b"hidden" not in program.client.get("/api/v1/vendors/export?format=csv").getvalue()


def test_a_reference_to_a_hidden_record_is_refused_as_one_that_is_missing() -> None:
    rights = [f"vendors.{act}_account" for act in ("view", "add")]
    vera = somebody("vera", *rights)
    a_vendor("hidden")
    program = Program(vera)

    answers = [
        program.post("accounts", {"vendor": slug, "number": "1", "reason": WHY})
        for slug in ("hidden", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert [answer.json()["errors"][0]["detail"].replace("hidden", "nobody") for answer in answers] == [
        "There is no vendor 'nobody' that you may see."
    ] * 2


# What is wrong


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "nothing", 404),
        ("get", "vendors/north%0Arack", 404),
        ("get", "vendors/a/b/c", 404),
        ("get", "vendors/none", 404),
        ("delete", "vendors", 405),
        ("options", "vendors", 405),
        ("get", "vendors?colour=red", 400),
        ("get", "vendors?kind=boat", 400),
        ("get", "vendors?ordering=password", 400),
        ("get", "vendors?fields=password", 400),
        ("get", "vendors?limit=-1", 400),
        ("get", "vendors?limit=many", 400),
        ("get", "vendors?limit=201", 400),
        ("get", "vendors?cursor=xyz", 400),
        ("get", "vendors?cursor=bm9uZQ", 400),
        ("get", "incidents?created_from=50%25", 400),
        ("get", "vendors/export?format=exe", 400),
    ],
)
def test_whatever_is_wrong_is_answered_with_problem_details(method: str, path: str, status: int) -> None:
    answer = administrator().ask(method, path)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_who_sends_nothing_or_another_form_is_told_what_to_send() -> None:
    program = administrator()

    nobody = Client().get("/api/v1/vendors").json()
    assert "Send a token, in the header Authorization: Bearer TOKEN." in nobody["detail"]
    form = program.client.post("/api/v1/vendors", b"slug=a", content_type="text/csv").json()["detail"]
    assert form.startswith('Unsupported media type "text/csv" in request. ')
    assert form.endswith("Send the body with the header Content-Type: application/json.")
    file = program.client.post("/api/v1/feed-uploads", b"a", content_type="text/csv").json()["detail"]
    assert file.endswith("Send the body with the header Content-Type: multipart/form-data.")
    assert "from 1 to 200. More come page by page" in program.get("vendors?limit=1000").json()["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"slug": "a\\u0000b"}', "application/json", 400),
        (b'{"slug": "\\ud800"}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"slug=a", "application/x-www-form-urlencoded", 415),
        (b'{"slug": "' + b"a" * 3_000_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_nobody_can_read_is_refused(body: bytes, kind: str, status: int) -> None:
    program = administrator()
    answer = program.client.post("/api/v1/vendors", body, content_type=kind)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": None}, {"name": "null"}),
        ({"slug": "no blanks"}, {"slug": "invalid"}),
        ({"kind": "boat"}, {"kind": "invalid_choice"}),
        ({"owner": "nobody"}, {"owner": "does_not_exist"}),
        ({"owner": 7}, {"owner": "incorrect_type"}),
        ({"tags": ["none"]}, {"tags": "does_not_exist"}),
        ({"reason": " "}, {"reason": "blank"}),
        ({"is_staff": True}, {"is_staff": "unknown"}),
        ({"slug": "taken"}, {"slug": "unique"}),
    ],
)
def test_a_refusal_names_the_field_and_changes_nothing(change: dict[str, Any], wrong: dict[str, str]) -> None:
    a_vendor("taken")
    answer = administrator().post("vendors", NORTHRACK | change)

    assert (answer.status_code, errors(answer)) == (400, wrong)
    assert Vendor.objects.count() == 1


def test_what_may_only_be_read_is_not_written() -> None:
    answer = administrator().post(
        "vendors", NORTHRACK | {"archived_at": "2019-01-01T00:00:00Z", "is_demo": True}
    )

    assert answer.status_code == 201
    vendor = Vendor.objects.get()
    assert (vendor.archived_at, vendor.is_demo) == (None, False)


# Edits


def test_a_record_is_entered_with_its_person_and_reason() -> None:
    program = administrator()
    answer = program.post("vendors", NORTHRACK | {"deputies": ["root"]})

    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/vendors/northrack")
    vendor = Vendor.objects.get()
    assert list(vendor.deputies.all()) == [program.user]
    written = vendor.history.latest()
    assert (written.history_user, written.history_change_reason) == (program.user, WHY)
    assert "reason" not in answer.json()


def test_an_edit_says_which_state_it_changes() -> None:
    program, vendor = administrator(), a_vendor()
    tag = program.get("vendors/northrack").headers["ETag"]

    assert program.ask("patch", "vendors/northrack", {"name": "B", "reason": WHY}).status_code == 428
    assert program.edit("vendors/northrack", {"name": "C", "reason": WHY}, tag='"other"').status_code == 412
    assert vendor.history.count() == 1

    edited = program.edit("vendors/northrack", {"name": "D", "reason": WHY}, tag=tag)
    assert (edited.status_code, edited.json()["name"]) == (200, "D")
    assert edited.headers["ETag"] == program.get("vendors/northrack").headers["ETag"] != tag
    assert program.edit("vendors/northrack", {"name": "E", "reason": WHY}, tag=tag).status_code == 412
    assert Vendor.objects.get().name == "D"


def test_an_edit_says_why() -> None:
    a_vendor()
    answer = administrator().edit("vendors/northrack", {"name": "B"})
    assert (answer.status_code, list(errors(answer))) == (400, ["reason"])


def test_a_state_that_still_holds_is_not_sent_again() -> None:
    program = administrator()
    a_vendor()
    tag = program.get("vendors/northrack").headers["ETag"]

    assert program.get("vendors/northrack", if_none_match=tag).status_code == 304
    assert program.get("vendors/northrack?fields=name", if_none_match=tag).status_code == 304
    assert program.get("vendors/northrack", if_none_match='"old"').status_code == 200


def test_no_cache_keeps_an_answer() -> None:
    assert administrator().get("vendors").headers["Cache-Control"] == "no-store, private"


# Lists


def test_pages_hold_what_was_asked_for_and_none_is_missed_or_repeated() -> None:
    for number in range(7):
        a_vendor(f"v{number}", name="Same" if number < 5 else "Other", kind="cloud")
    program = administrator()

    for ordering in ("name", "-name", "slug", "-slug"):
        found = [row["slug"] for row in program.rows(f"vendors?limit=2&ordering={ordering}")]
        assert sorted(found) == [f"v{number}" for number in range(7)], ordering
    assert next(row["slug"] for row in program.rows("vendors?limit=3&ordering=-slug")) == "v6"
    assert len(program.get("vendors?limit=200").json()["results"]) == 7


def test_a_cursor_of_another_order_is_refused() -> None:
    for number in range(3):
        a_vendor(f"v{number}")
    program = administrator()
    cursor = program.get("vendors?limit=1&ordering=name").json()["next"].split("cursor=")[1].split("&")[0]

    assert errors(program.get(f"vendors?cursor={cursor}&ordering=slug")) == {"cursor": "invalid"}


def test_only_the_fields_that_are_asked_for_are_sent() -> None:
    a_vendor()
    assert administrator().get("vendors?fields=slug,name").json()["results"] == [
        {"slug": "northrack", "name": "Northrack"}
    ]


def test_a_list_asks_the_database_no_more_often_for_more_rows(django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        a_vendor(f"v{number}", owner=person("owner"))
    program = administrator()
    program.get("vendors")
    with django_assert_max_num_queries(7):
        assert len(program.get("vendors").json()["results"]) == 20


# Keys


def test_a_request_sent_twice_with_one_key_is_done_once_and_answered_alike() -> None:
    program = administrator()
    first, second = (program.post("vendors", NORTHRACK, idempotency_key="one") for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert (first.headers["ETag"], first.headers["Location"]) == (
        second.headers["ETag"],
        second.headers["Location"],
    )
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (
        None,
        "true",
    )
    assert Vendor.objects.get().history.count() == 1


def test_a_key_is_refused_for_another_request() -> None:
    program = administrator()
    program.post("vendors", NORTHRACK, idempotency_key="one")
    answer = program.post("vendors", NORTHRACK | {"slug": "other"}, idempotency_key="one")

    assert (answer.status_code, errors(answer)) == (422, {"": "key_reused"})
    assert Vendor.objects.count() == 1


def test_a_refused_request_leaves_its_key_free() -> None:
    program = administrator()
    assert program.post("vendors", NORTHRACK | {"kind": "boat"}, idempotency_key="one").status_code == 400
    assert program.post("vendors", NORTHRACK, idempotency_key="one").status_code == 201


def test_a_key_belongs_to_one_person_for_a_day() -> None:
    program, other = administrator(), Program(person("other", is_superuser=True))
    program.post("vendors", NORTHRACK, idempotency_key="one")
    assert other.post("vendors", NORTHRACK | {"slug": "b"}, idempotency_key="one").status_code == 201

    KeptAnswer.objects.update(kept_at=timezone.now() - timedelta(hours=25))
    assert program.post("vendors", NORTHRACK | {"slug": "c"}, idempotency_key="one").status_code == 201
    forget_answers(now=timezone.now())
    assert KeptAnswer.objects.count() == 1


def test_what_moves_a_state_needs_a_key() -> None:
    a_vendor()
    program = administrator()
    answer = program.post("vendors/northrack/archive", {"reason": WHY})
    assert (answer.status_code, list(errors(answer))) == (400, ["Idempotency-Key"])
    assert Vendor.objects.get().archived_at is None

    assert program.keyed("vendors/northrack/archive", {"reason": WHY}).status_code == 200
    assert Vendor.objects.get().archived_at is not None
    assert program.keyed("vendors/northrack/archive", {"reason": WHY}).status_code == 400


# Many at once


def test_many_records_are_entered_or_changed_at_once() -> None:
    a_vendor("old", name="Old")
    a_vendor("same", name="Same")
    answer = administrator().put(
        "vendors/bulk",
        {
            "reason": WHY,
            "rows": [{"slug": "old", "name": "Older"}, {"slug": "new", "name": "New"}, {"slug": "same"}],
        },
    )

    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "results": [
            {"row": 0, "key": "old", "outcome": "updated"},
            {"row": 1, "key": "new", "outcome": "created"},
            {"row": 2, "key": "same", "outcome": "unchanged"},
        ],
        "created": 1,
        "updated": 1,
        "unchanged": 1,
    }
    assert sorted(Vendor.objects.values_list("name", flat=True)) == ["New", "Older", "Same"]


def test_one_wrong_row_of_many_keeps_all_out_and_each_is_named() -> None:
    rows = [{"slug": "a", "name": "A"}, {"slug": "b"}, {"slug": "c", "name": "C", "owner": "nobody"}]
    answer = administrator().put("vendors/bulk", {"reason": WHY, "rows": rows})

    assert (answer.status_code, errors(answer)) == (
        400,
        {"rows[1].name": "required", "rows[2].owner": "does_not_exist"},
    )
    assert not Vendor.objects.exists()


@pytest.mark.parametrize("rows", [[], [{}] * 501, {}, [7], [[]]])
def test_a_bulk_is_a_list_of_at_most_500_objects(rows: Any) -> None:
    assert administrator().put("vendors/bulk", {"reason": WHY, "rows": rows}).status_code == 400


def test_a_hidden_record_is_not_changed_in_bulk() -> None:
    vera = somebody("vera", "vendors.view_vendor", "vendors.change_vendor", "vendors.add_vendor")
    a_vendor("hidden", name="Hidden")
    answer = Program(vera).put("vendors/bulk", {"reason": WHY, "rows": [{"slug": "hidden", "name": "Taken"}]})

    assert answer.status_code == 400
    assert Vendor.objects.get().name == "Hidden"


def test_entering_in_bulk_needs_the_permission_to_add() -> None:
    vera = somebody("vera", "vendors.view_vendor", "vendors.change_vendor")
    answer = Program(vera).put("vendors/bulk", {"reason": WHY, "rows": [{"slug": "a", "name": "A"}]})
    assert (answer.status_code, Vendor.objects.count()) == (403, 0)


# Files


def test_an_export_holds_all_rows_and_no_cell_is_run() -> None:
    a_vendor("a", name="=1+1", legal_name="-")
    a_vendor("b", name="Bé", accounting_number="007")
    program = administrator()

    answer = program.get("vendors/export?format=csv&fields=slug,name,accounting_number&ordering=slug")
    assert answer.getvalue().decode() == (
        '\ufeff"slug","name","accounting_number"\r\n"a","\'=1+1",""\r\n"b","Bé","007"\r\n'
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="vendors.csv"'
    lines = program.get("vendors/export?format=ndjson&ordering=-slug").getvalue().decode().splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["Bé", "=1+1"]


def test_exports_are_few_an_hour() -> None:
    program = administrator()
    answers = [program.get("vendors/export?format=ndjson").status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


def test_filters_find_what_they_say() -> None:
    a_vendor("cloud", kind="cloud")
    a_contract(vendor=a_vendor("rack"))
    program = administrator()
    program.keyed("vendors/rack/archive", {"reason": WHY})

    assert [row["slug"] for row in program.rows("vendors?kind=cloud")] == ["cloud"]
    assert [row["slug"] for row in program.rows("vendors?archived=true")] == ["rack"]
    assert [row["slug"] for row in program.rows("vendors?archived=false")] == ["cloud"]
    assert program.rows("vendors?tag=none") == []
