"""Addresses of claims: what we ask vendors for, opened here and moved by acts."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.models import Incident
from sla.api.acting import Why
from sla.api.claim_acts import ClaimActs
from sla.api.claim_letters import WritesLetters
from sla.api.claim_rows import ClaimFilters, ClaimSerializer
from sla.api.naming import contract_key, incident_key, statement_key
from sla.models import Claim
from sla.services.claims import open_claim
from sla.services.statements.heads import draft_incident
from vendors.api.routes import CODE
from vendors.models import Contract


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "To keep the date",
            {"statement": "NR-2018/power/2019-06", "reason": "The vendor's report is late"},
            request_only=True,
        )
    ]
)
class Opening(Why):
    """What a protective claim is for: a statement, or an incident under a contract."""

    statement = statement_key(required=False)
    incident = incident_key(required=False)
    contract = contract_key(required=False)


class Claims(ClaimActs, WritesLetters):
    """Claims by reference. Their state changes by acts only."""

    model = Claim
    serializer_class = ClaimSerializer
    filterset_class = ClaimFilters
    lookup_paths: ClassVar = {"reference": "reference"}
    lookup_patterns: ClassVar = {"reference": CODE}
    ordering_fields: ClassVar = {
        "opened_at": "opened_at",
        "submitted_at": "submitted_at",
        "reference": "reference",
    }
    ordering = "-opened_at"
    select = (
        *("contract__vendor", "account__vendor", "statement__agreement__contract", "incident", "opened_by"),
    )
    prefetch = ("moves",)
    keyed = ClaimActs.keyed | {"create", "write_letter"}

    @extend_schema(request=Opening, responses={201: ClaimSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open a claim to keep a date, before the amount is known."""
        asked = self.told(Opening)
        statement, incident = asked.get("statement"), asked.get("incident")
        if statement is not None and asked.pop("contract", statement.agreement.contract) != (
            statement.agreement.contract
        ):
            raise ValidationError({"contract": ["The statement is of another contract. Leave it out."]})
        if incident is not None and statement is None:
            asked["contract"] = _touched(incident, wanted=asked.get("contract"), by=self.by)
            draft_incident(incident, contract=asked["contract"], now=self.now)
        return self.do(
            lambda: open_claim(by=self.by, now=self.now, **asked),
            show=lambda made: self.shown(made, status=201),
        )


def _touched(incident: Incident, *, wanted: Contract | None, by: Any) -> Contract:
    """Return the contract of a claim for an incident, of those that it touches and the reader may see."""
    rows = Contract.objects.all().visible_to(by).filter(services__outages__incident=incident)
    found = list(rows.distinct().order_by("reference")[:20])
    if wanted is None and len(found) == 1:
        return found[0]
    if wanted in found:
        assert wanted is not None
        return wanted
    names = ", ".join(each.reference for each in found) or "none that you may see"
    raise ValidationError(
        {"contract": [f"Incident {incident} touches: {names}. Say which the claim is for."]}
    )
