"""SLA schedules: the list, the page with its versions, and the acts on them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.decorators import display

from sla.admin.acts import amend_view, copy_view, sign_off
from sla.admin.parts import part_url, part_view
from sla.admin.starting import begin_view, choose_view
from sla.admin.statements import local_today, period_holding, statement_file, statement_url, statement_view
from sla.models import AgreementVersion, ServiceLevelAgreement
from sla.services import previews, summaries
from vendors.admin import RecordAdmin, second_person

SHOWN_PERIODS = 12
STATES = {
    "Missed": "Missed",
    "Met": "Met",
    "Unconfirmed": "Met, unconfirmed",
    "Uncertain": "Not yet certain",
}


@admin.register(ServiceLevelAgreement)
class ScheduleAdmin(RecordAdmin):
    """The SLA schedules."""

    change_form_template = "sla/schedule.html"
    list_display = [
        "name",
        "contract",
        "shown_vendor",
        "shown_terms",
        "shown_state",
        "shown_last",
        "shown_statement",
    ]
    list_filter = ["contract__vendor", "period_kind"]
    search_fields = ["code", "name", "contract__reference", "contract__name", "contract__vendor__name"]
    autocomplete_fields = ["contract"]
    list_select_related = ["contract__vendor"]
    fieldsets = [
        (None, {"fields": (("name", "code"), "contract")}),
        (
            "Periods",
            {
                "fields": (
                    ("zone", "period_kind"),
                    ("period_anchor_day", "period_anchor_month"),
                    ("period_length", "billing_day"),
                ),
            },
        ),
        ("Closing", {"fields": (("closes_from", "settling_days"), "closes_itself")}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceLevelAgreement]:
        """Return the schedules that the reader may see, with their versions."""
        versions = AgreementVersion.objects.order_by("effective_from")
        rows: QuerySet[ServiceLevelAgreement] = super().get_queryset(request)
        return rows.select_related("contract__vendor").prefetch_related(
            Prefetch("versions", queryset=versions)
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep contract and code as they are: statements carry them."""
        return ("contract", "code") if obj else ()

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of statements and terms."""
        wrap, row = self.admin_site.admin_view, "<int:pk>/"
        return [
            path("begin/", wrap(self.choose), name="sla_begin"),
            path("begin/<slug:code>/", wrap(self.begin), name="sla_begin_from"),
            path(f"{row}statement/<str:label>/", wrap(self.statement), name="sla_statement"),
            path(f"{row}statement/<str:label>/<str:form>/", wrap(self.download), name="sla_statement_file"),
            path(f"{row}terms/<int:version>/<slug:name>/<str:at>/", wrap(self.part), name="sla_part"),
            path(f"{row}sign-off/<int:version>/", wrap(self.sign_off), name="sla_sign_off"),
            path(f"{row}amend/", wrap(self.amend), name="sla_amend"),
            path(f"{row}copy/", wrap(self.copy), name="sla_copy"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Begin with a published clause; an empty schedule is one of the choices."""
        if request.GET.get("empty") or request.method == "POST" or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        asked = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponseRedirect(reverse("admin:sla_begin") + asked)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the terms and the statements above the schedule's own fields."""
        extra = dict(extra_context or {})
        agreement = self.get_object(request, object_id) if object_id else None
        if agreement is not None and request.method == "GET":
            extra |= self._panels(request, agreement)
        return super().changeform_view(request, object_id, form_url, extra)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Give the rows on the page their last statement, in one computation for all of them."""
        response = super().changelist_view(request, extra_context)
        listing = getattr(response, "context_data", {}).get("cl")
        if listing is not None:
            rows = list(listing.result_list)
            found = summaries.last_statements(rows, now=timezone.now())
            for row in rows:
                row.last_statement = found.get(row.pk)
            listing.result_list = rows
        return response

    def _panels(self, request: HttpRequest, agreement: ServiceLevelAgreement) -> dict[str, Any]:
        versions = list(agreement.versions.with_terms().order_by("effective_from"))
        asked = request.GET.get("version", "")
        today = local_today(agreement, now=timezone.now())
        current = [each for each in versions if each.effective_from <= today][-1:] or versions[-1:]
        shown = [each for each in versions if str(each.pk) == asked] or current
        version = shown[0] if shown else None
        return {
            "agreement": agreement,
            "versions": versions,
            "version": version,
            "current": current[0] if current else None,
            "terms": _terms(version, agreement=agreement, on=today) if version else None,
            "statements": summaries.statements_until(agreement, now=timezone.now(), most=SHOWN_PERIODS),
            "this_statement_url": statement_url(agreement, label=period_holding(agreement, on=today).label),
            "may_change": self.has_change_permission(request, agreement),
            "second": _second(request, version),
            "sign_off_url": reverse("admin:sla_sign_off", args=[agreement.pk, version.pk]) if version else "",
            "amend_url": reverse("admin:sla_amend", args=[agreement.pk]),
            "copy_url": reverse("admin:sla_copy", args=[agreement.pk]),
        }

    def statement(self, request: HttpRequest, pk: int, label: str) -> HttpResponse:
        """Show one statement."""
        return statement_view(request, self._seen(request, pk), label=label, base=self._base(request))

    def download(self, request: HttpRequest, pk: int, label: str, form: str) -> HttpResponse:
        """Hand a statement out as a file."""
        try:
            return statement_file(self._seen(request, pk), label=label, form=form, now=timezone.now())
        except ValueError as error:
            raise Http404(str(error)) from error

    def part(self, request: HttpRequest, pk: int, version: int, name: str, at: str) -> HttpResponse:
        """Show or save the form of one clause."""
        agreement = self._changeable(request, pk)
        return part_view(
            request, self._version(agreement, version), name=name, at=at, base=self._base(request)
        )

    def sign_off(self, request: HttpRequest, pk: int, version: int) -> HttpResponse:
        """Record that the terms were checked against the document."""
        return sign_off(request, self._version(self._changeable(request, pk), version))

    def amend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record an amendment."""
        return amend_view(request, self._changeable(request, pk), base=self._base(request))

    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Copy the terms to another contract."""
        return copy_view(request, self._changeable(request, pk), base=self._base(request))

    def choose(self, request: HttpRequest) -> HttpResponse:
        """Offer the published clauses to begin from."""
        self._require_add(request)
        return choose_view(request, base=self._base(request))

    def begin(self, request: HttpRequest, code: str) -> HttpResponse:
        """Ask the blanks of one of them."""
        self._require_add(request)
        return begin_view(request, code=code, base=self._base(request))

    def _require_add(self, request: HttpRequest) -> None:
        if not self.has_add_permission(request):
            raise PermissionDenied

    def _seen(self, request: HttpRequest, pk: int) -> ServiceLevelAgreement:
        agreement = self.get_queryset(request).filter(pk=pk).first()
        if agreement is None or not self.has_view_permission(request, agreement):
            raise Http404("There is no such SLA schedule, or you may not see it.")
        return agreement

    def _changeable(self, request: HttpRequest, pk: int) -> ServiceLevelAgreement:
        agreement = self._seen(request, pk)
        if not self.has_change_permission(request, agreement):
            raise PermissionDenied
        return agreement

    def _version(self, agreement: ServiceLevelAgreement, pk: int) -> AgreementVersion:
        found = agreement.versions.with_terms().filter(pk=pk).first()
        if found is None:
            raise Http404("This SLA schedule has no such version.")
        return found

    def _base(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "has_view_permission": True,
        }

    @display(description="Vendor", ordering="contract__vendor")
    def shown_vendor(self, obj: ServiceLevelAgreement) -> str:
        """Return the vendor."""
        return str(obj.contract.vendor)

    @display(description="Terms from")
    def shown_terms(self, obj: ServiceLevelAgreement) -> str:
        """Return the first day of the newest terms."""
        newest = list(obj.versions.all())[-1:]
        return f"{newest[0].effective_from:%Y-%m-%d}" if newest else "no terms yet"

    @display(description="State", label={"Draft": "warning", "Signed off": "success", "No terms": "danger"})
    def shown_state(self, obj: ServiceLevelAgreement) -> str:
        """Return whether the newest terms were checked against the document."""
        newest = list(obj.versions.all())[-1:]
        if not newest:
            return "No terms"
        return "Draft" if newest[0].is_draft else "Signed off"

    @display(
        description="Last period",
        label={"Missed": "danger", "Met": "success", "Unconfirmed": "warning", "Uncertain": "info"},
    )
    def shown_last(self, obj: Any) -> Any:
        """Return the verdict of the last whole period."""
        last = getattr(obj, "last_statement", None)
        return None if last is None else (last.state, f"{STATES[last.state]}, {last.label}")

    @display(description="Credit due")
    def shown_statement(self, obj: Any) -> str:
        """Return the credit of the last whole period."""
        last = getattr(obj, "last_statement", None)
        return "" if last is None else last.money


def _second(request: HttpRequest, version: AgreementVersion | None) -> dict[str, Any]:
    """Return who could approve that a draft is signed off, and who asked for it."""
    if version is None:
        return {}
    return second_person(request, "sign_off", subject=version, asks=version.is_draft)


def _terms(version: AgreementVersion, *, agreement: ServiceLevelAgreement, on: Any) -> dict[str, Any]:
    """Return a version's clauses as sentences, each with the address of its form."""
    read = previews.version_sentences(version)
    for clause in read:
        clause["url"] = part_url(version, name=clause["part"], at=clause["at"])
    levels = previews.preview_levels(agreement, terms=version.as_value(), on=on)
    return {
        "levels": [
            {"view": level, "url": part_url(version, name="targets", at=str(at))}
            for at, level in enumerate(levels)
        ],
        "clauses": read,
        "add": [
            (part.label, part_url(version, name=part.name, at="new")) for part in previews.addable(version)
        ],
        "new_level_url": part_url(version, name="targets", at="new"),
    }
