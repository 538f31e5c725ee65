"""Import contracts, bills or a portfolio: choose the file, see what would happen, import it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from sla.services.portfolio import empty_portfolio
from sla.services.register_uploads import (
    OPTIONS,
    TABLES,
    forget_file,
    import_file,
    keep_file,
    seen_table,
    try_file,
)
from vendors.admin import signed_in
from vendors.files.columns import SeenTable
from vendors.models import RegisterUpload, Vendor, sees_all_vendors

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NEEDED = ("vendors.add_contract", "vendors.change_contract", "vendors.add_vendor", "vendors.add_charge")


def may_import(request: HttpRequest) -> bool:
    """Say whether the reader may import: a register may name any vendor."""
    user = signed_in(request)
    return sees_all_vendors(user) and user.has_perms(NEEDED)


class ImportForm(forms.ModelForm):
    """What the file holds, the file, and what holds where it does not say it."""

    file = forms.FileField(label="File")

    class Meta:
        model = RegisterUpload
        fields = ("what", "register", "vendor", "entity", "currency", "zone")
        widgets = {
            "what": UnfoldAdminSelectWidget,
            "register": UnfoldAdminTextInputWidget(attrs={"placeholder": "contracts"}),
            "vendor": UnfoldAdminSelectWidget,
            "entity": UnfoldAdminSelectWidget,
            "currency": UnfoldAdminTextInputWidget(attrs={"placeholder": "EUR"}),
            "zone": UnfoldAdminTextInputWidget,
        }

    field_order = ("what", "file", "register", "vendor", "entity", "currency", "zone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["register"].required = False
        self.fields["vendor"].queryset = Vendor.objects.current().order_by("name")  # type: ignore[attr-defined]


class ReadingForm(forms.Form):
    """Which column holds what, how the table is read, and which names are one vendor."""

    def __init__(self, *args: Any, upload: RegisterUpload, seen: SeenTable | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._alike = list(upload.report.get("alike", ()))
        if seen is not None:
            offered = [("", "not in this table"), *((each.name, each.name) for each in seen.columns)]
            stored = upload.columns or dict(seen.proposed)
            for name, words in TABLES[upload.what][0].items():
                self.fields[name] = forms.ChoiceField(
                    label=words,
                    choices=offered,
                    required=False,
                    initial=stored.get(name, ""),
                    widget=UnfoldAdminSelectWidget,
                )
            for name, words in OPTIONS.items():
                self.fields[name] = forms.CharField(
                    label=words,
                    required=False,
                    max_length=60,
                    initial=stored.get(name, ""),
                    widget=UnfoldAdminTextInputWidget,
                )
        for place, names in enumerate(self._alike):
            self.fields[f"same-{place}"] = forms.ChoiceField(
                label=" = ".join(names),
                choices=[("", "different companies"), *((name, f"one: {name}") for name in names)],
                required=False,
                widget=UnfoldAdminSelectWidget,
            )

    def columns(self) -> dict[str, str]:
        """Return the mapping, without what the table does not have."""
        return {
            name: value for name, value in self.cleaned_data.items() if value and not name.startswith("same-")
        }

    def same(self) -> dict[str, str]:
        """Return which name stands for which."""
        found = {}
        for place, names in enumerate(self._alike):
            chosen = self.cleaned_data.get(f"same-{place}", "")
            found.update({name: chosen for name in names if chosen and name != chosen})
        return found


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
                keep_file(upload, file.read(), by=signed_in(request), at=timezone.now())
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
        """Show what would happen, or what came of it; take other columns and look again."""
        upload = _upload(request, pk)
        seen = seen_table(upload)
        asks = seen is not None or bool(upload.report.get("alike"))
        form = ReadingForm(request.POST or None, upload=upload, seen=seen) if asks else None
        if form is not None and form.is_bound and form.is_valid() and upload.imported_at is None:
            upload.columns, upload.same = form.columns(), {**upload.same, **form.same()}
            try_file(upload)
            return HttpResponseRedirect(reverse("admin:sla_register_file", args=[upload.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Import of {upload.file_name}",
            "upload": upload,
            "form": form if upload.imported_at is None else None,
            "report": upload.report,
            "may_go": upload.imported_at is None
            and not upload.error
            and not (upload.what == RegisterUpload.What.PORTFOLIO and upload.report.get("problems")),
        }
        return TemplateResponse(request, "sla/register_file.html", context)

    def go(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Import the file."""
        upload = _upload(request, pk)
        try:
            upload = import_file(upload, at=timezone.now())
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            if upload.imported_at is not None:
                messages.success(request, f"{upload.file_name} is imported.")
        return HttpResponseRedirect(reverse("admin:sla_register_file", args=[pk]))

    def drop(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Forget a file that is not wanted."""
        forget_file(_upload(request, pk))
        return HttpResponseRedirect(reverse("admin:sla_register_import"))


def _require(request: HttpRequest) -> None:
    if not may_import(request):
        raise PermissionDenied


def _upload(request: HttpRequest, pk: int) -> RegisterUpload:
    _require(request)
    found = RegisterUpload.objects.select_related("by", "vendor", "entity").filter(pk=pk).first()
    if found is None:
        raise Http404(f"No file of a register has the number {pk}.")
    return found
