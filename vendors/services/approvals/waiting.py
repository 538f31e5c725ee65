"""What waits for a second person: for one reader, and about one record."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q

from vendors.models import ApiToken, Approval, ApprovalQuerySet, sees_all_vendors
from vendors.services.approvals.asking import subject_of
from vendors.services.approvals.checking import Asking, could_second, others_who
from vendors.services.approvals.registry import Place, act_of, acts


def readable(user: User) -> ApprovalQuerySet:
    """Return the requests that a person may read: the own ones, and those that the person could decide.

    With the permission to read requests also the others about vendors that the person sees, and those about
    none where the person sees all: a webhook or a limit of the house is no matter of who sees a part of it.
    """
    rows: ApprovalQuerySet = Approval.objects.all().visible_to(user)
    own = Q(asked_by=user) | Q(act__in=_permitted(user))
    if not user.has_perm("vendors.view_approval"):
        return rows.filter(own)
    return rows if sees_all_vendors(user) else rows.filter(own | ~Q(contract=None) | ~Q(vendor=None))


def may_read(user: User) -> bool:
    """Say whether a person has to do with requests at all."""
    return user.has_perm("vendors.view_approval") or bool(_permitted(user))


def to_decide(user: User) -> ApprovalQuerySet:
    """Return the requests that wait for this person: of others, and within what the person may do."""
    rows: ApprovalQuerySet = Approval.objects.all().visible_to(user).waiting()
    systems = ApiToken.objects.filter(created_by=user).order_by().values("user")
    others = rows.exclude(asked_by=user).exclude(asked_by__in=systems)
    return others.filter(act__in=_permitted(user)).order_by("asked_at", "pk")


def asked_and_waiting(user: User) -> ApprovalQuerySet:
    """Return the person's own requests that nobody has decided yet."""
    rows: ApprovalQuerySet = Approval.objects.waiting()
    return rows.filter(asked_by=user).order_by("asked_at", "pk")


def waiting_about(*codes: str, subject: models.Model) -> list[Approval]:
    """Return the requests about one record that wait, the earliest first."""
    rows = Approval.objects.waiting().filter(act__in=codes, model=subject._meta.label_lower, row=subject.pk)
    return list(rows.select_related("asked_by").order_by("pk"))


def who_could(code: str, *, subject: models.Model, by: User, **asked: Any) -> list[User]:
    """Return who could approve an act of this person; nobody: it is done at once."""
    return could_second(Asking(act=act_of(code), subject=subject, by=by, why="", asked=asked))


def who_could_decide(approval: Approval) -> list[User]:
    """Return who could approve or refuse a request."""
    try:
        row = subject_of(approval)
    except ObjectDoesNotExist:
        return []
    place = Place(contract=approval.contract, vendor=approval.vendor)
    return others_who(act_of(approval.act), by=approval.asked_by, row=row, place=place)


def _permitted(user: User) -> list[str]:
    return [code for code, act in acts().items() if user.has_perm(act.permission)]
