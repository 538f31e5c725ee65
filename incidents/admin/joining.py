"""What the page of an incident shows of feeds: its views, and what may be the same outage elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from incidents.admin.feeds.joins import Joining, Pair, compared_with, joinings, no_effects
from incidents.admin.feeds.views import join_view, require_change, split_view, views_of
from incidents.admin.records import FactAdmin
from incidents.models import Incident
from incidents.selectors import joined_as, joined_from, twins_of
from incidents.services.feeds.joining import JoinEffect
from incidents.services.outage_changes import outage_changes
from vendors.admin import signed_in
from vendors.admin.records import KEY


class JoinedAdmin(FactAdmin):
    """Pages of incidents that are joined and taken apart."""

    object_history_template = "incidents/history.html"

    def get_urls(self) -> list[URLPattern]:
        """Add joining and taking apart."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/join/", wrap(self.join), name="incidents_incident_join"),
            path("<int:pk>/split/<int:record>/", wrap(self.split), name="incidents_incident_split"),
            *super().get_urls(),
        ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find an incident by the reference of one that was joined to it, too."""
        found, repeats = super().get_search_results(request, queryset, search_term)
        joined = joined_as(search_term) if search_term.strip() else None
        if joined is None:
            return found, repeats
        return queryset.filter(Q(pk__in=found.values("pk")) | Q(pk__in=joined.values("pk"))), False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Lead from the page of an incident that was joined to another to that one."""
        if object_id and self.get_object(request, object_id) is None:
            moved = self._joined_to(request, object_id)
            if moved is not None:
                return moved
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Show below its own fields what each feed says of it, and what may be the same outage."""
        if obj is not None:
            context |= {"views": views_of(obj), "twins": self._joinings(request, incident=obj)}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def effects_of(self, request: HttpRequest, pairs: Iterable[Pair]) -> Mapping[tuple[int, int], JoinEffect]:
        """Return what joining incidents would change, by the keys of both; facts alone know no money."""
        return {}

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show beside its own changes those of its outages."""
        incident = self.get_object(request, object_id)
        changes = outage_changes(incident, reader=signed_in(request)) if incident else []
        return super().history_view(request, object_id, {**(extra_context or {}), "outage_changes": changes})

    def _joined_to(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Return the way to the incident that another was joined to, of those that the reader may see."""
        joined = joined_from(int(object_id)) if KEY.fullmatch(object_id) else None
        incident = self.get_queryset(request).filter(pk__in=joined.values("pk")).first() if joined else None
        if incident is None:
            return None
        messages.info(request, f"The incident of this address was joined to {incident}.")
        return HttpResponseRedirect(reverse("admin:incidents_incident_change", args=[incident.pk]))

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
