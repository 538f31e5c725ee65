"""Statement documents: page one says what is asked, both editions agree, the PDF is the same each time."""

import json
from dataclasses import asdict, replace
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from sla.engine.facts import Inputs
from sla.inputs import inputs_of
from sla.models import Claim, ServiceLevelAgreement, StatementLine
from sla.reports.editions import (
    Edition,
    StatementDocument,
    draft_document,
    draft_pdf,
    revision_pdf,
    statement_document,
    statement_pdf,
)
from sla.reports.editions.printing import printable
from tests.builders import (
    a_contract_with_power,
    a_position,
    a_schedule,
    an_incident,
    an_outage,
    at,
    person,
    saved,
)
from tests.sla.frozen import FINALISED, KNOWN, a_revision
from tests.sla.mailing_rows import pdf_text
from tests.sla.planting import MARK, SAID, planted
from vendors.models import Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreement() -> ServiceLevelAgreement:
    """Return a schedule whose June 2019 has one outage of 73 minutes: 99.831 %, 10 % of 2,000 dollars."""
    contract = a_contract_with_power()
    schedule = a_schedule(contract=contract)
    incident = an_incident("NR-2019-06-25", vendor=contract.vendor, title="The CFO is furious")
    an_outage(incident, contract.services.get(), confirmed_at=at("2019-06-26 09:00"), confirmed_by=person())
    return schedule


def june(agreement: ServiceLevelAgreement) -> Inputs:
    return inputs_of(agreement, period_label="2019-06", known_until=KNOWN)


def asked(document: StatementDocument) -> dict[str, str]:
    return dict(document.ask.rows)


@pytest.mark.parametrize("edition", list(Edition))
def test_page_one_says_what_is_asked_for(agreement: ServiceLevelAgreement, edition: Edition) -> None:
    contract = agreement.contract
    desk = Contact(
        vendor=contract.vendor, role="claims_desk", name="Credit desk", email="credits@example.com"
    )
    saved(desk)
    found = statement_document(a_revision(agreement), edition=edition)
    assert found.ask.sentence == "Please confirm the credit and put it on the account below."
    assert asked(found) == {
        "Amount, before tax": "USD 200.00",
        "Account to credit": "that of contract NR-2018",
        "Reference to quote": "NR-2018/power/2019-06/r1",
        "Answer by": "the contract states no date",
        "To": "Credit desk, credits@example.com",
    }
    assert found.page.money.due == "USD 200.00"
    assert found.page.headline == "1 of 1 service levels missed"
    assert "not a tax document" in found.not_tax


def test_the_reference_to_quote_is_our_claims_once_there_is_one(agreement: ServiceLevelAgreement) -> None:
    revision = a_revision(agreement)
    Claim.objects.create(
        reference="CLM-7",
        contract=agreement.contract,
        statement=revision.statement,
        currency="USD",
        state="accepted",
        vendor_reference="CASE-991",
        opened_at=FINALISED,
        opened_by=person(),
    )
    found = statement_document(revision, edition=Edition.VENDOR)
    assert found.ask.sentence.startswith("You have accepted this credit.")
    assert (asked(found)["Reference to quote"], asked(found)["Your reference"]) == ("CLM-7", "CASE-991")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("submitted", "Please confirm the credit and put it on the account below."),
        ("accepted", "You have accepted this credit. Please put it on the account below."),
        (
            "partly_accepted",
            "You have accepted a part of this credit. Please put that part on the account below; the amounts"
            " are those of the whole statement.",
        ),
        ("credited", "What you accepted of this credit has come. Nothing more is asked for now."),
        ("closed", "The claim for this credit is closed. Nothing more is asked for."),
        ("not_pursued", "The claim for this credit is closed. Nothing more is asked for."),
    ],
)
def test_what_is_asked_for_follows_the_claim(
    agreement: ServiceLevelAgreement, state: str, sentence: str
) -> None:
    revision = a_revision(agreement)
    Claim.objects.create(
        reference="CLM-7",
        contract=agreement.contract,
        statement=revision.statement,
        currency="USD",
        state=state,
        opened_at=FINALISED,
        opened_by=person(),
    )
    assert statement_document(revision, edition=Edition.VENDOR).ask.sentence == sentence


def test_a_month_without_a_miss_asks_for_nothing(agreement: ServiceLevelAgreement) -> None:
    found = statement_document(a_revision(agreement, label="2019-05"), edition=Edition.VENDOR)
    assert found.ask.sentence == "Nothing is asked for this period."
    assert found.ask.rows == ()


def test_both_editions_have_the_same_levels_and_money(agreement: ServiceLevelAgreement) -> None:
    revision = a_revision(agreement, inputs=planted(june(agreement)))
    ours, theirs = (statement_document(revision, edition=edition) for edition in Edition)
    assert ours.levels == theirs.levels
    assert (ours.page.money.due, ours.page.money.totals[0].due) == ("USD 200.00", "USD 200.00")
    assert theirs.page.money.due == ours.page.money.due


def test_the_vendors_document_has_no_word_of_ours(agreement: ServiceLevelAgreement) -> None:
    incident = agreement.contract.vendor.incidents.get()
    a_position(incident, party="ours", why="we pressed them", stated_by="Our lawyer")
    a_position(incident, party="vendors", responsible="us", why="your cabling", stated_by="Their NOC")
    revision = a_revision(agreement, inputs=planted(june(agreement)))
    told = json.dumps(printable(statement_document(revision, edition=Edition.VENDOR)))
    for secret in (MARK, "pat.finance", "says the CFO", "furious", "we believe them", "pressed"):
        assert secret not in told
    assert SAID in told
    assert "Customer representative 1" in told
    assert MARK in json.dumps(printable(statement_document(revision, edition=Edition.INTERNAL)))


def test_the_vendors_document_leaves_out_our_dates_and_counters(agreement: ServiceLevelAgreement) -> None:
    found = statement_document(a_revision(agreement), edition=Edition.VENDOR)
    assert (found.page.claim, found.page.patterns, found.unresolved) == (None, (), ())
    assert [level.room for level in found.page.levels] == [""]


def test_a_draft_says_so(agreement: ServiceLevelAgreement) -> None:
    found = draft_document(agreement, inputs=june(agreement), edition=Edition.VENDOR)
    assert found.banner.startswith("DRAFT - not finalised")
    assert (found.is_draft, found.number, found.on) == (True, "NR-2018/power/2019-06", date(2019, 7, 8))


def test_a_later_revision_shows_what_it_corrects(agreement: ServiceLevelAgreement) -> None:
    inputs = june(agreement)
    a_revision(agreement, inputs=inputs)
    (outage,) = inputs.facts.outages
    shorter = replace(outage, ended_at=at("2019-06-25 04:20"))
    second = a_revision(agreement, inputs=replace(inputs, facts=replace(inputs.facts, outages=(shorter,))))
    found = statement_document(second, edition=Edition.VENDOR)
    assert found.previous == "NR-2018/power/2019-06/r1"
    (change,) = found.corrections
    assert (change.line, change.was_due, change.due, change.difference) == (
        1,
        "USD 200.00",
        "USD 0.00",
        "USD -200.00",
    )
    assert (change.was, change.is_now) == ("99.831 %, missed", "99.988 %, met, unconfirmed")


def test_a_correction_of_an_earlier_period_is_in_what_is_asked_for(agreement: ServiceLevelAgreement) -> None:
    revision = a_revision(agreement)
    StatementLine.objects.create(
        revision=revision,
        number=2,
        key="earlier|NR-2018/power/2019-05|1",
        status="prior_period",
        name="Correction of NR-2018/power/2019-05",
        window="2019-05",
        window_first_on=date(2019, 5, 1),
        window_last_on=date(2019, 5, 31),
        currency="USD",
        due_minor=-1_25,
    )
    found = statement_document(revision, edition=Edition.VENDOR)
    assert [(each.line, each.name, each.due) for each in found.prior] == [
        (2, "Correction of NR-2018/power/2019-05", "USD -1.25")
    ]
    assert (found.due, asked(found)["Amount, before tax"]) == ("USD 198.75", "USD 198.75")
    assert statement_pdf(found).startswith(b"%PDF-")


def test_the_header_names_revision_versions_zone_and_fingerprint(agreement: ServiceLevelAgreement) -> None:
    revision = a_revision(agreement)
    header = dict(statement_document(revision, edition=Edition.INTERNAL).header)
    assert header["Finalised"] == "2019-07-08 02:30:00 -07:00 by pat.finance"
    assert header["Why"] == "The month is over, says the CFO"
    assert (header["Revision"], header["Zone rules"], header["Calculation"]) == ("1", "2019.2", "version 1")
    assert header["Fingerprint"] == revision.digest


@pytest.mark.parametrize("edition", list(Edition))
def test_the_same_statement_gives_the_same_bytes(agreement: ServiceLevelAgreement, edition: Edition) -> None:
    revision = a_revision(agreement)
    first = revision_pdf(revision, edition=edition)
    assert first.startswith(b"%PDF-")
    assert first == statement_pdf(statement_document(revision, edition=edition))


def test_a_draft_is_printed_too(agreement: ServiceLevelAgreement) -> None:
    found = draft_pdf(agreement, period_label="2019-06", edition=Edition.VENDOR, now=KNOWN)
    assert found.startswith(b"%PDF-")


def test_a_label_that_names_no_period_is_refused(agreement: ServiceLevelAgreement) -> None:
    with pytest.raises(ValueError, match="names no period"):
        draft_pdf(agreement, period_label="June", edition=Edition.VENDOR, now=KNOWN)


def test_texts_of_a_vendor_are_never_read_as_markup(agreement: ServiceLevelAgreement) -> None:
    found = draft_document(agreement, inputs=june(agreement), edition=Edition.VENDOR)
    odd = replace(found, parties=replace(found.parties, vendor='#panic("x") *bold* $x$ <label> \\ [x'))
    assert asdict(odd)["parties"]["vendor"] == odd.parties.vendor
    assert statement_pdf(odd).startswith(b"%PDF-")


def printed(*words: str, path: Path) -> bytes:
    call_command("statement_pdf", *words, "--output", str(path), stdout=StringIO())
    return path.read_bytes()


def test_the_command_prints_the_newest_revision(agreement: ServiceLevelAgreement, tmp_path: Path) -> None:
    revision, path = a_revision(agreement), tmp_path / "statement.pdf"
    expected = revision_pdf(revision, edition=Edition.VENDOR)
    for words in (["NR-2018/power/2019-06"], ["NR-2018/power/2019-06/r1"], ["NR-2018/power", "2019-06"]):
        assert printed(*words, path=path) == expected
    internal = printed("NR-2018/power/2019-06", "--edition", "internal", path=path)
    assert internal == revision_pdf(revision, edition=Edition.INTERNAL)


def test_the_command_prints_a_draft_where_nothing_is_finalised(
    agreement: ServiceLevelAgreement, tmp_path: Path
) -> None:
    assert printed("NR-2018/power/2019-06", path=tmp_path / "draft.pdf").startswith(b"%PDF-")


@pytest.mark.parametrize("number", ["NR-2018", "NR-2018/cooling/2019-06", "NR-2018/power/June", "a/b/c\0"])
def test_the_command_refuses_what_names_no_statement(agreement: ServiceLevelAgreement, number: str) -> None:
    with pytest.raises(CommandError, match="names no"):
        call_command("statement_pdf", number)


def test_a_file_that_cannot_be_written_is_said(agreement: ServiceLevelAgreement, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        printed("NR-2018/power/2019-06", path=tmp_path / "missing" / "draft.pdf")


def test_a_sign_that_no_font_has_stands_as_its_number(agreement: ServiceLevelAgreement) -> None:
    vendor = agreement.contract.vendor
    vendor.name = "\u6771 \U0001f469 Zo\u00eb"
    saved(vendor)
    pdf = draft_pdf(agreement, period_label="2019-06", edition=Edition.VENDOR, now=FINALISED)
    assert pdf.startswith(b"%PDF")
    words = pdf_text(pdf)
    assert words.startswith("%PDF") or "[U+6771] [U+1F469] Zo\u00eb" in words
