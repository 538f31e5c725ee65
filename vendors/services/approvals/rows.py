"""Records of which some fields change only with a second person: checked wherever one is saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now

from vendors.models import Approval, Tracked
from vendors.services.approvals.asking import request_of, tried
from vendors.services.approvals.checking import Asking, check_second, could_second
from vendors.services.approvals.registry import GuardedRow, act_of, guarded


def check_row(
    row: Tracked,
    *,
    old: Tracked | None,
    fields: Iterable[str],
    links: Mapping[str, Iterable[models.Model]],
    by: User,
    reason: str,
    second: Approval | None,
) -> None:
    """Let a changed or new row be saved, unless another person has to approve it: SecondPersonNeeded."""
    how = guarded(row)
    if how is None:
        return
    names = sorted({*(fields if old is not None else _filled(row))} - how.unasked)
    if not how.concerns(row, old=old, changed={*names, *links}):
        return
    asked: dict[str, Any] = {
        "fields": {name: getattr(row, name) for name in names},
        "links": {name: sorted(targets, key=lambda each: each.pk) for name, targets in links.items()},
        "reason": reason,
    }
    _check(how, subject=old or row, by=by, second=second, asked=asked)


def check_removal(row: Tracked, *, by: User, reason: str, second: Approval | None) -> None:
    """Let a row be removed, unless another person has to approve it: SecondPersonNeeded."""
    how = guarded(row)
    if how is None:
        return
    everything = {field.name for field in row._meta.get_fields()}
    if how.concerns(None, old=row, changed=everything):
        asked = {"fields": {}, "links": {}, "reason": reason, "remove": True}
        _check(how, subject=row, by=by, second=second, asked=asked)


def _check(
    how: GuardedRow, *, subject: Tracked, by: User, second: Approval | None, asked: dict[str, Any]
) -> None:
    why = asked["reason"]
    if second is None and how.weighs is not None:
        asking = Asking(act=act_of(how.act), subject=subject, by=by, why=why, asked=asked)
        if not could_second(asking, most=1):
            return
        now = _clock(by)
        ran, _ = tried(request_of(asking, now=now), now=now)
        if not how.weighs(subject, ran=ran):
            return
    check_second(how.act, subject=subject, by=by, second=second, why=why, **asked)


def _filled(row: Tracked) -> set[str]:
    """Return the fields in which a new row differs from an empty one."""
    return {
        field.name
        for field in row._meta.concrete_fields
        if not field.primary_key and getattr(row, field.attname) != field.get_default()
    }


def _clock(by: User) -> datetime:
    """Return the database's present: which periods are over is no matter of who saves the row."""
    found: datetime = User.objects.annotate(present=Now()).values_list("present", flat=True).get(pk=by.pk)
    return found
