"""What a person or program does through the API: told in a body, done by one service, answered with a row."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from vendors.api.serializers import CheckedSerializer
from vendors.api.views import Rows

Made = TypeVar("Made")


class Why(CheckedSerializer):
    """Why something is done; services keep it."""

    reason = serializers.CharField(
        source="why", max_length=2000, help_text="One sentence, kept with your name."
    )


class Acting(Rows):
    """Rows to read, and the acts on them. Each act is one call of one service."""

    @property
    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return timezone.now()

    def do(self, act: Callable[[], Made], *, show: Callable[[Made], Response]) -> Response:
        """Do an act and show what it made: the one place where a service may answer that it waits."""
        return show(act())

    def refuse_questions(self) -> None:
        """Refuse words in the address where nothing is narrowed."""
        if self.request.query_params:
            told = "Nothing may be asked here."
            raise ValidationError({name: [told] for name in self.request.query_params})

    def shown_as(self, view: type[Rows], row: Any, *, at: str, status: int = 200) -> Response:
        """Show a row of another kind as its own address `at` does."""
        other = view(request=self.request, format_kwarg=None, action="retrieve", basename=f"api-{at}")
        return other.shown(row, status=status)


def in_currency(asked: dict[str, Any], *, currency: str, shown: str = "amount") -> dict[str, Any]:
    """Return what was asked without the currency of an amount; refuse another than the record's."""
    given = asked.pop("currency", "") or currency
    if given != currency:
        raise ValidationError(
            {shown: {"currency": f"This is in {currency}, not in {given}. Give the amount in {currency}."}}
        )
    return asked
