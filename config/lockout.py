"""What a person sees whose login is locked."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_page(request: HttpRequest, response: HttpResponse | None, credentials: Any) -> HttpResponse:
    """Say that too many wrong passwords came: the same for a name that is unknown, or a right password."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    context = {**admin.site.each_context(request), "title": "Locked for a while", "minutes": minutes}
    return render(request, "sign_in/locked.html", context, status=429)
