"""The page of one import: what would happen, how far it is, and what came of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from incidents.admin.feeds.columns import columns_view
from incidents.models import FeedUpload, ImportState
from incidents.services.feeds.tallies import LETTER, with_decisions
from incidents.services.feeds.upload_runs import import_upload
from incidents.services.feeds.uploads import ask_for_import, forget_upload, try_upload
from vendors.admin import signed_in

# So many records are brought in while the person waits; more are for the worker.
AT_ONCE = 300
UNDER_WAY = (ImportState.DUE, ImportState.RUNNING)
SHOWN_ROWS = 200
# Whoever imports writes incidents.
MAY_IMPORT = "incidents.change_incident"
UNREADABLE = "Cannot be read"


@admin.register(FeedUpload)
class FeedUploadAdmin(ModelAdmin):
    """The imports."""

    list_display = ["file_name", "source", "by", "uploaded_at", "shown_state", "shown_result"]
    list_filter = ["state", "source"]
    list_select_related = ["source", "by"]
    list_fullwidth = True
    search_fields = ["file_name", "source__code"]
    actions: ClassVar[Any] = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the imports of feeds that the reader may see, without the bytes of their files."""
        return super().get_queryset(request).visible_to(request.user).defer("content")

    def get_urls(self) -> list[URLPattern]:
        """Add what can be done with an import."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/columns/", wrap(self.columns), name="incidents_upload_columns"),
            path("<int:pk>/go/", wrap(require_POST(self.go)), name="incidents_upload_go"),
            path("<int:pk>/drop/", wrap(require_POST(self.drop)), name="incidents_upload_drop"),
            path("<int:pk>/try/", wrap(require_POST(self.try_again)), name="incidents_upload_try"),
            *super().get_urls(),
        ]

    @display(
        description="State",
        ordering="state",
        label={
            "shown": "info",
            "due": "warning",
            "running": "warning",
            "done": "success",
            "failed": "danger",
        },
    )
    def shown_state(self, obj: FeedUpload) -> tuple[str, str]:
        """Return where it stands."""
        return ("failed", UNREADABLE) if obj.is_unreadable else (obj.state, obj.get_state_display())

    @display(description="Records")
    def shown_result(self, obj: FeedUpload) -> str:
        """Return what came of it in short."""
        if obj.state in UNDER_WAY:
            return f"{obj.done} of {obj.total}"
        if obj.error:
            return obj.error[:200]
        return _told(obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: an import begins with a file."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what was imported is told for good."""
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show what would happen, how far it is, or what came of it."""
        upload = self._upload(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Import of {upload.file_name}",
            "upload": upload,
            "is_shown": upload.state == ImportState.SHOWN,
            "is_empty": upload.state == ImportState.SHOWN and not upload.error and upload.holds_nothing,
            "is_under_way": upload.state in UNDER_WAY,
            "letters": [row for row in upload.rows if row["outcome"] == LETTER],
            "rows": with_decisions(
                [row for row in upload.rows if row["outcome"] != LETTER][:SHOWN_ROWS], source=upload.source
            ),
            "left_out": max(0, upload.done - min(SHOWN_ROWS, len(upload.rows))) if upload.rows else 0,
            "is_partly_tried": upload.state == ImportState.SHOWN and upload.done < upload.total,
            "is_table": upload.source.format.table is not None,
            "wrong": UNREADABLE if upload.is_unreadable else "It was not imported",
            "tells_times": any(row.get("windows") for row in upload.rows),
            "inbox_url": reverse("admin:incidents_inbox"),
        }
        return TemplateResponse(request, "incidents/feeds/upload.html", context)

    def columns(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Name the columns of a table."""
        upload = self._importable(request, pk)
        return columns_view(request, upload=upload, base=self.admin_site.each_context(request))

    def go(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Import it: at once where it is small, else when the worker comes to it."""
        upload = self._importable(request, pk)
        try:
            ask_for_import(upload)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            if upload.total <= AT_ONCE:
                import_upload(upload, clock=timezone.now)
                if upload.state == ImportState.DONE:
                    messages.success(request, f"{upload} is imported: {_told(upload) or 'nothing'}.")
        return self._page(upload)

    def drop(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Forget a file that is not wanted."""
        upload = self._importable(request, pk)
        try:
            forget_upload(upload, by=signed_in(request))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return self._page(upload)
        messages.success(request, f"{upload.file_name} is forgotten; nothing was imported.")
        return HttpResponseRedirect(reverse("admin:incidents_feedsource_changelist"))

    def try_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Look again at what would happen, by the rules as they stand now."""
        upload = self._importable(request, pk)
        if upload.state == ImportState.SHOWN:
            try_upload(upload)
        return self._page(upload)

    def _importable(self, request: HttpRequest, pk: Any) -> FeedUpload:
        upload = self._upload(request, pk)
        if not request.user.has_perm(MAY_IMPORT):
            raise PermissionDenied
        return upload

    def _upload(self, request: HttpRequest, pk: Any) -> FeedUpload:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_queryset(request).filter(pk=pk).first() if str(pk).isdecimal() else None
        if found is None:
            raise Http404(f"There is no import {pk} that you may see.")
        upload: FeedUpload = found
        return upload

    def _page(self, upload: FeedUpload) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:incidents_feedupload_change", args=[upload.pk]))


def _told(upload: FeedUpload) -> str:
    """Say in short what became of the records, such as "1 letter, 2 problems"."""
    told = ((count, what.removesuffix("s") if count == 1 else what) for what, count in upload.counts.items())
    return ", ".join(f"{count} {what}" for count, what in told if count)
