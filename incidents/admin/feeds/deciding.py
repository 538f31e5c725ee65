"""What the buttons of the inbox do: each table with one reason, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from incidents.admin.feeds.views import said_of_join
from incidents.models import (
    FeedLetter,
    FeedSource,
    Incident,
    OutageKind,
    ProposedWindow,
    UnmatchedName,
)
from incidents.services import accept_window, attribute_incident, decline_window
from incidents.services.feeds.conflicts import Conflict, keep_ours, open_conflicts, take_theirs
from incidents.services.feeds.inbox import finish_letter, set_aside
from incidents.services.feeds.joining import join_incidents
from incidents.services.feeds.rematching import explain_word, match_name, unexplained_words
from vendors.admin import signed_in
from vendors.models import Service, Vendor
from vendors.services import checked_reason

NOTHING_OF_OURS = "none"


def table_of(request: HttpRequest) -> str:
    """Return the table of the page whose button was pressed, empty where there is no such button."""
    return ACTS.get(_pressed(request)[0], ("", _nothing))[0]


def decide(request: HttpRequest, *, at: datetime) -> str:
    """Do what a button of the page asks and return what was done. Raises ValidationError: nothing is."""
    act, key = _pressed(request)
    _, done = ACTS.get(act, ("", _nothing))
    with transaction.atomic():
        return done(request, key, at)


def _pressed(request: HttpRequest) -> tuple[str, str]:
    act, _, key = request.POST.get("do", "").partition(":")
    return act, key


def _nothing(request: HttpRequest, key: str, at: datetime) -> str:
    raise ValidationError("Nothing was chosen.", code="gone")


def _match_names(request: HttpRequest, key: str, at: datetime) -> str:
    reason, by = _why(request, "names"), signed_in(request)
    services = Service.objects.all().visible_to(request.user)
    count = changed = 0
    for name in UnmatchedName.objects.all().visible_to(request.user):
        value = request.POST.get(f"service_{name.pk}", "")
        if value == NOTHING_OF_OURS or value.isdecimal():
            meant = list(services.filter(pk=value)) if value.isdecimal() else []
            changed += match_name(name, services=meant, by=by, at=at, reason=reason)
            count += 1
    return _told(count, what="name", done="known now", changed=changed)


def _explain_words(request: HttpRequest, key: str, at: datetime) -> str:
    reason, by = _why(request, "words"), signed_in(request)
    count = changed = 0
    for source, word, _ in unexplained_words(FeedSource.objects.all().visible_to(request.user)):
        kind = request.POST.get(f"word_{source.pk}_{word}", "")
        if kind == NOTHING_OF_OURS or kind in OutageKind.values:
            kind = "" if kind == NOTHING_OF_OURS else kind
            changed += explain_word(source, word=word, kind=kind, by=by, at=at, reason=reason)
            count += 1
    return _told(count, what="word", done="explained now", changed=changed)


def _told(count: int, *, what: str, done: str, changed: int) -> str:
    if not count:
        raise ValidationError(f"No {what} was chosen: choose beside at least one what it means.", code="none")
    return f"{_number(count, what)} {_are(count)} {done}; {_number(changed, 'record')} changed."


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _attribute(request: HttpRequest, key: str, at: datetime) -> str:
    reason, by = _why(request, "vendors"), signed_in(request)
    vendors = {str(row.pk): row for row in Vendor.objects.all().visible_to(request.user)}
    count = nobodys = 0
    for incident in Incident.objects.visible_to(request.user).unattributed():
        chosen = request.POST.get(f"vendor_{incident.pk}", "")
        if chosen == NOTHING_OF_OURS:
            set_aside(incident, by=by, at=at, reason=reason)
            nobodys += 1
        elif (vendor := vendors.get(chosen)) is not None:
            attribute_incident(incident, vendor=vendor, by=by, reason=reason)
            count += 1
    if not count + nobodys:
        raise ValidationError("No vendor was chosen: choose one beside at least one incident.", code="none")
    said = [f"{_number(count, 'incident')} {_are(count)} attributed."] * bool(count)
    does = "does" if nobodys == 1 else "do"
    said += [f"{_number(nobodys, 'incident')} {does} not concern us."] * bool(nobodys)
    return " ".join(said)


def _accept(request: HttpRequest, key: str, at: datetime) -> str:
    window = _window(request, key)
    changed = accept_window(window, by=signed_in(request), at=at, reason=_why(request, "windows"))
    return f"{_number(len(changed), 'outage')} of {window.record.incident} took these times."


def _decline(request: HttpRequest, key: str, at: datetime) -> str:
    window = _window(request, key)
    decline_window(window, by=signed_in(request), at=at, reason=_why(request, "windows"))
    return f"The posted times of {window.record.incident} stay."


def _window(request: HttpRequest, key: str) -> ProposedWindow:
    windows = ProposedWindow.objects.all().visible_to(request.user).select_related("record__source")
    return _chosen(windows, key)


def _keep_ours(request: HttpRequest, key: str, at: datetime) -> str:
    conflict = _conflict(request, key)
    keep_ours(conflict, by=signed_in(request), at=at, reason=_why(request, "conflicts"))
    return f"{conflict.of}: {conflict.what} stays {conflict.ours}, until the feed says something else."


def _take_theirs(request: HttpRequest, key: str, at: datetime) -> str:
    conflict = _conflict(request, key)
    take_theirs(conflict, by=signed_in(request), at=at, reason=_why(request, "conflicts"))
    return f"{conflict.of}: {conflict.what} is {conflict.theirs} now, and follows the feed."


def _conflict(request: HttpRequest, key: str) -> Conflict:
    found = next((row for row in open_conflicts(signed_in(request)) if row.key == key), None)
    if found is None:
        raise _gone()
    return found


def _join(request: HttpRequest, key: str, at: datetime) -> str:
    kept, _, other = key.partition(":")
    incidents = Incident.objects.visible_to(request.user)
    joined = join_incidents(
        _chosen(incidents, kept),
        _chosen(incidents, other),
        by=signed_in(request),
        at=at,
        reason=_why(request, "twins"),
    )
    return said_of_join(joined)


def _finish(request: HttpRequest, key: str, at: datetime) -> str:
    letter = _chosen(FeedLetter.objects.all().visible_to(request.user), key)
    finish_letter(letter, by=signed_in(request), at=at)
    return f"“{letter}” is dealt with."


def _chosen(rows: Any, key: str) -> Any:
    row = rows.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
    if row is None:
        raise _gone()
    return row


def _gone() -> ValidationError:
    return ValidationError(
        "What was chosen is not there any more; the page shows what is there now.", code="gone"
    )


def _why(request: HttpRequest, table: str) -> str:
    return checked_reason(request.POST.get(f"why_{table}", ""))


Act = Callable[[HttpRequest, str, datetime], str]
# What a button says -> the table that it stands in, and what is done.
ACTS: Mapping[str, tuple[str, Act]] = {
    "names": ("names", _match_names),
    "words": ("words", _explain_words),
    "vendors": ("vendors", _attribute),
    "accept": ("windows", _accept),
    "decline": ("windows", _decline),
    "ours": ("conflicts", _keep_ours),
    "theirs": ("conflicts", _take_theirs),
    "join": ("twins", _join),
    "letter": ("letters", _finish),
}
