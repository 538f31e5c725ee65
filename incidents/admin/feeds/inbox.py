"""The inbox of feeds: what waits for a person, each kind in one table with one reason and one press."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from incidents.admin.feeds.deciding import NOTHING_OF_OURS, decide, table_of
from incidents.admin.feeds.joins import EffectsOf, joinings
from incidents.models import FeedSource, Incident, Outage, OutageKind, ProposedWindow, UnmatchedName
from incidents.selectors import Inbox, Proposal, attributions, inbox_of
from incidents.services.feeds.conflicts import Conflict, open_conflicts
from incidents.services.feeds.rematching import unexplained_words
from vendors.admin import signed_in
from vendors.models import Service, Vendor

# A table longer than this is for the list of its kind.
MOST_SHOWN = 50
TABLES = ("names", "words", "vendors", "windows", "conflicts", "twins", "letters")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The reason that stands under a table, and what is wrong with what was sent with it."""

    why: str = ""
    wrong: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A name or a word that somebody explains, and what was chosen when the page was sent."""

    asked: UnmatchedName | tuple[FeedSource, str, int]
    field: str
    chosen: str
    services: Sequence[Service] = ()


@dataclass(frozen=True, kw_only=True)
class Posted:
    """Times that a text tells of, beside those by the feed's own clock."""

    window: ProposedWindow
    outage: Outage | None
    minutes: str
    money: str = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A conflict, and the page of the incident or notice that it belongs to."""

    conflict: Conflict
    address: str


@dataclass(frozen=True, kw_only=True)
class Whose:
    """An incident of nobody yet, and whose it seems to be."""

    incident: Incident
    proposals: list[Proposal]
    chosen: str


# What a window would change in money, asked from above: facts know nothing of contracts' terms.
MoneyOf = Callable[[Iterable[ProposedWindow]], Mapping[int, str]]


def inbox_view(
    request: HttpRequest, *, base: Mapping[str, Any], money_of: MoneyOf, effects_of: EffectsOf
) -> HttpResponse:
    """Show what waits, or do what was pressed; what cannot be done is said beside what was chosen."""
    if not request.user.has_perm("incidents.view_feedsource"):
        raise PermissionDenied
    asked = {table: Asked() for table in TABLES}
    if request.method == "POST":
        if not request.user.has_perm("incidents.change_incident"):
            raise PermissionDenied
        try:
            messages.success(request, decide(request, at=timezone.now()))
            return HttpResponseRedirect(reverse("admin:incidents_inbox"))
        except ValidationError as error:
            table = table_of(request)
            if not table or getattr(error, "code", "") == "gone":
                messages.error(request, " ".join(error.messages))
                return HttpResponseRedirect(reverse("admin:incidents_inbox"))
            asked[table] = Asked(why=request.POST.get(f"why_{table}", ""), wrong=error.messages)
    tables = _tables(request, money_of=money_of, effects_of=effects_of)
    context = {**base, "title": "Inbox of feeds", "asked": asked, **tables}
    return TemplateResponse(request, "incidents/feeds/inbox.html", context)


def _tables(request: HttpRequest, *, money_of: MoneyOf, effects_of: EffectsOf) -> dict[str, Any]:
    found = inbox_of(request.user, now=timezone.now())
    words = unexplained_words(FeedSource.objects.all().visible_to(request.user))
    conflicts = open_conflicts(signed_in(request))
    return {
        "names": _names(request, found),
        "without_start": found.without_start[:MOST_SHOWN],
        "unattributed": _whose(request, found),
        "vendors": list(Vendor.objects.all().visible_to(request.user).current().order_by("name")),
        "windows": posted(found.windows[:MOST_SHOWN], money_of=money_of),
        "unconfirmed": found.unconfirmed[:MOST_SHOWN],
        "letters": found.letters[:MOST_SHOWN],
        "twins": joinings(found.twins[:MOST_SHOWN], effects_of=effects_of, both_ways=True),
        "conflicts": [_shown(conflict) for conflict in conflicts[:MOST_SHOWN]],
        "counts": _counts(found, words=words, conflicts=conflicts),
        "words": _words(request, words[:MOST_SHOWN]),
        "kinds": OutageKind.choices,
        "nothing_of_ours": NOTHING_OF_OURS,
    }


def _shown(conflict: Conflict) -> Shown:
    kind = "incidents_incident" if isinstance(conflict.of, Incident) else "incidents_maintenancewindow"
    return Shown(conflict=conflict, address=reverse(f"admin:{kind}_change", args=[conflict.of.pk]))


def _counts(found: Inbox, *, words: list[Any], conflicts: list[Conflict]) -> list[tuple[str, str, int]]:
    kinds: list[tuple[str, str, Any]] = [
        ("names", "without a service", found.names),
        ("words", "not explained", words),
        ("starts", "without a start time", found.without_start),
        ("vendors", "without an attribution", found.unattributed),
        ("windows", "with other times in the text", found.windows),
        ("conflicts", "where the feed says otherwise", conflicts),
        ("times", "to confirm", found.unconfirmed),
        ("twins", "told twice, perhaps", found.twins),
        ("letters", "to read", found.letters),
    ]
    return [
        (anchor, text, len(rows) if isinstance(rows, list) else rows.count()) for anchor, text, rows in kinds
    ]


def _names(request: HttpRequest, found: Inbox) -> list[Choice]:
    services = Service.objects.all().visible_to(request.user).select_related("contract")
    by_vendor: dict[int | None, list[Service]] = {}
    rows = []
    for name in found.names[:MOST_SHOWN]:
        vendor = name.source.vendor_id
        if vendor not in by_vendor:
            by_vendor[vendor] = list(services.filter(contract__vendor=vendor) if vendor else services)
        rows.append(_choice(request, name, field=f"service_{name.pk}", services=by_vendor[vendor]))
    return rows


def _words(request: HttpRequest, words: Iterable[tuple[FeedSource, str, int]]) -> list[Choice]:
    return [_choice(request, each, field=f"word_{each[0].pk}_{each[1]}") for each in words]


def _choice(request: HttpRequest, asked: Any, *, field: str, services: Sequence[Service] = ()) -> Choice:
    return Choice(asked=asked, field=field, chosen=request.POST.get(field, ""), services=services)


def _whose(request: HttpRequest, found: Inbox) -> list[Whose]:
    """Return whose each incident seems to be: the first proposal is chosen until somebody chose otherwise."""
    rows = []
    for incident in found.unattributed.prefetch_related("outages__service__contract__vendor")[:MOST_SHOWN]:
        proposals = attributions(incident)
        likely = str(proposals[0].vendor.pk) if proposals else ""
        chosen = request.POST.get(f"vendor_{incident.pk}", likely)
        rows.append(Whose(incident=incident, proposals=proposals, chosen=chosen))
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
