"""What a page of an act says of the second person: before the press who it could be, then what waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from vendors.models import Approval
from vendors.services.approvals import act_of, done_or_asked, guarded, names_of, waiting_about, who_could

Made = TypeVar("Made")


@dataclass
class Did:
    """How many changes one request made, and how many it asked a second person for."""

    done: int = 0
    asked: int = 0


def did_on(request: HttpRequest) -> Did:
    """Return what this request did so far."""
    found: Did = request.__dict__.setdefault("_recourse_did", Did())
    return found


def approval_url(approval: Approval) -> str:
    """Return the address of a request."""
    return reverse("admin:vendors_approval_change", args=[approval.pk])


def do_or_ask(request: HttpRequest, act: Callable[[], Made]) -> Made | None:
    """Do an act and return what it made; where it needs a second person, ask, say so, and return None.

    Raises ValidationError where it would be refused in any case.
    """
    made = done_or_asked(act, now=timezone.now())
    if isinstance(made, Approval):
        tell_asked(request, made)
        return None
    did_on(request).done += 1
    return made


def tell_asked(request: HttpRequest, approval: Approval) -> None:
    """Say that a request was written, and lead to it."""
    did_on(request).asked += 1
    text = (
        '{}: nothing is done yet. <a class="underline" href="{}">Your request waits for a second person</a>.'
    )
    messages.warning(request, format_html(text, approval, approval_url(approval)))


def guarded_words(request: HttpRequest, *, models: Iterable[type[models.Model]], row: models.Model) -> str:
    """Return what of a page changes only with a second person, who it could be, and what waits for one."""
    user = cast(User, request.user)
    found = []
    for how in filter(None, map(guarded, models)):
        names = names_of(who_could(how.act, subject=row, by=user))
        if names:
            text = "{}: this needs a second person. {} can approve it; it is asked for when you save."
            found.append(format_html(text, act_of(how.act).label, names))
        for each in waiting_about(how.act, subject=row) if row.pk is not None else ():
            text = '<a href="{}">{} asked for it</a>: it waits for a second person.'
            found.append(format_html(text, approval_url(each), each.asked_by))
    return format_html_join(" ", "{}", [(text,) for text in found])


def second_person(
    request: HttpRequest, *codes: str, subject: models.Model, asks: bool = True, **asked: Any
) -> dict[str, Any]:
    """Return who could approve the first of these acts, and what of all of them waits about a record.

    What cannot be asked for beside the first is among them.
    """
    every = {*codes, *act_of(codes[0]).beside}
    user = cast(User, request.user)
    names = names_of(who_could(codes[0], subject=subject, by=user, **asked)) if asks else ""
    waiting = waiting_about(*every, subject=subject) if subject.pk is not None else []
    return {
        "names": names,
        "waiting": [
            {
                "approval": each,
                "url": approval_url(each),
                "label": act_of(each.act).label if len(every) > 1 else "",
            }
            for each in waiting
        ],
    }
