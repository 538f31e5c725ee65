"""The inbox of feeds: what waits for a person, each kind in one table with one reason and one press."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from incidents.models import (
    FeedLetter,
    FeedSource,
    Incident,
    Outage,
    OutageKind,
    ProposedWindow,
    UnmatchedName,
)
from incidents.selectors import Inbox, Proposal, attributions, inbox_of
from incidents.services import accept_window, attribute_incident, decline_window
from incidents.services.feeds.inbox import finish_letter
from incidents.services.feeds.joining import join_incidents
from incidents.services.feeds.rematching import explain_word, match_name, unexplained_words
from vendors.admin import signed_in
from vendors.models import Service, Vendor

# A table longer than this is for the list of its kind.
MOST_SHOWN = 50
NOTHING_OF_OURS = "none"


@dataclass(frozen=True, kw_only=True)
class Posted:
    """Times that a text tells of, beside those by the feed's own clock."""

    window: ProposedWindow
    outage: Outage | None
    minutes: str
    money: str = ""


@dataclass(frozen=True, kw_only=True)
class Whose:
    """An incident of nobody yet, and whose it seems to be."""

    incident: Incident
    proposals: list[Proposal]


# What a window would change in money, asked from above: facts know nothing of contracts' terms.
MoneyOf = Callable[[Iterable[ProposedWindow]], Mapping[int, str]]


def inbox_view(request: HttpRequest, *, base: Mapping[str, Any], money_of: MoneyOf) -> HttpResponse:
    """Show what waits, or do what was pressed."""
    if not request.user.has_perm("incidents.view_feedsource"):
        raise PermissionDenied
    if request.method == "POST":
        if not request.user.has_perm("incidents.change_incident"):
            raise PermissionDenied
        _do(request)
        return HttpResponseRedirect(reverse("admin:incidents_inbox"))
    found = inbox_of(request.user, now=timezone.now())
    words = unexplained_words(FeedSource.objects.all().visible_to(request.user))
    context = {
        **base,
        "title": "Inbox of feeds",
        "names": _names(request, found),
        "without_start": found.without_start[:MOST_SHOWN],
        "unattributed": [
            Whose(incident=each, proposals=attributions(each))
            for each in found.unattributed.prefetch_related("outages__service__contract__vendor")[:MOST_SHOWN]
        ],
        "vendors": list(Vendor.objects.all().visible_to(request.user).current().order_by("name")),
        "windows": posted(found.windows[:MOST_SHOWN], money_of=money_of),
        "unconfirmed": found.unconfirmed[:MOST_SHOWN],
        "letters": found.letters[:MOST_SHOWN],
        "twins": found.twins[:MOST_SHOWN],
        "counts": _counts(found, words=words),
        "words": words[:MOST_SHOWN],
        "kinds": OutageKind.choices,
        "nothing_of_ours": NOTHING_OF_OURS,
    }
    return TemplateResponse(request, "incidents/feeds/inbox.html", context)


def _counts(found: Inbox, *, words: list[Any]) -> list[tuple[str, str, int]]:
    kinds: list[tuple[str, str, Any]] = [
        ("names", "without a service", found.names),
        ("words", "not explained", words),
        ("starts", "without a start time", found.without_start),
        ("vendors", "without an attribution", found.unattributed),
        ("windows", "with other times in the text", found.windows),
        ("times", "to confirm", found.unconfirmed),
        ("twins", "told twice, perhaps", found.twins),
        ("letters", "to read", found.letters),
    ]
    return [
        (anchor, text, len(rows) if isinstance(rows, list) else rows.count()) for anchor, text, rows in kinds
    ]


def _names(request: HttpRequest, found: Inbox) -> list[tuple[UnmatchedName, list[Service]]]:
    services = Service.objects.all().visible_to(request.user).select_related("contract")
    by_vendor: dict[int | None, list[Service]] = {}
    rows = []
    for name in found.names[:MOST_SHOWN]:
        vendor = name.source.vendor_id
        if vendor not in by_vendor:
            by_vendor[vendor] = list(services.filter(contract__vendor=vendor) if vendor else services)
        rows.append((name, by_vendor[vendor]))
    return rows


def posted(windows: Iterable[ProposedWindow], *, money_of: MoneyOf) -> list[Posted]:
    """Return each window beside the outage by its feed's clock, with the difference in minutes and money."""
    rows = list(windows)
    money = money_of(rows)
    return [_posted(window, money=money.get(window.pk, "")) for window in rows]


def _posted(window: ProposedWindow, *, money: str) -> Posted:
    outage = Outage.objects.standing().of_record(window.record).select_related("service").first()
    return Posted(window=window, outage=outage, minutes=_difference(window, outage), money=money)


def _difference(window: ProposedWindow, outage: Outage | None) -> str:
    if outage is None:
        return "no outage recorded"
    told = (window.ends_at - window.starts_at).total_seconds() / 60
    end = outage.counted_until
    if end is None:
        return f"{told:.0f} min, posted as still out"
    posted_minutes = (end - outage.started_at).total_seconds() / 60
    return f"{told:.0f} min instead of {posted_minutes:.0f}"


def _do(request: HttpRequest) -> None:
    """Do what one button of the page asks, with the reason of its table."""
    act, _, key = request.POST.get("do", "").partition(":")
    done = {
        "names": _match_names,
        "words": _explain_words,
        "vendors": _attribute,
        "accept": _accept,
        "decline": _decline,
        "join": _join,
        "letter": _finish,
    }.get(act)
    if done is None:
        messages.error(request, "Nothing was chosen.")
        return
    try:
        said = done(request, key, timezone.now())
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    else:
        messages.success(request, said)


def _match_names(request: HttpRequest, key: str, at: datetime) -> str:
    chosen = {
        name: request.POST.get(f"service_{name.pk}", "")
        for name in UnmatchedName.objects.all().visible_to(request.user)
    }
    services = Service.objects.all().visible_to(request.user)
    changed = count = 0
    for name, value in chosen.items():
        if value == NOTHING_OF_OURS or value.isdecimal():
            meant = list(services.filter(pk=value)) if value.isdecimal() else []
            count += 1
            changed += match_name(
                name, services=meant, by=signed_in(request), at=at, reason=_why(request, "names")
            )
    return f"{count} names are known now; {changed} records changed." if count else "No name was chosen."


def _explain_words(request: HttpRequest, key: str, at: datetime) -> str:
    count = changed = 0
    for source, word, _ in unexplained_words(FeedSource.objects.all().visible_to(request.user)):
        kind = request.POST.get(f"word_{source.pk}_{word}", "")
        if kind == NOTHING_OF_OURS or kind in OutageKind.values:
            reason, by = _why(request, "words"), signed_in(request)
            kind = "" if kind == NOTHING_OF_OURS else kind
            changed += explain_word(source, word=word, kind=kind, by=by, at=at, reason=reason)
            count += 1
    return f"{count} words are explained now; {changed} records changed." if count else "No word was chosen."


def _attribute(request: HttpRequest, key: str, at: datetime) -> str:
    vendors = {str(row.pk): row for row in Vendor.objects.all().visible_to(request.user)}
    count = 0
    for incident in Incident.objects.visible_to(request.user).unattributed():
        vendor = vendors.get(request.POST.get(f"vendor_{incident.pk}", ""))
        if vendor is not None:
            reason = _why(request, "vendors")
            attribute_incident(incident, vendor=vendor, by=signed_in(request), reason=reason)
            count += 1
    return f"{count} incidents are attributed." if count else "No vendor was chosen."


def _accept(request: HttpRequest, key: str, at: datetime) -> str:
    window = _window(request, key)
    changed = accept_window(window, by=signed_in(request), at=at, reason=_why(request, "windows"))
    return f"{len(changed)} outage{'s' * (len(changed) != 1)} of {window.record.incident} took these times."


def _decline(request: HttpRequest, key: str, at: datetime) -> str:
    window = _window(request, key)
    decline_window(window, by=signed_in(request), at=at, reason=_why(request, "windows"))
    return f"The posted times of {window.record.incident} stay."


def _window(request: HttpRequest, key: str) -> ProposedWindow:
    windows = ProposedWindow.objects.all().visible_to(request.user).select_related("record__source")
    return _chosen(windows, key)


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
    return f"{joined} shows both now."


def _finish(request: HttpRequest, key: str, at: datetime) -> str:
    letter = _chosen(FeedLetter.objects.all().visible_to(request.user), key)
    finish_letter(letter, by=signed_in(request), at=at)
    return f"“{letter}” is dealt with."


def _chosen(rows: Any, key: str) -> Any:
    row = rows.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
    if row is None:
        raise ValidationError("What was chosen is not there any more. Look at the page again.", code="gone")
    return row


def _why(request: HttpRequest, table: str) -> str:
    return request.POST.get(f"why_{table}", "").strip()
