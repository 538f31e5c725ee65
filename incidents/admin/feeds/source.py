"""The page of a feed: how it is read and fetched, and what its words mean here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from simple_history.template_utils import HistoricalRecordContextHelper
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminPasswordToggleWidget

from incidents.admin.feeds.inbox import inbox_view
from incidents.admin.feeds.joins import Pair
from incidents.admin.feeds.pushing import address_view, again_view, panel_of, whole_view
from incidents.admin.feeds.upload import MAY_IMPORT
from incidents.admin.feeds.wizard import choose_view
from incidents.admin.filters import KindFilter
from incidents.models import ComponentRule, FeedSource, ProposedWindow, SeverityRule
from incidents.selectors import feed_choices
from incidents.services.feeds.fetching import ask_for_fetching
from incidents.services.feeds.joining import JoinEffect
from incidents.services.feeds.rematching import bring_again
from incidents.services.feeds.waiting import waiting_of_feeds
from vendors.admin import RecordAdmin, RecordInline, signed_in
from vendors.admin.records import RecordForm


class FeedSourceForm(RecordForm):
    """The columns of a table are named on a page of their own."""

    class Meta:
        model = FeedSource
        exclude = ("columns",)
        widgets = {
            "signing_secret": UnfoldAdminPasswordToggleWidget(
                attrs={"autocomplete": "new-password", "spellcheck": "false"}, render_value=True
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            offered = [("", "Choose"), *feed_choices(also=self.instance.kind)]
            self.fields["kind"].choices = offered  # type: ignore[attr-defined]

    def add_error(self, field: str | None, error: Any) -> None:
        """Ask for no address where one was given that cannot be used: that is said already."""
        told = getattr(error, "error_dict", {})
        if "url" in told and "url" in self.errors:
            told.pop("url")
        if told or not hasattr(error, "error_dict"):
            super().add_error(field, error)


class FeedChange(HistoricalRecordContextHelper):
    """One change of a feed, in words; of its secret only that it changed."""

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        """Return a value as the history shows it."""
        if change.field == "signing_secret":
            return "not shown" if value else ""
        return super().prepare_delta_change_value(change, value)


class ComponentRuleInline(RecordInline):
    """What the names of parts mean."""

    model = ComponentRule
    autocomplete_fields = ["service"]
    verbose_name_plural = "Its names of parts, and the services that are meant"


class SeverityRuleInline(RecordInline):
    """What the words for severity mean."""

    model = SeverityRule
    verbose_name_plural = "Its words for severity"


def times(count: int) -> str:
    """Write how often: once, or so many times."""
    return "once" if count == 1 else f"{count} times"


@admin.register(FeedSource)
class FeedSourceAdmin(RecordAdmin):
    """The feeds."""

    form = FeedSourceForm
    change_list_template = "incidents/feeds/list.html"
    change_form_template = "incidents/feeds/source.html"
    list_display = ["code", "kind", "vendor", "shown_records", "shown_waiting", "shown_fetching"]
    list_filter = [KindFilter, "vendor"]
    list_select_related = ["vendor", "poll"]
    search_fields = ["code", "vendor__name"]
    autocomplete_fields = ["vendor"]
    inlines = [ComponentRuleInline, SeverityRuleInline]
    actions_detail = ["import_file", "read_again"]
    fieldsets = [
        (None, {"fields": (("code", "kind"), ("vendor", "clock"), "zone")}),
        ("Fetched by itself", {"fields": (("url", "every_minutes"),)}),
        ("Sent to us", {"fields": ("signing_secret",)}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the feeds that the reader may see, with what the list counts."""
        rows = super().get_queryset(request)
        return rows.annotate(records_count=Count("records", distinct=True))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Count once for all feeds what waits."""
        response = super().changelist_view(request, extra_context)
        if hasattr(response, "context_data") and "cl" in (response.context_data or {}):
            waiting = waiting_of_feeds(signed_in(request), now=timezone.now())
            for row in response.context_data["cl"].result_list:
                row.waiting_told = waiting.told(row.code)
        return response

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the secret out for who may only look: a page shows it in full to them."""
        found = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return found
        return [part for part in found if "signing_secret" not in part[1]["fields"]]

    def get_historical_record_context_helper(
        self, request: HttpRequest, historical_record: Any
    ) -> FeedChange:
        """Tell who reads the history of no secret, old or new."""
        return FeedChange(self.model, historical_record)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of an import and the inbox."""
        wrap = self.admin_site.admin_view
        return [
            path("inbox/", wrap(self.inbox), name="incidents_inbox"),
            path("import/", wrap(self.choose), name="incidents_import"),
            path("<int:pk>/import/", wrap(self.choose), name="incidents_import_from"),
            path("<int:pk>/fetch/", wrap(require_POST(self.fetch_now)), name="incidents_feed_fetch"),
            path("<int:pk>/address/", wrap(self.address), name="incidents_feed_address"),
            path("message/<int:pk>/", wrap(self.whole_message), name="incidents_feed_message"),
            path("message/<int:pk>/again/", wrap(self.message_again), name="incidents_feed_message_again"),
            *super().get_urls(),
        ]

    @display(description="Records", ordering="records_count")
    def shown_records(self, obj: Any) -> int:
        """Return how many records were read."""
        return int(obj.records_count)

    @display(description="Waits for you", label="warning")
    def shown_waiting(self, obj: Any) -> str | None:
        """Return what the feed leaves to a person."""
        return getattr(obj, "waiting_told", "") or None

    @display(description="Fetched")
    def shown_fetching(self, obj: FeedSource) -> str:
        """Return how the fetching goes."""
        poll = getattr(obj, "poll", None)
        if not obj.every_minutes:
            if obj.push_key:
                return "sent to us"
            return "by hand" if obj.format.by_file else "sent to us, no address yet"
        if poll is None or poll.fetched_at is None:
            return f"every {obj.every_minutes} min, not yet"
        said = f"failed {times(poll.failures)}" if poll.failures else "well"
        return f"{poll.fetched_at:%Y-%m-%d %H:%M} UTC, {said}"

    @action(description="Import a file", url_path="import-a-file", icon="upload_file")
    def import_file(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Go to the import, with this feed chosen."""
        source = self._changeable(request, object_id)
        if source.format.by_file:
            return HttpResponseRedirect(reverse("admin:incidents_import_from", args=[source.pk]))
        words = f"{source} comes by webhook only: its sender sends it to the address below."
        self.message_user(request, words, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:incidents_feedsource_change", args=[source.pk]))

    @action(description="Read its records again", url_path="read-again", icon="sync")
    def read_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Bring every record in again by the rules as they stand."""
        source = self._changeable(request, object_id)
        changed = bring_again(source, by=signed_in(request), at=timezone.now())
        words = f"{changed} record{'s' * (changed != 1)} changed by the rules as they stand now."
        self.message_user(request, words)
        return HttpResponseRedirect(reverse("admin:incidents_feedsource_change", args=[object_id]))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rules, and bring in again what was read before they were."""
        super().save_related(request, form, formsets, change)
        if change and ("clock" in form.changed_data or any(each.has_changed() for each in formsets)):
            changed = bring_again(form.instance, by=signed_in(request), at=timezone.now())
            if changed:
                words = f"{changed} record{'s' * (changed != 1)} changed by these rules."
                self.message_user(request, words, messages.INFO)

    def inbox(self, request: HttpRequest) -> HttpResponse:
        """Show what feeds leave to a person."""
        return inbox_view(
            request,
            base=self._base(request),
            money_of=partial(self.money_of, request),
            effects_of=partial(self.effects_of, request),
        )

    def money_of(self, request: HttpRequest, windows: Iterable[ProposedWindow]) -> Mapping[int, str]:
        """Return what windows would change in money, by their keys; facts alone know none."""
        return {}

    def effects_of(self, request: HttpRequest, pairs: Iterable[Pair]) -> Mapping[tuple[int, int], JoinEffect]:
        """Return what joining incidents would change, by the keys of both; facts alone know no money."""
        return {}

    def choose(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Choose the feed and the file of an import."""
        source = self._changeable(request, pk) if pk else None
        if not request.user.has_perm(MAY_IMPORT):
            raise PermissionDenied
        return choose_view(request, source=source, base=self._base(request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show beside the fields how it is fetched, and what was sent to it."""
        extra = dict(extra_context or {})
        source = self.get_object(request, object_id) if object_id else None
        if source is not None and request.method == "GET":
            extra |= panel_of(source, request=request, may_change=self.has_change_permission(request, source))
        return super().changeform_view(request, object_id, form_url, extra)

    def fetch_now(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a feed be fetched now: by a worker, as its schedule does, never by this page."""
        source = self._changeable(request, pk)
        try:
            ask_for_fetching(source, at=timezone.now())
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, f"{source} is fetched as soon as a worker is free. Look here again.")
        return HttpResponseRedirect(reverse("admin:incidents_feedsource_change", args=[pk]))

    def address(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the address that a feed is sent to, or withdraw it."""
        return address_view(request, source=self._changeable(request, pk))

    def whole_message(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a message that was not taken, as it came."""
        return whole_view(request, pk=pk, sources=self.get_queryset(request))

    def message_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Bring a message in that was not taken."""
        return again_view(request, pk=pk, source_of=lambda key: self._changeable(request, key))

    def _changeable(self, request: HttpRequest, pk: int | str) -> FeedSource:
        source = self.get_object(request, str(pk))
        if source is None:
            raise Http404(f"There is no feed {pk} that you may see.")
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        found: FeedSource = source
        return found

    def _source(self, request: HttpRequest, pk: int | None) -> Any:
        return self.get_queryset(request).filter(pk=pk).first() if pk else None

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request)
