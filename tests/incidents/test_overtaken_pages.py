"""A page that somebody else's change overtook is not saved over it, whichever way that change came."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from incidents.models import Incident, Outage
from incidents.services import end_outage, record_row
from tests.incidents.rows import a_milestone, a_power_feed, an_incident, an_outage, at
from tests.incidents.test_admin import Inputs, errors_of
from tests.vendors.rows import a_vendor, person
from vendors.models import Vendor
from vendors.services import save_record

pytestmark = pytest.mark.django_db
WHEN_MISSED = "the call came later"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def incident() -> Incident:
    service = a_power_feed()
    found = an_incident(vendor=service.contract.vendor)
    an_outage(found, service, ended_at=None)
    return found


def opened(boss: Client, page: str) -> dict[str, str]:
    """Return what the form on a page would post."""
    return Inputs(boss.get(page).content.decode()).posted | {"reason": WHEN_MISSED}


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def tell_more(incident: Incident) -> None:
    row = Incident.objects.get(pk=incident.pk)
    row.narrative = "A breaker tripped"
    record_row(row, by=person("vera"), reason=WHEN_MISSED)


def end_it(incident: Incident) -> None:
    end_outage(incident.outages.get(), ended_at=at("2019-06-25 05:28"), by=person("vera"), reason=WHEN_MISSED)


def add_to_it(incident: Incident) -> None:
    a_milestone(incident, "reported", "2019-06-25 04:20")


def kept(incident: Incident) -> tuple[Any, ...]:
    return (
        list(Incident.objects.filter(pk=incident.pk).values()),
        list(Outage.objects.values()),
        list(incident.milestones.values()),
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (tell_more, "vera changed incident at "),
        (end_it, "vera changed outage at "),
        (add_to_it, "maria changed milestone at "),
    ],
)
def test_an_incident_that_was_changed_since_its_page_was_opened_stays_as_it_was_changed(
    boss: Client, incident: Incident, change: Callable[[Incident], None], told: str
) -> None:
    page = page_of(incident)
    posted = opened(boss, page)
    change(incident)
    before = kept(incident)
    response = boss.post(page, posted | {"title": "Both feeds lost"})
    assert response.status_code == 200
    (error,) = errors_of(response)
    assert error.startswith("Nothing was saved, since this page is no longer what you opened: ")
    assert told in error
    assert "Both feeds lost" in response.content.decode()
    assert kept(incident) == before

    # Sent once more it is refused once more; opened again it is saved, with both changes.
    assert boss.post(page, posted | {"title": "Both feeds lost"}).status_code == 200
    assert boss.post(page, opened(boss, page) | {"title": "Both feeds lost"}).status_code == 302
    assert kept(incident)[1:] == before[1:]
    incident.refresh_from_db()
    assert incident.title == "Both feeds lost"
    assert incident.narrative == before[0][0]["narrative"]


def test_a_page_that_is_its_own_last_change_is_saved_again(boss: Client, incident: Incident) -> None:
    page = page_of(incident)
    for title in ("Feed A lost", "Both feeds lost"):
        assert boss.post(page, opened(boss, page) | {"title": title}).status_code == 302
    incident.refresh_from_db()
    assert incident.title == "Both feeds lost"


def test_what_changes_elsewhere_stops_no_page(boss: Client, incident: Incident) -> None:
    page = page_of(incident)
    posted = opened(boss, page)
    tell_more(an_incident("INC-2"))
    assert boss.post(page, posted | {"title": "Both feeds lost"}).status_code == 302


def test_deputies_that_were_named_since_a_page_was_opened_stay(boss: Client) -> None:
    vendor = a_vendor()
    # A browser sends nothing for a choice of several without any.
    posted = {name: value for name, value in opened(boss, page_of(vendor)).items() if value}
    other = Vendor.objects.get(pk=vendor.pk)
    save_record(other, by=person("vera"), reason=WHEN_MISSED, links={"deputies": [person("vera")]})
    response = boss.post(page_of(vendor), posted | {"name": "Northrack Inc."})
    assert response.status_code == 200
    assert "vera changed vendor at " in errors_of(response)[0]
    vendor.refresh_from_db()
    assert (vendor.name, list(vendor.deputies.all())) == ("Northrack", [person("vera")])


def test_a_state_that_is_no_state_is_refused(boss: Client, incident: Incident) -> None:
    page = page_of(incident)
    for seen in ("x", "0.0", "٣", "1.2.3.4.5.6.7.8"):
        response = boss.post(page, opened(boss, page) | {"seen": seen, "title": "Both feeds lost"})
        assert response.status_code == 200
    incident.refresh_from_db()
    assert incident.title != "Both feeds lost"
