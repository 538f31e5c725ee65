"""Who comes in: the key is checked before a body is read, and whoever has none learns nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from sla.models import StatementLink, StatementLinkView
from sla.services.links.drafting import LARGEST_ANSWER
from sla.services.links.opening import (
    MOST_OF_A_LINK,
    MOST_OF_AN_ADDRESS,
    Visitor,
    is_flood,
    note_view,
    open_link,
)
from vendors.callers import seen_address

# What an answer may have, and the words and boundaries around it.
LARGEST_BODY = LARGEST_ANSWER + 4_000_000
HEADERS = {
    # The address is a key: neither proxies nor search engines keep what lies behind it.
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request of somebody who has a key that holds."""

    key: str
    link: StatementLink
    by: Visitor
    now: datetime

    def note(self, what: StatementLinkView.What) -> None:
        """Write down what was asked for."""
        note_view(self.link, what=what, by=self.by, now=self.now)


View = Callable[..., HttpResponse]


def linked(*methods: str) -> Callable[[View], View]:
    """Let in requests with a key that holds, as a `Visit`; answer all others alike."""

    def decorate(view: View) -> View:
        protected = csrf_protect(view)

        @login_not_required
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, key: str, **kwargs: Any) -> HttpResponse:
            response = _refused(request, key) or _let_in(request, key)
            if isinstance(response, Visit):
                allowed = request.method in methods
                response = (
                    protected(request, response, **kwargs) if allowed else HttpResponseNotAllowed(methods)
                )
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return guarded

    return decorate


def _refused(request: HttpRequest, key: str) -> HttpResponse | None:
    """Return the answer to who asks too often or sends too much, None for others."""
    name = f"address/{seen_address(request) or ''}"
    if is_flood(name, most=MOST_OF_AN_ADDRESS, now=timezone.now()):
        return too_many(request)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        return plain(request, title="Too large", text="The files are too large together.", status=413)
    return None


def _let_in(request: HttpRequest, key: str) -> HttpResponse | Visit:
    now = timezone.now()
    link = open_link(key, now=now)
    if link is None:
        return nothing_here(request)
    if is_flood(f"link/{link.pk}", most=MOST_OF_A_LINK, now=now):
        return too_many(request)
    agent = request.headers.get("User-Agent", "")
    return Visit(key=key, link=link, by=Visitor(address=seen_address(request) or "", agent=agent), now=now)


def nothing_here(request: HttpRequest) -> HttpResponse:
    """Answer a key that opens nothing, whatever the reason."""
    text = "This address opens nothing. Ask whoever sent it to you for a new one."
    return plain(request, title="Nothing here", text=text, status=404)


def too_many(request: HttpRequest) -> HttpResponse:
    """Ask for a pause."""
    text = "Too many requests in this minute. Please wait a minute and try again."
    response = plain(request, title="One moment", text=text, status=429)
    response.headers["Retry-After"] = "60"
    return response


def plain(request: HttpRequest, *, title: str, text: str, status: int) -> HttpResponse:
    """Return a page of one sentence."""
    return render(request, "sla/link/plain.html", {"title": title, "text": text}, status=status)


def with_form(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Return a page with a form.

    With no referrer at all browsers send forms as from nowhere, which the check against forged ones refuses;
    so no other site gets one, and ours does.
    """
    response = render(request, template, context)
    response.headers["Referrer-Policy"] = "same-origin"
    return response
