"""Make a link for a vendor, see how it was used, withdraw it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sla.admin.acts import refuse
from sla.admin.statements import revision_url
from sla.models import Release, StatementLink, StatementLinkView, StatementRevision
from sla.selectors.addresses import entry_of_contact
from sla.services.links import make_link, revoke_link
from sla.services.links.making import MOST_DAYS, USUAL_DAYS
from sla.services.links.words import entry_words, told_at
from vendors.admin import signed_in
from vendors.callers import origin_of
from vendors.models import Contact

MOST_USES = 200
TEXT = (
    "Whoever has the link reads the vendor's edition of {revision}, and nothing else, without an account."
    " They can answer each line. An answer is confirmed by a code that is sent to the contact's address, and"
    " changes no figure before somebody here takes it as recorded."
)


class LinkForm(forms.Form):
    """For whom, for how long, and how it gets there."""

    contact = forms.ModelChoiceField(
        label="For",
        queryset=Contact.objects.none(),
        help_text="Codes for answers go to this address. For one that you alone entered another person makes"
        " the link, where there is one who could.",
    )
    days = forms.IntegerField(
        label="Works for days",
        initial=USUAL_DAYS,
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.TextInput,
        help_text=f"At most {MOST_DAYS}.",
    )
    how = forms.ChoiceField(
        label="How it gets there",
        choices=[("mail", "Mail it to the contact"), ("once", "Show it once, I send it myself")],
        help_text="A mailed link is not shown here to anybody.",
    )

    def __init__(self, *args: Any, contacts: Any, revision: StatementRevision, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"].queryset = contacts  # type: ignore[attr-defined]
        words = partial(_contact_words, revision=revision)
        self.fields["contact"].label_from_instance = words  # type: ignore[attr-defined]


def _contact_words(contact: Contact, *, revision: StatementRevision) -> str:
    entered = entry_words(entry_of_contact(contact), revision=revision)
    return f"{contact.name}, {contact.get_role_display().lower()}: {contact.email} ({entered})"


def make_view(request: HttpRequest, release: Release, *, base: Any) -> HttpResponse:
    """Ask for whom a link is, make it, and mail it or show it once."""
    revision = release.revision
    contacts = Contact.objects.filter(vendor=revision.statement.agreement.contract.vendor).exclude(email="")
    form = LinkForm(request.POST or None, contacts=contacts, revision=revision)
    if request.method == "POST" and form.is_valid():
        origin, asked = origin_of(request), form.cleaned_data
        try:
            made = make_link(
                release,
                contact=asked["contact"],
                days=asked["days"],
                mailed=asked["how"] == "mail",
                origin=origin,
                by=signed_in(request),
                now=timezone.now(),
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            if made.key:
                return _shown_once(request, made.link, key=made.key, origin=origin, base=base)
            until = told_at(made.link.expires_at, revision=revision)[:10]
            messages.success(request, f"The link goes to {made.link.address} and works until {until}.")
            return HttpResponseRedirect(f"{revision_url(revision)}#answers")
    text = TEXT.format(revision=revision)
    if not contacts:
        text += " The vendor has no contact with an e-mail address yet: enter one on the vendor's page."
    context = {
        **base,
        "title": "Make a link for the vendor",
        "text": text,
        "form": form,
        "save_label": "Make the link",
        "back_url": f"{revision_url(revision)}#answers",
    }
    return TemplateResponse(request, "sla/act_form.html", context)


def _shown_once(
    request: HttpRequest, link: StatementLink, *, key: str, origin: str, base: Any
) -> HttpResponse:
    revision = link.release.revision
    context = {
        **base,
        "title": "The link, shown this once",
        "link": link,
        "address": f"{origin}{reverse('statement_link', args=[key])}",
        "until": told_at(link.expires_at, revision=revision),
        "back_url": f"{revision_url(revision)}#answers",
    }
    # No page of the admin is kept by a cache, and so neither is this one.
    return TemplateResponse(request, "sla/links/shown_once.html", context)


def uses_view(request: HttpRequest, link: StatementLink, *, base: Any) -> HttpResponse:
    """Show each use of a link: when, from where, for what."""
    revision = link.release.revision
    rows = StatementLinkView.objects.filter(link=link).order_by("-pk")
    context = {
        **base,
        "title": f"Uses of the link for {link.name}",
        "link": link,
        "uses": [(told_at(row.at, revision=revision), row) for row in rows[:MOST_USES]],
        "count": rows.count(),
        "back_url": f"{revision_url(revision)}#answers",
    }
    return TemplateResponse(request, "sla/links/uses.html", context)


class WhyForm(forms.Form):
    """Why a link is withdrawn."""

    why = forms.CharField(label="Why", max_length=500, help_text="It is kept with your name.")


def revoke_view(request: HttpRequest, link: StatementLink, *, base: Any) -> HttpResponse:
    """Ask why, then let a link open nothing any more."""
    back = f"{revision_url(link.release.revision)}#answers"
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            revoke_link(link, by=signed_in(request), why=form.cleaned_data["why"], now=timezone.now())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"The link for {link.name} opens nothing any more.")
            return HttpResponseRedirect(back)
    context = {
        **base,
        "title": f"Withdraw the link for {link.name}",
        "text": "It opens nothing from now on. What came through it stays. A new link can be made any time.",
        "form": form,
        "save_label": "Withdraw the link",
        "back_url": back,
    }
    return TemplateResponse(request, "sla/act_form.html", context)
