"""Import contracts, bills or a portfolio: choose the file, see what would happen, import it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from sla.admin.register_forms import ImportForm, ReadingForm
from sla.services import register_uploads
from sla.services.portfolio import empty_portfolio
from sla.services.register_reports import nothing_because, told
from vendors.admin import signed_in
from vendors.models import RegisterUpload, sees_all_vendors

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
State = RegisterUpload.State
UNDER_WAY = (State.LOOKING, State.DUE, State.RUNNING)
NEEDED = ("vendors.add_contract", "vendors.change_contract", "vendors.add_vendor", "vendors.add_charge")


def may_import(request: HttpRequest) -> bool:
    """Say whether the reader may import: a register may name any vendor."""
    user = signed_in(request)
    return sees_all_vendors(user) and user.has_perms(NEEDED)


class RegisterImports:
    """The pages of imports, beside a list in the admin."""

    admin_site: Any

    def import_urls(self) -> list[URLPattern]:
        """Return the addresses of the import."""
        wrap = self.admin_site.admin_view
        return [
            path("import/", wrap(self.choose_file), name="sla_register_import"),
            path("import/workbook/", wrap(self.workbook), name="sla_register_workbook"),
            path("import/<int:pk>/", wrap(self.show_file), name="sla_register_file"),
            path("import/<int:pk>/go/", wrap(require_POST(self.go)), name="sla_register_go"),
            path("import/<int:pk>/drop/", wrap(require_POST(self.drop)), name="sla_register_drop"),
        ]

    def choose_file(self, request: HttpRequest) -> HttpResponse:
        """Ask what the file holds, and for the file."""
        _require(request)
        form = ImportForm(request.POST or None, request.FILES or None)
        if form.is_bound and form.is_valid():
            upload, file = form.instance, form.cleaned_data["file"]
            upload.file_name = file.name[:200]
            try:
                register_uploads.keep_file(upload, file.read(), by=signed_in(request), at=timezone.now())
            except ValidationError as error:
                form.add_error(None, error.messages)
            else:
                return HttpResponseRedirect(reverse("admin:sla_register_file", args=[upload.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import contracts, bills or a portfolio",
            "form": form,
            "recent": RegisterUpload.objects.select_related("by").defer("content")[:10],
        }
        return TemplateResponse(request, "sla/register_import.html", context)

    def workbook(self, request: HttpRequest) -> HttpResponse:
        """Send the empty workbook of a portfolio, or one with examples."""
        _require(request)
        response = HttpResponse(empty_portfolio(examples="examples" in request.GET), content_type=XLSX)
        response.headers["Content-Disposition"] = 'attachment; filename="portfolio.xlsx"'
        return response

    def show_file(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what would happen, how far it is, or what came of it; read it again in another way."""
        upload = _upload(request, pk)
        form = None
        if upload.state in register_uploads.OPEN:
            seen = register_uploads.seen_table(upload)
            form = ReadingForm(request.POST or None, instance=upload, seen=seen)
            if form.is_bound and form.is_valid():
                upload.columns, upload.same = form.columns(), form.one_vendor()
                _told(request, lambda: register_uploads.read_again(upload, at=timezone.now()))
                return _page(upload)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Import of {upload.file_name}",
            "upload": upload,
            "form": form,
            "report": upload.report,
            "is_open": upload.state in register_uploads.OPEN,
            "is_under_way": upload.state in UNDER_WAY,
            "is_done": upload.state == State.DONE,
            "nothing": _nothing(upload),
            "may_go": register_uploads.may_import(upload),
        }
        return TemplateResponse(request, "sla/register_file.html", context)

    def go(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Import the file: at once where it is small, else when a worker comes to it."""
        upload = _upload(request, pk)
        if not _told(request, lambda: register_uploads.ask_for_import(upload, at=timezone.now())):
            return _page(upload)
        if register_uploads.is_small(upload):
            upload = register_uploads.import_file(upload, clock=timezone.now)
            if upload.state == State.DONE:
                messages.success(request, f"{upload} is imported: {told(upload.report)}.")
        return _page(upload)

    def drop(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Forget a file that is not wanted."""
        upload = _upload(request, pk)
        if not _told(request, lambda: register_uploads.forget_file(upload)):
            return _page(upload)
        messages.success(request, f"{upload} is forgotten; nothing of it was imported.")
        return HttpResponseRedirect(reverse("admin:sla_register_import"))


def _told(request: HttpRequest, act: Callable[[], object]) -> bool:
    """Do something; tell the reader where it is refused, and say whether it was done."""
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return False
    return True


def _nothing(upload: RegisterUpload) -> str:
    """Return why nothing of a file that was read would be stored."""
    if not upload.report:
        return ""
    return nothing_because(upload.report, is_compared=upload.what == RegisterUpload.What.BILLS)


def _page(upload: RegisterUpload) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:sla_register_file", args=[upload.pk]))


def _require(request: HttpRequest) -> None:
    if not may_import(request):
        raise PermissionDenied


def _upload(request: HttpRequest, pk: int) -> RegisterUpload:
    _require(request)
    found = RegisterUpload.objects.select_related("by", "vendor", "entity").filter(pk=pk).first()
    if found is None:
        raise Http404(f"No file of a register has the number {pk}.")
    return found
