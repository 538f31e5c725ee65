"""The page of a table: where it stands in the file, which column holds what, and how its cells are read."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from incidents.feeds.values import SeenColumn, SeenTable
from incidents.models import FeedSource, FeedUpload
from incidents.services.feeds.uploads import look_at, try_upload
from vendors.admin import signed_in
from vendors.files.csv_files import DELIMITERS, ENCODINGS
from vendors.files.errors import FileError
from vendors.files.tables import sheets_of
from vendors.services import save_record

# Where these change, the page looks again, since there may be other columns.
OF_A_WORKBOOK, OF_A_TEXT = ("sheet", "header"), ("header", "encoding", "delimiter")
LABELS: Mapping[str, str] = {
    "sheet": "Sheet",
    "header": "Row with the names of the columns",
    "encoding": "Encoding of its letters",
    "delimiter": "Sign between the cells",
    "order": "Day or month first",
    "missing": "Marks for “no value”",
    "separator": "Sign between several components",
    "planned": "Words that mean planned work",
    "emergency": "Words that mean emergency work",
    "status": "What its states mean",
    "rows": "What a row is",
    "new": "States before anybody took it",
    "over": "States in which it is over",
    "stops": "States in which it waits, and for what",
    "component": "The one component",
    "metric": "The one metric",
    "wide": "Columns that hold one metric each",
    "decimal": "Decimal sign",
    "unit": "Unit behind the numbers",
    "words": "Words that stand for numbers",
}
CHOICES: Mapping[str, list[tuple[str, str]]] = {
    "encoding": [("", "is found"), *((name, name) for name in ENCODINGS)],
    "delimiter": [
        ("", "is found"),
        *((name, f"{name} ({sign.strip() or 'Tab'})") for name, sign in DELIMITERS.items()),
    ],
    "order": [
        ("", "is found"),
        ("day-first", "Day first: 31/12/2019"),
        ("month-first", "Month first: 12/31/2019"),
    ],
    "rows": [("incidents", "one incident"), ("updates", "one update of an incident")],
    "decimal": [("point", "point"), ("comma", "comma")],
}


class ColumnsForm(forms.Form):
    """One choice of a column for each field, and the options of the table."""

    def __init__(
        self, *args: Any, source: FeedSource, seen: SeenTable, given: Mapping[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        table = source.format.table
        assert table is not None
        names = {each.name for each in seen.columns}
        offered = [("", "not in this table"), *((each.name, _column(each)) for each in seen.columns)]
        for name, words in table.fields.items():
            known = given.get(name, "") if given.get(name, "") in names else seen.proposed.get(name, "")
            widget = UnfoldAdminSelectWidget
            self.fields[name] = forms.ChoiceField(
                label=words, choices=offered, required=False, initial=known, widget=widget
            )
        self._names, self._where, self._how = list(table.fields), [], []
        where = OF_A_WORKBOOK if seen.sheets else OF_A_TEXT
        for name, words in table.options.items():
            if name in where:
                self._where.append(_option(name))
            elif name in (*OF_A_WORKBOOK, *OF_A_TEXT):
                continue
            else:
                self._how.append(_option(name))
            value = given.get(_option(name), seen.proposed.get(_option(name), ""))
            self.fields[_option(name)] = _asked(name, words=words, value=value, sheets=seen.sheets)

    def columns(self) -> dict[str, str]:
        """Return the mapping, without what the table does not have."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def where(self) -> list[Any]:
        """Return the fields that say where the table is."""
        return [self[name] for name in self._where]

    def chosen(self) -> list[Any]:
        """Return the fields of columns."""
        return [self[name] for name in self._names]

    def how(self) -> list[Any]:
        """Return the fields that say how cells are read."""
        return [self[name] for name in self._how]


def _asked(name: str, *, words: str, value: str, sheets: tuple[str, ...]) -> forms.Field:
    given: dict[str, Any] = {"label": LABELS[name], "help_text": words, "required": False, "initial": value}
    choices = [("", "the first that has rows"), *((each, each) for each in sheets)]
    choices = choices if name == "sheet" else CHOICES.get(name, [])
    if not choices:
        return forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget, **given)
    known = {code for code, _ in choices}
    choices = [*choices, *([(value, value)] if value and value not in known else [])]
    return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **given)


def columns_view(request: HttpRequest, *, upload: FeedUpload, base: dict[str, Any]) -> HttpResponse:
    """Say which column of a table holds what; kept with the feed, so that it is asked once.

    Where the sheet or the row of names is another than the page showed, it shows those columns first.
    """
    source = upload.source
    back = HttpResponseRedirect(reverse("admin:incidents_feedupload_change", args=[upload.pk]))
    if source.format.table is None or upload.content is None:
        return back
    given: Mapping[str, str] = request.POST.dict() if request.method == "POST" else source.columns
    seen, is_there = _seen(request, upload=upload, given=given)
    if seen is None:
        return back
    mark = _mark(seen)
    goes_on = request.method == "POST" and request.POST.get("do") != "look" and is_there
    if goes_on and given.get("seen", mark) == mark:
        form = ColumnsForm(request.POST, source=source, seen=seen, given=given)
        if form.is_valid() and _kept(form, request=request, upload=upload):
            return back
    else:
        form = ColumnsForm(source=source, seen=seen, given=given)
    context = {**base, "title": "Which column holds what", "form": form, "upload": upload, "seen": seen}
    return TemplateResponse(request, "incidents/feeds/columns.html", {**context, "mark": mark})


def _kept(form: ColumnsForm, *, request: HttpRequest, upload: FeedUpload) -> bool:
    """Try the file by these columns, and keep them with the feed where it can be read."""
    source = upload.source
    source.columns = form.columns()
    try_upload(upload)
    if upload.error:
        # What was refused does not take the place of what worked.
        messages.error(request, upload.error)
        return False
    save_record(source, by=signed_in(request), reason=f"Columns of {upload.file_name}")
    return True


def _seen(
    request: HttpRequest, *, upload: FeedUpload, given: Mapping[str, str]
) -> tuple[SeenTable | None, bool]:
    """Look at the table where it is said to be; where it is not there, say so and look in each sheet."""
    content, stated = bytes(upload.content or b""), {_option(name) for name in (*OF_A_WORKBOOK, *OF_A_TEXT)}
    options = {name: given[name] for name in stated & given.keys() if given[name].strip()}
    anywhere = [{}, *({_option("sheet"): sheet} for sheet in _sheets(content))]
    told = [upload.error] if upload.error and request.method == "GET" else []
    found, is_there = None, False
    for tried in [options, *anywhere] if options else anywhere:
        try:
            found, is_there = look_at(upload.source, content, options=tried), tried == options
            break
        except ValidationError as error:
            # What the first sheet is not, nobody asked for.
            told += [" ".join(error.messages)] if tried == options else []
    for text in dict.fromkeys(told):
        messages.error(request, text)
    return found, is_there


def _sheets(content: bytes) -> tuple[str, ...]:
    try:
        return sheets_of(content)
    except FileError:
        return ()


def _mark(seen: SeenTable) -> str:
    """Return what tells these columns from those of another sheet."""
    return sha256(repr(seen.columns).encode()).hexdigest()[:20]


def _column(column: SeenColumn) -> str:
    examples = ", ".join(column.examples[:2])
    shown = examples if len(examples) <= 40 else examples[:39] + "…"
    return f"{column.name} ({shown})" if shown else column.name


def _option(name: str) -> str:
    return f"option:{name}"
