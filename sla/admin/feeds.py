"""What the contracts say of feeds and notices: their admin classes, registered again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from incidents.admin import FeedSourceAdmin, MaintenanceWindowAdmin
from incidents.models import FeedSource, Incident, MaintenanceWindow, ProposedWindow
from incidents.services.feeds.joining import JoinEffect
from sla.services.joins import effects_of_joins
from sla.services.narrated import money_of_windows
from sla.services.notices import judge_notice
from vendors.admin import signed_in

admin.site.unregister([FeedSource, MaintenanceWindow])


@admin.register(FeedSource)
class FeedPageAdmin(FeedSourceAdmin):
    """The feeds, with what times that a text tells of would change in money."""

    def money_of(self, request: HttpRequest, windows: Iterable[ProposedWindow]) -> Mapping[int, str]:
        """Return what windows would change in money, by their keys."""
        return money_of_windows(windows, user=signed_in(request), now=timezone.now())

    def effects_of(
        self, request: HttpRequest, pairs: Iterable[tuple[Incident, Incident]]
    ) -> Mapping[tuple[int, int], JoinEffect]:
        """Return what joining incidents would change in money, and whose clock holds then."""
        return effects_of_joins(pairs, user=signed_in(request), now=timezone.now())


@admin.register(MaintenanceWindow)
class NoticePageAdmin(MaintenanceWindowAdmin):
    """A notice of work with what each clause makes of it."""

    change_form_template = "sla/notice.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show what the contracts say of the notice above its own fields."""
        extra = dict(extra_context or {})
        window = self.get_object(request, object_id) if object_id else None
        if window is not None and request.method == "GET":
            judged = judge_notice(window, user=signed_in(request), now=timezone.now())
            extra |= {"window": window, "judged": judged}
        return super().changeform_view(request, object_id, form_url, extra)
