"""One small form for each act on a claim; times are local to the contract, amounts in its currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from incidents.admin.local_times import LocalDateTimeField
from sla.admin.amounts import AmountField
from sla.engine.claims.moves import MOVES, ClaimState
from sla.models import Claim, ServiceCredit
from sla.services import claims
from vendors.models import money_text

ANSWERS = {
    ClaimState.ACCEPTED: "Accepted in full",
    ClaimState.PARTLY_ACCEPTED: "Accepted in part",
    ClaimState.REJECTED: "Rejected",
}


class MoveForm(forms.Form):
    """Why, asked of every move."""

    why = forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One sentence; it is kept in the claim's history with your name.",
    )
    usual_why = ""
    asks_when = True

    def __init__(self, *args: Any, claim: Claim, zone: str, **options: Any) -> None:
        self.claim, self.zone = claim, zone
        super().__init__(*args, **options)
        self.fields["why"].initial = self.usual_why
        if self.asks_when:
            self.fields["happened_at"] = LocalDateTimeField(
                label="Took effect at", required=False, help_text="Empty: now."
            )
        for field in self.fields.values():
            if isinstance(field, LocalDateTimeField):
                field.help_text = f"In {zone}. {field.help_text}".strip()
        self._ask_why_last()

    def _ask_why_last(self) -> None:
        self.order_fields([*(name for name in self.fields if name != "why"), "why"])

    def asked(self) -> dict[str, Any]:
        """Return what the service takes."""
        return dict(self.cleaned_data)

    def open_amount(
        self, name: str, *, label: str, help_text: str = "", required: bool = False, least: int = 0
    ) -> None:
        """Add a field for an amount in the claim's currency."""
        self.fields[name] = AmountField(
            label=label, currency=self.claim.currency, help_text=help_text, required=required, min_value=least
        )
        self._ask_why_last()


class SubmitForm(MoveForm):
    """When our letter left and when the vendor had it."""

    usual_why = "Claim sent."
    asks_when = False

    sent_at = LocalDateTimeField(
        label="Sent at",
        required=False,
        help_text="When it left us: counts where the clause says “sent by”.",
    )
    received_at = LocalDateTimeField(
        label="Received by the vendor at",
        required=False,
        help_text="Counts where the clause says “received by”. Leave it empty until the vendor confirms it.",
    )


class ReceiptForm(MoveForm):
    """When the vendor had our letter."""

    usual_why = "The vendor confirmed it."
    asks_when = False

    received_at = LocalDateTimeField(label="Received by the vendor at")


class AnswerForm(MoveForm):
    """What the vendor answered."""

    asks_when = False

    state = forms.ChoiceField(label="The vendor's answer")
    happened_at = LocalDateTimeField(label="Answered at")
    vendor_reference = forms.CharField(label="Its reference", max_length=100, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        allowed = MOVES[ClaimState(self.claim.state)]
        choices = [(state.value, label) for state, label in ANSWERS.items() if state in allowed]
        self.fields["state"].choices = choices  # type: ignore[attr-defined]
        self.open_amount(
            "accepted_minor",
            label="Accepted so far",
            help_text="Before tax. Needed where only a part is accepted.",
        )


class CloseForm(MoveForm):
    """Whether it settles everything."""

    final = forms.BooleanField(
        label="In full and final settlement",
        required=False,
        help_text="Later corrections change figures then, and ask for nothing more.",
    )


class AmountForm(MoveForm):
    """How much is given up."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.open_amount("amount_minor", label="How much", help_text="Before tax. Empty: all that is open.")


class WriteOffForm(MoveForm):
    """How much is written off."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.open_amount(
            "amount_minor", label="How much", required=True, help_text="At most what is still open."
        )


class SplitForm(MoveForm):
    """How much of each credit moves to a new claim; `parts` is what the claim holds of each."""

    asks_when = False

    def __init__(self, *args: Any, parts: Mapping[ServiceCredit, tuple[int, Any]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.credits = {f"credit_{credit.pk}": credit for credit in parts}
        for name, credit in self.credits.items():
            held, quantity = parts[credit]
            if quantity:
                self.fields[name] = forms.BooleanField(
                    label=credit.description, required=False, help_text="Tick to move all of it."
                )
                self._ask_why_last()
            else:
                self.open_amount(
                    name,
                    label=credit.description,
                    help_text=self._words(credit, held=held),
                    least=min(0, held),
                )

    def _words(self, credit: ServiceCredit, *, held: int) -> str:
        asked = money_text(held, currency=self.claim.currency)
        agreed = claims.agreed_now(credit)
        said = "" if agreed is None else f", {money_text(agreed, currency=self.claim.currency)} is agreed"
        return f"Of {credit.revision.full_number}; {asked} is asked for here{said}. Empty: it stays here."

    def clean(self) -> dict[str, Any]:
        """Refuse a split that moves nothing."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not any(cleaned.get(name) for name in self.credits):
            raise ValidationError("Nothing would move. Type how much of which credit moves to a new claim.")
        return cleaned

    def asked(self) -> dict[str, Any]:
        """Return the amounts by credit, and why."""
        typed = {credit: self.cleaned_data.get(name) for name, credit in self.credits.items()}
        # What is counted in days, hours or fees moves whole: the service takes 0 for it.
        parts = {credit: 0 if amount is True else amount for credit, amount in typed.items() if amount}
        return {"parts": parts, "why": self.cleaned_data["why"]}
