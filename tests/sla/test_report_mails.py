"""What a summary says: the figures of the reports, what to do, what changed and why, in every form."""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.models import Incident
from sla.engine.terms import Anchor, ClaimStep, Offset, OffsetUnit
from sla.models import Claim, ComplianceReport, OutboxMessage, ServiceLevelAgreement, Statement, ToldFigure
from sla.reports.mails import summary_mail
from sla.reports.tables import render
from sla.selectors.scope import Scope
from sla.services import sign_off_terms
from sla.services.claims import submit_claim
from sla.services.claims.desk import Work
from sla.services.claims.desk_rows import DeskRow
from sla.services.mailings.composing import compose_summary
from sla.services.mailings.periods import ReportPeriod
from sla.services.mailings.readers import reading_of
from sla.services.mailings.telling import claims_to_do
from sla.services.reporting import REPORTS, VENDOR, Narrowed, everything, make_report
from sla.services.statements.finalising import finalise_statement
from tests.builders import (
    a_charge,
    a_contract,
    a_position,
    a_schedule,
    a_service,
    a_vendor,
    a_version,
    at,
    person,
    saved,
)
from tests.sla.claim_builders import a_claim_rule, a_missed_month, a_revision, some_claim_terms
from tests.sla.mailing_rows import (
    JULY_REPORT,
    JUNE_REPORT,
    a_reader,
    a_report,
    an_outage_of,
    lines_of,
    newest,
    owned_by,
    parsed,
    pdf_text,
    rounds,
    section,
)
from tests.sla.running import a_closing_schedule
from tests.sla.test_tables import Book
from vendors.guards import lifted
from vendors.models import FactChange, Vendor
from vendors.services import remove_record

pytestmark = pytest.mark.django_db

CHANGED = "WHAT CHANGED SINCE THE LAST REPORT"
STATEMENTS, TODO = "SERVICE LEVEL STATEMENTS", "WHAT TO DO BY WHEN"
JUNE = ReportPeriod(label="2019-06", first_on=date(2019, 6, 1), last_on=date(2019, 6, 30))
UNCHANGED = ["No figure of an earlier report changed."]


def missed_june(**fields: Any) -> ServiceLevelAgreement:
    """Return an owned schedule with 73 minutes down in June 2019: 10 % of 2,000 dollars."""
    agreement = a_closing_schedule(**fields)
    owned_by(agreement.contract.vendor, a_reader("olga"))
    an_outage_of(agreement)
    found: ServiceLevelAgreement = agreement
    return found


def noted(*, since: int, at_: str) -> None:
    """Let what was noted after a change have been noted at an instant: the row takes the machine's clock."""
    with lifted():
        FactChange.objects.filter(pk__gt=since).update(noted_at=at(at_))


# What it says


def test_a_manager_reads_what_was_missed_what_it_comes_to_and_what_to_do() -> None:
    missed_june(terms=some_claim_terms())
    a_report()
    rounds(JUNE_REPORT)
    message = newest()
    assert message.subject == "Monthly summary: 1 of 1 service level missed in 2019-06"
    lines = lines_of(message)
    assert lines[:7] == [
        "1 of 1 service level missed in 2019-06",
        "Monthly summary, 2019-06-01 to 2019-06-30, 1 vendor that you manage",
        "The statement is a draft: figures follow the records until a person finalises.",
        "Credit due, before tax: USD 200.00",
        "Claimed of it: USD 0.00",
        "Received: USD 0.00",
        "To claim, of all periods: USD 200.00",
    ]
    assert section(message, TODO) == [
        "- By 2019-07-30: Finalise the service level statement and send the claim, USD 200.00",
        "NR-2018/power/2019-06, Northrack",
    ]
    assert section(message, STATEMENTS) == [
        "- Northrack, Power: Missed, Draft",
        "NR-2018/power/2019-06",
        "Power uptime (Power feed A): 99.831 %, target 99.9 %, USD 200.00",
        "Credit due: USD 200.00; claim by 2019-07-30",
    ]
    assert "You get this as the manager of these vendors: 'Monthly summary' in Recourse." in lines


def visible(html: str) -> str:
    """Return the words of a page."""
    body = re.sub(r"<style.*?</style>|<head.*?</head>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_page_says_the_same_as_the_text_without_pictures_scripts_or_links() -> None:
    missed_june(terms=some_claim_terms())
    a_report()
    rounds(JUNE_REPORT)
    message = newest()
    page = visible(message.html)
    for said in (
        "1 of 1 service level missed in 2019-06",
        "The statement is a draft: figures follow the records until a person finalises.",
        "USD 200.00 credit due",
        "By 2019-07-30 Finalise the service level statement and send the claim",
        "Power uptime (Power feed A): 99.831 %, target 99.9 %",
        "Northrack , Power Missed Draft",
        "claim by 2019-07-30",
    ):
        assert said in page, said
    assert not re.search(r"<(img|script|link|iframe|form)|url\(|https?://", message.html)


def test_a_link_leads_home_only_where_the_installation_has_an_address(settings: Any) -> None:
    missed_june()
    a_report()
    settings.PUBLIC_ORIGIN = "https://recourse.example"
    rounds(JUNE_REPORT)
    assert '<a href="https://recourse.example/admin/"' in newest().html
    assert "https://recourse.example/admin/" in newest().text


HEADLINES = [
    ("missed", "1 of 1 service level missed in 2019-06"),
    ("met", "Service level met in 2019-06"),
    ("open", "No service level missed in 2019-06; 1 of 1 not certain yet"),
    ("unwatched", "No service level missed in 2019-06; 1 of 1 not certain yet"),
    ("none", "No service level statement ends in 2019-06"),
]


@pytest.mark.parametrize(("how", "words"), HEADLINES)
def test_the_headline_tells_a_miss_from_doubt_and_from_nothing(how: str, words: str) -> None:
    agreement = a_closing_schedule(closes_from="2019-08-01" if how == "none" else "2019-06-01")
    owned_by(agreement.contract.vendor, a_reader("olga"))
    if how == "missed":
        an_outage_of(agreement)
    if how == "unwatched":
        for watch in agreement.contract.services.get().watches.all():
            remove_record(watch, by=person(), reason="nobody watches it")
    if how == "open":
        outage = an_outage_of(agreement, minutes=5)
        outage.kind = "unmeasured"
        outage.ended_at = at("2019-06-26 04:15")
        saved(outage)
    if how == "none":
        version = agreement.versions.get()
        version.effective_from = date(2019, 8, 1)
        saved(version)
    a_report()
    rounds(JUNE_REPORT)
    assert ComplianceReport.objects.get().headline == words


def test_currencies_are_told_one_by_one_and_vendors_are_counted() -> None:
    missed_june()
    euro = a_contract("EU-1", currency="EUR", vendor=a_vendor("eurorack"))
    a_charge(euro, code="power", service=a_service(euro, code="power-a", name="Power feed A"))
    agreement = a_schedule(contract=euro)
    sign_off_terms(a_version(agreement), by=person(), at=at("2019-01-02 09:00"), reason="checked")
    owned_by(euro.vendor, User.objects.get(username="olga"))
    an_outage_of(agreement, reference="INC-2")
    a_report()
    rounds(JUNE_REPORT)
    message = newest()
    assert message.subject.endswith("2 of 2 service levels missed in 2019-06, at 2 of 2 vendors")
    sums = [line for line in lines_of(message) if line.startswith("Credit due, before tax")]
    assert sums == ["Credit due, before tax: EUR 200.00", "Credit due, before tax: USD 200.00"]
    assert "400.00" not in message.text + message.html


def test_what_is_claimed_contested_and_finalised_is_told_as_such() -> None:
    agreement = missed_june(terms=some_claim_terms())
    outage = agreement.contract.services.get().outages.get()
    a_position(
        outage.incident,
        party="vendors",
        about="times",
        responsible="",
        started_at=at("2019-06-25 04:15"),
        ended_at=at("2019-06-25 04:20"),
    )
    revision = a_revision(agreement)
    claim = Claim.objects.filter(parts__credit__revision=revision).distinct().get()
    submit_claim(
        claim,
        by=person(),
        why="sent by mail",
        sent_at=at("2019-07-03 08:00"),
        received_at=at("2019-07-03 09:00"),
        now=at("2019-07-03 10:00"),
    )
    a_report()
    rounds(JUNE_REPORT)
    lines = lines_of(newest())
    assert lines[2:6] == [
        "Credit due, before tax: USD 200.00, of it contested USD 200.00",
        "Claimed of it: USD 200.00",
        "Received: USD 0.00",
        "To claim, of all periods: USD 0.00",
    ]
    assert "- Northrack, Power: Missed, Finalised, r1" in lines
    assert section(newest(), TODO)[0] == "- By 2019-08-17: The vendor decides on the claim, USD 200.00"


def test_a_week_tells_what_still_runs_as_drafts_so_far() -> None:
    missed_june()
    a_report(every="week", days_after=0)
    rounds("2019-07-01 08:00", "2019-07-08 08:00")
    weeks = {row.period: row.message for row in ComplianceReport.objects.order_by("pk")}
    assert list(weeks) == ["2019-W22", "2019-W23", "2019-W24", "2019-W25", "2019-W26", "2019-W27"]
    assert weeks["2019-W26"].subject == "Monthly summary: 1 of 1 service level missed in 2019-W26"
    fourth = weeks["2019-W25"]
    assert fourth.subject == (
        "Monthly summary: 2019-W25: 1 of 1 running periods with a service level missed so far"
    )
    assert section(fourth, "STILL RUNNING AT THE END OF 2019-W25") == [
        "Drafts so far: what these periods come to when they end may be better or worse.",
        "- Northrack, Power: Missed, Draft",
        "NR-2018/power/2019-06, ends 2019-06-30",
        "Power uptime (Power feed A): 99.831 %, target 99.9 %, USD 200.00",
        "Credit so far: USD 200.00",
    ]
    assert section(fourth, STATEMENTS) == ["No service level statement ends in this period."]
    assert "STILL RUNNING" not in newest_of_month().text


def newest_of_month() -> OutboxMessage:
    a_report("month")
    rounds(JUNE_REPORT)
    return newest()


# What changed, and why


def test_nothing_changed_is_said_in_so_many_words() -> None:
    missed_june()
    a_report()
    rounds(JUNE_REPORT)
    assert section(newest(), CHANGED) == [
        "This is the first report of its kind to you: from the next one on, what changed in these figures is"
        " told here, with the reason."
    ]
    rounds(JULY_REPORT)
    assert section(newest(), CHANGED) == UNCHANGED


def test_a_late_incident_on_a_draft_is_told_with_old_new_difference_and_what_was_noted() -> None:
    agreement = missed_june()
    a_report()
    rounds(JUNE_REPORT)
    an_outage_of(agreement, minutes=360, reference="INC-9", started="2019-06-10 10:00")
    rounds(JULY_REPORT)
    told = section(newest(), CHANGED)
    assert told[0] == (
        "- NR-2018/power/2019-06, Northrack (draft): USD 200.00, missed -> USD 500.00, missed, +USD 300.00"
        " (told as a draft in the report of 2019-06)"
    )
    assert told[1:] == [
        "Outage power-a Power feed A, 2019-06-10 10:00 UTC to 2019-06-10 16:00 added",
        "Outage power-a Power feed A, 2019-06-10 10:00 UTC to 2019-06-10 16:00 changed: confirmed at,"
        " confirmed by",
    ]
    assert "+USD 300.00" in visible(newest().html)
    rounds("2019-09-07 08:00")
    assert section(newest(), CHANGED) == UNCHANGED  # each change is told once


def test_a_level_that_is_missed_only_now_is_told_as_that() -> None:
    agreement = a_closing_schedule(closes_itself=False)
    owned_by(agreement.contract.vendor, a_reader("olga"))
    a_report()
    rounds(JUNE_REPORT)
    an_outage_of(agreement)
    rounds(JULY_REPORT)
    assert section(newest(), CHANGED)[0] == (
        "- NR-2018/power/2019-06, Northrack (draft): no credit, met -> USD 200.00, missed, +USD 200.00"
        " (told as a draft in the report of 2019-06)"
    )


def finalised(agreement: ServiceLevelAgreement, *, why: str, now: str) -> None:
    head = Statement.objects.get(agreement=agreement, period="2019-06")
    finalise_statement(head, by=person(), why=why, reasons={}, now=at(now))


def test_a_new_revision_is_told_with_its_own_words() -> None:
    agreement = missed_june()
    a_report()
    rounds("2019-07-06 07:00")
    finalised(agreement, why="month end", now="2019-07-06 12:00")
    rounds(JUNE_REPORT)
    assert "- Northrack, Power: Missed, Finalised, r1" in lines_of(newest())
    outage = agreement.contract.services.get().outages.get()
    outage.ended_at += timedelta(hours=6)
    saved(outage)
    rounds("2019-07-08 08:00")
    finalised(agreement, why="The vendor's log came late", now="2019-07-09 08:00")
    rounds(JULY_REPORT)
    assert section(newest(), CHANGED) == [
        "- NR-2018/power/2019-06/r2, Northrack: USD 200.00, missed -> USD 500.00, missed, +USD 300.00"
        " (told as r1 in the report of 2019-06)",
        "Finalised as r2: The vendor's log came late",
    ]


def test_a_draft_that_was_finalised_otherwise_is_told_with_both_what_was_noted_and_why() -> None:
    agreement = missed_june()
    a_report()
    rounds(JUNE_REPORT)
    since = FactChange.objects.order_by("pk").last().pk
    an_outage_of(agreement, minutes=360, reference="INC-9", started="2019-06-10 10:00")
    noted(since=since, at_="2019-07-08 09:00")
    finalised(agreement, why="month end", now="2019-07-09 08:00")
    after = FactChange.objects.order_by("pk").last().pk
    a_charge(agreement.contract, code="late-fee")
    noted(since=after, at_="2019-07-20 09:00")
    rounds(JULY_REPORT)
    told = section(newest(), CHANGED)
    assert told[0].startswith(
        "- NR-2018/power/2019-06/r1, Northrack: USD 200.00, missed -> USD 500.00, missed"
    )
    assert told[1] == "Outage power-a Power feed A, 2019-06-10 10:00 UTC to 2019-06-10 16:00 added"
    assert told[-1] == "Finalised as r1: month end"
    assert not any("late-fee" in line for line in told)


def test_a_draft_that_was_finalised_as_it_stood_is_no_change() -> None:
    agreement = missed_june()
    a_report()
    rounds(JUNE_REPORT)
    finalised(agreement, why="month end", now="2019-07-09 08:00")
    rounds(JULY_REPORT)
    assert section(newest(), CHANGED) == UNCHANGED


def test_a_change_that_no_record_of_the_period_explains_says_so() -> None:
    missed_june()
    a_report()
    rounds(JUNE_REPORT)
    Statement.objects.filter(period="2019-06").update(due_minor=12_300, shown="USD 123.00")
    rounds(JULY_REPORT)
    assert section(newest(), CHANGED)[1] == (
        "No record of this period changed: it follows from an earlier period, from a limit that it shares, or"
        " from the time that passed."
    )


def test_what_was_noted_before_the_last_report_explains_nothing_again() -> None:
    agreement = missed_june()
    a_report()
    rounds(JUNE_REPORT)
    an_outage_of(agreement, minutes=360, reference="INC-9", started="2019-06-10 10:00")
    rounds(JULY_REPORT)
    outage = agreement.contract.services.get().outages.get(incident__reference="INC-9")
    outage.ended_at = outage.started_at + timedelta(minutes=1)
    saved(outage)
    rounds("2019-09-07 08:00")
    told = section(newest(), CHANGED)
    assert told[0].endswith("-> USD 200.00, missed, USD -300.00 (told as a draft in the report of 2019-07)")
    assert [line for line in told[1:] if "added" in line] == []


def test_a_period_that_no_report_told_when_it_was_due_is_told_as_new() -> None:
    missed_june()
    a_report()
    rounds(JUNE_REPORT)
    late = a_closing_schedule("SR-2018", vendor=a_vendor("southrack"))
    owned_by(late.contract.vendor, User.objects.get(username="olga"))
    an_outage_of(late, reference="INC-2")
    rounds(JULY_REPORT)
    assert section(newest(), CHANGED) == [
        "- SR-2018/power/2019-06, Southrack (draft): USD 200.00, missed (not told before)",
        "It was not in the earlier reports.",
    ]


def test_each_reader_is_told_what_changed_since_their_own_report() -> None:
    agreement = missed_june()
    a_report()
    fin = a_report("fin", name="Finance", audience="finance", addresses="ap@example.com")
    rounds(JUNE_REPORT)
    an_outage_of(agreement, minutes=360, reference="INC-9", started="2019-06-10 10:00")
    fin.addresses = "ap@example.com\nnew@example.com"
    saved(fin)
    rounds(JULY_REPORT)
    told = {
        message.address: section(message, CHANGED)[0][:40]
        for message in OutboxMessage.objects.filter(created_at=at(JULY_REPORT))
    }
    assert told == {
        "olga@example.com": "- NR-2018/power/2019-06, Northrack (draf",
        "ap@example.com": "- NR-2018/power/2019-06, Northrack (draf",
        "new@example.com": "This is the first report of its kind to ",
    }


def test_a_statement_that_needs_correction_says_what_it_would_come_to() -> None:
    agreement = missed_june()
    a_report()
    rounds("2019-07-06 07:00")
    finalised(agreement, why="month end", now="2019-07-06 12:00")
    an_outage_of(agreement, minutes=360, reference="INC-9", started="2019-06-10 10:00")
    rounds(JUNE_REPORT)
    lines = lines_of(newest())
    assert "- Northrack, Power: Missed, r1, needs correction" in lines
    assert "Today's records: USD 200.00 -> USD 500.00" in lines
    assert "Credit due, before tax: USD 200.00" in lines
    assert section(newest(), TODO)[-3:] == [
        "- Look at what the records changed, and finalise it again",
        "NR-2018/power/2019-06/r1, Northrack",
        "USD 200.00 -> USD 500.00",
    ]


def test_what_to_do_is_told_overdue_first_then_by_date_then_what_has_none() -> None:
    vendor = Vendor(name="Northrack")

    def row(what: str, day: int = 0, **fields: Any) -> DeskRow:
        dated = {"due_on": date(2019, 7, day), "due_until": at(f"2019-07-{day:02d} 07:00")} if day else {}
        return DeskRow(what=what, vendor=vendor, money=None, **dated, **fields)

    rows = (
        row("undated"),
        row("later", 30),
        row("sooner", 20),
        row("lost", 10, is_overdue=True, is_lost=True),
        row("late", 5, is_overdue=True, is_vendors=True),
    )
    told = claims_to_do(Work(rows=rows, to_claim=()), now=at("2019-07-15 08:00"))
    assert [each.what for each in told] == ["Late", "Lost", "Sooner", "Later", "Undated"]


def test_a_credit_that_nobody_claimed_in_time_says_what_to_do_about_it() -> None:
    missed_june(terms=some_claim_terms())
    a_report()
    rounds("2019-08-07 08:00")
    message = ComplianceReport.objects.order_by("pk").last().message
    assert section(message, TODO)[0] == (
        "- Was due 2019-07-30: Finalise the service level statement and send the claim all the same, or close"
        " it as lapsed: every reading of the deadline has passed, USD 200.00"
    )


def test_a_draft_is_listed_though_a_clause_wants_a_step_for_an_incident_of_it() -> None:
    due = Offset(n=Decimal(60), unit=OffsetUnit.DAYS, anchor=Anchor.INCIDENT_START)
    step = ClaimStep(code="report", text="Ask for the report of the incident", due=due)
    agreement = a_closing_schedule(
        closes_itself=False, terms=some_claim_terms(rule=a_claim_rule(steps=(step,)))
    )
    owned_by(agreement.contract.vendor, a_reader("olga"))
    an_outage_of(agreement, minutes=5)
    a_report()
    rounds(JUNE_REPORT)
    said = [line for line in section(newest(), TODO) if line.startswith("- ")]
    assert said == [
        "- By 2019-08-23: Ask for the report of the incident",
        "- Finalise the service level statement",
    ]


def test_a_draft_that_no_closing_waits_for_is_asked_for_until_it_is_finalised() -> None:
    agreement = a_closing_schedule(closes_from="2019-12-01")
    owned_by(agreement.contract.vendor, a_reader("olga"))
    a_report()
    rounds(JUNE_REPORT, JULY_REPORT)
    asked = [line for line in section(newest(), TODO) if line.startswith("NR-2018")]
    assert asked == ["NR-2018/power/2019-06, Northrack", "NR-2018/power/2019-07, Northrack"]
    finalised(agreement, why="month end", now="2019-08-08 12:00")
    rounds("2019-09-07 08:00")
    asked = [line for line in section(newest(), TODO) if line.startswith("NR-2018")]
    assert asked == ["NR-2018/power/2019-07, Northrack", "NR-2018/power/2019-08, Northrack"]


def test_only_what_a_statement_says_new_is_kept_as_told() -> None:
    agreement = missed_june()
    a_report()
    rounds(JUNE_REPORT, JULY_REPORT)
    assert [(row.statement.period, row.shown) for row in ToldFigure.objects.order_by("pk")] == [
        ("2019-06", "USD 200.00"),
        ("2019-07", ""),
    ]
    an_outage_of(agreement, minutes=360, reference="INC-9", started="2019-06-10 10:00")
    rounds("2019-09-07 08:00")
    assert [(row.statement.period, row.shown) for row in ToldFigure.objects.order_by("pk")][2:] == [
        ("2019-08", ""),
        ("2019-06", "USD 500.00"),
    ]


# Files, and that all forms agree


def files_of(message: OutboxMessage) -> dict[str, Any]:
    """Return the files of a mail as its reader finds them, by name."""
    return {part.get_filename(): part for part in parsed(message).iter_attachments()}


def content_of(message: OutboxMessage, *, ending: str) -> bytes:
    """Return the bytes of the file with an ending."""
    (found,) = (part for name, part in files_of(message).items() if name.endswith(ending))
    content: bytes = found.get_payload(decode=True)
    return content


def sheet_of(message: OutboxMessage, *, sheet: str) -> list[list[str]]:
    """Return the rows of a sheet of the workbook of a mail, as text."""
    cells = Book(content_of(message, ending=".xlsx")).cells(sheet)
    rows: dict[int, list[str]] = {}
    for place, cell in cells.items():
        rows.setdefault(int(re.sub(r"\D", "", place)), []).append(str(cell["value"] or ""))
    return [rows[number] for number in sorted(rows)]


def as_number(text: str) -> str:
    return str(float(text)) if re.fullmatch(r"\d+(\.\d+)?", text) else text


def test_the_mail_parses_with_text_page_and_files_of_the_right_names_and_types() -> None:
    missed_june()
    a_report(with_pdf=True, with_xlsx=True, with_csv=True)
    rounds(JUNE_REPORT)
    message = newest()
    mail = parsed(message)
    assert (mail["To"], mail["Subject"]) == ("Olga <olga@example.com>", message.subject)
    for kind, said in (("plain", message.text), ("html", message.html)):
        body = mail.get_body((kind,))
        assert body is not None
        assert body.get_content().split() == said.split()
    assert {name: part.get_content_type() for name, part in files_of(message).items()} == {
        "northrack-2019-06.pdf": "application/pdf",
        "northrack-2019-06.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "northrack-2019-06.csv": "text/csv",
    }
    kept = {file.name: bytes(file.content) for file in message.files.all()}
    assert {name: part.get_payload(decode=True) for name, part in files_of(message).items()} == kept
    assert kept["northrack-2019-06.pdf"].startswith(b"%PDF")


def test_several_vendors_come_as_the_portfolio_the_month_end_pack_and_the_missed_levels() -> None:
    missed_june()
    owned_by(a_closing_schedule("SR-1", vendor=a_vendor("southrack")).contract.vendor, None)
    a_report(
        "monthly-finance",
        name="Finance",
        audience="finance",
        addresses="ap@example.com",
        with_pdf=True,
        with_xlsx=True,
        with_csv=True,
    )
    rounds(JUNE_REPORT)
    found = files_of(newest())
    assert list(found) == [
        "monthly-finance-2019-06-summary.pdf",
        "monthly-finance-2019-06-month-end.xlsx",
        "monthly-finance-2019-06-missed-levels.csv",
    ]
    sheets = list(Book(content_of(newest(), ending=".xlsx")).sheets)
    assert sheets[0] == "Service levels missed"
    assert {"Completeness", "Changed since last report", "What to do by when"} <= set(sheets)
    lines = csv.DictReader(io.StringIO(content_of(newest(), ending=".csv").decode("utf-8-sig")))
    assert [(line["vendor"], line["due"], line["currency"]) for line in lines] == [
        ("Northrack", "200.00", "USD")
    ]


def test_no_file_goes_along_where_none_is_ticked() -> None:
    missed_june()
    a_report()
    rounds(JUNE_REPORT)
    assert files_of(newest()) == {}
    assert "Attached" not in newest().text


def test_mail_workbook_and_the_reports_page_show_the_same_figures() -> None:
    agreement = missed_june(terms=some_claim_terms())
    owned_by(a_closing_schedule("SR-1", vendor=a_vendor("southrack")).contract.vendor, None)
    a_report("fin", name="Finance", audience="finance", addresses="ap@example.com", with_xlsx=True)
    rounds(JUNE_REPORT)
    page = make_report(
        "portfolio",
        parameters={"from": "2019-06", "until": "2019-07"},
        user=everything(),
        now=at(JUNE_REPORT),
    )
    columns = [column.key for column in page.tables[0].columns]
    rows = [dict(zip(columns, row, strict=True)) for row in page.tables[0].rows()]
    assert [(row["vendor"], row["missed"], row["judged"], row["due"]) for row in rows] == [
        ("Northrack", 1, 1, 20_000),
        ("Southrack", 0, 1, 0),
    ]
    assert "1 of 2 service levels missed in 2019-06, at 1 of 2 vendors" in newest().subject
    assert "Credit due, before tax: USD 200.00" in newest().text
    line = sheet_of(newest(), sheet="Service levels missed")[1]
    assert {"Northrack", "99.831 %", "200.0", "Power uptime"} <= {*line, *map(as_number, line)}
    assert Statement.objects.get(agreement=agreement, period="2019-06").shown == "USD 200.00"


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext reads the PDF back")
def test_the_pdfs_show_the_figures_of_the_mail() -> None:
    missed_june()
    a_report(with_pdf=True)
    a_report("fin", name="Finance", audience="finance", addresses="ap@example.com", with_pdf=True)
    rounds(JUNE_REPORT)
    for message in OutboxMessage.objects.all():
        seen = " ".join(pdf_text(content_of(message, ending=".pdf")).split())
        assert re.search("1 of 1 service levels? (was |were )?missed", seen), seen
        assert "200.00" in seen
        assert "2019-06" in seen


def test_what_the_mail_has_no_room_for_stands_in_the_workbook() -> None:
    agreement = missed_june()
    a_report(with_xlsx=True)
    rounds(JUNE_REPORT)
    an_outage_of(agreement, minutes=360, reference="INC-9", started="2019-06-10 10:00")
    rounds(JULY_REPORT)
    rows = sheet_of(newest(), sheet="Changed since last report")
    assert rows[1][:7] == [
        "NR-2018/power/2019-06",
        "Northrack",
        "as a draft",
        "2019-06",
        "USD 200.00, missed",
        "USD 500.00, missed",
        "+USD 300.00",
    ]


HOSTILE = '=HYPERLINK("http://evil.example","x") <script>alert(1)</script>'


def test_no_name_adds_a_header_a_line_a_tag_or_a_formula() -> None:
    agreement = a_closing_schedule()
    vendor = agreement.contract.vendor
    vendor.name = HOSTILE
    owned_by(vendor, a_reader("olga", first_name="Olga\r\nBcc: all@example.com"))
    an_outage_of(agreement)
    a_report(name="Monthly\r\nBcc: thief@example.com\u202e", with_xlsx=True, with_csv=True)
    rounds(JUNE_REPORT)
    message = newest()
    mail = parsed(message)
    assert (mail["Bcc"], len(mail.get_all("Subject"))) == (None, 1)
    assert mail["Subject"].startswith("Monthly Bcc: thief@example.com : 1 of 1")
    assert "Bcc:" not in [line.split(" ")[0] for line in message.text.splitlines()]
    assert "<script" not in message.html
    assert "&lt;script&gt;" in message.html
    book = Book(content_of(message, ending=".xlsx"))
    for sheet in book.sheets:
        for cell in book.cells(sheet).values():
            assert cell["quoted"] or not str(cell["value"] or "").startswith("="), cell
            assert "HYPERLINK" not in (cell["formula"] or "")
        assert "<hyperlink" not in book.text(book.sheets[sheet])
    cells = csv.reader(io.StringIO(content_of(message, ending=".csv").decode("utf-8-sig")))
    assert not any(cell.startswith("=") for row in cells for cell in row)


def test_a_person_who_may_not_see_a_vendor_gets_none_of_it_in_any_form() -> None:
    missed_june()
    secret = a_vendor("secretrack", name="Secretrack")
    hidden = a_closing_schedule("ZZ-SECRET", vendor=secret)
    owned_by(secret, a_reader("omar"))
    an_outage_of(hidden, minutes=360, reference="ZZ-INC")
    a_report(with_pdf=True, with_xlsx=True, with_csv=True)
    flora = a_reader("flora")
    owned_by(Vendor.objects.get(slug="northrack"), User.objects.get(username="olga"), deputies=[flora])
    a_report("fin", name="Finance", audience="finance", readers=[flora], with_pdf=True, with_xlsx=True)
    rounds(JUNE_REPORT)
    an_outage_of(hidden, minutes=60, reference="ZZ-INC-2")
    rounds(JULY_REPORT)
    for message in OutboxMessage.objects.exclude(address="omar@example.com"):
        said = message.subject + message.text + message.html
        for file in message.files.all():
            content = bytes(file.content)
            if file.name.endswith(".xlsx"):
                book = zipfile.ZipFile(io.BytesIO(content))
                said += "".join(book.read(name).decode(errors="replace") for name in book.namelist())
            elif not file.name.endswith(".pdf"):
                said += content.decode()
        for mark in ("Secretrack", "secretrack", "ZZ-"):
            assert mark not in said, (message.address, mark)
    assert "ZZ-SECRET" in OutboxMessage.objects.filter(address="omar@example.com").first().text


# Many rows


def a_portfolio(count: int, *, owner: User) -> None:
    for number in range(count):
        vendor = a_vendor(f"vendor-{Vendor.objects.count()}-{number}")
        agreement = a_closing_schedule(f"V-{vendor.pk}", vendor=vendor)
        owned_by(vendor, owner)
        an_outage_of(agreement, reference=f"INC-{vendor.pk}")


def test_the_number_of_queries_does_not_grow_with_the_statements_and_changes() -> None:
    olga = a_reader("olga")
    schedule = a_report(with_xlsx=True, with_pdf=True)

    def counted(count: int) -> int:
        a_portfolio(count, owner=olga)
        rounds(JUNE_REPORT)
        for agreement in ServiceLevelAgreement.objects.all():
            an_outage_of(
                agreement,
                minutes=360,
                reference=f"LATE-{Incident.objects.count()}",
                started="2019-06-10 10:00",
            )
        rounds("2019-07-08 08:00")
        reading = reading_of(schedule, subject=f"user/{olga.pk}", account=olga)
        compose_summary(reading, period=JUNE, now=at("2019-07-08 08:00"))
        with CaptureQueriesContext(connection) as found:
            compose_summary(reading, period=JUNE, now=at("2019-07-08 08:00"))
        return len(found)

    counted(1)
    few, many = counted(1), counted(4)
    assert many == few


def test_a_mail_shows_the_first_of_many_and_says_how_many_more_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(summary_mail, "MOST_STATEMENTS", 2)
    monkeypatch.setattr(summary_mail, "MOST_TODOS", 1)
    a_portfolio(3, owner=a_reader("olga"))
    a_report()
    rounds(JUNE_REPORT)
    assert section(newest(), STATEMENTS)[-1] == "And 1 more, in Recourse."
    assert section(newest(), TODO)[-1] == "And 2 more, in Recourse."


# Reports narrowed to some vendors


# Who has access is no matter of single vendors.
ABOUT_VENDORS = sorted(code for code, kind in REPORTS.items() if VENDOR in kind.parameters)


@pytest.mark.parametrize("code", ABOUT_VENDORS)
def test_every_report_can_be_kept_to_some_vendors(code: str) -> None:
    for slug in ("northrack", "southrack"):
        contract = a_contract(f"{slug}-1", vendor=a_vendor(slug))
        a_charge(contract, code="power", service=a_service(contract, code="power-a", name="Power"))
        a_revision(a_missed_month(contract=contract, incident=f"INC-{slug}"))
    narrowed = Narrowed(vendors=Vendor.objects.filter(slug="northrack"), called="1 vendor tagged Power")
    given: dict[str, Any] = {"from": "2019-06", "until": "2019-08"}
    report = make_report(code, parameters=given, user=everything(), now=at(JUNE_REPORT), narrowed=narrowed)
    said = b"".join(render(report, form="json")).decode().lower()
    assert "southrack" not in said
    assert "1 vendor tagged power" in said
    whole = make_report(code, parameters=given, user=everything(), now=at(JUNE_REPORT))
    whole_said = b"".join(render(whole, form="json")).decode().lower()
    if "northrack" in whole_said:
        assert "southrack" in whole_said
        assert "northrack" in said


def test_a_scope_of_some_vendors_holds_only_their_statements() -> None:
    missed_june()
    a_closing_schedule("SR-1", vendor=a_vendor("southrack"))
    rounds(JUNE_REPORT)
    scope = Scope(
        first_on=JUNE.first_on,
        until=JUNE.until,
        user=everything(),
        vendors=Vendor.objects.filter(slug="southrack"),
    )
    assert [row.number for row in scope.statements()] == ["SR-1/power/2019-06"]
    assert [row.contract.reference for row in scope.schedules()] == ["SR-1"]
    assert [row.reference for row in scope.contracts()] == ["SR-1"]
