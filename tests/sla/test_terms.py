"""Enter, correct, amend, sign off and copy terms: two different acts, and what each refuses."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from sla.engine.periods import PeriodKind, PeriodRule
from sla.engine.terms import (
    Cap,
    CapScope,
    ChronicKind,
    ChronicRule,
    ClaimRule,
    ClaimStep,
    EarnBack,
    ExclusionRule,
    Offset,
    ReadingNote,
    Terms,
    Tier,
    Tiered,
)
from sla.models import CreditTier, ServiceLevelAgreement, ServiceLevelTarget
from sla.models import ExclusionRule as ExclusionRow
from sla.services import (
    copy_schedule,
    correct_terms,
    create_schedule,
    edit_draft,
    record_amendment,
    sign_off_terms,
)
from tests.builders import (
    REASON,
    a_charge,
    a_contract_with_power,
    a_credit,
    a_level,
    a_schedule,
    a_service,
    a_version,
    person,
    some_terms,
)
from vendors.models import FactChange
from vendors.services import Saved

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)

FULL = some_terms(
    targets=(
        a_level(
            services=("power-a",),
            credit=a_credit(caps=(Cap(code="half", limit=Decimal(50), scope=CapScope.UNIT),)),
        ),
        a_level(code="second", name="Second", credit=None),
    ),
    exclusions=(ExclusionRule(code="force-majeure", name="Force majeure"),),
    caps=(Cap(code="all", limit=Decimal(100), scope=CapScope.AGREEMENT),),
    claim=ClaimRule(
        deadlines=(Offset(n=Decimal(30)),),
        steps=(ClaimStep(code="ticket", text="Open a ticket", due=Offset(n=Decimal(24))),),
    ),
    chronic=(ChronicRule(code="three", kind=ChronicKind.CONSECUTIVE, count=3),),
    earn_back=(EarnBack(periods=6, share=Decimal(50)),),
    reading_notes=(ReadingNote(about="month", note="Calendar month."),),
)


def signed_off(terms: Terms | None = None) -> ServiceLevelAgreement:
    agreement = a_schedule(terms=terms)
    sign_off_terms(a_version(agreement), by=person(), at=NOW, reason="checked page by page")
    return agreement


def amended(agreement: ServiceLevelAgreement, **fields: object) -> Terms:
    defaults = {
        "effective_from": date(2020, 1, 1),
        "signed_on": date(2019, 11, 5),
        "amendment": "Uptime raised to 99.95 %.",
        "past_periods": "They stay as they were.",
        "signed_off_by": "",
    }
    return replace(a_version(agreement).as_value(), **{**defaults, **fields})


@pytest.mark.django_db
def test_a_new_schedule_is_a_draft_with_the_contracts_zone() -> None:
    agreement = create_schedule(
        a_contract_with_power(),
        code="power",
        name="Power",
        terms=FULL,
        period=PeriodRule(kind=PeriodKind.QUARTER, anchor_month=2),
        billing_day=5,
        by=person(),
        reason=REASON,
    )
    assert (agreement.zone, agreement.billing_day) == ("America/Los_Angeles", 5)
    assert agreement.period == PeriodRule(kind=PeriodKind.QUARTER, anchor_month=2)
    version = a_version(agreement)
    assert version.is_draft
    assert version.as_value() == FULL


@pytest.mark.django_db
def test_terms_that_contradict_themselves_are_refused_at_their_place_and_nothing_is_kept() -> None:
    contract = a_contract_with_power()
    rows = (Tier(below=Decimal(99), credit=Decimal(25)), Tier(below=Decimal("99.9"), credit=Decimal(10)))
    level = a_level(credit=a_credit(params=Tiered(tiers=rows)))
    with pytest.raises(ValidationError) as refused:
        a_schedule(contract=contract, terms=some_terms(targets=(level,)))
    assert any(place.startswith("targets[0].credit.tiers") for place in refused.value.message_dict)
    assert not ServiceLevelAgreement.objects.exists()
    assert not ServiceLevelTarget.objects.exists()


@pytest.mark.django_db
def test_a_level_of_an_unknown_service_is_refused() -> None:
    with pytest.raises(ValidationError, match="power-z"):
        a_schedule(terms=some_terms(targets=(a_level(services=("power-z",)),)))
    assert not ServiceLevelAgreement.objects.exists()


@pytest.mark.django_db
def test_a_draft_is_edited_and_what_is_gone_from_it_goes() -> None:
    agreement = a_schedule(terms=FULL)
    shorter = some_terms(
        targets=(
            a_level(
                level=Decimal("99.5"),
                credit=a_credit(params=Tiered(tiers=(Tier(below=Decimal("99.5"), credit=Decimal(5)),))),
            ),
        )
    )
    assert edit_draft(a_version(agreement), terms=shorter, by=person(), reason="read again") is Saved.UPDATED
    assert a_version(agreement).as_value() == shorter
    assert CreditTier.objects.count() == 1
    assert not ExclusionRow.objects.exists()
    assert ServiceLevelTarget.history.filter(history_type="-").get().history_change_reason == "read again"


@pytest.mark.django_db
def test_editing_a_draft_to_what_it_is_changes_nothing() -> None:
    agreement = a_schedule(terms=FULL)
    noted = FactChange.objects.count()
    assert edit_draft(a_version(agreement), terms=FULL, by=person(), reason="again") is Saved.UNCHANGED
    assert FactChange.objects.count() == noted


@pytest.mark.django_db
def test_signed_off_terms_are_corrected_or_amended_never_edited() -> None:
    agreement = signed_off()
    with pytest.raises(ValidationError, match=r"was signed off by maria\. Correct it with a reason"):
        edit_draft(a_version(agreement), terms=FULL, by=person(), reason="quick fix")
    assert a_version(agreement).as_value() == replace(some_terms(), signed_off_by="maria")


@pytest.mark.django_db
def test_a_correction_restates_and_asks_for_a_new_sign_off() -> None:
    agreement = signed_off()
    saved = correct_terms(a_version(agreement), terms=FULL, by=person(), reason="row 2 was typed wrongly")
    assert saved is Saved.UPDATED
    version = a_version(agreement)
    assert version.is_draft
    assert version.signed_off_at is None
    assert version.as_value() == FULL
    assert agreement.versions.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "   "])
def test_a_correction_without_a_reason_is_refused(reason: str) -> None:
    agreement = signed_off()
    with pytest.raises(ValidationError, match="Say why"):
        correct_terms(a_version(agreement), terms=FULL, by=person(), reason=reason)
    assert not a_version(agreement).is_draft


@pytest.mark.django_db
def test_a_correction_keeps_the_first_day() -> None:
    agreement = signed_off()
    moved = replace(FULL, effective_from=date(2019, 2, 1))
    with pytest.raises(ValidationError) as refused:
        correct_terms(a_version(agreement), terms=moved, by=person(), reason="begins later")
    assert refused.value.message_dict["effective_from"] == [
        "A correction keeps the first day (2019-01-01), and these terms begin on 2019-02-01."
        " Record an amendment instead."
    ]


@pytest.mark.django_db
def test_an_amendment_is_a_new_version_and_leaves_the_old_one() -> None:
    agreement = signed_off()
    before = a_version(agreement).as_value()
    terms = amended(agreement)
    version = record_amendment(agreement, terms=terms, by=person(), reason="amendment 1 came")
    assert version.as_value() == terms
    assert version.is_draft
    assert agreement.versions.order_by("effective_from").first().as_value() == before


@pytest.mark.django_db
def test_an_amendment_must_say_when_it_was_signed_and_what_it_does() -> None:
    agreement = signed_off()
    bare = replace(some_terms(), effective_from=date(2018, 6, 1))
    with pytest.raises(ValidationError) as refused:
        record_amendment(agreement, terms=bare, by=person(), reason="amendment 1")
    assert refused.value.message_dict == {
        "effective_from": [
            "The amendment begins on 2018-06-01, not after the first terms (2019-01-01)."
            " Choose a later day, or correct the first version."
        ],
        "signed_on": ["Say when the amendment was signed."],
        "amendment": ["Say what the amendment changes."],
        "past_periods": ["Say what it does to earlier periods, such as: they stay as they were."],
    }
    assert agreement.versions.count() == 1


@pytest.mark.django_db
def test_a_second_version_from_the_same_day_is_refused() -> None:
    agreement = signed_off()
    record_amendment(agreement, terms=amended(agreement), by=person(), reason="amendment 1")
    with pytest.raises(ValidationError, match="already has a version from that day"):
        record_amendment(agreement, terms=amended(agreement), by=person(), reason="amendment 1 again")
    assert agreement.versions.count() == 2


@pytest.mark.django_db
def test_terms_are_signed_off_against_a_named_document_by_a_person_at_a_moment() -> None:
    version = a_version(signed_off())
    assert (version.signed_off_by, version.signed_off_at) == ("maria", NOW)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (some_terms(targets=()), "has no service level yet"),
        (some_terms(source=""), "Say against which document it was checked"),
    ],
)
def test_terms_without_levels_or_document_cannot_be_signed_off(terms: Terms, message: str) -> None:
    agreement = a_schedule(terms=terms)
    with pytest.raises(ValidationError, match=message):
        sign_off_terms(a_version(agreement), by=person(), at=NOW, reason="checked")
    assert a_version(agreement).is_draft


@pytest.mark.django_db
def test_a_copy_begins_as_a_draft_with_the_other_contracts_services() -> None:
    agreement = signed_off(FULL)
    other = a_contract_with_power("NR-2020", vendor=agreement.contract.vendor, zone="UTC")
    a_charge(other, code="power-b", service=a_service(other, code="power-b"), effective_from=date(2020, 1, 1))
    copied = copy_schedule(
        agreement,
        contract=other,
        code="power",
        name="Power 2020",
        effective_from=date(2020, 1, 1),
        services={"power-a": "power-b"},
        by=person(),
        reason="same exhibit",
    )
    terms = a_version(copied).as_value()
    assert (copied.zone, terms.effective_from, terms.signed_off_by) == ("UTC", date(2020, 1, 1), "")
    assert terms.targets[0].services == ("power-b",)
    assert terms.claim == FULL.claim


@pytest.mark.django_db
def test_a_copy_to_a_contract_without_the_services_is_refused() -> None:
    agreement = signed_off(FULL)
    other = a_contract_with_power("NR-2020", vendor=agreement.contract.vendor)
    with pytest.raises(ValidationError, match="power-c"):
        copy_schedule(
            agreement,
            contract=other,
            code="power",
            name="Power 2020",
            effective_from=date(2020, 1, 1),
            services={"power-a": "power-c"},
            by=person(),
            reason="same exhibit",
        )
    assert not other.schedules.exists()
