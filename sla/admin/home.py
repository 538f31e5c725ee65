"""The home page is a worklist."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from sla.services.worklist import worklist
from vendors.admin import signed_in


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Give the home page what waits for the person at the screen."""
    return {
        **context,
        "work": worklist(signed_in(request), now=timezone.now()),
        "month_end_url": f"{reverse('admin:sla_reports')}#month_end_pack",
        "title": "What waits for you",
    }
