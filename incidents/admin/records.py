"""What every page about incidents shares: local times in a stated zone, and services that write."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from incidents.admin.local_times import LocalDateTimeField
from incidents.services import record_row
from vendors.admin import RecordAdmin, RecordForm, RecordInline, do_or_ask, signed_in
from vendors.models import Contract, Tracked, Vendor, zone_of
from vendors.services import remove_record

TIMES_IN = "times_in"


def zones_in_use(user: User) -> list[str]:
    """Return the zones of the contracts that a user may see, and UTC."""
    zones = Contract.objects.all().visible_to(user).order_by("zone").values_list("zone", flat=True).distinct()
    return sorted({*zones, "UTC"})


def zone_of_row(row: Tracked | None) -> str:
    """Return the zone in which people speak about a row: its contract's, else its vendor's; else nothing."""
    if row is None:
        return ""
    contracts = row.touched_contracts()
    for contract in contracts or ():
        return contract.zone
    vendor = getattr(row, "vendor", None)
    first = Contract.objects.filter(vendor=vendor).order_by("reference").first() if vendor else None
    return first.zone if first else ""


class FactForm(RecordForm):
    """A form whose times are local to the zone that it states."""

    times_in = forms.CharField(label="Times on this page are in", max_length=64)

    def use_zones(self, names: list[str], *, shown: str) -> None:
        """Offer zones for a new row; for one on file the zone in which its times are shown is fixed."""
        field = self.fields.get(TIMES_IN)
        if field is None:
            return
        field.initial = shown or (names[0] if len(names) == 1 else "")
        if self.instance.pk is None:
            empty = [("", "Choose the zone")]
            field.widget = UnfoldAdminSelectWidget(choices=empty + [(name, name) for name in names])
            field.help_text = "A time with its offset, such as 2019-06-25 04:15-07:00, is taken as it stands."
        else:
            field.widget = UnfoldAdminTextInputWidget(attrs={"readonly": True})
            others = [name for name in dict.fromkeys(["UTC", *names]) if name != field.initial]
            links = format_html_join(
                ", ", '<a href="?times_in={}">{}</a>', [(quote(name), name) for name in others]
            )
            field.help_text = format_html("Read them in {}.", links) if others else ""

    def clean_times_in(self) -> str:
        """Refuse a zone that does not exist, in which no time can be read."""
        name: str = self.cleaned_data[TIMES_IN]
        zone_of(name)
        return name


def _timed(label: str, *, request: HttpRequest) -> str:
    """Name the zone of the page beside a time; a new row's is chosen on the page itself."""
    match = request.resolver_match
    is_on_file = match is not None and "object_id" in match.kwargs
    return f"{label} ({timezone.get_current_timezone_name()})" if is_on_file else label


class _LocalTimes:
    """Fields of moments become fields of local time."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Give each moment a field that reads and writes local time."""
        if isinstance(db_field, models.DateTimeField):
            return LocalDateTimeField(
                label=_timed(str(db_field.verbose_name).capitalize(), request=request),
                required=not db_field.blank,
                help_text=db_field.help_text,
            )
        if isinstance(db_field, models.TextField):
            kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 2})
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class FactInline(_LocalTimes, RecordInline):
    """Child rows with local times, visible by their own rule."""

    asks_first = False

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rows that the reader may see."""
        return super().get_queryset(request).visible_to(request.user)


class FactAdmin(_LocalTimes, RecordAdmin):
    """Pages of one kind of fact."""

    form = FactForm

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Read and show every time of the page in one stated zone."""
        row = self.get_object(request, object_id) if object_id else None
        asked = request.POST.get(TIMES_IN) or request.GET.get(TIMES_IN) or zone_of_row(row)
        with _speaking(asked):
            response = super().changeform_view(request, object_id, form_url, extra_context)
            # A template renders after the view has returned, when the zone would be forgotten.
            return response.render() if isinstance(response, TemplateResponse) else response

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Say first which zone the times are in, where they can be typed."""
        fieldsets = list(super().get_fieldsets(request, obj))
        may_save = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return [*self.zone_fieldset(), *fieldsets] if may_save else fieldsets

    def zone_fieldset(self) -> list[Any]:
        """Return the fieldset that names the zone."""
        return [(None, {"fields": (TIMES_IN,)})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Hand the zones in use to the form."""
        built = super().get_form(request, obj, change=change, **kwargs)
        names, shown = zones_in_use(signed_in(request)), _asked(request) or zone_of_row(obj)

        class ZonedForm(built):  # type: ignore[valid-type,misc]
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                self.use_zones(names, shown=shown)

        return ZonedForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the record through the service of its kind."""
        record_row(obj, by=signed_in(request), reason=form.cleaned_data["reason"])

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save and remove child rows through the services of their kinds."""
        by, reason = signed_in(request), form.cleaned_data["reason"]
        rows = formset.save(commit=False)
        for row in formset.deleted_objects:
            do_or_ask(request, partial(remove_record, row, by=by, reason=reason))
        for row in rows:
            do_or_ask(request, partial(record_row, row, by=by, reason=reason))


def _asked(request: HttpRequest) -> str:
    return _known(request.GET.get(TIMES_IN, ""))


def _known(name: str) -> str:
    try:
        zone_of(name)
    except ValidationError:
        return ""
    return name


@contextmanager
def _speaking(name: str) -> Iterator[None]:
    """Read local times in a zone meanwhile; in UTC where it is missing, and the form says so."""
    with timezone.override(zone_of(_known(name) or "UTC")):
        yield


def vendors_visible(request: HttpRequest) -> Any:
    """Return the vendors that the reader may choose."""
    return Vendor.objects.all().visible_to(signed_in(request)).current()
