"""Pages outside the admin: the calendar feed of deadlines, which programs fetch without a session."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from sla.services.deadlines import calendar_reader, deadline_feed
from vendors.callers import origin_of


@login_not_required
@require_safe
def deadline_calendar(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Send the deadlines of the person whom the key belongs to; 404 for any other key."""
    user = calendar_reader(pk, key=key)
    if user is None:
        raise Http404("There is no such calendar, or its address was withdrawn.")
    body = deadline_feed(user, origin=origin_of(request), now=timezone.now())
    return HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": 'inline; filename="recourse-deadlines.ics"',
            # The address is a key: neither proxies nor search engines keep what lies behind it.
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
            "Referrer-Policy": "no-referrer",
        },
    )
