"""The first fifteen minutes: vendor, contract, sentence and money, an outage, its statement."""

import pytest
from playwright.sync_api import Page, expect

from incidents.models import Outage
from sla.models import ServiceLevelAgreement

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BLANKS = {
    "reference": "NC-2026-1",
    "vendor": "Northwest Colocation",
    "service": "Cage 7",
    "fee": "2000",
    "currency": "USD",
    "start": "2026-01-01",
    "zone": "America/Los_Angeles",
}


def begin_from_template(page: Page) -> None:
    page.click("text=New contract from a template")
    page.click("text=Internet access: Lumen HAN")
    for name, value in BLANKS.items():
        page.fill(f"[name={name}]", value)
    # No button is pressed: the sentence and the money come while one types.
    expect(page.locator("#preview")).to_contain_text("Cage 7 is up at least 99.99 % of each month")
    expect(page.locator("#preview tr", has_text="4 h").first).to_contain_text("USD 700.00")
    page.click("text=Save as a draft")
    expect(page.locator("#schedule")).to_contain_text("Cage 7 is up at least 99.99 % of each month")


def record_outage(page: Page) -> None:
    page.click("#nav-sidebar >> text=What waits for you")
    page.click("#worklist >> text=Record an outage")
    page.fill("[name=title]", "Power lost in hall 2")
    page.select_option("[name=times_in]", "America/Los_Angeles")
    service = page.locator(".field-service .select2-selection").first
    service.click()
    page.fill(".select2-search__field", "cage")
    page.click(".select2-results__option >> text=cage-7")
    page.fill("[name=outages-0-started_at]", "2026-06-10 04:15")
    page.fill("[name=outages-0-ended_at]", "2026-06-10 05:28")
    page.click("[name=_save]")
    expect(page.locator("body")).to_contain_text("was added successfully")


def test_from_nothing_to_an_explained_credit(page: Page) -> None:
    expect(page.locator("#worklist")).to_contain_text("First steps")
    begin_from_template(page)
    page.click("text=Sign off against the document")
    expect(page.locator("#schedule")).to_contain_text("Signed off by vera")
    record_outage(page)
    assert Outage.objects.get().service.code == "cage-7"
    agreement = ServiceLevelAgreement.objects.get()
    page.locator("#nav-sidebar a").get_by_text("SLA schedules", exact=True).click()
    page.click(f"#result_list >> text={agreement.name}")
    page.click("#schedule >> text=2026-06")
    statement = page.locator("#statement")
    expect(statement).to_contain_text("1 of 1 service levels missed")
    expect(statement).to_contain_text("1 h 13 min")
    expect(statement).to_contain_text("718 h 47 min")
    expect(statement).to_contain_text("USD 300.00")
    expect(statement).to_contain_text("2026-06-10 04:15:00 -07:00")
    page.locator("#level-1 summary", has_text="How this was worked out").click()
    expect(page.locator("#level-1 .rc-reasons")).to_contain_text("counted as down")


def test_a_level_form_shows_only_the_fields_of_its_measure(page: Page) -> None:
    begin_from_template(page)
    page.locator("#schedule section", has_text="Cage 7 is up").locator("text=Change").click()
    expect(page.locator("[name='~availability.combine']")).to_be_visible()
    expect(page.locator("[name='~elapsed.since']")).to_be_hidden()
    page.select_option("[name=metric]", "elapsed")
    expect(page.locator("[name='~elapsed.since']")).to_be_visible()
    expect(page.locator("[name='~availability.combine']")).to_be_hidden()
    page.select_option("[name=metric]", "availability")
    page.fill("[name=level]", "99.5")
    expect(page.locator("#preview")).to_contain_text("at least 99.5 %")


@pytest.mark.parametrize("width", [800, 1400])
def test_no_page_is_wider_than_its_window(page: Page, width: int) -> None:
    begin_from_template(page)
    record_outage(page)
    agreement = ServiceLevelAgreement.objects.get()
    page.set_viewport_size({"width": width, "height": 900})
    host = page.url.split("/admin/")[0]
    base = f"/admin/sla/servicelevelagreement/{agreement.pk}/"
    for path in (
        "/admin/",
        f"{base}change/",
        f"{base}statement/2026-06/",
        "/admin/sla/servicelevelagreement/begin/",
    ):
        page.goto(host + path)
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert spill <= 0, path
