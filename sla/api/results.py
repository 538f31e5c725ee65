"""What is read of one computed result, whether it is a draft's or was frozen."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sla.api.acting import Acting
from sla.reports.plain import plain_accounts, plain_result, worked_out

ACCOUNTS = {"type": "array", "items": {"type": "object", "additionalProperties": True}}


class Results(Acting):
    """Rows behind each of which stands a result; a subclass says where it is from."""

    def result_of_row(self) -> Any:
        """Return the result of the row in the address; raise Conflict where there is none."""
        raise NotImplementedError

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def result(self, request: Request, **_: Any) -> Response:
        """Return all that it came to, as `manage.py evaluate --format json` writes it."""
        return Response(plain_result(self.result_of_row()))

    @extend_schema(responses={200: ACCOUNTS})
    @action(detail=True, filterset_class=None, pagination_class=None)
    def account(self, request: Request, **_: Any) -> Response:
        """Return the time account of each service level: every stretch that is not plainly delivered."""
        return Response(plain_accounts(self.result_of_row()))

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, filterset_class=None, pagination_class=None, url_path="worked-out")
    def worked_out(self, request: Request, **_: Any) -> Response:
        """Return how each figure was worked out: steps with their sentences."""
        return Response(worked_out(self.result_of_row()))
