"""How a claim may move: each of the 121 pairs of states is allowed or refused, in words."""

import pytest

from sla.engine.claims.moves import FINAL, MOVES, OPEN, UNSENT, ClaimState, check_move

# What follows each state, written out again: the table must not change by accident.
FOLLOWING = {
    "protective": "entitled submitted not_pursued lapsed closed",
    "entitled": "submitted accepted credited not_pursued lapsed closed",
    "submitted": "accepted partly_accepted rejected credited not_pursued closed",
    "accepted": "credited contested closed not_pursued",
    "partly_accepted": "contested accepted credited closed not_pursued",
    "rejected": "contested accepted partly_accepted closed not_pursued",
    "contested": "accepted partly_accepted rejected credited closed not_pursued",
    "credited": "closed contested accepted",
    "closed": "",
    "not_pursued": "",
    "lapsed": "",
}
PAIRS = [(old, new, new.value in FOLLOWING[old.value].split()) for old in ClaimState for new in ClaimState]


@pytest.mark.parametrize(
    ("old", "new", "is_allowed"), PAIRS, ids=[f"{old.value}-{new.value}" for old, new, _ in PAIRS]
)
def test_each_pair_of_states_is_allowed_or_refused(
    old: ClaimState, new: ClaimState, is_allowed: bool
) -> None:
    if is_allowed:
        check_move(old, new)
        return
    following = ", ".join(sorted(FOLLOWING[old.value].replace("_", "\x00").split())).replace("\x00", " ")
    hint = (
        f"From there it can only become: {following}." if following else "Nothing follows; open a new claim."
    )
    with pytest.raises(ValueError, match="cannot become") as refused:
        check_move(old, new)
    words = {state: state.value.replace("_", " ") for state in ClaimState}
    assert str(refused.value) == f"A claim that is {words[old]} cannot become {words[new]}. {hint}"


def test_the_table_knows_every_state_and_40_moves() -> None:
    assert set(MOVES) == set(ClaimState)
    assert sum(len(following) for following in MOVES.values()) == 40
    assert {old.value: {new.value for new in following} for old, following in MOVES.items()} == {
        old: set(following.split()) for old, following in FOLLOWING.items()
    }


def test_three_states_end_a_claim_and_two_lie_before_sending() -> None:
    assert {ClaimState.CLOSED, ClaimState.NOT_PURSUED, ClaimState.LAPSED} == FINAL
    assert {ClaimState.PROTECTIVE, ClaimState.ENTITLED} == UNSENT
    assert set(ClaimState) == OPEN | FINAL


def test_what_was_submitted_never_lapses() -> None:
    """Our own deadline is met by then: only an unsent claim can be lost by time."""
    lapsing = {old for old, following in MOVES.items() if ClaimState.LAPSED in following}
    assert lapsing == UNSENT


def test_no_state_follows_itself() -> None:
    assert [old for old, following in MOVES.items() if old in following] == []
