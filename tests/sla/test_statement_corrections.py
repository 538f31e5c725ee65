"""Corrections: held for a later statement, shown as differences, and what looks back at them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Sum

from sla.engine.terms import EarnBack, Tier, Tiered
from sla.inputs import inputs_of
from sla.models import PostingPolicy, ServiceCredit, ServiceLevelAgreement, Statement, StatementRevision
from sla.services.credits import recorded_total
from sla.services.statements import (
    differences,
    finalise_statement,
    head_of,
    hold_correction,
    note_stale,
    refresh_statement,
)
from sla.services.statements.verifying import verify_revision
from tests.builders import (
    a_credit,
    a_level,
    a_schedule,
    an_incident,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)

NOW = datetime(2019, 12, 31, tzinfo=UTC)
REASONS = {"unconfirmed_times": "ticket read", "unsigned_terms": "template", "not_heard": "quiet"}


def down(agreement: ServiceLevelAgreement, start: str, end: str) -> None:
    incident = agreement.contract.vendor.incidents.first() or an_incident(
        "ONE", vendor=agreement.contract.vendor
    )
    an_outage(incident, agreement.contract.services.get(), started_at=at(start), ended_at=at(end))


def finalised(statement: Statement, *, why: str = "month end", now: datetime = NOW) -> StatementRevision:
    return finalise_statement(statement, by=person(), why=why, reasons=REASONS, now=now)


def paying(per_row: str) -> Any:
    """Return 99.9 % paying 10 %, and a hair more below 99.8."""
    tiers = (
        Tier(below=Decimal("99.9"), credit=Decimal(10)),
        Tier(below=Decimal("99.8"), credit=Decimal(per_row)),
    )
    return some_terms(targets=(a_level(credit=a_credit(params=Tiered(tiers=tiers))),))


@pytest.fixture
def june(db: None) -> Statement:
    """Return June finalised at 200 dollars, with a late fact that makes it 205; up to 50 may wait."""
    agreement = a_schedule(terms=paying("10.25"))
    saved(PostingPolicy(entity=agreement.contract.entity, hold_below_minor=50_00))
    down(agreement, "2019-06-25 04:15", "2019-06-25 05:28")
    statement = head_of(agreement, period_label="2019-06")
    finalised(statement)
    down(agreement, "2019-06-26 04:00", "2019-06-26 05:00")
    return statement


def test_a_small_correction_waits_and_becomes_a_line_of_the_next_statement(june: Statement) -> None:
    refresh_statement(june, now=NOW)
    assert Statement.objects.needing_correction().exists()
    july = head_of(june.agreement, period_label="2019-07")
    held = hold_correction(june, into=july, by=person(), why="five dollars", now=NOW)
    assert held.delta_minor == 5_00
    assert not Statement.objects.needing_correction().exists()
    refresh_statement(july, now=NOW)
    assert july.due_minor == 5_00
    revision = finalised(july)
    assert list(revision.lines.values_list("number", "status", "name", "due_minor", "earlier")) == [
        (1, "standing", "Power uptime", 0, None),
        (2, "prior_period", "Correction of NR-2018/power/2019-06", 5_00, june.pk),
    ]
    credit = revision.credits.get()
    assert (credit.kind, credit.amount_minor, credit.corrects) == (
        "adjustment",
        5_00,
        ServiceCredit.objects.first(),
    )
    assert verify_revision(revision).problems == ()


def test_a_later_revision_asks_for_nothing_that_was_held_before(june: Statement) -> None:
    july = head_of(june.agreement, period_label="2019-07")
    hold_correction(june, into=july, by=person(), why="five dollars", now=NOW)
    finalised(july)
    down(june.agreement, "2019-06-27 04:00", "2019-06-27 14:00")
    second = finalised(june, why="another late ticket", now=NOW + timedelta(days=1))
    assert (
        list(second.lines.values_list("number", "status", "due_minor"))
        == [
            (1, "standing", 205_00),
            (2, "prior_period", -5_00),
        ]
        or [line.due_minor for line in second.lines.all()][1] == -5_00
    )
    assert second.due_minor == recorded_total(second)
    everything = ServiceCredit.objects.aggregate(sum=Sum("amount_minor"))["sum"]
    assert everything == sum(line.due_minor for line in second.lines.filter(status="standing"))
    assert verify_revision(second).problems == ()


def test_a_correction_is_held_once_and_only_into_a_later_statement(june: Statement) -> None:
    july, may = (head_of(june.agreement, period_label=label) for label in ("2019-07", "2019-05"))
    with pytest.raises(ValidationError, match="later statement of the same SLA schedule"):
        hold_correction(june, into=may, by=person(), why="small", now=NOW)
    with pytest.raises(ValidationError, match="needs no correction"):
        hold_correction(july, into=june, by=person(), why="small", now=NOW)
    hold_correction(june, into=july, by=person(), why="small", now=NOW)
    with pytest.raises(ValidationError, match="needs no correction"):
        hold_correction(june, into=july, by=person(), why="again", now=NOW)
    assert june.held_corrections.count() == 1


def test_a_correction_is_not_held_into_a_finalised_statement_where_nobody_would_look(june: Statement) -> None:
    july = head_of(june.agreement, period_label="2019-07")
    finalised(july)
    with pytest.raises(ValidationError, match="finalised already"):
        hold_correction(june, into=july, by=person(), why="small", now=NOW)
    assert june.held_corrections.count() == 0


def test_a_difference_names_old_new_and_what_becomes_of_the_claim(june: Statement) -> None:
    assert differences(june) is None
    refresh_statement(june, now=NOW)
    found = differences(june)
    assert found is not None
    assert (found.old.minor, found.new.minor, found.delta.minor) == (200_00, 205_00, 5_00)
    (line,) = found.changed_lines
    assert (line.number, line.old_value, line.new_value) == (1, "99.831 %", "99.692 %")
    assert line.delta_us == 60 * 60_000_000
    (effect,) = found.effects
    assert effect.claim is not None
    assert effect.text == f"{effect.claim} (entitled) changes by USD 5.00."


def test_what_was_earned_back_is_a_credit_below_zero_and_the_sums_hold(db: None) -> None:
    terms = some_terms(
        targets=(a_level(credit=a_credit()),), earn_back=(EarnBack(periods=2, share=Decimal(50)),)
    )
    agreement = a_schedule(terms=terms)
    down(agreement, "2019-06-25 04:15", "2019-06-25 05:28")
    for label in ("2019-06", "2019-07"):
        finalised(head_of(agreement, period_label=label))
    august = finalised(head_of(agreement, period_label="2019-08"))
    credit = august.credits.get()
    assert (credit.kind, credit.line_number, credit.amount_minor) == ("earn_back", None, -100_00)
    assert (august.due_minor, recorded_total(august)) == (0, -100_00)
    assert verify_revision(august).problems == ()
    down(agreement, "2019-08-10 00:00", "2019-08-10 02:00")
    again = finalised(
        head_of(agreement, period_label="2019-08"), why="a late ticket", now=NOW + timedelta(days=1)
    )
    assert sorted((row.kind, row.amount_minor) for row in again.credits.all()) == [
        ("adjustment", 100_00),
        ("adjustment", 200_00),
    ]
    assert (again.due_minor, recorded_total(again)) == (200_00, 200_00)


@pytest.fixture
def chronic(db: None) -> ServiceLevelAgreement:
    return a_schedule(
        terms=some_terms(targets=(a_level(),), earn_back=(EarnBack(periods=2, share=Decimal(50)),))
    )


def test_history_comes_from_what_is_finalised_whatever_happened_since(chronic: ServiceLevelAgreement) -> None:
    down(chronic, "2019-06-25 04:15", "2019-06-25 05:28")
    finalised(head_of(chronic, period_label="2019-06"))
    down(chronic, "2019-06-26 04:00", "2019-06-26 14:00")
    history = inputs_of(chronic, period_label="2019-07", known_until=NOW).history
    assert [each.counted_us for each in history if each.period == "2019-06"] == [73 * 60_000_000]


def test_history_comes_from_a_fresh_draft_and_never_from_a_stale_one(chronic: ServiceLevelAgreement) -> None:
    down(chronic, "2019-06-25 04:15", "2019-06-25 05:28")
    note_stale(now=NOW)
    june = head_of(chronic, period_label="2019-06")
    refresh_statement(june, now=NOW)
    Statement.objects.filter(pk=june.pk).update(outcomes=june.outcomes.replace("4380000000", "60000000"))

    def counted() -> list[int]:
        history = inputs_of(chronic, period_label="2019-07", known_until=NOW).history
        return [each.counted_us for each in history if each.period == "2019-06"]

    assert counted() == [60_000_000]  # what the draft keeps is taken as it stands
    down(chronic, "2019-03-26 04:00", "2019-03-26 14:00")
    assert counted() == [73 * 60_000_000]  # a change that nobody has looked at yet
    note_stale(now=NOW)
    assert counted() == [73 * 60_000_000]  # a draft that waits to be computed


def test_a_new_revision_asks_for_new_drafts_of_what_looks_back_at_it(chronic: ServiceLevelAgreement) -> None:
    down(chronic, "2019-06-25 04:15", "2019-06-25 05:28")
    august = head_of(chronic, period_label="2019-08")
    note_stale(now=NOW)
    refresh_statement(august, now=NOW)
    finalised(head_of(chronic, period_label="2019-06"))
    assert [each.period for each in Statement.objects.stale()] == ["2019-08"]
