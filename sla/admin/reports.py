"""Reports: choose one, read it as a page, or take it as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.statements import address
from sla.reports.tables import FORMS, page_part
from sla.reports.vendor import vendor_view
from sla.selectors.scope import Scope
from sla.services.report_days import first_day
from sla.services.reporting import (
    REPORTS,
    ReportKind,
    make_report,
    refresh_drafts,
    report_file,
    report_kinds,
)
from sla.services.vendor_reports import VENDOR_REPORT, asked_vendor_report, vendor_report_file
from vendors.admin import signed_in
from vendors.models import LegalEntity, Vendor

PAGE = "page"
# What a card offers beside the page, in the order in which finance asks for it.
OFFERED = ("xlsx", "csv", "pdf", "json")


@dataclass(frozen=True, kw_only=True)
class Control:
    """One field of a card."""

    code: str
    label: str
    value: str
    help: str
    required: bool
    choices: tuple[tuple[str, str], ...] = ()
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One report with its small form."""

    code: str
    title: str
    text: str
    url: str
    controls: tuple[Control, ...]
    forms: tuple[tuple[str, str], ...]
    errors: tuple[str, ...] = field(default=())


def reports_view(
    request: HttpRequest, *, base: Any, wrong: str = "", error: ValidationError | None = None
) -> HttpResponse:
    """Show a card for each report; `error` is what was wrong with the form of the report `wrong`."""
    choices, typed = _choices(request), request.GET.dict()
    cards = []
    for kind in (None, *report_kinds(signed_in(request))):
        mine = wrong in ("", VENDOR_REPORT.code if kind is None else kind.code)
        found = error if wrong and mine else None
        cards.append(_card(kind, typed=typed if mine else {}, choices=choices, error=found))
    cards.sort(key=lambda card: card.code != wrong)
    context = {**base, "title": "Reports", "cards": cards}
    return TemplateResponse(request, "sla/reports.html", context)


def report_view(request: HttpRequest, code: str, *, base: Any) -> HttpResponseBase:
    """Show a report as a page, or hand it out in the format asked for."""
    if code not in REPORTS:
        raise Http404(f"There is no report {code!r}.")
    form = request.GET.get("form", PAGE)
    try:
        report = make_report(code, parameters=request.GET.dict(), user=signed_in(request), now=timezone.now())
        if form != PAGE:
            return _streamed(*report_file(report, form=form))
        context = {**base, **_around(request, code), "title": report.title, "part": page_part(report)}
        return TemplateResponse(request, "sla/report.html", context)
    except ValidationError as error:
        return reports_view(request, base=base, wrong=code, error=error)
    except ValueError as error:
        return _refused(request, str(error))


def vendor_report_view(request: HttpRequest, *, base: Any) -> HttpResponseBase:
    """Show the compliance report of one vendor, or hand it out in the format asked for."""
    form = request.GET.get("form", PAGE)
    try:
        report = asked_vendor_report(request.GET.dict(), user=signed_in(request), now=timezone.now())
        if form != PAGE:
            return _streamed(*vendor_report_file(report, form=form))
        context = {
            **base,
            **_around(request, VENDOR_REPORT.code),
            "title": VENDOR_REPORT.title,
            "view": vendor_view(report),
        }
        return TemplateResponse(request, "sla/report.html", context)
    except ValidationError as error:
        return reports_view(request, base=base, wrong=VENDOR_REPORT.code, error=error)
    except ValueError as error:
        return _refused(request, str(error))


def draw_up(request: HttpRequest) -> None:
    """Bring the drafts of all periods that end in the range asked for up to date, and say so."""
    days = []
    for code in ("from", "until"):
        try:
            days.append(first_day(request.POST.get(code, "").strip()))
        except ValueError as error:
            messages.error(request, str(error))
            return
    if not days[0] < days[1]:
        messages.error(
            request, f"Until {days[1]} is not after {days[0]}: it is the first day that is left out."
        )
        return
    scope = Scope(first_on=days[0], until=days[1], user=signed_in(request))
    notes = refresh_drafts(scope, now=timezone.now())
    count = scope.statements().count()
    messages.success(request, f"{count} statements end from {days[0]} to {scope.last_on}.")
    for text in notes:
        messages.warning(request, text)


def _streamed(name: str, kind: str, chunks: Iterator[bytes]) -> HttpResponseBase:
    """Return a file that leaves as it is made; what cannot be made raises before the first byte."""
    first = next(chunks, b"")
    response = StreamingHttpResponse(chain([first], chunks), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _refused(request: HttpRequest, text: str) -> HttpResponse:
    messages.error(request, text)
    asked = {key: text for key, text in request.GET.items() if key != "form"}
    return HttpResponseRedirect(f"{reverse('admin:sla_reports')}?{urlencode(asked)}")


def _around(request: HttpRequest, code: str) -> dict[str, Any]:
    """Return the addresses around an open report: its files, and back to its form."""
    asked = {key: text for key, text in request.GET.items() if key != "form"}
    own = request.path
    return {
        "files": [(words, f"{own}?{urlencode({**asked, 'form': form})}") for form, words in _forms(OFFERED)],
        "back_url": f"{reverse('admin:sla_reports')}?{urlencode(asked)}#{code}",
    }


def _forms(codes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((code, FORMS[code].label) for code in codes if code in FORMS)


def _card(
    kind: ReportKind | None,
    *,
    typed: Mapping[str, str],
    choices: Mapping[str, tuple[tuple[str, str], ...]],
    error: ValidationError | None,
) -> Card:
    """Return the card of a report; None stands for the one of a single vendor."""
    parameters = VENDOR_REPORT.parameters if kind is None else kind.parameters
    said, others = _said(error, known={each.code for each in parameters})
    values = {**last_month(), **typed}
    return Card(
        code=VENDOR_REPORT.code if kind is None else kind.code,
        title=VENDOR_REPORT.title if kind is None else kind.title,
        text=VENDOR_REPORT.text if kind is None else kind.text,
        url=address("admin:sla_report", kind.code) if kind else address("admin:sla_vendor_report"),
        controls=tuple(
            Control(
                code=each.code,
                label=each.label,
                value=values.get(each.code, ""),
                help=each.help,
                required=each.required,
                choices=choices.get(each.kind, ()),
                error=said.get(each.code, ""),
            )
            for each in parameters
        ),
        forms=_forms(OFFERED),
        errors=others,
    )


def _said(error: ValidationError | None, *, known: set[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what was wrong by field, and what belongs to no field."""
    if error is None:
        return {}, ()
    if not hasattr(error, "error_dict"):
        return {}, tuple(error.messages)
    by_field = {place: " ".join(texts) for place, texts in error.message_dict.items()}
    others = tuple(text for place, text in by_field.items() if place not in known)
    return {place: text for place, text in by_field.items() if place in known}, others


def _choices(request: HttpRequest) -> dict[str, tuple[tuple[str, str], ...]]:
    vendors = Vendor.objects.all().visible_to(signed_in(request)).order_by("name")
    return {
        "vendor": (("", "—"), *((row.slug, row.name) for row in vendors)),
        "entity": (("", "All"), *LegalEntity.objects.order_by("name").values_list("code", "name")),
        "edition": (("internal", "Internal"), ("vendor", "Vendor's")),
    }


def last_month() -> dict[str, str]:
    """Return the last whole month as the two ends of a range."""
    until = timezone.now().date().replace(day=1)
    before = until - timedelta(days=1)
    return {"from": f"{before:%Y-%m}", "until": f"{until:%Y-%m}"}


def vendor_report_url(vendor: Vendor) -> str:
    """Return the address of a vendor's report of the last whole month."""
    return f"{reverse('admin:sla_vendor_report')}?{urlencode({'vendor': vendor.slug, **last_month()})}"


def report_url(code: str, **asked: str) -> str:
    """Return the address of a report of the last whole month."""
    return f"{reverse('admin:sla_report', args=[code])}?{urlencode({**last_month(), **asked})}"
