"""Start templates: nine published clauses, each begun from a few blanks."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from sla.models import ServiceLevelAgreement
from sla.services import (
    blanks_of,
    draft_statement,
    schedule_from_template,
    start_template,
    start_templates,
)
from tests.builders import a_contract_with_power, a_version, an_incident, an_outage, at, person
from vendors.models import Charge, Contract, Vendor

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
BLANKS = {
    "reference": "NC-2025-1",
    "vendor": "Northwest Colocation",
    "service": "Cage 7",
    "fee": "2000",
    "start": "2025-01-01",
}
MORE = {"colocation": {"cross_connect_fee": "325"}}
CODES = (
    *("att-mis", "bt-repair", "colocation", "ec2-instance", "lumen-han"),
    *("rackspace-hosting", "slack-quarter", "texas-dir", "uk-kpi"),
)


def begun(code: str, **blanks: str) -> ServiceLevelAgreement:
    filled = {**BLANKS, **MORE.get(code, {}), **blanks}
    return schedule_from_template(code, blanks=filled, by=person(), at=NOW, reason="new contract")


def test_nine_templates_ship_each_with_source_and_date() -> None:
    assert sorted(template.code for template in start_templates()) == list(CODES)
    for template in start_templates():
        assert "https://" in template.source or "http://" in template.source
        assert template.read_on.endswith("check against what you signed")
        assert template.read_on.startswith(("public text of", "undated public"))
        assert 6 <= len(template.blanks) <= 8


@pytest.mark.django_db
@pytest.mark.parametrize("code", CODES)
def test_a_template_makes_a_draft_that_says_where_it_comes_from(code: str) -> None:
    version = a_version(begun(code))
    terms = version.as_value()
    assert version.is_draft
    assert version.template == code
    assert version.blanks["vendor"] == "Northwest Colocation"
    assert terms.effective_from == date(2025, 1, 1)
    assert "check against what you signed" in terms.source
    assert all(target.credit is not None and target.clause for target in terms.targets)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "label", "minutes", "due"),
    [
        # 300 of 43,200 min: 99.306 %, the row of 99.0 to 99.5.
        ("ec2-instance", "2025-06", 300, 200_00),
        # Five hours together: 35 %.
        ("lumen-han", "2025-06", 300, 700_00),
        # One calendar day with an outage of more than a minute: 1/30.
        ("att-mis", "2025-06", 300, 66_67),
        # 300 of 131,040 min of the quarter's 6,000, ten times: 137.3626.
        ("slack-quarter", "2025-Q2", 300, 137_36),
        # Five hours are the row of 4 to 8 h, 20 %; network and power of nothing else.
        ("colocation", "2025-06", 300, 400_00),
    ],
)
def test_an_outage_pays_what_the_published_clause_says(code: str, label: str, minutes: int, due: int) -> None:
    agreement = begun(code, zone="UTC")
    service = agreement.contract.services.get(code="cage-7")
    incident = an_incident(vendor=agreement.contract.vendor)
    ended = at("2025-06-10 12:00").replace(hour=12 + minutes // 60)
    an_outage(incident, service, started_at=at("2025-06-10 12:00"), ended_at=ended)
    result = draft_statement(agreement, period_label=label, known_until=NOW)
    assert result.credits.money is not None
    assert result.credits.money.minor == due


@pytest.mark.django_db
def test_a_missing_or_unreadable_blank_is_named_and_nothing_is_made() -> None:
    wrong: dict[str, Any] = {
        **BLANKS,
        "fee": "much",
        "start": "soon",
        "zone": "Mars",
        "reference": "",
        "colour": "red",
    }
    with pytest.raises(ValidationError) as refused:
        schedule_from_template("lumen-han", blanks=wrong, by=person(), at=NOW, reason="new")
    assert refused.value.message_dict == {
        "fee": ["'much' is no number. Write one such as 1250.00."],
        "start": ["'soon' is no date. Write it as 2019-06-25."],
        "zone": [
            "'Mars' is not a time zone. Use a name such as America/New_York,"
            " or a fixed offset such as UTC-05:00."
        ],
        "reference": ["Our number for the contract: fill it in."],
        "colour": [
            "The template lumen-han has no blank 'colour'. "
            "It asks for: currency, fee, reference, service, start, vendor, zone."
        ],
    }
    assert not Vendor.objects.exists()
    assert not Contract.objects.exists()


def test_an_unknown_template_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match=r"no start template 'gcp'\. Choose one of: .*, att-mis,"):
        start_template("gcp")


@pytest.mark.django_db
def test_a_contract_on_file_keeps_what_it_says_and_gets_the_schedule() -> None:
    contract = a_contract_with_power(name="Colocation 2018")
    blanks = {**blanks_of(contract), "service": "Power A", "fee": "1"}
    schedule_from_template("lumen-han", blanks=blanks, by=person(), at=NOW, reason="terms entered")
    contract.refresh_from_db()
    assert contract.name == "Colocation 2018"
    assert contract.currency == "USD"
    assert [charge.amount_minor for charge in Charge.objects.all()] == [200_000]
    agreement = contract.schedules.get()
    assert a_version(agreement).as_value().targets[0].services == ("power-a",)
    assert contract.services.get().name == "Power feed A"


@pytest.mark.django_db
def test_a_second_schedule_of_the_same_template_is_refused() -> None:
    begun("lumen-han")
    with pytest.raises(ValidationError, match="already has an SLA schedule 'han-internet'"):
        begun("lumen-han")
