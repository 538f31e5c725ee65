"""The admin of SLA schedules: from a template to a signed-off term, its statement and the worklist."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.models import Incident
from sla.engine.terms import Counting
from sla.models import AgreementVersion, Exclusion, ServiceLevelAgreement, Statement
from sla.services import parts, sign_off_terms
from sla.services.duties.rounds import run_all
from sla.services.worklist import worklist
from tests.builders import (
    a_contract_with_power,
    a_level,
    a_position,
    a_schedule,
    a_version,
    an_incident,
    an_outage,
    at,
    person,
    some_terms,
)
from tests.vendors.rows import a_contract
from vendors.models import Contract, Vendor

pytestmark = pytest.mark.django_db

BLANKS = {
    "reference": "NC-2025-1",
    "vendor": "Northwest Colocation",
    "service": "Cage 7",
    "fee": "2000",
    "currency": "USD",
    "start": "2025-01-01",
    "zone": "America/New_York",
}


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def stranger(client: Client) -> Client:
    user = User.objects.create_user("stranger", is_staff=True)
    allowed = Permission.objects.filter(content_type__app_label__in=("sla", "incidents", "vendors"))
    user.user_permissions.set(allowed.exclude(codename="see_all_vendors"))
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def schedule_page(agreement: ServiceLevelAgreement) -> str:
    return reverse("admin:sla_servicelevelagreement_change", args=[agreement.pk])


def statement_page(agreement: ServiceLevelAgreement, label: str = "2019-06") -> str:
    return reverse("admin:sla_statement", args=[agreement.pk, label])


def part_page(agreement: ServiceLevelAgreement, name: str = "targets", where: str = "0") -> str:
    return reverse("admin:sla_part", args=[agreement.pk, a_version(agreement).pk, name, where])


def hour_down(agreement: ServiceLevelAgreement, *, reference: str = "INC-1") -> Incident:
    """An hour in June 2019: 99.861 % of 720 h, 10 % of 2,000 dollars."""
    incident = an_incident(reference, vendor=agreement.contract.vendor)
    service = agreement.contract.services.get(code="power-a")
    an_outage(incident, service, started_at=at("2019-06-10 12:00"), ended_at=at("2019-06-10 13:00"))
    return incident


def typed(agreement: ServiceLevelAgreement, **changed: Any) -> dict[str, Any]:
    """What the form of the power level sends."""
    return {
        "name": "Power uptime",
        "code": "uptime",
        "metric": "availability",
        "~availability.combine": "each",
        "op": ">=",
        "level": "99.9",
        "credit?": "on",
        "credit.scheme": "tiered",
        "credit~tiered.pays": "percent",
        "credit~tiered.tiers[0].credit": "10",
        "credit~tiered.tiers[0].below": "99.9",
        "credit~tiered.tiers[1].credit": "25",
        "credit~tiered.tiers[1].below": "99",
        "credit.base.select": "units",
        "credit.base.kinds": "recurring, usage",
        "credit.base.net_of_discounts": "on",
        "credit.only_if_missed": "on",
        "counting.clock_stops": "on",
        "counting.restore_if_vendor_cause": "on",
        "counting.planned_counts": "on",
        "counting.kinds": "outage",
        **changed,
    }


def test_a_contract_begins_from_a_template_and_its_blanks(boss: Client) -> None:
    assert "Internet access: Lumen HAN" in text_of(boss.get(reverse("admin:sla_begin")))
    page = reverse("admin:sla_begin_from", args=["lumen-han"])
    seen = text_of(boss.post(page, {**BLANKS, "preview": "1"}))
    assert "Cage 7 is up at least 99.99 % of each month" in seen
    assert "USD 300.00" in seen
    assert not Contract.objects.exists()
    response = boss.post(page, {**BLANKS, "save": "1"})
    agreement = ServiceLevelAgreement.objects.get()
    assert response.headers["Location"] == schedule_page(agreement)
    assert a_version(agreement).is_draft
    assert Vendor.objects.get().name == "Northwest Colocation"


def test_a_wrong_blank_is_named_beside_it_and_nothing_is_made(boss: Client) -> None:
    page = reverse("admin:sla_begin_from", args=["lumen-han"])
    seen = text_of(boss.post(page, {**BLANKS, "fee": "much", "save": "1"}))
    assert "'much' is no number. Write one such as 1250.00." in seen
    assert not Vendor.objects.exists()


def test_the_schedule_reads_as_sentences_with_what_they_pay(boss: Client) -> None:
    seen = text_of(boss.get(schedule_page(a_schedule())))
    assert (
        "Every service of the contract is up at least 99.9 % of each month; a miss pays 10 % below 99.9 % and"
        " 25 % below 99 %, of the fees of the services that missed."
    ) in seen
    assert "Draft: nobody has checked it against the document" in seen
    assert "USD 500.00" in seen


def test_signing_off_is_one_press(boss: Client) -> None:
    agreement = a_schedule()
    boss.post(reverse("admin:sla_sign_off", args=[agreement.pk, a_version(agreement).pk]))
    assert a_version(agreement).signed_off_by == "boss"


def test_the_form_shows_the_level_as_it_stands(boss: Client) -> None:
    seen = boss.get(part_page(a_schedule())).content.decode()
    assert 'name="level" value="99.9"' in seen
    assert 'name="credit~tiered.tiers[1].below" value="99"' in seen
    assert 'name="credit?" checked' in seen


def test_saving_the_form_unchanged_changes_nothing(boss: Client) -> None:
    agreement = a_schedule()
    before = a_version(agreement).as_value()
    response = boss.post(part_page(agreement), {**typed(agreement), "save": "1"})
    assert response.status_code == 302
    assert a_version(agreement).as_value() == before


def test_a_changed_level_is_saved_with_a_reason(boss: Client) -> None:
    agreement = a_schedule()
    changed = {"level": "99.95", "credit~tiered.tiers[0].below": "99.95"}
    boss.post(part_page(agreement), {**typed(agreement, **changed), "save": "1", "reason": "read again"})
    (target,) = a_version(agreement).targets.all()
    assert str(target.level) == "99.95"
    assert target.history.first().history_change_reason == "read again"


def test_a_level_can_change_its_measure(boss: Client) -> None:
    agreement = a_schedule()
    changed = {
        "metric": "elapsed",
        "~elapsed.since": "reported",
        "~elapsed.until": "restored",
        "~elapsed.statistic": "each",
        "op": "<=",
        "level": "4 h",
        "credit.scheme": "fixed",
        "credit~fixed.credit": "250",
        "credit~fixed.pays": "money",
        "credit~fixed.per": "event",
        "credit~fixed.times": "1",
    }
    boss.post(part_page(agreement), {**typed(agreement, **changed), "save": "1"})
    seen = text_of(boss.get(schedule_page(agreement)))
    assert (
        "Every incident takes at most 4 h from reported to restored; a miss pays USD 250 for each outage."
        in seen
    )


def test_the_preview_answers_while_one_types_and_saves_nothing(boss: Client) -> None:
    agreement = a_schedule()
    asked = {**typed(agreement, **{"credit~tiered.tiers[0].credit": "15"}), "fragment": "1"}
    seen = text_of(boss.post(part_page(agreement), asked))
    assert "a miss pays 15 % below 99.9 %" in seen
    assert "USD 300.00" in seen
    assert "<html" not in seen
    assert a_version(agreement).as_value().targets[0].credit.params.tiers[0].credit == 10


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"level": "lots"}, "'lots'"),
        ({"name": ""}, "name is missing. Give it as text."),
        ({"credit~tiered.tiers[1].below": "99.95"}, "Order tiers from the highest level down."),
        ({"counting.denominator": "fixed"}, "denominator_length belongs to denominator = 'fixed'"),
    ],
)
def test_what_contradicts_itself_is_refused_and_nothing_is_saved(
    boss: Client, changed: dict[str, str], said: str
) -> None:
    agreement = a_schedule()
    before = a_version(agreement).as_value()
    seen = text_of(boss.post(part_page(agreement), {**typed(agreement, **changed), "save": "1"}))
    assert said in seen
    assert "Nothing was saved." in seen
    assert a_version(agreement).as_value() == before


def test_signed_off_terms_are_corrected_only_with_a_reason(boss: Client) -> None:
    agreement = a_schedule()
    sign_off_terms(a_version(agreement), by=person(), at=at("2019-02-01 09:00"), reason="checked")
    changed = {**typed(agreement, level="99.8", **{"credit~tiered.tiers[0].below": "99.8"}), "save": "1"}
    seen = text_of(boss.post(part_page(agreement), changed))
    assert "Say in one sentence why the terms are corrected." in seen
    assert not a_version(agreement).is_draft
    boss.post(part_page(agreement), {**changed, "reason": "misread the annex"})
    assert a_version(agreement).is_draft
    assert str(a_version(agreement).targets.get().level) == "99.8"


def test_an_exclusion_is_added_and_taken_out_again(boss: Client) -> None:
    agreement = a_schedule()
    sent = {
        "code": "work",
        "name": "Announced work",
        "source": "maintenance",
        "notice": "72",
        "notice_unit": "hours",
        "notice_inclusive": "on",
        "excess": "counts",
        "overrun": "only_overrun",
    }
    boss.post(part_page(agreement, "exclusions", "new"), {**sent, "save": "1"})
    said = "Announced work does not count if announced at least 72 hours ahead."
    assert said in text_of(boss.get(schedule_page(agreement)))
    boss.post(part_page(agreement, "exclusions", "0"), {"remove": "1"})
    assert a_version(agreement).as_value().exclusions == ()


def test_an_amendment_begins_as_a_copy_from_its_own_day(boss: Client) -> None:
    agreement = a_schedule()
    sent = {
        "effective_from": "2020-01-01",
        "signed_on": "2019-12-10",
        "amendment": "A lower fee",
        "past_periods": "They stay as they were.",
        "split": "by_day",
        "reason": "amended",
    }
    boss.post(reverse("admin:sla_amend", args=[agreement.pk]), sent)
    versions = list(AgreementVersion.objects.filter(agreement=agreement).order_by("effective_from"))
    assert [str(each.effective_from) for each in versions] == ["2019-01-01", "2020-01-01"]
    refused = text_of(
        boss.post(reverse("admin:sla_amend", args=[agreement.pk]), {**sent, "effective_from": "2018-01-01"})
    )
    assert "not after the first terms (2019-01-01)" in refused
    assert AgreementVersion.objects.count() == 2


def test_a_schedule_is_copied_to_another_contract(boss: Client) -> None:
    agreement = a_schedule()
    other = a_contract_with_power("NR-2020", vendor=agreement.contract.vendor)
    sent = {
        "contract": other.pk,
        "name": "Power",
        "code": "power",
        "effective_from": "2020-01-01",
        "reason": "same terms",
    }
    boss.post(reverse("admin:sla_copy", args=[agreement.pk]), sent)
    copy = ServiceLevelAgreement.objects.get(contract=other)
    assert a_version(copy).as_value().targets == a_version(agreement).as_value().targets


def test_the_statement_shows_verdict_account_and_money(boss: Client) -> None:
    agreement = a_schedule()
    hour_down(agreement)
    seen = text_of(boss.get(statement_page(agreement)))
    for said in (
        "1 of 1 service levels missed",
        "99.861 %",
        "USD 200.00",
        "Draft, not finalised",
        "Down, counted against the vendor",
        "719 h",
        "720 h",
        "How this was worked out",
        "lies in the row below 99.9",
    ):
        assert said in seen


def test_the_account_of_a_statement_sums_to_the_period(boss: Client) -> None:
    agreement = a_schedule()
    hour_down(agreement)
    (level,) = boss.get(statement_page(agreement)).context["page"].levels
    assert [(row.code, row.amount) for row in level.classes] == [("up", "719 h"), ("down", "1 h")]
    assert level.total == "720 h"
    assert "Down, counted against the vendor: 2019-06" in level.pictures[0].svg


def test_a_contested_line_shows_what_is_agreed(boss: Client) -> None:
    agreement = a_schedule(terms=some_terms(targets=(a_level(counting=Counting(fault_required=True)),)))
    incident = hour_down(agreement)
    a_position(incident, party="vendors", responsible="us", stated_by="Vendor", why="Your own fuse")
    page = boss.get(statement_page(agreement)).context["page"]
    assert (page.money.agreed, page.money.contested) == ("USD 0.00", "USD 200.00")


def test_a_statement_can_be_downloaded_as_text_and_as_json(boss: Client) -> None:
    agreement = a_schedule()
    text = boss.get(reverse("admin:sla_statement_file", args=[agreement.pk, "2019-06", "text"]))
    assert text.content.startswith(b"Service level statement NR-2018/power/2019-06")
    assert text.headers["Content-Disposition"] == 'attachment; filename="NR-2018-power-2019-06.txt"'
    plain = boss.get(reverse("admin:sla_statement_file", args=[agreement.pk, "2019-06", "json"]))
    assert plain.json()["contract"] == "NR-2018"


def test_a_period_that_does_not_exist_leads_back_with_a_message(boss: Client) -> None:
    agreement = a_schedule()
    seen = text_of(boss.get(statement_page(agreement, "2019-13"), follow=True))
    assert "'2019-13' names no period" in seen


def test_an_incident_shows_what_the_contracts_say_of_it(boss: Client) -> None:
    agreement = a_schedule()
    incident = hour_down(agreement)
    seen = text_of(boss.get(reverse("admin:incidents_incident_change", args=[incident.pk])))
    assert "What the contracts say of it" in seen
    assert "1 h down" in seen
    assert "USD 200.00" in seen


def test_a_contract_shows_its_schedules_and_its_fee(boss: Client) -> None:
    contract = a_schedule().contract
    seen = text_of(boss.get(reverse("admin:vendors_contract_change", args=[contract.pk])))
    assert "Fee a year: <strong>USD 24,000.00</strong>" in seen
    assert 'Power</a></td><td>from 2019-01-01 <span class="rc-tag rc-warn">Draft</span>' in seen


def test_an_exclusion_decision_is_recorded_from_the_statement(boss: Client) -> None:
    agreement = a_schedule()
    sent = {
        "code": "fuse",
        "name": "Our own fuse",
        "source": "decision",
        "notice_unit": "hours",
        "excess": "counts",
    }
    boss.post(part_page(agreement, "exclusions", "new"), {**sent, "overrun": "only_overrun", "save": "1"})
    incident = hour_down(agreement)
    form = boss.get(reverse("admin:sla_exclusion_add") + f"?schedule={agreement.pk}")
    assert "Our own fuse" in text_of(form)
    rule = a_version(agreement).exclusions.get()
    decided = {
        "times_in": "UTC",
        "rule": rule.pk,
        "incident": incident.pk,
        "party": "agreed",
        "decided_by": "both",
        "reason": "meeting of 2 July",
    }
    boss.post(reverse("admin:sla_exclusion_add"), decided)
    assert Exclusion.objects.get().incident == incident
    page = boss.get(statement_page(agreement)).context["page"]
    assert [row.code for row in page.levels[0].classes] == ["up", "excluded"]
    assert page.money.due == "USD 0.00"


def test_the_worklist_names_money_dates_and_what_is_unfinished() -> None:
    agreement = a_schedule(terms=some_terms())
    hour_down(agreement)
    found = worklist(person(is_superuser=True, name="head"), now=datetime(2019, 7, 5, 9, tzinfo=UTC))
    assert [(str(each.money), each.count) for each in found.claimable] == [("USD 200.00", 1)]
    assert [(each.contract.reference, str(each.fee)) for each in found.incomplete] == [
        ("NR-2018", "USD 24,000.00")
    ]
    assert not found.is_empty


def test_amounts_of_two_currencies_are_never_added() -> None:
    dollars = a_schedule()
    hour_down(dollars)
    euro = a_contract_with_power("NR-EUR", currency="EUR", vendor=dollars.contract.vendor)
    hour_down(a_schedule(contract=euro), reference="INC-2")
    found = worklist(person(is_superuser=True, name="head"), now=datetime(2019, 7, 5, 9, tzinfo=UTC))
    assert [str(each.money) for each in found.claimable] == ["EUR 200.00", "USD 200.00"]


def test_an_empty_home_page_says_what_to_do_first(boss: Client) -> None:
    seen = text_of(boss.get(reverse("admin:index")))
    assert "First steps" in seen
    assert "Begin from a published clause" in seen


def test_nobody_sees_or_changes_what_is_not_theirs(stranger: Client) -> None:
    agreement = a_schedule()
    hour_down(agreement)
    pages = [
        schedule_page(agreement),
        statement_page(agreement),
        part_page(agreement),
        reverse("admin:sla_statement_file", args=[agreement.pk, "2019-06", "json"]),
        reverse("admin:sla_amend", args=[agreement.pk]),
        reverse("admin:sla_copy", args=[agreement.pk]),
    ]
    for page in pages:
        response = stranger.get(page)
        assert response.status_code in (302, 404), page
        assert "Power uptime" not in response.content.decode()
    sent = {**typed(agreement, level="1"), "save": "1"}
    assert stranger.post(part_page(agreement), sent).status_code == 404
    assert "Money to claim" in text_of(stranger.get(reverse("admin:index")))
    assert "USD" not in text_of(stranger.get(reverse("admin:index")))


def test_a_reader_may_look_but_not_change(client: Client) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    codes = ["view_servicelevelagreement", "see_all_vendors"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(user)
    agreement = a_schedule()
    assert client.get(statement_page(agreement)).status_code == 200
    assert "Sign off against the document" not in text_of(client.get(schedule_page(agreement)))
    assert client.post(part_page(agreement), {"save": "1"}).status_code == 403
    assert client.get(reverse("admin:sla_begin")).status_code == 403


def test_the_home_page_offers_nothing_that_the_reader_may_not_do(client: Client) -> None:
    user = User.objects.create_user("auditor", is_staff=True)
    client.force_login(user)
    offered = {
        "add_incident": "Record an outage",
        "add_servicelevelagreement": "New contract from a template",
        "view_servicelevelagreement": "All SLA schedules",
    }
    home = text_of(client.get(reverse("admin:index")))
    assert not [words for words in (*offered.values(), "First steps") if words in home]
    user.user_permissions.set(Permission.objects.filter(codename__in=offered))
    home = text_of(client.get(reverse("admin:index")))
    assert [words for words in (*offered.values(), "First steps") if words in home] == [
        *offered.values(),
        "First steps",
    ]


def queries(client: Client, page: str) -> int:
    cache.clear()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(page).status_code == 200
    return len(asked)


def test_a_list_of_thirty_asks_no_more_than_a_list_of_one(boss: Client) -> None:
    page = reverse("admin:sla_servicelevelagreement_changelist")
    first = a_schedule()
    hour_down(first)
    queries(boss, page)
    one = queries(boss, page)
    for number in range(29):
        contract = a_contract_with_power(f"NR-{number:02d}", vendor=first.contract.vendor)
        hour_down(a_schedule(contract=contract), reference=f"INC-{number:02d}")
    queries(boss, page)  # takes the changes in and computes what they touch, once
    assert queries(boss, page) == one


def test_the_home_page_of_thirty_asks_no_more_than_that_of_one(boss: Client) -> None:
    page = reverse("admin:index")
    first = a_schedule()
    hour_down(first)
    queries(boss, page)
    one = queries(boss, page)
    for number in range(29):
        contract = a_contract_with_power(f"NR-{number:02d}", vendor=first.contract.vendor)
        hour_down(a_schedule(contract=contract), reference=f"INC-{number:02d}")
    while boss.get(page).context["work"].behind:
        pass  # takes the changes in and computes what they touch, once
    assert queries(boss, page) == one


def test_the_home_page_computes_few_drafts_and_leaves_the_others_to_the_next_run(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sla.services.worklist.MOST_COMPUTED", 2)
    now = datetime(2019, 7, 5, 9, tzinfo=UTC)
    head = person(is_superuser=True, name="head")
    first = a_schedule()
    hour_down(first)
    for number in range(3):
        contract = a_contract_with_power(f"NR-{number}", vendor=first.contract.vendor)
        hour_down(a_schedule(contract=contract), reference=f"INC-1{number}")

    # July and June of four, and the months before: two are computed.
    found = worklist(head, now=now)
    assert (Statement.objects.exclude(computed_at=None).count(), found.claimable) == (2, ())
    assert found.behind == Statement.objects.filter(computed_at=None).count() > 0
    assert Statement.objects.filter(computed_at=None).stale().count() == found.behind

    run_all(clock=lambda: now)
    found = worklist(head, now=now)
    assert [(str(each.money), each.count) for each in found.claimable] == [("USD 800.00", 4)]
    assert found.behind == 0

    # What only the clock made old is asked for too, and the page says so.
    later = now + timedelta(hours=2)
    assert worklist(head, now=later).behind == 2
    assert Statement.objects.stale().count() == 2
    run_all(clock=lambda: later)
    assert worklist(head, now=later).behind == 0
    service = first.contract.services.get(code="power-a")
    an_outage(an_incident("INC-20", vendor=first.contract.vendor), service, ended_at=None)
    monkeypatch.setattr("sla.services.worklist.MOST_COMPUTED", 0)
    assert "drafts are older than the records" in text_of(boss.get(reverse("admin:index")))


def test_dates_read_the_same_way_everywhere(boss: Client) -> None:
    contract = a_schedule().contract
    contract_page = text_of(boss.get(reverse("admin:vendors_contract_changelist")))
    assert str(contract.effective_from) in contract_page
    page = boss.get(reverse("admin:vendors_contract_change", args=[contract.pk])).content.decode()
    assert 'name="effective_from" value="2018-01-01"' in page
    assert date(2019, 1, 1).isoformat() in text_of(
        boss.get(reverse("admin:sla_servicelevelagreement_changelist"))
    )


def test_the_admin_has_its_own_icon(boss: Client) -> None:
    assert "sla/favicon.svg" in boss.get(reverse("admin:index")).content.decode()


def test_a_remembered_figure_follows_a_changed_fact(boss: Client) -> None:
    agreement = a_schedule()
    hour_down(agreement)
    now = datetime(2019, 7, 5, 9, tzinfo=UTC)
    head = person(is_superuser=True, name="head")
    assert [str(each.money) for each in worklist(head, now=now).claimable] == ["USD 200.00"]
    incident = an_incident("INC-2", vendor=agreement.contract.vendor)
    service = agreement.contract.services.get(code="power-a")
    an_outage(incident, service, started_at=at("2019-06-12 12:00"), ended_at=at("2019-06-12 22:00"))
    assert [str(each.money) for each in worklist(head, now=now).claimable] == ["USD 500.00"]


FORBIDDEN = re.compile(
    r"\b(freeze|charges?|settlement|disputed?|attribution|clock stops?|trace|ledger|digest|waived?|duty"
    r"|breach|gross|agreements?|(?<!service level )statements?)\b",
    re.IGNORECASE,
)


def words_of(item: Any) -> list[str]:
    found = [getattr(item, "label", ""), getattr(item, "help", ""), *getattr(item, "columns", ())]
    found += [label for _, label in getattr(item, "choices", ())]
    inner = [*getattr(item, "items", ()), *(cell for row in getattr(item, "rows", ()) for cell in row)]
    return found + [word for each in inner for word in words_of(each)]


@pytest.mark.parametrize("name", list(parts.PARTS))
def test_forms_of_terms_use_the_readers_words(name: str) -> None:
    form = parts.part_form(a_version(a_schedule()), part=parts.PARTS[name], at="new")
    said = words_of(form)
    assert len(said) > 4
    assert [text for text in said if FORBIDDEN.search(text)] == []


def test_a_contract_without_fees_is_said_to_have_none(boss: Client) -> None:
    a_contract("NR-FREE")
    page = boss.get("/admin/").content.decode()
    assert "NR-FREE" in page
    assert (">no fees<" in page, "USD 0.00" in page) == (True, False)
