"""The API answers as its own description says, whatever is sent."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.throttling import SimpleRateThrottle
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from tests.api import administrator
from tests.builders import a_contract_with_power, a_milestone, a_position, a_window, an_incident, an_outage
from tests.vendors.rows import a_calendar
from vendors.models import Charge, Service

CASES = int(os.environ.get("API_CASES", "2000"))
CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_the_description_is_whole_and_openapi_3_1(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    described = json.loads(capsys.readouterr().out)

    assert described["openapi"] == "3.1.1"
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    bodies = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        # A letter is made once and never changed: what it says is all that is told.
        of_claim = path.startswith("/api/v1/claims/{reference}/") and not path.endswith("/write-letter")
        if of_claim and "post" in operations:
            body = operations["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            assert "reason" in bodies[body.rpartition("/")[2]]["required"], path


def test_what_may_be_none_is_described_so(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--format", "openapi-json")
    schemas = json.loads(capsys.readouterr().out)["components"]["schemas"]

    def kind(name: str, field: str) -> Any:
        return schemas[name]["properties"][field]["type"]

    # A reference that may be empty, one that may be hidden, and an amount that may be unknown.
    assert kind("Receipt", "account") == ["string", "null"]
    assert kind("Warning", "vendor") == ["string", "null"]
    assert kind("Statement", "agreed") == ["object", "null"]
    assert (kind("Receipt", "vendor"), kind("Receipt", "net")) == ("string", "object")


def a_little_of_everything() -> dict[str, list[Any]]:
    """Enter a small register, and return values that name its rows, by the name of the field."""
    contract = a_contract_with_power()
    service = Service.objects.get()
    incident = an_incident(vendor=contract.vendor)
    outage = an_outage(incident, service)
    a_milestone(incident, "reported", "2019-06-25 04:20")
    a_position(incident)
    window = a_window(service)
    a_calendar()
    rows = [outage, window, Charge.objects.get()]
    power = f"{contract.reference}/{service.code}"
    return {
        "slug": [contract.vendor.slug],
        "vendor": [contract.vendor.slug],
        "reference": [contract.reference, incident.reference],
        "contract": [contract.reference],
        "parent": [contract.reference],
        "entity": ["acme-us"],
        "code": [service.code, "us-office", "acme-us"],
        "calendar": ["us-office"],
        "service": [power],
        "needs": [power],
        "incident": [incident.reference],
        "owner": ["root"],
        "id": [str(row.pk) for row in rows],
        "reason": ["told by the vendor"],
        "currency": ["USD"],
        "zone": ["UTC"],
        "If-Match": ["*"],
    }


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """Let requests use the connection of the test, in whose transaction all of them are."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def told(values: Any, *, known: dict[str, list[Any]], number: int) -> Any:
    """Return what is sent, with names of rows that there are in it, in every second case."""
    if isinstance(values, dict) and number % 2:
        return {name: _known(name, each, known=known, number=number) for name, each in values.items()}
    if isinstance(values, list):
        return [told(each, known=known, number=number) for each in values]
    return values


def _known(name: str, value: Any, *, known: dict[str, list[Any]], number: int) -> Any:
    if name in known:
        return known[name][number // 2 % len(known[name])]
    return told(value, known=known, number=number)


@pytest.mark.long
@pytest.mark.usefixtures("one_connection")
def test_whatever_is_sent_is_answered_as_described_and_never_fails() -> None:
    known, program = a_little_of_everything(), administrator()
    bearer = {"Authorization": f"Bearer {program.secret}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema", application, headers=bearer)
    operations = [found.ok() for found in schema.get_all_operations()]
    # Some know fewer different requests than that.
    each = CASES // len(operations) + 2
    sent: Counter[int] = Counter()
    wrong: list[str] = []

    def asked(operation: Any) -> None:
        either = operation.as_strategy(generation_mode=GenerationMode.POSITIVE) | operation.as_strategy(
            generation_mode=GenerationMode.NEGATIVE
        )

        @given(case=either)
        @settings(
            max_examples=each,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            number = sum(sent.values())
            case.path_parameters = told(case.path_parameters, known=known, number=number)
            case.body = told(case.body, known=known, number=number)
            keys = {"Idempotency-Key": [f"key-{number}"]}
            case.headers = told(dict(case.headers or {}), known=known | keys, number=number)
            response = case.call(headers=bearer)
            sent[response.status_code] += 1
            case.validate_response(response, checks=CHECKED, headers=bearer)

        try:
            ask()
        except (Exception, FailureGroup) as error:
            wrong.append(f"{operation.label}: {error}"[:3000])

    # The program would end its own token, and be a stranger from then on.
    lasting = mock.patch("vendors.api.tokens.revoke_token")
    with lasting, mock.patch.object(SimpleRateThrottle, "allow_request", return_value=True):
        for operation in operations:
            asked(operation)

    print(f"{sum(sent.values())} requests to {len(operations)} operations: {dict(sent)}")
    assert wrong == []
    assert sum(sent.values()) >= CASES * 0.9
    assert sent[200] > 0
    assert sent[201] > 0
