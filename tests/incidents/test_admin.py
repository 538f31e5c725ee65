"""The pages of incidents: what they ask, save, refuse and show."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.models import (
    Delivery,
    FeedSource,
    Impact,
    Incident,
    MaintenanceWindow,
    Milestone,
    Outage,
    Position,
    ReportedFigure,
    Sample,
    SourceWatch,
)
from tests.incidents.rows import (
    a_milestone,
    a_position,
    a_power_feed,
    a_watch,
    a_window,
    an_incident,
    an_outage,
    at,
    kept,
)
from tests.vendors.rows import a_contract, a_service, a_vendor, person
from vendors.models import Service, Tracked, Vendor

pytestmark = pytest.mark.django_db

PAGES = [
    "incident",
    "outage",
    "position",
    "maintenancewindow",
    "sample",
    "reportedfigure",
    "delivery",
    "feedsource",
    "sourcewatch",
]
INLINES = ["outages", "positions", "milestones", "clock_stops", "impacts"]


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def address(name: str, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:incidents_{name}_{page}", args=args)


def a_shared_service() -> Service:
    return Service.objects.filter(code="power-a").first() or a_power_feed()


def a_row(name: str, *, number: int = 0) -> Tracked:
    service = a_shared_service()
    incident = an_incident(f"INC-{number}", vendor=service.contract.vendor)
    day = at(f"2019-06-{number % 28 + 1:02d} 04:15")
    makers: dict[str, Any] = {
        "incident": lambda: an_outage(incident, service, started_at=day).incident,
        "outage": lambda: an_outage(incident, service, started_at=day),
        "position": lambda: a_position(incident, outage=an_outage(incident, service), party="vendors"),
        "maintenancewindow": lambda: a_window(service, reference=f"CHG-{number}"),
        "sample": lambda: kept(Sample(service=service, metric="latency_ms", at=day, value=number)),
        "reportedfigure": lambda: kept(
            ReportedFigure(
                contract=service.contract,
                figure=f"uptime-{number}",
                period_label="2019-06",
                period_from=at("2019-06-01 00:00").date(),
                period_until=at("2019-07-01 00:00").date(),
                reported_by="vendor",
                value=number,
            )
        ),
        "delivery": lambda: kept(Delivery(contract=service.contract, obligation="rca", incident=incident)),
        "feedsource": lambda: kept(
            FeedSource(code=f"feed-{number}", kind="statuspage", vendor=service.contract.vendor)
        ),
        "sourcewatch": lambda: a_watch(service, source=f"probe {number}"),
    }
    return makers[name]()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_empty_and_filled(boss: Client, name: str) -> None:
    assert boss.get(address(name, "add")).status_code == 200
    row = a_row(name)
    for page in (
        address(name),
        address(name) + "?q=power",
        address(name, "change", row.pk),
        address(name, "history", row.pk),
    ):
        assert boss.get(page).status_code == 200, page


def queries_of(client: Client, page: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(page).status_code == 200
    return len(caught)


@pytest.mark.parametrize("name", PAGES)
def test_a_list_of_twenty_asks_no_more_queries_than_a_list_of_one(boss: Client, name: str) -> None:
    a_row(name)
    queries_of(boss, address(name))
    one = queries_of(boss, address(name))
    for number in range(1, 20):
        a_row(name, number=number)
    assert queries_of(boss, address(name)) == one


def empty_inlines() -> dict[str, Any]:
    return {
        f"{prefix}-{name}": value
        for prefix in INLINES
        for name, value in (("TOTAL_FORMS", 0), ("INITIAL_FORMS", 0))
    }


def an_entry(service: Service, **fields: Any) -> dict[str, Any]:
    return {
        **empty_inlines(),
        "times_in": "America/Los_Angeles",
        "title": "Power lost at the data center",
        "vendor": service.contract.vendor_id,
        "status": "open",
        "reason": "phone call of the night shift",
        "outages-TOTAL_FORMS": 1,
        "outages-0-service": service.pk,
        "outages-0-kind": "outage",
        "outages-0-started_at": "2019-06-25 04:15",
        "outages-0-ended_at": "2019-06-25 05:28",
        "outages-0-measured_by": "vendor_ticket",
        **fields,
    }


def errors_of(response: Any) -> list[str]:
    """Give every error text of the page and its inlines."""
    forms = [response.context["adminform"].form]
    forms += [form for inline in response.context["inline_admin_formsets"] for form in inline.formset.forms]
    return [text for form in forms for texts in form.errors.values() for text in texts]


def test_one_page_records_the_incident_in_the_contracts_own_time(boss: Client) -> None:
    service = a_power_feed()
    response = boss.post(address("incident", "add"), an_entry(service))
    assert response.status_code == 302
    incident, outage = Incident.objects.get(), Outage.objects.get()
    assert (incident.reference, incident.vendor) == ("INC-00001", service.contract.vendor)
    assert (outage.started_at, outage.ended_at) == (at("2019-06-25 11:15"), at("2019-06-25 12:28"))
    assert outage.measured_by == "vendor_ticket"
    entry = outage.history.get()
    assert (entry.history_user.username, entry.history_change_reason) == (
        "boss",
        "phone call of the night shift",
    )


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (
            {"outages-0-started_at": "2019-03-10 02:30"},
            "2019-03-10 02:30 never happened in America/Los_Angeles: the clocks went forward. "
            "Write 2019-03-10 01:30-08:00 or 2019-03-10 03:30-07:00.",
        ),
        (
            {"outages-0-started_at": "2019-11-03 01:30"},
            "2019-11-03 01:30 happened twice in America/Los_Angeles: the clocks went back. "
            "Write 2019-11-03 01:30-07:00 or 2019-11-03 01:30-08:00.",
        ),
        (
            {"times_in": "Mars/Olympus"},
            "'Mars/Olympus' is not a time zone. Use a name such as America/New_York, "
            "or a fixed offset such as UTC-05:00.",
        ),
        ({"times_in": ""}, "This field is required."),
        ({"reason": " "}, "This field is required."),
        ({"outages-0-affected_numerator": "600", "outages-0-affected_denominator": "500"}, "The share needs"),
        ({"outages-0-started_at": "yesterday"}, "'yesterday' is not a date and time."),
        (
            {"outages-0-started_at": "2019-06-25 10:00", "outages-0-ended_at": "2019-06-25 08:00"},
            "It came back before it began. Correct one of the two times.",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(
    boss: Client, fields: dict[str, Any], error: str
) -> None:
    response = boss.post(address("incident", "add"), an_entry(a_power_feed(), **fields))
    assert response.status_code == 200
    assert [text for text in errors_of(response) if text.startswith(error)]
    assert (Incident.objects.count(), Outage.objects.count()) == (0, 0)


class Inputs(HTMLParser):
    """Collect what the form on a page would post if it were saved as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.posted: dict[str, str] = {}
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.posted[name] = value
        elif tag in {"textarea", "select"}:
            self.inside, self.posted[name] = name, ""
        elif tag == "option" and "selected" in given:
            self.posted[self.inside] = value

    def handle_endtag(self, tag: str) -> None:
        if tag in {"textarea", "select"}:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside and (self.get_starttag_text() or "").startswith("<textarea"):
            self.posted[self.inside] += data


def test_a_page_saved_as_it_stands_changes_nothing_in_whatever_zone_it_is_read(boss: Client) -> None:
    incident = an_incident(vendor=a_shared_service().contract.vendor)
    an_outage(
        incident, a_shared_service(), started_at=at("2019-11-03 08:30"), ended_at=at("2019-11-03 09:30")
    )
    a_milestone(incident, "reported", "2019-06-25 04:20:07")
    before = list(Outage.objects.values()), list(Milestone.objects.values())
    for query in ("", "?times_in=UTC", "?times_in=Europe/Berlin"):
        page = address("incident", "change", incident.pk) + query
        posted = Inputs(boss.get(page).content.decode()).posted | {"reason": "looked only"}
        assert posted["times_in"] == (query.removeprefix("?times_in=") or "America/Los_Angeles")
        assert boss.post(page, posted).status_code == 302
    assert before == (list(Outage.objects.values()), list(Milestone.objects.values()))
    assert (Outage.history.count(), Milestone.history.count(), Incident.history.count()) == (1, 1, 1)


def test_a_page_shows_its_times_in_the_contracts_zone_and_says_so(boss: Client) -> None:
    outage = an_outage(an_incident(), a_power_feed())
    page = boss.get(address("outage", "change", outage.pk)).content.decode()
    assert 'value="America/Los_Angeles"' in page
    assert 'value="2019-06-24 21:15"' in page
    assert '<a href="?times_in=UTC">UTC</a>' in page
    page = boss.get(address("outage", "change", outage.pk) + "?times_in=UTC").content.decode()
    assert 'value="2019-06-25 04:15"' in page


def test_the_first_question_is_what_was_not_delivered(boss: Client) -> None:
    page = boss.get(address("incident", "add")).content.decode()
    assert "What did the vendor fail to deliver, and when did that come back?" in page
    places = [page.index(mark) for mark in ('id="outages-group"', 'name="title"', 'id="impacts-group"')]
    assert places == sorted(places)


def test_statements_moments_waiting_and_losses_are_kept_from_the_same_page(boss: Client) -> None:
    service = a_power_feed()
    fields = {
        "positions-TOTAL_FORMS": 1,
        "positions-0-party": "vendors",
        "positions-0-about": "responsibility",
        "positions-0-responsible": "us",
        "positions-0-stated_by": "Their account manager",
        "positions-0-stated_at": "2019-06-26 10:00",
        "milestones-TOTAL_FORMS": 1,
        "milestones-0-kind": "reported",
        "milestones-0-at": "2019-06-25 04:20",
        "clock_stops-TOTAL_FORMS": 1,
        "clock_stops-0-stopped_at": "2019-06-25 04:30",
        "clock_stops-0-resumed_at": "2019-06-25 04:50",
        "clock_stops-0-reason": "no_access",
        "impacts-TOTAL_FORMS": 1,
        "impacts-0-what_we_lost": "Card payments",
        "impacts-0-started_at": "2019-06-25 05:15",
        "impacts-0-cost": "1250.50",
        "impacts-0-currency": "USD",
    }
    response = boss.post(address("incident", "add"), an_entry(service, **fields))
    assert response.status_code == 302, errors_of(response)
    assert Position.objects.get().stated_at == at("2019-06-26 17:00")
    assert Milestone.objects.get().at == at("2019-06-25 11:20")
    assert Incident.objects.get().clock_stops.get().resumed_at == at("2019-06-25 11:50")
    assert (Impact.objects.get().cost_minor, Impact.objects.get().currency) == (125_050, "USD")


@pytest.mark.parametrize(
    ("cost", "currency", "error"),
    [
        ("12.345", "USD", "12.345 has more decimals than USD knows (2). Round it as the invoice does."),
        ("12", "", "'' is not a currency code."),
        ("12", "XYZ", "'XYZ' is not a currency code."),
    ],
)
def test_a_loss_that_is_no_amount_is_refused(boss: Client, cost: str, currency: str, error: str) -> None:
    fields = {
        "impacts-TOTAL_FORMS": 1,
        "impacts-0-what_we_lost": "Card payments",
        "impacts-0-started_at": "2019-06-25 05:15",
        "impacts-0-cost": cost,
        "impacts-0-currency": currency,
    }
    response = boss.post(address("incident", "add"), an_entry(a_power_feed(), **fields))
    assert [text for text in errors_of(response) if text.startswith(error)]
    assert (Incident.objects.count(), Impact.objects.count()) == (0, 0)


def test_a_contested_incident_says_so_in_list_and_page(boss: Client) -> None:
    incident = an_incident()
    a_position(incident, party="vendors", responsible="us", stated_by="NOC", why="your breaker")
    other = an_incident("INC-2")
    listed = boss.get(address("incident") + "?needs=contested").context["cl"].result_list
    assert list(listed) == [incident]
    page = boss.get(address("incident", "change", incident.pk)).content.decode()
    assert "NOC: we are responsible. your breaker" in page
    assert other not in listed


@pytest.mark.parametrize(
    ("wanted", "reference"),
    [("vendor", "INC-NOBODY"), ("times", "INC-TIMES"), ("out", "INC-OUT"), ("contested", "INC-CONTESTED")],
)
def test_the_list_finds_what_needs_attention(boss: Client, wanted: str, reference: str) -> None:
    service = a_power_feed()
    vendor = service.contract.vendor
    an_incident("INC-NOBODY")
    an_outage(an_incident("INC-TIMES", vendor=vendor), service, ended_at=at("2019-06-25 04:00"))
    an_outage(an_incident("INC-OUT", vendor=vendor), service, ended_at=None)
    a_position(an_incident("INC-CONTESTED", vendor=vendor), party="vendors", responsible="us")
    found = boss.get(address("incident") + f"?needs={wanted}").context["cl"].result_list
    assert [incident.reference for incident in found] == [reference]


def act(client: Client, name: str, action: str, rows: list[Any], **fields: Any) -> list[str]:
    response = client.post(
        address(name), {"action": action, "_selected_action": [row.pk for row in rows], **fields}, follow=True
    )
    return [str(message) for message in response.context["messages"]]


def test_several_incidents_are_attributed_at_once(boss: Client) -> None:
    vendor = a_vendor()
    rows = [an_incident("INC-1"), an_incident("INC-2", vendor=vendor)]
    told = act(boss, "incident", "attribute_to_vendor", rows, vendor=vendor.pk, reason="their UPS")
    assert told == ["1 attributed to Northrack."]
    assert {incident.vendor for incident in Incident.objects.all()} == {vendor}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": "their UPS"}, "Choose the vendor beside the action."),
        ({"vendor": "1; drop", "reason": "x"}, "Choose the vendor beside the action."),
        ({"vendor": "own"}, "Say why: every change keeps a reason. Fill in the reason."),
    ],
)
def test_attributing_without_vendor_or_reason_changes_nothing(
    boss: Client, fields: dict[str, Any], told: str
) -> None:
    vendor = a_vendor()
    incident = an_incident()
    fields = {name: vendor.pk if value == "own" else value for name, value in fields.items()}
    assert act(boss, "incident", "attribute_to_vendor", [incident], **fields) == [told]
    assert Incident.objects.get().vendor is None


def test_confirming_in_bulk_tells_which_could_not_be(boss: Client) -> None:
    incident, service = an_incident(), a_power_feed()
    good = an_outage(incident, service)
    still = an_outage(incident, service, ended_at=None)
    told = act(boss, "outage", "confirm", [good, still], reason="graphs of June")
    assert told == ["1 confirmed.", f"{still}. Enter when the service came back, then confirm."]
    good.refresh_from_db()
    still.refresh_from_db()
    assert (good.confirmed_by.username if good.confirmed_by else "", still.confirmed_at) == ("boss", None)


def test_the_outages_of_chosen_incidents_are_confirmed_and_the_incident_resolved(boss: Client) -> None:
    incident = an_incident()
    an_outage(incident, a_power_feed())
    assert act(boss, "incident", "confirm_outages", [incident], reason="graphs") == ["1 outages confirmed."]
    assert act(boss, "incident", "resolve", [incident], reason="all back") == ["1 resolved."]
    assert (Outage.objects.get().confirmed_at is None, Incident.objects.get().status) == (False, "resolved")


def test_withdrawing_leaves_the_outage_to_be_read_only(boss: Client) -> None:
    outage = an_outage(an_incident(), a_power_feed())
    assert act(boss, "outage", "withdraw", [outage], reason="probe was broken") == ["1 withdrawn."]
    page = address("outage", "change", outage.pk)
    assert boss.get(page).status_code == 200
    assert boss.post(page, {"started_at": "2019-06-01 00:00", "reason": "x"}).status_code == 403
    assert Outage.objects.get().started_at == at("2019-06-25 04:15")


def test_a_statement_is_agreed_or_decided_from_the_list_and_never_reworded(boss: Client) -> None:
    said = a_position(an_incident(), party="vendors", responsible="us")
    assert act(boss, "position", "agree", [said], reason="call") == ["1 agreed."]
    told = act(boss, "position", "decide", [said], reason="ruling")
    assert told == ["A decision needs the clause under which it was made, e.g. 'Exhibit B, 4.2'."]
    assert act(boss, "position", "decide", [said], reason="ruling", clause="4.2") == ["1 decided."]
    assert [row.party for row in Position.objects.order_by("pk")] == ["vendors", "agreed", "determined"]
    page = address("position", "change", said.pk)
    assert boss.post(page, {"responsible": "vendor", "reason": "x"}).status_code == 403
    assert Position.objects.get(pk=said.pk).responsible == "us"


def test_work_is_cancelled_and_quiet_confirmed_from_their_lists(boss: Client) -> None:
    service = a_power_feed()
    window, watch = a_window(service), a_watch(service)
    assert act(boss, "maintenancewindow", "cancel", [window], reason="their mail") == ["1 cancelled."]
    assert act(boss, "sourcewatch", "confirm", [watch], reason="month end") == ["1 confirmed."]
    assert MaintenanceWindow.objects.get().cancelled_at is not None
    confirmed = SourceWatch.objects.get()
    assert confirmed.confirmed_by == User.objects.get(username="boss")
    assert confirmed.confirmed_through == confirmed.confirmed_at


def test_a_notice_and_its_services_are_kept_from_one_page(boss: Client) -> None:
    service = a_power_feed()
    fields = {
        "times_in": "UTC",
        "vendor": service.contract.vendor_id,
        "reference": "CHG-9",
        "starts_at": "2019-06-10 01:00",
        "ends_at": "2019-06-10 03:00",
        "noticed_at": "2019-06-07 01:00",
        "reason": "their mail",
        "services-TOTAL_FORMS": 1,
        "services-INITIAL_FORMS": 0,
        "services-0-service": service.pk,
    }
    response = boss.post(address("maintenancewindow", "add"), fields)
    assert response.status_code == 302, errors_of(response)
    window = MaintenanceWindow.objects.get()
    assert (window.starts_at, window.services.get().service) == (at("2019-06-10 01:00"), service)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_can_be_deleted_here(boss: Client, name: str) -> None:
    row = a_row(name)
    assert boss.post(address(name, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.fixture
def maria(client: Client) -> Client:
    user = person()
    wanted = Permission.objects.filter(content_type__app_label__in=["vendors", "incidents"])
    user.user_permissions.set(wanted.exclude(codename="see_all_vendors"))
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", PAGES)
def test_a_row_of_a_foreign_vendor_is_neither_listed_nor_opened(maria: Client, name: str) -> None:
    row = a_row(name)
    assert list(maria.get(address(name)).context["cl"].result_list) == []
    assert maria.get(address(name, "change", row.pk)).status_code == 302
    vendor = Vendor.objects.get()
    vendor.owner = person()
    kept(vendor)
    assert list(maria.get(address(name)).context["cl"].result_list) == [row]
    assert maria.get(address(name, "change", row.pk)).status_code == 200


def test_a_foreign_service_or_vendor_cannot_be_chosen(maria: Client) -> None:
    own = a_power_feed(vendor=a_vendor("own", owner=person()))
    foreign = a_service(a_contract("OT-1", vendor=a_vendor("other")))
    response = maria.post(address("incident", "add"), an_entry(own, **{"outages-0-service": foreign.pk}))
    assert errors_of(response) == ["Select a valid choice. That choice is not one of the available choices."]
    incident = an_incident(vendor=own.contract.vendor)
    told = act(
        maria, "incident", "attribute_to_vendor", [incident], vendor=foreign.contract.vendor_id, reason="x"
    )
    assert told == ["Choose the vendor beside the action."]
    form = maria.get(address("incident")).context["action_form"]
    assert [label for _, label in form.fields["vendor"].widget.choices] == ["Vendor…", "Own"]
    assert Incident.objects.get().vendor == own.contract.vendor


def test_who_may_only_look_sees_the_page_without_a_reason_to_give(client: Client) -> None:
    user = person("auditor")
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    user.user_permissions.add(Permission.objects.get(codename="see_all_vendors"))
    client.force_login(user)
    outage = an_outage(an_incident(), a_power_feed())
    for name, row in (("outage", outage), ("incident", outage.incident)):
        page = client.get(address(name, "change", row.pk))
        assert (page.status_code, 'name="reason"' in page.content.decode()) == (200, False)


def test_the_admins_labels_use_the_readers_words(boss: Client) -> None:
    incident = an_incident()
    page = boss.get(address("incident", "change", incident.pk)).content.decode().lower()
    for word in ("clock stop", "position", "attribution", "disputed"):
        assert f">{word}" not in page
    for word in ("who is responsible", "waiting on us", "contested"):
        assert word in page
