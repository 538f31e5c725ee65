"""What is typed: an answer to each line, the code, and who gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from incidents.admin import LocalDateTimeField
from incidents.admin.local_times import written
from sla.models import LineAnswer, StatementLine
from sla.services.links.confirming import LONGEST_NAME, LONGEST_ROLE
from sla.services.links.drafting import LineProblemsError
from sla.services.links.evidence import LARGEST_FILE, Evidence, checked_file
from sla.services.links.saying import Said
from vendors.models import major_units, minor_units

Answer = LineAnswer.Answer
CHOICES = [
    ("", "No answer now"),
    (Answer.AGREES, "Agree"),
    (Answer.CONTESTS, "Contest"),
    (Answer.ALREADY_CREDITED, "Already credited"),
    (Answer.ASKS_FOR_TIME, "Ask for more time"),
]
DAY = {"type": "date"}
MOMENT = {"placeholder": "YYYY-MM-DD HH:MM"}
# Fields of the form that have another name where the answer is checked.
NAMES = {"amount_minor": "amount"}


class LineForm(forms.Form):
    """The answer to one line; its times are local to the statement's zone.

    `earlier` is what was typed of it and is not sent yet: it stands in the fields, and its file is kept.
    """

    says = forms.ChoiceField(
        label="Your answer", required=False, initial="", choices=CHOICES, widget=forms.RadioSelect
    )
    started_at = LocalDateTimeField(label="It began", required=False)
    ended_at = LocalDateTimeField(label="It ended", required=False)
    amount = forms.DecimalField(
        label="The amount that you accept, before tax",
        required=False,
        max_digits=15,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text="For this line, such as 125.00. Leave it empty if you name none.",
    )
    invoice = forms.CharField(
        label="Invoice or credit note", required=False, max_length=100, help_text="Its number."
    )
    invoice_on = forms.DateField(label="Its date", required=False, widget=forms.DateInput(attrs=DAY))
    credited = forms.DecimalField(
        label="Amount credited, before tax",
        required=False,
        max_digits=15,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    until = forms.DateField(label="You answer by", required=False, widget=forms.DateInput(attrs=DAY))
    text = forms.CharField(
        label="In your words",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The cause, or what else we should know.",
    )
    file = forms.FileField(
        label="A file that shows it",
        required=False,
        help_text="A PDF, a picture, a table, a text or a mail, at most 5 MB.",
    )

    use_required_attribute = False

    def __init__(self, *args: Any, line: StatementLine, earlier: Said | None = None) -> None:
        initial = {} if earlier is None else dict(_typed(earlier, currency=line.currency))
        super().__init__(*args, prefix=f"line{line.number}", initial=initial)  # type: ignore[misc]
        self.line, self.earlier = line, earlier
        if earlier is not None and earlier.file is not None:
            self.fields["file"].help_text = f"{earlier.file.name} is kept. Choose another one to replace it."
        for name in ("started_at", "ended_at"):
            self.fields[name].widget = forms.TextInput(attrs=MOMENT)

    def clean_amount(self) -> int | None:
        """Return the amount in minor units."""
        return self._minor("amount")

    def clean_credited(self) -> int | None:
        """Return the amount in minor units."""
        return self._minor("credited")

    def _minor(self, name: str) -> int | None:
        amount = self.cleaned_data[name]
        try:
            return None if amount is None else minor_units(amount, currency=self.line.currency)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_file(self) -> Evidence | None:
        """Return the file, where it is one that may be kept."""
        upload = self.cleaned_data["file"]
        return None if upload is None else checked_file(upload.name, upload.read(LARGEST_FILE + 1))

    @property
    def said(self) -> Said | None:
        """Return what was said, None for no answer."""
        values = dict(self.cleaned_data)
        amount, credited = values.pop("amount"), values.pop("credited")
        if not values["says"]:
            return None
        values["amount_minor"] = credited if values["says"] == Answer.ALREADY_CREDITED else amount
        if values["file"] is None and self.earlier is not None:
            values["file"] = self.earlier.file
        return Said(line_number=self.line.number, **values)

    @property
    def is_open(self) -> bool:
        """Say whether the form is shown unfolded."""
        if not self.is_bound:
            return self.earlier is not None
        return bool(self.errors) or bool(self.data.get(self.add_prefix("says")))


def _typed(said: Said, *, currency: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an answer as they were typed; a file cannot be among them."""
    credited = said.says == Answer.ALREADY_CREDITED
    for name, value in vars(said).items():
        if value is None or name in ("line_number", "file"):
            continue
        if name == "amount_minor":
            yield "credited" if credited else "amount", f"{major_units(value, currency=currency):f}"
        elif name in ("started_at", "ended_at"):
            yield name, written(timezone.localtime(value))
        else:
            yield name, value


class ConfirmForm(forms.Form):
    """The code, and who enters it."""

    code = forms.CharField(
        label="Code from the mail",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )
    name = forms.CharField(
        label="Your name", max_length=LONGEST_NAME, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    role = forms.CharField(
        label="Your role",
        max_length=LONGEST_ROLE,
        help_text="Such as account manager.",
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )


def refuse_lines(forms: dict[int, LineForm], error: LineProblemsError) -> None:
    """Put what is wrong with an answer at the fields of its line."""
    for number, problems in error.by_line.items():
        form = forms[number]
        credited = form.cleaned_data["says"] == Answer.ALREADY_CREDITED
        for place, said in problems.message_dict.items():
            name = "credited" if place == "amount_minor" and credited else NAMES.get(place, place)
            form.add_error(name, said)
