"""What is done with a claim: each act is one call of its service, and moves money or state once."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting, AskedSerializer, Why, in_currency
from sla.api.claim_rows import ClaimSerializer
from sla.engine.claims.moves import ClaimState
from sla.models import Claim, ServiceCredit
from sla.services import claims
from vendors.api.fields import InstantField, MoneyField, RowField
from vendors.api.serializers import CheckedSerializer

ANSWERS = (ClaimState.ACCEPTED, ClaimState.PARTLY_ACCEPTED, ClaimState.REJECTED)
ANSWERED = [(each.value, each.value) for each in ANSWERS]
MOST_PARTS = 500


class Move(Why):
    """Why, and when it took effect; without that now."""

    happened_at = InstantField(required=False)


class Submitting(Why):
    """When our letter left, and when the vendor had it; one of both is needed."""

    sent_at = InstantField(required=False)
    received_at = InstantField(required=False)


class ClaimReceived(Why):
    """When the vendor had our letter."""

    received_at = InstantField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "In part",
            {
                "state": "partly_accepted",
                "happened_at": "2019-07-10T09:00:00Z",
                "accepted": {"amount": "120.00", "currency": "USD"},
                "vendor_reference": "TT-8812",
                "reason": "Their mail of 10 July",
            },
            request_only=True,
        )
    ]
)
class Answering(Why):
    """What the vendor answered to the whole claim."""

    state = serializers.ChoiceField(ANSWERED)
    happened_at = InstantField()
    accepted = MoneyField(
        minor="accepted_minor",
        currency="currency",
        required=False,
        help_text="All that it accepts so far, before tax. Left out, an acceptance is of everything.",
    )
    vendor_reference = serializers.CharField(required=False, max_length=100)


class GivingUp(Move):
    """How much is given up; without an amount all that is open."""

    amount = MoneyField(minor="amount_minor", currency="currency", required=False)


class WritingOff(Move):
    """How much is written off."""

    amount = MoneyField(minor="amount_minor", currency="currency")


class ClaimClosing(Move):
    """Whether it settles everything."""

    final = serializers.BooleanField(
        required=False, help_text="In full and final settlement: later corrections ask for nothing more."
    )


class MovedPart(CheckedSerializer):
    """How much of a credit moves; what is counted in days, hours or fees moves whole, without an amount."""

    credit = RowField(ServiceCredit)
    amount = MoneyField(minor="amount_minor", currency="currency", required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "What is contested",
            {
                "parts": [{"credit": 42, "amount": {"amount": "80.00", "currency": "USD"}}],
                "reason": "The rest can be settled",
            },
            request_only=True,
        )
    ]
)
class Splitting(Why):
    """Which parts move to a claim of their own."""

    parts = MovedPart(many=True, allow_empty=False, max_length=MOST_PARTS)  # type: ignore[call-arg]


def act(asks: type[CheckedSerializer], *, path: str, makes: bool = False) -> Callable[[Any], Any]:
    """Return what makes a method an act on a claim, told by a body of `asks`."""

    def wrapped(method: Any) -> Any:
        answers = {201 if makes else 200: ClaimSerializer, 202: AskedSerializer}
        # In this order: an action forgets what was described of its method before.
        acting = action(detail=True, methods=["post"], filterset_class=None, url_path=path)(method)
        return extend_schema(request=asks, responses=answers)(acting)

    return wrapped


class ClaimActs(Acting):
    """The acts on a claim; which of them its state allows says the service."""

    keyed = frozenset(
        {
            *("submit", "receipt", "answer", "contest", "settle", "split", "write_off", "drop", "lapse"),
            *("close", "reopen"),
        }
    )

    @act(Submitting, path="submit")
    def submit(self, request: Request, **_: Any) -> Response:
        """Record that it was sent, or received; the vendor's own dates run from then on."""
        return self._moved(claims.submit_claim, asks=Submitting)

    @act(ClaimReceived, path="receipt")
    def receipt(self, request: Request, **_: Any) -> Response:
        """Record when the vendor received what we only knew to be sent."""
        return self._moved(claims.confirm_receipt, asks=ClaimReceived)

    @act(Answering, path="answer")
    def answer(self, request: Request, **_: Any) -> Response:
        """Record what the vendor answered to the whole claim."""
        return self._moved(claims.answer_claim, asks=Answering, shown="accepted")

    @act(Move, path="contest")
    def contest(self, request: Request, **_: Any) -> Response:
        """Argue against an answer; what was accepted stays so."""
        return self._moved(claims.contest_claim, asks=Move)

    @act(Move, path="settle")
    def settle(self, request: Request, **_: Any) -> Response:
        """Let what the vendor agrees to, line by line, go ahead; the rest moves to a claim of its own."""
        return self._moved(claims.settle_agreed_part, asks=Move)

    @act(Splitting, path="split", makes=True)
    def split(self, request: Request, **_: Any) -> Response:
        """Move parts of it to a new claim, and return that."""
        claim, asked = self.get_object(), self.told(Splitting)
        parts: dict[ServiceCredit, int] = {}
        for number, part in enumerate(asked["parts"]):
            in_currency(part, currency=claim.currency, shown=f"parts[{number}].amount")
            if part["credit"] in parts:
                raise ValidationError({f"parts[{number}].credit": ["Name each credit once."]})
            parts[part["credit"]] = part.get("amount_minor", 0)
        return self.do(
            lambda: claims.split_claim(claim, parts=parts, by=self.by, why=asked["why"], now=self.now),
            show=lambda made: self.shown(made, status=201),
        )

    @act(WritingOff, path="write-off")
    def write_off(self, request: Request, **_: Any) -> Response:
        """Write off what the vendor owes and will not give."""
        return self._moved(claims.write_off, asks=WritingOff, shown="amount")

    @act(GivingUp, path="drop")
    def drop(self, request: Request, **_: Any) -> Response:
        """Do not pursue it, or an amount of it: we could ask, and decide not to."""
        return self._moved(claims.drop_claim, asks=GivingUp, shown="amount")

    @act(Move, path="lapse")
    def lapse(self, request: Request, **_: Any) -> Response:
        """Close it as lapsed, after the last reading of its deadline has passed without a claim."""
        return self._moved(claims.lapse_claim, asks=Move)

    @act(ClaimClosing, path="close")
    def close(self, request: Request, **_: Any) -> Response:
        """Close it: nothing more is expected; what the vendor did not accept is taken off."""
        return self._moved(claims.close_claim, asks=ClaimClosing)

    @act(Move, path="reopen")
    def reopen(self, request: Request, **_: Any) -> Response:
        """Take a credited claim back to where it stood: what had come belongs elsewhere."""
        return self._moved(claims.reopen_claim, asks=Move)

    def _moved(
        self, service: Callable[..., Claim], *, asks: type[CheckedSerializer], shown: str = "amount"
    ) -> Response:
        claim = self.get_object()
        asked = in_currency(self.told(asks), currency=claim.currency, shown=shown)
        return self.do(lambda: service(claim, by=self.by, now=self.now, **asked), show=self.shown)
