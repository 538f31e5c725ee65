"""Downtime that two SLA schedules count: shown, and refused where either contract pays it only once."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from incidents.models import Incident
from sla.models import Claim, ServiceLevelAgreement
from sla.services import claims
from tests.builders import a_level, a_schedule, a_vendor, an_outage, at, person, saved, some_terms
from tests.sla.claim_builders import (
    NOW,
    a_claim,
    a_claim_rule,
    a_contract_in,
    a_missed_month,
    some_claim_terms,
    state_of,
)

pytestmark = pytest.mark.django_db
ONCE = a_claim_rule(once_only=True, clause="Section 9.4")


def two_claims(*, first: object = None, second: object = None) -> tuple[Claim, Claim]:
    """Return the claims of two vendors for one incident: 73 minutes here, 60 of them there as well."""
    here = a_missed_month(terms=some_claim_terms(rule=first or a_claim_rule()))  # type: ignore[arg-type]
    there = another_schedule(rule=second or a_claim_rule())
    return a_claim(here), a_claim(there)


def another_schedule(*, rule: object) -> ServiceLevelAgreement:
    contract = a_contract_in("USD", reference="TEL-1", fee_minor=100_000, vendor=a_vendor("telco"))
    agreement = a_schedule("access", contract=contract, terms=some_claim_terms(rule=rule))  # type: ignore[arg-type]
    an_outage(
        Incident.objects.get(reference="INC-1"),
        contract.services.get(code="power-a"),
        started_at=at("2019-06-25 04:28"),
        ended_at=at("2019-06-25 06:00"),
        confirmed_at=at("2019-06-25 06:00"),
    )
    return agreement


def send(claim: Claim) -> Claim:
    return claims.submit_claim(
        claim, by=person(), why="sent by mail", received_at=at("2019-07-05 10:00"), now=NOW
    )


def test_the_shared_minutes_are_shown_on_both_claims() -> None:
    first, second = two_claims()
    (overlap,) = claims.claimed_twice(first)
    assert (overlap.claim, overlap.statement_number) == (second, "TEL-1/access/2019-06/r1")
    assert [(span.start, span.end) for span in overlap.spans] == [
        (at("2019-06-25 04:28"), at("2019-06-25 05:28"))
    ]
    assert (overlap.incidents, overlap.is_forbidden, overlap.is_same_schedule) == (("INC-1",), False, False)
    assert str(overlap) == "60 min of INC-1 count for TEL-1/access/2019-06/r1 too in claim TEL-1-C001"
    (other,) = claims.claimed_twice(second)
    assert (other.claim, other.spans) == (first, overlap.spans)


def test_where_nothing_forbids_it_both_are_sent() -> None:
    first, second = two_claims()
    assert {send(first).state, send(second).state} == {"submitted"}


@pytest.mark.parametrize("which", ["first", "second"])
def test_where_either_contract_forbids_it_the_second_is_refused_until_the_other_is_given_up(
    which: str,
) -> None:
    first, second = two_claims(**{which: ONCE})
    with pytest.raises(ValidationError) as refused:
        send(second)
    assert refused.value.messages == [
        "The same downtime may be credited only once (Section 9.4): 60 min of INC-1 count for"
        " NR-2018/power/2019-06/r1 too in claim NR-2018-C001. Give up one of the two claims, or move the"
        " credit out of this one."
    ]
    assert state_of(second) == "entitled"
    claims.drop_claim(first, by=person(), why="the other pays more", now=NOW)
    assert send(second).state == "submitted"


def test_a_claim_that_a_person_may_not_see_is_not_shown() -> None:
    first, _ = two_claims()
    owner = person("owner")
    first.contract.vendor.owner = owner
    saved(first.contract.vendor)
    assert claims.claimed_twice(first, user=owner) == ()
    assert len(claims.claimed_twice(first, user=person("root", is_superuser=True))) == 1


def test_other_incidents_at_the_same_time_are_no_double_claim() -> None:
    first = a_claim(a_missed_month())
    contract = a_contract_in("USD", reference="TEL-1", fee_minor=100_000, vendor=a_vendor("telco"))
    second = a_claim(a_missed_month("access", contract=contract, incident="INC-2"))
    assert (claims.claimed_twice(first), claims.claimed_twice(second)) == ((), ())


def test_two_levels_of_one_schedule_that_both_pay_are_shown_and_sent() -> None:
    levels = (a_level(), a_level(code="feed", name="Feed uptime"))
    terms = some_terms(targets=levels, claim=ONCE)
    claim = a_claim(a_missed_month(terms=terms))
    (overlap,) = claims.claimed_twice(claim)
    assert (overlap.is_same_schedule, overlap.is_forbidden, overlap.claim) == (True, False, None)
    assert send(claim).state == "submitted"
