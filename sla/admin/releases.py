"""Let a vendor have finalised statements: one from its page, many from the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from sla.admin.acts import refuse
from sla.admin.standing import credit_text, standings_of
from sla.admin.statements import address, revision_url, statement_url
from sla.models import Release, Statement, StatementRevision
from sla.services.mailings.leaving import leaving, mailing_words, not_sent
from sla.services.mailings.releasing import release_revision
from vendors.admin import signed_in

MOST_AT_ONCE = 100
TEXT = (
    "The vendor's contacts get the vendor's edition, as it was finalised. What was released cannot be taken"
    " back."
)


class ReleaseForm(forms.Form):
    """A word of ours about a release."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=500,
        help_text="Kept here with your name; the vendor does not read it.",
    )


def release_view(request: HttpRequest, revision: StatementRevision, *, base: Any) -> HttpResponse:
    """Ask for a note, then release a finalised statement to its vendor."""
    form = ReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        try:
            release = release_revision(revision, by=signed_in(request), note=note, now=timezone.now())
        except ValidationError as error:
            refuse(form, error)
        else:
            said = mailing_words(release, now=timezone.now())
            messages.success(request, f"{revision} is released. {said}")
            return HttpResponseRedirect(revision_url(revision))
    vendor = revision.statement.agreement.contract.vendor
    context = {
        **base,
        "title": f"Release {revision} to {vendor}",
        "text": f"{leaving_words(revision, now=timezone.now())} {TEXT}",
        "form": form,
        "save_label": "Release to the vendor",
        "back_url": revision_url(revision),
    }
    return TemplateResponse(request, "sla/act_form.html", context)


def leaving_words(revision: StatementRevision, *, now: datetime) -> str:
    """Return with which mail a revision leaves once it is released, else that it does not and why."""
    why = not_sent(revision)
    return f"No mail carries it yet: {why}." if why else f"It {leaving(revision, now=now)}."


def release_context(request: HttpRequest, revision: StatementRevision, *, is_newest: bool) -> dict[str, Any]:
    """Return who released a revision and whether it was mailed, else where it is released."""
    rows = Release.objects.filter(revision=revision)
    release = rows.select_related(
        "released_by", "report__message", "revision__statement__agreement__contract__vendor"
    ).first()
    may = is_newest and release is None and request.user.has_perm("sla.add_release")
    message = release.report.message if release is not None and release.report is not None else None
    return {
        "release": release,
        "release_mailed": "" if release is None else mailing_words(release, now=timezone.now()),
        "release_mail_url": address("admin:sla_outboxmessage_change", message.pk) if message else "",
        "release_url": address("admin:sla_revision_release", revision.statement_id, revision.number)
        if may
        else "",
    }


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A selected statement, its newest revision, and what keeps it from being released with the others."""

    statement: Statement
    revision: StatementRevision | None
    credit: str
    why: str
    url: str
    leaves: str = ""


def release_many_view(request: HttpRequest, statements: Any, *, base: Any, back: str) -> HttpResponse | None:
    """Release the selected statements that are finalised and hold; list the others with the reason."""
    chosen = list(statements[: MOST_AT_ONCE + 1])
    if len(chosen) > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} statements at once.")
        return None
    found = list(_candidates(chosen))
    ready = [each for each in found if not each.why]
    form = ReleaseForm(request.POST if "confirmed" in request.POST else None)
    if form.is_bound and form.is_valid():
        for each in ready:
            _released(request, each, note=form.cleaned_data["note"])
        for each in found:
            if each.why:
                messages.warning(request, f"{each.statement} was left: {each.why}.")
        return None
    context = {
        **base,
        "title": "Release the selected statements",
        "text": TEXT,
        "ready": ready,
        "left": [each for each in found if each.why],
        "chosen": chosen,
        "form": form,
        "back_url": back,
    }
    return TemplateResponse(request, "sla/release_many.html", context)


def _candidates(statements: list[Statement]) -> Iterable[Candidate]:
    standings = standings_of(statements)
    newest = [each.newest for each in standings.values() if each.newest is not None]
    released = set(Release.objects.filter(revision__in=newest).values_list("revision", flat=True))
    for row in statements:
        standing = standings[row.pk]
        revision, why = standing.newest, ""
        if revision is None:
            why = "it is a draft; finalise it first"
        elif revision.pk in released:
            why = f"it was released already, as r{revision.number}"
        elif standing.needs_correction:
            why = "it needs correction; release it on its own page if the vendor is to have it all the same"
        yield Candidate(
            statement=row,
            revision=revision,
            credit=credit_text(revision or row),
            why=why,
            url=revision_url(revision) if revision else statement_url(row.agreement, label=row.period),
            leaves=leaving_words(revision, now=timezone.now()) if revision and not why else "",
        )


def _released(request: HttpRequest, each: Candidate, *, note: str) -> None:
    assert each.revision is not None
    try:
        release = release_revision(each.revision, by=signed_in(request), note=note, now=timezone.now())
        vendor = each.statement.agreement.contract.vendor
        said = mailing_words(release, now=timezone.now())
        messages.success(request, f"{each.revision} is released to {vendor}. {said}")
    except ValidationError as error:
        messages.error(request, f"{each.statement} was left: {' '.join(error.messages)}")


class Releasing:
    """The act on the list of statements that lets their vendors have those that are finalised."""

    def has_release_permission(self, request: HttpRequest) -> bool:
        """Say whether the reader may let vendors have statements."""
        return request.user.has_perm("sla.add_release")

    @admin.action(description="Release the finalised ones to the vendor", permissions=["release"])
    def release_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Let the vendors have the selected statements that are finalised, after a look at all of them."""
        base = self._base(request)  # type: ignore[attr-defined]
        return release_many_view(request, queryset, base=base, back=request.get_full_path())
