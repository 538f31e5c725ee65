"""The one check that services call: whether this person may do it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models

from vendors.models import ApiToken, Approval, Contract, Vendor
from vendors.services.approvals.plain import to_plain
from vendors.services.approvals.registry import Act, Place, act_of
from vendors.services.system import is_system

BACKEND = "django.contrib.auth.backends.ModelBackend"
MOST_NAMED = 5

# The request that is being tried or carried out; no other counts as an approval.
_carried: ContextVar[Approval | None] = ContextVar("carried", default=None)


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What somebody wants to do: all that is needed to do it later."""

    act: Act
    subject: models.Model
    by: User
    why: str
    asked: dict[str, Any]

    @property
    def place(self) -> Place:
        """Return where it belongs."""
        return self.act.place(self.subject, **self.asked)

    @property
    def named(self) -> str:
        """Return what it is about, as it is printed."""
        return self.act.named(self.subject, **self.asked)


class SecondPersonNeeded(ValidationError):
    """An act was held: another person has to approve it. `ask(needed)` writes the request."""

    def __init__(self, asking: Asking, *, others: Iterable[User]) -> None:
        self.asking = asking
        names = names_of(others)
        super().__init__(
            f"{asking.act.label}, {asking.named}: this needs a second person, since {names} could approve it."
            " Nothing was changed. Ask for it where it is done in the admin.",
            code="second_person",
        )


def names_of(people: Iterable[User]) -> str:
    """Write people by name, the first few of them."""
    found = [user.get_full_name() or user.get_username() for user in people]
    shown = found if len(found) <= MOST_NAMED else [*found[:MOST_NAMED], "somebody else"]
    return " or ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def with_second(reason: str, *, second: Approval | None) -> str:
    """Return a reason with who approved it, as histories keep it."""
    if second is None or second.decided_by is None:
        return reason
    return f"{reason} (approved by {names_of([second.decided_by])}, request {second.pk})"


def check_second(
    code: str, *, subject: models.Model, by: User, second: Approval | None, why: str, **asked: Any
) -> None:
    """Let an act go on that its person may do alone, or that another one approved.

    Services call it with what they were asked, before they write. Raises SecondPersonNeeded, and
    ValidationError for an approval of something else.
    """
    asking = Asking(act=act_of(code), subject=subject, by=by, why=why, asked=asked)
    if second is not None:
        _check_carried(asking, second=second)
        return
    others = could_second(asking, most=MOST_NAMED + 1)
    if others:
        raise SecondPersonNeeded(asking, others=others)


def _check_carried(asking: Asking, *, second: Approval) -> None:
    same = (
        second is _carried.get()
        and second.act == asking.act.code
        and second.asked_by_id == asking.by.pk
        and (second.model, second.row) == (asking.subject._meta.label_lower, asking.subject.pk)
        and second.asked == to_plain(asking.asked)
    )
    if not same:
        raise ValidationError(
            f"Request {second.pk} does not approve this: {asking.act.label}, {asking.named}. Ask anew.",
            code="second_person",
        )


@contextmanager
def carried(approval: Approval) -> Iterator[None]:
    """Let services take a request for an approval, while it is tried or carried out."""
    token = _carried.set(approval)
    try:
        yield
    finally:
        _carried.reset(token)


def needs_second(code: str, *, subject: models.Model, by: User, **asked: Any) -> bool:
    """Say whether a person may not do it alone: somebody else could approve it."""
    asking = Asking(act=act_of(code), subject=subject, by=by, why="", asked=asked)
    return bool(could_second(asking, most=1))


def could_second(asking: Asking, *, most: int | None = None) -> list[User]:
    """Return who else could approve: active, with the permission, and seeing what it is about.

    Nobody where fewer than two people could do it at all: the rule of two begins with them. What the system
    does by itself has rules of its own, and nobody to ask.
    """
    if is_system(asking.by):
        return []
    act, row, place = asking.act, asking.subject, asking.place
    enough = None if most is None else max(most, 2)
    found = others_who(act, by=asking.by, row=row, place=place, most=enough)
    if len(found) == 1 and not may_act(asking.by, act=act, row=row, place=place):
        return []
    return found if most is None else found[:most]


def others_who(act: Act, *, by: User, row: models.Model, place: Place, most: int | None = None) -> list[User]:
    """Return who else may do it as far as permission and sight go, by name."""
    return others_with(act.permission, by=by, row=row, place=place, most=most)


def others_with(
    permission: str, *, by: User, row: models.Model, place: Place, most: int | None = None
) -> list[User]:
    """Return who else holds a permission and sees a row, by name.

    People only: those who sign in, and could not have asked in the name of `by` themselves.
    """
    people = _permitted(permission).filter(is_staff=True).exclude(pk=by.pk)
    people = people.exclude(pk__in=makers_of_tokens(by))
    return list(islice((user for user in people if sees(user, row=row, place=place)), most))


def makers_of_tokens(user: User) -> models.QuerySet[Any]:
    """Return the keys of who ever made a token of a user: whoever has it does things in that name."""
    return ApiToken.objects.filter(user=user, created_by__isnull=False).order_by().values("created_by")


def may_act(user: User, *, act: Act, row: models.Model, place: Place) -> bool:
    """Say whether somebody may do it as far as permission and sight go."""
    return user.is_active and user.has_perm(act.permission) and sees(user, row=row, place=place)


def _permitted(permission: str) -> models.QuerySet[User]:
    people = User.objects.with_perm(permission, backend=BACKEND)
    found: models.QuerySet[User] = people.order_by("username").distinct()
    return found


def sees(user: User, *, row: models.Model, place: Place) -> bool:
    """Say whether somebody sees a row; one that is yet to be made by where it belongs."""
    rows: Any = type(row)._default_manager.all()
    if row.pk is not None and hasattr(rows, "visible_to"):
        rows = rows.visible_to(user)
    if row.pk is not None and not rows.filter(pk=row.pk).exists():
        return False
    if place.contract is not None:
        return Contract.objects.all().visible_to(user).filter(pk=place.contract.pk).exists()
    if place.vendor is not None:
        return Vendor.objects.all().visible_to(user).filter(pk=place.vendor.pk).exists()
    return True
