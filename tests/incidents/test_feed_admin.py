"""Feeds in the admin: a file is shown before it is imported, and the inbox is worked off."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from incidents.feeds.values import FeedComponent, FeedWindow
from incidents.models import (
    ComponentRule,
    FeedLetter,
    FeedSource,
    FeedUpload,
    Incident,
    Outage,
    ProposedWindow,
    UnmatchedName,
)
from incidents.services import record_outage
from tests.incidents.feed_rows import END, NOW, POSTED, START, a_feed, imported, told
from tests.vendors.rows import a_contract, a_service, person, saved
from vendors.models import Service, ServiceAlias, Vendor

pytestmark = pytest.mark.django_db
CAPTURES = Path(__file__).parent / "captures"
CHOOSE, INBOX = "/admin/incidents/feedsource/import/", "/admin/incidents/feedsource/inbox/"


@pytest.fixture
def boss(client: Client) -> Client:
    """Return a browser in which a superuser is signed in."""
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def mail() -> Service:
    """Return a service of a vendor."""
    return a_service(a_contract(), code="mail", name="Mail")


def a_file(**record: Any) -> SimpleUploadedFile:
    incident = {
        "id": "x1",
        "name": "Mail is down",
        "impact": "major",
        "status": "resolved",
        "started_at": "2019-06-25T04:15:00Z",
        "resolved_at": "2019-06-25T05:28:00Z",
        "components": [{"name": "Mail sending"}],
        **record,
    }
    return SimpleUploadedFile("incidents.json", json.dumps({"incidents": [incident]}).encode())


def chosen(boss: Client, **given: Any) -> Any:
    return boss.post(CHOOSE, {"source": "new", "kind": "statuspage", "text": "", **given}, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_file_is_shown_first_and_nothing_is_kept_until_it_is_asked_for(boss: Client, mail: Service) -> None:
    page = chosen(boss, vendor=mail.contract.vendor_id, file=a_file())
    assert page.status_code == 200
    shown = page.content.decode()
    assert "What would happen" in shown
    assert "Mail sending" in shown
    assert (Incident.objects.count(), FeedUpload.objects.get().state) == (0, "shown")
    upload = FeedUpload.objects.get()
    done = boss.post(f"/admin/incidents/feedupload/{upload.pk}/go/", follow=True).content.decode()
    upload.refresh_from_db()
    assert "What came of it" in done
    assert (upload.state, upload.counts["created"], upload.content) == ("done", 1, None)
    assert Incident.objects.get().external_id == "x1"


def test_what_cannot_be_read_is_said_and_may_be_forgotten(boss: Client, mail: Service) -> None:
    broken = SimpleUploadedFile("cut.json", b'{"incidents": [{"id"')
    page = chosen(boss, vendor=mail.contract.vendor_id, file=broken).content.decode()
    assert "The file is not JSON, or was cut off" in page
    upload = FeedUpload.objects.get()
    boss.post(f"/admin/incidents/feedupload/{upload.pk}/drop/")
    assert not FeedUpload.objects.exists()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "Choose a file, or paste its text; one of the two."),
        ({"kind": "", "text": "{}"}, "Which format is it? Choose one."),
        ({"kind": "incident_table", "text": "a,b"}, "Times in such a file may bear no zone: name the one"),
        ({"text": "{}", "zone": "Mars"}, "&#x27;Mars&#x27; is not a time zone."),
    ],
)
def test_what_is_missing_is_asked_for(boss: Client, given: dict[str, str], complaint: str) -> None:
    assert complaint in chosen(boss, **given).content.decode()
    assert not FeedUpload.objects.exists()


def test_a_new_feed_takes_no_other_ones_place(boss: Client, mail: Service) -> None:
    known = a_feed("northrack-statuspage", vendor=mail.contract.vendor, zone="Europe/Berlin")
    given = {"vendor": mail.contract.vendor_id, "zone": "UTC", "file": a_file()}
    shown = chosen(boss, **given).content.decode()
    assert "northrack-statuspage is of that format already: choose it above" in shown
    shown = chosen(boss, **{**given, "file": a_file(), "source": str(known.pk)}).content.decode()
    assert "northrack-statuspage reads times in Europe/Berlin." in shown
    known.refresh_from_db()
    assert (known.zone, FeedUpload.objects.exists()) == ("Europe/Berlin", False)


TABLE = b"Ticket,Start,End,What\nA-1,2019-06-25 04:15,2019-06-25 05:28,Mail sending\n"
COLUMNS = {"number": "Ticket", "began": "Start", "ended": "End", "component": "What"}


def test_the_columns_of_a_table_are_asked_once_and_a_refused_answer_spoils_nothing(
    boss: Client, mail: Service
) -> None:
    source = a_feed("list", kind="incident_table", vendor=mail.contract.vendor, zone="UTC")
    page = chosen(boss, source=str(source.pk), kind="", file=SimpleUploadedFile("list.csv", TABLE))
    assert "Which column holds what" in page.content.decode()
    asked = f"/admin/incidents/feedupload/{FeedUpload.objects.get().pk}/columns/"
    shown = boss.post(asked, {**COLUMNS, "option:header": "1"}, follow=True).content.decode()
    assert "What would happen" in shown
    source.refresh_from_db()
    kept = source.columns
    assert kept["number"] == "Ticket"
    boss.post(asked, {**COLUMNS, "option:header": "7"})
    source.refresh_from_db()
    assert source.columns == kept
    again = chosen(boss, source=str(source.pk), kind="", file=SimpleUploadedFile("list.csv", TABLE))
    assert "What would happen" in again.content.decode()


def test_words_for_severity_are_explained_from_the_inbox(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    source = a_feed(vendor=mail.contract.vendor)
    imported(source, told(severity="P1"))
    assert "Words for severity that nobody explained" in boss.get(INBOX).content.decode()
    given = {"do": "words", "why_words": "Their P1 is an outage", f"word_{source.pk}_P1": "outage"}
    assert said(boss.post(INBOX, given, follow=True)) == ["1 word is explained now; 1 record changed."]
    assert Outage.objects.get().kind == "outage"


def test_an_import_is_not_asked_for_twice(boss: Client, mail: Service) -> None:
    chosen(boss, vendor=mail.contract.vendor_id, file=a_file())
    address = f"/admin/incidents/feedupload/{FeedUpload.objects.get().pk}/go/"
    boss.post(address)
    again = boss.post(address, follow=True)
    assert said(again) == ["incidents.json for northrack-statuspage is imported already."]


def test_another_persons_vendors_are_not_shown(client: Client, mail: Service) -> None:
    source = a_feed(vendor=mail.contract.vendor)
    upload = FeedUpload.objects.create(
        source=source, file_name="x", fingerprint="", by=person(), uploaded_at=NOW
    )
    stranger = person("stranger", is_staff=True)
    client.force_login(stranger)
    assert client.get(f"/admin/incidents/feedupload/{upload.pk}/change/").status_code == 403
    assert client.get(INBOX).status_code == 403


def test_names_are_matched_from_the_inbox_with_one_reason(boss: Client, mail: Service) -> None:
    imported(a_feed(vendor=mail.contract.vendor), told(components=parts("Mail sending", "Search")))
    names = {row.name: row for row in UnmatchedName.objects.all()}
    assert "Mail sending" in boss.get(INBOX).content.decode()
    done = boss.post(
        INBOX,
        {
            "do": "names",
            "why_names": "Their word for it",
            f"service_{names['Mail sending'].pk}": str(mail.pk),
            f"service_{names['Search'].pk}": "none",
        },
        follow=True,
    )
    assert said(done) == ["2 names are known now; 1 record changed."]
    assert Outage.objects.get().service == mail
    assert ComponentRule.objects.get(names="Search").service is None
    assert "Nothing waits for you" in boss.get(INBOX).content.decode()


def test_without_a_reason_nothing_is_matched_and_what_was_chosen_stays_chosen(
    boss: Client, mail: Service
) -> None:
    imported(a_feed(vendor=mail.contract.vendor), told(components=parts("Mail sending", "Search")))
    names = {row.name: row.pk for row in UnmatchedName.objects.all()}
    given = {f"service_{names['Mail sending']}": str(mail.pk), f"service_{names['Search']}": "none"}
    done = boss.post(INBOX, {"do": "names", "why_names": "  ", **given})
    page = done.content.decode()
    assert (done.status_code, said(done)) == (200, [])
    assert f'<option value="{mail.pk}" selected>' in page
    assert '<option value="none" selected>' in page
    wrong = '<p class="rc-wrong" id="wrong_names" role="alert">Say why: every change keeps a reason.'
    assert wrong in page
    assert not ComponentRule.objects.exists()


@pytest.mark.parametrize(
    ("table", "complaint"),
    [("names", "No name was chosen: choose beside"), ("vendors", "No vendor was chosen: choose one beside")],
)
def test_a_reason_without_a_choice_is_kept_and_the_choice_asked_for(
    boss: Client, mail: Service, table: str, complaint: str
) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(a_feed("monitor", clock="us"), told(components=parts("Mail sending", "Search")))
    shown = boss.post(INBOX, {"do": table, f"why_{table}": "It is theirs"}).content.decode()
    assert complaint in shown
    assert 'value="It is theirs"' in shown


def test_a_conflict_is_shown_side_by_side_and_settled_by_a_button(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    source = a_feed(vendor=mail.contract.vendor)
    imported(source, told())
    outage = Outage.objects.get()
    outage.started_at = POSTED
    record_outage(outage, by=person(), reason="Our graph")
    imported(source, told())
    shown = boss.get(INBOX).content.decode()
    assert "<td>2019-06-25 05:15 UTC</td><td>2019-06-25 04:15 UTC</td>" in shown
    [button] = re.findall(r'value="(theirs:[^"]+)"', shown)
    done = boss.post(INBOX, {"do": button, "why_conflicts": "They are right"}, follow=True)
    assert said(done) == [
        "northrack-x1: Mail is down: outage of mail Mail, “from” is 2019-06-25 04:15 UTC now, "
        "and follows the feed."
    ]
    assert Outage.objects.get().started_at == START
    again = boss.post(INBOX, {"do": button, "why_conflicts": "They are right"}, follow=True)
    assert said(again) == ["What was chosen is not there any more; the page shows what is there now."]


def test_a_proposed_vendor_is_confirmed(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(a_feed("monitor", clock="us"), told())
    incident = Incident.objects.get()
    shown = boss.get(INBOX).content.decode()
    assert "mail Mail is delivered by it" in shown
    vendor: Vendor = mail.contract.vendor
    given = {"do": "vendors", "why_vendors": "It was", f"vendor_{incident.pk}": str(vendor.pk)}
    assert said(boss.post(INBOX, given, follow=True)) == ["1 incident is attributed."]
    incident.refresh_from_db()
    assert incident.vendor == vendor


@pytest.mark.parametrize(("act", "start"), [("accept", START), ("decline", POSTED)])
def test_narrated_times_are_taken_or_left(boss: Client, mail: Service, act: str, start: object) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    narrated = FeedWindow(start=START, end=END, quote="between 04:15 and 05:28 UTC")
    imported(a_feed(vendor=mail.contract.vendor), told(started_at=POSTED, windows=(narrated,)))
    shown = boss.get(INBOX).content.decode()
    assert "between 04:15 and 05:28 UTC" in shown
    assert "73 min instead of 13" in shown
    boss.post(INBOX, {"do": f"{act}:{ProposedWindow.objects.get().pk}", "why_windows": "Their report"})
    assert Outage.objects.get().started_at == start


@pytest.mark.parametrize("key", ["", "x", "999999", "9" * 40])
def test_what_is_gone_is_said(boss: Client, key: str) -> None:
    done = boss.post(INBOX, {"do": f"accept:{key}", "why_windows": "?"}, follow=True)
    assert said(done) == ["What was chosen is not there any more; the page shows what is there now."]


def test_a_letter_is_read_and_dealt_with(boss: Client, mail: Service) -> None:
    source: FeedSource = a_feed(vendor=mail.contract.vendor)
    letter = FeedLetter.objects.create(
        source=source, message_id="<1@x>", subject="Work", received_at=NOW, text="<b>Tonight</b>"
    )
    assert "&lt;b&gt;Tonight&lt;/b&gt;" in boss.get(INBOX).content.decode()
    boss.post(INBOX, {"do": f"letter:{letter.pk}"})
    assert "Tonight" not in boss.get(INBOX).content.decode()


def test_the_page_of_an_incident_shows_its_views_in_utc_and_joins_others(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(a_feed(vendor=mail.contract.vendor), told())
    imported(a_feed("monitor", clock="us"), told(external_id="m7"))
    first, second = Incident.objects.get(source="page"), Incident.objects.get(source="monitor")
    given = {"other": second.reference, "why": "One outage"}
    done = boss.post(f"/admin/incidents/incident/{first.pk}/join/", given, follow=True)
    assert said(done) == [
        f"{first} shows the outages by each clock side by side, as alternatives: Us, Vendor's status page."
    ]
    shown = boss.get(f"/admin/incidents/incident/{first.pk}/change/").content.decode()
    assert "What each feed says of it" in shown
    assert shown.count("2019-06-25 04:15:00") == 2
    record = first.records.get(source__code="monitor")
    boss.post(f"/admin/incidents/incident/{first.pk}/split/{record.pk}/", {"why": "Two after all"})
    assert Incident.objects.count() == 2


def test_two_views_by_one_clock_are_said_to_leave_one_outage(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    for code in ("page", "mirror"):
        imported(a_feed(code, vendor=mail.contract.vendor), told(external_id=code))
    first, second = Incident.objects.get(source="page"), Incident.objects.get(source="mirror")
    given = {"do": f"join:{first.pk}:{second.pk}", "why_twins": "One outage"}
    assert said(boss.post(INBOX, given, follow=True)) == [
        f"{first} keeps its own outages: both go by one clock (Vendor's status page). "
        "What the other feed says stands beside them, and counts nothing."
    ]
    assert Outage.objects.count() == 1


def test_the_page_of_an_old_incident_offers_what_may_be_the_same_outage(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(a_feed(vendor=mail.contract.vendor), told())
    imported(a_feed("monitor", clock="us"), told(external_id="m7"))
    first, second = Incident.objects.get(source="page"), Incident.objects.get(source="monitor")
    assert "Told twice, perhaps" not in boss.get(INBOX).content.decode()
    shown = boss.get(f"/admin/incidents/incident/{first.pk}/change/").content.decode()
    assert "The same outage elsewhere, perhaps" in shown
    assert f'name="other" value="{second.reference}"' in shown


def parts(*names: str) -> tuple[FeedComponent, ...]:
    return tuple(FeedComponent(name=name) for name in names)
