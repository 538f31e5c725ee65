"""The page of an incident: what was not delivered, when it came back, and who answers for it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from incidents.admin.actions import VendorActionForm, done_to_each, reason_given
from incidents.admin.filters import AttentionFilter
from incidents.admin.impacts import ImpactInline
from incidents.admin.joining import JoinedAdmin
from incidents.admin.positions import PositionInline
from incidents.admin.records import FactInline, vendors_visible
from incidents.admin.times import TimesInOrder
from incidents.models import ClockStop, Incident, Milestone, Outage, StopReason
from incidents.selectors import clock_of, contested_positions, listed_incidents
from incidents.services import attribute_incident, confirm_outage, resolve_incident
from incidents.services.feeds.merging import BY_PERSON, NO_FIELDS, field_of, written
from vendors.admin import signed_in


class OutageInline(FactInline):
    """The first question."""

    model = Outage
    form = TimesInOrder
    template = StackedInline.template
    tab = False
    asks_first = True
    verbose_name = "outage of one service by one clock"
    verbose_name_plural = "What did the vendor fail to deliver, and when did that come back?"
    autocomplete_fields = ["service"]
    fields = [
        ("service", "kind"),
        ("started_at", "ended_at"),
        ("measured_by", "evidence"),
        ("affected_numerator", "affected_denominator"),
    ]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Open one empty form on a new incident."""
        return 0 if obj else 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Propose the clock of the feed that the incident came from."""
        formset = super().get_formset(request, obj, **kwargs)
        clock = clock_of(obj) if obj else ""
        if clock and "measured_by" in formset.form.base_fields:
            formset.form.base_fields["measured_by"].initial = clock
        return formset

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a mistaken outage is withdrawn, and stays on file."""
        return False


class MilestoneInline(FactInline):
    """When what happened."""

    model = Milestone
    verbose_name_plural = "Moments"
    autocomplete_fields = ["service"]
    fields = ["kind", "at", "service", "evidence"]


class ClockStopForm(forms.ModelForm):
    """Offer the usual reasons, and keep one that a contract named otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(self.instance.reason, self.instance.reason_text)] if self.instance.reason else []
        usual = [choice for choice in StopReason.choices if choice not in named]
        self.fields["reason"].widget = UnfoldAdminSelectWidget(choices=[("", "Choose"), *named, *usual])


class ClockStopInline(FactInline):
    """When the vendor had to wait for us."""

    model = ClockStop
    form = ClockStopForm
    verbose_name_plural = "Waiting on us"
    autocomplete_fields = ["service"]
    fields = ["stopped_at", "resumed_at", "reason", "why", "cause", "service"]


@admin.register(Incident)
class IncidentAdmin(JoinedAdmin):
    """The incidents."""

    change_form_template = "incidents/change_form.html"
    action_form = VendorActionForm
    actions = ["attribute_to_vendor", "confirm_outages", "resolve"]
    list_display = [
        "reference",
        "title",
        "vendor",
        "shown_start",
        "shown_severity",
        "shown_state",
        "shown_needs",
    ]
    list_filter = [AttentionFilter, "status", "vendor", "severity", "planned", "source"]
    search_fields = ["reference", "title", "external_id", "root_cause_event"]
    autocomplete_fields = ["vendor"]
    readonly_fields = ["shown_contested", "shown_feed", "source", "external_id"]
    inlines = [OutageInline, PositionInline, MilestoneInline, ClockStopInline, ImpactInline]
    fieldsets = [
        (
            "In short",
            {
                "fields": (
                    "title",
                    ("vendor", "severity"),
                    ("status", "planned"),
                    "narrative",
                    "shown_contested",
                )
            },
        ),
        (
            "Cause",
            {"fields": ("root_cause", "root_cause_event"), "classes": ["tab"]},
        ),
        (
            "Source",
            {"fields": ("reference", ("source", "external_id"), "shown_feed"), "classes": ["tab"]},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Incident]":
        """Return the incidents that the reader may see, with what the list shows."""
        return listed_incidents(super().get_queryset(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Offer beside the actions the vendors that the reader may see."""
        response = super().changelist_view(request, extra_context)
        form = getattr(response, "context_data", {}).get("action_form")
        if form is not None:
            form.offer(vendors_visible(request))
        return response

    def zone_fieldset(self) -> list[Any]:
        """Return the zone as the first thing under the outages."""
        return [("Time zone", {"fields": ("times_in",)})]

    @display(description="Began (UTC)", ordering="first_started_at")
    def shown_start(self, obj: Any) -> str:
        """Return the earliest start of its outages."""
        return f"{obj.first_started_at:%Y-%m-%d %H:%M}" if obj.first_started_at else "no outage"

    @display(
        description="Severity",
        ordering="severity",
        label={"critical": "danger", "major": "warning", "minor": "info", "low": "info"},
    )
    def shown_severity(self, obj: Incident) -> Any:
        """Return the severity with its colour."""
        return (obj.severity, obj.severity) if obj.severity else None

    @display(
        description="State",
        ordering="status",
        label={"open": "warning", "out": "danger", "resolved": "success"},
    )
    def shown_state(self, obj: Any) -> Any:
        """Return whether it is over."""
        return ("out", "Still out") if obj.is_out else (obj.status, obj.get_status_display())

    @display(description="Needs", label="warning")
    def shown_needs(self, obj: Any) -> Any:
        """Return what a person should look at."""
        needs = [
            text
            for needed, text in (
                (obj.needs_vendor, "A vendor"),
                (obj.needs_times, "Times"),
                (obj.needs_start, "A start"),
                (obj.is_contested, "Contested"),
            )
            if needed
        ]
        return ", ".join(needs) or None

    @display(description="Contested")
    def shown_contested(self, obj: Incident) -> str | SafeString:
        """Return what the vendor says against us, or that it says nothing."""
        said = contested_positions(obj.positions.select_related("outage__service")) if obj.pk else []
        if not said:
            return "Nothing."
        lines = ((position.stated_by, position.said, position.why) for position in said)
        return format_html_join("", "<p>{}: {}. {}</p>", lines)

    @display(description="What the feed said last")
    def shown_feed(self, obj: Incident) -> str | SafeString:
        """Return the feed's own values, and which of them a person replaced."""
        persons = obj.feed_said.get(BY_PERSON, [])
        lines = [
            (field.verbose_name, written(field, value)[:300], " (corrected here)" if name in persons else "")
            for name, value in obj.feed_said.items()
            if name not in NO_FIELDS and (field := field_of(obj, name))
        ]
        return format_html("{}", format_html_join("", "<p>{}: {}{}</p>", lines)) if lines else "Typed in."

    @admin.action(description="Set who is responsible: a vendor", permissions=["change"])
    def attribute_to_vendor(self, request: HttpRequest, queryset: "QuerySet[Incident]") -> None:
        """Attribute the chosen incidents to one vendor."""
        slug = request.POST.get("vendor", "")
        vendor = vendors_visible(request).filter(pk=slug).first() if slug.isdecimal() else None
        if vendor is None:
            self.message_user(request, "Choose the vendor beside the action.", messages.ERROR)
            return
        by, reason = signed_in(request), reason_given(request)
        done_to_each(
            self,
            request,
            queryset,
            act=lambda row: attribute_incident(row, vendor=vendor, by=by, reason=reason),
            done=f"attributed to {vendor}",
        )

    @admin.action(description="Confirm the times of their outages", permissions=["change"])
    def confirm_outages(self, request: HttpRequest, queryset: "QuerySet[Incident]") -> None:
        """Vouch for the times of every standing outage of the chosen incidents."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()
        outages = Outage.objects.visible_to(by).standing().filter(incident__in=queryset.values("pk"))
        done_to_each(
            self,
            request,
            outages.filter(confirmed_at=None).select_related("service__contract"),
            act=lambda row: confirm_outage(row, at=at, by=by, reason=reason),
            done="outages confirmed",
        )

    @admin.action(description="Resolve", permissions=["change"])
    def resolve(self, request: HttpRequest, queryset: "QuerySet[Incident]") -> None:
        """Close the chosen incidents."""
        by, reason, at = signed_in(request), reason_given(request), timezone.now()
        done_to_each(
            self,
            request,
            queryset,
            act=lambda row: resolve_incident(row, at=at, by=by, reason=reason),
            done="resolved",
        )
