"""Verifying finalised statements: intact ones pass, and whatever was altered is named."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sla.engine import evaluation
from sla.models import Statement, StatementRevision
from sla.services.statements import finalise_statement, head_of, verifying
from sla.services.statements.header import header_digest, header_of
from sla.services.statements.verifying import verify_revision
from tests.builders import a_schedule, an_incident, an_outage, at, person
from vendors.guards import lifted

NOW = datetime(2019, 12, 31, tzinfo=UTC)
REASONS = {"unconfirmed_times": "ticket read", "unsigned_terms": "template"}


@pytest.fixture
def june(db: None) -> Statement:
    """Return June finalised twice: 200 dollars, then 500."""
    agreement = a_schedule()
    service = agreement.contract.services.get()
    one = an_incident("ONE", vendor=agreement.contract.vendor)
    an_outage(one, service, started_at=at("2019-06-25 04:15"), ended_at=at("2019-06-25 05:28"))
    statement = head_of(agreement, period_label="2019-06")
    finalise_statement(statement, by=person(), why="month end", reasons=REASONS, now=NOW)
    an_outage(one, service, started_at=at("2019-06-26 04:00"), ended_at=at("2019-06-26 14:00"))
    later = NOW + timedelta(days=3)
    finalise_statement(statement, by=person(), why="a late ticket", reasons=REASONS, now=later)
    return statement


def run(command: str, *args: str) -> str:
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


def altered(row: Any, **values: Any) -> None:
    """Change a frozen row past its guard, as somebody with the database at hand could."""
    with lifted():
        type(row).objects.filter(pk=row.pk).update(**values)


def test_an_intact_statement_passes_with_what_was_checked(june: Statement) -> None:
    out = run("verify_statement", "NR-2018/power/2019-06")
    assert "NR-2018/power/2019-06/r1: intact" in out
    assert "NR-2018/power/2019-06/r2: intact" in out
    assert "checked: computed again from the stored inputs, engine 1: byte for byte" in out
    assert "r1" not in run("verify_statement", "NR-2018/power/2019-06/r2")


ALTERATIONS: dict[str, tuple[Callable[[StatementRevision], Any], str]] = {
    "inputs": (lambda r: altered(r, inputs=r.inputs.replace("05:28", "05:27")), "text of the inputs is not"),
    "result": (lambda r: altered(r, result=r.result.replace("50000", "5000")), "text of the result is not"),
    "garbage": (lambda r: altered(r, inputs="{"), "The stored inputs cannot be read"),
    "money": (lambda r: altered(r, due_minor=1), "due_minor is 1, its result and lines say 50000"),
    "cause": (lambda r: altered(r, cause="other"), "own fingerprint does not fit"),
    "person": (lambda r: altered(r, finalised_by=person("eve")), "own fingerprint does not fit"),
    "instant": (lambda r: altered(r, finalised_at=NOW), "own fingerprint does not fit"),
    "digest": (lambda r: altered(r, digest="0" * 64), "own fingerprint does not fit"),
    "chain": (lambda r: altered(r, previous_digest="0" * 64), "a revision 1 with fingerprint 0000"),
    "line": (lambda r: altered(r.lines.get(), down_us=1), "down_us is 1, its result says 40380000000"),
    "name": (lambda r: altered(r.lines.get(), name="Power"), "name is 'Power', its result says"),
    "number": (lambda r: altered(r.lines.get(), number=9), "Line 1 was uptime"),
    "credit": (lambda r: altered(r.credits.get(), amount_minor=1), "sum to 20001 minor units"),
}  # fmt: skip


@pytest.mark.parametrize("what", ALTERATIONS)
def test_any_alteration_is_found_and_named(june: Statement, what: str) -> None:
    alter, said = ALTERATIONS[what]
    alter(june.revisions.get(number=2))
    with pytest.raises(CommandError) as refused:
        run("verify_statement", "NR-2018/power/2019-06/r2")
    assert refused.value.returncode == 1
    found = verify_revision(june.revisions.get(number=2))
    assert not found.ok
    assert any(said in problem for problem in found.problems), found.problems


def test_an_altered_line_with_all_fingerprints_made_again_is_still_found(june: Statement) -> None:
    revision = june.revisions.get(number=2)
    altered(revision.lines.get(), due_minor=700_00)
    altered(revision, due_minor=700_00)
    revision.refresh_from_db()
    header = header_of(revision, number=june.number, lines=revision.lines.order_by("number"))
    altered(revision, digest=header_digest(header))
    found = verify_revision(june.revisions.get(number=2))
    assert any("due_minor is 70000, its result says 50000" in problem for problem in found.problems)


def test_another_engine_compares_figures_and_reports_a_calculation_change(
    june: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (evaluation, verifying):
        monkeypatch.setattr(module, "ENGINE_VERSION", "2")
    found = verify_revision(june.revisions.get(number=2))
    assert found.ok
    assert found.notes == ("Other bytes, the same verdicts, seconds and money (engine 1 then, 2 now).",)
    monkeypatch.setattr(verifying, "result_of", _half)
    found = verify_revision(june.revisions.get(number=2))
    assert found.ok
    assert found.notes[0].startswith(
        "Calculation change (engine 1 then, 2 now): uptime 2019-06 (power-a) was"
    )


def _half(inputs: Any) -> Any:
    from dataclasses import replace

    from sla.services.statements.drafts import result_of

    facts = replace(inputs.facts, outages=inputs.facts.outages[:1])
    return result_of(replace(inputs, facts=facts))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("NR-2018/power/2019-06/r3", "has no revision 3. The newest is r2"),
        ("NR-2018/power/2019-05", "There is no statement 'NR-2018/power/2019-05'"),
        ("nothing", "Write REFERENCE/SCHEDULE/PERIOD"),
        ("NR-2018/power/\x002019-06", "There is no statement"),
    ],
)
def test_a_number_that_names_nothing_is_bad_input(june: Statement, number: str, said: str) -> None:
    with pytest.raises(CommandError, match=re.escape(said)) as refused:
        run("verify_statement", number)
    assert refused.value.returncode == 2


def test_all_statements_are_verified_with_a_summary(june: Statement) -> None:
    assert run("verify_statements") == "2 revisions verified: 2 intact, 0 altered, 0 with notes.\n"
    altered(june.revisions.get(number=2), cause="other")
    with pytest.raises(CommandError, match="2 revisions verified: 1 intact, 1 altered") as refused:
        run("verify_statements")
    assert refused.value.returncode == 1


def test_finalising_by_command_lists_what_is_open_and_takes_reasons(db: None) -> None:
    agreement = a_schedule()
    one = an_incident("ONE", vendor=agreement.contract.vendor)
    an_outage(
        one,
        agreement.contract.services.get(),
        started_at=at("2019-06-25 04:15"),
        ended_at=at("2019-06-25 05:28"),
    )
    with pytest.raises(CommandError) as refused:
        run("finalise_statement", "NR-2018/power/2019-06", "--why", "month end")
    assert refused.value.returncode == 1
    assert "give a reason to go on under 'unsigned_terms'" in str(refused.value)
    accept = [part for code, why in REASONS.items() for part in ("--accept", f"{code}={why}")]
    out = run("finalise_statement", "NR-2018/power/2019-06", "--why", "month end", *accept)
    assert "NR-2018/power/2019-06/r1 is finalised: missed, credit due, before tax USD 200.00" in out
    assert "Credit: USD 200.00 for Power uptime, Power feed A, 2019-06" in out
    assert "Reason: template" in out
    with pytest.raises(CommandError) as again:
        run("finalise_statement", "NR-2018/power/2019-06", "--why", "month end")
    assert str(again.value) == "Nothing to do: r1 of NR-2018/power/2019-06 already says so."
    assert again.value.returncode == 1
    assert "1 line, each column" in run("verify_statement", "NR-2018/power/2019-06")


def test_drafts_are_made_and_refreshed_by_command(db: None) -> None:
    agreement = a_schedule()
    one = an_incident("ONE", vendor=agreement.contract.vendor)
    out = run("refresh_statements", "--from", "2019-01-01", "--until", "2019-07-01")
    assert "6 in the range" in out
    assert "0 that cannot be computed" in out
    an_outage(
        one,
        agreement.contract.services.get(),
        started_at=at("2019-05-31 20:00"),
        ended_at=at("2019-06-01 20:00"),
    )
    assert "3 touched by changes, 0 in the range, 3 computed afterwards" in run("refresh_statements")
    assert Statement.objects.get(period="2019-06").computed_at <= timezone.now()
    with pytest.raises(CommandError, match="is not after"):
        run("refresh_statements", "--from", "2019-02-01", "--until", "2019-01-01")


def test_a_renamed_account_breaks_no_fingerprint(june: Statement) -> None:
    revision = june.revisions.select_related("finalised_by").get(number=1)
    revision.finalised_by.username = "maria.jones"
    revision.finalised_by.save()
    assert not verify_revision(StatementRevision.objects.get(pk=revision.pk)).problems
    assert revision.finaliser != "maria.jones"
