"""Random histories of edits, finalisations and late facts: what is frozen stays, and the sums hold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from incidents.models import Outage
from incidents.services import withdraw_outage
from sla.engine.results import Result
from sla.engine.terms import EarnBack, Repeat
from sla.inputs import inputs_of
from sla.models import Claim, ServiceCredit, ServiceLevelAgreement, Statement, StatementRevision
from sla.services.credits import recorded_total
from sla.services.statements import finalise_statement, head_of, note_stale, refresh_statement
from sla.services.statements.drafts import result_of
from sla.services.statements.questions import QUESTIONS
from sla.services.statements.verifying import verify_revision
from tests.builders import (
    a_credit,
    a_level,
    a_schedule,
    a_service,
    an_incident,
    an_outage,
    at,
    person,
    some_terms,
)

START = datetime(2019, 12, 31, tzinfo=UTC)
REASONS = dict.fromkeys(QUESTIONS, "known")
LABELS = ("2019-06", "2019-07")
HOURS = st.integers(0, 61 * 24 - 1)

outages = st.tuples(st.just("outage"), HOURS, st.integers(1, 30))
withdrawals = st.tuples(st.just("withdraw"), st.integers(0, 9), st.just(0))
finalisations = st.tuples(st.just("finalise"), st.sampled_from((0, 1)), st.just(0))
services = st.tuples(st.just("service"), st.just(0), st.just(0))
acts = st.lists(
    st.one_of(outages, withdrawals, finalisations, finalisations, services), min_size=3, max_size=7
)


@pytest.mark.long
class Histories(TestCase):
    """Acts in any order leave a chain of revisions that ties."""

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=acts)
    def test_what_is_frozen_stays_and_deltas_sum_to_newest_minus_first(
        self, history: list[tuple[str, int, int]]
    ) -> None:
        agreement = a_schedule(terms=some_terms())
        self.incident = an_incident("ONE", vendor=agreement.contract.vendor)
        frozen: dict[int, tuple[Any, ...]] = {}
        for turn, act in enumerate([*history, ("finalise", 0, 0), ("finalise", 1, 0)]):
            self.act(agreement, act=act, now=START + timedelta(days=turn))
            for pk, before in frozen.items():
                assert photograph(pk) == before
            frozen |= {row.pk: photograph(row.pk) for row in StatementRevision.objects.all()}
        for statement in Statement.objects.all():
            check_chain(statement)

    def act(self, agreement: ServiceLevelAgreement, *, act: tuple[str, int, int], now: datetime) -> None:
        """Do one act; a refused one changes nothing."""
        kind, first, second = act
        rows = agreement.contract.services.order_by("pk")
        if kind == "outage":
            begins = at("2019-06-01 08:00") + timedelta(hours=first)
            service = rows[first % rows.count()]
            an_outage(
                self.incident, service, started_at=begins, ended_at=begins + timedelta(minutes=second * 20)
            )
        elif kind == "withdraw":
            standing = Outage.objects.standing().order_by("pk")
            if standing:
                withdraw_outage(standing[first % len(standing)], at=now, by=person(), reason="typed twice")
        elif kind == "service":
            count = rows.count()
            a_service(agreement.contract, code=f"feed-{9 - count}", name=f"Feed {count}")
        else:
            note_stale(now=now)
            statement = head_of(agreement, period_label=LABELS[first])
            refresh_statement(statement, now=now)
            wanted = statement.compared_digest != _newest_digest(statement)
            if wanted:
                finalise_statement(statement, by=person(), why="history", reasons=REASONS, now=now)
            else:
                with pytest.raises(ValidationError, match="Nothing changed"):
                    finalise_statement(statement, by=person(), why="history", reasons=REASONS, now=now)


def _newest_digest(statement: Statement) -> str | None:
    newest = statement.revisions.order_by("number").last()
    return newest.result_digest if newest else None


def photograph(pk: int) -> tuple[Any, ...]:
    """Return every stored value of a revision, its lines and its credits."""
    rows = StatementRevision.objects.filter(pk=pk)
    lines = rows.get().lines.order_by("pk")
    credits = rows.get().credits.order_by("pk")
    return tuple(rows.values()), tuple(lines.values()), tuple(credits.values())


def check_chain(statement: Statement) -> None:
    """Check numbers, keys, sums and fingerprints over all revisions of a statement."""
    revisions = list(statement.revisions.order_by("number"))
    assert [row.number for row in revisions] == list(range(1, len(revisions) + 1))
    meaning: dict[int, str] = {}
    deltas = []
    for row in revisions:
        lines = {line.number: line.key for line in row.lines.all()}
        assert lines.items() >= meaning.items()
        meaning = lines
        assert row.due_minor == sum(line.due_minor for line in row.lines.all()) == recorded_total(row)
        deltas.append(sum(credit.amount_minor for credit in row.credits.all()))
        assert verify_revision(row).problems == ()
    if revisions:
        assert sum(deltas[1:]) == revisions[-1].due_minor - revisions[0].due_minor
    for credit in ServiceCredit.objects.filter(revision__statement=statement):
        assert Claim.objects.filter(parts__credit=credit).distinct().count() == 1


@pytest.mark.django_db
def test_the_same_comes_out_of_kept_history_and_of_history_computed_again() -> None:
    level = a_level(credit=a_credit(repeat=Repeat()))
    terms = some_terms(targets=(level,), earn_back=(EarnBack(periods=2, share=Decimal(50)),))
    agreement = a_schedule(terms=terms)
    incident = an_incident("ONE", vendor=agreement.contract.vendor)
    for month in (2, 3, 6):
        begins = at(f"2019-{month:02d}-10 04:00")
        an_outage(
            incident,
            agreement.contract.services.get(),
            started_at=begins,
            ended_at=begins + timedelta(hours=3),
        )
    note_stale(now=START)

    def result(label: str) -> Result:
        return result_of(inputs_of(agreement, period_label=label, known_until=START))

    computed = {label: result(label) for label in months()}
    for label in months():
        refresh_statement(head_of(agreement, period_label=label), now=START)
    assert {label: result(label) for label in months()} == computed


def months() -> list[str]:
    """Return the months of 2019."""
    return [f"2019-{month:02d}" for month in range(1, 12)]
