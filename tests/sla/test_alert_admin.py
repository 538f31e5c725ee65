"""Warnings on the screen: standing ones first, to whom they were told, taking them on; and the rules."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.models import Alert, AlertPolicy
from sla.services.alerts.acknowledging import acknowledge_alert
from sla.services.alerts.raising import raise_found
from sla.services.alerts.telling import tell_reader
from sla.services.alerts.waiting import waiting_warnings
from tests.builders import REASON, a_contract, a_vendor, at, person
from tests.sla.alert_builders import a_boss, a_found, an_owner, rules
from vendors.models import Vendor

pytestmark = pytest.mark.django_db

NOW = at("2019-07-01 08:00")
DAY = timedelta(days=1)
LIST = "admin:sla_alert_changelist"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(a_boss())
    return client


def raised(*found: Any) -> list[Alert]:
    raise_found(list(found), standing=list(Alert.objects.standing()), now=NOW)
    return list(Alert.objects.order_by("pk"))


def a_manager(name: str = "olga", *permissions: str) -> Any:
    """Return somebody who owns Northrack and may see, and where named acknowledge, warnings."""
    vendor = Vendor.objects.filter(slug="northrack").first() or a_vendor()
    owner = an_owner(vendor, name)
    for code in ("view_alert", *permissions):
        owner.user_permissions.add(Permission.objects.get(codename=code, content_type__app_label="sla"))
    return owner


def page_of(client: Client, name: str, *args: Any, **query: Any) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def listed(client: Client, **query: Any) -> list[str]:
    """Return the subjects on the list, in its order."""
    return re.findall(r"Warning (\w+)<br>", page_of(client, LIST, **query))


def test_the_list_has_standing_ones_first_overdue_and_nearest_on_top(boss: Client) -> None:
    raised(a_found("gone"))
    raised(
        a_found("later", due_at=NOW + 9 * DAY),
        a_found("undated"),
        a_found("over", due_at=NOW - DAY),
        a_found("rich", due_at=NOW + 9 * DAY, currency="USD", amount_minor=1),
    )
    assert listed(boss) == ["over", "rich", "later", "undated", "gone"]


def test_a_row_says_by_when_how_much_how_bad_since_when_and_by_whom_it_is_acknowledged(boss: Client) -> None:
    vendor = a_vendor()
    [alert] = raised(
        a_found(
            "1",
            rank=2,
            vendor_id=vendor.pk,
            currency="USD",
            amount_minor=1_200_00,
            due_at=NOW + DAY,
            due_words="2019-07-02",
        )
    )
    acknowledge_alert(alert, by=person("olga"), note="the letter goes out today", now=NOW)
    page = page_of(boss, LIST)
    for said in (
        "Northrack · Incident left open",
        "2019-07-02",
        "USD 1,200.00",
        "Serious",
        "2019-07-01",
        "olga",
        "the letter goes out today",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ({"state": "standing"}, ["open", "mine"]),
        ({"state": "open"}, ["open"]),
        ({"state": "acknowledged"}, ["mine"]),
        ({"state": "cleared"}, ["gone"]),
        ({"kind__exact": "level"}, ["open"]),
        ({"vendor": "northrack"}, ["mine"]),
    ],
)
def test_the_list_is_filtered_by_state_kind_and_vendor(
    boss: Client, query: dict[str, str], subjects: list[str]
) -> None:
    raised(a_found("gone"))
    rows = raised(
        a_found("open", kind=Alert.Kind.LEVEL, due_at=NOW), a_found("mine", vendor_id=a_vendor().pk)
    )
    acknowledge_alert(rows[-1], by=person("olga"), note="", now=NOW)
    assert listed(boss, **query) == subjects


def test_a_row_leads_to_where_it_is_dealt_with(boss: Client) -> None:
    contract = a_contract()
    raised(a_found("1", contract_id=contract.pk), a_found("2", kind=Alert.Kind.SILENT))
    page = page_of(boss, LIST)
    assert reverse("admin:vendors_contract_change", args=[contract.pk]) in page
    assert reverse("admin:incidents_sourcewatch_changelist") in page


def test_a_manager_sees_the_warnings_of_their_own_vendors_only(client: Client) -> None:
    owner = a_manager()
    mine, theirs, nobodys = raised(
        a_found("mine", vendor_id=owner.owned_vendors.get().pk),
        a_found("theirs", vendor_id=a_vendor("southrack").pk),
        a_found("nobodys"),
    )
    client.force_login(owner)
    assert listed(client) == ["mine"]
    assert client.get(reverse("admin:sla_alert_change", args=[mine.pk])).status_code == 200
    for alert in (theirs, nobodys):
        assert client.get(reverse("admin:sla_alert_change", args=[alert.pk])).status_code == 302


def test_the_page_of_one_tells_to_whom_it_was_told_and_when_and_with_which_message(boss: Client) -> None:
    owner = a_manager()
    vendor = owner.owned_vendors.get()
    raised(a_found("1", vendor_id=vendor.pk, detail="First line.\nSecond line."))
    tell_reader(owner.pk, slot="1", origin="", now=NOW)
    raise_found(
        [a_found("1", rank=2, vendor_id=vendor.pk)],
        standing=list(Alert.objects.standing()),
        now=NOW + DAY,
    )
    tell_reader(owner.pk, slot="2", origin="", now=NOW + DAY)
    page = page_of(boss, "admin:sla_alert_change", Alert.objects.get().pk)
    told = page.split('id="told"')[1]
    assert re.findall(r"2019-07-0\d 08:00|Early<|Serious<", told) == [
        "2019-07-02 08:00",
        "Serious<",
        "2019-07-01 08:00",
        "Early<",
    ]
    assert "Serious: Northrack: Warning 1" in told
    assert "olga@ours.example" in page
    assert "as bad as this since 2019-07-02 08:00" in page


def test_a_reader_without_an_address_is_named_on_the_list_and_on_the_page(boss: Client) -> None:
    an_owner(a_vendor(), email="")
    [alert] = raised(a_found("1", vendor_id=Vendor.objects.get().pk))
    assert "No mail reaches olga" in page_of(boss, LIST)
    assert "no e-mail address: sees it on the list alone" in page_of(boss, "admin:sla_alert_change", alert.pk)


def test_who_has_no_address_is_told_so_on_the_list(client: Client) -> None:
    owner = a_manager()
    owner.email = ""
    owner.save()
    client.force_login(owner)
    assert "You have no e-mail address here" in page_of(client, LIST)


# Acknowledging


def test_one_is_acknowledged_on_its_page(client: Client) -> None:
    owner = a_manager("olga", "change_alert")
    [alert] = raised(a_found("1", vendor_id=owner.owned_vendors.get().pk))
    client.force_login(owner)
    address = reverse("admin:sla_alert_change", args=[alert.pk])
    assert client.post(address, {"note": "called them"}).status_code == 302
    alert.refresh_from_db()
    assert (alert.acknowledged_by, alert.acknowledged_note, alert.is_acknowledged) == (
        owner,
        "called them",
        True,
    )
    page = client.get(address).content.decode()
    assert "called them" in page
    assert 'id="acknowledge"' not in page


def test_a_second_acknowledgement_is_refused_with_who_did_it(boss: Client) -> None:
    [alert] = raised(a_found("1"))
    acknowledge_alert(alert, by=person("olga"), note="", now=NOW)
    response = boss.post(reverse("admin:sla_alert_change", args=[alert.pk]), {"note": "me too"})
    assert "acknowledged already, by olga on 2019-07-01" in response.content.decode()
    assert Alert.objects.get().acknowledged_note == ""


def test_who_may_only_look_acknowledges_nothing(client: Client) -> None:
    owner = a_manager()
    [alert] = raised(a_found("1", vendor_id=owner.owned_vendors.get().pk))
    client.force_login(owner)
    address = reverse("admin:sla_alert_change", args=[alert.pk])
    assert 'id="acknowledge"' not in client.get(address).content.decode()
    assert client.post(address, {"note": "x"}).status_code == 403
    act = {"action": "acknowledge_selected", "_selected_action": [alert.pk], "confirmed": "1"}
    client.post(reverse(LIST), act)
    assert not Alert.objects.get().is_acknowledged


def test_several_are_acknowledged_with_one_note_after_a_look(boss: Client) -> None:
    first, second, done = raised(a_found("1"), a_found("2"), a_found("3"))
    acknowledge_alert(done, by=person("olga"), note="before", now=NOW)
    act = {"action": "acknowledge_selected", "_selected_action": [first.pk, second.pk, done.pk]}
    page = boss.post(reverse(LIST), act).content.decode()
    assert "2 to acknowledge" in page
    assert not Alert.objects.get(pk=first.pk).is_acknowledged
    response = boss.post(reverse(LIST), {**act, "confirmed": "1", "note": "one letter for all"}, follow=True)
    said = response.content.decode()
    assert "2 warnings acknowledged." in said
    assert "acknowledged already, by olga" in said
    notes = Alert.objects.order_by("pk").values_list("acknowledged_note", flat=True)
    assert list(notes) == ["one letter for all", "one letter for all", "before"]


def test_a_manager_cannot_acknowledge_what_they_do_not_see(client: Client) -> None:
    owner = a_manager("olga", "change_alert")
    [theirs] = raised(a_found("theirs", vendor_id=a_vendor("southrack").pk))
    client.force_login(owner)
    act = {"action": "acknowledge_selected", "_selected_action": [theirs.pk], "confirmed": "1", "note": ""}
    client.post(reverse(LIST), act)
    client.post(reverse("admin:sla_alert_change", args=[theirs.pk]), {"note": "x"})
    assert not Alert.objects.get().is_acknowledged


def test_nothing_is_added_changed_or_deleted_by_hand(boss: Client) -> None:
    [alert] = raised(a_found("1"))
    assert boss.get(reverse("admin:sla_alert_add")).status_code == 403
    assert boss.post(reverse("admin:sla_alert_delete", args=[alert.pk]), {"post": "yes"}).status_code == 403
    assert Alert.objects.count() == 1


# The rules


def typed(policy: AlertPolicy, **others: Any) -> dict[str, Any]:
    names = (
        "hour",
        "zone",
        "urgent_hours",
        "at_risk_percent",
        "open_days",
        "unattributed_days",
        "silent_hours",
        "notice_days",
        "escalate_days",
    )
    return {**{name: getattr(policy, name) for name in names}, "to_chat": "on", "reason": REASON, **others}


def test_the_rules_are_one_form_that_is_made_with_its_defaults(boss: Client) -> None:
    response = boss.get(reverse("admin:sla_alertpolicy_changelist"))
    policy = AlertPolicy.objects.get()
    address = reverse("admin:sla_alertpolicy_change", args=[policy.pk])
    assert response["Location"] == address
    page = boss.get(address).content.decode()
    assert "A reader without an e-mail address gets no mail" in page
    assert boss.post(address, typed(policy, hour=9, zone="Europe/Berlin")).status_code == 302
    policy.refresh_from_db()
    assert (policy.hour, policy.zone) == (9, "Europe/Berlin")
    newest = AlertPolicy.history.latest()
    assert (newest.history_user, newest.history_change_reason) == (person("boss"), REASON)
    assert boss.get(reverse("admin:sla_alertpolicy_add")).status_code == 403


@pytest.mark.parametrize(
    ("values", "field"),
    [({"hour": 24}, "__all__"), ({"zone": "Mars/Olympus"}, "zone"), ({"at_risk_percent": 0}, "__all__")],
)
def test_what_makes_no_sense_is_refused_at_its_place(boss: Client, values: Any, field: str) -> None:
    policy = rules()
    response = boss.post(reverse("admin:sla_alertpolicy_change", args=[policy.pk]), typed(policy, **values))
    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors


def test_only_who_sees_all_vendors_can_be_named_to_read_the_rest(boss: Client) -> None:
    policy, blind, finance = rules(), person("blind"), person("finance")
    finance.user_permissions.add(Permission.objects.get(codename="see_all_vendors"))
    address = reverse("admin:sla_alertpolicy_change", args=[policy.pk])
    response = boss.post(address, typed(policy, readers=[blind.pk, finance.pk]))
    errors = response.context["adminform"].form.errors
    assert "blind may not see all vendors" in str(errors["readers"])
    assert boss.post(address, typed(policy, readers=[finance.pk])).status_code == 302
    assert list(policy.readers.all()) == [finance]


# The home page


def test_the_home_page_gets_the_most_pressing_and_their_number(boss: Client) -> None:
    owner = a_manager()
    own = owner.owned_vendors.get().pk
    rows = raised(
        a_found("later", vendor_id=own, due_at=NOW + 9 * DAY),
        a_found("over", vendor_id=own, due_at=NOW - DAY, currency="USD", amount_minor=5_00),
        a_found("undated", vendor_id=own),
        a_found("done", vendor_id=own, due_at=NOW - 9 * DAY),
        a_found("theirs", due_at=NOW - 9 * DAY),
    )
    acknowledge_alert(rows[3], by=owner, note="", now=NOW)
    found = waiting_warnings(owner, most=2, now=NOW)
    assert ([each.alert.subject for each in found.rows], found.count) == (["over", "later"], 3)
    first = found.rows[0]
    assert (first.money, first.left, first.tone) == ("USD 5.00", "1 day over", "bad")
    assert first.url == reverse("admin:sla_alert_change", args=[rows[1].pk])
    assert waiting_warnings(a_boss(), most=10, now=NOW).count == 4


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as caught:
        page_of(client, LIST)
    return len(caught)


def test_the_queries_of_the_list_do_not_grow_with_its_rows(boss: Client) -> None:
    contract = a_contract()
    fields = {"vendor_id": contract.vendor_id, "contract_id": contract.pk}
    rules()
    raised(a_found("0", **fields))
    queries(boss)  # The first page of a login notes that it is in use.
    few = queries(boss)
    raised(*[a_found(str(number), **fields) for number in range(12)])
    assert queries(boss) == few
    with CaptureQueriesContext(connection) as caught:
        waiting_warnings(a_boss(), most=10, now=NOW)
    assert len(caught) <= 4
