"""What a person types of an outage's times: an end before its start is a slip, refused at the field."""

from typing import Any

from django import forms


class TimesInOrder(forms.ModelForm):
    """Refuse an end that lies before the start; what a feed says so is accepted and flagged elsewhere."""

    def clean(self) -> dict[str, Any] | None:
        """Compare the two times as typed."""
        cleaned = super().clean()
        started, ended = self.cleaned_data.get("started_at"), self.cleaned_data.get("ended_at")
        if started is not None and ended is not None and ended < started:
            self.add_error("ended_at", "It came back before it began. Correct one of the two times.")
        return cleaned
