"""Addresses of fees: a new price is a new row, and the shares of a fee sum to 100 percent."""

from decimal import Decimal
from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from vendors.api.bulk import Bulk
from vendors.api.contracts import SERVICE, account_field, contract_field, service_field
from vendors.api.fields import DayField, MoneyField
from vendors.api.filters import KeyFilter
from vendors.api.routes import NUMBER
from vendors.api.serializers import CheckedSerializer, RecordSerializer
from vendors.api.views import Records
from vendors.models import Charge, Contract, Service, Vendor
from vendors.services import change_fee, split_cost


class ShareSerializer(CheckedSerializer):
    """The part of a fee that one cost centre bears."""

    cost_centre = serializers.CharField(max_length=60)
    percent = serializers.DecimalField(
        max_digits=7, decimal_places=4, min_value=Decimal("0.0001"), max_value=Decimal(100)
    )


class SharesSerializer(CheckedSerializer):
    """All cost centres of a fee, at once."""

    shares = serializers.ListField(
        child=ShareSerializer(), max_length=100, help_text="They sum to 100; none at all is possible."
    )
    reason = serializers.CharField(max_length=500)


class FeeAmount(MoneyField):
    """The amount of a fee, in the currency of its contract."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            minor="amount_minor", currency="contract.currency", keeps="stated_currency", **options
        )


class PriceSerializer(CheckedSerializer):
    """A new price from a day on."""

    amount = FeeAmount()
    effective_from = DayField()
    reason = serializers.CharField(max_length=500)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A monthly fee",
            {
                "contract": "NR-2018",
                "service": "NR-2018/power-a",
                "code": "power",
                "kind": "recurring",
                "amount": {"amount": "2000.00", "currency": "USD"},
                "every": "month",
                "effective_from": "2018-01-01",
                "reason": "Order form, line 3",
            },
            request_only=True,
        )
    ]
)
class FeeSerializer(RecordSerializer):
    """A dated fee."""

    contract = contract_field()
    service = service_field(required=False, allow_null=True)
    account = account_field(required=False, allow_null=True)
    amount = FeeAmount()
    effective_from = DayField(required=False, help_text="Of a billed amount: its first day.")
    cost_shares = ShareSerializer(many=True, read_only=True)

    class Meta:
        model = Charge
        fields: ClassVar = [
            *("id", "contract", "service", "code", "kind", "amount", "every", "month_by", "effective_from"),
            *("period_from", "period_until", "invoice_number", "account", "purchase_order"),
            *("included_in_base", "cost_shares", "reason"),
        ]
        read_only_fields: ClassVar = ["id"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an amount in another currency than the contract's."""
        contract = attrs.get("contract") or getattr(self.instance, "contract", None)
        refuse_other_currency(attrs, contract=contract)
        return attrs


def refuse_other_currency(attrs: dict[str, Any], *, contract: Contract | None) -> None:
    """Take the stated currency out of some values; raise ValidationError where it is not the contract's."""
    stated = attrs.pop("stated_currency", None)
    if stated is not None and contract is not None and stated != contract.currency:
        raise serializers.ValidationError(
            {"amount": f"{contract.reference} is in {contract.currency}, not {stated}."}, code="currency"
        )


class FeeFilters(django_filters.FilterSet):
    """What narrows a list of fees."""

    contract = KeyFilter("contract", model=Contract, by=("reference",))
    service = KeyFilter("service", model=Service, by=SERVICE)
    vendor = KeyFilter("contract__vendor", model=Vendor, by=("slug",))
    kind = django_filters.ChoiceFilter(choices=Charge.Kind.choices)
    code = django_filters.CharFilter()
    invoice_number = django_filters.CharFilter()


class Fees(Bulk, Records):
    """What contracts cost."""

    model = Charge
    serializer_class = FeeSerializer
    filterset_class = FeeFilters
    lookup_patterns: ClassVar = {"id": NUMBER}
    ordering_fields: ClassVar = {"effective_from": "effective_from", "code": "code"}
    select = ("contract", "service__contract", "account__vendor")
    prefetch = ("cost_shares",)
    bulk_key: ClassVar = {
        **{"contract": "contract", "service": "service", "code": "code"},
        **{"effective_from": "effective_from", "invoice_number": "invoice_number"},
    }
    keyed = frozenset({"price", "create"})
    acts: ClassVar = {"price": ("add",)}

    @extend_schema(request=PriceSerializer, responses={201: FeeSerializer})
    @action(detail=True, methods=["post"], filterset_class=None)
    def price(self, request: Request, **_: Any) -> Response:
        """Give the fee a new price from a day on, cost shares included; the old row stays as it is."""
        charge: Charge = self.get_object()
        values = self.told(PriceSerializer)
        refuse_other_currency(values, contract=charge.contract)
        later = change_fee(charge, by=self.by, **values)
        return self.shown(later, status=status.HTTP_201_CREATED)

    @extend_schema(request=SharesSerializer, responses=FeeSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def shares(self, request: Request, **_: Any) -> Response:
        """Set which cost centres bear the fee."""
        charge: Charge = self.get_object()
        told = self.told(SharesSerializer)
        rows = told["shares"]
        shares = {row["cost_centre"]: row["percent"] for row in rows}
        if len(shares) < len(rows):
            raise serializers.ValidationError({"shares": "A cost centre stands there twice."})
        split_cost(charge, shares=shares, by=self.by, reason=told["reason"])
        return self.shown(charge)
