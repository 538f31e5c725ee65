"""Addresses of what vendors really gave, which claims it answers, and exchange rates."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting, AskedSerializer, Why
from sla.api.naming import (
    ExactField,
    FiguresSerializer,
    account_key,
    claim_key,
    days,
    entity_key,
    of_contract,
    vendor_key,
)
from sla.models import Claim, CreditMatch, CreditReceived, ExchangeRate
from sla.services.receipts import match_credit, record_rate, record_receipt, unmatch_credit
from vendors.api.fields import DayField, MoneyField, PersonField, RowField
from vendors.api.filters import KeyFilter
from vendors.api.serializers import CheckedSerializer
from vendors.models import LegalEntity, Vendor

AMOUNTS = ("net", "tax", "total")


def _money(minor: str) -> MoneyField:
    return MoneyField(minor=minor, currency="currency", read_only=True)


class ReceiptSerializer(FiguresSerializer):
    """A document of the vendor: a credit note, a line of an invoice, a payment, days added."""

    vendor = vendor_key(read_only=True)
    entity = entity_key(read_only=True)
    account = account_key(read_only=True)
    net, tax, total = _money("net_minor"), _money("tax_minor"), _money("total_minor")
    recorded_by = PersonField(read_only=True)

    class Meta:
        model = CreditReceived
        fields: ClassVar = [
            *("id", "vendor", "entity", "account", "kind", "mark", "document", "received_on", "tax_point"),
            *("currency", *AMOUNTS, "quantity", "note", "recorded_at", "recorded_by"),
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A credit note",
            {
                "vendor": "northrack",
                "entity": "acme-us",
                "kind": "credit_note",
                "document": "CN-4711",
                "received_on": "2019-08-05",
                "net": {"amount": "200.00", "currency": "USD"},
                "tax": {"amount": "0.00", "currency": "USD"},
            },
            request_only=True,
        )
    ]
)
class Receiving(CheckedSerializer):
    """A document as it stands: money, or days, hours and fees as `quantity`."""

    vendor = vendor_key()
    entity = entity_key()
    account = account_key(required=False)
    kind = serializers.ChoiceField(CreditReceived.Kind.choices)
    mark = serializers.ChoiceField(
        [each for each in CreditReceived.Mark.choices if each[0]],
        required=False,
        help_text="What the vendor says that it settles; nothing said: leave it out.",
    )
    document = serializers.CharField(max_length=100)
    received_on = DayField()
    tax_point = DayField(required=False)
    net = MoneyField(minor="net_minor", currency="currency", keeps="net", required=False)
    tax = MoneyField(minor="tax_minor", currency="currency", keeps="tax", required=False)
    total = MoneyField(minor="total_minor", currency="currency", keeps="total", required=False)
    currency = serializers.CharField(
        max_length=3, required=False, help_text="Needed where nothing is money; else that of the amounts."
    )
    quantity = ExactField(required=False)
    note = serializers.CharField(required=False, max_length=2000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take the one currency of the amounts."""
        said = {name: attrs.pop(name) for name in AMOUNTS if attrs.get(name)}
        given = {**said, **({"currency": attrs["currency"]} if attrs.get("currency") else {})}
        if len(set(given.values())) != 1:
            told = " and ".join(sorted(set(given.values()))) or "none"
            raise ValidationError({"currency": [f"A document is in one currency, not in {told}."]})
        return {**attrs, "currency": next(iter(given.values()))}


class ReceiptFilters(django_filters.FilterSet):
    """What narrows a list of credits received."""

    vendor = KeyFilter("vendor", model=Vendor, by=("slug",))
    entity = KeyFilter("entity", model=LegalEntity, by=("code",))
    kind = django_filters.ChoiceFilter(choices=CreditReceived.Kind.choices)
    document = django_filters.CharFilter()
    locals().update(days("received_on"))


class Receipts(Acting):
    """Credits received. A document is recorded once and stays as it is."""

    model = CreditReceived
    serializer_class = ReceiptSerializer
    filterset_class = ReceiptFilters
    ordering_fields: ClassVar = {"received_on": "received_on", "net": "net_minor"}
    ordering = "-received_on"
    select = ("vendor", "entity", "account__vendor", "recorded_by")
    keyed = frozenset({"create"})

    @extend_schema(request=Receiving, responses={201: ReceiptSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record a document of the vendor; then match it to the claims that it answers."""
        asked = self.told(Receiving)
        return self.do(
            lambda: record_receipt(asked.pop("vendor"), by=self.by, now=self.now, **asked),
            show=lambda made: self.shown(made, status=201),
        )


class MatchSerializer(FiguresSerializer):
    """Which part of a credit received answers which claim; undone by a row that takes it back."""

    received = RowField(CreditReceived, read_only=True, guarded=True)
    claim = claim_key(read_only=True)
    amount = MoneyField(minor="received_minor", currency="received.currency", read_only=True)
    settles = MoneyField(minor="claim_minor", currency="claim.currency", read_only=True)
    rate = RowField(ExchangeRate, read_only=True)
    undoes = RowField(CreditMatch, read_only=True)
    recorded_by = PersonField(read_only=True)

    class Meta:
        model = CreditMatch
        fields: ClassVar = [
            *("id", "received", "claim", "amount", "settles", "quantity", "rate", "undoes", "recorded_at"),
            *("recorded_by", "why"),
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "All of it, as far as it fits",
            {"received": 7, "claim": "NR-2018-C001", "reason": "Their note names the ticket"},
            request_only=True,
        )
    ]
)
class Matching(CheckedSerializer):
    """What of a document answers what of a claim; without an amount as much as fits."""

    received = RowField(CreditReceived)
    claim = claim_key()
    amount = MoneyField(
        minor="received_minor",
        currency="currency",
        keeps="received_currency",
        required=False,
        help_text="Of the document, before tax.",
    )
    settles = MoneyField(
        minor="claim_minor",
        currency="currency",
        keeps="claim_currency",
        required=False,
        help_text="What of the claim is settled by it, between two currencies.",
    )
    quantity = ExactField(required=False)
    rate = RowField(ExchangeRate, required=False)
    reason = serializers.CharField(source="why", required=False, max_length=2000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse amounts in another currency than their side's."""
        sides = {"received": ("received_currency", "amount"), "claim": ("claim_currency", "settles")}
        for side, (keeps, name) in sides.items():
            given, wanted = attrs.pop(keeps, ""), attrs[side].currency
            if given and given != wanted:
                raise ValidationError({name: {"currency": [f"This side is in {wanted}, not in {given}."]}})
        return attrs


class MatchFilters(django_filters.FilterSet):
    """What narrows a list of matches."""

    claim = KeyFilter("claim", model=Claim, by=("reference",))
    received = django_filters.NumberFilter(field_name="received_id")
    locals().update(of_contract("claim__contract"))


class Matches(Acting):
    """Which credits received answer which claims."""

    model = CreditMatch
    serializer_class = MatchSerializer
    filterset_class = MatchFilters
    ordering_fields: ClassVar = {"recorded_at": "recorded_at"}
    select = ("received", "claim", "rate", "undoes", "recorded_by")
    keyed = frozenset({"create", "undo"})
    acts: ClassVar = {"undo": ("add",)}

    @extend_schema(request=Matching, responses={201: MatchSerializer, 202: AskedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Match a credit received to a claim, on the amount before tax; the register follows."""
        asked = self.told(Matching)
        return self.do(
            lambda: match_credit(asked.pop("received"), by=self.by, now=self.now, **asked),
            show=lambda made: self.shown(made, status=201),
        )

    @extend_schema(request=Why, responses={201: MatchSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def undo(self, request: Request, **_: Any) -> Response:
        """Take a match back by a row of its own, and return that."""
        row, asked = self.get_object(), self.told(Why)
        return self.do(
            lambda: unmatch_credit(row, by=self.by, now=self.now, **asked),
            show=lambda made: self.shown(made, status=201),
        )


class RateSerializer(FiguresSerializer):
    """What one unit of `base` was worth in `quote` on a day, by a source."""

    recorded_by = PersonField(read_only=True)

    class Meta:
        model = ExchangeRate
        fields: ClassVar = ["id", "on", "base", "quote", "rate", "source", "recorded_at", "recorded_by"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A rate",
            {"on": "2019-08-05", "base": "EUR", "quote": "USD", "rate": "1.1203", "source": "ECB"},
            request_only=True,
        )
    ]
)
class Rating(CheckedSerializer):
    """A rate with its day and source."""

    on = DayField()
    base = serializers.CharField(max_length=3)
    quote = serializers.CharField(max_length=3)
    rate = serializers.DecimalField(max_digits=15, decimal_places=8)
    source: Any = serializers.CharField(max_length=200)


class RateFilters(django_filters.FilterSet):
    """What narrows a list of rates."""

    base = django_filters.CharFilter()
    quote = django_filters.CharFilter()
    locals().update(days("on"))


class Rates(Acting):
    """Exchange rates. One stays as it is; a better one is another row."""

    model = ExchangeRate
    serializer_class = RateSerializer
    filterset_class = RateFilters
    ordering_fields: ClassVar = {"on": "on"}
    ordering = "-on"
    select = ("recorded_by",)
    keyed = frozenset({"create"})

    @extend_schema(request=Rating, responses={201: RateSerializer, 202: AskedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Record a rate of a day, and who says so."""
        asked = self.told(Rating)
        return self.do(
            lambda: record_rate(by=self.by, now=self.now, **asked),
            show=lambda made: self.shown(made, status=201),
        )
