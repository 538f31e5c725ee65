"""One minute with the report of a vendor: what was missed, why, how much, what to do by when."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
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
from sla.models import ServiceLevelAgreement, Statement
from sla.reports.editions import Edition
from sla.reports.pictures import Standing
from sla.reports.pictures.statement import statement_pictures
from sla.reports.tables import FORMS, render
from sla.reports.vendor import VendorReport, as_report, vendor_page, vendor_pdf, vendor_report, vendor_view
from sla.services.claims import submit_claim
from sla.services.statements import draft_statement, fresh_heads
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
)
from tests.incidents.rows import kept
from tests.sla.claim_builders import (
    NOW,
    a_claim,
    a_contract_in,
    a_missed_month,
    a_revision,
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
    assert titles == {"INC-1": "", "INC-9": "Incident of another party"}
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
    assert grid.periods == ("2019-01", "2019-03", "2019-04", "2019-05", "2019-06")
    (row,) = grid.rows
    assert [cell.standing if cell else None for cell in row.cells] == [
        *[Standing.UNCONFIRMED] * 4,
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
    assert "2019-05: 100 %" in found[3].svg
