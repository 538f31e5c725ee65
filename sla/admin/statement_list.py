"""The list of service level statements: what is finalised, what is not, and what needs a correction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from sla.admin.answers import answer_view
from sla.admin.differing import difference_view, hold_view
from sla.admin.finalising import finalise_view
from sla.admin.finalising_many import bulk_view
from sla.admin.links import LinkPages
from sla.admin.looking import NumberSearch
from sla.admin.releases import Releasing, release_view
from sla.admin.reports import draw_up, last_month, report_view, reports_view, vendor_report_view
from sla.admin.revisions import revision_file, revision_view, verify_view
from sla.admin.standing import standings_of
from sla.admin.statement_filters import MoneyFilter, PeriodFilter, StandingFilter, VendorFilter
from sla.admin.statements import statement_url
from sla.models import Statement, StatementRevision
from sla.services.statements.heads import note_stale, refresh_heads
from vendors.models import money_text

AROUND = ("finalised_by", "statement__agreement__contract__vendor")
# A page refreshes so many stale drafts before it shows; what is left says so in its row.
MOST_REFRESHED = 25
STATES = {"missed": "Missed", "met": "Met", "unconfirmed": "Met, unconfirmed", "uncertain": "Not yet certain"}
LABELS = {
    "missed": "danger",
    "met": "success",
    "unconfirmed": "warning",
    "uncertain": "info",
    "error": "danger",
}
RECORDS = {"draft": "warning", "finalised": "success", "correction": "danger"}


class StatementChangeList(ChangeList):
    """Rows that lead to the statement's own page."""

    def url_for_result(self, result: Any) -> str:
        """Return the address of the statement's page."""
        return statement_url(result.agreement, label=result.period)


@admin.register(Statement)
class StatementAdmin(NumberSearch, Releasing, LinkPages, ModelAdmin):
    """The service level statements; nothing is typed here."""

    list_display = [
        "shown_number",
        "shown_record",
        "shown_state",
        "shown_due",
        "shown_claim_by",
        "shown_questions",
    ]
    empty_hint = "Choose the periods above and bring their drafts up to date."
    list_filter = [StandingFilter, "state", MoneyFilter, VendorFilter, PeriodFilter]
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    show_full_result_count = False
    list_before_template = "sla/parts/draw_up.html"
    date_hierarchy = "last_on"
    search_fields = [
        "period",
        "agreement__code",
        "agreement__name",
        "agreement__contract__reference",
        "agreement__contract__name",
        "agreement__contract__vendor__name",
    ]
    ordering = ["-last_on", "agreement__contract__reference", "agreement__code"]
    actions = ["finalise_selected", "release_selected", "refresh_selected"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a statement follows from its SLA schedule."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: its figures follow from the records."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a record of money stays."""
        return False

    def has_finalise_permission(self, request: HttpRequest) -> bool:
        """Say whether the reader may make statements a record."""
        return request.user.has_perm("sla.add_statementrevision")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the statements that the reader may see."""
        rows = Statement.objects.all().visible_to(request.user).defer("outcomes")
        return rows.select_related("agreement__contract__vendor")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list whose rows lead to the statement's page."""
        return StatementChangeList

    def get_urls(self) -> list[URLPattern]:
        """Add the acts on statements, and their revisions."""
        wrap, row = self.admin_site.admin_view, "<int:pk>/"
        frozen = f"{row}r<int:number>/"
        return [
            path("draw-up/", wrap(self.draw_up), name="sla_statements_draw_up"),
            path("reports/", wrap(self.reports), name="sla_reports"),
            path("reports/vendor/", wrap(self.vendor_report), name="sla_vendor_report"),
            path("reports/<slug:code>/", wrap(self.report), name="sla_report"),
            path(f"{row}finalise/", wrap(self.finalise), name="sla_statement_finalise"),
            path(f"{row}difference/", wrap(self.difference), name="sla_statement_difference"),
            path(f"{row}hold/", wrap(self.hold), name="sla_statement_hold"),
            path(f"{frozen}", wrap(self.revision), name="sla_revision"),
            path(f"{frozen}verify/", wrap(self.verify), name="sla_revision_verify"),
            path(f"{frozen}release/", wrap(self.release), name="sla_revision_release"),
            path(f"{frozen}file/<slug:form>/", wrap(self.revision_file), name="sla_revision_file"),
            path(f"{frozen}line/<int:line>/answer/", wrap(self.answer), name="sla_line_answer"),
            *self.link_urls(frozen, wrap=wrap),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the page with fresh figures, each row with its newest revision, in a few queries."""
        now = timezone.now()
        if request.method == "GET":
            note_stale(now=now)
        range_of = {"draw_up": last_month()}
        response = super().changelist_view(request, {**range_of, **(extra_context or {})})
        listing = getattr(response, "context_data", {}).get("cl")
        if listing is not None:
            listing.result_list = self._fresh(list(listing.result_list), now=now)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the statement's own page."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(statement_url(row.agreement, label=row.period))

    def draw_up(self, request: HttpRequest) -> HttpResponse:
        """Make the drafts of all periods that end in a range, and bring them up to date."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            draw_up(request)
        return HttpResponseRedirect(reverse("admin:sla_statement_changelist"))

    def reports(self, request: HttpRequest) -> HttpResponse:
        """Show what reports there are."""
        return reports_view(request, base=self._reader_base(request))

    def report(self, request: HttpRequest, code: str) -> HttpResponseBase:
        """Show a report, or hand it out."""
        return report_view(request, code, base=self._reader_base(request))

    def vendor_report(self, request: HttpRequest) -> HttpResponseBase:
        """Show the report of one vendor, or hand it out."""
        return vendor_report_view(request, base=self._reader_base(request))

    def _reader_base(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self._base(request)

    def finalise(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a statement a record."""
        return finalise_view(request, self._finalisable(request, pk), base=self._base(request))

    def difference(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what today's records would change of a finalised statement."""
        return difference_view(request, self._seen(request, pk), base=self._base(request))

    def hold(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a small correction wait for a later statement."""
        return hold_view(request, self._finalisable(request, pk), base=self._base(request))

    def revision(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Show a finalised revision."""
        return revision_view(request, self._revision(request, pk, number), base=self._base(request))

    def verify(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Check a finalised revision."""
        return verify_view(request, self._revision(request, pk, number))

    def release(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Let the vendor have a finalised revision."""
        if not self.has_release_permission(request):
            raise PermissionDenied
        return release_view(request, self._revision(request, pk, number), base=self._base(request))

    def revision_file(self, request: HttpRequest, pk: int, number: int, form: str) -> HttpResponse:
        """Hand a finalised revision out as a file."""
        return revision_file(request, self._revision(request, pk, number), form=form)

    def answer(self, request: HttpRequest, pk: int, number: int, line: int) -> HttpResponse:
        """Record what the vendor says of a line."""
        revision = self._revision(request, pk, number)
        if not request.user.has_perm("sla.add_lineanswer"):
            raise PermissionDenied
        found = revision.lines.filter(number=line).first()
        if found is None:
            raise Http404(f"{revision} has no line {line}.")
        return answer_view(request, revision, line=found, base=self._base(request))

    def _revision(self, request: HttpRequest, pk: int, number: int) -> StatementRevision:
        rows = StatementRevision.objects.filter(statement=self._seen(request, pk), number=number)
        row: StatementRevision | None = rows.select_related(*AROUND).first()
        if row is None:
            raise Http404(f"There is no revision {number} of this statement.")
        return row

    def _seen(self, request: HttpRequest, pk: int) -> Statement:
        row: Statement | None = self.get_queryset(request).filter(pk=pk).first()
        if row is None or not self.has_view_permission(request, row):
            raise Http404("There is no such statement, or you may not see it.")
        return row

    def _finalisable(self, request: HttpRequest, pk: int) -> Statement:
        row = self._seen(request, pk)
        if not self.has_finalise_permission(request):
            raise PermissionDenied
        return row

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "has_view_permission": True}

    def _fresh(self, rows: list[Any], *, now: datetime) -> list[Any]:
        """Refresh what is stale, up to a bound, and add how each row stands."""
        stale = [row for row in rows if row.computed < row.wanted]
        refresh_heads(stale[:MOST_REFRESHED], now=now)
        standings = standings_of(rows)
        for row in rows:
            row.standing = standings[row.pk]
        return rows

    @admin.action(description="Finalise them", permissions=["finalise"])
    def finalise_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Finalise the selected statements, after a look at all of them and what they ask."""
        return bulk_view(request, queryset, base=self._base(request), back=request.get_full_path())

    @admin.action(description="Bring the drafts up to date", permissions=["view"])
    def refresh_selected(self, request: HttpRequest, queryset: Any) -> None:
        """Compute the selected drafts again by the records as they stand."""
        done = refresh_heads(queryset, now=timezone.now())
        failed = queryset.exclude(error="")
        messages.success(request, f"{done} drafts follow the records again.")
        for row in failed:
            messages.error(request, f"{row} could not be computed: {row.error}")

    @display(description="Statement", ordering="last_on", header=True)
    def shown_number(self, obj: Statement) -> list[str]:
        """Return the number without its revision, and whose it is."""
        return [obj.number, str(obj.agreement.contract.vendor)]

    @display(description="Verdict", ordering="state", label=LABELS)
    def shown_state(self, obj: Statement) -> Any:
        """Return the worst verdict of its service levels."""
        if obj.error:
            return "error", "Not computed"
        return (obj.state, STATES[obj.state]) if obj.state else None

    @display(description="Credit due", ordering="due_minor", header=True)
    def shown_due(self, obj: Statement) -> list[str]:
        """Return the credit as it is printed, and how much of it the vendor's positions would not give."""
        contested = money_text(obj.contested_minor, currency=obj.currency) if obj.contested_minor else ""
        return [obj.shown or "—", f"{contested} contested" if contested else ""]

    @display(description="Claim by", ordering="claim_by")
    def shown_claim_by(self, obj: Statement) -> str:
        """Return the earliest day by which it has to be claimed."""
        if not obj.shown:
            return ""
        return "no claim needed" if obj.automatic else str(obj.claim_by or "no date stated")

    @display(description="Record", label=RECORDS)
    def shown_record(self, obj: Any) -> Any:
        """Return its newest revision, or that there is none."""
        standing = obj.standing
        if standing.newest is None:
            return "draft", "Draft"
        if standing.needs_correction:
            return "correction", f"r{standing.newest.number}: needs correction"
        return "finalised", f"r{standing.newest.number}"

    @display(description="Questions")
    def shown_questions(self, obj: Statement) -> str:
        """Return how many questions finalising it asks."""
        return str(len(obj.provisional)) if obj.provisional else ""
