"""The form of one part of the terms, with its sentence and what it would pay beside it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.statements import schedule_url
from sla.models import AgreementVersion
from sla.services import parts, previews
from vendors.admin import signed_in

REASON = "reason"


def part_view(
    request: HttpRequest, version: AgreementVersion, *, name: str, at: str, base: Any
) -> HttpResponse:
    """Show, preview, save or remove one part of a version's terms."""
    part = parts.PARTS.get(name)
    if part is None:
        raise Http404(f"Terms have no part {name!r}.")
    try:
        if request.method != "POST":
            return _page(request, version, part=part, at=at, base=base)
        if "remove" in request.POST:
            return _remove(request, version, part=part, at=at)
        return _posted(request, version, part=part, at=at, base=base)
    except parts.NoSuchPart as error:
        raise Http404(str(error)) from error


def _posted(
    request: HttpRequest, version: AgreementVersion, *, part: Any, at: str, base: Any
) -> HttpResponse:
    draft = parts.read_part(version, request.POST, part=part, at=at)
    if "fragment" in request.POST:
        return TemplateResponse(request, "sla/parts/preview.html", _preview(version, draft=draft, part=part))
    if "preview" in request.POST:
        return _page(request, version, part=part, at=at, base=base, draft=draft)
    reason = request.POST.get(REASON, "").strip() or ("Terms entered" if version.is_draft else "")
    if not reason:
        draft.errors.setdefault("", []).append("Say in one sentence why the terms are corrected.")  # type: ignore[attr-defined]
    saved, draft = parts.save_part(version, draft, part=part, at=at, by=signed_in(request), reason=reason)
    if saved is None:
        return _page(request, version, part=part, at=at, base=base, draft=draft)
    messages.success(
        request, f"{part.label} saved." + ("" if version.is_draft else " The terms are a draft again.")
    )
    return HttpResponseRedirect(version_url(version))


def _remove(request: HttpRequest, version: AgreementVersion, *, part: Any, at: str) -> HttpResponse:
    reason = request.POST.get(REASON, "").strip() or f"{part.label} taken out"
    try:
        parts.remove_part(version, part=part, at=at, by=signed_in(request), reason=reason)
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
        return HttpResponseRedirect(request.get_full_path())
    messages.success(request, f"{part.label} taken out.")
    return HttpResponseRedirect(version_url(version))


def _page(
    request: HttpRequest, version: AgreementVersion, *, part: Any, at: str, base: Any, draft: Any = None
) -> HttpResponse:
    if draft is None and at != "new":
        draft_now = parts.read_part_as_it_stands(version, part=part, at=at)
    else:
        draft_now = draft
    form = parts.part_form(version, part=part, at=at, draft=draft)
    context = {
        **base,
        "title": part.label,
        "form": form,
        "part": part,
        "version": version,
        "is_new": at == "new",
        "reason": request.POST.get(REASON, ""),
        "back_url": version_url(version),
        "refused": draft is not None and bool(draft.errors),
        "was_saving": "save" in request.POST,
        "summary": _summary(form, draft),
        **(_preview(version, draft=draft_now, part=part) if draft_now is not None else {}),
    }
    return TemplateResponse(request, "sla/part_form.html", context)


def _summary(form: Any, draft: Any) -> list[str]:
    """Return what is wrong where no control can show it."""
    if draft is None:
        return []
    shown = set(_places(form))
    return [
        f"{place}: {text}" if place else text
        for place, said in draft.errors.items()
        if place not in shown
        for text in said
    ]


def _places(item: Any) -> list[str]:
    found = [item.place] if getattr(item, "place", "") else []
    for inner in getattr(item, "items", ()):
        found += _places(inner)
    for row in getattr(item, "rows", ()):
        for cell in row:
            found += _places(cell)
    return [place.split("~")[-1].split(".", 1)[-1] if "~" in place else place for place in found] + found


def _preview(version: AgreementVersion, *, draft: Any, part: Any) -> dict[str, Any]:
    """Return sentence and pay-out table of what was typed, or why there is none yet."""
    if draft.value is None:
        said = [
            f"{place}: {text}" if place else text for place, texts in draft.errors.items() for text in texts
        ]
        return {"problems": said}
    on = timezone.now().date()
    return {"preview": previews.preview_part(version, part=part, value=draft.value, on=on)}


def version_url(version: AgreementVersion) -> str:
    """Return the address of a version on its schedule's page."""
    return f"{schedule_url(version.agreement)}?version={version.pk}"


def part_url(version: AgreementVersion, *, name: str, at: str) -> str:
    """Return the address of one part's form."""
    return reverse("admin:sla_part", args=[version.agreement_id, version.pk, name, at])
