"""The books of a company: its policy, in its currency, and its months, for those who read it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sla.models import PeriodClose, PostingPolicy
from tests.api import somebody
from tests.builders import REASON, an_entity, person
from vendors.models import LegalEntity
from vendors.services import save_record

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


@pytest.fixture
def nina(client: Client) -> Client:
    """Somebody of finance who reads acme-nl, and not acme-us."""
    codes = [f"sla.{verb}_{name}" for verb in ("view", "add") for name in ("periodclose", "postingpolicy")]
    user = somebody("nina", *codes, is_staff=True)
    an_entity("acme-us")
    save_record(an_entity("acme-nl"), by=person(), reason=REASON, links={"readers": [user]})
    client.force_login(user)
    return client


def test_months_are_closed_by_who_reads_the_company(nina: Client) -> None:
    page = reverse("admin:sla_periodclose_changelist")
    assert [each["entity"].code for each in nina.get(page).context["companies"]] == ["acme-nl"]
    for code in ("acme-us", "acme-nl"):
        nina.post(
            page, {"entity": code, "through": "2019-05", "why": REASON, "confirmed": "1", "anyway": "1"}
        )
    assert list(PeriodClose.objects.values_list("entity__code", flat=True)) == ["acme-nl"]


def test_a_policy_is_made_by_who_reads_the_company(nina: Client) -> None:
    other, own = (LegalEntity.objects.get(code=code) for code in ("acme-us", "acme-nl"))
    page = nina.post(reverse(ADD), typed("0", entity=other.pk))
    assert list(page.context["adminform"].form.errors) == ["entity"]
    assert nina.post(reverse(ADD), typed("0", entity=own.pk)).status_code == 302
    assert list(PostingPolicy.objects.values_list("entity__code", flat=True)) == ["acme-nl"]
