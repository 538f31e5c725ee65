"""Reports go out by themselves: each once, for its own period, to exactly those who may read it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from sla.models import ComplianceReport, Duty, OutboxMessage, ReportSchedule, ServiceLevelAgreement
from sla.services.duties import holding
from sla.services.duties.holding import HoldLostError, claim
from sla.services.duties.planning import plan
from sla.services.duties.retrying import retry_run
from sla.services.duties.rounds import run_round, work
from sla.services.duties.running import run, run_next
from sla.services.mailings import defaults
from sla.services.mailings import runs as mail_runs
from sla.services.mailings.periods import next_due, period_of
from sla.services.mailings.readers import recipients
from sla.services.mailings.runs import begin_report, mail_report
from sla.services.worklist import worklist
from tests.builders import REASON, a_vendor, at, person, saved
from tests.sla.mailing_rows import (
    JULY_REPORT,
    JUNE_REPORT,
    a_reader,
    a_report,
    addresses,
    mails,
    newest,
    owned_by,
    rounds,
    runs,
    section,
)
from tests.sla.running import a_closing_schedule, clock, closings
from vendors.models import Tag, Vendor
from vendors.services import archive_vendor, remove_record, save_record

pytestmark = pytest.mark.django_db
JUNE_30 = date(2019, 6, 30)


def northrack() -> Vendor:
    """Return a vendor with an SLA schedule whose periods close from June 2019 on."""
    found: Vendor = a_closing_schedule().contract.vendor
    return found


def another(name: str = "southrack", **fields: Any) -> Vendor:
    """Return another such vendor."""
    vendor = a_vendor(name, **fields)
    a_closing_schedule(f"{name[:2].upper()}-2018", vendor=vendor)
    return vendor


def terms_of(vendor: Vendor) -> ServiceLevelAgreement:
    """Return the SLA schedule of a vendor."""
    return ServiceLevelAgreement.objects.get(contract__vendor=vendor)


# When


def test_a_report_is_due_at_its_hour_so_many_days_after_its_month_and_planned_once() -> None:
    a_report()
    planned = [plan(now=at(when)).reports for when in ("2019-07-07 07:59", JUNE_REPORT, JUNE_REPORT)]
    assert planned == [0, 1, 0]
    duty = Duty.objects.get(kind="report")
    assert (duty.period, duty.ends_on, duty.due_at) == ("2019-06", JUNE_30, at(JUNE_REPORT))


KINDS = [
    ({"every": "week"}, "2019-07-14 08:00", "2019-W27", ("2019-07-01", "2019-07-07")),
    ({"every": "month"}, JUNE_REPORT, "2019-06", ("2019-06-01", "2019-06-30")),
    ({"every": "quarter"}, JUNE_REPORT, "2019-Q2", ("2019-04-01", "2019-06-30")),
    ({"every": "quarter", "first_month": 2}, "2019-08-07 08:00", "2019-Q2", ("2019-05-01", "2019-07-31")),
    ({"every": "year"}, "2020-01-07 08:00", "2019", ("2019-01-01", "2019-12-31")),
    ({"every": "year", "first_month": 7}, JUNE_REPORT, "2018", ("2018-07-01", "2019-06-30")),
]


@pytest.mark.parametrize(("fields", "when", "label", "days"), KINDS, ids=[kind[2] for kind in KINDS])
def test_weeks_months_quarters_and_fiscal_years_are_reported_by_their_own_days(
    fields: dict[str, Any], when: str, label: str, days: tuple[str, str]
) -> None:
    a_report(**fields)
    plan(now=at(when))
    period = period_of(Duty.objects.filter(kind="report").order_by("ends_on").last())
    assert (period.label, f"{period.first_on}", f"{period.last_on}") == (label, *days)


def test_the_period_is_the_runs_own_whatever_becomes_of_the_schedule() -> None:
    schedule = a_report()
    plan(now=at(JUNE_REPORT))
    schedule.every, schedule.first_month = "quarter", 5
    saved(schedule)
    period = period_of(Duty.objects.get(kind="report"))
    assert (period.label, period.first_on, period.last_on) == ("2019-06", date(2019, 6, 1), JUNE_30)


@pytest.mark.parametrize(
    ("zone", "starts_on", "period", "instant"),
    [
        ("Europe/Berlin", "2026-02-01", "2026-02", "2026-03-29 01:00"),  # 02:00 is skipped
        ("Europe/Berlin", "2026-09-01", "2026-09", "2026-10-25 00:00"),  # 02:00 comes twice: the first
        ("America/New_York", "2026-02-01", "2026-02", "2026-03-29 06:00"),
    ],
)
def test_the_hour_is_read_from_the_clock_of_its_zone_on_days_when_that_changes(
    zone: str, starts_on: str, period: str, instant: str
) -> None:
    days = 28 if period == "2026-02" else 24
    a_report(zone=zone, hour=2, days_after=days, starts_on=date.fromisoformat(starts_on))
    assert plan(now=at(instant) - timedelta(seconds=1)).reports == 0
    assert plan(now=at(instant)).reports == 1
    assert Duty.objects.get(kind="report").due_at == at(instant)


def test_the_next_time_is_told_with_its_period() -> None:
    schedule = a_report(zone="Europe/Berlin")
    told = {}
    for when in ("2019-06-15 00:00", "2019-07-07 05:59", "2019-07-07 06:00"):
        period, due_at = next_due(schedule, now=at(when))
        told[when] = (period.label, due_at)
    assert told == {
        "2019-06-15 00:00": ("2019-06", at("2019-07-07 06:00")),
        "2019-07-07 05:59": ("2019-06", at("2019-07-07 06:00")),
        "2019-07-07 06:00": ("2019-07", at("2019-08-07 06:00")),
    }


# Waiting for what closes


def test_a_report_waits_until_its_periods_are_closed() -> None:
    vendor = northrack()
    owned_by(vendor, a_reader("olga"))
    a_report(days_after=2)
    Duty.objects.create(  # as another worker would hold it
        kind="close",
        subject="schedule/x",
        period="2019-06",
        agreement=terms_of(vendor),
        ends_on=JUNE_30,
        due_at=at("2019-07-03 08:00"),
        next_at=at("2019-07-03 08:01"),
    )
    now = clock("2019-07-03 08:00")
    run_round(clock=now)
    assert runs("report") == [("2019-06", "due", "Waits until 1 period is closed: NR-2018/power/2019-06.")]
    assert mails() == []
    Duty.objects.filter(kind="close").update(state="done")
    now.forward(minutes=1)
    run_round(clock=now)
    assert runs("report") == [("2019-06", "done", "1 mail: Olga.")]
    assert addresses() == ["olga@example.com"]


def test_a_closing_that_failed_holds_nothing_up_and_is_told() -> None:
    vendor = northrack()
    owned_by(vendor, a_reader("olga"))
    a_report()
    plan(now=at(JUNE_REPORT))
    version = terms_of(vendor).versions.get()
    version.effective_from = date(2020, 1, 1)
    saved(version)
    work(clock=clock(JUNE_REPORT))
    assert [state for _, state, _ in closings()] == ["failed"]
    [number, error] = section(newest(), "COULD NOT BE CLOSED")[0].split(": ", 1)
    assert number == "- NR-2018/power/2019-06"
    assert error.startswith("NR-2018/power/2019-06 cannot be computed: No version of 'power' is in force")


def test_only_closings_of_its_own_vendors_and_period_are_waited_for() -> None:
    vendor, other = northrack(), another()
    owned_by(vendor, a_reader("olga"))
    a_report(vendor=vendor)
    for agreement, period, ends_on in (
        (terms_of(other), "2019-06", JUNE_30),
        (terms_of(vendor), "2019-07", date(2019, 7, 31)),
    ):
        Duty.objects.create(
            kind="close",
            subject=f"schedule/{period}",
            period=period,
            agreement=agreement,
            ends_on=ends_on,
            due_at=at(JUNE_REPORT),
            next_at=at("2030-01-01 00:00"),
        )
    rounds(JUNE_REPORT)
    assert runs("report") == [("2019-06", "done", "1 mail: Olga.")]


# Once


def test_a_report_reaches_each_reader_once_however_often_it_is_run() -> None:
    owned_by(northrack(), a_reader("olga"))
    a_report()
    rounds(JUNE_REPORT, JUNE_REPORT, "2019-07-07 09:00", "2019-07-20 09:00")
    assert mails() == [("olga@example.com", "Monthly summary: Service level met in 2019-06")]
    assert ComplianceReport.objects.count() == 1
    assert [(period, state) for period, state, _ in runs("mail")] == [("2019-06", "done")]


@pytest.mark.parametrize(("kind", "do"), [("report", begin_report), ("mail", mail_report)])
def test_of_two_that_hold_the_same_run_only_one_writes(kind: str, do: Any, settings: Any) -> None:
    owned_by(northrack(), a_reader("olga"))
    a_report()
    now = clock(JUNE_REPORT)
    plan(now=now.at)
    while Duty.objects.filter(kind="close", state="due").exists() or (
        kind == "mail" and not Duty.objects.filter(kind="mail").exists()
    ):
        held = holding.claim_next(clock=now)
        assert held is not None
        run(held)
    duty = Duty.objects.get(kind=kind)
    slow = claim(duty.pk, clock=now)
    now.forward(seconds=settings.RUN_LEASE_SECONDS)
    quick = claim(duty.pk, clock=now)
    assert slow is not None
    assert quick is not None
    do(quick)
    with pytest.raises(HoldLostError):
        do(slow)
    work(clock=now)
    assert (Duty.objects.filter(kind="mail").count(), OutboxMessage.objects.count()) == (1, 1)


def test_a_worker_that_ends_before_it_finished_leaves_nothing_half_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owned_by(northrack(), a_reader("olga"))
    a_report()

    def dies(*args: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mail_runs, "_keep", dies)
        with pytest.raises(KeyboardInterrupt):
            rounds(JUNE_REPORT)
    assert (OutboxMessage.objects.count(), ComplianceReport.objects.count()) == (0, 0)
    rounds("2019-07-07 08:05")
    assert addresses() == ["olga@example.com"]


def test_every_month_that_went_by_unseen_is_reported_as_its_own_and_says_that_it_is_late() -> None:
    owned_by(northrack(), a_reader("olga"))
    a_report(zone="Europe/Berlin")
    rounds("2019-09-10 09:30")
    assert [(period, state) for period, state, _ in runs("mail")] == [
        ("2019-06", "done"),
        ("2019-07", "done"),
        ("2019-08", "done"),
    ]
    june = OutboxMessage.objects.order_by("pk").first()
    assert "2019-06-01 to 2019-06-30" in june.text
    assert (
        "This report is late: it was due on 2019-07-07 08:00:00 +02:00 and was made 65 days later, on"
        " 2019-09-10 11:30:00 +02:00."
    ) in june.text
    assert "This report is late" in june.html


@pytest.mark.parametrize(("made", "is_late"), [("2019-07-08 08:00", False), ("2019-07-08 08:01", True)])
def test_a_day_late_is_not_worth_a_word(made: str, is_late: bool) -> None:
    owned_by(northrack(), a_reader("olga"))
    a_report()
    rounds(made)
    assert ("This report is late" in newest().text) == is_late


# Who


def reached(schedule: ReportSchedule) -> list[tuple[str, str, str]]:
    """Return address, subject and vendor of each reader of June."""
    found = recipients(schedule, until=JUNE_30)
    return [(each.address, each.subject, each.vendor.slug if each.vendor else "") for each in found.reached]


def left_out(schedule: ReportSchedule) -> list[str]:
    return recipients(schedule, until=JUNE_30).left_out


def test_without_chosen_readers_each_owner_gets_the_vendors_that_they_own_or_deputise_for() -> None:
    olga, omar = a_reader("olga"), a_reader("omar")
    owned_by(northrack(), olga, deputies=[omar])
    owned_by(another(), omar)
    a_report()
    rounds(JUNE_REPORT)
    told = {message.address: message.text for message in OutboxMessage.objects.all()}
    assert set(told) == {"olga@example.com", "omar@example.com"}
    assert "Northrack" in told["olga@example.com"]
    assert "Southrack" not in told["olga@example.com"]
    assert "Northrack" in told["omar@example.com"]
    assert "Southrack" in told["omar@example.com"]


def test_a_manager_who_sees_all_vendors_gets_only_the_own_ones() -> None:
    owned_by(northrack(), a_reader("olga", sees_all=True))
    owned_by(another(), a_reader("omar"))
    a_report()
    rounds(JUNE_REPORT)
    mine = OutboxMessage.objects.get(address="olga@example.com")
    assert "Southrack" not in mine.text + mine.html


def test_chosen_managers_take_the_place_of_the_owners() -> None:
    olga, dora = a_reader("olga"), a_reader("dora")
    owned_by(northrack(), olga, deputies=[dora])
    schedule = a_report(readers=[dora])
    assert reached(schedule) == [("dora@example.com", f"user/{dora.pk}", "")]


def test_finance_readers_get_what_each_may_see_and_further_addresses_everything() -> None:
    fred, flora = a_reader("fred", sees_all=True), a_reader("flora")
    owned_by(northrack(), flora)
    owned_by(another(), a_reader("omar"))
    a_report(audience="finance", readers=[fred, flora], addresses="ap@example.com\nledger@example.com\n")
    rounds(JUNE_REPORT)
    told = {message.address: "Southrack" in message.text for message in OutboxMessage.objects.all()}
    assert told == {
        "fred@example.com": True,
        "flora@example.com": False,
        "ap@example.com": True,
        "ledger@example.com": True,
    }


def test_one_mail_for_each_vendor_where_that_is_wanted() -> None:
    olga = a_reader("olga")
    north, south = owned_by(northrack(), olga), owned_by(another(), olga)
    owned_by(a_vendor("without-terms"), olga)
    schedule = a_report(one_per_vendor=True)
    assert reached(schedule) == [
        ("olga@example.com", f"user/{olga.pk}/vendor/{north.pk}", "northrack"),
        ("olga@example.com", f"user/{olga.pk}/vendor/{south.pk}", "southrack"),
    ]
    rounds(JUNE_REPORT)
    assert [subject for _, subject in mails()] == [
        "Monthly summary: Northrack, Service level met in 2019-06",
        "Monthly summary: Southrack, Service level met in 2019-06",
    ]
    assert "Southrack" not in OutboxMessage.objects.get(vendor=north).text
    assert [row.vendor for row in ComplianceReport.objects.order_by("pk")] == [north, south]


def test_a_tag_or_a_vendor_keeps_a_report_to_some() -> None:
    olga = a_reader("olga")
    tag = Tag(slug="payments", name="Payments")
    save_record(tag, by=person(), reason=REASON)
    north, south = owned_by(northrack(), olga), owned_by(another(), olga)
    save_record(south, by=person(), reason=REASON, links={"tags": [tag]})
    a_report("tagged", name="Tagged", tag=tag)
    a_report("one", name="One", vendor=north)
    rounds(JUNE_REPORT)
    texts = {message.subject.split(":")[0]: message.text for message in OutboxMessage.objects.all()}
    assert {name: ("Northrack" in text, "Southrack" in text) for name, text in texts.items()} == {
        "Tagged": (False, True),
        "One": (True, False),
    }
    assert "1 vendor tagged Payments" in texts["Tagged"]


def test_nobody_is_left_out_in_silence() -> None:
    owned_by(northrack(), a_reader("gone", is_active=False))
    owned_by(another("southrack"), a_reader("mute", email=""))
    another("westrack")
    schedule = a_report()
    assert left_out(schedule) == [
        "Nobody is the owner of Westrack",
        "Gone is deactivated",
        "Mute has no e-mail address",
    ]
    rounds(JUNE_REPORT)
    assert runs("report") == [
        (
            "2019-06",
            "failed",
            "Nobody to write to. Left out: Nobody is the owner of Westrack; Gone is deactivated; Mute has no"
            " e-mail address.",
        )
    ]
    assert mails() == []


def test_a_report_without_a_reader_is_stuck_until_one_is_named_and_it_is_tried_again() -> None:
    north = northrack()
    a_report()
    rounds(JUNE_REPORT)
    root = person("root", is_superuser=True)
    assert worklist(root, now=at(JUNE_REPORT)).stuck.runs == 1
    owned_by(north, a_reader("olga"))
    retry_run(Duty.objects.get(kind="report"), by=root, now=at("2019-07-07 09:00"))
    rounds("2019-07-07 09:01")
    assert runs("report") == [("2019-06", "done", "1 mail: Olga.")]
    assert addresses() == ["olga@example.com"]
    assert worklist(root, now=at(JUNE_REPORT)).stuck.runs == 0


def test_where_there_is_no_vendor_at_all_nothing_is_stuck() -> None:
    a_report()
    rounds(JUNE_REPORT)
    assert runs("report") == [("2019-06", "done", "Nobody to write to.")]


def test_a_chosen_reader_without_a_vendor_is_said_to_get_nothing() -> None:
    owned_by(northrack(), a_reader("olga"))
    nina = a_reader("nina")
    assert left_out(a_report(readers=[nina])) == ["Nina manages no vendor of this report"]
    assert left_out(a_report("fin", audience="finance", readers=[nina])) == [
        "Nina may see no vendor of this report"
    ]


def test_an_archived_vendor_is_left_out() -> None:
    olga = a_reader("olga")
    north, south = owned_by(northrack(), olga), owned_by(another(), olga)
    a_report()
    archive_vendor(south, at=at("2019-07-01 00:00"), by=person(), reason=REASON)
    rounds(JUNE_REPORT)
    assert north.name in newest().text
    assert "Southrack" not in newest().text


GONE = [
    (lambda olga, schedule: setattr(olga, "is_active", False), "Olga is deactivated"),
    (lambda olga, schedule: setattr(olga, "email", " "), "Olga has no e-mail address"),
]


@pytest.mark.parametrize(("happens", "why"), GONE)
def test_what_became_of_a_reader_since_the_report_began_counts(happens: Any, why: str) -> None:
    olga = a_reader("olga")
    owned_by(northrack(), olga)
    schedule = a_report()
    now = clock(JUNE_REPORT)
    plan(now=now.at)
    while not Duty.objects.filter(kind="mail").exists():
        run_next(clock=now)
    happens(olga, schedule)
    olga.save()
    work(clock=now)
    assert runs("mail") == [("2019-06", "done", f"Nothing was sent: {why}.")]
    assert mails() == []


def begun(schedule: ReportSchedule) -> None:
    """Plan June and write the runs of its readers, none of which is done."""
    plan(now=at(JUNE_REPORT))
    while not Duty.objects.filter(kind="mail", schedule=schedule).exists():
        run_next(clock=clock(JUNE_REPORT))


def test_a_vendor_that_went_to_another_owner_takes_its_figures_along() -> None:
    vendor = owned_by(northrack(), a_reader("olga"))
    begun(a_report())
    owned_by(vendor, a_reader("omar"))
    work(clock=clock(JUNE_REPORT))
    assert runs("mail") == [("2019-06", "done", "Nothing was sent: olga is no reader of it any more.")]


def test_an_address_that_was_taken_out_gets_nothing() -> None:
    northrack()
    schedule = a_report(audience="finance", addresses="ap@example.com")
    begun(schedule)
    schedule.addresses = "new@example.com"
    saved(schedule)
    work(clock=clock(JUNE_REPORT))
    assert runs("mail") == [
        ("2019-06", "done", "Nothing was sent: the address was taken out of the report schedule.")
    ]


def test_a_schedule_that_is_switched_off_sends_nothing_more() -> None:
    owned_by(northrack(), a_reader("olga"))
    schedule = a_report()
    begun(schedule)
    schedule.is_active = False
    saved(schedule)
    work(clock=clock(JUNE_REPORT))
    rounds(JULY_REPORT)
    assert runs("mail") == [
        ("2019-06", "done", "Nothing was sent: the report schedule was switched off before.")
    ]
    assert [period for period, *_ in runs("report")] == ["2019-06"]


def test_an_address_too_long_for_a_row_is_known_by_its_fingerprint() -> None:
    northrack()
    address = f"{'a' * 60}@{'b' * 60}.example"
    a_report(audience="finance", addresses=address)
    rounds(JUNE_REPORT)
    assert addresses() == [address]
    assert len(ComplianceReport.objects.get().subject) <= 120


def test_an_address_that_no_server_takes_fails_in_plain_words_and_holds_up_nobody() -> None:
    owned_by(northrack(), a_reader("olga", email="olga@"))
    owned_by(another(), a_reader("omar"))
    a_report()
    rounds(JUNE_REPORT)
    assert [(state, said[:52]) for _, state, said in runs("mail")] == [
        ("failed", "'olga@' of Olga is no e-mail address. Correct it whe"),
        ("done", "To Omar: Service level met in 2019-06."),
    ]
    assert addresses() == ["omar@example.com"]


# The first ones


def test_the_first_round_makes_the_monthly_summaries_and_no_later_one_does() -> None:
    run_round(clock=clock("2019-06-12 10:00"))
    rows = ReportSchedule.objects.order_by("code")
    assert [(row.code, row.name, row.audience, row.is_active, row.starts_on) for row in rows] == [
        ("monthly-finance", "Monthly summary for finance", "finance", False, date(2019, 6, 12)),
        ("monthly-managers", "Monthly summary for vendor managers", "managers", True, date(2019, 6, 12)),
    ]
    history = ReportSchedule.history.filter(code="monthly-managers").get()
    assert (history.history_user.username, history.history_change_reason) == ("recourse", defaults.REASON)
    run_round(clock=clock("2019-06-12 10:05"))
    assert ReportSchedule.objects.count() == 2


def test_what_somebody_took_away_or_made_before_is_left_as_it_is() -> None:
    a_report()
    run_round(clock=clock("2019-06-12 10:00"))
    assert [row.code for row in ReportSchedule.objects.all()] == ["monthly"]
    remove_record(ReportSchedule.objects.get(), by=person(), reason=REASON)
    run_round(clock=clock("2019-06-12 10:05"))
    assert not ReportSchedule.objects.exists()


def test_the_first_summary_is_of_the_month_in_which_it_was_made() -> None:
    owned_by(northrack(), a_reader("olga"))
    run_round(clock=clock("2019-06-12 10:00"))
    rounds(JUNE_REPORT)
    assert [period for period, *_ in runs("report")] == ["2019-06"]
    assert addresses() == ["olga@example.com"]


# What the row refuses


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"addresses": "a@b.example"}, "addresses", "Only finance has further addresses"),
        ({"audience": "finance", "addresses": "nobody"}, "addresses", "'nobody' is no e-mail address"),
        ({"zone": "Nowhere/Land"}, "zone", "Nowhere/Land"),
        ({"hour": 24}, "__all__", "The hour is 0 to 23."),
        ({"first_month": 13}, "__all__", "A month is 1 (January) to 12."),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(
    fields: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        a_report(**fields)
    assert any(words in text for text in refused.value.message_dict[place])
    assert not ReportSchedule.objects.exists()


def test_a_report_is_of_a_vendor_or_of_a_tag() -> None:
    tag = Tag(slug="payments", name="Payments")
    save_record(tag, by=person(), reason=REASON)
    with pytest.raises(ValidationError, match="Choose a vendor or a tag, not both"):
        a_report(vendor=northrack(), tag=tag)
