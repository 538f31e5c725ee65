"""Records of ours by the keys that the outside world knows, and exact figures as text."""

from datetime import date
from fractions import Fraction
from typing import Any, ClassVar

import django_filters
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incidents.models import Incident
from sla.models import Claim, ServiceLevelAgreement, Statement, StatementRevision
from sla.models.columns import FractionField
from vendors.api.fields import MONEY_SCHEMA, KeyField
from vendors.api.filters import KeyFilter
from vendors.api.serializers import RowSerializer
from vendors.models import EXPONENTS, Account, Contract, LegalEntity, Vendor, major_units

SCHEDULE = ("contract__reference", "code")
STATEMENT = ("agreement__contract__reference", "agreement__code", "period")
REVISION = (*(f"statement__{part}" for part in STATEMENT), "number")


def vendor_key(**options: Any) -> KeyField:
    """Return a vendor by slug."""
    return KeyField(Vendor, by=("slug",), example="northrack", **options)


def entity_key(**options: Any) -> KeyField:
    """Return one of our companies by code."""
    return KeyField(LegalEntity, by=("code",), example="acme-us", **options)


class _BooksField(KeyField):
    """One of our companies, of those whose books the asker reads."""

    def get_queryset(self) -> Any:
        """Return those companies: of others everybody may know the name, and nobody else keeps the books."""
        rows: Any = super().get_queryset()
        return rows if rows is None else rows.read_by(self.context["request"].user)


def books_key(**options: Any) -> KeyField:
    """Return one of our companies whose books the asker reads, by code."""
    return _BooksField(LegalEntity, by=("code",), example="acme-us", **options)


def contract_key(**options: Any) -> KeyField:
    """Return a contract by reference."""
    return KeyField(Contract, by=("reference",), example="NR-2018", **options)


def account_key(**options: Any) -> KeyField:
    """Return an account by its vendor and number."""
    return KeyField(Account, by=("vendor__slug", "number"), example="northrack/40021", **options)


def incident_key(**options: Any) -> KeyField:
    """Return an incident by reference."""
    return KeyField(Incident, by=("reference",), example="INC-2019-041", **options)


def schedule_key(**options: Any) -> KeyField:
    """Return an SLA schedule by the reference of its contract and its code."""
    return KeyField(ServiceLevelAgreement, by=SCHEDULE, example="NR-2018/power", **options)


def statement_key(**options: Any) -> KeyField:
    """Return a statement by its number."""
    return KeyField(Statement, by=STATEMENT, example="NR-2018/power/2019-06", **options)


def revision_key(**options: Any) -> KeyField:
    """Return a finalised statement by the number of its statement and its own."""
    return KeyField(StatementRevision, by=REVISION, example="NR-2018/power/2019-06/1", **options)


def claim_key(**options: Any) -> KeyField:
    """Return a claim by reference."""
    return KeyField(Claim, by=("reference",), example="NR-2018-C001", **options)


@extend_schema_field(
    {"type": "string", "pattern": r"^-?\d+(/\d+)?$", "examples": ["719/720"], "description": "Exact."}
)
class ExactField(serializers.Field):
    """An exact number as text, such as 719/720."""

    def to_representation(self, value: Fraction) -> str:
        """Return the number as n or n/d."""
        return str(value)

    def to_internal_value(self, value: Any) -> Fraction:
        """Return the exact number; refuse a float."""
        try:
            return Fraction(value if isinstance(value, str) and len(value) < 60 else "")
        except (ValueError, ZeroDivisionError):
            raise serializers.ValidationError(
                f"{str(value)[:40]!r} is no exact number. Write it as text, such as 3 or 1/3.", code="exact"
            ) from None


class FiguresSerializer(RowSerializer):
    """A row to read, whose exact figures are text."""

    serializer_field_mapping: ClassVar = {
        **RowSerializer.serializer_field_mapping,
        FractionField: ExactField,
    }


@extend_schema_field({**MONEY_SCHEMA, "type": ["object", "null"]})
class UnitMoneyField(serializers.Field):
    """An amount where its unit is a currency; null where it is days, hours or fees."""

    def __init__(self, *, minor: str, unit: str, **options: Any) -> None:
        self.minor, self.unit = minor, unit
        super().__init__(source="*", read_only=True, **options)

    def to_representation(self, row: Any) -> dict[str, str] | None:
        """Return the amount with its currency."""
        return money(getattr(row, self.minor), currency=getattr(row, self.unit))


def money(minor: int | None, *, currency: str) -> dict[str, str] | None:
    """Return minor units as the API writes money; None for none, and for what is no currency."""
    if minor is None or currency not in EXPONENTS:
        return None
    return {"amount": f"{major_units(minor, currency=currency):f}", "currency": currency}


def of_contract(path: str) -> dict[str, KeyFilter]:
    """Return the filters of rows that hang on a contract at a path."""
    lead = f"{path}__" if path else ""
    return {
        "vendor": KeyFilter(f"{lead}vendor", model=Vendor, by=("slug",)),
        "entity": KeyFilter(f"{lead}entity", model=LegalEntity, by=("code",)),
        "contract": KeyFilter(path or "pk", model=Contract, by=("reference",)),
    }


def days(name: str, *, path: str = "") -> dict[str, django_filters.DateFilter]:
    """Return the two bounds of a day: from it on, and before it."""
    return {
        f"{name}_from": django_filters.DateFilter(field_name=path or name, lookup_expr="gte"),
        f"{name}_before": django_filters.DateFilter(field_name=path or name, lookup_expr="lt"),
    }


class MonthFilter(django_filters.CharFilter):
    """A posting month, such as 2019-06; kept as its first day."""

    class field_class(django_filters.fields.forms.CharField):
        """A month as text."""

        def clean(self, value: Any) -> Any:
            """Return its first day."""
            text = super().clean(value)
            return month_of(text) if text else None


def month_of(text: str) -> date:
    """Return the first day of a month such as 2019-06; raise ValidationError."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ValidationError(f"{text[:40]!r} is no month. Write it as 2019-06.", code="month") from None
