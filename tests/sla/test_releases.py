"""A vendor reads what a person released to it: once, as it was finalised, and nothing that is only ours."""

from __future__ import annotations

import zipfile
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from sla.models import (
    ComplianceReport,
    Duty,
    OutboxMessage,
    Release,
    ServiceLevelAgreement,
    StatementRevision,
)
from sla.reports.editions import frozen_inputs
from sla.services.claims import submit_claim
from sla.services.mailings import runs as mail_runs
from sla.services.mailings.leaving import leaving, mailing_words
from sla.services.mailings.periods import ReportPeriod
from sla.services.mailings.released import letter_of, released_to
from sla.services.mailings.releasing import release_revision
from sla.services.statements.drafts import draft_statement
from sla.services.statements.finalising import finalise_statement
from sla.services.statements.heads import head_of, refresh_statement
from sla.services.statements.questions import open_questions
from tests.builders import REASON, a_position, a_vendor, an_incident, an_outage, at, person, saved
from tests.sla.claim_builders import a_claim, a_revision, some_claim_terms
from tests.sla.mailing_rows import (
    JULY_REPORT,
    JUNE_REPORT,
    a_contact,
    a_report,
    addresses,
    an_outage_of,
    lines_of,
    mails,
    newest,
    parsed,
    pdf_text,
    rounds,
    runs,
)
from tests.sla.planting import MARK
from tests.sla.running import a_closing_schedule
from vendors.services import archive_vendor, system_user

pytestmark = pytest.mark.django_db

FINALISED, RELEASED = at("2019-07-06 12:00"), at("2019-07-06 13:00")
SUBJECT = "Service levels: Northrack, 1 of 1 service level missed in 2019-06"


def missed(**fields: Any) -> ServiceLevelAgreement:
    """Return a schedule with 73 minutes down in June 2019, whose vendor has an account manager."""
    agreement: ServiceLevelAgreement = a_closing_schedule(**{"closes_itself": False, **fields})
    an_outage_of(agreement, reference=fields.get("incident", "INC-1"))
    a_contact(agreement.contract.vendor)
    return agreement


def finalised(agreement: ServiceLevelAgreement, *, period: str = "2019-06", now: Any = FINALISED) -> Any:
    """Return the next revision of a period."""
    return a_revision(agreement, period=period, now=now)


def released(agreement: ServiceLevelAgreement, *, now: Any = RELEASED, **fields: Any) -> Release:
    """Finalise June and let the vendor have it."""
    return release_revision(finalised(agreement, **fields), by=person(), now=now)


def to_vendors(**fields: Any) -> Any:
    return a_report("vendors", name="Service levels", audience="vendors", **fields)


# Releasing


def test_a_person_releases_a_finalised_statement_and_the_row_says_who_when_and_why() -> None:
    revision = finalised(missed())
    row = release_revision(revision, by=person(), note=" shown at the review ", now=RELEASED)
    assert (row.revision, row.released_by, row.released_at, row.note, row.report) == (
        revision,
        person(),
        RELEASED,
        "shown at the review",
        None,
    )


def test_it_is_released_once() -> None:
    release = released(missed())
    with pytest.raises(ValidationError, match="was released already, on 2019-07-06 by maria"):
        release_revision(release.revision, by=person(), now=RELEASED)
    assert Release.objects.count() == 1


def test_nothing_releases_by_itself() -> None:
    revision = finalised(missed())
    with pytest.raises(ValidationError, match="Only a person lets a vendor have a statement"):
        release_revision(revision, by=system_user(), now=RELEASED)
    assert not Release.objects.exists()


def corrected(agreement: ServiceLevelAgreement, *, now: Any, hours: int = 6) -> StatementRevision:
    """Return the revision that an outage longer by some hours makes of June."""
    outage = agreement.contract.services.get().outages.get()
    outage.ended_at += timedelta(hours=hours)
    saved(outage)
    found: StatementRevision = finalised(agreement, now=now)
    return found


def test_a_revision_that_another_replaced_is_refused_because_its_figures_no_longer_hold() -> None:
    agreement = missed()
    first = finalised(agreement)
    second = corrected(agreement, now=at("2019-07-06 15:00"))
    with pytest.raises(ValidationError, match="r1 was replaced by r2: release that one"):
        release_revision(first, by=person(), now=at("2019-07-06 16:00"))
    assert release_revision(second, by=person(), now=at("2019-07-06 16:00")).revision == second


def test_one_that_needs_correction_may_be_released_by_who_wants_to() -> None:
    agreement = missed()
    revision = finalised(agreement)
    an_outage_of(agreement, reference="INC-2", started="2019-06-10 10:00")
    refresh_statement(head_of(agreement, period_label="2019-06"), now=at("2019-07-06 15:00"))
    assert release_revision(revision, by=person(), now=at("2019-07-06 16:00")).revision == revision


# What is mailed, to whom, when


def test_the_vendors_contacts_of_the_role_get_what_was_released_and_nobody_else_does() -> None:
    agreement = missed()
    vendor = agreement.contract.vendor
    a_contact(vendor, "Bob Account")
    a_contact(vendor, "Cleo Claims", role="claims_desk")
    a_contact(vendor, "Mute", email="")
    other = missed(reference="SR-2018", vendor=a_vendor("southrack"), incident="INC-2")
    finalised(other)
    released(agreement)
    to_vendors()
    rounds(JUNE_REPORT)
    assert mails() == [("ann@vendor.example", SUBJECT), ("bob@vendor.example", SUBJECT)]
    assert runs("report") == [("2019-06", "done", "1 mail: Northrack.")]
    assert runs("mail") == [
        (
            "2019-06",
            "done",
            "To Ann Account, Bob Account of Northrack: 1 of 1 service level missed in 2019-06.",
        )
    ]
    report = ComplianceReport.objects.order_by("pk").first()
    assert Release.objects.get().report == report
    assert (report.message.address, report.vendor) == ("ann@vendor.example", vendor)


def test_the_mail_tells_the_released_statement_in_the_vendors_words() -> None:
    released(missed(terms=some_claim_terms()))
    to_vendors()
    rounds(JUNE_REPORT)
    assert lines_of(newest()) == [
        "1 of 1 service level missed in 2019-06",
        "Service level statements that Acme Payments Inc. has finalised for Northrack",
        "Credit due, before tax: USD 200.00",
        "SERVICE LEVEL STATEMENTS",
        "- Power, 2019-06: 1 of 1 missed",
        "NR-2018/power/2019-06/r1",
        "Power uptime (Power feed A): 99.831 %, target 99.9 %, USD 200.00",
        "Incident: INC-1",
        "Credit due: USD 200.00",
        "WHAT WE ASK OF YOU",
        "- Agree to the figures line by line, or say which one differs, USD 200.00",
        "NR-2018/power/2019-06/r1",
        "--",
        "Amounts are before tax, and never added up across currencies. This is not a tax document.",
        "You get this mail because Acme Payments Inc. names you as a contact for its contracts with"
        " Northrack.",
    ]


def test_without_a_release_there_is_no_mail() -> None:
    finalised(missed())
    to_vendors()
    rounds(JUNE_REPORT)
    assert mails() == []
    assert runs("report") == [("2019-06", "done", "Nothing that was released waits to be sent.")]


def test_what_was_sent_is_not_sent_again() -> None:
    released(missed())
    to_vendors()
    rounds(JUNE_REPORT, "2019-07-07 09:00", JULY_REPORT)
    assert len(mails()) == 1


def test_a_release_after_the_report_goes_out_soon_for_the_period_that_was_reported() -> None:
    agreement = missed()
    to_vendors()
    rounds(JUNE_REPORT)
    released(agreement, now=at("2019-07-10 10:00"))
    rounds("2019-07-10 10:01", "2019-07-10 10:02")
    assert mails() == [("ann@vendor.example", SUBJECT)]
    assert ComplianceReport.objects.get().period == "2019-06"
    assert "This report is late" not in newest().text


def test_where_the_periods_mail_has_left_it_goes_with_the_next() -> None:
    agreement = missed()
    released(agreement)
    to_vendors()
    rounds(JUNE_REPORT)
    revision = corrected(agreement, now=at("2019-07-10 10:00"))
    release_revision(revision, by=person(), now=at("2019-07-10 11:00"))
    rounds("2019-07-10 11:01")
    assert len(mails()) == 1
    rounds(JULY_REPORT)
    assert len(mails()) == 2
    report = ComplianceReport.objects.order_by("pk").last()
    assert (report.period, report.headline) == ("2019-07", "1 of 1 service level missed in 2019-06")


def test_a_new_revision_tells_the_vendor_what_changed_since_the_last_mail() -> None:
    agreement = missed()
    released(agreement)
    to_vendors()
    rounds(JUNE_REPORT)
    revision = corrected(agreement, now=at("2019-07-10 10:00"))
    release_revision(revision, by=person(), now=at("2019-07-10 11:00"))
    rounds(JULY_REPORT)
    lines = lines_of(newest())
    at_ = lines.index("WHAT CHANGED SINCE THE LAST MAIL")
    assert lines[at_ + 1 : at_ + 3] == [
        "- NR-2018/power/2019-06/r2: Power uptime, Power feed A",
        "99.831 %, missed, USD 200.00 -> 98.997 %, missed, USD 500.00; +USD 300.00",
    ]
    assert "month end" not in newest().text  # our own word for it


def test_one_that_was_replaced_before_it_left_is_held_back() -> None:
    agreement = missed()
    release = released(agreement)
    corrected(agreement, now=at("2019-07-06 15:00"))
    to_vendors()
    rounds(JUNE_REPORT)
    assert mails() == []
    release.refresh_from_db()
    assert mailing_words(release, now=RELEASED) == (
        "Not sent: a newer revision was finalised before it left. Release that one."
    )


def test_without_a_contact_nothing_is_lost_and_it_is_said() -> None:
    agreement: ServiceLevelAgreement = a_closing_schedule(closes_itself=False)
    an_outage_of(agreement)
    release = released(agreement)
    assert (
        mailing_words(release, now=RELEASED)
        == "Not sent: no report schedule for vendors is about this vendor."
    )
    to_vendors()
    rounds(JUNE_REPORT)
    assert runs("report") == [
        (
            "2019-06",
            "done",
            "Nothing that was released waits to be sent. Left out: Northrack has no contact 'Account manager'"
            " with an e-mail address.",
        )
    ]
    assert mailing_words(release, now=RELEASED) == (
        "Not sent: Northrack has no contact with an e-mail address (Account manager); enter one at the"
        " vendor."
    )
    a_contact(agreement.contract.vendor)
    assert mailing_words(release, now=RELEASED) == (
        "It goes at once to Ann Account, as the mail of 2019-06 is out already."
    )
    rounds("2019-07-09 10:00")
    assert addresses() == ["ann@vendor.example"]
    release.refresh_from_db()
    assert mailing_words(release, now=RELEASED) == "In the report of 2019-06, written 2019-07-09: sent."


def test_an_archived_vendor_gets_nothing_more() -> None:
    agreement = missed()
    released(agreement)
    to_vendors()
    archive_vendor(agreement.contract.vendor, at=at("2019-07-06 14:00"), by=person(), reason=REASON)
    rounds(JUNE_REPORT)
    assert mails() == []


def test_two_schedules_never_carry_the_same_release_twice() -> None:
    released(missed())
    to_vendors()
    a_report("again", name="Again", audience="vendors")
    rounds(JUNE_REPORT)
    assert len(mails()) == 1
    assert sorted(said for _, _, said in runs("mail"))[0] == (
        "Nothing was sent: nothing that was released waits to be sent."
    )


def test_one_that_is_replaced_while_its_mail_is_made_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    agreement = missed()
    released(agreement)
    to_vendors()
    real = mail_runs.compose_released

    def overtaken(*args: Any, **named: Any) -> Any:
        made = real(*args, **named)
        corrected(agreement, now=at("2019-07-07 08:00"))
        return made

    with monkeypatch.context() as patched:
        patched.setattr(mail_runs, "compose_released", overtaken)
        rounds(JUNE_REPORT)
    assert mails() == []
    assert [(state, said) for _, state, said in runs("mail")] == [
        ("due", "RuntimeError: What was released changed while the mail was made: it is made again.")
    ]
    rounds("2019-07-07 08:01")
    assert runs("mail") == [
        ("2019-06", "done", "Nothing was sent: nothing that was released waits to be sent.")
    ]


# Nothing that is only ours


def everything_sent(message: OutboxMessage) -> str:
    """Return all that a mail says in any of its parts and files."""
    said = message.subject + message.text + message.html
    for part in parsed(message).iter_attachments():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = part.get_filename() or ""
        said += name
        if name.endswith(".xlsx"):
            book = zipfile.ZipFile(BytesIO(content))
            said += "".join(book.read(each).decode(errors="replace") for each in book.namelist())
        elif name.endswith(".pdf"):
            said += pdf_text(content)
        else:
            said += content.decode("utf-8-sig")
    return said


def planted_rows(agreement: ServiceLevelAgreement) -> None:
    """Write a mark into every internal word around a schedule's June."""
    contract = agreement.contract
    outage = contract.services.get().outages.get()
    incident = outage.incident
    incident.title, incident.summary = f"{MARK} title", f"{MARK} summary"
    saved(incident)
    a_position(incident, party="ours", responsible="vendor", stated_by=f"{MARK} Maria", why=f"{MARK} why")
    a_position(
        incident,
        party="determined",
        responsible="vendor",
        stated_by=f"{MARK} judge",
        why=f"{MARK} letter",
        clause="Exhibit B 4.2",
    )
    other = a_vendor(f"{MARK.lower()}-carrier", name=f"{MARK} carrier")
    row = an_incident(f"{MARK}-9", vendor=other, title=f"{MARK} substation")
    an_outage(
        row,
        contract.services.get(),
        started_at=at("2019-06-26 04:00"),
        ended_at=at("2019-06-26 06:00"),
        confirmed_at=at("2019-06-26 08:00"),
    )


def test_no_word_of_ours_reaches_the_vendor_in_any_part_of_the_mail() -> None:
    agreement = missed(terms=some_claim_terms())
    planted_rows(agreement)
    head = refresh_statement(head_of(agreement, period_label="2019-06"), now=FINALISED)
    result = draft_statement(agreement, period_label="2019-06", known_until=FINALISED)
    reasons = {each.code: f"{MARK} reason" for each in open_questions(head, result=result, now=FINALISED)}
    revision = finalise_statement(head, by=person(), why=f"{MARK} cause", reasons=reasons, now=FINALISED)
    assert MARK in revision.inputs  # it is there to be found
    assert frozen_inputs(revision).facts.incidents
    release_revision(revision, by=person(), note=f"{MARK} note", now=RELEASED)
    to_vendors(with_pdf=True, with_xlsx=True, with_csv=True)
    rounds(JUNE_REPORT)
    said = everything_sent(newest())
    assert MARK not in said
    assert MARK.lower() not in said.lower()
    for ours in ("Send the claim", "2019-07-30", "maria", "Finalise the", "to claim"):
        assert ours.lower() not in said.lower(), ours
    assert "INC-1" in said
    assert "another party" in said


def test_only_the_released_statement_is_told_of_all_that_there_are() -> None:
    agreement = missed(terms=some_claim_terms(), closes_from="2019-05-01")
    an_outage_of(agreement, reference="INC-MAY", started="2019-05-20 10:00")
    an_outage_of(agreement, reference="INC-JULY", started="2019-07-02 10:00")
    claim = a_claim(agreement, period="2019-05", now=FINALISED)
    submit_claim(
        claim,
        by=person(),
        why="sent by mail",
        sent_at=at("2019-07-06 12:30"),
        received_at=at("2019-07-06 12:40"),
        now=at("2019-07-06 12:50"),
    )
    released(agreement)
    to_vendors(with_pdf=True, with_xlsx=True, with_csv=True)
    rounds(JUNE_REPORT)
    said = everything_sent(newest())
    assert "NR-2018/power/2019-06/r1" in said
    for other in ("power/2019-05", "power/2019-07", "INC-MAY", "INC-JULY", claim.reference, "There is none"):
        assert other not in said, other


def test_what_was_recorded_after_it_was_finalised_stays_at_home() -> None:
    agreement = missed()
    release = released(agreement)
    outage = agreement.contract.services.get().outages.get()
    outage.ended_at = at("2019-06-25 23:59")
    saved(outage)
    a_position(outage.incident, party="vendors", responsible="us", stated_at=at("2019-07-06 14:00"))
    refresh_statement(head_of(agreement, period_label="2019-06"), now=at("2019-07-06 15:00"))
    to_vendors(with_pdf=True, with_xlsx=True, with_csv=True)
    rounds(JUNE_REPORT)
    said = everything_sent(newest())
    assert release.revision.shown in said
    assert "2019-06-24 22:28:00" in said  # the end as it was finalised, in Los Angeles
    for later in ("16:59:00", "contested, you say", "being looked at", "being corrected"):
        assert later not in said, later


def test_a_claim_is_told_only_where_it_asks_for_nothing_else() -> None:
    agreement = missed(terms=some_claim_terms())
    claim = a_claim(agreement, now=FINALISED)
    submit_claim(
        claim,
        by=person(),
        why="sent by mail",
        sent_at=at("2019-07-06 12:30"),
        received_at=at("2019-07-06 12:40"),
        now=at("2019-07-06 12:50"),
    )
    revision = StatementRevision.objects.get()
    release_revision(revision, by=person(), now=RELEASED)
    to_vendors(with_xlsx=True)
    rounds(JUNE_REPORT)
    assert "- By 2019-08-20: Answer the claim" in newest().text
    assert claim.reference in everything_sent(newest())


def test_the_same_release_gives_the_vendor_the_figures_that_were_finalised() -> None:
    agreement = missed()
    release = released(agreement)
    to_vendors(with_xlsx=True)
    rounds(JUNE_REPORT)
    assert f"Credit due, before tax: {release.revision.shown}" in newest().text


def test_a_release_of_an_earlier_period_names_its_own_period() -> None:
    agreement = missed(closes_from="2019-05-01")
    revision = finalised(agreement, period="2019-05", now=at("2019-07-06 12:00"))
    release_revision(revision, by=person(), now=RELEASED)
    to_vendors()
    rounds(JUNE_REPORT)
    assert newest().subject == "Service levels: Northrack, Service level met in 2019-05"


def test_the_report_spans_the_released_statements_alone_and_draws_no_day_of_another() -> None:
    agreement = missed(closes_from="2019-05-01")
    an_outage_of(agreement, reference="INC-APRIL", started="2019-04-20 10:00")
    for period in ("2019-04", "2019-06"):
        release_revision(finalised(agreement, period=period), by=person(), now=RELEASED)
    vendor, schedule = agreement.contract.vendor, to_vendors()
    october = ReportPeriod(label="2019-10", first_on=date(2019, 10, 1), last_on=date(2019, 10, 31))
    letter = letter_of(
        vendor,
        releases=released_to(vendor, period=october),
        schedule=schedule,
        period=october,
        now=at("2019-11-07 08:00"),
    )
    report = letter.report
    assert (report.first_on, report.last_on) == (date(2019, 4, 1), date(2019, 6, 30))
    assert report.calendar is not None
    days = [day.on for day in report.calendar.days]
    assert (days[0], days[-1], len(days)) == (date(2019, 4, 1), date(2019, 6, 30), 60)
    assert not [on for on in days if on.month == 5]


# With which mail it leaves


def said(release: Release, *, now: str = "2019-07-10 11:00") -> str:
    release.refresh_from_db()
    return mailing_words(release, now=at(now))


def test_before_the_periods_mail_is_out_its_day_hour_and_readers_are_said() -> None:
    agreement = missed()
    a_contact(agreement.contract.vendor, "Bob Account")
    to_vendors(zone="Europe/Berlin")
    release = released(agreement)
    words = "It goes with the mail of 2019-07-07 08:00 Europe/Berlin to Ann Account, Bob Account."
    assert said(release, now="2019-07-06 13:00") == words
    rounds("2019-07-07 06:00")
    assert said(release) == "In the report of 2019-06, written 2019-07-07: sent."


def test_after_it_what_is_released_goes_at_once_and_the_list_tells_of_the_mail(client: Any) -> None:
    agreement = missed()
    to_vendors()
    rounds(JUNE_REPORT)
    release = released(agreement, now=at("2019-07-10 10:00"))
    words = "It goes at once to Ann Account, as the mail of 2019-06 is out already."
    assert said(release) == words
    client.force_login(person("root", is_superuser=True))
    page = reverse("admin:sla_reportschedule_changelist")
    assert "Nothing that was released waits to be sent." in client.get(page).content.decode()
    rounds("2019-07-10 10:01")
    assert said(release) == "In the report of 2019-06, written 2019-07-10: sent."
    assert "Mail of 2019-07-10 10:01 UTC to Northrack" in client.get(page).content.decode()


def test_where_the_vendors_mail_of_the_period_left_the_next_one_is_named() -> None:
    agreement = missed()
    released(agreement)
    to_vendors()
    rounds(JUNE_REPORT)
    revision = corrected(agreement, now=at("2019-07-10 10:00"))
    second = release_revision(revision, by=person(), now=at("2019-07-10 11:00"))
    assert said(second) == "It goes with the mail of 2019-08-07 08:00 UTC to Ann Account."


def test_a_mail_that_waits_for_a_closing_is_named_as_such() -> None:
    agreement = missed()
    schedule = to_vendors()
    release = released(agreement)
    Duty.objects.create(
        kind="report",
        subject=f"report/{schedule.pk}",
        period="2019-06",
        schedule=schedule,
        ends_on=date(2019, 6, 30),
        due_at=at(JUNE_REPORT),
        next_at=at(JUNE_REPORT),
    )
    assert said(release) == (
        "It goes with the mail of 2019-06 to Ann Account, as soon as its periods are closed."
    )


def test_the_mail_that_comes_first_of_two_schedules_is_named() -> None:
    agreement = missed()
    to_vendors(days_after=20)
    a_report("weekly", name="Weekly", audience="vendors", every="week", starts_on=date(2019, 7, 1))
    words = "It goes with the mail of 2019-07-14 08:00 UTC to Ann Account."
    assert said(released(agreement), now="2019-07-09 12:00") == words


def test_who_releases_reads_beforehand_with_which_mail_it_goes(client: Any) -> None:
    revision = finalised(missed())
    to_vendors()
    client.force_login(person("root", is_superuser=True))
    address = reverse("admin:sla_revision_release", args=[revision.statement_id, revision.number])
    page = client.get(address).content.decode()
    assert f"It {leaving(revision, now=timezone.now())}." in page
    assert "with the next mail of their report schedule" not in page
