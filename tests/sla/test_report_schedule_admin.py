"""Report schedules in the admin: entered, refused at the field, looked at, tried on oneself, released to."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.models import ComplianceReport, OutboxMessage, Release, ReportSchedule, ToldFigure
from sla.services.mailings.releasing import release_revision
from tests.builders import at, person
from tests.sla.claim_builders import a_revision
from tests.sla.mailing_rows import (
    JUNE_REPORT,
    a_contact,
    a_reader,
    a_report,
    an_outage_of,
    newest,
    owned_by,
    rounds,
)
from tests.sla.running import a_closing_schedule

pytestmark = pytest.mark.django_db

LIST, ADD = "admin:sla_reportschedule_changelist", "admin:sla_reportschedule_add"
FORM = {
    "name": "Board summary",
    "code": "board",
    "is_active": "on",
    "audience": "managers",
    "addresses": "",
    "contact_role": "account",
    "every": "quarter",
    "first_month": "2",
    "starts_on": f"{timezone.now().date()}",
    "days_after": "10",
    "hour": "7",
    "zone": "Europe/Berlin",
    "with_pdf": "on",
    "reason": "Asked for by the board",
}


@pytest.fixture
def boss(client: Client) -> Client:
    """Return a client for the person who sees everything, with an address."""
    client.force_login(User.objects.create_superuser("boss", email="boss@example.com", first_name="Bo"))
    return client


def as_manager(client: Client, user: User, *permissions: str) -> Client:
    """Return a client for a person with some permissions."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client.force_login(User.objects.get(pk=user.pk))
    return client


def text_of(response: Any) -> str:
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(unescape(re.sub(r"<[^>]+>", " ", body))).split())


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def missed() -> Any:
    agreement = a_closing_schedule(closes_itself=False)
    an_outage_of(agreement)
    return agreement


# The form and the list


def test_a_schedule_is_entered_in_the_readers_words(boss: Client) -> None:
    page = text_of(boss.get(reverse(ADD)))
    for words in ("Who gets it", "Which vendors", "When", "Files beside the mail", "The year begins in"):
        assert words in page
    olga = a_reader("olga")
    response = boss.post(reverse(ADD), {**FORM, "readers": [olga.pk]}, follow=True)
    assert response.status_code == 200
    row = ReportSchedule.objects.get()
    assert (row.code, row.every, row.first_month, row.hour, row.zone) == (
        *("board", "quarter", 2, 7),
        "Europe/Berlin",
    )
    assert (list(row.readers.all()), row.with_xlsx) == ([olga], False)
    assert {each.history_change_reason for each in ReportSchedule.history.all()} == {"Asked for by the board"}


REFUSED = [
    ({"audience": "finance"}, "readers", "Choose at least one reader, or write a further address"),
    ({"audience": "vendors", "readers": True}, "readers", "Vendors read without a login"),
    ({"audience": "vendors", "one_per_vendor": "on"}, "one_per_vendor", "Each vendor gets a mail of its own"),
    ({"audience": "managers", "addresses": "a@b.example"}, "addresses", "Only finance has further addresses"),
    ({"audience": "finance", "addresses": "nobody"}, "addresses", "'nobody' is no e-mail address"),
    ({"zone": "Nowhere/Land"}, "zone", "Nowhere/Land"),
    ({"hour": "24"}, "hour", "Select a valid choice"),
    ({"reason": ""}, "reason", "This field is required"),
]


@pytest.mark.parametrize(("typed", "field", "words"), REFUSED)
def test_what_cannot_go_together_is_refused_at_its_field(
    boss: Client, typed: dict[str, Any], field: str, words: str
) -> None:
    if typed.get("readers"):
        typed = {**typed, "readers": [a_reader("olga").pk]}
    response = boss.post(reverse(ADD), {**FORM, **typed})
    errors = response.context["adminform"].form.errors
    assert any(words in text for text in errors[field]), errors
    assert not ReportSchedule.objects.exists()


def test_a_first_period_so_early_that_mails_would_flood_out_is_refused(boss: Client) -> None:
    monthly = {**FORM, "every": "month", "days_after": "0"}
    response = boss.post(reverse(ADD), {**monthly, "starts_on": "2019-01-15"})
    (text,) = response.context["adminform"].form.errors["starts_on"]
    assert re.fullmatch(
        r"\d+ reports, from 2019-01 on, would go out at once, each marked as late. Begin with the period of"
        r" \d{4}-\d\d-\d\d, or one before; earlier figures are under Reports.",
        text,
    )
    assert not ReportSchedule.objects.exists()
    boss.post(reverse(ADD), {**monthly, "starts_on": "2019-01-15", "is_active": ""})
    assert ReportSchedule.objects.get().is_active is False


def test_a_report_that_leaves_more_than_a_quarter_late_is_refused(boss: Client) -> None:
    response = boss.post(reverse(ADD), {**FORM, "days_after": "400"})
    (text,) = response.context["adminform"].form.errors["days_after"]
    assert text.startswith("At most 92 days")
    assert not ReportSchedule.objects.exists()


def test_the_list_tells_when_each_goes_out_next_and_what_came_of_the_last(boss: Client) -> None:
    owned_by(missed().contract.vendor, a_reader("olga"))
    a_report(starts_on=timezone.now().date() - timedelta(days=70))
    a_report("off", name="Old one", is_active=False)
    seen = text_of(boss.get(reverse(LIST)))
    assert "Monthly summary Vendor managers" in seen
    assert re.search(r"\d{4}-\d\d-07 08:00 UTC, for \d{4}-\d\d Not yet On", seen)
    assert "Old one Vendor managers Month All vendors — Not yet Off" in seen


def test_the_page_of_a_schedule_tells_who_gets_it_and_who_does_not(boss: Client) -> None:
    owned_by(missed().contract.vendor, a_reader("olga"))
    mute = a_reader("mute", email="")
    schedule = a_report(readers=[User.objects.get(username="olga"), mute])
    rounds(JUNE_REPORT)
    seen = text_of(boss.get(reverse("admin:sla_reportschedule_change", args=[schedule.pk])))
    assert "Olga olga@example.com" in seen
    assert "Left out Mute has no e-mail address" in seen
    assert "To Olga: 1 of 1 service level missed in 2019-06." in seen


def test_who_sees_only_some_vendors_reads_nothing_of_others_on_these_pages(client: Client) -> None:
    owned_by(missed().contract.vendor, a_reader("olga"))
    a_reader("nina")
    schedule = a_report()
    rounds(JUNE_REPORT)
    nina = as_manager(client, a_reader("nina"), "view_reportschedule", "view_compliancereport")
    for url in (
        reverse(LIST),
        reverse("admin:sla_reportschedule_change", args=[schedule.pk]),
        reverse("admin:sla_compliancereport_changelist"),
    ):
        seen = text_of(nina.get(url))
        for mark in ("Northrack", "Olga", "service level missed"):
            assert mark not in seen, (url, mark)


# Preview and test


def preview_url(schedule: ReportSchedule) -> str:
    return reverse("admin:sla_reportschedule_preview", args=[schedule.pk])


def last_month() -> tuple[str, Any]:
    """Return the name of the last whole month, and an instant in its middle."""
    day = timezone.now().replace(day=1) - timedelta(days=15)
    return f"{day:%Y-%m}", day


def missed_last_month() -> Any:
    """Return a schedule with an outage in the last whole month."""
    label, day = last_month()
    agreement = a_closing_schedule(closes_from=f"{label}-01")
    an_outage_of(agreement, started=f"{day:%Y-%m-%d} 04:15")
    return agreement


def test_a_preview_shows_the_mail_its_text_and_its_files_and_keeps_nothing(boss: Client) -> None:
    olga = a_reader("olga")
    owned_by(missed_last_month().contract.vendor, olga)
    schedule = a_report(with_pdf=True, with_xlsx=True)
    label, _ = last_month()
    response = boss.get(preview_url(schedule), {"reader": f"user/{olga.pk}"})
    seen = text_of(response)
    assert f"Monthly summary: 1 of 1 service level missed in {label}" in seen
    assert "Olga <olga@example.com>" in unescape(unescape(response.content.decode()))
    assert f"northrack-{label}.pdf" in seen
    assert f"northrack-{label}.xlsx" in seen
    page = response.content.decode()
    assert '<iframe class="rc-mail" sandbox ' in page
    assert 'srcdoc="&lt;!DOCTYPE html&gt;' in page
    assert "Power uptime (Power feed A): 99.8" in seen
    assert (OutboxMessage.objects.count(), ComplianceReport.objects.count(), ToldFigure.objects.count()) == (
        *(0, 0),
        0,
    )


def test_a_hostile_name_stays_text_in_the_preview(boss: Client) -> None:
    vendor = missed_last_month().contract.vendor
    vendor.name = '"><script>alert(1)</script>'
    owned_by(vendor, User.objects.get(username="boss"))
    page = boss.get(preview_url(a_report())).content.decode()
    assert "<script>alert(1)" not in page
    assert "&amp;lt;script&amp;gt;alert(1)" in page


def test_only_who_sees_all_vendors_looks_at_the_mail_of_another(client: Client, boss: Client) -> None:
    olga = a_reader("olga")
    vendor = missed_last_month().contract.vendor
    owned_by(vendor, olga)
    schedule = a_report()
    choices = boss.get(preview_url(schedule)).context["choices"]
    assert choices == [("me", "you, Bo"), (f"user/{olga.pk}", "Olga")]
    nina = as_manager(Client(), a_reader("nina"), "view_reportschedule")
    response = nina.get(preview_url(schedule), {"reader": f"user/{olga.pk}"})
    assert response.context["choices"] == [("me", "you, Nina")]
    assert said(response) == ["Choose one of the readers of this report schedule."]
    assert "Northrack" not in text_of(response)
    assert "Nina manages no vendor of this report." in text_of(nina.get(preview_url(schedule)))


def test_a_test_goes_to_the_person_at_the_screen_and_is_marked(boss: Client) -> None:
    olga = a_reader("olga")
    owned_by(missed_last_month().contract.vendor, olga)
    schedule = a_report(with_xlsx=True)
    label, _ = last_month()
    url = reverse("admin:sla_reportschedule_test", args=[schedule.pk])
    response = boss.post(url, {"reader": f"user/{olga.pk}"}, follow=True)
    subject = f"[Test] Monthly summary: 1 of 1 service level missed in {label}"
    assert said(response) == [f"On its way to boss@example.com: {subject}"]
    message = newest()
    assert (message.address, message.subject, message.state) == ("boss@example.com", subject, "waiting")
    assert message.files.count() == 1
    assert not ComplianceReport.objects.exists()


def test_without_an_address_no_test_is_sent_and_it_is_said(client: Client) -> None:
    user = User.objects.create_superuser("root")
    client.force_login(user)
    owned_by(missed_last_month().contract.vendor, user)
    schedule = a_report()
    response = client.post(
        reverse("admin:sla_reportschedule_test", args=[schedule.pk]), {"reader": "me"}, follow=True
    )
    assert said(response) == [
        "root has no e-mail address, so nothing was sent. Enter it on your page under Users."
    ]
    assert not OutboxMessage.objects.exists()


def test_a_test_needs_the_right_to_change_the_schedule(client: Client) -> None:
    owned_by(missed_last_month().contract.vendor, a_reader("nina"))
    schedule = a_report()
    nina = as_manager(client, a_reader("nina"), "view_reportschedule")
    url = reverse("admin:sla_reportschedule_test", args=[schedule.pk])
    assert nina.post(url, {"reader": "me"}).status_code == 403
    assert "Send a test to me" not in text_of(nina.get(preview_url(schedule)))


def test_a_vendors_mail_is_previewed_from_what_was_released(boss: Client) -> None:
    agreement = missed()
    vendor = agreement.contract.vendor
    a_contact(vendor)
    schedule = a_report("vendors", name="Service levels", audience="vendors")
    asked = {"reader": f"vendor/{vendor.pk}"}
    assert "Nothing that was released to Northrack waits to be sent" in text_of(
        boss.get(preview_url(schedule), asked)
    )
    release_revision(a_revision(agreement), by=person(), now=at("2019-07-06 13:00"))
    seen = text_of(boss.get(preview_url(schedule), asked))
    assert "Service levels: Northrack, 1 of 1 service level missed in 2019-06" in seen
    assert "Ann Account <ann@vendor.example>" in seen


def test_a_schedule_that_is_not_there_is_not_found(boss: Client) -> None:
    assert boss.get(reverse("admin:sla_reportschedule_preview", args=[99])).status_code == 404


# Reports that were sent


def test_the_list_of_reports_leads_to_their_messages(boss: Client) -> None:
    owned_by(missed().contract.vendor, a_reader("olga"))
    a_report()
    rounds(JUNE_REPORT)
    seen = text_of(boss.get(reverse("admin:sla_compliancereport_changelist")))
    assert (
        "2019-06 Monthly summary Olga olga@example.com 1 of 1 service level missed in 2019-06"
        " 2019-07-07 08:00 Sent"
    ) in seen
    row = ComplianceReport.objects.get()
    response = boss.get(reverse("admin:sla_compliancereport_change", args=[row.pk]))
    assert response.status_code == 302


def test_a_reader_finds_the_own_reports_and_those_of_vendors_that_they_see(client: Client) -> None:
    vendor = missed().contract.vendor
    owned_by(vendor, a_reader("olga"))
    a_report()
    a_report("each", name="Each", one_per_vendor=True)
    rounds(JUNE_REPORT)
    owned_by(vendor, None, deputies=[a_reader("dora")])
    dora = as_manager(client, a_reader("dora"), "view_compliancereport")
    seen = text_of(dora.get(reverse("admin:sla_compliancereport_changelist")))
    assert "Each Olga" in seen
    assert "Monthly summary Olga" not in seen


# Releasing


def test_a_statement_is_released_from_its_page_with_a_note(boss: Client) -> None:
    revision = a_revision(missed())
    page = reverse("admin:sla_revision", args=[revision.statement_id, 1])
    url = reverse("admin:sla_revision_release", args=[revision.statement_id, 1])
    assert url in boss.get(page).content.decode()
    assert "What was released cannot be taken back." in text_of(boss.get(url))
    response = boss.post(url, {"note": "shown at the review"}, follow=True)
    assert said(response) == [
        "NR-2018/power/2019-06/r1 is released. Not sent: no report schedule for vendors is about this vendor."
    ]
    seen = text_of(response)
    today = timezone.now().date()
    assert f"Released to the vendor on {today} by Bo: shown at the review." in seen
    assert url not in response.content.decode()
    again = boss.post(url, {"note": ""})
    assert "was released already" in text_of(again)
    assert Release.objects.count() == 1


def test_the_page_tells_whether_it_was_mailed(boss: Client) -> None:
    agreement = missed()
    a_contact(agreement.contract.vendor)
    revision = a_revision(agreement)
    release_revision(revision, by=person(), now=at("2019-07-06 13:00"))
    a_report("vendors", name="Service levels", audience="vendors")
    page = reverse("admin:sla_revision", args=[revision.statement_id, 1])
    words = "It goes with the mail of 2019-06 to Ann Account, as soon as its periods are closed."
    assert words in text_of(boss.get(page))
    rounds(JUNE_REPORT)
    assert "In the report of 2019-06, written 2019-07-07: sent." in text_of(boss.get(page))


def test_releasing_needs_its_own_permission(client: Client) -> None:
    agreement = missed()
    owned_by(agreement.contract.vendor, a_reader("olga"))
    revision = a_revision(agreement)
    olga = as_manager(client, a_reader("olga"), "view_statement", "add_statementrevision")
    page = reverse("admin:sla_revision", args=[revision.statement_id, 1])
    url = reverse("admin:sla_revision_release", args=[revision.statement_id, 1])
    assert url not in olga.get(page).content.decode()
    assert olga.post(url, {"note": ""}).status_code == 403
    assert "release_selected" not in olga.get(reverse("admin:sla_statement_changelist")).content.decode()


def test_many_are_released_from_the_list_and_the_others_are_named_with_the_reason(boss: Client) -> None:
    agreement = missed()
    june, may = a_revision(agreement), a_revision(agreement, period="2019-05")
    release_revision(may, by=person(), now=at("2019-07-06 13:00"))
    rounds(JUNE_REPORT, "2019-08-07 08:00")
    july = agreement.statements.get(period="2019-07")
    asked = {
        "action": "release_selected",
        "_selected_action": [june.statement_id, may.statement_id, july.pk],
    }
    url = reverse("admin:sla_statement_changelist")
    seen = text_of(boss.post(url, asked))
    assert "1 to release to its vendor" in seen
    assert "NR-2018/power/2019-06/r1 Northrack Missed USD 200.00" in seen
    assert "It is a draft; finalise it first" in seen
    assert "It was released already, as r1" in seen
    response = boss.post(url, {**asked, "confirmed": "1", "note": "June"}, follow=True)
    assert said(response) == [
        "NR-2018/power/2019-06/r1 is released to Northrack. Not sent: no report schedule for vendors is about"
        " this vendor.",
        "NR-2018/power/2019-07 was left: it is a draft; finalise it first.",
        "NR-2018/power/2019-05 was left: it was released already, as r1.",
    ]
    assert Release.objects.get(revision=june).note == "June"
