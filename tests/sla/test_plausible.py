"""A last look before a figure becomes a record: what no clause means is a question, whoever computed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from sla.engine.money import Money
from sla.engine.results import Credit, Result
from sla.models import Statement, StatementRevision
from sla.services.statements import drafts, finalise_statement, finalising, head_of, open_questions
from sla.services.statements.drafts import draft_statement
from sla.services.statements.plausible import implausible
from tests.builders import a_schedule, a_service, an_incident, an_outage, at, person
from tests.sla.running import a_closing_schedule, clock, closings
from tests.sla.test_statements import ACCEPTED

pytestmark = pytest.mark.django_db

NOW = at("2019-12-31 00:00")


@pytest.fixture
def june() -> Statement:
    """Return June with a credit of 200 dollars of a fee of 2,000."""
    agreement = a_schedule()
    an_outage(an_incident(vendor=agreement.contract.vendor), agreement.contract.services.get())
    return head_of(agreement, period_label="2019-06")


def result_of(statement: Statement) -> Result:
    return draft_statement(statement.agreement, period_label=statement.period, known_until=NOW)


def with_credits(result: Result, change: Callable[[tuple[Credit, ...]], tuple[Credit, ...]]) -> Result:
    """Return a result as a mistake in the calculation would give it."""
    lines = change(result.credits.lines)
    due = sum((line.due.minor for line in lines if line.due is not None), start=0)
    totals = tuple(
        replace(total, due=Money(due, "USD"), due_exact=Fraction(due)) for total in result.credits.totals
    )
    return replace(result, credits=replace(result.credits, lines=lines, totals=totals))


def paying(cents: int) -> Callable[[tuple[Credit, ...]], tuple[Credit, ...]]:
    return lambda lines: tuple(replace(line, due=Money(cents, "USD")) for line in lines)


MISTAKES = [
    (paying(-1), ["the credit of the period is USD -0.01, below nothing"]),
    (paying(2000_01), ["the credit of uptime 2019-06, USD 2,000.01, is above its base, USD 2,000.00"]),
    (paying(2000_00), []),
    (lambda lines: (*lines, *lines), ["uptime 2019-06 (power-a) has 2 credits"]),
]


@pytest.mark.parametrize(("mistake", "said"), MISTAKES)
def test_what_no_clause_means_is_told_with_its_figures(
    june: Statement, mistake: Any, said: list[str]
) -> None:
    assert list(implausible(june, result=with_credits(result_of(june), mistake))) == said


@pytest.mark.parametrize(
    ("largest", "said"),
    [
        (0, []),  # nothing to compare with
        (20_00, []),
        (
            19_99,
            ["the credit of USD 200.00 is more than 10 times the largest of the last 12 periods, USD 19.99"],
        ),
    ],
)
def test_a_credit_far_above_those_of_the_last_year_is_a_question(
    june: Statement, largest: int, said: list[str]
) -> None:
    for label, due in (("2019-04", 5_00), ("2019-05", largest)):
        head = head_of(june.agreement, period_label=label)
        Statement.objects.filter(pk=head.pk).update(due_minor=min(due, largest))
    assert list(implausible(june, result=result_of(june))) == said


def test_a_question_about_it_keeps_a_statement_from_becoming_a_record_unseen(
    june: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = drafts.result_of
    monkeypatch.setattr(finalising, "result_of", lambda inputs: with_credits(real(inputs), paying(9999_00)))
    with pytest.raises(ValidationError) as refused:
        finalise_statement(june, by=person(), why="month end", reasons=ACCEPTED, now=NOW)
    assert [error.code for error in refused.value.error_list] == ["implausible"]
    assert "A figure is out of the ordinary: the credit of uptime 2019-06" in refused.value.messages[0]
    assert not StatementRevision.objects.exists()


def test_one_that_is_out_of_the_ordinary_waits_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from sla.services.duties.rounds import run_round
    from sla.services.statements import questions

    odd = a_closing_schedule("NR-1")
    even = a_closing_schedule("NR-2", vendor=odd.contract.vendor)
    a_service(odd.contract, code="another")
    found = lambda statement, result: ["9 times the fee"] if statement.agreement_id == odd.pk else []  # noqa: E731
    monkeypatch.setattr(questions, "implausible", found)
    run_round(clock=clock("2019-07-06 07:00"))
    [(_, _, waits)], [(_, _, closed)] = closings(odd), closings(even)
    assert "open question" in waits
    assert closed.startswith("Finalised by itself")


def test_an_ordinary_month_asks_nothing_of_the_kind(june: Statement) -> None:
    asked = open_questions(june, result=result_of(june), now=NOW)
    assert "implausible" not in [each.code for each in asked]
