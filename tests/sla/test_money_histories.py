"""Whatever people do in whatever order: what is frozen stays, and every figure still ties.

Random histories of late facts, finalisations, claims, answers, receipts, write-offs and closed months.
A service may refuse a step; then nothing has changed.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Sum

from incidents.models import Outage
from sla.apps import INSERT_ONLY
from sla.engine.claims.moves import FINAL, ClaimState
from sla.models import (
    Claim,
    ClaimPart,
    CreditMatch,
    CreditReceived,
    ExchangeRate,
    PostingPolicy,
    RegisterEntry,
    ServiceCredit,
    StatementRevision,
)
from sla.reports.register import roll_forward
from sla.reports.tables import About
from sla.selectors.scope import Scope
from sla.services import claims, register
from sla.services.credits import recorded_total, wanted_total
from sla.services.receipts import left_of, match_credit, record_rate, record_receipt, unmatch_credit
from sla.services.statements import draft_statement, finalise_statement, head_of, open_questions
from sla.services.statements.drafting import frozen_result
from sla.services.statements.verifying import verify_revision
from tests.builders import a_contract_with_power, a_schedule, an_incident, an_outage, person, saved
from tests.sla.claim_builders import some_claim_terms
from tests.sla.money_rows import a_policy

MONTHS = ("2019-05", "2019-06", "2019-07")
BEGIN = datetime(2019, 8, 5, 9, tzinfo=UTC)
EVERYTHING = date(2019, 4, 1), date(2021, 1, 1)
STEPS = 20
HISTORIES = 4 * int(os.environ.get("TEST_EXAMPLES", "1"))


class History:
    """One contract, whose clock goes on with every step."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = BEGIN
        self.by = person()
        self.contract = a_contract_with_power()
        self.agreement = a_schedule(contract=self.contract, terms=some_claim_terms())
        self.count = 0
        # Every second history has a policy, another one each time.
        policies = PostingPolicy.Recognition.values
        if seed % 2:
            a_policy(policies[seed // 2 % len(policies)])
        for label in MONTHS[:2]:
            self.fail(datetime.fromisoformat(f"{label}-14T10:00:00Z"), minutes=300)
            self.finalise(label)

    def steps(self) -> tuple[Callable[[], object], ...]:
        return (
            self.fail_late, self.fail_late, self.correct_outage, self.finalise, self.finalise, self.finalise,
            self.submit, self.submit, self.answer, self.answer, self.contest, self.receive, self.receive,
            self.undo_match, self.undo_match, self.write_off, self.drop, self.close, self.close_month,
            self.split, self.split, self.settle_agreed_part, self.lapse, self.receive_finally,
            self.receive_euros, self.take_back,
        )  # fmt: skip

    def go_on(self) -> None:
        self.now += timedelta(hours=self.random.randint(1, 200))
        self.random.choice(self.steps())()

    def fail_late(self) -> None:
        start = datetime(2019, 5, 1, tzinfo=UTC) + timedelta(minutes=self.random.randrange(92 * 1440))
        self.fail(start, minutes=self.random.choice([3, 50, 300, 700]))

    def fail(self, start: datetime, *, minutes: int) -> None:
        self.count += 1
        row = an_incident(f"INC-{self.count}", vendor=self.contract.vendor)
        length = timedelta(minutes=minutes)
        an_outage(
            row,
            self.contract.services.get(),
            started_at=start,
            ended_at=start + length,
            confirmed_at=start + length,
        )

    def correct_outage(self) -> None:
        outage = self.random.choice([*Outage.objects.standing()] or [None])
        if outage is not None and outage.ended_at is not None:
            outage.ended_at += timedelta(minutes=self.random.choice([1, 45]))
            outage.confirmed_at = outage.ended_at
            saved(outage)

    def finalise(self, label: str = "") -> None:
        label = label or self.random.choice(MONTHS)
        head = head_of(self.agreement, period_label=label)
        result = draft_statement(self.agreement, period_label=label, known_until=self.now)
        asked = open_questions(head, result=result, now=self.now)
        reasons = {question.code: "checked" for question in asked}
        finalise_statement(head, by=self.by, why="month end", reasons=reasons, now=self.now)

    def claim(self) -> Claim:
        rows = list(Claim.objects.exclude(state__in=FINAL).order_by("pk"))
        if not rows:
            raise ValidationError("nothing is claimed yet")
        return self.random.choice(rows)

    def submit(self) -> None:
        claims.submit_claim(
            self.claim(), by=self.by, why="sent", sent_at=self.now, received_at=self.now, now=self.now
        )

    def answer(self) -> None:
        claim = self.claim()
        states = (ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.REJECTED)
        state = self.random.choice(states)
        some = claims.balance(claim).asked // 2 if state == ClaimState.PARTLY_ACCEPTED else None
        claims.answer_claim(
            claim,
            state=state,
            accepted_minor=some,
            happened_at=self.now,
            by=self.by,
            why="answered",
            now=self.now,
        )

    def contest(self) -> None:
        claims.contest_claim(self.claim(), by=self.by, why="we disagree", now=self.now)

    def split(self) -> None:
        claim = self.claim()
        held = claims.held_parts(claim)
        parts = {credit: amount // 2 for credit, (amount, _) in held.items() if self.random.random() < 0.7}
        claims.split_claim(claim, parts=parts, by=self.by, why="apart", now=self.now)

    def settle_agreed_part(self) -> None:
        claim = self.claim()
        for credit, (amount, _) in claims.held_parts(claim).items():
            claims.record_answer(
                credit.revision,
                line_number=credit.line_number or 1,
                answer="contests",
                amount_minor=self.random.randint(0, max(amount, 0)),
                claim=claim,
                by=self.by,
                now=self.now,
            )
        claims.settle_agreed_part(claim, by=self.by, why="the agreed part first", now=self.now)

    def lapse(self) -> None:
        claims.lapse_claim(self.claim(), by=self.by, why="too late", now=self.now)

    def receive_finally(self) -> None:
        self.receive(mark=CreditReceived.Mark.FULL_AND_FINAL)

    def receive_euros(self) -> None:
        rate = record_rate(
            on=self.now.date(),
            base="EUR",
            quote="USD",
            rate=Decimal(self.random.choice(["0.97", "1.1234"])),
            source=f"rate {self.count}",
            by=self.by,
            now=self.now,
        )
        owed = max(claims.balance(self.claim()).open_, 1)
        self.receive(currency="EUR", rate=rate, claim_minor=self.random.choice([None, owed, owed // 2]))

    def take_back(self) -> None:
        self.receive(net=-self.random.choice([500, 20_000]))

    def receive(
        self,
        *,
        net: int | None = None,
        mark: str = "",
        currency: str = "USD",
        rate: ExchangeRate | None = None,
        claim_minor: int | None = None,
    ) -> None:
        claim = self.claim()
        self.count += 1
        received = record_receipt(
            self.contract.vendor,
            entity=self.contract.entity,
            kind=CreditReceived.Kind.CREDIT_NOTE,
            document=f"CN-{self.count}",
            received_on=self.now.date(),
            currency=currency,
            mark=mark,
            net_minor=net or self.random.choice([1, 3_333, 10_000, 50_000]),
            by=self.by,
            now=self.now,
        )
        match_credit(received, claim=claim, rate=rate, claim_minor=claim_minor, by=self.by, now=self.now)

    def undo_match(self) -> None:
        match = self.random.choice([*CreditMatch.objects.filter(undoes=None, undone_by=None)] or [None])
        if match is not None:
            unmatch_credit(match, by=self.by, why="wrong claim", now=self.now)

    def write_off(self) -> None:
        claims.write_off(self.claim(), amount_minor=100, by=self.by, why="too small", now=self.now)

    def drop(self) -> None:
        claims.drop_claim(self.claim(), by=self.by, why="not worth it", now=self.now)

    def close(self) -> None:
        claims.close_claim(self.claim(), by=self.by, why="done", now=self.now)

    def close_month(self) -> None:
        through = self.now.date().replace(day=1) - timedelta(days=1)
        register.close_months(self.contract.entity, through=through, by=self.by, why="books", now=self.now)


def frozen_rows() -> dict[tuple[str, int], dict[str, Any]]:
    """Return every column of every insert-only row."""
    return {
        (label, row["id"]): row
        for label in INSERT_ONLY
        for row in apps.get_model("sla", label).objects.values()
    }


def assert_credits_tie() -> None:
    # What each revision recorded sums to what it says, so the differences sum to newest minus first.
    for revision in StatementRevision.objects.all():
        assert recorded_total(revision) == wanted_total(revision.due_minor, result=frozen_result(revision))
        assert revision.due_minor == revision.lines.aggregate(sum=Sum("due_minor"))["sum"]
    for credit in ServiceCredit.objects.all():
        assert sum(part.amount_minor for part in credit.parts.all()) == credit.amount_minor


def assert_register_ties() -> None:
    for claim in Claim.objects.all():
        owed = sum(claim.entries.values_list("amount_minor", flat=True))
        booked = sum(claim.entries.values_list("recognised_minor", flat=True))
        assert min(owed, 0) <= booked <= max(owed, 0), f"{claim}: {booked} of {owed} in the books"
        if claim.state in {ClaimState.NOT_PURSUED, ClaimState.LAPSED}:
            assert owed <= 0
    added = RegisterEntry.objects.filter(kind__in=["new", "adjustment", "earn_back"])
    assert (added.aggregate(sum=Sum("amount_minor"))["sum"] or 0) == sum(
        ClaimPart.objects.values_list("amount_minor", flat=True)
    )
    for received in CreditReceived.objects.all():
        left, net = left_of(received).left_minor, received.net_minor
        assert min(net, 0) <= left <= max(net, 0)


def assert_roll_forward_ties(now: datetime) -> None:
    first, until = EVERYTHING
    scope = Scope(first_on=first, until=until, user=person("root", is_superuser=True))
    report = roll_forward(scope, about=About(parameters=(), run_by="t", run_at=now, data_as_at=now))
    for code, column in (("owed", "amount_minor"), ("books", "recognised_minor")):
        (table,) = (table for table in report.tables if table.code == code)
        keys = [each.key for each in table.columns]
        before = 0
        for row in table.rows():
            cells = dict(zip(keys, row, strict=True))
            moves = [v for k, v in cells.items() if k not in _AROUND]
            assert cells["opening"] == before
            assert cells["opening"] + sum(moves) == cells["closing"]
            before = cells["closing"]
        assert before == (RegisterEntry.objects.aggregate(sum=Sum(column))["sum"] or 0)


_AROUND = {"entity", "unit", "month", "opening", "closing", "state"}


def played(seed: int) -> Iterator[History]:
    history = History(seed)
    for _ in range(STEPS):
        before = frozen_rows()
        try:
            history.go_on()
            refused = False
        except ValidationError:
            refused = True
        after = frozen_rows()
        changed = {key for key, row in before.items() if after.get(key) != row}
        assert changed == set(), "a frozen row changed"
        # A receipt is recorded before the match that may be refused.
        new = {label for label, _ in after.keys() - before.keys()}
        alone = {"CreditReceived", "ExchangeRate", "LineAnswer"}
        assert not refused or new <= alone, f"a refused step wrote {new}"
        yield history


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(HISTORIES))
def test_frozen_rows_stay_and_every_figure_ties_in_any_history(seed: int) -> None:
    now = BEGIN
    for history in played(seed):
        assert_credits_tie()
        assert_register_ties()
        now = history.now
    assert_roll_forward_ties(now)
    assert [
        found for each in StatementRevision.objects.all() if (found := verify_revision(each).problems)
    ] == []
