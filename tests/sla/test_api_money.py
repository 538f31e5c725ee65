"""Receipts, matches, rates and books over the API, with exact figures."""

from __future__ import annotations

from typing import Any

import pytest

from sla.models import CreditMatch, CreditReceived, ExchangeRate, PeriodClose, PostingPolicy, RegisterEntry
from tests.api import WHY, Program, administrator, errors, somebody
from tests.builders import a_contract_with_power, an_entity, person
from tests.sla.claim_builders import a_claim
from vendors.services import save_record

pytestmark = pytest.mark.django_db
NOTE = {
    "vendor": "northrack",
    "entity": "acme-us",
    "kind": "credit_note",
    "document": "CN-1",
    "received_on": "2019-08-05",
    "net": {"amount": "200.00", "currency": "USD"},
    "tax": {"amount": "40.00", "currency": "USD"},
}
ANSWERED = {"state": "accepted", "happened_at": "2019-07-10T09:00:00Z", "reason": "their mail"}


def recorded(program: Program, **fields: Any) -> int:
    answer = program.keyed("credits-received", NOTE | fields)
    assert answer.status_code == 201, answer.content
    number: int = answer.json()["id"]
    return number


def an_accepted_claim() -> Program:
    a_claim()
    program = administrator()
    sent = {"reason": "by mail", "received_at": "2019-07-06T10:00:00Z"}
    assert program.keyed("claims/NR-2018-C001/submit", sent).status_code == 200
    assert program.keyed("claims/NR-2018-C001/answer", ANSWERED).status_code == 200
    return program


def test_a_document_is_recorded_as_it_stands_and_once() -> None:
    a_contract_with_power()
    program = administrator()
    answer = program.keyed("credits-received", NOTE)

    assert (answer.status_code, answer.json()["total"]) == (201, {"amount": "240.00", "currency": "USD"})
    assert answer.headers["Location"] == f"/api/v1/credits-received/{answer.json()['id']}"
    again = program.keyed("credits-received", NOTE)
    assert (again.status_code, CreditReceived.objects.count()) == (400, 1)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"net": {"amount": "1.00", "currency": "EUR"}}, {"currency": "invalid"}),
        ({"net": {"amount": 200, "currency": "USD"}}, {"net.amount": "money"}),
        ({"total": {"amount": "1.00", "currency": "USD"}}, {"total": "invalid"}),
        ({"vendor": "nobody"}, {"vendor": "does_not_exist"}),
        ({"kind": "gift"}, {"kind": "invalid_choice"}),
        ({"quantity": 3}, {"quantity": "exact"}),
        ({"received_on": "2199-01-01"}, {"received_on": "invalid"}),
        ({"colour": "red"}, {"colour": "unknown"}),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(change: dict[str, Any], wrong: dict[str, str]) -> None:
    a_contract_with_power()
    answer = administrator().keyed("credits-received", NOTE | change)

    assert (answer.status_code, errors(answer)) == (400, wrong)
    assert not CreditReceived.objects.exists()


def test_a_match_settles_its_claim_and_is_undone_by_a_row_of_its_own() -> None:
    program = an_accepted_claim()
    received = recorded(program)
    body = {"received": received, "claim": "NR-2018-C001", "reason": "their note names it"}
    made = program.keyed("matches", body)

    assert (made.status_code, made.json()["amount"], made.json()["settles"]) == (
        201,
        {"amount": "200.00", "currency": "USD"},
        {"amount": "200.00", "currency": "USD"},
    )
    claim = program.get("claims/NR-2018-C001").json()
    assert (claim["state"], claim["settled"]["amount"], claim["still_open"]["amount"]) == (
        "credited",
        "200.00",
        "0.00",
    )
    undone = program.keyed(f"matches/{made.json()['id']}/undo", {"reason": "another's"})
    assert (undone.status_code, undone.json()["undoes"], undone.json()["amount"]["amount"]) == (
        201,
        made.json()["id"],
        "-200.00",
    )
    assert program.get("claims/NR-2018-C001").json()["state"] == "accepted"
    entries = RegisterEntry.objects.exclude(amount_minor=0).order_by("pk")
    assert list(entries.values_list("kind", "amount_minor")) == [
        ("new", 20_000),
        ("received", -20_000),
        ("received", 20_000),
    ]


def test_more_than_is_left_is_not_matched() -> None:
    program = an_accepted_claim()
    body = {"received": recorded(program), "claim": "NR-2018-C001"}
    over = program.keyed("matches", body | {"amount": {"amount": "200.01", "currency": "USD"}})
    euros = program.keyed("matches", body | {"amount": {"amount": "1.00", "currency": "EUR"}})

    assert [errors(over), errors(euros)] == [{"": "amount"}, {"amount.currency": "invalid"}]
    assert not CreditMatch.objects.exists()


def test_a_rate_is_recorded_once_with_its_source() -> None:
    program = administrator()
    body = {"on": "2019-08-05", "base": "EUR", "quote": "USD", "rate": "1.1203", "source": "ECB"}
    made = program.keyed("exchange-rates", body)

    assert (made.status_code, made.json()["rate"]) == (201, "1.12030000")
    assert program.keyed("exchange-rates", body).status_code == 400
    assert program.keyed("exchange-rates", body | {"rate": "0"}).status_code == 400
    assert ExchangeRate.objects.count() == 1


def test_a_month_is_closed_once_what_is_unfinished_was_told() -> None:
    a_claim()
    program = administrator()
    body = {"entity": "acme-us", "through": "2019-07", "reason": "month end"}
    told = program.keyed("closed-months", body)

    assert (told.status_code, set(errors(told).values())) == (409, {"unfinished"})
    assert not PeriodClose.objects.exists()
    made = program.keyed("closed-months", body | {"anyway": True})
    assert (made.status_code, made.json()["open_from"]) == (201, "2019-08-01")
    again = program.keyed("closed-months", body | {"anyway": True})
    assert (again.status_code, PeriodClose.objects.count()) == (400, 1)
    assert errors(program.keyed("closed-months", body | {"through": "2019-7"})) == {"through": "invalid"}


def test_books_are_kept_by_who_reads_the_company() -> None:
    codes = [f"sla.{verb}_{name}" for verb in ("view", "add") for name in ("periodclose", "postingpolicy")]
    nina = somebody("nina", *codes)
    an_entity("acme-us")
    save_record(an_entity("acme-nl"), by=person(), reason=WHY, links={"readers": [nina]})
    close = {"through": "2019-05", "reason": WHY}
    for path, body in (("closed-months", close), ("posting-policies", {"reason": WHY})):
        assert errors(Program(nina).keyed(path, body | {"entity": "acme-us"})) == {"entity": "does_not_exist"}
        assert Program(nina).keyed(path, body | {"entity": "acme-nl"}).status_code == 201


def test_a_policy_is_kept_in_the_companys_currency() -> None:
    an_entity()
    program = administrator()
    body = {"entity": "acme-us", "hold_below": {"amount": "25.00", "currency": "USD"}, "reason": WHY}

    assert errors(
        program.post("posting-policies", body | {"hold_below": {"amount": "1.00", "currency": "EUR"}})
    ) == {"hold_below.currency": "invalid"}
    assert program.post("posting-policies", body).status_code == 201
    assert PostingPolicy.objects.get().hold_below_minor == 2_500
    changed = program.edit("posting-policies/acme-us", {"recognition": "received", "reason": WHY})
    assert (changed.status_code, changed.json()["hold_below"]["amount"]) == (200, "25.00")


def test_a_shared_cap_is_in_the_currency_of_its_contract() -> None:
    a_contract_with_power()
    body = {
        "contract": "NR-2018",
        "code": "yearly",
        "amount": {"amount": "5000.00", "currency": "USD"},
        "effective_from": "2019-01-01",
        "reason": WHY,
    }
    made = administrator().post("shared-caps", body)

    assert (made.status_code, made.json()["amount"]) == (201, body["amount"])


@pytest.mark.parametrize(
    ("path", "body", "permission"),
    [
        ("credits-received", NOTE, "sla.add_creditreceived"),
        ("matches", {"received": 1, "claim": "NR-2018-C001"}, "sla.add_creditmatch"),
        ("matches/1/undo", {"reason": "x"}, "sla.add_creditmatch"),
        ("exchange-rates", {"on": "2019-08-05"}, "sla.add_exchangerate"),
        ("closed-months", {"entity": "acme-us", "through": "2019-05", "reason": "x"}, "sla.add_periodclose"),
    ],
)
def test_money_moves_only_for_who_may_and_with_a_key(
    path: str, body: dict[str, Any], permission: str
) -> None:
    program = an_accepted_claim()
    recorded(program)
    before = (CreditReceived.objects.count(), CreditMatch.objects.count(), ExchangeRate.objects.count())
    sees = "vendors.see_all_vendors"

    refused = Program(somebody("vera", sees, permission.replace(".add_", ".view_"))).keyed(path, body)
    assert (refused.status_code, permission in refused.json()["detail"]) == (403, True)
    without = Program(somebody("otto", sees, permission)).post(path, body)
    assert errors(without) == {"Idempotency-Key": "invalid"}
    assert (
        CreditReceived.objects.count(),
        CreditMatch.objects.count(),
        ExchangeRate.objects.count(),
    ) == before
    assert PeriodClose.objects.count() == 0


def test_the_register_is_narrowed_by_posting_month() -> None:
    a_claim()
    program = administrator()

    assert len(program.rows("register?posting_month=2019-06")) == 1
    assert program.rows("register?posting_month=2019-07") == []
    assert program.rows("register?posting_month_from=2019-07-01") == []
    assert program.get("register?posting_month=June").status_code == 400
