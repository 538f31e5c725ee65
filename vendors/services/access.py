"""Make and revoke the tokens that programs use, and keep the answers that they may ask for again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from knox.models import get_digest_token

from vendors.models import ApiToken, KeptAnswer
from vendors.services.system import SYSTEM_USERNAME, is_system

# By role: makes tokens for systems, and revokes those of anybody.
MAKES, REVOKES = "vendors.add_apitoken", "vendors.change_apitoken"
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
            `by` may not make it for this user.

    """
    why = why_no_token(user, by=by)
    if why:
        raise ValidationError(why, code="user")
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


def token_owners(by: User) -> QuerySet[User]:
    """Return the active users for whom somebody may make a token, by name."""
    active = User.objects.filter(is_active=True).exclude(username=SYSTEM_USERNAME).order_by("username")
    if by.is_superuser:
        return active
    own = Q(pk=by.pk)
    return active.filter(own | _of_systems() if by.has_perm(MAKES) else own).distinct()


def why_no_token(user: User, *, by: User) -> str:
    """Return why somebody may not make a token for a user; empty where they may.

    Whoever has a token of a person acts as that person. So only a superuser, who could be anybody in any
    case, makes one for a person, and who runs commands; an administrator for a system, whose word counts as
    nobody's.
    """
    if user.username == SYSTEM_USERNAME:
        return f"Recourse itself acts as {user}: no token opens anything in its name. Make a user of its own."
    if user == by or by.is_superuser or is_system(by):
        return ""
    if not by.has_perm(MAKES):
        return f"Only administrators make tokens for others, such as {user}. Make one for yourself."
    if not User.objects.filter(_of_systems(), pk=user.pk).exists():
        return (
            f"{user} is a person, or was one: who has the token would act as {user}. Make one for a user that"
            " never logged in, without a password, staff status and superuser status."
        )
    return ""


def _of_systems() -> Q:
    """Keep the users as whom nobody can log in, and nobody ever did, by password or by a linked login."""
    no_password = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)  # nosec B106
    return no_password & Q(is_staff=False, is_superuser=False, last_login=None, socialaccount=None)


def revoke_token(token: ApiToken, *, by: User, at: datetime) -> None:
    """Let a token open nothing from a UTC instant on; its row stays, to say who made and used it.

    Raises:
        ValidationError: it is of another user, and `by` may not change tokens.

    """
    if token.user != by and not by.has_perm(REVOKES):
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
