"""What the page of an incident shows of feeds: its views, and what may be the same outage elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from incidents.admin.feeds.joins import Joining, Pair, compared_with, joinings, no_effects
from incidents.admin.feeds.views import join_view, require_change, split_view, views_of
from incidents.admin.records import FactAdmin
from incidents.models import Incident
from incidents.selectors import twins_of
from incidents.services.feeds.joining import JoinEffect
from vendors.admin import signed_in


class JoinedAdmin(FactAdmin):
    """Pages of incidents that are joined and taken apart."""

    def get_urls(self) -> list[URLPattern]:
        """Add joining and taking apart."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/join/", wrap(self.join), name="incidents_incident_join"),
            path("<int:pk>/split/<int:record>/", wrap(self.split), name="incidents_incident_split"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show below its own fields what each feed says of it, and what may be the same outage."""
        incident = self.get_object(request, object_id) if object_id else None
        extra = dict(extra_context or {})
        if incident is not None:
            extra |= {"views": views_of(incident), "twins": self._joinings(request, incident=incident)}
        return super().changeform_view(request, object_id, form_url, extra)

    def effects_of(self, request: HttpRequest, pairs: Iterable[Pair]) -> Mapping[tuple[int, int], JoinEffect]:
        """Return what joining incidents would change, by the keys of both; facts alone know no money."""
        return {}

    def join(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Join another incident to this one."""
        require_change(request)
        incidents = Incident.objects.visible_to(signed_in(request))
        return join_view(request, incidents=incidents, incident=get_object_or_404(incidents, pk=pk))

    def split(self, request: HttpRequest, pk: int, record: int) -> HttpResponse:
        """Make a view of it an incident of its own."""
        require_change(request)
        incidents = Incident.objects.visible_to(signed_in(request))
        return split_view(request, incident=get_object_or_404(incidents, pk=pk), record_pk=record)

    def _joinings(self, request: HttpRequest, *, incident: Incident) -> list[Joining]:
        """Return what may be the same outage, first the one whose reference was typed to compare it."""
        visible = Incident.objects.visible_to(signed_in(request))
        found = compared_with(request, incidents=visible, incident=incident)
        typed = {each.other for each in found}
        found += [each for each in twins_of(incident, among=visible) if each.other not in typed]
        may_join = request.method == "GET" and self.has_change_permission(request, incident)
        effects_of = partial(self.effects_of, request) if may_join else no_effects
        return joinings(found, effects_of=effects_of, both_ways=False)
