"""Feeds in the admin: a file is shown before it is imported, and the inbox is worked off."""

import json
import re
from collections import Counter
from datetime import timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.admin.feeds.columns import LABELS
from incidents.feeds.formats import FORMATS
from incidents.feeds.values import FeedComponent, FeedWindow
from incidents.models import (
    ComponentRule,
    FeedLetter,
    FeedPoll,
    FeedSource,
    FeedUpload,
    Incident,
    Outage,
    Probe,
    ProposedWindow,
    UnmatchedName,
)
from incidents.services import confirm_outage, record_outage
from incidents.services.feeds.merging import apart
from incidents.services.feeds.reports import ImportRow, Part
from incidents.services.feeds.runs import Outcome
from incidents.services.feeds.tallies import Tally
from incidents.services.feeds.waiting import SEVERAL, FeedsWaiting, waiting_of_feeds
from tests.incidents.feed_rows import END, NOW, POSTED, START, a_feed, imported, told
from tests.incidents.tables import xlsx_of
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


def table(content: bytes, name: str = "list.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def packed(name: str) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as package:
        package.writestr(name, "<a/>")
    return content.getvalue()


CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        ("statuspage", b'{"incidents": [{"id"', "was cut off: it ends in the middle of what line 1 tells."),
        ("statuspage", b'{"incidents": [{"id": "x', "cut off: it ends in the middle of what line 1 tells."),
        (
            "statuspage",
            b"\x89PNG\r\n\x1a\n0000",
            "The file is a picture, not JSON. Choose the format that it is in.",
        ),
        ("statuspage", b"a,b\n1,2\n", "it begins with 'a,b\\n1,2\\n', where a brace or bracket is expected."),
        ("statuspage", b'{"incidents": [nix]}', "line 1, letter 16 cannot be read, at 'nix]}'."),
        ("statuspage", b'{"x": "\xff"}', "byte 8 is no letter of a text in UTF-8."),
        (
            "servicenow",
            b'{"incidents": []}',
            "The file is JSON, not a table. Choose the format that it is in",
        ),
        ("servicenow", CALENDAR, "The file is a calendar (iCalendar), not a table."),
        ("servicenow", b"Received: from mx\nSubject: Work\n\nHi", "The file is a mail, not a table."),
        ("servicenow", b"<html><p>Sign in</p>", "The file is a web page or XML, whatever its name."),
        ("incident_table", b"\x89PNG\r\n\x1a\n0000", "The file is a picture."),
        ("incident_table", packed("word/document.xml"), "The file is a ZIP archive or another document"),
        ("incident_table", b"\n \n.\n", "The file is no table with columns: its first row is “.”."),
        (
            "incident_table",
            b"Mail was down.\nIt is back.\n",
            "its first row is “Mail was down.”. Choose the format",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_said_to_be_so_and_leaves_nothing_behind(
    boss: Client, mail: Service, kind: str, content: bytes, why: str
) -> None:
    given = {"kind": kind, "vendor": mail.contract.vendor_id, "zone": "UTC", "file": table(content, "it")}
    page = chosen(boss, **given)
    shown = page.content.decode()
    assert ("Import a file" in shown, "Which column holds what" in shown) == (True, False)
    assert why in unescape(shown)
    assert not FeedUpload.objects.exists()
    assert not FeedSource.objects.exists()


def test_a_file_that_cannot_be_read_any_more_says_so_where_it_is_listed(boss: Client, mail: Service) -> None:
    source = a_feed("list", kind="incident_table", vendor=mail.contract.vendor, zone="UTC", columns=COLUMNS)
    chosen(boss, source=str(source.pk), kind="", file=table(TABLE))
    upload = FeedUpload.objects.get()
    assert not upload.is_unreadable
    source.columns = {**COLUMNS, "number": "Case"}
    saved(source)
    shown = boss.post(f"/admin/incidents/feedupload/{upload.pk}/try/", follow=True).content.decode()
    assert "Cannot be read" in shown
    assert "No row names the column" in shown
    listed = boss.get("/admin/incidents/feedupload/").content.decode()
    assert "Cannot be read" in listed
    assert "Read, not yet imported" not in listed.partition("result_list")[2].partition("</table>")[0]


def test_a_feed_that_was_made_for_a_file_goes_with_it(boss: Client, mail: Service) -> None:
    chosen(boss, vendor=mail.contract.vendor_id, file=a_file())
    assert FeedSource.objects.get().code == "northrack-statuspage"
    boss.post(f"/admin/incidents/feedupload/{FeedUpload.objects.get().pk}/drop/")
    assert (FeedUpload.objects.count(), FeedSource.objects.count()) == (0, 0)


@pytest.mark.parametrize("use", ["made by hand", "rule", "fetched", "another file"])
def test_a_feed_that_holds_anything_else_stays(boss: Client, mail: Service, use: str) -> None:
    known = a_feed("known", vendor=mail.contract.vendor) if use == "made by hand" else None
    chosen(boss, source=str(known.pk) if known else "new", vendor=mail.contract.vendor_id, file=a_file())
    upload = FeedUpload.objects.get()
    source = upload.source
    if use == "rule":
        saved(ComponentRule(source=source, names="Mail sending", service=mail))
    elif use == "fetched":
        source.url, source.every_minutes = "https://status.example/", 5
        saved(source)
    elif use == "another file":
        chosen(boss, source=str(source.pk), kind="", file=a_file(name="Again"))
    boss.post(f"/admin/incidents/feedupload/{upload.pk}/drop/")
    assert FeedSource.objects.filter(pk=source.pk).exists()


def options_of(page: Any, name: str) -> set[str]:
    form = page.context["adminform"].form if "adminform" in page.context else page.context["form"]
    return {code for code, _ in form.fields[name].choices}


@pytest.mark.parametrize("offered", [(), ("upptime",), ("all",)])
def test_only_formats_that_come_as_files_and_are_switched_on_are_offered(
    boss: Client, settings: Any, offered: tuple[str, ...]
) -> None:
    settings.FEED_FORMATS = offered
    files = options_of(boss.get(CHOOSE), "kind")
    added = options_of(boss.get("/admin/incidents/feedsource/add/"), "kind")
    assert {"maintnote", "notice_mail", "pasted_status"} <= files
    assert files.isdisjoint({"pagerduty", "pingdom", "alertmanager", "probe"})
    assert {"pagerduty", "statuspage"} <= added
    assert "probe" not in added
    assert ("upptime" in files) == ("upptime" in added) == bool(offered)
    assert ("slack_status" in added) == ("all" in offered)


def test_a_feed_of_a_format_that_is_not_offered_keeps_it(boss: Client, settings: Any) -> None:
    settings.FEED_FORMATS = ()
    source = a_feed("log", kind="upptime")
    assert "upptime" in options_of(boss.get(f"/admin/incidents/feedsource/{source.pk}/change/"), "kind")


def test_a_feed_that_comes_by_webhook_only_takes_no_file(boss: Client) -> None:
    source = a_feed("pager", kind="pagerduty")
    assert str(source.pk) not in options_of(boss.get(CHOOSE), "source")
    done = boss.get(f"/admin/incidents/feedsource/{source.pk}/import-a-file", follow=True)
    assert said(done) == ["pager comes by webhook only: its sender sends it to the address below."]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://localhost/x", "localhost is this machine itself"),
        ("https://192.168.1.7/x", "192.168.1.7 is a private address"),
        ("https://169.254.169.254/x", "where a cloud keeps the keys of its machines"),
        ("http://status.example/x", "the address must begin with https://"),
        ("https://anna:pw@status.example/x", "a login stands before its host. Leave the login out."),
        ("https://no host/x", "Enter a valid URL."),
        ("https://status.example:8443/x", "its port must be 443"),
    ],
)
def test_an_address_that_is_never_asked_is_refused_when_it_is_saved(
    boss: Client, mail: Service, url: str, why: str
) -> None:
    page = boss.post("/admin/incidents/feedsource/add/", feed_form(url=url, every_minutes="5"))
    assert "give its address" not in page.content.decode()
    assert why in unescape(page.content.decode())
    assert not FeedSource.objects.exists()
    given = {"code": "p", "name": "p", "url": url, "service": mail.pk, "every_seconds": "300"}
    given |= {"timeout_seconds": "10", "expected_status": "200", "reason": "x"}
    page = boss.post("/admin/incidents/probe/add/", given)
    assert why in unescape(page.content.decode())
    assert not Probe.objects.exists()


def test_an_address_from_before_holds_up_no_other_change(boss: Client) -> None:
    source = a_feed("old", url="https://status.example/")
    FeedSource.objects.filter(pk=source.pk).update(url="https://localhost/")
    given = feed_form(code="old", url="https://localhost/", zone="Europe/Berlin")
    boss.post(f"/admin/incidents/feedsource/{source.pk}/change/", given)
    source.refresh_from_db()
    assert source.zone == "Europe/Berlin"


def test_a_vendors_page_that_cannot_be_fetched_is_no_address_of_its_feed(boss: Client, mail: Service) -> None:
    Vendor.objects.update(status_page_url="https://localhost/status")
    chosen(boss, vendor=mail.contract.vendor_id, file=a_file())
    assert FeedSource.objects.get().url == ""


def feed_form(**fields: Any) -> dict[str, Any]:
    management = {f"{prefix}-{name}": "0" for prefix in RULES for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    empty = {"vendor": "", "clock": "", "zone": "", "every_minutes": "", "signing_secret": ""}
    return {"code": "new", "kind": "statuspage", "reason": "It is read", **empty, **management, **fields}


RULES = ("component_rules", "severity_rules")


def test_a_feed_with_an_address_is_asked_for_and_not_fetched_by_the_page(boss: Client) -> None:
    source = a_feed("page", url="https://status.example/")
    page = f"/admin/incidents/feedsource/{source.pk}/change/"
    assert "Fetch now" in boss.get(page).content.decode()
    done = boss.post(f"/admin/incidents/feedsource/{source.pk}/fetch/", follow=True)
    assert said(done) == ["page is fetched as soon as a worker is free. Look here again."]
    poll = FeedPoll.objects.get()
    assert (poll.fetched_at, poll.asked_at is not None) == (None, True)
    assert "as soon as a worker is free" in done.content.decode()
    assert boss.get(f"/admin/incidents/feedsource/{source.pk}/fetch/").status_code == 405
    other = a_feed("by-hand")
    assert "Fetch now" not in boss.get(f"/admin/incidents/feedsource/{other.pk}/change/").content.decode()


def test_a_code_stands_above_its_page_as_it_is_written(boss: Client) -> None:
    source = a_feed("gh")
    shown = boss.get(f"/admin/incidents/feedsource/{source.pk}/change/").content.decode()
    titles = [name for name in ("gh", "Gh", "Feeds", "feeds") if f'tracking-tight">{name}</a>' in shown]
    assert titles == ["gh", "Feeds"]


def test_who_may_only_look_asks_for_no_fetching(client: Client) -> None:
    source = a_feed("page", url="https://status.example/")
    reader = person("reader", is_staff=True)
    names = ["view_feedsource", "see_all_vendors"]
    reader.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(reader)
    shown = client.get(f"/admin/incidents/feedsource/{source.pk}/change/")
    assert (shown.status_code, "Fetch now" in shown.content.decode()) == (200, False)
    assert client.post(f"/admin/incidents/feedsource/{source.pk}/fetch/").status_code == 403
    assert not FeedPoll.objects.exists()


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
    assert "northrack-statuspage reads times in Europe/Berlin." in shown
    known.refresh_from_db()
    assert (known.zone, FeedUpload.objects.exists()) == ("Europe/Berlin", False)
    page = chosen(boss, **{**given, "zone": "", "file": a_file()})
    assert "northrack-statuspage is of that format already, so this is a file of it." in said(page)[0]
    assert FeedUpload.objects.get().source == known


def test_a_feed_made_for_a_file_that_was_only_looked_at_stands_in_no_ones_way(
    boss: Client, mail: Service
) -> None:
    for zone in ("Europe/Berlin", "UTC"):
        assert said(chosen(boss, vendor=mail.contract.vendor_id, zone=zone, file=a_file())) == []
    assert (FeedSource.objects.get().zone, FeedUpload.objects.count()) == ("UTC", 2)
    for upload in FeedUpload.objects.all():
        boss.post(f"/admin/incidents/feedupload/{upload.pk}/drop/")
    assert FeedSource.objects.count() == 0


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
    refused = boss.post(asked, {**COLUMNS, "option:header": "7"})
    assert said(refused) == ["Row 7 names no columns. Give the number of the row that does."]
    source.refresh_from_db()
    assert source.columns == kept
    again = chosen(boss, source=str(source.pk), kind="", file=SimpleUploadedFile("list.csv", TABLE))
    assert "What would happen" in again.content.decode()


def shown_columns(page: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(column.name, column.examples) for column in page.context["seen"].columns]


BOOK: dict[str, Any] = {
    "About": (("Our tickets", "2019"), ("made by", "Anna")),
    "List": (
        ("Tickets of 2019", ""),
        ("Ticket", "Start", "End", "What"),
        ("A-1", "2019-06-25 04:15", "2019-06-25 05:28", "Mail sending"),
    ),
}


def test_a_table_on_another_sheet_and_row_shows_its_own_columns_before_they_are_mapped(
    boss: Client, mail: Service
) -> None:
    source = a_feed("list", kind="incident_table", vendor=mail.contract.vendor, zone="UTC")
    book = table(xlsx_of(sheets=BOOK), "list.xlsx")
    page = chosen(boss, source=str(source.pk), kind="", file=book)
    assert shown_columns(page) == [("Our tickets", ("made by",)), ("2019", ("Anna",))]
    asked = f"/admin/incidents/feedupload/{FeedUpload.objects.get().pk}/columns/"
    # Whichever button is pressed, columns that nobody saw are shown before they count.
    there = {"option:sheet": "List", "option:header": "2", "seen": page.context["mark"], "do": "go"}
    page = boss.post(asked, there)
    assert shown_columns(page) == [
        ("Ticket", ("A-1",)),
        ("Start", ("2019-06-25 04:15",)),
        ("End", ("2019-06-25 05:28",)),
        ("What", ("Mail sending",)),
    ]
    form = page.context["form"]
    assert (form["number"].value(), form["began"].value(), form["ended"].value()) == (
        "Ticket",
        "Start",
        "End",
    )
    assert (form["option:sheet"].value(), form["option:header"].value()) == ("List", "2")
    source.refresh_from_db()
    assert source.columns == {}
    done = boss.post(asked, {**COLUMNS, **there, "seen": page.context["mark"]}, follow=True)
    assert "What would happen" in done.content.decode()
    source.refresh_from_db()
    assert source.columns == {**COLUMNS, "option:sheet": "List", "option:header": "2"}


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"option:sheet": "2018"}, "The workbook has no sheet '2018'; its sheets are: 'About', 'List'."),
        ({"option:header": "44"}, "Row 44 names no columns. Give the number of the row that does."),
    ],
)
def test_a_sheet_or_row_that_is_not_there_is_said_and_another_can_be_chosen(
    boss: Client, mail: Service, stated: dict[str, str], why: str
) -> None:
    source = a_feed("list", kind="incident_table", vendor=mail.contract.vendor, zone="UTC")
    source.columns = {**COLUMNS, **stated}
    saved(source)
    page = chosen(boss, source=str(source.pk), kind="", file=table(xlsx_of(sheets=BOOK), "list.xlsx"))
    assert why in said(page)
    assert shown_columns(page)[0] == ("Our tickets", ("made by",))


def test_every_option_of_a_table_has_a_name_in_plain_words() -> None:
    options = {name for each in FORMATS.values() if each.table for name in each.table.options}
    assert options <= LABELS.keys()
    assert LABELS.keys() <= options


def test_the_result_says_which_fields_changed_and_from_what(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    source = a_feed("page", vendor=mail.contract.vendor)
    imported(source, told(title="<b>Mail</b>", resolved_at=None, status="investigating"))
    chosen(boss, source=str(source.pk), kind="", file=a_file(resolved_at="2019-06-25T05:28:00Z"))
    upload = FeedUpload.objects.get()
    assert upload.rows[0]["outcome"] == "updated"
    changes = [
        "incident 'title': <b>Mail</b> → Mail is down",
        "incident 'status': Open → Resolved",
        "outage 'came back': empty → 2019-06-25 05:28 UTC",
    ]
    assert [line for line in upload.rows[0]["changes"] if not line.startswith("milestone")] == changes
    shown = boss.get(f"/admin/incidents/feedupload/{upload.pk}/change/").content.decode()
    assert "&lt;b&gt;Mail&lt;/b&gt; → Mail is down" in shown
    assert "<b>Mail</b>" not in shown


def test_the_preview_shows_what_a_text_tells_of_and_the_kind_of_outage(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    body = "Between 04:15 and 05:28 UTC mail was down."
    update = {"body": body, "status": "resolved", "created_at": "2019-06-25T06:00:00Z"}
    file = a_file(started_at="2019-06-25T05:15:00Z", incident_updates=[update])
    chosen(boss, vendor=mail.contract.vendor_id, file=file)
    row = FeedUpload.objects.get().rows[0]
    assert row["windows"] == [
        "the text tells of 2019-06-25 04:15 to 2019-06-25 05:28 UTC: 73 min instead of 13"
    ]
    assert row["kinds"] == ["Outage"]
    assert not ProposedWindow.objects.exists()


def test_many_changes_are_cut_to_a_few_lines() -> None:
    row = ImportRow(external_id="x", title="x", outcome=Outcome.UPDATED, changes=tuple("abcdefghi"))
    tally = Tally()
    tally.add(Part(done=1, total=1, unmatched={}, rows=(row,)))
    assert tally.rows[0]["changes"] == [*"abcdef", "and 3 more"]


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
    assert said(again) == [
        "incidents.json for northrack-statuspage is imported: 1 created.",
        "incidents.json for northrack-statuspage is imported already.",
    ]


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


def test_an_incident_of_a_feed_proposes_the_clock_of_that_feed(boss: Client, mail: Service) -> None:
    imported(a_feed(vendor=mail.contract.vendor), told(started_at=None))
    shown = boss.get(f"/admin/incidents/incident/{Incident.objects.get().pk}/change/").content.decode()
    empty = shown[shown.index('name="outages-__prefix__-measured_by"') :]
    assert re.search(r'value="vendor_status_page"\s+selected', empty[: empty.index("</select>")])


def test_what_does_not_concern_us_asks_for_no_vendor_and_no_start(boss: Client) -> None:
    monitor = a_feed("monitor", clock="us")
    imported(monitor, told(started_at=None))
    shown = boss.get(INBOX).content.decode()
    assert ("Whose failure was it" in shown, "Incidents without a start" in shown) == (True, True)
    name = UnmatchedName.objects.get()
    boss.post(INBOX, {"do": "names", f"service_{name.pk}": "none", "why_names": "Not ours"})
    shown = boss.get(INBOX).content.decode()
    assert ("Whose failure was it" in shown, "Incidents without a start" in shown) == (False, False)
    # A second name that nobody explained asks again.
    imported(monitor, told(started_at=None, components=parts("Mail sending", "DNS")))
    assert "Whose failure was it" in boss.get(INBOX).content.decode()


def test_a_person_says_that_an_incident_does_not_concern_us(boss: Client, mail: Service) -> None:
    imported(a_feed("monitor", clock="us"), told(external_id="m1"), told(external_id="m2"))
    first, second = Incident.objects.order_by("pk")
    given = {"do": "vendors", f"vendor_{first.pk}": "none", f"vendor_{second.pk}": mail.contract.vendor_id}
    assert "Say why" in boss.post(INBOX, {**given, "why_vendors": " "}).content.decode()
    assert list(Incident.objects.unattributed()) == [second, first]
    done = boss.post(INBOX, {**given, "why_vendors": "Another site"}, follow=True)
    assert said(done) == ["1 incident is attributed. 1 incident does not concern us."]
    assert list(Incident.objects.unattributed()) == []
    record = first.records.get()
    assert (record.set_aside_by, record.set_aside_why) == (User.objects.get(username="boss"), "Another site")
    shown = boss.get(f"/admin/incidents/incident/{first.pk}/change/").content.decode()
    assert "Does not concern us, says boss" in shown


@pytest.mark.parametrize(
    ("act", "words"), [("accept", "taken by boss, "), ("decline", "left as posted by boss, ")]
)
def test_the_page_of_an_import_says_what_was_decided_of_narrated_times(
    boss: Client, mail: Service, act: str, words: str
) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    update = {
        "body": "Between 04:15 and 05:28 UTC mail was down.",
        "status": "resolved",
        "created_at": "2019-06-25T06:00:00Z",
    }
    file = a_file(started_at="2019-06-25T05:15:00Z", incident_updates=[update])
    chosen(boss, vendor=mail.contract.vendor_id, file=file)
    upload = FeedUpload.objects.get()
    boss.post(f"/admin/incidents/feedupload/{upload.pk}/go/")
    address = f"/admin/incidents/feedupload/{upload.pk}/change/"
    told_of = "The text tells of 2019-06-25 04:15 to 2019-06-25 05:28 UTC: 73 min instead of 13"
    assert f"{told_of}</p>" in boss.get(address).content.decode()
    window = ProposedWindow.objects.get()
    boss.post(INBOX, {"do": f"{act}:{window.pk}", "why_windows": "As they say"})
    assert f"{told_of} ({words}" in boss.get(address).content.decode()


def test_narrated_times_are_not_offered_where_no_outage_could_take_them(boss: Client, mail: Service) -> None:
    window = FeedWindow(start=START, end=END, quote="as we found out")
    imported(a_feed(vendor=mail.contract.vendor), told(windows=(window,)))
    shown = boss.get(INBOX).content.decode()
    assert "These can be taken once its feed has an outage here" in shown
    assert "Take these" not in shown
    assert "Keep posted" in shown


def test_what_cannot_be_joined_says_why_and_offers_no_button(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    now = timezone.now()
    times = {"started_at": now - timedelta(hours=2), "resolved_at": now - timedelta(hours=1)}
    imported(a_feed(vendor=mail.contract.vendor), told(**times))
    imported(a_feed("monitor", clock="us"), told(external_id="m7", **times))
    mine = Outage.objects.get(measured_by="us")
    confirm_outage(mine, at=now, by=person(), reason="Our graph")
    page, monitor = Incident.objects.get(source="page"), mine.incident
    shown = boss.get(INBOX).content.decode()
    assert f'value="join:{page.pk}:{monitor.pk}"' not in shown
    assert f'value="join:{monitor.pk}:{page.pk}"' in shown
    assert "not possible. A person confirmed or changed the times of" in shown


LONG = "2023-09-20 20:21 UTC investigating: We are looking into reports of slow mail in "


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("short", "", ("short", "empty")),
        (
            LONG + "Europe.",
            LONG + "Asia.",
            ("…reports of slow mail in Europe.", "…reports of slow mail in Asia."),
        ),
        (LONG, LONG + "x" * 70, ("…reports of slow mail in", "…reports of slow mail in " + "x" * 36 + "…")),
        ("a" * 61, "b" * 61, ("a" * 60 + "…", "b" * 60 + "…")),
    ],
)
def test_long_texts_are_shown_where_they_differ(one: str, other: str, shown: tuple[str, str]) -> None:
    assert apart(one, other) == shown


def test_a_joined_incident_is_found_by_its_old_reference_and_address(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(a_feed(vendor=mail.contract.vendor), told())
    imported(a_feed("monitor", clock="us"), told(external_id="m7", title="mail: down"))
    first, second = Incident.objects.get(source="page"), Incident.objects.get(source="monitor")
    old, listed = f"/admin/incidents/incident/{second.pk}/change/", "/admin/incidents/incident/"
    given = {"other": second.reference, "why": "One outage"}
    boss.post(f"/admin/incidents/incident/{first.pk}/join/", given)
    found = boss.get(listed, {"q": second.reference}).context["cl"].result_list
    assert [row.reference for row in found] == [first.reference]
    assert list(boss.get(listed, {"q": "monitor-m8"}).context["cl"].result_list) == []
    led = boss.get(old, follow=True)
    assert led.redirect_chain == [(f"/admin/incidents/incident/{first.pk}/change/", 302)]
    assert said(led) == [f"The incident of this address was joined to {first}."]


def test_the_history_of_an_incident_lists_what_became_of_its_outages(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(a_feed(vendor=mail.contract.vendor), told())
    outage = Outage.objects.get()
    outage.started_at = POSTED
    record_outage(outage, by=person(), reason="Our graph")
    shown = boss.get(f"/admin/incidents/incident/{outage.incident_id}/history/").content.decode()
    assert "From: 2019-06-25 04:15 UTC → 2019-06-25 05:15 UTC" in shown
    assert "Our graph" in shown
    assert "From: 2019-06-25 04:15 UTC</p>" in shown


def test_the_zone_stands_beside_the_times_of_an_incident(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(a_feed(vendor=mail.contract.vendor), told())
    address = f"/admin/incidents/incident/{Incident.objects.get().pk}/change/"
    assert f"From ({mail.contract.zone})" in boss.get(address).content.decode()
    assert "From (UTC)" in boss.get(address, {"times_in": "UTC"}).content.decode()


def parts(*names: str) -> tuple[FeedComponent, ...]:
    return tuple(FeedComponent(name=name) for name in names)


def test_what_waits_is_counted_alike_at_home_in_the_list_and_the_inbox(boss: Client, mail: Service) -> None:
    saved(ServiceAlias(service=mail, name="Search"))
    vendor = mail.contract.vendor
    imported(a_feed(vendor=vendor), told(severity="P1", components=parts("Mail sending"), started_at=None))
    other = a_feed(vendor=vendor, code="other")
    imported(other, told(external_id="y1", components=parts("Search"), started_at=None))
    home = boss.get("/admin/").content.decode()
    assert "<strong>4</strong> wait in the inbox of feeds" in home
    assert INBOX in home
    listed = boss.get("/admin/incidents/feedsource/").content.decode()
    assert "1 name, 1 missing start, 1 word for severity" in listed
    assert ">1 missing start<" in re.sub(r">\s+|\s+<", lambda found: found[0].strip(), listed)
    counts = boss.get(INBOX).context["counts"]
    assert sum(count for _, _, count in counts) == 4
    incidents = boss.get("/admin/incidents/incident/").content.decode()
    assert "A start" in incidents
    assert "needs a start" in home


def test_what_waits_of_a_feed_is_told_as_one_or_as_several() -> None:
    one = dict.fromkeys(SEVERAL, 1)
    waiting = FeedsWaiting(by_feed={"one": Counter(one), "two": Counter(dict.fromkeys(SEVERAL, 2))}, twice=0)
    assert waiting.told("one") == (
        "1 name, 1 missing start, 1 incident of nobody yet, 1 time told in a text, 1 time to confirm,"
        " 1 letter, 1 word for severity, 1 difference"
    )
    assert waiting.told("two") == (
        "2 names, 2 missing starts, 2 incidents of nobody yet, 2 times told in a text, 2 times to confirm,"
        " 2 letters, 2 words for severity, 2 differences"
    )
    assert waiting.told("none") == ""


def test_counting_what_waits_takes_as_many_queries_for_many_feeds(mail: Service) -> None:
    reader = User.objects.create_superuser("boss")
    imported(a_feed(vendor=mail.contract.vendor), told(severity="P1"))
    with CaptureQueriesContext(connection) as one:
        assert waiting_of_feeds(reader, now=NOW).count == 2
    for number in range(5):
        imported(a_feed(vendor=mail.contract.vendor, code=f"feed-{number}"), told(severity="P1"))
    with CaptureQueriesContext(connection) as six:
        assert waiting_of_feeds(reader, now=NOW).count == 12
    assert len(six) == len(one)


def test_a_renamed_sheet_is_told_once_and_the_table_found_on_another(boss: Client, mail: Service) -> None:
    columns = {**COLUMNS, "option:sheet": "List"}
    source = a_feed("list", kind="incident_table", zone="UTC", vendor=mail.contract.vendor, columns=columns)
    rows = tuple(tuple(line.split(",")) for line in TABLE.decode().splitlines())
    content = xlsx_of(sheets={"Cover": (("Tickets",),), "Log": rows})
    page = chosen(boss, source=str(source.pk), kind="", file=table(content, "list.xlsx"))
    assert said(page) == ["The workbook has no sheet 'List'; its sheets are: 'Cover', 'Log'."]
    assert [column.name for column in page.context["seen"].columns] == ["Ticket", "Start", "End", "What"]


BROKEN_EVENT = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("statuspage", b'{"incidents": []}', "The file holds nothing that is read here: no incident"),
        ("maintnote", BROKEN_EVENT, "None of what the file holds can be used: see below."),
    ],
)
def test_of_a_file_that_holds_nothing_no_import_is_offered(
    boss: Client, mail: Service, kind: str, content: bytes, words: str
) -> None:
    page = chosen(boss, kind=kind, vendor=mail.contract.vendor_id, file=table(content, "it"))
    shown = page.content.decode()
    assert (words in shown, 'rc-primary">Import' in shown) == (True, False)
    upload = FeedUpload.objects.get()
    done = boss.post(f"/admin/incidents/feedupload/{upload.pk}/go/", follow=True)
    assert said(done) == [f"it for northrack-{kind} holds nothing that could be imported."]
    upload.refresh_from_db()
    assert upload.state == "shown"


LETTER = (
    b"From: noc@carrier.example\r\nSubject: Works in June\r\nDate: Tue, 25 Jun 2019 04:15:00 +0000\r\n"
    b"Message-ID: <1@carrier.example>\r\n\r\nDear customer,\r\n\r\nwe will work on your line.\r\n"
)


def test_a_mail_that_no_reader_understands_is_shown_as_the_letter_that_it_will_be(
    boss: Client, mail: Service
) -> None:
    given = {"kind": "notice_mail", "vendor": mail.contract.vendor_id, "file": table(LETTER, "it.eml")}
    shown = " ".join(chosen(boss, **given).content.decode().split())
    for words in (
        "<td>From</td><td>noc@carrier.example</td>",
        "<td>Subject</td><td>Works in June</td>",
        "<td>Date (UTC)</td><td>2019-06-25 04:15</td>",
        "Dear customer,<br>we will work on your line.",
        "A letter is a mail that no reader understands. After the import it waits in the",
        "No parser of vendors&#x27; mails is set up here.",
    ):
        assert words in shown
    upload = FeedUpload.objects.get()
    done = boss.post(f"/admin/incidents/feedupload/{upload.pk}/go/", follow=True)
    assert said(done) == ["it.eml for northrack-notice-mail is imported: 1 letter."]
    assert FeedLetter.objects.get().subject == "Works in June"


def test_the_side_filter_lists_the_formats_of_the_feeds_that_there_are(boss: Client) -> None:
    a_feed("a", kind="pagerduty")
    a_feed("b")
    listed = boss.get("/admin/incidents/feedsource/?kind=pagerduty")
    found = listed.context["cl"]
    assert [row.code for row in found.result_list] == ["a"]
    (kinds,) = [spec for spec in found.filter_specs if spec.title == "format"]
    assert [code for code, _ in kinds.lookup_choices] == ["pagerduty", "statuspage"]


def test_the_history_of_a_feed_tells_that_its_secret_changed_and_not_the_secret(client: Client) -> None:
    feed = saved(
        FeedSource(code="hook", kind="statuspage", url="https://a.example/", signing_secret="whisper")
    )
    feed.signing_secret, feed.every_minutes = "shout", 30
    saved(feed)
    auditor = User.objects.create_user("otto", is_staff=True)
    named = ("view_feedsource", "see_all_vendors")
    auditor.user_permissions.set(Permission.objects.filter(codename__in=named))
    client.force_login(auditor)

    past = f"/admin/incidents/feedsource/{feed.pk}/history/"
    pages = [client.get(past), *(client.get(f"{past}{row.pk}/") for row in feed.history.all())]
    seen = [page.content.decode() for page in pages]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert "not shown" in seen[0]
    assert not any(secret in page for secret in ("whisper", "shout") for page in seen)
