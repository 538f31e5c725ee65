"""The list of scheduled runs: how far they have come, what failed and why, and a button to try again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, Exists, OuterRef, Q, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from unfold.decorators import display

from sla.admin.acts import tell
from sla.admin.looking import LookedAtAdmin, NumberSearch, VendorFilter, figure, over
from sla.admin.statements import address, statement_url
from sla.models import Duty, Heartbeat, StatementRevision
from sla.selectors.machinery import LONGEST_SILENCE, beats
from sla.selectors.running import progress
from sla.services.duties.retrying import retry_run
from vendors.admin import signed_in

TONES = {"due": "info", "running": "info", "done": "success", "failed": "danger", "person": "warning"}
Part = Heartbeat.Part
PARTS = (
    (Part.SWEEP, "asked what is due"),
    (Part.WORK, "did what was due"),
    (Part.DELIVER, "looked for messages"),
)
SAID = 160


class ScheduleVendorFilter(VendorFilter):
    """The vendor of a run's SLA schedule."""

    path = "agreement__contract__vendor"


@admin.register(Duty)
class DutyAdmin(NumberSearch, LookedAtAdmin):
    """The scheduled runs; those that failed can be tried again."""

    empty_hint = "They come by themselves: start the worker, or run_due."
    list_before_template = "sla/running/progress.html"
    list_display = ["shown_what", "shown_of", "shown_state", "shown_due", "shown_said"]
    list_filter = ["state", "kind", ScheduleVendorFilter]
    search_fields = [
        "period",
        "agreement__code",
        "agreement__contract__reference",
        "agreement__contract__vendor__name",
        "schedule__name",
        "vendor__name",
        "error",
        "outcome",
    ]
    list_select_related = ["agreement__contract__vendor", "schedule", "vendor", "reader"]
    actions = ["retry_selected"]
    ordering = ["-due_at", "-pk"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the runs, with whether a person still has to finalise what one of them closed."""
        frozen = StatementRevision.objects.filter(
            statement__agreement=OuterRef("agreement"), statement__period=OuterRef("period")
        )
        waits = Q(kind=Duty.Kind.CLOSE, state=Duty.State.DONE) & ~Exists(frozen)
        rows = super().get_queryset(request)
        return rows.annotate(waits=Case(When(waits, then=True), default=False))

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Say whether the reader may have runs tried again."""
        return request.user.has_perm("sla.change_duty")

    def get_urls(self) -> list[URLPattern]:
        """Add the act of trying again."""
        wrap = self.admin_site.admin_view
        return [path("<int:pk>/again/", wrap(self.again), name="sla_duty_again"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show above the list how far each kind has come and when each part last worked."""
        now = timezone.now()
        rows = progress(request.user, now=now)
        oldest = any(row.oldest_due_at for row in rows)
        above = {"progress": rows, "shows_oldest": oldest, "parts": parts(now=now)}
        return super().changelist_view(request, {**above, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one run with all that is known of it."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        state, words = state_of(row)
        may_retry = self.has_retry_permission(request) and row.state in (Duty.State.FAILED, Duty.State.DUE)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": row.get_kind_display(),
            "run": row,
            "period": period_words(row),
            "state": words,
            "tone": {"info": "", "warning": "warn", "success": "good", "danger": "bad"}[TONES[state]],
            "about": about(row),
            "lasted": lasted(row),
            "again_url": reverse("admin:sla_duty_again", args=[row.pk]) if may_retry else "",
        }
        return TemplateResponse(request, "sla/running/run.html", context)

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try one run again."""
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_retry_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._retry(request, row)
        return HttpResponseRedirect(reverse("admin:sla_duty_change", args=[pk]))

    @admin.action(description="Try again", permissions=["retry"])
    def retry_selected(self, request: HttpRequest, queryset: Any) -> None:
        """Try the selected runs again; those that are done or running are left."""
        for row in queryset:
            self._retry(request, row)

    def _retry(self, request: HttpRequest, row: Duty) -> None:
        try:
            retry_run(row, by=signed_in(request), now=timezone.now())
            messages.success(request, f"{row}: tried again within a minute.")
        except ValidationError as error:
            tell(request, error)

    @display(description="What", ordering="kind")
    def shown_what(self, obj: Duty) -> str:
        """Return what is done and for which period."""
        return over(obj.get_kind_display(), figure(period_words(obj)))

    @display(description="Of")
    def shown_of(self, obj: Duty) -> str:
        """Return what it is about, and whose that is."""
        found = about(obj)
        first = format_html('<a href="{}">{}</a>', found[0][1], found[0][0]) if found[0][1] else found[0][0]
        return over(first, found[1][0] if len(found) > 1 else "")

    @display(description="State", ordering="state", label=TONES)
    def shown_state(self, obj: Duty) -> tuple[str, str]:
        """Return where it stands; one that waits for its next try says so."""
        later = obj.state == Duty.State.DUE and obj.next_at > timezone.now()
        return (obj.state, f"Due {obj.next_at:%m-%d %H:%M} UTC") if later else state_of(obj)

    @display(description="Due, done (UTC)", ordering="due_at")
    def shown_due(self, obj: Duty) -> str:
        """Return when it became due and when it was done."""
        done = f"{obj.finished_at:%Y-%m-%d %H:%M}" if obj.finished_at else ""
        return over(figure(f"{obj.due_at:%Y-%m-%d %H:%M}"), figure(done))

    @display(description="What came of it")
    def shown_said(self, obj: Duty) -> str:
        """Return its outcome or its error, shortened."""
        said = obj.error or obj.outcome
        return said if len(said) <= SAID else f"{said[: SAID - 1]}…"


def period_words(run: Duty) -> str:
    """Return the period of a run; of one that comes every hour, the hour."""
    day, _, hour = run.period.partition("T")
    return f"{day} {hour}:00 UTC" if hour else day


def state_of(run: Duty) -> tuple[str, str]:
    """Return where a run stands; a period that a person has to finalise is closed, and not done with."""
    if run.state == Duty.State.DONE and run.kind == Duty.Kind.CLOSE and getattr(run, "waits", False):
        return "person", "Waits for a person"
    return run.state, run.get_state_display()


def about(run: Duty) -> list[tuple[str, str]]:
    """Return what a run is about, each with the address of its page, the nearest first."""
    found: list[tuple[str, str]] = []
    if run.agreement is not None:
        if run.kind == Duty.Kind.CLOSE:
            number = f"{run.agreement}/{run.period}"
            found.append((number, statement_url(run.agreement, label=run.period)))
        else:
            url = address("admin:sla_servicelevelagreement_change", run.agreement.pk)
            found.append((str(run.agreement), url))
        found.append((str(run.agreement.contract.vendor), ""))
    if run.schedule is not None:
        found.append((str(run.schedule), address("admin:sla_reportschedule_change", run.schedule.pk)))
    if run.vendor is not None:
        found.append((str(run.vendor), address("admin:vendors_vendor_change", run.vendor.pk)))
    if run.reader is not None:
        found.append((run.reader.get_full_name() or run.reader.get_username(), ""))
    return found or [("everything" if run.subject == "house" else run.subject, "")]


def lasted(run: Duty) -> str:
    """Return how long a run took, empty while it is not done."""
    if run.started_at is None or run.finished_at is None:
        return ""
    return f"{(run.finished_at - run.started_at).total_seconds():.1f} s"


def parts(*, now: datetime) -> list[dict[str, Any]]:
    """Return when each part of the machinery last worked, in words, and whether that is too long ago."""
    known, found = beats(now=now), []
    for part, what in PARTS:
        beat = known.get(part)
        at = now - beat.age if beat is not None else None
        ago = f"{timesince(at, now, depth=1)} ago" if at is not None else "never"
        silent = part is Part.SWEEP and (beat is None or beat.age > LONGEST_SILENCE)
        found.append({"what": what, "ago": ago, "at": at, "is_silent": silent})
    return found
