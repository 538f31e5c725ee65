"""One minute with the report of a vendor: what was missed, why, how much, what to do by when."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.engine.results import LedgerLine, TimeClass
from sla.engine.terms import Anchor, ClaimStep, CreditRule, Fixed, Pays, Per, Scheme
from sla.models import Claim, PostingPolicy, ServiceLevelAgreement, Statement
from sla.reports.editions import Edition
from sla.reports.pictures import Standing
from sla.reports.pictures.statement import statement_pictures
from sla.reports.tables import FORMS, render
from sla.reports.vendor import VendorReport, as_report, vendor_page, vendor_pdf, vendor_report, vendor_view
from sla.services.claims import answer_claim, contest_claim, open_claim, submit_claim
from sla.services.receipts import match_credit, record_receipt
from sla.services.statements import draft_statement, fresh_heads, head_of, hold_correction
from sla.services.vendor_reports import make_vendor_report
from tests.builders import (
    a_charge,
    a_contract_with_power,
    a_level,
    a_position,
    a_schedule,
    a_service,
    a_vendor,
    an_incident,
    an_outage,
    at,
    person,
    saved,
)
from tests.incidents.rows import kept
from tests.sla.claim_builders import (
    NOW,
    a_claim,
    a_claim_rule,
    a_contract_in,
    a_missed_month,
    a_percent_credit,
    a_revision,
    limit,
    some_claim_terms,
)
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
JUNE: dict[str, Any] = {"first_on": date(2019, 6, 1), "last_on": date(2019, 6, 30), "period": "2019-06"}
HOSTILE = '<script>alert(1)</script> #strong[x] $y$ "& ' + "\u2028" + "W" * 150
MINUTE = 60_000_000


def boss() -> User:
    return person("boss", is_superuser=True)


def the_vendor() -> Vendor:
    return Vendor.objects.get(slug="northrack")


def made(edition: Edition = Edition.INTERNAL, **fields: Any) -> VendorReport:
    given = {**JUNE, "edition": edition, "user": boss(), "now": NOW, **fields}
    return make_vendor_report(given.pop("vendor", None) or the_vendor(), **given)


def everything_in(report: VendorReport) -> str:
    """Return all that any form of a report says."""
    files = b"".join(b"".join(render(as_report(report), form=form)) for form in ("csv", "json"))
    return (files + vendor_page(report)).decode() + json.dumps(vendor_view(report), ensure_ascii=False)


def test_a_draft_says_what_was_missed_why_how_much_and_that_it_is_provisional() -> None:
    a_missed_month()
    report = made()
    assert report.headline == "1 of 1 service level missed in 2019-06"
    assert report.summary[:2] == (
        "Credit due, before tax: USD 200.00, provisional.",
        "The downtime that counts comes from INC-1 (Power lost at the data center): 1 h 13 min.",
    )
    (level,) = report.missed
    assert (level.name, level.target, level.achieved, level.shortfall) == (
        *("Power uptime", "99.9 %", "99.831 %"),
        "0.069 % points",
    )
    assert (level.counted_us, level.due_minor, level.incidents) == (73 * MINUTE, 20_000, ("INC-1",))
    assert report.provisional
    assert [each.number for each in report.statements] == ["NR-2018/power/2019-06"]


def test_the_classes_of_a_level_sum_to_its_period() -> None:
    a_missed_month()
    (level,) = made().levels
    assert sum(length for _, length in level.classes) == level.total_us == 720 * 60 * MINUTE


def test_a_finalised_statement_is_named_with_its_revision_and_not_provisional() -> None:
    a_revision()
    report = made()
    (statement,) = report.statements
    assert (statement.number, statement.finalised, statement.calculation) == (
        "NR-2018/power/2019-06/r1",
        True,
        "1",
    )
    assert not report.provisional
    assert "NR-2018/power/2019-06/r1" in vendor_view(report)["numbers"]


def test_the_first_date_heads_what_is_to_be_done() -> None:
    a_revision()
    first = made(now=at("2019-07-20 09:00")).actions[0]
    assert (first.party, first.what, first.by, first.overdue) == (
        "we",
        "Send the claim",
        date(2019, 7, 30),
        False,
    )
    assert made(now=at("2019-08-20 09:00")).actions[0].overdue


def test_a_claim_that_was_sent_is_the_vendors_to_answer() -> None:
    claim = a_claim()
    submit_claim(
        claim,
        by=person(),
        why="sent by mail",
        sent_at=at("2019-07-10 08:00"),
        received_at=at("2019-07-10 09:00"),
        now=NOW,
    )
    report = made(Edition.VENDOR)
    (part,) = report.claims
    assert (part.reference, part.asked_minor, part.received_minor, part.open_minor) == (
        *(claim.reference, 20_000, 0),
        20_000,
    )
    assert (part.sent_on, part.answer_by) == (date(2019, 7, 10), date(2019, 8, 24))
    assert [(each.what, each.by) for each in report.actions if each.by] == [
        ("Answer the claim", date(2019, 8, 24))
    ]
    assert report.summary[-1] == f"The first date is 2019-08-24: answer the claim, {claim.reference}."


def test_the_vendor_reads_nothing_that_is_ours() -> None:
    agreement = a_missed_month()
    incident = agreement.contract.services.get().outages.get().incident
    a_position(incident, party="ours", responsible="vendor", stated_by="ZZ Maria", why="ZZ we think so")
    a_revision(agreement)
    ours, theirs = everything_in(made()), everything_in(made(Edition.VENDOR))
    claim = a_vendor_claim_reference()
    for internal in ("Power lost at the data center", claim, "Send the claim", "2019-07-30", "boss"):
        assert internal in ours, internal
        assert internal not in theirs, internal
    assert "ZZ" not in theirs
    assert "INC-1" in theirs


def a_vendor_claim_reference() -> str:
    return Statement.objects.get().agreement.contract.claims.get().reference


def test_another_vendors_incident_keeps_its_title_from_the_vendor() -> None:
    agreement = a_missed_month()
    other = a_vendor("power-company")
    row = an_incident("INC-9", vendor=other, title="Substation of the power company")
    an_outage(
        row,
        agreement.contract.services.get(),
        started_at=at("2019-06-26 04:00"),
        ended_at=at("2019-06-26 06:00"),
    )
    titles = {each.reference: each.title for each in made(Edition.VENDOR).incidents}
    assert titles == {"INC-1": "", "another party's incident": ""}
    assert {each.title for each in made().incidents} >= {"Substation of the power company"}


def test_both_editions_have_the_same_figures() -> None:
    a_revision()
    ours, theirs = made(), made(Edition.VENDOR)
    assert [replace(each, answer="") for each in ours.levels] == list(theirs.levels)
    assert (ours.amounts, ours.grids, ours.calendar, ours.timelines) == (
        *(theirs.amounts, theirs.grids, theirs.calendar),
        theirs.timelines,
    )


def test_currencies_are_never_added_up() -> None:
    a_missed_month()
    euro = a_contract_in("EUR", reference="EU-1", fee_minor=500_000, vendor=the_vendor())
    a_missed_month(contract=euro, incident="INC-2")
    report = made()
    assert [(each.currency, each.due_minor) for each in report.amounts] == [("EUR", 50_000), ("USD", 20_000)]
    assert report.summary[:2] == (
        "Credit due, before tax: EUR 500.00, provisional.",
        "Credit due, before tax: USD 200.00, provisional.",
    )


def test_the_grid_has_the_last_twelve_periods_oldest_first() -> None:
    agreement = a_missed_month()
    fresh_heads([agreement], first_on=date(2019, 1, 1), last_on=date(2019, 1, 31), now=NOW)
    fresh_heads([agreement], first_on=date(2019, 3, 1), last_on=date(2019, 6, 30), now=NOW)
    (grid,) = made().grids
    assert grid.periods == ("2019-01", "2019-02", "2019-03", "2019-04", "2019-05", "2019-06")
    (row,) = grid.rows
    assert [cell.standing if cell else None for cell in row.cells] == [
        *(Standing.UNCONFIRMED, None),
        *[Standing.UNCONFIRMED] * 3,
        Standing.MISSED,
    ]
    june = row.cells[-1]
    assert june is not None
    assert (june.value, june.known, june.finalised) == ("99.831 %", Fraction(1), False)


def test_no_more_than_twelve_periods_are_shown() -> None:
    agreement = a_missed_month(terms=some_claim_terms(effective_from=date(2017, 1, 1)))
    fresh_heads([agreement], first_on=date(2018, 1, 1), last_on=date(2019, 6, 30), now=NOW)
    (grid,) = made().grids
    assert (grid.periods[0], grid.periods[-1], len(grid.periods)) == ("2018-07", "2019-06", 12)


def test_a_day_shows_its_minutes_lost_by_the_contracts_clock() -> None:
    a_missed_month(outage=("2019-06-25 04:15", "2019-06-25 07:30"))  # until half past midnight
    report = made()
    assert report.calendar is not None
    lost = {day.on: day.lost_us // MINUTE for day in report.calendar.days if day.lost_us}
    assert lost == {date(2019, 6, 24): 165, date(2019, 6, 25): 30}
    assert len(report.calendar.days) == 30


def test_an_incident_shows_its_times_in_the_contracts_zone_and_who_is_responsible() -> None:
    agreement = a_missed_month()
    incident = agreement.contract.services.get().outages.get().incident
    a_position(incident, party="vendors", responsible="us", stated_by="Vendor")
    assert [each.responsible for each in made().incidents] == [
        "the vendor; contested, the vendor says the customer"
    ]
    (shown,) = vendor_view(made(Edition.VENDOR))["incidents"]
    assert (shown["starts"], shown["counted"]) == ("2019-06-24 21:15:00 -07:00", "1 h 13 min")
    assert shown["responsible"] == "the vendor; contested, you say the customer"


def test_an_exclusion_shows_its_clause_and_only_we_read_who_decided() -> None:
    agreement = a_missed_month()
    make: dict[str, Any] = {"first_on": JUNE["first_on"], "last_on": JUNE["last_on"], "period": "2019-06"}
    (head,) = fresh_heads([agreement], first_on=make["first_on"], last_on=make["last_on"], now=NOW)
    result = draft_statement(agreement, period_label="2019-06", known_until=NOW)
    (one,) = result.measured
    assert one.ledger is not None
    excluded = LedgerLine(
        time_class=TimeClass.EXCLUDED,
        during=one.ledger.lines[0].during,
        units=("power-a",),
        incidents=("INC-1",),
        rule="exclusion.maintenance",
        clause="Exhibit C 3.1",
        by="Maria",
    )
    drawn = replace(result, measured=(replace(one, ledger=replace(one.ledger, lines=(excluded,))),))
    told = [
        vendor_report(
            the_vendor(), **make, edition=edition, user=boss(), now=NOW, drafts={head.pk: drawn}
        ).exclusions
        for edition in Edition
    ]
    assert [(each.rule, each.clause, each.excluded_us, each.by) for (each,) in told] == [
        ("maintenance", "Exhibit C 3.1", 73 * MINUTE, "Maria"),
        ("maintenance", "Exhibit C 3.1", 73 * MINUTE, ""),
    ]


def test_a_correction_shows_old_new_and_difference() -> None:
    agreement = a_missed_month()
    a_revision(agreement)
    outage = agreement.contract.services.get().outages.get()
    outage.ended_at = at("2019-06-25 12:30")
    kept(outage)
    a_revision(agreement, now=NOW)
    report = made(since=date(2019, 7, 1))
    (told,) = report.corrections
    assert (told.statement, told.was_due_minor, told.due_minor, told.delta_minor) == (
        *("NR-2018/power/2019-06/r2", 20_000, 50_000),
        30_000,
    )
    assert (told.was, told.is_now, told.cause) == ("99.831 %, missed", "98.854 %, missed", "month end")
    assert made(Edition.VENDOR, since=date(2019, 7, 1)).corrections[0].cause == ""
    assert made(since=date(2019, 7, 21)).corrections == ()


def test_what_a_person_may_not_see_is_not_reported() -> None:
    a_missed_month()
    with pytest.raises(ValueError, match="There is no vendor 'northrack' that stranger may see"):
        made(user=person("stranger"))


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="The range ends on 2019-06-01, before it begins on 2019-06-30"):
        vendor_report(
            a_vendor(),
            first_on=date(2019, 6, 30),
            last_on=date(2019, 6, 1),
            period="x",
            edition=Edition.INTERNAL,
            user=boss(),
            now=NOW,
        )


def test_a_vendor_without_statements_has_an_empty_report() -> None:
    report = made(vendor=a_vendor("quiet"))
    assert report.headline == "No service level statement of this vendor ends in this period."
    assert vendor_page(report)
    assert vendor_pdf(report).startswith(b"%PDF")


def months(agreement: ServiceLevelAgreement) -> None:
    fresh_heads([agreement], first_on=date(2019, 1, 1), last_on=date(2019, 6, 30), now=NOW)


def test_the_number_of_queries_does_not_grow_with_the_rows() -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as found:
            vendor_report(the_vendor(), **JUNE, edition=Edition.INTERNAL, user=boss(), now=NOW)
        return len(found)

    first = a_missed_month()
    a_revision(first)
    months(first)
    boss()
    one = counted()
    for number in range(2, 5):
        more = a_missed_month(f"power-{number}", contract=first.contract, incident=f"INC-{number}")
        a_revision(more)
        months(more)
    assert counted() == one


def test_every_form_has_the_same_figures() -> None:
    a_revision()
    report = made()
    plain = json.loads(b"".join(render(as_report(report), form="json")))
    text = b"".join(render(as_report(report), form="csv")).decode("utf-8-sig")
    assert "200.00" in text
    assert any("NR-2018/power/2019-06/r1" in row for row in csv.reader(io.StringIO(text)))
    assert "200.00" in json.dumps(plain) or "20000" in json.dumps(plain)
    assert "USD 200.00" in vendor_page(report).decode()
    assert {form for form in FORMS if b"".join(render(as_report(report), form=form))} == set(FORMS)


def test_the_same_report_gives_the_same_bytes() -> None:
    a_revision()
    report = made()
    assert vendor_pdf(report) == vendor_pdf(report)
    assert vendor_page(report) == vendor_page(report)


def test_hostile_names_stay_text() -> None:
    contract = a_contract_with_power()
    terms = some_claim_terms(targets=(a_level(name=HOSTILE, clause=HOSTILE),))
    a_missed_month(contract=contract, terms=terms)
    report = made()
    assert b"<script>" not in vendor_page(report)
    assert vendor_pdf(report).startswith(b"%PDF")


def a_big_vendor() -> ServiceLevelAgreement:
    """Return a schedule of 12 levels, one a service, with 40 incidents in June 2019."""
    contract = a_contract_with_power()
    services = [
        a_service(contract, code=f"s-{number}", name=f"Service {number} in a hall with a long name")
        for number in range(12)
    ]
    for service in services:
        a_charge(contract, code=service.code, service=service)
    targets = tuple(
        a_level(
            code=f"t-{number}",
            name=f"Availability {number} as measured at the demarcation point",
            services=(service.code,),
            clause="Exhibit C 2.1, as amended",
        )
        for number, service in enumerate(services)
    )
    agreement = a_schedule(contract=contract, terms=some_claim_terms(targets=targets))
    for number in range(40):
        title = f"Loss {number} of both power feeds in the eastern hall"
        row = an_incident(f"INC-{number:03d}", vendor=contract.vendor, title=title)
        starts = at("2019-06-01 08:00") + timedelta(hours=17 * number)
        ends = starts + timedelta(minutes=7 * number + 5)
        an_outage(row, services[number % 12], started_at=starts, ended_at=ends)
    return agreement


@pytest.mark.long
def test_a_big_vendor_still_makes_a_report() -> None:
    a_big_vendor()
    report = made()
    assert len(report.incidents) == 40
    assert len(report.missed) == len(vendor_view(report)["missed"]) == 12
    assert vendor_pdf(report).startswith(b"%PDF")


def test_the_command_writes_each_form(tmp_path: Path) -> None:
    a_revision()
    for form in ("pdf", "html", "xlsx", "csv", "json"):
        path = tmp_path / f"report.{form}"
        call_command(
            "vendor_report", "northrack", period="2019-06", edition="vendor", format=form, output=str(path)
        )
        assert path.stat().st_size > 500


@pytest.mark.parametrize(
    ("slug", "period", "said"),
    [
        ("nobody", "2019-06", "There is no vendor 'nobody'. Known are: northrack."),
        ("northrack", "June", "'June' names no period. Write 2019, 2019-Q2, 2019-06"),
        ("northrack", "2019-06-30..2019-06-01", "The range ends on 2019-06-01"),
    ],
)
def test_the_command_says_what_is_wrong(slug: str, period: str, said: str, tmp_path: Path) -> None:
    a_vendor()
    with pytest.raises(CommandError, match=said):
        call_command("vendor_report", slug, period=period, output=str(tmp_path / "x.pdf"))
    assert list(tmp_path.iterdir()) == []


def test_the_pictures_of_a_statement_are_its_credit_its_time_and_its_past() -> None:
    agreement = a_missed_month()
    months(agreement)
    may = Statement.objects.get(period="2019-05")
    result = draft_statement(agreement, period_label="2019-06", known_until=NOW)
    found = statement_pictures(
        result,
        levels={"uptime": "Power uptime"},
        services={"power-a": "Power feed A"},
        earlier=[("2019-05", False, list(may.draft_lines.all()))],
        with_time=True,
    )
    assert [each.title for each in found] == [
        "",
        "Day by day",
        "Credit: Power uptime (Power feed A)",
        "Trend: Power uptime (Power feed A)",
    ]
    assert "USD 2,000.00" in found[2].svg
    assert "2019-05: no outage recorded" in found[3].svg


def two_months() -> tuple[ServiceLevelAgreement, Claim, Claim]:
    """Return a schedule with claims of May (USD 200) and of June (USD 200), both sent."""
    agreement = a_missed_month(outage=("2019-05-25 04:15", "2019-05-25 05:28"), incident="INC-MAY")
    may = a_claim(agreement, period="2019-05")
    incident = an_incident("INC-JUNE", vendor=agreement.contract.vendor)
    service = agreement.contract.services.get()
    an_outage(incident, service, started_at=at("2019-06-25 04:15"), ended_at=at("2019-06-25 05:28"))
    june = a_claim(agreement, period="2019-06")
    return agreement, may, june


def sent(claim: Claim) -> Claim:
    fields: dict[str, Any] = {"sent_at": at("2019-07-10 08:00"), "received_at": at("2019-07-10 09:00")}
    return submit_claim(claim, by=person(), why="ZZ sent by mail", now=NOW, **fields)


def answered(claim: Claim, *, accepted_minor: int) -> Claim:
    state = "partly_accepted" if accepted_minor else "rejected"
    happened: dict[str, Any] = {"happened_at": at("2019-07-15 09:00"), "now": NOW}
    return answer_claim(
        claim, state=state, accepted_minor=accepted_minor or None, by=person(), why="ZZ short", **happened
    )


def came(claim: Claim, *, minor: int) -> None:
    received = record_receipt(
        claim.contract.vendor,
        entity=claim.contract.entity,
        kind="credit_note",
        document="CN-1",
        received_on=date(2019, 7, 16),
        currency="USD",
        net_minor=minor,
        by=person(),
        now=NOW,
    )
    match_credit(received, claim=claim, received_minor=minor, by=person(), now=NOW)


def test_a_period_has_its_own_claims_and_what_came_for_them() -> None:
    _, may, june = two_months()
    sent(may)
    answer_claim(
        may, state="accepted", happened_at=at("2019-07-15 09:00"), by=person(), why="they agree", now=NOW
    )
    came(may, minor=15_000)
    for edition in Edition:
        report = made(edition)
        assert [each.reference for each in report.claims] == [june.reference] * (edition == "internal")
        assert [(each.due_minor, each.received_minor) for each in report.amounts] == [(20_000, 0)]
        assert [(each.reference, each.open_minor) for each in report.other_claims] == [(may.reference, 5_000)]
        assert may.reference not in {each.reference for each in report.actions}
    of_may = made(first_on=date(2019, 5, 1), last_on=date(2019, 5, 31), period="2019-05")
    assert [(each.reference, each.received_minor) for each in of_may.claims] == [(may.reference, 15_000)]
    assert [each.reference for each in of_may.other_claims] == [june.reference]


def test_the_vendor_reads_other_claims_only_once_they_were_submitted() -> None:
    _, may, _ = two_months()
    assert made(Edition.VENDOR).other_claims == ()
    sent(may)
    assert [each.reference for each in made(Edition.VENDOR).other_claims] == [may.reference]


def test_a_claim_opened_for_an_incident_belongs_to_the_days_of_its_outage() -> None:
    agreement = a_missed_month(incident="INC-1")
    incident = agreement.contract.services.get().outages.get().incident
    claim = open_claim(
        incident=incident, contract=agreement.contract, by=person(), why="keep the date", now=NOW
    )
    assert claim.reference in {each.reference for each in made().claims}
    july = made(first_on=date(2019, 7, 1), last_on=date(2019, 7, 31), period="2019-07")
    assert claim.reference not in {each.reference for each in july.claims}
    assert claim.reference in {each.reference for each in july.other_claims}


@pytest.mark.parametrize(
    ("accepted", "why", "contested", "to_issue"),
    [
        (
            5_000,
            "USD 50.00 of USD 200.00 was accepted; the answer was contested on 2019-07-20",
            15_000,
            5_000,
        ),
        (0, "none of USD 200.00 was accepted; the answer was contested on 2019-07-20", 20_000, None),
    ],
)
def test_a_contested_claim_waits_for_the_vendor_even_without_a_date(
    accepted: int, why: str, contested: int, to_issue: int | None
) -> None:
    rule = a_claim_rule(decide_within=None, issue_within=None)
    claim = sent(a_claim(a_missed_month(terms=some_claim_terms(rule=rule))))
    contest_claim(answered(claim, accepted_minor=accepted), by=person(), why="ZZ our proof", now=NOW)
    report = made(Edition.VENDOR)
    waits = [(each.party, each.what, each.by, each.why, each.amount_minor) for each in report.actions]
    expected = [("vendor", "Answer what is contested", None, why, contested)]
    if to_issue is not None:
        expected.append(("vendor", "Issue the credit that was accepted", None, "", to_issue))
    assert waits == expected
    first = vendor_view(report)["actions"][0]
    assert (first["by"], first["undated"]) == ("", "the contract states no date")
    assert report.summary[-1] == f"Next: answer what is contested, {claim.reference}."
    assert "ZZ" not in everything_in(report)


@pytest.mark.parametrize("accepted", [5_000, 0])
def test_an_answer_that_falls_short_waits_for_us(accepted: int) -> None:
    claim = answered(sent(a_claim()), accepted_minor=accepted)
    waits = [each.what for each in made().actions if each.party == "we"]
    assert waits == ["Accept or contest the answer"]
    assert claim.reference in {each.reference for each in made().actions}


def test_a_step_of_ours_whose_day_has_passed_is_a_note_and_not_the_next_thing_to_do() -> None:
    steps = (ClaimStep(code="ticket", text="Open a ticket", due=limit(1, anchor=Anchor.INCIDENT_START)),)
    a_claim(a_missed_month(terms=some_claim_terms(rule=a_claim_rule(steps=steps))))
    report = made()
    assert "Open a ticket (INC-1)" not in {each.what for each in report.actions}
    assert report.notes[0] == (
        "Not recorded as done, and its day has passed: Open a ticket (INC-1), due 2019-06-25."
    )
    assert "Open a ticket" not in everything_in(made(Edition.VENDOR))


def test_a_period_without_a_statement_leaves_a_marked_hole() -> None:
    agreement = a_missed_month()
    fresh_heads([agreement], first_on=date(2019, 3, 1), last_on=date(2019, 4, 30), now=NOW)
    report = made()
    (grid,) = report.grids
    (row,) = grid.rows
    assert grid.periods == ("2019-03", "2019-04", "2019-05", "2019-06")
    assert ([cell is None for cell in row.cells], row.without) == ([False, False, True, False], ("2019-05",))
    (drawn,) = vendor_view(report)["pictures"]["grids"]
    assert "Power feed A, 2019-05: no statement" in drawn["svg"]


def test_the_text_of_grid_and_calendar_is_at_least_six_and_a_half_points_on_a4() -> None:
    a_missed_month()
    pictures = vendor_view(made())["pictures"]
    for each in (*pictures["grids"], *pictures["calendar"]):
        sizes = [int(size) for size in re.findall(r'font-size="(\d+)"', each["svg"])]
        width = int(re.findall(r'viewBox="0 0 (\d+)', each["svg"])[0])
        points = Fraction(174 * 72 * 10, 254)  # the text width of the page
        assert min(sizes) * points / width >= Fraction(13, 2)


def a_held_correction() -> tuple[ServiceLevelAgreement, Statement]:
    """Return June finalised at USD 200 and USD 5 more that wait for July."""
    rows = a_percent_credit(("99.9", "10"), ("99.8", "10.25"))
    agreement = a_missed_month(terms=some_claim_terms(targets=(a_level(credit=rows),)))
    saved(PostingPolicy(entity=agreement.contract.entity, hold_below_minor=50_00))
    a_revision(agreement)
    outage = agreement.contract.services.get().outages.get()
    outage.ended_at = at("2019-06-25 06:28")
    kept(outage)
    july = head_of(agreement, period_label="2019-07")
    june = head_of(agreement, period_label="2019-06")
    hold_correction(june, into=july, by=person(), why="five dollars", now=NOW)
    return agreement, july


def test_a_correction_held_for_later_shows_its_difference() -> None:
    a_held_correction()
    (told,) = made().corrections
    assert (told.statement, told.name, told.was_due_minor, told.delta_minor, told.cause) == (
        *("NR-2018/power/2019-06", "Held for NR-2018/power/2019-07", None, 500),
        "five dollars",
    )
    assert made(Edition.VENDOR).corrections == (replace(told, cause=""),)
    assert vendor_view(made())["corrections"][0]["delta"] == "+USD 5.00"
    assert [(each.due_minor, each.earlier_minor) for each in made().amounts] == [(20_000, 0)]


def test_a_line_of_an_earlier_period_is_a_correction_and_part_of_what_is_due() -> None:
    a_held_correction()
    july = {"first_on": date(2019, 7, 1), "last_on": date(2019, 7, 31), "period": "2019-07"}
    report = made(**july, now=at("2019-08-02 09:00"))
    (told,) = report.corrections
    assert (told.statement, told.line, told.name, told.delta_minor, told.finalised) == (
        *("NR-2018/power/2019-07", 2),
        *("Correction of NR-2018/power/2019-06", 500, False),
    )
    assert [(each.due_minor, each.earlier_minor, each.provisional_minor) for each in report.amounts] == [
        (500, 500, 500)
    ]
    assert report.amounts[0].due_minor == Statement.objects.get(period="2019-07").due_minor
    assert report.summary[0] == (
        "Credit due, before tax: USD 5.00, of it corrections of earlier periods USD 5.00, provisional."
    )


def test_credits_in_days_stand_in_the_totals() -> None:
    days = CreditRule(
        scheme=Scheme.FIXED, params=Fixed(credit=Decimal(3), pays=Pays.SERVICE_DAYS, per=Per.WINDOW)
    )
    a_missed_month(terms=some_claim_terms(targets=(a_level(credit=days),)))
    report = made()
    assert [(each.unit, each.quantity, each.provisional) for each in report.other_amounts] == [
        ("days added to the term", Fraction(3), Fraction(3))
    ]
    assert report.summary[0] == "Credit due in another unit: 3 days added to the term, provisional."
    text = b"".join(render(as_report(report), form="csv")).decode("utf-8-sig")
    assert any(row[:1] == ["days added to the term"] for row in csv.reader(io.StringIO(text)))


def test_no_form_of_the_vendors_edition_names_another_partys_incident() -> None:
    agreement = a_missed_month()
    row = an_incident("SUBSTATION-9", vendor=a_vendor("power-company"), title="Substation")
    service = agreement.contract.services.get()
    an_outage(row, service, started_at=at("2019-06-26 04:00"), ended_at=at("2019-06-26 08:00"))
    ours, theirs = made(), made(Edition.VENDOR)
    assert ours.missed[0].incidents == ("INC-1", "SUBSTATION-9")
    assert theirs.missed[0].incidents == ("INC-1", "another party's incident")
    assert [each.counted_us for each in theirs.incidents] == [240 * MINUTE, 73 * MINUTE]
    assert theirs.summary[1] == "2 incidents count; the longest is another party's incident with 4 h."
    assert "SUBSTATION-9" in everything_in(ours)
    assert "SUBSTATION-9" not in everything_in(theirs)


def test_the_grid_begins_with_a_statement_however_old_the_one_before_is() -> None:
    agreement = a_missed_month(terms=some_claim_terms(effective_from=date(2016, 1, 1)))
    fresh_heads([agreement], first_on=date(2016, 4, 1), last_on=date(2016, 6, 30), now=NOW)
    (grid,) = made().grids
    assert (grid.periods, [row.without for row in grid.rows]) == (("2019-06",), [()])
    assert grid.title == "Service levels by period, 2019-06"
