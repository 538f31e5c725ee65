"""Make and revoke the tokens that programs use, and keep the answers that they may ask for again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from knox.models import get_digest_token

from vendors.models import ApiToken, KeptAnswer
from vendors.services.system import is_system

USUAL_DAYS, MOST_DAYS = 90, 366
# How much of a token is kept in the clear, to find it by and to tell it from others.
SHOWN = 15
NOTED_EVERY = timedelta(minutes=1)
KEPT_FOR = timedelta(hours=24)


def make_token(
    user: User, *, name: str, scopes: Sequence[str], days: int, by: User, at: datetime
) -> tuple[ApiToken, str]:
    """Make a token that expires `days` after a UTC instant, and return it with its secret, said only now.

    Raises:
        ValidationError: the user is not active, a scope does not exist, the days are not 1 to 366, or
            somebody other than an administrator or the system makes it for another person.

    """
    if user != by and not by.is_superuser and not is_system(by):
        raise ValidationError(
            "Only administrators make tokens for others. Make one for yourself.", code="user"
        )
    if not user.is_active:
        raise ValidationError({"user": f"{user} is not active. Choose an active user."})
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": f"A token lives 1 to {MOST_DAYS} days, not {days}."})
    digest, secret = get_digest_token()
    token = ApiToken(
        user=user,
        name=name.strip(),
        scopes=sorted(set(scopes)),
        expiry=at + timedelta(days=days),
        created_by=by,
        digest=digest,
        token_key=secret[:SHOWN],
    )
    token.full_clean()
    token.save()
    return token, secret


def revoke_token(token: ApiToken, *, by: User, at: datetime) -> None:
    """Let a token open nothing from a UTC instant on; its row stays, to say who made and used it.

    Raises:
        ValidationError: it is of another person, and `by` is no administrator.

    """
    if token.user != by and not by.is_superuser:
        raise ValidationError(f"{token} is not yours. Ask an administrator to revoke it.", code="user")
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at, revoked_by=by)
    token.refresh_from_db()


def why_no_person(user: User, *, token: ApiToken | None) -> str:
    """Return why a request is not the word of a person who looked at something; empty where it is.

    Another person than who asked must decide. A token that somebody else made could be in the hands of who
    asked, and one of a system is nobody's word: only a person who signs in, or a token that such a person
    made, decides.
    """
    if not user.is_staff:
        return f"{user} is no person who signs in to the admin: it decides nothing."
    if token is not None and token.created_by_id != user.pk:
        return (
            f"This token was made by {token.created_by}, not by {user}, and may be in other hands. Decide"
            " in the admin, or with a token that you made there yourself."
        )
    return ""


def note_use(token: ApiToken, *, at: datetime) -> None:
    """Note that a token was used, once a minute at most."""
    if token.last_used_at is None or token.last_used_at < at - NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)


def forget_answers(*, now: datetime) -> None:
    """Delete the kept answers that nobody may ask for any more."""
    KeptAnswer.objects.filter(kept_at__lt=now - KEPT_FOR).delete()
