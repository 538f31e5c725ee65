"""Addresses of our books of credits: the register, policies, closed months, shared caps."""

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting, Why
from sla.api.naming import (
    FiguresSerializer,
    MonthFilter,
    UnitMoneyField,
    books_key,
    claim_key,
    contract_key,
    days,
    entity_key,
    month_of,
    of_contract,
    vendor_key,
)
from sla.models import Claim, PeriodClose, PostingPolicy, RegisterEntry, SharedCap
from sla.services.register import close_months
from sla.services.register.closing import unfinished_months
from vendors.api.bulk import Bulk
from vendors.api.fields import MoneyField, PersonField
from vendors.api.filters import KeyFilter
from vendors.api.problems import Conflict
from vendors.api.routes import CODE, SLUG
from vendors.api.serializers import RecordSerializer
from vendors.api.views import Records, Rows
from vendors.models import LegalEntity, Tracked
from vendors.services import Links, Saved, save_record


class EntrySerializer(FiguresSerializer):
    """One movement of what a vendor owes us; the sum of all is what is still owed.

    `unit` is a currency, or days, hours or fees with the figure in `quantity`.
    """

    entity = entity_key(read_only=True)
    vendor = vendor_key(read_only=True)
    contract = contract_key(read_only=True)
    claim = claim_key(read_only=True)
    credit = serializers.IntegerField(source="credit_id", read_only=True, allow_null=True)
    match = serializers.IntegerField(source="match_id", read_only=True, allow_null=True)
    amount = UnitMoneyField(minor="amount_minor", unit="unit")
    recognised = UnitMoneyField(
        minor="recognised_minor", unit="unit", help_text="The part of it that stands in the books."
    )
    recorded_by = PersonField(read_only=True)

    class Meta:
        model = RegisterEntry
        fields: ClassVar = [
            *("id", "kind", "entity", "vendor", "contract", "claim", "credit", "match", "unit", "amount"),
            *("recognised", "quantity", "service_first_on", "service_last_on", "posting_month"),
            *("recorded_at", "recorded_by", "why"),
        ]


class EntryFilters(django_filters.FilterSet):
    """What narrows the register."""

    claim = KeyFilter("claim", model=Claim, by=("reference",))
    kind = django_filters.ChoiceFilter(choices=RegisterEntry.Kind.choices)
    unit = django_filters.CharFilter()
    posting_month = MonthFilter()
    locals().update(of_contract("contract"))
    locals().update(days("posting_month"))


class Entries(Rows):
    """The credit register."""

    model = RegisterEntry
    serializer_class = EntrySerializer
    filterset_class = EntryFilters
    ordering_fields: ClassVar = {
        "posting_month": "posting_month",
        "recorded_at": "recorded_at",
        "amount": "amount_minor",
    }
    select = ("entity", "vendor", "contract", "claim", "recorded_by")


class PolicySerializer(RecordSerializer):
    """How one of our companies keeps its books of credits."""

    entity = books_key()
    hold_below = MoneyField(
        minor="hold_below_minor",
        currency="entity.base_currency",
        keeps="given_currency",
        required=False,
        help_text="Corrections below this wait for the next period, in the company's currency.",
    )

    class Meta:
        model = PostingPolicy
        fields: ClassVar = [
            *("entity", "recognition", "receivable_account", "cost_account", "payable_account"),
            *("loss_account", "exchange_account", "hold_below", "reason"),
        ]

    def record(self, row: Tracked, *, links: Links, by: Any, reason: str) -> Saved:
        """Refuse a limit in another currency than the company's."""
        assert isinstance(row, PostingPolicy)
        _require_currency(row, wanted=row.entity.base_currency, field="hold_below")
        return save_record(row, by=by, reason=reason, links=links)


def _require_currency(row: Tracked, *, wanted: str, field: str) -> None:
    given = vars(row).pop("given_currency", "") or wanted
    if given != wanted:
        raise ValidationError({field: {"currency": [f"This is in {wanted}, not in {given}."]}})


class Policies(Records):
    """Posting policies, one a company."""

    model = PostingPolicy
    serializer_class = PolicySerializer
    lookup_paths: ClassVar = {"entity": "entity__code"}
    lookup_patterns: ClassVar = {"entity": SLUG}
    select = ("entity",)


class CloseSerializer(FiguresSerializer):
    """A company's books are closed for all months before a day."""

    entity = entity_key(read_only=True)
    closed_by = PersonField(read_only=True)

    class Meta:
        model = PeriodClose
        fields: ClassVar = ["id", "entity", "open_from", "closed_at", "closed_by", "why"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "June",
            {"entity": "acme-us", "through": "2019-06", "reason": "Month end of June"},
            request_only=True,
        )
    ]
)
class Closing(Why):
    """Through which month a company's books are closed."""

    entity = books_key()
    through = serializers.RegexField(r"^\d{4}-\d{2}$", help_text="The last month to close, such as 2019-06.")
    anyway = serializers.BooleanField(
        required=False, help_text="Close although something in these months is unfinished."
    )


class CloseFilters(django_filters.FilterSet):
    """What narrows a list of closings."""

    entity = KeyFilter("entity", model=LegalEntity, by=("code",))


class Closes(Acting):
    """Closed months: closed books stay as they were reported, and are never opened again."""

    model = PeriodClose
    serializer_class = CloseSerializer
    filterset_class = CloseFilters
    ordering_fields: ClassVar = {"open_from": "open_from", "closed_at": "closed_at"}
    select = ("entity", "closed_by")
    keyed = frozenset({"create"})

    @extend_schema(request=Closing, responses={201: CloseSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Close a company's books through a month; what is unfinished in them is told first (409)."""
        asked, now = self.told(Closing), self.now
        entity, through = asked["entity"], month_of(asked["through"])
        if not asked.get("anyway"):
            found = list(unfinished_months(entity, through=through, user=self.by, now=now))
            if found:
                told = [f"{each.gap.value}: {each.subject} {each.period}".strip() for each in found[:20]]
                raise Conflict(
                    [
                        *(ErrorDetail(text, code="unfinished") for text in told),
                        ErrorDetail("Settle it, or send `anyway` with the reason.", code="unfinished"),
                    ]
                )
        return self.do(
            lambda: close_months(entity, through=through, by=self.by, why=asked["why"], now=now),
            show=lambda made: self.shown(made, status=201),
        )


class CapSerializer(RecordSerializer):
    """A cap over several SLA schedules: all of one contract and of the papers under it."""

    contract = contract_key()
    amount = MoneyField(minor="amount_minor", currency="contract.currency", keeps="given_currency")

    class Meta:
        model = SharedCap
        fields: ClassVar = [
            *("contract", "code", "name", "amount", "period", "clause", "effective_from"),
            *("effective_until", "reason"),
        ]

    def record(self, row: Tracked, *, links: Links, by: Any, reason: str) -> Saved:
        """Refuse an amount in another currency than the contract's."""
        assert isinstance(row, SharedCap)
        _require_currency(row, wanted=row.contract.currency, field="amount")
        return save_record(row, by=by, reason=reason, links=links)


class CapFilters(django_filters.FilterSet):
    """What narrows a list of shared caps."""

    locals().update(of_contract("contract"))


class SharedCaps(Bulk, Records):
    """Caps over several SLA schedules."""

    model = SharedCap
    serializer_class = CapSerializer
    filterset_class = CapFilters
    lookup_paths: ClassVar = {"contract": "contract__reference", "code": "code"}
    lookup_patterns: ClassVar = {"contract": CODE, "code": CODE}
    ordering_fields: ClassVar = {"code": "code", "amount": "amount_minor"}
    select = ("contract",)
    bulk_key: ClassVar = {"contract": "contract", "code": "code"}
