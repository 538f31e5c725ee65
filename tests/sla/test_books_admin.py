"""The posting policy's form: its limit is typed in the company's currency, with decimals."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla.models import PostingPolicy
from tests.builders import an_entity, person

pytestmark = pytest.mark.django_db

ADD = "admin:sla_postingpolicy_add"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(person("boss", is_staff=True, is_superuser=True))
    return client


def typed(limit: str, **others: Any) -> dict[str, Any]:
    return {"recognition": "accepted", "hold_below_minor": limit, "reason": "Agreed with finance.", **others}


@pytest.mark.parametrize(("currency", "limit", "kept"), [("EUR", "25.50", 25_50), ("JPY", "500", 500)])
def test_the_limit_is_typed_with_the_decimals_of_the_companys_currency(
    boss: Client, currency: str, limit: str, kept: int
) -> None:
    entity = an_entity(base_currency=currency)
    assert boss.post(reverse(ADD), typed(limit, entity=entity.pk)).status_code == 302
    policy = PostingPolicy.objects.get()
    assert policy.hold_below_minor == kept
    page = boss.get(reverse("admin:sla_postingpolicy_change", args=[policy.pk])).content.decode()
    assert f'value="{limit}"' in page


def test_a_limit_finer_than_the_currency_is_refused_at_its_field(boss: Client) -> None:
    entity = an_entity(base_currency="JPY")
    response = boss.post(reverse(ADD), typed("0.50", entity=entity.pk))
    assert response.status_code == 200
    assert "hold_below_minor" in response.context["adminform"].form.errors
    assert not PostingPolicy.objects.exists()


def test_an_empty_list_says_what_stands_without_a_row(boss: Client) -> None:
    page = boss.get(reverse("admin:sla_postingpolicy_changelist")).content.decode()
    assert "Nothing here yet" in page
    assert "recognised when the vendor accepts them" in page
