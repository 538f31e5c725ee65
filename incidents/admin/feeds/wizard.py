"""Bringing a file in: choose the feed and the file, name the columns of a table, see what would happen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from incidents.feeds.formats import FORMATS
from incidents.feeds.values import FeedError, SeenTable
from incidents.models import FeedSource, FeedUpload
from incidents.selectors import feed_choices
from incidents.services.feeds.uploads import keep_upload, try_upload
from incidents.services.sources import new_feed
from vendors.admin import signed_in
from vendors.models import Vendor, validate_zone
from vendors.services import save_record

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
    file = forms.FileField(label="File", required=False)
    text = forms.CharField(
        label="or its text",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="Copied from a status page, for instance.",
    )

    def __init__(self, *args: Any, sources: Any, vendors: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(each.pk), f"{each.code} ({each.get_kind_display()})") for each in sources]
        self.fields["source"].choices = [(NEW, "A new feed"), *known]  # type: ignore[attr-defined]
        self.fields["vendor"].queryset = vendors  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", "Choose"), *feed_choices()]  # type: ignore[attr-defined]
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

    def source_for(self, request: HttpRequest) -> FeedSource:
        """Return the chosen feed, with the zone where it had none; make a new one. Raises ValidationError."""
        given = self.cleaned_data
        if given["source"] == NEW:
            source = new_feed(given["kind"], vendor=given["vendor"])
        else:
            source = self._sources.get(pk=given["source"])
        zone = given["zone"] or source.zone
        if source.zone and zone != source.zone:
            raise ValidationError(
                f"{source} reads times in {source.zone}. Change that on its page, or leave the zone empty."
            )
        if source._state.adding or source.zone != zone:
            source.zone = zone
            save_record(source, by=signed_in(request), reason="Named for an import")
        return source


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
            chosen = form.source_for(request)
            content, name = form.content
            upload = keep_upload(chosen, content, file_name=name, by=signed_in(request), at=timezone.now())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            is_table = chosen.format.table is not None
            if is_table and not chosen.columns:
                return HttpResponseRedirect(reverse("admin:incidents_upload_columns", args=[upload.pk]))
            try_upload(upload)
            if is_table and upload.error:
                messages.error(request, upload.error)
                return HttpResponseRedirect(reverse("admin:incidents_upload_columns", args=[upload.pk]))
            return HttpResponseRedirect(reverse("admin:incidents_feedupload_change", args=[upload.pk]))
    context = {**base, "title": "Import a file", "form": form, "source": source}
    return TemplateResponse(request, "incidents/feeds/choose.html", context)


class ColumnsForm(forms.Form):
    """One choice of a column for each field, and the options of the table."""

    def __init__(self, *args: Any, source: FeedSource, seen: SeenTable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        table = source.format.table
        assert table is not None
        offered = [("", "not in this table"), *((each.name, _column(each)) for each in seen.columns)]
        stored = source.columns or dict(seen.proposed)
        for name, words in table.fields.items():
            self.fields[name] = forms.ChoiceField(
                label=words,
                choices=offered,
                required=False,
                initial=stored.get(name, ""),
                widget=UnfoldAdminSelectWidget,
            )
        for name, words in table.options.items():
            self.fields[_option(name)] = forms.CharField(
                label=name.capitalize(),
                help_text=words,
                required=False,
                max_length=200,
                initial=stored.get(_option(name), ""),
                widget=UnfoldAdminTextInputWidget,
            )
        self._names, self._options = list(table.fields), [_option(name) for name in table.options]

    def columns(self) -> dict[str, str]:
        """Return the mapping, without what the table does not have."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def chosen(self) -> list[Any]:
        """Return the fields of columns."""
        return [self[name] for name in self._names]

    def asked(self) -> list[Any]:
        """Return the fields of options."""
        return [self[name] for name in self._options]


def columns_view(request: HttpRequest, *, upload: FeedUpload, base: dict[str, Any]) -> HttpResponse:
    """Say which column of a table holds what; kept with the feed, so that it is asked once."""
    source = upload.source
    table = source.format.table
    back = HttpResponseRedirect(reverse("admin:incidents_feedupload_change", args=[upload.pk]))
    if table is None or upload.content is None:
        return back
    try:
        seen = table.look(bytes(upload.content), source.columns)
    except FeedError as error:
        upload.error = str(error)
        upload.save(update_fields=["error"])
        return back
    form = ColumnsForm(request.POST or None, source=source, seen=seen)
    if form.is_bound and form.is_valid():
        source.columns = form.columns()
        try_upload(upload)
        if not upload.error:
            # What was refused does not take the place of what worked.
            save_record(source, by=signed_in(request), reason=f"Columns of {upload.file_name}")
            return back
        messages.error(request, upload.error)
    context = {**base, "title": "Which column holds what", "form": form, "upload": upload, "seen": seen}
    return TemplateResponse(request, "incidents/feeds/columns.html", context)


def _column(column: Any) -> str:
    examples = ", ".join(column.examples[:2])
    shown = examples if len(examples) <= 40 else examples[:39] + "…"
    return f"{column.name} ({shown})" if shown else column.name


def _option(name: str) -> str:
    return f"option:{name}"
