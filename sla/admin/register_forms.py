"""The forms of an import of contracts, bills or a portfolio: the file, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from vendors.files.columns import SeenTable
from vendors.files.mapping import OPTION
from vendors.models import RegisterUpload, Vendor
from vendors.registers import bill_table, contract_table

What = RegisterUpload.What
# Our fields in words, and which of them are needed, for what comes as a table.
TABLES: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    What.CONTRACTS: (contract_table.FIELDS, contract_table.NEEDED),
    What.BILLS: (bill_table.FIELDS, bill_table.NEEDED),
}
ASKED: Mapping[str, tuple[str, ...]] = {
    What.PORTFOLIO: ("register",),
    What.BILLS: ("register", "vendor"),
}
SHEET, ORDER, DECIMAL = f"{OPTION}sheet", f"{OPTION}order", f"{OPTION}decimal"
ORDERS = [
    ("", "as the file proves it"),
    ("day-first", "day first: 05/03/2016 is 5 March"),
    ("month-first", "month first: 05/03/2016 is May 3"),
]
DECIMALS = [("", "as the file proves it"), ("point", "point: 4,867.50"), ("comma", "comma: 4.867,50")]
SAME, STANDS = "same", "same-"
NAMES_LENGTH = 5_000
# What the fields mean beside a file whose kind is known.
HELP: Mapping[str, Mapping[str, str]] = {
    What.BILLS: {"vendor": "Look at the contracts of this vendor only."},
    What.CONTRACTS: {
        "vendor": "Whose contracts these are, where a row names nobody.",
        "entity": "Which of our companies signed, where a row does not say it.",
        "currency": "Where a row does not say it, such as EUR.",
        "zone": "Where the months of new contracts begin, such as Europe/Amsterdam.",
    },
}
USUAL = ("register", "vendor", "entity", "currency", "zone")
WIDGETS = {
    "vendor": UnfoldAdminSelectWidget,
    "entity": UnfoldAdminSelectWidget,
    "currency": UnfoldAdminTextInputWidget(attrs={"placeholder": "EUR"}),
    "zone": UnfoldAdminTextInputWidget,
}


class UsualForm(forms.ModelForm):
    """What holds where a file does not say it."""

    class Meta:
        model = RegisterUpload
        fields: tuple[str, ...] = USUAL
        widgets: Mapping[str, Any] = {"register": UnfoldAdminTextInputWidget, **WIDGETS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["register"].required = False
        if "vendor" in self.fields:
            vendors = Vendor.objects.current().order_by("name")
            self.fields["vendor"].queryset = vendors  # type: ignore[attr-defined]
            self.fields["vendor"].empty_label = "as the file says"  # type: ignore[attr-defined]
        if "entity" in self.fields:
            self.fields["entity"].empty_label = "as the file says"  # type: ignore[attr-defined]


class ImportForm(UsualForm):
    """What the file holds, the file, and what holds where it does not say it."""

    # Its own widget: the theme's script writes the file's name into the first text field beside a file.
    file = forms.FileField(label="File", widget=UnfoldAdminFileFieldWidget)

    class Meta(UsualForm.Meta):
        fields: tuple[str, ...] = ("what", *USUAL)
        widgets: Mapping[str, Any] = {
            "what": UnfoldAdminSelectWidget,
            "register": UnfoldAdminTextInputWidget(attrs={"placeholder": "named by what it holds"}),
            **WIDGETS,
        }

    field_order = ("what", "file", "register", "vendor", "entity", "currency", "zone")


class ReadingForm(UsualForm):
    """Which column holds what, how the table is read, what holds for all, and which names are one vendor."""

    def __init__(self, *args: Any, seen: SeenTable | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what = self.instance.what
        for name in USUAL:
            if name not in ASKED.get(what, USUAL):
                del self.fields[name]
        for name, words in HELP.get(What.CONTRACTS if what == What.OCDS else what, {}).items():
            self.fields[name].help_text = words
        self._alike: list[list[list[Any]]] = self.instance.report.get("alike", [])
        self._seen = seen
        if seen is not None:
            self._ask_columns(seen, stored=self.instance.columns or dict(seen.proposed))
        if what in (What.CONTRACTS, What.OCDS):
            self._ask_names()

    def _ask_columns(self, seen: SeenTable, *, stored: Mapping[str, str]) -> None:
        columns = [("", "not in this table"), *((each.name, each.shown) for each in seen.columns)]
        for name, words in TABLES[self.instance.what][0].items():
            self.fields[name_of(name)] = _choice(words, choices=columns, initial=stored.get(name, ""))
        if len(seen.sheets) > 1:
            sheets = [("", "the only one with the columns"), *((sheet, sheet) for sheet in seen.sheets)]
            self.fields[SHEET] = _choice("Sheet", choices=sheets, initial=stored.get(SHEET, ""))
        self.fields[ORDER] = _choice("Order of dates", choices=ORDERS, initial=stored.get(ORDER, ""))
        self.fields[DECIMAL] = _choice("Decimal sign", choices=DECIMALS, initial=stored.get(DECIMAL, ""))

    def _ask_names(self) -> None:
        for place, number, name, others in self._questions():
            offered = [("", "a company of its own"), *((other, f"the same as {other}") for other in others)]
            self.fields[f"{STANDS}{place}-{number}"] = _choice(name, choices=offered)
        self.fields[SAME] = forms.CharField(
            label="Names that are one vendor",
            help_text="A pair a line, such as ORACLE = Oracle Inc: the first is taken for the second.",
            required=False,
            max_length=NAMES_LENGTH,
            initial="\n".join(f"{name} = {other}" for name, other in self.instance.same.items()),
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        )

    def _questions(self) -> Iterator[tuple[int, int, str, list[str]]]:
        """Yield each name of the file that may be another, with the others."""
        for place, names in enumerate(self._alike):
            for number, (name, is_named) in enumerate(names):
                if is_named:
                    yield place, number, name, [other for other, _ in names if other != name]

    def clean_same(self) -> dict[str, str]:
        """Return the pairs of names, each on a line of its own."""
        pairs = {}
        for line in self.cleaned_data[SAME].splitlines():
            name, sign, other = (part.strip() for part in line.partition("="))
            if not line.strip():
                continue
            if not (sign and name and other) or name == other:
                raise ValidationError(
                    f"{line.strip()[:80]!r} is no pair. Write NAME = NAME, one pair a line."
                )
            pairs[name] = other
        return pairs

    def clean(self) -> dict[str, Any]:
        """Refuse two names that are each to stand for the other."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for place, number, _, _ in self._questions():
            other = data.get(f"{STANDS}{place}-{number}")
            if other and data.get(f"{STANDS}{place}-{self._number(place, other)}"):
                said = (
                    f"{other} is itself to stand for another name. Let one of them be a company of its own."
                )
                self.add_error(f"{STANDS}{place}-{number}", said)
        return data

    def _number(self, place: int, name: str) -> int:
        return [other for other, _ in self._alike[place]].index(name)

    def columns(self) -> dict[str, str]:
        """Return the mapping, without what the table does not have; another sheet begins anew."""
        given = {name: self.cleaned_data.get(name, "") for name in (SHEET, ORDER, DECIMAL)}
        if given[SHEET] == self.instance.columns.get(SHEET, "") and self._seen is not None:
            fields = TABLES[self.instance.what][0]
            given |= {name: self.cleaned_data.get(name_of(name), "") for name in fields}
        return {name: value for name, value in given.items() if value}

    def one_vendor(self) -> dict[str, str]:
        """Return which name stands for which."""
        pairs: dict[str, str] = dict(self.cleaned_data.get(SAME) or {})
        for place, number, name, _ in self._questions():
            if other := self.cleaned_data.get(f"{STANDS}{place}-{number}"):
                pairs[name] = other
        return pairs

    def for_columns(self) -> Iterator[tuple[Any, str]]:
        """Yield the choices of columns, each with whether it is needed."""
        if self._seen is not None:
            fields, needed = TABLES[self.instance.what]
            for name in fields:
                yield self[name_of(name)], needed.get(name, "")

    def for_table(self) -> list[Any]:
        """Return how the table is read."""
        return [self[name] for name in (SHEET, ORDER, DECIMAL) if name in self.fields]

    def for_all(self) -> list[Any]:
        """Return what holds where the file does not say it."""
        return [self[name] for name in USUAL if name in self.fields]

    def for_names(self) -> list[Any]:
        """Return the names that may be one vendor, each set together."""
        return [self[name] for name in self.fields if name.startswith(STANDS)]


def name_of(field: str) -> str:
    """Return the name of the choice of a column: some of our fields bear names of the upload's own."""
    return f"column-{field}"


def _choice(label: str, *, choices: list[tuple[str, str]], initial: str = "") -> forms.ChoiceField:
    known = any(value == initial for value, _ in choices)
    return forms.ChoiceField(
        label=label,
        choices=choices,
        required=False,
        initial=initial if known else "",
        widget=UnfoldAdminSelectWidget,
    )
