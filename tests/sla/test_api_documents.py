"""Contracts as documents over the API: tried out, loaded, written."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from sla.models import ServiceLevelAgreement, Statement
from sla.services import trial_runs
from tests.api import WHY, Program, administrator, errors, somebody
from tests.sla.test_documents import OUTAGE, PLAIN
from tests.vendors.rows import person
from vendors.models import Contract, KeptAnswer, Vendor

pytestmark = pytest.mark.django_db
TEXT = PLAIN + OUTAGE
DEMO = sorted(Path("sla/demo").glob("*.toml"))
# Its events come from a feed: without a period there is nothing to judge.
NEEDS_PERIOD = {"code-hosting-2023": "2023-Q3"}


def evaluated(*args: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("evaluate", *args, "--format", "json", stdout=out, stderr=StringIO())
    return [json.loads(line) for line in out.getvalue().splitlines() if line]


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_a_trial_gives_what_the_command_gives_and_stores_nothing(path: Path) -> None:
    period = NEEDS_PERIOD.get(path.stem)
    body = {"text": path.read_text()} | ({"period": period} if period else {})
    answer = administrator().post("evaluate", body)

    assert answer.status_code == 200, answer.content
    assert answer.json()["results"] == evaluated(str(path), *(("--period", period) if period else ()))
    assert not (Contract.objects.exists())
    assert not (Statement.objects.exists())
    assert not (KeptAnswer.objects.exists())


def test_a_trial_is_of_one_period_and_of_what_was_known(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(TEXT)
    program = administrator()
    body = {"text": TEXT, "period": "2019-06", "known_until": "2019-06-10T00:00:00Z"}
    answer = program.post("evaluate", body)

    args = (str(tmp_path / "acme.toml"), "--period", "2019-06", "--known-until", "2019-06-10T00:00:00Z")
    assert answer.json()["results"] == evaluated(*args)
    assert program.post("evaluate", {"text": TEXT}).json()["results"][0]["period"]["label"] == "2019-06"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"document": "invalid"}),
        ({"text": "x", "document": {}}, {"document": "invalid"}),
        ({"text": "vendor = {"}, {"text": "document"}),
        ({"text": TEXT, "period": "June"}, {"document": "document"}),
        ({"text": PLAIN}, {"document": "document"}),
        ({"text": TEXT, "agreement": "none"}, {"document": "document"}),
        ({"text": TEXT, "colour": "red"}, {"colour": "unknown"}),
        ({"text": TEXT, "known_until": "2019-06-10T00:00:00"}, {"known_until": "naive"}),
        (
            {"text": TEXT.replace('currency = "USD"', 'currency = "dollars"')},
            {"text.contract.currency": "document"},
        ),
    ],
)
def test_faults_of_a_document_are_told_with_their_places(body: dict[str, Any], wrong: dict[str, str]) -> None:
    answer = administrator().post("evaluate", body)
    assert (answer.status_code, errors(answer)) == (400, wrong)


def test_a_trial_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    program = administrator()
    assert program.post("evaluate", {"text": " " * 1_000_001}).status_code in (400, 413)
    monkeypatch.setattr(trial_runs, "MOST_HAPPENED", 0)
    assert errors(program.post("evaluate", {"text": TEXT})) == {"document": "document"}
    monkeypatch.setattr(trial_runs, "MOST_HAPPENED", 10)
    monkeypatch.setattr(trial_runs, "MOST_STATEMENTS", 0)
    assert errors(program.post("evaluate", {"text": TEXT})) == {"document": "document"}


def test_a_trial_needs_a_login_and_a_token_its_scope() -> None:
    assert Program(somebody()).post("evaluate", {"text": TEXT}).status_code == 200
    narrow = Program(person("otto"), scopes=("terms:write",))
    assert narrow.post("evaluate", {"text": TEXT}).status_code == 403


def test_a_document_is_tried_then_loaded_and_a_second_time_changes_nothing() -> None:
    program = administrator()
    body = {"text": TEXT, "reason": WHY}
    dry = program.keyed("documents", body | {"dry_run": True})

    assert (dry.status_code, dry.json()["changed"], dry.json()["created"]["contracts"]) == (200, True, 1)
    assert not (Vendor.objects.exists())
    assert not (Contract.objects.exists())
    loaded = program.keyed("documents", body)
    assert loaded.json() == dry.json() | {"dry_run": False}
    assert ServiceLevelAgreement.objects.count() == 1
    again = program.keyed("documents", body)
    assert (again.json()["changed"], again.json()["created"], again.json()["updated"]) == (False, {}, {})


def test_what_was_loaded_is_written_and_loads_again() -> None:
    program = administrator()
    program.keyed("documents", {"text": TEXT, "reason": WHY})
    written = program.get("documents/ACME-1?form=toml", accept="application/toml")

    assert (written.status_code, written.headers["Content-Type"]) == (200, "application/toml")
    again = program.keyed("documents", {"text": written.content.decode(), "reason": WHY})
    assert again.json()["changed"] is False
    plain = json.loads(program.get("documents/ACME-1?form=json").content)
    assert program.keyed("documents", {"document": plain, "reason": WHY}).json()["changed"] is False


def test_loading_asks_for_the_permission_of_each_kind_that_it_writes() -> None:
    body = {"text": TEXT, "reason": WHY}
    assert (
        Program(somebody("vera", "sla.add_servicelevelagreement")).keyed("documents", body).status_code == 403
    )
    refused = Program(somebody("otto", "vendors.see_all_vendors", "vendors.add_vendor")).keyed(
        "documents", body
    )

    assert refused.status_code == 403
    assert "vendors.add_contract" in refused.json()["detail"]
    assert "vendors.add_vendor" not in refused.json()["detail"]
    narrow = Program(person("root", is_superuser=True), scopes=("terms:write", "register:write"))
    assert "incidents:write" in narrow.keyed("documents", body).json()["detail"]
    assert not Vendor.objects.exists()


def test_terms_are_read_as_documents_write_them_and_signed_off() -> None:
    program = administrator()
    program.keyed("documents", {"text": TEXT, "reason": WHY})
    (schedule,) = program.rows("schedules")
    (version,) = program.rows("terms")
    (level,) = program.rows("service-levels")
    document = json.loads(program.get("documents/ACME-1?form=json").content)

    entry = document["agreements"][0]
    assert (schedule["code"], schedule["versions"]) == ("main", [version["effective_from"]])
    assert version["terms"] == entry["versions"][0]
    assert level["terms"] == entry["versions"][0]["targets"][0]
    path = f"terms/ACME-1/main/{version['effective_from']}/sign-off"
    signed = program.keyed(path, {"reason": "Checked against the paper"})
    if signed.status_code == 400:  # it names no paper yet
        assert "source" in errors(signed)
    else:
        assert (signed.json()["is_draft"], signed.json()["signed_off_by"]) == (False, "root")
