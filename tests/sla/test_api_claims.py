"""Claims over the API: opened, moved by each act with exact figures, refused where the desk refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sla.models import Claim, ClaimMove, RegisterEntry
from sla.services import claims
from sla.services.statements import head_of
from tests.api import Program, administrator, errors, somebody
from tests.builders import at, person
from tests.sla.claim_builders import NOW, a_claim, a_missed_month

pytestmark = pytest.mark.django_db
C1 = "claims/NR-2018-C001"
SENT = {"reason": "by mail", "sent_at": "2019-07-05T10:00:00Z", "received_at": "2019-07-06T10:00:00Z"}


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def answered(state: str, **fields: Any) -> dict[str, Any]:
    return {"state": state, "happened_at": "2019-07-10T09:00:00Z", "reason": "their mail", **fields}


def figures(program: Program, path: str = C1) -> tuple[str, ...]:
    row = program.get(path).json()
    money = (row[name]["amount"] for name in ("asked", "accepted", "settled", "still_open"))
    return (row["state"], *money)


def acted(program: Program, *acts: tuple[str, dict[str, Any]]) -> None:
    for act, body in acts:
        answer = program.keyed(f"{C1}/{act}", body)
        assert answer.status_code in (200, 201), answer.content


def test_a_claim_shows_what_it_comes_to() -> None:
    a_claim()
    program = administrator()

    assert figures(program) == ("entitled", "200.00", "0.00", "0.00", "200.00")
    (part,) = program.rows("claim-parts?claim=NR-2018-C001")
    (move,) = program.rows("claim-moves?claim=NR-2018-C001")
    (entry,) = program.rows("register?claim=NR-2018-C001")
    assert (part["amount"], move["new_state"], move["old_state"]) == (usd("200.00"), "entitled", "")
    assert (entry["kind"], entry["amount"], entry["recognised"], entry["posting_month"]) == (
        "new",
        usd("200.00"),
        usd("0.00"),
        "2019-06-01",
    )


def test_a_claim_goes_from_sending_to_its_end() -> None:
    a_claim()
    program = administrator()
    steps: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
        ("submit", SENT, ("submitted", "200.00", "0.00", "0.00", "200.00")),
        (
            "answer",
            answered("partly_accepted", accepted=usd("120.00"), vendor_reference="TT-1"),
            ("partly_accepted", "200.00", "120.00", "0.00", "200.00"),
        ),
        ("contest", {"reason": "they count wrongly"}, ("contested", "200.00", "120.00", "0.00", "200.00")),
        (
            "write-off",
            {"amount": usd("30.00"), "reason": "not worth it"},
            ("contested", "200.00", "120.00", "0.00", "170.00"),
        ),
        (
            "drop",
            {"amount": usd("20.00"), "reason": "neither"},
            ("contested", "200.00", "120.00", "0.00", "150.00"),
        ),
        ("drop", {"reason": "all of it"}, ("not_pursued", "200.00", "120.00", "0.00", "0.00")),
    ]
    for act, body, after in steps:
        answer = program.keyed(f"{C1}/{act}", body)
        assert (answer.status_code, figures(program)) == (200, after), act
    assert Claim.objects.get().vendor_reference == "TT-1"
    kinds = RegisterEntry.objects.order_by("pk").values_list("kind", "amount_minor")
    assert [each for each in kinds if each[1]] == [
        ("new", 20_000),
        ("written_off", -3_000),
        ("not_pursued", -2_000),
        ("not_pursued", -15_000),
    ]


def test_a_receipt_is_confirmed_after_sending() -> None:
    a_claim()
    program = administrator()
    acted(program, ("submit", {"reason": "by mail", "sent_at": "2019-07-05T10:00:00Z"}))

    assert program.get(C1).json()["submitted_at"] is None
    acted(program, ("receipt", {"reason": "they confirmed", "received_at": "2019-07-06T10:00:00Z"}))
    assert program.get(C1).json()["submitted_at"] == "2019-07-06T10:00:00Z"


def test_parts_of_a_claim_move_to_a_claim_of_their_own() -> None:
    a_claim()
    program = administrator()
    (part,) = program.rows("claim-parts")
    body = {"parts": [{"credit": part["credit"], "amount": usd("80.00")}], "reason": "contested"}
    answer = program.keyed(f"{C1}/split", body)

    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/claims/NR-2018-C002")
    assert figures(program) == ("entitled", "120.00", "0.00", "0.00", "120.00")
    assert figures(program, "claims/NR-2018-C002") == ("entitled", "80.00", "0.00", "0.00", "80.00")


def test_the_agreed_part_goes_ahead_and_the_rest_is_argued_on_its_own() -> None:
    a_claim()
    program = administrator()
    said = {"line": 1, "answer": "contests", "amount": usd("50.00")}
    assert program.keyed("revisions/NR-2018/power/2019-06/1/answer", said).status_code == 201
    acted(program, ("submit", SENT), ("settle", {"reason": "as they say"}))

    assert figures(program) == ("accepted", "50.00", "50.00", "0.00", "50.00")
    assert figures(program, "claims/NR-2018-C002") == ("submitted", "150.00", "0.00", "0.00", "150.00")


def test_a_rejected_claim_is_closed_and_the_register_follows() -> None:
    a_claim()
    program = administrator()
    acted(program, ("submit", SENT), ("answer", answered("rejected")))
    acted(program, ("close", {"reason": "we accept that", "final": True}))

    assert figures(program) == ("closed", "200.00", "0.00", "0.00", "0.00")
    assert Claim.objects.get().settled_finally
    assert RegisterEntry.objects.filter(kind="rejected").get().amount_minor == -20_000


def test_a_claim_lapses_once_its_last_date_has_passed() -> None:
    a_claim()
    program = administrator()
    acted(program, ("lapse", {"reason": "nobody sent it"}))
    assert figures(program) == ("lapsed", "200.00", "0.00", "0.00", "0.00")


def test_a_credited_claim_is_reopened_and_takes_no_answer() -> None:
    claim = a_claim()
    acted(administrator(), ("submit", SENT), ("answer", answered("accepted")))
    claims.credit_claim(claim, by=person(), why="all came", now=timezone.now())
    program = Program(person("root"))
    refused = program.keyed(f"{C1}/answer", answered("accepted") | {"happened_at": "2026-01-01T00:00:00Z"})

    assert (refused.status_code, errors(refused)) == (400, {"": "credited"})
    acted(program, ("reopen", {"reason": "it belongs elsewhere"}))
    assert figures(program)[0] == "accepted"


def test_a_protective_claim_is_opened_for_a_statement_once() -> None:
    agreement = a_missed_month()
    head_of(agreement, period_label="2019-06")
    program = administrator()
    body = {"statement": "NR-2018/power/2019-06", "reason": "to keep the date"}
    answer = program.keyed("claims", body)

    assert (answer.status_code, answer.json()["state"], answer.json()["reference"]) == (
        201,
        "protective",
        "NR-2018-C001",
    )
    assert answer.headers["Location"] == "/api/v1/claims/NR-2018-C001"
    again = program.keyed("claims", body)
    assert (errors(again), Claim.objects.count()) == ({"": "open"}, 1)


def test_a_claim_for_an_incident_finds_its_contract_and_its_dated_steps() -> None:
    a_missed_month()
    program = administrator()
    answer = program.keyed("claims", {"incident": "INC-1", "reason": "to keep the date"})

    assert (answer.status_code, answer.json()["contract"]) == (201, "NR-2018")
    (step,) = program.rows("dated-steps?open=true&what=claim")
    assert (step["due_on"], step["incident"], step["party"]) == ("2019-07-30", "", "ours")
    finished = program.keyed(f"dated-steps/{step['id']}/finish", {"note": "done"})
    assert errors(finished) == {"": "claim"}


@pytest.mark.parametrize(
    ("act", "body", "wrong"),
    [
        ("submit", {"reason": "by mail"}, {"": "when"}),
        ("submit", {"reason": "by mail", "sent_at": "2019-07-05T10:00:00"}, {"sent_at": "naive"}),
        ("reopen", {"reason": "why not"}, {"": "move"}),
        ("answer", answered("maybe"), {"state": "invalid_choice"}),
        ("contest", {"reason": "why not"}, {"": "move"}),
        ("contest", {}, {"reason": "required"}),
        ("write-off", {"amount": usd("200.01"), "reason": "x"}, {"": "amount"}),
        (
            "write-off",
            {"amount": {"amount": "1.00", "currency": "EUR"}, "reason": "x"},
            {"amount.currency": "invalid"},
        ),
        ("write-off", {"amount": usd("1.001"), "reason": "x"}, {"amount.amount": "decimals"}),
        ("drop", {"reason": " "}, {"reason": "blank"}),
        ("close", {"reason": "x", "colour": "red"}, {"colour": "unknown"}),
        ("split", {"reason": "x", "parts": []}, {"parts": "empty"}),
        ("split", {"reason": "x", "parts": [{"credit": 0}]}, {"parts[0].credit": "incorrect_type"}),
        ("receipt", {"reason": "x", "received_at": "2019-07-06T10:00:00Z"}, {"": "receipt"}),
    ],
)
def test_what_is_refused_names_the_field_and_changes_nothing(
    act: str, body: dict[str, Any], wrong: dict[str, str]
) -> None:
    a_claim()
    program = administrator()
    before = (list(Claim.objects.values()), ClaimMove.objects.count(), RegisterEntry.objects.count())
    answer = program.keyed(f"{C1}/{act}", body)

    assert (answer.status_code, errors(answer)) == (400, wrong)
    assert (list(Claim.objects.values()), ClaimMove.objects.count(), RegisterEntry.objects.count()) == before


ACTS = (
    "submit",
    "receipt",
    "answer",
    "contest",
    "settle",
    "split",
    "write-off",
    "drop",
    "lapse",
    "close",
    "reopen",
)


def test_each_act_needs_a_key_and_the_permission_to_change_claims() -> None:
    a_claim()
    view = ("sla.view_claim", "vendors.see_all_vendors", "sla.add_claim")
    reader, writer = Program(somebody("vera", *view)), Program(somebody("otto", *view, "sla.change_claim"))
    before = ClaimMove.objects.count()

    for act in ACTS:
        assert reader.keyed(f"{C1}/{act}", {"reason": "x"}).status_code == 403, act
        assert errors(writer.post(f"{C1}/{act}", {"reason": "x"})) == {"Idempotency-Key": "invalid"}, act
    assert ClaimMove.objects.count() == before
    assert writer.keyed(f"{C1}/lapse", {"reason": "too late"}).status_code == 200


def test_an_act_that_is_sent_twice_is_done_once() -> None:
    a_claim()
    program = administrator()
    acted(program, ("submit", SENT))
    body = {"amount": usd("30.00"), "reason": "not worth it"}
    answers = [program.post(f"{C1}/write-off", body, idempotency_key="once") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert RegisterEntry.objects.filter(kind="written_off").count() == 1
    other = program.post(f"{C1}/write-off", body | {"reason": "other"}, idempotency_key="once")
    assert (other.status_code, figures(program)[-1]) == (422, "170.00")


def test_claims_are_narrowed_by_state_and_time() -> None:
    a_claim()
    program = administrator()
    found = {
        query: len(program.rows(f"claims?{query}"))
        for query in ("state=entitled", "state=closed", "open=true", "open=false", "vendor=northrack")
    }
    assert found == {
        "state=entitled": 1,
        "state=closed": 0,
        "open=true": 1,
        "open=false": 0,
        "vendor=northrack": 1,
    }
    later = (NOW + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert program.rows(f"claims?opened_at_from={later}") == []
    assert at("2019-07-02 09:00") == Claim.objects.get().opened_at
