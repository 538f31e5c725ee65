"""Every text field of every record takes an attack as it is, or refuses it with a message."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client

from incidents.models import Incident, MaintenanceWindow, Milestone, Outage, Position
from sla.models import ReportSchedule
from tests.attack.inputs import ATTACKS, UNSTORABLE
from tests.attack.world import text_fields
from tests.builders import (
    REASON,
    a_charge,
    a_contract,
    a_milestone,
    a_position,
    a_service,
    a_window,
    an_incident,
    an_outage,
    person,
    saved,
)
from tests.sla.mailing_rows import a_contact, a_report
from vendors.models import Account, Contact, Contract, LegalEntity, Service, Tag, Tracked, Vendor
from vendors.services import save_record

pytestmark = pytest.mark.django_db
MODELS = [
    *(LegalEntity, Vendor, Account, Contact, Contract, Service, Tag),
    *(Incident, Outage, Milestone, Position, MaintenanceWindow, ReportSchedule),
]


@pytest.fixture
def rows() -> dict[type[Tracked], Tracked]:
    contract = a_contract()
    service = a_service(contract)
    a_charge(contract, service=service)
    incident = an_incident(vendor=contract.vendor)
    found = [
        *(contract, contract.entity, contract.vendor, service, incident, an_outage(incident, service)),
        *(a_contact(contract.vendor), a_window(service), a_position(incident), a_report()),
        a_milestone(incident, "acknowledged", "2019-06-25 04:30"),
        saved(Account(vendor=contract.vendor, number="1")),
        saved(Tag(slug="t", name="T")),
    ]
    return {type(row): row for row in found}


def takes(row: Tracked, *, name: str, text: str) -> bool:
    """Say whether a field takes a text; what it takes must read as it was written."""
    old = getattr(row, name)
    setattr(row, name, text)
    try:
        with transaction.atomic():
            save_record(row, by=person(), reason=REASON)
            kept = type(row)._base_manager.values_list(name, flat=True).get(pk=row.pk)
            assert kept == text, f"{name} keeps {kept[:60]!r}"
            transaction.set_rollback(True)
    except ValidationError:
        return False
    finally:
        setattr(row, name, old)
    return True


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_field_keeps_a_text_unchanged_or_says_why_not(
    rows: dict[type[Tracked], Tracked], attack: str
) -> None:
    taken = [
        f"{model.__name__}.{field.name}"
        for model, row in rows.items()
        for field in text_fields(model)
        if takes(row, name=field.name, text=ATTACKS[attack])
    ]
    assert bool(taken) is (attack not in UNSTORABLE), taken


def test_every_kind_of_row_is_tried(rows: dict[type[Tracked], Tracked]) -> None:
    assert set(rows) == set(MODELS)


@pytest.mark.parametrize("attack", UNSTORABLE)
def test_a_reason_that_no_database_holds_is_refused(attack: str) -> None:
    with pytest.raises(ValidationError, match="NUL, or half a character"):
        save_record(Tag(slug="t", name="T"), by=person(), reason=ATTACKS[attack])
    assert not Tag.objects.exists()


def bodies() -> Iterator[tuple[str, str]]:
    for attack, text in ATTACKS.items():
        yield (
            attack,
            json.dumps({"slug": f"v{len(attack)}", "name": text, "legal_name": text, "reason": text}),
        )


def test_the_api_answers_an_attack_with_a_row_or_a_problem(client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    for number, (attack, body) in enumerate(bodies()):
        told = client.post(
            "/api/v1/vendors", body, "application/json", headers={"Idempotency-Key": f"k{number}"}
        )
        assert told.status_code in (201, 400, 422), f"{attack}: {told.status_code}"
        if told.status_code == 201:
            assert told.json()["name"] == ATTACKS[attack].strip() or told.json()["name"] == ATTACKS[attack]
            Vendor.objects.filter(slug=json.loads(body)["slug"]).update(slug=f"done-{number}")
        else:
            assert told["Content-Type"] == "application/problem+json"
            assert told.json()["status"] == told.status_code
