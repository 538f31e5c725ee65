"""The credit register: what is owed, what of it stands in the books, and in which month."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla.engine.claims.moves import ClaimState
from sla.models import RegisterEntry, ServiceCredit
from sla.services import register
from sla.services.register.recognition import Kind, Movement, Position, moved, settled
from tests.builders import an_entity, person
from tests.sla.money_rows import (
    JULY,
    a_claim,
    a_claim_of,
    a_credit_row,
    a_policy,
    attach,
    entered,
    rows_of,
)
from tests.sla.money_rows import moved as moved_to

S = ClaimState


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("recognition", "when_new", "when_submitted", "when_accepted"),
    [
        ("finalised", 20_000, 20_000, 20_000),
        ("submitted", 0, 20_000, 20_000),
        ("accepted", 0, 0, 20_000),
        ("received", 0, 0, 0),
    ],
)
def test_a_credit_stands_in_the_books_from_the_policys_step_on(
    recognition: str, when_new: int, when_submitted: int, when_accepted: int
) -> None:
    a_policy(recognition)
    claim = a_claim_of(20_000)
    assert register.position_of(claim) == Position(20_000, when_new, 0)
    moved_to(claim, S.SUBMITTED)
    assert register.position_of(claim) == Position(20_000, when_submitted, 0)
    moved_to(claim, S.ACCEPTED)
    assert register.position_of(claim) == Position(20_000, when_accepted, 0)


@pytest.mark.django_db
def test_without_a_policy_a_credit_is_recognised_when_accepted_and_only_as_far() -> None:
    claim = a_claim_of(20_000)
    moved_to(claim, S.SUBMITTED)
    moved_to(claim, S.PARTLY_ACCEPTED, amount=12_000)
    assert rows_of(claim) == [("new", 20_000, 0), ("recognised", 0, 12_000)]
    moved_to(claim, S.CONTESTED)
    moved_to(claim, S.ACCEPTED)
    assert rows_of(claim)[2:] == [("recognised", 0, 8_000)]


@pytest.mark.django_db
def test_what_is_accepted_counts_what_has_come_already() -> None:
    claim = a_claim_of(20_000, state=S.SUBMITTED)
    entered(Kind.RECEIVED, -5_000, claim=claim)
    moved_to(claim, S.PARTLY_ACCEPTED, amount=12_000)
    assert register.position_of(claim) == Position(15_000, 7_000, 5_000)


@pytest.mark.django_db
def test_an_automatic_credit_is_recognised_as_soon_as_it_is_entered() -> None:
    claim = a_claim_of(20_000, state=S.ACCEPTED, automatic=True)
    assert rows_of(claim) == [("new", 20_000, 20_000)]
    assert moved_to(claim, S.ACCEPTED) == []


@pytest.mark.django_db
def test_an_addition_to_an_accepted_claim_is_a_memo_as_nobody_accepted_it() -> None:
    claim = a_claim_of(20_000)
    moved_to(claim, S.ACCEPTED)
    attach(a_credit_row(3_000, kind=ServiceCredit.Kind.ADJUSTMENT), claim=claim)
    assert rows_of(claim)[-1] == ("adjustment", 3_000, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("recognition", "expected"),
    [
        ("finalised", [("received", -5_000, -5_000)]),
        ("received", [("recognised", 0, 5_000), ("received", -5_000, -5_000)]),
        ("accepted", [("recognised", 0, 5_000), ("received", -5_000, -5_000)]),
    ],
)
def test_what_is_received_passes_through_the_books(recognition: str, expected: list[object]) -> None:
    a_policy(recognition)
    claim = a_claim_of(20_000)
    entered(Kind.RECEIVED, -5_000, claim=claim)
    assert rows_of(claim)[1:] == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # 200.00 are owed, 120.00 of it recognised; 100.00 go.
        (Kind.RECEIVED, (10_000, 2_000)),
        (Kind.WRITTEN_OFF, (10_000, 2_000)),
        (Kind.REJECTED, (10_000, 10_000)),
        (Kind.NOT_PURSUED, (10_000, 10_000)),
        (Kind.LAPSED, (10_000, 10_000)),
        (Kind.ADJUSTMENT, (10_000, 10_000)),
        (Kind.EARN_BACK, (10_000, 10_000)),
    ],
)
def test_receipts_and_write_offs_take_what_is_recognised_first_and_the_rest_the_memo(
    kind: str, expected: tuple[int, int]
) -> None:
    claim = a_claim_of(20_000)
    moved_to(claim, S.PARTLY_ACCEPTED, amount=12_000)
    entered(kind, -10_000, claim=claim)
    assert register.position_of(claim)[:2] == expected


@pytest.mark.django_db
def test_more_than_is_owed_cannot_be_taken_off_and_nothing_is_entered() -> None:
    claim = a_claim_of(20_000)
    for kind in (Kind.RECEIVED, Kind.REJECTED, Kind.NOT_PURSUED, Kind.LAPSED, Kind.WRITTEN_OFF):
        with pytest.raises(ValidationError, match=r"USD 200.01 cannot be taken off .* USD 200.00 is owed"):
            entered(kind, -20_001, claim=claim)
    with pytest.raises(ValidationError, match="cannot be taken off"):
        entered(Kind.NOT_PURSUED, 1, claim=claim)
    assert rows_of(claim) == [("new", 20_000, 0)]


@pytest.mark.django_db
def test_what_we_owe_the_vendor_is_recognised_at_once() -> None:
    claim = a_claim_of(20_000)
    entered(Kind.RECEIVED, -20_000, claim=claim)
    attach(a_credit_row(-3_000, kind=ServiceCredit.Kind.ADJUSTMENT), claim=claim)
    assert register.position_of(claim) == Position(-3_000, -3_000, 20_000)
    attach(a_credit_row(5_000, kind=ServiceCredit.Kind.ADJUSTMENT), claim=claim)
    assert register.position_of(claim) == Position(2_000, 0, 20_000)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "amount", "kind", "left"),
    [
        (S.ENTITLED, S.LAPSED, None, "lapsed", 0),
        (S.ENTITLED, S.NOT_PURSUED, None, "not_pursued", 0),
        (S.SUBMITTED, S.NOT_PURSUED, 4_000, "not_pursued", 16_000),
        (S.SUBMITTED, S.CLOSED, None, "not_pursued", 0),
        (S.REJECTED, S.CLOSED, None, "rejected", 0),
        (S.PARTLY_ACCEPTED, S.CLOSED, None, "rejected", 0),
    ],
)
def test_a_closing_move_takes_off_what_is_still_owed(
    old: ClaimState, new: ClaimState, amount: int | None, kind: str, left: int
) -> None:
    claim = a_claim_of(20_000, state=old)
    (entry,) = moved_to(claim, new, amount=amount)
    assert (entry.kind, register.position_of(claim).owed) == (kind, left)


@pytest.mark.django_db
def test_service_in_kind_is_counted_in_its_own_unit_and_never_stands_in_the_books() -> None:
    a_policy("finalised")
    claim = a_claim_of(20_000)
    attach(a_credit_row(0, pays="service_days", quantity=Fraction(7, 2)), claim=claim)
    assert register.quantities_of(claim) == {"days": Fraction(7, 2)}
    with pytest.raises(ValidationError, match="4 days cannot be taken off"):
        entered(Kind.RECEIVED, claim=claim, quantity=Fraction(-4), unit="days")
    entered(Kind.RECEIVED, claim=claim, quantity=Fraction(-2), unit="days")
    assert register.quantities_of(claim) == {"days": Fraction(3, 2)}
    moved_to(claim, S.NOT_PURSUED)
    assert register.quantities_of(claim) == {"days": 0}
    assert register.position_of(claim) == Position(0, 0, 0)


@pytest.mark.django_db
def test_a_credit_in_another_currency_needs_a_claim_of_its_own() -> None:
    claim = a_claim_of(20_000)
    with pytest.raises(ValidationError, match=r"is in EUR, claim .* in USD. Open a claim in EUR"):
        register.enter_credit(a_credit_row(5_000, currency="EUR"), claim=claim, by=person(), now=JULY)


@pytest.mark.django_db
def test_a_part_moves_to_another_claim_with_what_is_recognised_of_it() -> None:
    claim = a_claim_of(20_000)
    moved_to(claim, S.PARTLY_ACCEPTED, amount=12_000)
    other = a_claim(claim.contract)
    credit = ServiceCredit.objects.get()
    beside = {"old": claim, "new": other, "on": JULY.date(), "by": person(), "now": JULY}
    register.enter_transfer(credit, amount_minor=11_000, **beside)
    assert rows_of(claim)[-1] == ("adjustment", -11_000, -3_000)
    assert rows_of(other) == [("adjustment", 11_000, 3_000)]
    with pytest.raises(ValidationError, match=r"USD 90.00 is owed"):
        register.enter_transfer(credit, amount_minor=9_001, **beside)


@pytest.mark.django_db
def test_a_credit_stands_in_the_month_its_service_period_ends_and_in_the_first_open_one_after_a_close() -> (
    None
):
    entity = an_entity()
    assert register.posting_month(entity, natural_on=date(2019, 6, 30)) == date(2019, 6, 1)
    assert [entry.posting_month for entry in a_claim_of(1).entries.all()] == [date(2019, 6, 1)]
    register.close_months(entity, through=date(2019, 6, 12), by=person(), why="June is in", now=JULY)
    assert register.posting_month(entity, natural_on=date(2019, 6, 30)) == date(2019, 7, 1)
    assert register.posting_month(entity, natural_on=date(2019, 9, 2)) == date(2019, 9, 1)
    assert [entry.posting_month for entry in a_claim_of(1).entries.all()] == [date(2019, 7, 1)]
    # Other companies keep their own books.
    assert register.posting_month(an_entity("acme-nl"), natural_on=date(2019, 6, 1)) == date(2019, 6, 1)


@pytest.mark.django_db
def test_months_are_closed_once_they_are_over_and_only_ever_later() -> None:
    entity = an_entity()
    for through in (date(2019, 7, 1), date(2019, 8, 31)):
        with pytest.raises(ValidationError, match="is not over yet on 2019-07-10"):
            register.close_months(entity, through=through, by=person(), why="x", now=JULY)
    close = register.close_months(entity, through=date(2019, 5, 31), by=person(), why="x", now=JULY)
    assert close.open_from == date(2019, 6, 1)
    for through in (date(2019, 5, 1), date(2018, 12, 1)):
        with pytest.raises(ValidationError, match="closed through 2019-05 already"):
            register.close_months(entity, through=through, by=person(), why="x", now=JULY)
    with pytest.raises(ValidationError, match="reason"):
        register.close_months(entity, through=date(2019, 6, 1), by=person(), why=" ", now=JULY)
    register.close_months(entity, through=date(2019, 6, 1), by=person(), why="x", now=JULY)
    assert register.open_from(entity) == date(2019, 7, 1)


@pytest.mark.django_db
def test_a_month_that_closes_while_a_row_is_entered_refuses_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = a_claim_of(20_000)
    register.close_months(an_entity(), through=date(2019, 6, 1), by=person(), why="x", now=JULY)
    entries = register.entries
    monkeypatch.setattr(entries, "posting_month", lambda *_, **__: date(2019, 6, 1))
    with pytest.raises(ValidationError, match="for 2019-06 were closed while this was entered"):
        entered(Kind.RECEIVED, -1, claim=claim)
    assert len(rows_of(claim)) == 1


MOVES = st.sampled_from([*Kind.values, "undone", "accepted"])


@given(
    at_once=st.booleans(),
    steps=st.lists(st.tuples(MOVES, st.integers(-9_999, 9_999), st.integers(-99, 99)), max_size=25),
)
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_recognised_always_lies_within_what_is_owed(
    at_once: bool, steps: list[tuple[str, int, int]]
) -> None:
    position, written = Position(), []
    for kind, amount, difference in steps:
        for row in planned(kind, amount, difference, position=position, at_once=at_once):
            written.append(row)
            position = Position(
                owed=sum(one.amount for one in written),
                recognised=sum(one.recognised for one in written),
                settled=-sum(one.amount for one in written if one.kind in (Kind.RECEIVED, Kind.EXCHANGE)),
            )
            assert min(position.owed, 0) <= position.recognised <= max(position.owed, 0)


def planned(kind: str, amount: int, difference: int, *, position: Position, at_once: bool) -> list[Movement]:
    """Return what a caller may enter next: never more than is owed, or than has come."""
    if kind in (Kind.RECEIVED, "undone"):
        taken = min(abs(amount), max(position.owed if kind == Kind.RECEIVED else position.settled, 0))
        if not taken:
            return []
        signed = taken if kind == Kind.RECEIVED else -taken
        value = max(signed + difference, 0) if signed > 0 else min(signed + difference, 0)
        return list(settled(signed, value=value, before=position, stands=at_once))
    if kind in (Kind.REJECTED, Kind.NOT_PURSUED, Kind.LAPSED, Kind.WRITTEN_OFF):
        amount = -min(abs(amount), max(position.owed, 0))
    if kind in (Kind.RECOGNISED, Kind.EXCHANGE, "accepted"):
        return []
    return [moved(kind, amount=amount, before=position, at_once=at_once)]


@pytest.mark.django_db
def test_what_is_entered_says_who_when_and_for_which_service_period() -> None:
    claim = a_claim_of(20_000, 5_000, state=S.SUBMITTED)
    (_, received) = entered(Kind.RECEIVED, -25_000, claim=claim, on=date(2019, 8, 2), why="credit note 7")
    entry = RegisterEntry.objects.get(pk=received.pk)
    assert (entry.entity, entry.vendor) == (claim.contract.entity, claim.contract.vendor)
    assert (entry.service_first_on, entry.service_last_on) == (date(2019, 6, 1), date(2019, 6, 30))
    assert (entry.posting_month, entry.recorded_at) == (date(2019, 8, 1), JULY)
    assert (entry.recorded_by, entry.why, entry.unit) == (person(), "credit note 7", "USD")
    assert datetime(2019, 7, 10, 12, tzinfo=UTC) == entry.recorded_at
