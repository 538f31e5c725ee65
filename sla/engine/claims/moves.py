"""How a claim may move from state to state: one table, read by every shell.

The states follow what published clauses know (clauses.md 2.8): a claim can be kept open before its
amount is known, answered in part, argued about, and lost by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ClaimState(StrEnum):
    """Where a claim stands."""

    PROTECTIVE = "protective"  # opened to keep a date, before the amount is known
    ENTITLED = "entitled"  # the amount is known and not asked for yet
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"  # also: automatic, expected on an invoice without being asked for
    PARTLY_ACCEPTED = "partly_accepted"
    REJECTED = "rejected"
    CONTESTED = "contested"  # we argue against an answer
    CREDITED = "credited"  # all that was accepted has come
    CLOSED = "closed"
    NOT_PURSUED = "not_pursued"
    LAPSED = "lapsed"  # every reading of the deadline has passed, and a person said so


_S = ClaimState
MOVES: Mapping[ClaimState, frozenset[ClaimState]] = {
    _S.PROTECTIVE: frozenset({_S.ENTITLED, _S.SUBMITTED, _S.NOT_PURSUED, _S.LAPSED, _S.CLOSED}),
    # Some vendors credit, or promise to, before anybody asked.
    _S.ENTITLED: frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.CREDITED, _S.NOT_PURSUED, _S.LAPSED, _S.CLOSED}),
    # Once asked for in time, our own deadline no longer takes it away: it cannot lapse.
    _S.SUBMITTED: frozenset(
        {_S.ACCEPTED, _S.PARTLY_ACCEPTED, _S.REJECTED, _S.CREDITED, _S.NOT_PURSUED, _S.CLOSED}
    ),
    _S.ACCEPTED: frozenset({_S.CREDITED, _S.CONTESTED, _S.CLOSED, _S.NOT_PURSUED}),
    _S.PARTLY_ACCEPTED: frozenset({_S.CONTESTED, _S.ACCEPTED, _S.CREDITED, _S.CLOSED, _S.NOT_PURSUED}),
    # A vendor may think better of its answer without another word from us.
    _S.REJECTED: frozenset({_S.CONTESTED, _S.ACCEPTED, _S.PARTLY_ACCEPTED, _S.CLOSED, _S.NOT_PURSUED}),
    _S.CONTESTED: frozenset(
        {_S.ACCEPTED, _S.PARTLY_ACCEPTED, _S.REJECTED, _S.CREDITED, _S.CLOSED, _S.NOT_PURSUED}
    ),
    # Back to accepted where a receipt is taken back.
    _S.CREDITED: frozenset({_S.CLOSED, _S.CONTESTED, _S.ACCEPTED}),
    _S.CLOSED: frozenset(),
    _S.NOT_PURSUED: frozenset(),
    _S.LAPSED: frozenset(),
}
# A claim in one of these still wants something from somebody.
OPEN = frozenset(state for state, following in MOVES.items() if following)
FINAL = frozenset(ClaimState) - OPEN
# Nothing has gone to the vendor yet: only here does our own deadline run.
UNSENT = frozenset({_S.PROTECTIVE, _S.ENTITLED})


def check_move(old: ClaimState, new: ClaimState) -> None:
    """Refuse a move that the table does not know; raise ValueError that names the allowed ones."""
    if new in MOVES[old]:
        return
    allowed = ", ".join(sorted(state.value.replace("_", " ") for state in MOVES[old]))
    hint = f"From there it can only become: {allowed}." if allowed else "Nothing follows; open a new claim."
    raise ValueError(
        f"A claim that is {old.value.replace('_', ' ')} cannot become {new.value.replace('_', ' ')}. {hint}"
    )
