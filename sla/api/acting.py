"""What a person or program does through the API: told in a body, done by one service, answered with a row."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from vendors.api.serializers import CheckedSerializer
from vendors.api.views import Rows
from vendors.models import Approval
from vendors.services.approvals import done_or_asked

Made = TypeVar("Made")


class Why(CheckedSerializer):
    """Why something is done; services keep it."""

    reason = serializers.CharField(
        source="why", max_length=2000, help_text="One sentence, kept with your name."
    )


class AskedSerializer(serializers.ModelSerializer):
    """A request for a second person: nothing is done until somebody else approves it, see `approvals`."""

    request = serializers.IntegerField(source="pk", read_only=True)

    class Meta:
        model = Approval
        fields: ClassVar = ["request", "act", "subject", "why", "effect", "asked_at"]


class Acting(Rows):
    """Rows to read, and the acts on them. Each act is one call of one service."""

    @property
    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return timezone.now()

    def do(self, act: Callable[[], Made], *, show: Callable[[Made], Response]) -> Response:
        """Do an act and show what it made; where it needs a second person, ask for one and answer 202."""
        made = done_or_asked(act, now=self.now)
        if isinstance(made, Approval):
            return Response(AskedSerializer(made).data, status=202)
        return show(made)

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
