"""What the API shows of a claim, and what a list of claims is narrowed by."""

from collections.abc import Sequence
from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incidents.models import Incident
from sla.api.naming import (
    STATEMENT,
    FiguresSerializer,
    account_key,
    contract_key,
    incident_key,
    money,
    of_contract,
    statement_key,
    vendor_key,
)
from sla.engine.claims.moves import OPEN, ClaimState
from sla.models import Claim, Statement
from sla.models.columns import ChoicesOf
from sla.services.claims.balances import Standing, standings
from vendors.api.fields import MONEY_SCHEMA, PersonField
from vendors.api.filters import KeyFilter, instants

STATES = ChoicesOf(ClaimState)


class ClaimSerializer(FiguresSerializer):
    """What we ask one vendor for under one contract; amounts before tax."""

    vendor = vendor_key(source="contract.vendor", read_only=True)
    contract = contract_key(read_only=True)
    account = account_key(read_only=True)
    statement = statement_key(read_only=True)
    incident = incident_key(read_only=True, guarded=True)
    opened_by = PersonField(read_only=True)
    asked = serializers.SerializerMethodField(help_text="What it asks for.")
    accepted = serializers.SerializerMethodField(help_text="What the vendor accepts by its newest answer.")
    settled = serializers.SerializerMethodField(help_text="What was settled by what came.")
    still_open = serializers.SerializerMethodField(help_text="What is still owed, by the register.")

    class Meta:
        model = Claim
        fields: ClassVar = [
            *("reference", "vendor", "contract", "account", "statement", "incident", "currency", "state"),
            *("automatic", "settled_finally", "vendor_reference", "opened_at", "opened_by", "submitted_at"),
            *("decided_at", "expected_invoice", "asked", "accepted", "settled", "still_open"),
        ]

    def look_ahead(self, rows: Sequence[Claim]) -> None:
        """Ask once what all of these claims come to."""
        super().look_ahead(rows)
        self._known.update(standings(rows))

    @property
    def _known(self) -> dict[int, Standing]:
        context: Any = self.context
        known: dict[int, Standing] = context.setdefault("standings", {})
        return known

    def _standing(self, row: Claim) -> Standing:
        if row.pk not in self._known:
            self._known.update(standings([row]))
        return self._known[row.pk]

    @extend_schema_field(MONEY_SCHEMA)
    def get_asked(self, row: Claim) -> Any:
        """Return what it asks for."""
        return money(self._standing(row).asked, currency=row.currency)

    @extend_schema_field(MONEY_SCHEMA)
    def get_accepted(self, row: Claim) -> Any:
        """Return what the vendor accepts."""
        return money(self._standing(row).accepted, currency=row.currency)

    @extend_schema_field(MONEY_SCHEMA)
    def get_settled(self, row: Claim) -> Any:
        """Return what was settled."""
        return money(self._standing(row).settled, currency=row.currency)

    @extend_schema_field(MONEY_SCHEMA)
    def get_still_open(self, row: Claim) -> Any:
        """Return what is still owed."""
        return money(self._standing(row).open_, currency=row.currency)


class ClaimFilters(django_filters.FilterSet):
    """What narrows a list of claims."""

    state = django_filters.ChoiceFilter(choices=STATES)
    open = django_filters.BooleanFilter(method="kept_open")
    automatic = django_filters.BooleanFilter()
    statement = KeyFilter("statement", model=Statement, by=STATEMENT)
    incident = KeyFilter("incident", model=Incident, by=("reference",))
    locals().update(of_contract("contract"))
    locals().update(instants("opened_at"))
    locals().update(instants("submitted_at"))

    def kept_open(self, rows: Any, name: str, value: bool) -> Any:
        """Return those that still want something from somebody, or the others."""
        return rows.filter(state__in=OPEN) if value else rows.exclude(state__in=OPEN)
