"""State, agree or decide a fact of an incident; what was said stays said."""

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from incidents.models import Party, Position
from vendors.services import Saved, save_record


def state_position(position: Position, *, by: User, reason: str) -> Saved:
    """Record what we or the vendor say; a later statement of the same party replaces an earlier one.

    Raises:
        ValidationError: the party is neither, or the statement is already on file.

    """
    if position.party not in (Party.OURS, Party.VENDORS):
        raise ValidationError(
            f"'{position.get_party_display()}' is no statement of one side. "
            "Agree to a statement on file, or decide it.",
            code="party",
        )
    return record_position(position, by=by, reason=reason)


@transaction.atomic
def record_position(position: Position, *, by: User, reason: str) -> Saved:
    """Record what was said by whomever it names.

    Raises:
        ValidationError: the row is on file and would say something else; record a new one.

    """
    stored = Position.objects.filter(pk=position.pk).first() if position.pk else None
    if stored and _content(stored) != _content(position):
        raise ValidationError(
            f"'{stored}' is on file since {stored.stated_at:%Y-%m-%d %H:%M} UTC and stays. "
            "Add a new row with what is said now.",
            code="on_file",
        )
    return save_record(position, by=by, reason=reason)


def agree_position(position: Position, *, stated_by: str, at: datetime, by: User, reason: str) -> Position:
    """Record that both sides now hold what this statement says, and return the new row (`at` in UTC)."""
    return _settled(position, party=Party.AGREED, clause="", stated_by=stated_by, at=at, by=by, reason=reason)


def determine_position(
    position: Position, *, clause: str, stated_by: str, at: datetime, by: User, reason: str
) -> Position:
    """Record that this statement was decided under a clause, and return the new row (`at` in UTC)."""
    return _settled(
        position, party=Party.DETERMINED, clause=clause, stated_by=stated_by, at=at, by=by, reason=reason
    )


COPIED = (
    "incident",
    "outage",
    "about",
    "started_at",
    "ended_at",
    "responsible",
    "share_numerator",
    "share_denominator",
    "exclusion",
)


def _settled(
    position: Position, *, party: Party, clause: str, stated_by: str, at: datetime, by: User, reason: str
) -> Position:
    settled = Position(
        **{name: getattr(position, name) for name in COPIED},
        party=party,
        clause=clause or position.clause,
        stated_by=stated_by,
        stated_at=at,
        why=reason,
    )
    record_position(settled, by=by, reason=reason)
    return settled


def _content(position: Position) -> tuple[object, ...]:
    """Give what makes it the statement that it is; the wording of the reason may be improved."""
    return tuple(getattr(position, name) for name in (*COPIED, "party", "stated_by", "stated_at"))
