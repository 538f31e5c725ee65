"""Bringing a file in: choose the feed and the file, then see what would happen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from incidents.feeds.formats import FORMATS
from incidents.models import FeedSource, FeedUpload
from incidents.selectors import feed_choices
from incidents.services.feeds.uploads import bring_file
from incidents.services.sources import new_feed
from vendors.admin import signed_in
from vendors.models import Vendor, validate_zone

NEW = "new"
PASTED = "pasted.txt"


class ChooseForm(forms.Form):
    """Which feed, and the file or the text."""

    source = forms.ChoiceField(label="Feed", widget=UnfoldAdminSelectWidget)
    vendor = forms.ModelChoiceField(
        label="Vendor",
        queryset=Vendor.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="For a new feed: whose it is. Leave empty for a monitor or list of ours.",
    )
    kind = forms.ChoiceField(
        label="Format", required=False, widget=UnfoldAdminSelectWidget, help_text="For a new feed."
    )
    zone = forms.CharField(
        label="Time zone of times without one",
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "America/Los_Angeles"}),
        validators=[validate_zone],
    )
    file = forms.FileField(label="File", required=False, widget=UnfoldAdminFileFieldWidget)
    text = forms.CharField(
        label="or its text",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="Copied from a status page, a calendar (.ics) or a mail, for instance.",
    )

    def __init__(self, *args: Any, sources: Any, vendors: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [
            (str(each.pk), f"{each.code} ({each.get_kind_display()})")
            for each in sources
            if each.format.by_file
        ]
        self.fields["source"].choices = [(NEW, "A new feed"), *known]  # type: ignore[attr-defined]
        self.fields["vendor"].queryset = vendors  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", "Choose"), *feed_choices(by_file=True)]  # type: ignore[attr-defined]
        self._sources = sources

    def clean(self) -> dict[str, Any]:
        """Ask for a file or a text, and for the format of a new feed."""
        given = super().clean() or {}
        if given.get("source") == NEW and not given.get("kind"):
            self.add_error("kind", "Which format is it? Choose one.")
        if not given.get("zone") and not self._zone_known(given):
            self.add_error("zone", "Times in such a file may bear no zone: name the one they are in.")
        if bool(given.get("file")) == bool((given.get("text") or "").strip()):
            self.add_error("file", "Choose a file, or paste its text; one of the two.")
        return given

    def _zone_known(self, given: dict[str, Any]) -> bool:
        """Say whether the chosen format needs no zone, or its feed has one."""
        if given.get("source") == NEW:
            kind = given.get("kind")
            return not kind or not FORMATS[kind].needs_zone
        chosen = self._sources.filter(pk=given.get("source")).first()
        return chosen is None or bool(chosen.zone) or not chosen.format.needs_zone

    @property
    def content(self) -> tuple[bytes, str]:
        """Return the bytes and the name of the file."""
        file = self.cleaned_data["file"]
        if file:
            return file.read(), file.name
        return self.cleaned_data["text"].encode(), PASTED

    def feed(self) -> FeedSource:
        """Return the chosen feed, or a new one that is not saved. Raises ValidationError."""
        given = self.cleaned_data
        if given["source"] == NEW:
            feed = new_feed(given["kind"], vendor=given["vendor"])
            if not feed._state.adding and not self._sources.filter(pk=feed.pk).exists():
                raise ValidationError(f"Another feed has the code {feed}. Add one under Feeds and choose it.")
            return feed
        found: FeedSource = self._sources.get(pk=given["source"])
        return found


def choose_view(request: HttpRequest, *, source: FeedSource | None, base: dict[str, Any]) -> HttpResponse:
    """Ask for the feed and the file; then on to its columns, or to what would happen."""
    form = ChooseForm(
        request.POST or None,
        request.FILES or None,
        sources=FeedSource.objects.all().visible_to(request.user),
        vendors=Vendor.objects.all().visible_to(request.user).current(),
        initial={"source": str(source.pk) if source else NEW},
    )
    if form.is_bound and form.is_valid():
        try:
            return HttpResponseRedirect(_next_page(request, upload=_brought(form, by=signed_in(request))))
        except ValidationError as error:
            form.add_error(None, error)
    context = {**base, "title": "Import a file", "form": form, "source": source}
    return TemplateResponse(request, "incidents/feeds/choose.html", context)


def _brought(form: ChooseForm, *, by: User) -> FeedUpload:
    content, name = form.content
    source, zone = form.feed(), form.cleaned_data["zone"]
    return bring_file(content, file_name=name, source=source, zone=zone, by=by, at=timezone.now())


def _next_page(request: HttpRequest, *, upload: FeedUpload) -> str:
    """Return where to go on: what would happen, or first the columns of a table."""
    if request.POST.get("source") == NEW and not upload.made_feed:
        words = f"{upload.source} is of that format already, so this is a file of it. If it is another feed:"
        messages.info(request, f"{words} forget the file, and add the feed under Feeds first.")
    ask_columns = upload.source.format.table is not None and (upload.error or not upload.source.columns)
    # That page says itself what is wrong.
    if upload.error and not ask_columns:
        messages.error(request, upload.error)
    page = "incidents_upload_columns" if ask_columns else "incidents_feedupload_change"
    return reverse(f"admin:{page}", args=[upload.pk])
