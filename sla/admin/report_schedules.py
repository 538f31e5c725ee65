"""Report schedules: who gets which report when, how it would look, and a test to oneself."""

from __future__ import annotations

import calendar
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from sla.admin.acts import tell
from sla.admin.looking import figure
from sla.admin.statements import address
from sla.engine.periods import zone_info
from sla.models import ComplianceReport, Duty, ReportSchedule
from sla.services.mailings.periods import last_period, next_due
from sla.services.mailings.readers import recipients
from sla.services.mailings.scheduling import schedule_problems
from sla.services.mailings.trying import Preview, preview, reader_choices, send_test
from vendors.admin import RecordAdmin, RecordForm, signed_in
from vendors.models import sees_all_vendors

HOURS = [(hour, f"{hour:02d}:00") for hour in range(24)]
MONTHS = [(month, calendar.month_name[month]) for month in range(1, 13)]
STATES = {"On": "success", "Off": "warning"}
MOST_SHOWN = 20


class ReportScheduleForm(RecordForm):
    """A report schedule; what cannot go together is said at its field."""

    hour = forms.TypedChoiceField(
        label="At",
        choices=HOURS,
        coerce=int,
        initial=8,
        widget=UnfoldAdminSelectWidget,
        help_text="By the clock of the zone below.",
    )
    first_month = forms.TypedChoiceField(
        label="The year begins in",
        choices=MONTHS,
        coerce=int,
        initial=1,
        widget=UnfoldAdminSelectWidget,
        help_text="For quarters and years: of your fiscal year.",
    )

    def clean(self) -> dict[str, Any]:
        """Say at its field what cannot go together."""
        cleaned = super().clean() or self.cleaned_data
        names = {field.name for field in ReportSchedule._meta.concrete_fields} & cleaned.keys()
        typed = ReportSchedule(**{name: cleaned[name] for name in names}, pk=self.instance.pk)
        if not self.errors:
            readers = list(cleaned.get("readers") or ())
            found = schedule_problems(typed, readers=readers, now=timezone.now())
            for field, text in found.items():
                self.add_error(field, text)
        return cleaned


@admin.register(ReportSchedule)
class ReportScheduleAdmin(RecordAdmin):
    """The reports that go out by themselves."""

    form = ReportScheduleForm
    change_form_template = "sla/report_schedule.html"
    list_display = ["shown_name", "shown_every", "shown_scope", "shown_next", "shown_last", "shown_state"]
    list_filter = ["audience", "every", "is_active"]
    search_fields = ["name", "code"]
    autocomplete_fields = ["readers", "vendor", "tag"]
    prepopulated_fields = {"code": ["name"]}
    list_select_related = ["vendor", "tag"]
    conditional_fields = {
        "readers": "audience != 'vendors'",
        "addresses": "audience == 'finance'",
        "contact_role": "audience == 'vendors'",
        "one_per_vendor": "audience != 'vendors'",
        "first_month": "every == 'quarter' || every == 'year'",
    }
    fieldsets = [
        (None, {"fields": (("name", "code"), "is_active")}),
        ("Who gets it", {"fields": ("audience", "readers", "addresses", "contact_role")}),
        ("Which vendors", {"fields": (("vendor", "tag"), "one_per_vendor")}),
        (
            "When",
            {"fields": (("every", "first_month"), "starts_on", ("days_after", "hour"), "zone")},
        ),
        ("Files beside the mail", {"fields": (("with_pdf", "with_xlsx", "with_csv"),)}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportSchedule]:
        """Return the schedules with the run that began last."""
        runs = Duty.objects.filter(kind=Duty.Kind.REPORT, schedule=OuterRef("pk")).order_by("-ends_on", "-pk")
        rows: QuerySet[ReportSchedule] = super().get_queryset(request)
        last: dict[str, Any] = {
            f"last_{name}": Subquery(runs.values(name)[:1]) for name in ("period", "state")
        }
        # What came of it names readers and vendors.
        seen = sees_all_vendors(signed_in(request))
        last["last_outcome"] = Subquery(runs.values("outcome")[:1]) if seen else Value("")
        # To a vendor a mail may leave long after its period's run: as soon as something is released.
        mails = ComplianceReport.objects.filter(schedule=OuterRef("pk")).order_by("-made_at", "-pk")
        last["last_made"] = Subquery(mails.values("made_at")[:1])
        last["last_made_of"] = Subquery(mails.values("period")[:1])
        last["last_to"] = Subquery(mails.values("vendor__name")[:1]) if seen else Value("")
        return rows.annotate(**last)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the period that runs today."""
        return {"starts_on": timezone.now().date(), **super().get_changeform_initial_data(request)}

    def get_urls(self) -> list[URLPattern]:
        """Add the preview and the test."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/preview/", wrap(self.preview), name="sla_reportschedule_preview"),
            path("<int:pk>/test/", wrap(self.test), name="sla_reportschedule_test"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show who gets it and when above the schedule's own fields."""
        extra = dict(extra_context or {})
        schedule = self.get_object(request, object_id) if object_id else None
        if schedule is not None and request.method == "GET":
            extra |= self._panel(request, schedule)
        return super().changeform_view(request, object_id, form_url, extra)

    def _panel(self, request: HttpRequest, schedule: ReportSchedule) -> dict[str, Any]:
        now = timezone.now()
        found = recipients(schedule, until=last_period(schedule, now=now).last_on)
        # Whose vendors these are is for those who may see them.
        seen = found if sees_all_vendors(signed_in(request)) else None
        return {
            "schedule": schedule,
            "next": _when(schedule, now=now),
            "reached": [] if seen is None else seen.reached[:MOST_SHOWN],
            "reached_left": 0 if seen is None else max(len(seen.reached) - MOST_SHOWN, 0),
            "left_out": [] if seen is None else seen.left_out,
            "shows_readers": seen is not None,
            "runs": self._runs(request, schedule),
            "preview_url": reverse("admin:sla_reportschedule_preview", args=[schedule.pk]),
            "sent_url": address("admin:sla_compliancereport_changelist"),
        }

    def _runs(self, request: HttpRequest, schedule: ReportSchedule) -> QuerySet[Duty]:
        rows: QuerySet[Duty] = Duty.objects.all().visible_to(request.user).filter(schedule=schedule)
        return rows.order_by("-ends_on", "-kind", "pk")[:MOST_SHOWN]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the mail of a reader for the last whole period."""
        schedule, user, now = self._schedule(request, pk), signed_in(request), timezone.now()
        choices = reader_choices(schedule, viewer=user, now=now)
        reader = request.GET.get("reader") or (choices[0][0] if choices else "")
        shown: Preview | None = None
        if choices:
            try:
                shown = preview(schedule, reader=reader, viewer=user, now=now)
            except (ValidationError, ValueError) as error:
                messages.error(request, "; ".join(getattr(error, "messages", [str(error)])))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Preview of {schedule.name}",
            "schedule": schedule,
            "choices": choices,
            "reader": reader,
            "shown": shown,
            "mail": shown.composed.mail if shown is not None and shown.composed is not None else None,
            "back_url": reverse("admin:sla_reportschedule_change", args=[schedule.pk]),
            "test_url": reverse("admin:sla_reportschedule_test", args=[schedule.pk]),
            "may_test": self.has_change_permission(request, schedule),
            "own_address": user.email,
        }
        return TemplateResponse(request, "sla/mail_preview.html", context)

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the mail of a reader to the person at the screen."""
        schedule = self._schedule(request, pk)
        if not self.has_change_permission(request, schedule):
            raise PermissionDenied
        reader = request.POST.get("reader", "")
        if request.method == "POST":
            try:
                message = send_test(schedule, reader=reader, by=signed_in(request), now=timezone.now())
                messages.success(request, f"On its way to {message.address}: {message.subject}")
            except ValidationError as error:
                tell(request, error)
            except ValueError as error:
                messages.error(request, str(error))
        url = reverse("admin:sla_reportschedule_preview", args=[schedule.pk])
        return HttpResponseRedirect(f"{url}?reader={reader}" if reader else url)

    def _schedule(self, request: HttpRequest, pk: int) -> ReportSchedule:
        row: ReportSchedule | None = self.get_queryset(request).filter(pk=pk).first()
        if row is None or not self.has_view_permission(request, row):
            raise Http404("There is no such report schedule.")
        return row

    @display(description="Report", ordering="name", header=True)
    def shown_name(self, obj: ReportSchedule) -> list[str]:
        """Return the name, and for whom it is."""
        return [obj.name, obj.get_audience_display().partition(":")[0]]

    @display(description="For each", ordering="every")
    def shown_every(self, obj: ReportSchedule) -> str:
        """Return for how long a time each report is."""
        return obj.get_every_display()

    @display(description="About")
    def shown_scope(self, obj: ReportSchedule) -> str:
        """Return which vendors it is about."""
        if obj.vendor is not None:
            return obj.vendor.name
        return f"Tagged {obj.tag.name}" if obj.tag is not None else "All vendors"

    @display(description="Goes out next", header=True)
    def shown_next(self, obj: ReportSchedule) -> list[str]:
        """Return when it goes out next, and for which period."""
        if not obj.is_active:
            return ["—", ""]
        when, what = _when(obj, now=timezone.now())
        return [figure(when), what]

    @display(description="Last", header=True)
    def shown_last(self, obj: Any) -> list[str]:
        """Return the period that was reported last, and what came of it."""
        if obj.last_period is None:
            return ["Not yet", ""]
        if obj.audience == ReportSchedule.Audience.VENDORS and obj.last_made is not None:
            to = f" to {obj.last_to}" if obj.last_to else ""
            return [obj.last_made_of, f"Mail of {obj.last_made:%Y-%m-%d %H:%M} UTC{to}"]
        said = obj.last_outcome or Duty.State(obj.last_state).label
        return [obj.last_period, said if len(said) <= 90 else f"{said[:89]}…"]

    @display(description="State", ordering="is_active", label=STATES)
    def shown_state(self, obj: ReportSchedule) -> str:
        """Return whether it goes out."""
        return "On" if obj.is_active else "Off"


def _when(schedule: ReportSchedule, *, now: datetime) -> tuple[str, str]:
    """Return when a schedule goes out next by its own clock, and for which period."""
    period, due_at = next_due(schedule, now=now)
    local = due_at.astimezone(zone_info(schedule.zone))
    return f"{local:%Y-%m-%d %H:%M}", f"{schedule.zone}, for {period.label}"
