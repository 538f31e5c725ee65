"""Beside the fields of a feed: how its fetching goes, where its sender sends to, and what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from incidents.models import FeedDelivery, FeedPoll, FeedSource
from incidents.services.feeds.pushing import address_key, make_address, take_again, withdraw_address
from vendors.admin import signed_in
from vendors.callers import origin_of

SHOWN = 20


def panel_of(source: FeedSource, *, request: HttpRequest, may_change: bool) -> dict[str, Any]:
    """Return what stands beside the fields; the address is a key, so only who may change the feed sees it."""
    whole = Case(When(content__isnull=False, then=True), default=False)
    rows = FeedDelivery.objects.filter(source=source).defer("content").annotate(is_whole=whole)
    return {
        "poll": FeedPoll.objects.filter(source=source).first(),
        "is_fetched": bool(source.url) and source.format.polled,
        "address": _address(source, request=request) if may_change else "",
        "has_address": bool(source.push_key),
        "may_change": may_change,
        "deliveries": rows[:SHOWN],
        "is_offered": source.format.pushed or bool(source.push_key),
    }


def _address(source: FeedSource, *, request: HttpRequest) -> str:
    key = address_key(source)
    if not key:
        return ""
    return f"{origin_of(request)}{reverse('feed', args=[source.pk, key])}"


@require_POST
def address_view(request: HttpRequest, *, source: FeedSource) -> HttpResponse:
    """Make an address, or withdraw it."""
    by = signed_in(request)
    if request.POST.get("do") == "withdraw":
        withdraw_address(source, by=by)
        messages.success(request, "The address is withdrawn: what is sent there is refused from now on.")
    else:
        again = make_address(source, by=by)
        earlier = " The earlier one leads nowhere any more." if again else ""
        messages.success(request, f"Give this address to the sender.{earlier}")
    return _page(source)


@require_safe
def whole_view(request: HttpRequest, *, pk: int, sources: QuerySet[Any]) -> HttpResponse:
    """Send a message that was not taken, as it came: a download, never a page."""
    delivery = _delivery(pk, sources=sources)
    return HttpResponse(
        bytes(delivery.content or b""),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="message-{delivery.pk}.txt"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_POST
def again_view(request: HttpRequest, *, pk: int, source_of: Callable[[int], FeedSource]) -> HttpResponse:
    """Bring a message in that was not taken."""
    found = FeedDelivery.objects.filter(pk=pk).first()
    if found is None:
        raise Http404(f"There is no message {pk} any more.")
    source = source_of(found.source_id)
    try:
        taken = take_again(found, by=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"Taken: {taken.outcome}.")
    return _page(source)


def _delivery(pk: int, *, sources: QuerySet[Any]) -> FeedDelivery:
    found: FeedDelivery | None = FeedDelivery.objects.filter(pk=pk, content__isnull=False).first()
    if found is None:
        raise Http404(f"There is no message {pk} any more.")
    if not sources.filter(pk=found.source_id).exists():
        raise PermissionDenied
    return found


def _page(source: FeedSource) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:incidents_feedsource_change", args=[source.pk]))
