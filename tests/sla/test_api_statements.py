"""Statements over the API: what they come to, their files, and each act with its exact figures."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import Release, ServiceCredit, Statement, StatementRevision
from sla.reports.plain import render_json
from sla.services.statements import draft_statement, head_of, refresh_statement
from tests.api import Program, administrator, errors, somebody
from tests.builders import a_contract_with_power, at, person
from tests.sla.claim_builders import FINALISED, a_missed_month, a_revision
from vendors.models import Approval, Vendor
from vendors.services import save_record

pytestmark = pytest.mark.django_db
JUNE = "statements/NR-2018/power/2019-06"
R1 = "revisions/NR-2018/power/2019-06/1"
DUE = {"amount": "200.00", "currency": "USD"}


def a_draft(code: str = "power", **fields: Any) -> Statement:
    agreement = a_missed_month(code, **fields)
    return refresh_statement(head_of(agreement, period_label="2019-06"), now=FINALISED)


def reasons(program: Program) -> dict[str, str]:
    return {each["code"]: "checked by hand" for each in program.get(f"{JUNE}/questions").json()}


def test_a_statement_shows_what_its_draft_comes_to() -> None:
    a_draft()
    answer = administrator().get(JUNE)

    assert answer.status_code == 200
    shown = answer.json()
    assert {name: shown[name] for name in ("number", "schedule", "vendor", "entity", "period", "state")} == {
        "number": "NR-2018/power/2019-06",
        "schedule": "NR-2018/power",
        "vendor": "northrack",
        "entity": "acme-us",
        "period": "2019-06",
        "state": "missed",
    }
    assert (shown["due"], shown["agreed"], shown["first_on"], shown["starts_at"]) == (
        DUE,
        None,
        "2019-06-01",
        "2019-06-01T07:00:00Z",
    )
    assert (shown["revision"], shown["finalised_at"], shown["is_stale"], shown["needs_correction"]) == (
        None,
        None,
        False,
        False,
    )


def test_a_draft_line_shows_every_printed_figure() -> None:
    a_draft()
    (line,) = administrator().rows("draft-lines?statement=NR-2018/power/2019-06&missed=true")

    assert (line["target"], line["verdict"], line["counted_us"], line["total_us"]) == (
        "uptime",
        "missed",
        73 * 60 * 10**6,
        30 * 24 * 3600 * 10**6,
    )
    assert (line["value"], line["due"], line["incidents"]) == ("43127/432", DUE, ["INC-1"])
    assert (line["base"], line["before_caps"]) == ({"amount": "2000.00", "currency": "USD"}, "20000")


def test_the_result_is_the_projects_own_json_and_its_parts_are_parts_of_it() -> None:
    head = a_draft()
    program = administrator()
    result = program.get(f"{JUNE}/result").json()
    own = json.loads(
        render_json(
            draft_statement(head.agreement, period_label="2019-06", known_until=at("2026-11-30 12:00"))
        )
    )

    assert {**result, "known_until": own["known_until"]} == own
    (account,) = program.get(f"{JUNE}/account").json()
    assert account["ledger"] == result["measured"][0]["ledger"]
    assert sum(us for _, us in account["ledger"]["classes"]) == account["ledger"]["total_us"]
    told = program.get(f"{JUNE}/worked-out").json()
    assert told["levels"][0]["step"]["value"] == result["measured"][0]["step"]["value"]
    assert told["levels"][0]["step"]["because"]


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("json", "application/json", b"{"),
        ("text", "text/plain; charset=utf-8", b"Service level statement NR-2018/power/2019-06"),
        ("pdf", "application/pdf", b"%PDF"),
        ("pdf-vendor", "application/pdf", b"%PDF"),
    ],
)
def test_a_statement_leaves_as_a_file_whatever_is_accepted(form: str, kind: str, begins: bytes) -> None:
    a_revision()
    program = administrator()
    for path in (JUNE, R1):
        answer = program.get(f"{path}/file?form={form}", accept="application/pdf")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
        assert answer.content.startswith(begins)


def test_the_evidence_of_a_revision_is_a_zip_and_an_unknown_form_is_refused() -> None:
    a_revision()
    program = administrator()
    pack = ZipFile(BytesIO(program.get(f"{R1}/file?form=evidence").content))

    assert any(name.endswith("verify.py") for name in pack.namelist())
    assert errors(program.get(f"{R1}/file?form=docx")) == {"form": "invalid"}
    assert errors(program.get(f"{JUNE}/file?form=evidence")) == {"form": "invalid"}


def test_finalising_makes_a_revision_with_its_credit_and_is_done_once() -> None:
    a_draft()
    program = administrator()
    body = {"reason": "Month closed", "reasons": reasons(program)}
    answers = [program.post(f"{JUNE}/finalise", body, idempotency_key="june") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    made = StatementRevision.objects.get()
    shown = answers[0].json()
    assert (shown["number"], shown["due"], shown["digest"], shown["finalised_by"], shown["cause"]) == (
        "NR-2018/power/2019-06/r1",
        DUE,
        made.digest,
        "root",
        "Month closed",
    )
    assert answers[0].headers["Location"] == "/api/v1/revisions/NR-2018/power/2019-06/1"
    assert list(ServiceCredit.objects.values_list("amount_minor", flat=True)) == [20_000]
    assert program.get(JUNE).json()["revision"] == 1


@pytest.mark.parametrize(
    ("change", "status", "wrong"),
    [
        ({"reasons": {}}, 400, {"": "unsigned_terms"}),
        ({"reason": " "}, 400, {"reason": "blank"}),
        ({"seen": "0" * 64}, 409, {"": "conflict"}),
        ({"colour": "red"}, 400, {"colour": "unknown"}),
    ],
)
def test_what_cannot_be_finalised_changes_nothing(
    change: dict[str, Any], status: int, wrong: dict[str, str]
) -> None:
    a_draft()
    program = administrator()
    body = {"reason": "Month closed", "reasons": reasons(program), **change}
    answer = program.keyed(f"{JUNE}/finalise", body)

    assert (answer.status_code, errors(answer)) == (status, wrong)
    assert not StatementRevision.objects.exists()


def test_a_running_period_is_not_finalised() -> None:
    agreement = a_missed_month()
    head_of(agreement, period_label="2199-06")
    answer = administrator().keyed("statements/NR-2018/power/2199-06/finalise", {"reason": "too early"})

    assert (answer.status_code, errors(answer)) == (400, {"": "period_not_over"})
    assert not StatementRevision.objects.exists()


def test_a_changed_record_is_told_by_the_list_and_corrected_by_a_second_revision() -> None:
    revision = a_revision()
    outage = revision.statement.agreement.contract.services.get(code="power-a").outages.get()
    outage.ended_at = at("2019-06-25 05:00")
    save_record(outage, by=person(), reason="their log says so")
    program = administrator()
    program.keyed(f"{JUNE}/refresh", {})

    assert [row["number"] for row in program.rows("statements?needs_correction=true")] == [
        "NR-2018/power/2019-06"
    ]
    assert program.rows("statements?needs_correction=false") == []
    body = {"reason": "Corrected", "reasons": reasons(program)}
    assert program.keyed(f"{JUNE}/finalise", body).json()["revision"] == 2
    assert program.rows("statements?needs_correction=true") == []


def test_a_correction_that_is_not_small_is_not_held() -> None:
    revision = a_revision()
    head_of(revision.statement.agreement, period_label="2019-07")
    body = {"into": "NR-2018/power/2019-07", "reason": "small"}
    answer = administrator().keyed(f"{JUNE}/hold", body)

    assert (answer.status_code, errors(answer)) == (400, {"": "nothing_changed"})


def test_a_revision_is_released_once() -> None:
    a_revision()
    program = administrator()

    assert program.post(f"{R1}/release", {}).status_code == 400
    assert program.get(R1).json()["released_at"] is None
    made = program.keyed(f"{R1}/release", {"note": "told by phone"})
    assert (made.status_code, made.json()["revision"], made.json()["note"]) == (
        201,
        "NR-2018/power/2019-06/1",
        "told by phone",
    )
    again = program.keyed(f"{R1}/release", {})
    assert (again.status_code, errors(again), Release.objects.count()) == (400, {"": "released"}, 1)
    assert [row["number"] for row in program.rows("revisions?released=true")] == ["NR-2018/power/2019-06/r1"]


def test_what_the_vendor_says_of_a_line_is_kept_with_the_line() -> None:
    a_revision()
    program = administrator()
    body = {
        "line": 1,
        "answer": "contests",
        "amount": {"amount": "50.00", "currency": "USD"},
        "cause": "Load",
    }
    made = program.keyed(f"{R1}/answer", body)

    assert (made.status_code, made.json()["claim"], made.json()["amount"]["amount"]) == (
        201,
        "NR-2018-C001",
        "50.00",
    )
    euros = program.keyed(f"{R1}/answer", body | {"amount": {"amount": "5.00", "currency": "EUR"}})
    assert errors(euros) == {"amount.currency": "invalid"}
    assert len(program.rows("line-answers?revision=NR-2018/power/2019-06/1")) == 1


@pytest.mark.parametrize(
    ("path", "body", "permission"),
    [
        (f"{JUNE}/finalise", {"reason": "closed"}, "sla.add_statementrevision"),
        (f"{JUNE}/hold", {"reason": "small", "into": "NR-2018/power/2019-07"}, "sla.add_statementrevision"),
        (f"{R1}/release", {}, "sla.add_release"),
        (f"{R1}/answer", {"line": 1, "answer": "agrees"}, "sla.add_lineanswer"),
        (f"{JUNE}/refresh", {}, "sla.view_statement"),
    ],
)
def test_each_act_asks_for_the_permission_that_its_button_asks_for(
    path: str, body: dict[str, Any], permission: str
) -> None:
    a_revision()
    view = ("sla.view_statement", "vendors.see_all_vendors")
    without = Program(somebody("vera", *(each for each in view if each != permission)))
    before = (StatementRevision.objects.count(), Release.objects.count())

    answer = without.keyed(path, body)
    assert (answer.status_code, permission in answer.json()["detail"]) == (403, True)
    assert (StatementRevision.objects.count(), Release.objects.count()) == before
    allowed = Program(somebody("otto", *view, permission))
    assert allowed.keyed(path, body).status_code != 403


def test_reading_revisions_asks_for_no_more_than_their_page() -> None:
    a_revision()
    assert (
        Program(somebody("vera", "sla.view_statement", "vendors.see_all_vendors")).get(R1).status_code == 200
    )
    assert Program(somebody("otto", "vendors.see_all_vendors")).get(R1).status_code == 403


def test_filters_and_order_narrow_statements() -> None:
    a_draft()
    a_draft(
        "cooling", contract=a_contract_with_power("NR-2019", vendor=Vendor.objects.get()), incident="INC-2"
    )
    program = administrator()

    def numbers(query: str) -> list[str]:
        return [row["number"] for row in program.rows(f"statements?{query}")]

    both = ["NR-2018/power/2019-06", "NR-2019/cooling/2019-06"]
    assert numbers("ordering=due") == both
    assert numbers("contract=NR-2019") == both[1:]
    assert numbers("vendor=northrack&period=2019-06&state=missed&ordering=-due") == both[::-1]
    assert numbers("vendor=nobody") == []
    assert numbers("finalised=true") == []
    assert numbers("last_on_from=2019-07-01") == []
    assert errors(program.get("statements?state=boat")) == {"state": "invalid_choice"}


def test_a_longer_list_asks_the_database_no_more_often() -> None:
    a_draft()
    program = administrator()
    counts = []
    for number in range(3):
        with CaptureQueriesContext(connection) as asked:
            program.get("statements")
            program.get("draft-lines")
        counts.append(len(asked))
        a_draft(
            f"more-{number}",
            contract=a_contract_with_power(f"NR-{number}", vendor=Vendor.objects.get()),
            incident=f"INC-{number + 5}",
        )
    assert counts[1] == counts[2]


def test_an_act_that_needs_a_second_person_is_asked_for_and_nothing_is_done() -> None:
    a_draft()
    program = administrator()
    person("boss", is_superuser=True)
    body = {"reason": "Month closed", "reasons": reasons(program)}
    answers = [program.post(f"{JUNE}/finalise", body, idempotency_key="june") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    request = Approval.objects.get()
    assert (answers[0].json()["request"], answers[0].json()["act"]) == (request.pk, "finalise")
    assert answers[0].json() == answers[1].json()
    assert "credit due USD 200.00" in answers[0].json()["effect"]
    assert not StatementRevision.objects.exists()
