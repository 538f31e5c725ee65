"""Claim letters: what the clause wants in them, the amounts, the date they meet, kept as sent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError

from sla.engine.terms import Anchor, ClaimRule, Offset, OffsetUnit, Remedy
from sla.models import Claim, ClaimPart, ClaimToDo, ServiceCredit, ServiceLevelAgreement, Statement
from sla.reports.letters import letter_of, letter_pdf, letter_text
from sla.reports.letters.demands import answered, subject_words
from sla.services.letters import letter_preview, make_letter
from sla.services.statements import head_of
from tests.builders import (
    a_contract_with_power,
    a_schedule,
    an_incident,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)
from tests.sla.frozen import a_revision
from vendors.models import Account, Contact

pytestmark = pytest.mark.django_db
NOW = datetime(2019, 7, 10, 15, tzinfo=UTC)
RULE = ClaimRule(
    deadlines=(Offset(n=Decimal(30), reading="calendar days"),),
    must_contain=(
        'subject "SLA Credit Request"',
        "ticket number",
        "times of the failure",
        "circuit identifiers",
        "router logs",
    ),
    decide_within=Offset(n=Decimal(10), unit=OffsetUnit.WORKING_DAYS, anchor=Anchor.SUBMITTED),
    remedy=Remedy.SOLE,
    clause="7.3",
)


def a_claimable(rule: ClaimRule = RULE) -> ServiceLevelAgreement:
    """Return a schedule whose June 2019 has one outage of 73 minutes, ticket NOC-8841."""
    contract = a_contract_with_power()
    account = Account(vendor=contract.vendor, number="NR-77120")
    contract.account = saved(account)
    saved(contract)
    service = contract.services.get()
    service.vendor_identifier = "CKT-001-A"
    saved(service)
    saved(
        Contact(
            vendor=contract.vendor, role="claims_desk", name="Credit desk", email="credits@northrack.example"
        )
    )
    schedule = a_schedule(contract=contract, terms=some_terms(claim=rule))
    incident = an_incident(
        "INC-1", vendor=contract.vendor, title="CFO furious", source="noc", external_id="NOC-8841"
    )
    an_outage(incident, service, confirmed_at=at("2019-06-26 09:00"), confirmed_by=person())
    return schedule


def a_claim(agreement: ServiceLevelAgreement, *, statement: Statement | None = None) -> Claim:
    return Claim.objects.create(
        reference="CLM-2019-7",
        contract=agreement.contract,
        account=agreement.contract.account,
        statement=statement,
        currency="USD",
        state="entitled" if statement is None else "protective",
        opened_at=NOW,
        opened_by=person(),
    )


def claim_with(agreement: ServiceLevelAgreement, *amounts: int, **more: object) -> Claim:
    """Return a claim that holds parts of the credit of June."""
    revision = a_revision(agreement)
    credit = ServiceCredit.objects.create(
        revision=revision,
        line_number=1,
        kind="credit",
        currency="USD",
        amount_minor=sum(amounts),
        description="Power uptime, June 2019",
        service_first_on=date(2019, 6, 1),
        service_last_on=date(2019, 6, 30),
        posting_month=date(2019, 7, 1),
        recorded_at=NOW,
        **more,
    )
    claim = a_claim(agreement)
    for amount in amounts:
        ClaimPart.objects.create(
            claim=claim,
            credit=credit,
            amount_minor=amount,
            quantity=credit.quantity,
            recorded_at=NOW,
            recorded_by=person(),
        )
    due_by(revision.statement, on=date(2019, 7, 30))
    return claim


def due_by(statement: Statement, *, on: date, reading: str = "calendar days") -> None:
    ClaimToDo.objects.create(
        statement=statement,
        what="claim",
        reading=reading,
        clause="7.3",
        due_on=on,
        due_until=datetime(on.year, on.month, on.day, 23, 59, tzinfo=UTC),
    )


def test_the_letter_asks_for_the_credit_line_by_line_and_in_all() -> None:
    letter = letter_of(claim_with(a_claimable(), 20_000), now=NOW)
    (line,) = letter.lines
    assert (line.statement, line.line, line.amount) == ("NR-2018/power/2019-06/r1", "1", "USD 200.00")
    assert (line.name, line.services) == ("Power uptime", "Power feed A (CKT-001-A)")
    assert (line.target, line.achieved) == ("99.9 %", "99.831 %")
    assert letter.totals == ("USD 200.00",)
    assert (letter.account, letter.recipient) == ("NR-77120", "Credit desk, credits@northrack.example")
    assert letter.template == "claim-letter/1"


def test_what_happened_stands_in_the_contracts_zone_and_in_utc() -> None:
    (told,) = letter_of(claim_with(a_claimable(), 20_000), now=NOW).incidents
    assert (told.reference, told.ticket, told.told) == ("INC-1", "NOC-8841", "1 h 13 min")
    assert (told.starts, told.starts_utc) == ("2019-06-24 21:15:00 -07:00", "2019-06-25 04:15:00 UTC")
    assert (told.ends, told.ends_utc) == ("2019-06-24 22:28:00 -07:00", "2019-06-25 05:28:00 UTC")


def test_what_the_clause_wants_is_answered_and_the_rest_is_named_for_a_person() -> None:
    letter = letter_of(claim_with(a_claimable(), 20_000), now=NOW)
    assert letter.subject == "SLA Credit Request: claim CLM-2019-7, contract NR-2018"
    assert dict(letter.demands) == {
        'subject "SLA Credit Request"': letter.subject,
        "ticket number": "NOC-8841",
        "times of the failure": "given above for each incident",
        "circuit identifiers": "CKT-001-A",
    }
    assert letter.missing == ("router logs",)


def test_a_person_adds_what_is_missing() -> None:
    claim = claim_with(a_claimable(), 20_000)
    assert letter_preview(claim, now=NOW).missing == ("router logs",)
    found = letter_preview(claim, now=NOW, additions={"router logs": "enclosed as router.txt"})
    assert found.missing == ()
    assert "  router logs: enclosed as router.txt" in found.body.splitlines()


def test_the_letter_names_the_date_it_meets() -> None:
    claim = claim_with(a_claimable(), 20_000)
    assert letter_of(claim, now=NOW).deadline == (
        "This request is in time: the contract allows it until the end of 2019-07-30 "
        "(7.3, read as calendar days)."
    )


def test_after_one_reading_has_passed_the_letter_rests_on_the_next() -> None:
    claim = claim_with(a_claimable(), 20_000)
    due_by(claim.parts.get().credit.revision.statement, on=date(2019, 7, 9), reading="from the incident")
    letter = letter_of(claim, now=NOW)
    assert "2019-07-30" in letter.deadline
    assert letter.warnings == ("1 of 2 dates have passed already.",)


def test_after_the_last_reading_it_claims_no_date() -> None:
    letter = letter_of(claim_with(a_claimable(), 20_000), now=datetime(2019, 9, 1, tzinfo=UTC))
    assert letter.deadline == ""
    assert letter.warnings == ("Every reading of the deadline has passed; the last was 2019-07-30.",)


@pytest.mark.parametrize(
    ("remedy", "words"),
    [
        (Remedy.SOLE, "Under the contract the credit is the only remedy for the miss."),
        (Remedy.WITHOUT_PREJUDICE, "This request leaves our other rights under the contract as they are."),
        (Remedy.NOT_STATED, "This request is without prejudice to our other rights under the contract."),
    ],
)
def test_the_letter_prints_the_clauses_position_on_other_remedies(remedy: Remedy, words: str) -> None:
    agreement = a_claimable(replace(RULE, remedy=remedy))
    assert words in letter_preview(claim_with(agreement, 20_000), now=NOW).body


def test_the_mail_says_everything_and_nothing_of_ours() -> None:
    body = " ".join(letter_preview(claim_with(a_claimable(), 20_000), now=NOW).body.split())
    for said in (
        "USD 200.00",
        "NOC-8841",
        "NR-77120",
        "CLM-2019-7",
        "10 working days after the claim was sent",
    ):
        assert said in body
    assert "furious" not in body
    assert "$" not in body


def test_the_portal_text_is_short() -> None:
    text = letter_preview(claim_with(a_claimable(), 20_000), now=NOW).portal_text
    assert "Credit asked for, before tax: USD 200.00" in text
    assert "Your numbers: NOC-8841" in text
    assert len(text) < 600


def test_parts_of_one_credit_are_asked_for_as_one_line() -> None:
    letter = letter_of(claim_with(a_claimable(), 15_000, 5_000), now=NOW)
    assert [line.amount for line in letter.lines] == ["USD 200.00"]


def test_days_are_asked_for_in_days() -> None:
    claim = claim_with(a_claimable(), 0, pays="service_days", quantity=Fraction(3))
    assert letter_of(claim, now=NOW).totals == ("3 days added to the term",)


def test_a_protective_letter_says_that_the_amount_follows() -> None:
    agreement = a_claimable()
    statement = head_of(agreement, period_label="2019-06")
    due_by(statement, on=date(2019, 7, 30))
    claim = a_claim(agreement, statement=statement)
    found = letter_preview(claim, now=NOW)
    assert found.template == "protective-letter/1"
    assert "The amount follows as soon as it is known" in " ".join(found.body.split())
    assert "your number NOC-8841: Power feed A (CKT-001-A)" in found.body
    assert "2019-07-30" in found.body
    assert found.missing == ("router logs",)


def test_a_letter_is_kept_as_it_was_made() -> None:
    claim = claim_with(a_claimable(), 20_000)
    row = make_letter(claim, by=person(), now=NOW)
    preview = letter_preview(claim, now=NOW)
    assert (row.subject, row.body, row.portal_text) == (preview.subject, preview.body, preview.portal_text)
    assert (row.template, row.made_at, row.made_by) == ("claim-letter/1", NOW, person())
    assert bytes(row.pdf).startswith(b"%PDF-")


def test_the_same_letter_gives_the_same_bytes() -> None:
    letter = letter_of(claim_with(a_claimable(), 20_000), now=NOW)
    assert letter_pdf(letter, additions={}) == letter_pdf(letter, additions={})
    assert letter_text(letter, additions={}) == letter_text(letter, additions={})


def test_a_claim_that_has_ended_is_not_written_about() -> None:
    claim = claim_with(a_claimable(), 20_000)
    Claim.objects.filter(pk=claim.pk).update(state="lapsed")
    claim.refresh_from_db()
    with pytest.raises(ValidationError, match="Open a new claim"):
        make_letter(claim, by=person(), now=NOW)
    assert claim.letters.count() == 0


def test_a_blank_addition_is_refused() -> None:
    claim = claim_with(a_claimable(), 20_000)
    with pytest.raises(ValidationError, match="router logs"):
        make_letter(claim, by=person(), now=NOW, additions={"router logs": " "})
    assert claim.letters.count() == 0


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ('subject words "SLA Credit Request"', "SLA Credit Request"),
        ("Subject: Service credit claim", "Service credit claim"),
        ("the subject line", ""),
        ("ticket number", ""),
    ],
)
def test_subject_words_are_read_from_the_clause(item: str, words: str) -> None:
    assert subject_words([item]) == words


def test_what_no_word_matches_is_never_promised() -> None:
    found, missing = answered(["number of users and their location"], given={"times": "above"}, subject="x")
    assert (found, missing) == ((), ("number of users and their location",))
