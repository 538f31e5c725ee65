"""What a person does about a message that is in doubt, was given up, or should not leave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import OutboxAct, OutboxMessage
from vendors.services import checked_reason

State = OutboxMessage.State
# What may become of a message by a person's hand, and from where.
ACTS: Mapping[State, frozenset[State]] = {
    State.WAITING: frozenset({State.IN_DOUBT, State.GIVEN_UP}),
    State.SENT: frozenset({State.IN_DOUBT}),
    State.CANCELLED: frozenset({State.WAITING, State.IN_DOUBT, State.GIVEN_UP}),
}

WAITS = frozenset({State.WAITING})


def send_again(message: OutboxMessage, *, by: User, why: str, now: datetime) -> OutboxMessage:
    """Let a message that is in doubt or was given up leave once more, with the same number of the mail."""
    return _act(message, new=State.WAITING, by=by, why=why, now=now, next_at=now, attempts=0, error="")


def note_arrived(message: OutboxMessage, *, by: User, why: str, now: datetime) -> OutboxMessage:
    """Say that a message in doubt did arrive: the reader has it."""
    return _act(message, new=State.SENT, by=by, why=why, now=now, sent_at=now)


def cancel(message: OutboxMessage, *, by: User, why: str, now: datetime) -> OutboxMessage:
    """Let a message that was not taken yet never leave."""
    return _act(message, new=State.CANCELLED, by=by, why=why, now=now)


def try_now(message: OutboxMessage, *, by: User, why: str, now: datetime) -> OutboxMessage:
    """Let a message that waits for its next try leave at once, as if it had never been tried."""
    return _act(message, new=State.WAITING, old=WAITS, by=by, why=why, now=now, next_at=now, attempts=0)


@transaction.atomic
def _act(
    message: OutboxMessage,
    *,
    new: State,
    by: User,
    why: str,
    now: datetime,
    old: frozenset[State] | None = None,
    **values: object,
) -> OutboxMessage:
    """Move a message by hand and keep who did it and why; raise ValidationError where it cannot."""
    reason = checked_reason(why)
    row: OutboxMessage = OutboxMessage.objects.select_for_update().get(pk=message.pk)
    if row.state not in (ACTS[new] if old is None else old):
        raise ValidationError(
            f"This message is {row.get_state_display().lower()}: it cannot become"
            f" {new.label.lower()}. Look at it again.",
            code="state",
        )
    OutboxAct.objects.create(message=row, old_state=row.state, new_state=new, at=now, by=by, why=reason)
    for name, value in {"state": new, "token": "", "lease_until": None, **values}.items():  # nosec B105
        setattr(row, name, value)
    row.save()
    return row
