"""The page that senders send to: no person sees it, and nobody logs in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from incidents.services.feeds.pushing import (
    LARGEST_MESSAGE,
    is_flood,
    note_refused,
    source_at,
    take_message,
)


@login_not_required
@csrf_exempt
@require_POST
@never_cache
def take_delivery(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Take one message of a feed, of any content type; the address alone says which, and is its key."""
    source, at = source_at(pk, key=key), timezone.now()
    if source is None:
        return _answer("There is no feed at this address, or it was withdrawn.", status=404)
    if is_flood(source, at=at):
        refused = _answer("Too many messages in this minute. Send it again later.", status=429)
        refused["Retry-After"] = "60"
        return refused
    # Read no further than is taken, whatever length it claims to have.
    content = request.read(LARGEST_MESSAGE + 1)
    if len(content) > LARGEST_MESSAGE:
        words = f"It has more than {LARGEST_MESSAGE:,} bytes."
        note_refused(source, at=at, size=len(content), why=f"{words} Nothing of it is kept.")
        return _answer(words, status=413)
    if not content.strip():
        note_refused(source, at=at, size=len(content), why="The message is empty.")
        return _answer("The message is empty.", status=400)
    try:
        taken = take_message(source, content, headers=request.headers, at=at)
    except ValidationError as error:
        status = 403 if error.code == "sender" else 400
        return _answer(" ".join(error.messages)[:500], status=status)
    return JsonResponse({"taken": taken.outcome, **({"not_taken": taken.error[:500]} if taken.error else {})})


def _answer(words: str, *, status: int) -> JsonResponse:
    return JsonResponse({"error": words}, status=status)
