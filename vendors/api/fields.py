"""Values as the API writes them: keys of the outside world, exact decimals, money, instants in UTC."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as ModelError
from django.db import models
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from vendors.models import EXPONENTS, clock_text, major_units, minor_units, sees_all_vendors

CLOCK = re.compile(r"^([01]\d|2[0-3]|24(?=:00)):([0-5]\d)$", re.ASCII)
AMOUNT = re.compile(r"^-?\d{1,15}(\.\d{1,3})?$", re.ASCII)
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)
MONEY_SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "string", "pattern": AMOUNT.pattern, "examples": ["2000.00"]},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]},
    },
    "required": ["amount", "currency"],
    "additionalProperties": False,
}


class DayField(serializers.DateField):
    """A day, such as 2019-06-25."""

    def to_internal_value(self, value: Any) -> date:
        """Refuse a day that no contract knows."""
        day: date = super().to_internal_value(value)
        _require_plausible(day)
        return day


class InstantField(serializers.DateTimeField):
    """An instant, written in UTC: 2019-06-25T04:15:00Z. One without an offset is refused, never guessed."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the instant in UTC."""
        if isinstance(value, str) and not value.upper().endswith("Z") and not _has_offset(value):
            raise ValidationError(
                f"{value!r} does not say its offset from UTC. Write it as 2019-06-25T04:15:00Z.", code="naive"
            )
        at: datetime = super().to_internal_value(value)
        _require_plausible(at.astimezone(UTC).date())
        return at.astimezone(UTC)


def _has_offset(text: str) -> bool:
    return (len(text) > 6 and text[-6] in "+-" and text[-3] == ":") or (len(text) > 15 and text[-5] in "+-")


def _require_plausible(day: date) -> None:
    if not EARLIEST <= day < LATEST:
        raise ValidationError(f"{day} is not between {EARLIEST} and {LATEST}.", code="implausible")


@extend_schema_field(OpenApiTypes.STR)
class KeyField(serializers.RelatedField):
    """A record by the key that the outside world knows it by; several parts are joined by a slash.

    A record that the reader may not see is refused as one that does not exist.
    """

    default_error_messages = {
        "does_not_exist": "There is no {kind} {given!r} that you may see.",
        "incorrect_type": "Give its key as text, such as {example!r}.",
    }

    def __init__(
        self,
        model: type[models.Model],
        *,
        by: tuple[str, ...],
        example: str,
        guarded: bool = False,
        **options: Any,
    ) -> None:
        """`guarded`: a row may be seen whose reference may not; that is then shown as none."""
        self.model, self.by, self.example, self.guarded = model, by, example, guarded
        if not options.get("read_only"):
            options.setdefault("queryset", model._default_manager.all())
        super().__init__(**options)

    def bind(self, field_name: str, parent: Any) -> None:
        """Say of a field that is only read whether it may show none, so that the schema says so."""
        super().bind(field_name, parent)
        if self.read_only and (
            self.guarded or _may_be_empty(parent, path=str(self.source).replace(".", "__"))
        ):
            self.allow_null = True

    def use_pk_only_optimization(self) -> bool:
        """Read the record itself: its key is not its number."""
        return False

    def to_representation(self, value: Any) -> str | None:
        """Return the key; none where the reader may not see the record."""
        if self.guarded and not self._is_seen(value):
            return None
        return key_of(value, by=self.by)

    def to_internal_value(self, value: Any) -> models.Model:
        """Return the record of a key, once for all rows of one request."""
        if not isinstance(value, str):
            self.fail("incorrect_type", example=self.example)
        known = cast("dict[Any, Any]", self.context).setdefault("keys", {})
        place = (self.model, self.by, value)
        if place not in known:
            known[place] = self._found(value)
        row: models.Model | None = known[place]
        if row is None:
            self.fail("does_not_exist", kind=self.model._meta.verbose_name, given=value[:100])
        return row

    def look_ahead(self, rows: Iterable[Any]) -> None:
        """Ask once for many rows which of the records that they name the reader may see."""
        if not self.guarded or sees_all_vendors(self.context["request"].user):
            return
        wanted = {getattr(row, f"{self.source}_id") for row in rows} - {None}
        self._known_seen.update(dict.fromkeys(wanted, False))
        self._known_seen.update(dict.fromkeys(self._seen_among(wanted), True))

    @property
    def _known_seen(self) -> dict[Any, bool]:
        context = cast("dict[Any, Any]", self.context)
        known: dict[Any, bool] = context.setdefault(("seen", self.model), {})
        return known

    def _is_seen(self, value: models.Model) -> bool:
        if sees_all_vendors(self.context["request"].user):
            return True
        if value.pk not in self._known_seen:
            self._known_seen[value.pk] = bool(self._seen_among({value.pk}))
        return self._known_seen[value.pk]

    def _seen_among(self, keys: set[Any]) -> set[Any]:
        rows = visible(self.model._default_manager.all(), to=self.context["request"].user)
        return set(rows.filter(pk__in=keys).values_list("pk", flat=True))

    def _found(self, value: str) -> models.Model | None:
        parts = value.split("/", len(self.by) - 1)
        if len(parts) != len(self.by):
            return None
        rows = visible(self.get_queryset(), to=self.context["request"].user)
        return rows.filter(**dict(zip(self.by, parts, strict=True))).first()


@extend_schema_field(OpenApiTypes.INT64)
class RowField(KeyField):
    """A record that the outside world has no key for, by its number."""

    def __init__(self, model: type[models.Model], **options: Any) -> None:
        super().__init__(model, by=("pk",), example="42", **options)

    def to_representation(self, value: Any) -> Any:
        """Return its number."""
        return value.pk

    def to_internal_value(self, value: Any) -> models.Model:
        """Return the record of a number."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
            self.fail("incorrect_type", example=self.example)
        return super().to_internal_value(str(value))


@extend_schema_field(OpenApiTypes.STR)
class PersonField(KeyField):
    """A person by user name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(User, by=("username",), example="maria", **options)

    def get_queryset(self) -> Any:
        """Offer the people who can still sign in."""
        rows = super().get_queryset()
        return rows if rows is None else rows.filter(is_active=True)


@extend_schema_field({"type": "string", "pattern": CLOCK.pattern, "examples": ["09:30"]})
class ClockField(serializers.Field):
    """A clock time of a calendar, HH:MM, up to 24:00; stored in minutes since midnight."""

    default_error_messages = {"clock": "{given!r} is no clock time. Write it as 09:30; the end is 24:00."}

    def to_representation(self, value: int) -> str:
        """Return the clock time."""
        return clock_text(value)

    def to_internal_value(self, value: Any) -> int:
        """Return minutes since midnight."""
        found = CLOCK.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            self.fail("clock", given=str(value)[:40])
        hours, minutes = map(int, found.groups())
        return hours * 60 + minutes


def key_of(row: models.Model, *, by: tuple[str, ...]) -> str:
    """Return the key of a record, its parts joined by a slash."""
    return "/".join(str(_followed(row, path)) for path in by)


def _followed(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _may_be_empty(serializer: Any, *, path: str) -> bool:
    """Say whether a column of a serializer's rows, or a reference on the way to it, may be null."""
    model: Any = getattr(getattr(serializer, "Meta", None), "model", None)
    for name in path.split("__") if model is not None else ():
        column = next((each for each in model._meta.fields if each.name == name), None)
        if column is None:
            return False
        if column.null:
            return True
        model = column.related_model
    return False


def visible(rows: Any, *, to: Any) -> Any:
    """Return the rows that a person may see; what has no rule of its own is for all who may read its kind."""
    return rows.visible_to(to) if hasattr(rows, "visible_to") else rows


@extend_schema_field(MONEY_SCHEMA)
class MoneyField(serializers.Field):
    """An amount as text with its currency; stored in minor units."""

    def __init__(self, *, minor: str, currency: str, keeps: str = "", **options: Any) -> None:
        """`currency` is a path to read it by; `keeps` is where a written one goes, for the serializer."""
        self.minor, self.currency, self.keeps = minor, currency, keeps or currency
        super().__init__(source="*", **options)

    def bind(self, field_name: str, parent: Any) -> None:
        """Say of an amount that is only read whether it may be none, so that the schema says so."""
        super().bind(field_name, parent)
        if self.read_only and _may_be_empty(parent, path=self.minor):
            self.allow_null = True

    def to_representation(self, row: Any) -> dict[str, str] | None:
        """Return the amount with all decimals of its currency."""
        minor = getattr(row, self.minor)
        if minor is None:
            return None
        currency = _followed(row, self.currency.replace(".", "__"))
        return {"amount": f"{major_units(minor, currency=currency):f}", "currency": currency}

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Take null as no amount, where there may be none."""
        if data is None and self.allow_null:
            return True, {self.minor: None, self.keeps: ""}
        return super().validate_empty_values(data)

    def to_internal_value(self, value: Any) -> dict[str, Any]:
        """Return minor units and currency; refuse floats, unknown currencies, and too many decimals."""
        amount, currency = _parts(value)
        if currency not in EXPONENTS:
            raise ValidationError(
                {"currency": f"{currency!r} is not a currency. Write it as in EUR."}, code="currency"
            )
        try:
            minor = minor_units(amount, currency=currency)
        except ModelError as error:
            raise ValidationError({"amount": error.messages}, code="decimals") from error
        return {self.minor: minor, self.keeps: currency}


def _parts(value: Any) -> tuple[Decimal, str]:
    if not isinstance(value, dict) or set(value) != {"amount", "currency"}:
        raise ValidationError('Write it as {"amount": "12.00", "currency": "EUR"}.', code="money")
    if not isinstance(value["amount"], str):
        raise ValidationError({"amount": "Write the amount as text, so that no digit is lost."}, code="money")
    if not AMOUNT.fullmatch(value["amount"]):
        raise ValidationError(
            {"amount": f"{value['amount'][:40]!r} is no amount, such as 12.00."}, code="money"
        )
    return Decimal(value["amount"]), str(value["currency"])
