"""Tell users what somebody else changed of their login."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sla.models import OutboxMessage
from sla.services.outbox import post
from sla.services.outbox.posting import one_line
from vendors import nudges

TEXT = """{name},

{by} {what} your user "{username}" in Recourse, at {at:%Y-%m-%d %H:%M} UTC.

{advice}
"""
TAKEN_ADVICE = """Nobody logs in as you with a password any more.

If you did not ask for this, tell another administrator."""
SET_ADVICE = """Whoever knows that password could act as you. Choose one of your own at once:

{url}

If you did not ask for this, tell another administrator."""
FACTOR_ADVICE = """Set up another one at once, under “Your second factor”: until then a password opens it.

If you did not ask for this, tell another administrator."""
ADDRESS_ADVICE = "Mails go to {address} from now on. If you did not ask for this, tell another administrator."


def tell_new_password(user: User, *, by: User, url: str, now: datetime) -> OutboxMessage | None:
    """Write to a user that somebody else set or took the password; `url` is where to choose another.

    Returns None for a user whom no mail reaches. `now` is a UTC instant.
    """
    is_set = user.has_usable_password()
    return _tell(
        user,
        address=user.email,
        by=by,
        what="set a new password for" if is_set else "took the password from",
        subject="Your password for Recourse was changed",
        advice=SET_ADVICE.format(url=url) if is_set else TAKEN_ADVICE,
        now=now,
    )


def tell_new_address(user: User, *, old: str, by: User, now: datetime) -> OutboxMessage | None:
    """Write to the address that a user had until somebody else changed it; None where no mail reaches it."""
    return _tell(
        user,
        address=old,
        by=by,
        what="changed the e-mail address of",
        subject="Your e-mail address in Recourse was changed",
        advice=ADDRESS_ADVICE.format(address=user.email or "nobody"),
        now=now,
    )


def tell_lost_factor(user: User, *, by: User, now: datetime) -> OutboxMessage | None:
    """Write to a user that somebody else took a second factor away; None where no mail reaches the user."""
    return _tell(
        user,
        address=user.email,
        by=by,
        what="took a second factor from",
        subject="A second factor of yours for Recourse was taken away",
        advice=FACTOR_ADVICE,
        now=now,
    )


def _tell(
    user: User, *, address: str, by: User, what: str, subject: str, advice: str, now: datetime
) -> OutboxMessage | None:
    name = one_line(user.get_full_name() or user.get_username(), most=200)
    text = TEXT.format(
        name=name,
        by=one_line(by.get_full_name() or by.get_username(), most=200),
        what=what,
        username=user.get_username(),
        at=now,
        advice=advice,
    )
    try:
        message = post(
            key=f"account/{user.pk}/{now.isoformat()}/{address}",
            subject=subject,
            text=text,
            address=address,
            name=name,
            reader=user,
            now=now,
        )
    except ValidationError:
        return None
    nudges.after_commit()
    return message
