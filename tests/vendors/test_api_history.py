"""What became of a record, over the API: who changed it, when, why, and from what to what."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.api import router
from incidents.models import FeedSource
from tests.api import WHY, Program, administrator, errors, somebody
from tests.builders import a_contract_with_power, a_window
from tests.vendors.rows import REASON, a_charge, a_contract, a_service, a_vendor, person, saved
from vendors.models import Contract, Service, ServiceNeed, Tag, Tracked, Vendor
from vendors.services import remove_record, save_record

pytestmark = pytest.mark.django_db


def changed(row: Any, *, why: str = WHY, by: str = "maria", links: Any = None, **values: Any) -> Any:
    """Save other values of a row."""
    for name, value in values.items():
        setattr(row, name, value)
    save_record(row, by=person(by), reason=why, links=links or {})
    return row


def moves(path: str) -> list[list[dict[str, Any]]]:
    """Return the changes of each entry of a history, the newest first."""
    return [entry["changes"] for entry in administrator().rows(f"{path}/history")]


def test_the_history_says_who_changed_what_when_why_and_from_what_to_what() -> None:
    vendor = a_vendor(name="Northrack")
    changed(vendor, by="vera", why="Second site moved there", criticality="high", owner=person("olga"))
    newest, first = Vendor.history.order_by("-pk")

    answer = administrator().get("vendors/northrack/history")

    assert answer.status_code == 200
    assert answer.json()["next"] is None
    assert answer.json()["results"] == [
        {
            "number": newest.pk,
            "at": f"{newest.history_date:%Y-%m-%dT%H:%M:%S.%f}Z",
            "by": "vera",
            "kind": "changed",
            "reason": "Second site moved there",
            "changes": [
                {"field": "criticality", "old": "normal", "new": "high"},
                {"field": "owner", "old": None, "new": "olga"},
            ],
        },
        {
            "number": first.pk,
            "at": f"{first.history_date:%Y-%m-%dT%H:%M:%S.%f}Z",
            "by": "maria",
            "kind": "created",
            "reason": REASON,
            "changes": [
                {"field": "slug", "old": None, "new": "northrack"},
                {"field": "name", "old": None, "new": "Northrack"},
                {"field": "kind", "old": None, "new": "data_center"},
                {"field": "criticality", "old": None, "new": "normal"},
                {"field": "is_demo", "old": None, "new": False},
            ],
        },
    ]


def test_money_keys_days_and_links_are_written_as_the_record_writes_them() -> None:
    contract = a_contract()
    fee = changed(a_charge(contract), amount_minor=200_050)
    changed(contract.vendor, links={"deputies": [person("vera"), person("adam")]})

    assert moves(f"fees/{fee.pk}")[0] == [
        {
            "field": "amount",
            "old": {"amount": "2000.00", "currency": "USD"},
            "new": {"amount": "2000.50", "currency": "USD"},
        }
    ]
    first = {each["field"]: each["new"] for each in moves(f"fees/{fee.pk}")[1]}
    assert (first["contract"], first["effective_from"]) == ("NR-2018", "2018-01-01")
    assert moves("vendors/northrack")[0] == [{"field": "deputies", "old": [], "new": ["adam", "vera"]}]
    uplifted = changed(Contract.objects.get(), uplift_percent="2.5000")
    assert [(each["old"], each["new"]) for each in moves(f"contracts/{uplifted.reference}")[0]] == [
        (None, "2.5000")
    ]


def test_pages_and_filters_keep_what_each_change_began_from() -> None:
    vendor = a_vendor(name="0")
    for number in range(1, 8):
        changed(vendor, by="vera" if number % 2 else "adam", name=str(number))
    program = administrator()

    def told(query: str) -> list[tuple[str, str]]:
        found = program.rows(f"vendors/northrack/history?{query}")
        return [(entry["changes"][0]["old"], entry["changes"][0]["new"]) for entry in found[:-1]]

    assert told("limit=2") == [(str(number - 1), str(number)) for number in range(7, 0, -1)]
    assert told("by=vera&limit=1") == [("6", "7"), ("4", "5"), ("2", "3")]
    middle = Vendor.history.order_by("pk")[4].history_date.isoformat().replace("+00:00", "Z")
    assert len(program.rows(f"vendors/northrack/history?at_from={middle}")) == 4
    assert len(program.rows(f"vendors/northrack/history?at_before={middle}")) == 4
    assert program.rows("vendors/northrack/history?fields=by&limit=200")[0] == {"by": "vera"}


@pytest.mark.parametrize("word", ["ordering=number", "at_from=2019-06-25T04:15:00", "cursor=x", "colour=red"])
def test_a_word_that_means_nothing_is_refused(word: str) -> None:
    a_vendor()
    assert list(errors(administrator().get(f"vendors/northrack/history?{word}"))) == [word.split("=")[0]]


def test_the_history_is_seen_by_who_sees_the_record_and_names_nothing_else() -> None:
    mine = a_vendor("mine", owner=somebody("vera", "vendors.view_serviceneed"))
    ours = a_service(a_contract(vendor=mine))
    theirs = a_service(a_contract("HIDDEN", vendor=a_vendor("hidden")), code="duct")
    need = saved(ServiceNeed(service=ours, needs=theirs))
    other = saved(ServiceNeed(service=theirs, needs=ours))
    changed(need, needs=a_service(ours.contract, code="spare"))
    vera = Program(somebody("vera"))

    assert vera.get(f"service-needs/{other.pk}/history").status_code == 404
    assert vera.get("vendors/mine/history").status_code == 403
    assert vera.rows(f"service-needs/{need.pk}/history")[0]["changes"] == [
        {"field": "needs", "old": None, "new": "NR-2018/spare"}
    ]
    assert moves(f"service-needs/{need.pk}")[0] == [
        {"field": "needs", "old": "HIDDEN/duct", "new": "NR-2018/spare"}
    ]


def test_the_history_needs_the_scope_of_its_record() -> None:
    a_vendor()
    root = person("root", is_superuser=True)
    assert Program(root, scopes=("register:read",)).get("vendors/northrack/history").status_code == 200
    assert Program(root, scopes=("incidents:write",)).get("vendors/northrack/history").status_code == 403


def test_secrets_are_in_no_history() -> None:
    feed = saved(
        FeedSource(
            code="push",
            kind="statuspage",
            url="https://example.com/",
            signing_secret="whispered",
            push_key="a" * 64,
        )
    )
    changed(feed, signing_secret="shouted", every_minutes=30)

    told = administrator().get("feeds/push/history").content.decode()

    assert [each["field"] for each in json.loads(told)["results"][0]["changes"]] == ["every_minutes"]
    assert not any(secret in told for secret in ("whispered", "shouted", "a" * 64))


def test_a_long_history_is_read_in_as_few_queries_as_a_short_one() -> None:
    vendor, program = a_vendor(), administrator()

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert program.get("vendors/northrack/history").status_code == 200
        return len(asked)

    changed(vendor, owner=person("olga"), links={"deputies": [person("vera")]})
    program.get("vendors/northrack/history")
    few = queries()
    for number in range(20):
        changed(vendor, owner=person(f"p{number}"), links={"deputies": [person(f"d{number}")]})
    assert (queries(), len(program.rows("vendors/northrack/history"))) == (few, Vendor.history.count())


def test_the_history_of_a_kind_tells_what_became_of_all_its_records_and_of_removed_ones() -> None:
    contract = a_contract()
    fee = changed(a_charge(contract), amount_minor=200_050)
    tag = saved(Tag(slug="board", name="Board"))
    number = tag.pk
    remove_record(tag, by=person("vera"), reason="nobody reads it")
    program = administrator()

    changed_fee, created = program.rows("fees/history")
    assert (changed_fee["record"], changed_fee["kind"], created["kind"]) == (
        str(fee.pk),
        "changed",
        "created",
    )
    assert changed_fee["changes"] == moves(f"fees/{fee.pk}")[0]
    assert [row["record"] for row in program.rows("contracts/history?by=maria")] == ["NR-2018"]
    (removed,) = program.rows("tags/history?kind=removed")
    assert (removed["record"], removed["by"], removed["reason"], removed["changes"]) == (
        "board",
        "vera",
        "nobody reads it",
        [],
    )
    assert not Tag.objects.filter(pk=number).exists()
    assert program.get(f"tags/{tag.slug}/history").status_code == 404


def test_the_history_of_a_kind_is_of_the_records_that_one_sees() -> None:
    rights = ("vendors.view_contract", "vendors.view_charge", "vendors.view_tag")
    mine = a_vendor("mine", owner=somebody("vera", *rights))
    a_charge(a_contract(vendor=mine))
    fee = a_charge(a_contract("HIDDEN", vendor=a_vendor("hidden")), code="duct")
    remove_record(fee, by=person(), reason="a mistake")
    vera = Program(somebody("vera"))

    assert [row["record"] for row in vera.rows("contracts/history")] == ["NR-2018"]
    assert {row["changes"][0]["new"] for row in vera.rows("fees/history")} == {"NR-2018"}
    assert vera.get("vendors/history").status_code == 403
    kinds = [row["kind"] for row in administrator().rows("fees/history")]
    assert kinds == ["removed", "created", "created"]
    scoped = Program(person("root"), scopes=("incidents:read",))
    assert scoped.get("contracts/history").status_code == 403


@pytest.mark.parametrize("name", ["fees", "services", "contracts"])
def test_a_long_history_of_a_kind_is_read_in_as_few_queries_as_a_short_one(name: str) -> None:
    program = administrator()

    def filled(reference: str) -> None:
        contract = a_contract(reference, vendor=a_vendor(reference.lower()))
        service = changed(a_service(contract), name="Cage")
        changed(a_charge(contract, service=service), amount_minor=5)
        changed(contract, name="Renamed")

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert program.get(f"{name}/history").status_code == 200
        return len(asked)

    filled("A-1")
    queries()
    few = queries()
    for number in range(2, 7):
        filled(f"A-{number}")
    assert (queries(), len(program.rows(f"{name}/history"))) == (few, 12)


def test_every_record_that_people_change_has_a_history_and_no_other() -> None:
    offered = {
        prefix
        for prefix, view, _ in router.registry
        for each in view.get_extra_actions()
        if each.url_path == "history"
    }
    kept = {
        prefix
        for prefix, view, _ in router.registry
        if view.model is not None and issubclass(view.model, Tracked) and hasattr(view, "lookup_paths")
    }
    assert offered == kept
    assert len(offered) == 39


def test_the_history_of_every_kind_that_a_contract_has_is_read() -> None:
    contract = a_contract_with_power()
    a_window(Service.objects.get())
    program, read = administrator(), []
    for prefix, view, _ in router.registry:
        if not any(each.url_path == "history" for each in view.get_extra_actions()):
            continue
        row = view.model.objects.first()
        if row is not None:
            path = "/".join(str(_at(row, path)) for path in view.lookup_paths.values())
            answer = program.get(f"{prefix}/{path}/history")
            assert answer.status_code == 200, (prefix, answer.content)
            assert answer.json()["results"][-1]["kind"] == "created"
            read.append(prefix)
    assert contract.reference == "NR-2018"
    assert {"contracts", "services", "fees", "maintenance"} <= set(read)


def _at(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row
