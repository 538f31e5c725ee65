"""Pages of acts that need a second person: who it could be, what waits, and the decision on it."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from sla.models import Claim, ExchangeRate, Exclusion, ReportSchedule, Statement, StatementRevision
from sla.services.statements import draft_statement, head_of, open_questions
from sla.services.statements.heads import refresh_statement
from tests.builders import a_schedule, a_vendor, a_version, saved
from tests.sla.claim_builders import NOW, a_claim, a_missed_month
from tests.sla.second_person_cases import WHY, a_person, an_excludable_month, excluding
from vendors.models import Approval, Contact
from vendors.services.approvals import done_or_asked

pytestmark = pytest.mark.django_db
LIST = "admin:vendors_approval_changelist"


def a_boss(name: str, **fields: Any) -> tuple[Client, User]:
    user = User.objects.create_superuser(name, **fields)
    client = Client()
    client.force_login(user)
    return client, user


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def page_as_it_is(page: Any) -> dict[str, Any]:
    """Return what a vendor's page sends where nothing is typed, but its child rows."""
    sent = {name: value for name, value in page.context["adminform"].form.initial.items() if value}
    for formset in page.context["inline_admin_formsets"]:
        management = formset.formset.management_form
        sent |= {f"{management.prefix}-{name}": value for name, value in management.initial.items()}
    return sent | {"deputies": [], "tags": []}


def page_of(approval: Approval) -> str:
    return reverse("admin:vendors_approval_change", args=[approval.pk])


def months(*periods: str) -> list[Statement]:
    agreement = a_missed_month()
    return [refresh_statement(head_of(agreement, period_label=each), now=NOW) for each in periods]


def reasons_of(head: Statement) -> dict[str, str]:
    result = draft_statement(head.agreement, period_label=head.period, known_until=NOW)
    return {each.code: "checked" for each in open_questions(head, result=result, now=NOW)}


def test_terms_are_asked_to_be_signed_off_and_the_request_stands_in_place_of_the_button() -> None:
    agreement = a_schedule()
    maria, _ = a_boss("boss-1")
    url = reverse("admin:sla_servicelevelagreement_change", args=[agreement.pk])
    assert ">Sign off against the document<" in text_of(maria.get(url))
    ana, _ = a_boss("boss-2", first_name="Ana", last_name="Lima")
    shown = text_of(maria.get(url))
    assert "This needs a second person. Ana Lima can approve it." in unescape_tags(shown)
    assert ">Ask to sign off against the document<" in shown
    version = a_version(agreement)
    sign = reverse("admin:sla_sign_off", args=[agreement.pk, version.pk])
    shown = text_of(maria.post(sign, {}, follow=True))
    assert "Your request waits for a second person" in shown
    assert "Waiting for a second person:" in shown
    assert "sign off against the document<" not in shown.lower()
    assert a_version(agreement).is_draft
    request = Approval.objects.get()
    assert "Approve and do it" not in text_of(maria.get(page_of(request)))
    shown = text_of(ana.get(page_of(request)))
    assert "Approve and do it" in shown
    assert "<td>draft</td><td><strong>signed off</strong></td>" in shown
    assert "Approved and done" in text_of(ana.post(page_of(request), {"decide": "approve"}, follow=True))
    assert a_version(agreement).signed_off_by == "boss-1"


def unescape_tags(text: str) -> str:
    for tag in ("<strong>", "</strong>"):
        text = text.replace(tag, "")
    return text


def test_finance_asks_for_a_month_at_once_and_it_is_approved_at_once() -> None:
    heads = months("2019-05", "2019-06")
    maria, _ = a_boss("boss-1")
    ana, _ = a_boss("boss-2")
    reasons = {code: "checked" for head in heads for code in reasons_of(head)}
    asked = {
        "action": "finalise_selected",
        "confirmed": "1",
        "_selected_action": [head.pk for head in heads],
        "why": "Month closed",
        **{f"reason_{code}": reason for code, reason in reasons.items()},
    }
    url = reverse("admin:sla_statement_changelist")
    shown = text_of(maria.post(url, asked, follow=True))
    assert "2 statements wait for a second person, who approves them in one go" in shown
    assert not StatementRevision.objects.exists()
    keys = list(Approval.objects.values_list("pk", flat=True))
    chosen = {"action": "approve_selected", "_selected_action": keys}
    look = text_of(ana.post(reverse(LIST), chosen))
    assert "2 to approve" in look
    assert "credit due USD 200.00" in look
    done = text_of(ana.post(reverse(LIST), {**chosen, "confirmed": "1"}, follow=True))
    assert "2 requests approved and done." in done
    assert (
        list(StatementRevision.objects.order_by("pk").values_list("finaliser", flat=True)) == ["boss-1"] * 2
    )
    assert "(approved by boss-2, request" in StatementRevision.objects.first().cause


def test_who_asked_approves_none_of_them_on_the_list() -> None:
    claim = a_claim()
    maria, _ = a_boss("boss-1")
    a_boss("boss-2")
    url = reverse("admin:sla_claim_act", args=[claim.pk, "drop"])
    assert "Ask for it: Not pursue" in text_of(maria.get(url))
    maria.post(url, {"why": WHY})
    (key,) = Approval.objects.values_list("pk", flat=True)
    chosen = {"action": "approve_selected", "_selected_action": [key]}
    assert "1 that you cannot approve" in text_of(maria.post(reverse(LIST), chosen))
    maria.post(reverse(LIST), {**chosen, "confirmed": "1"})
    assert (Claim.objects.get().state, Approval.objects.get().decision) == ("entitled", "open")
    assert "Waiting for a second person:" in text_of(
        maria.get(reverse("admin:sla_claim_change", args=[claim.pk]))
    )


def test_a_refusal_needs_a_note_and_is_told() -> None:
    claim = a_claim()
    maria, _ = a_boss("boss-1")
    ana, _ = a_boss("boss-2")
    maria.post(reverse("admin:sla_claim_act", args=[claim.pk, "drop"]), {"why": WHY})
    request = Approval.objects.get()
    assert "Say why it is refused" in text_of(ana.post(page_of(request), {"decide": "refuse"}))
    ana.post(page_of(request), {"decide": "refuse", "note": "ask the vendor first"})
    shown = text_of(maria.get(page_of(request)))
    assert "Refused" in shown
    assert "ask the vendor first" in shown


def test_the_home_page_says_what_waits_for_whom() -> None:
    claim = a_claim()
    maria, _ = a_boss("boss-1")
    ana, _ = a_boss("boss-2")
    home = reverse("admin:index")
    assert 'id="second"' not in text_of(ana.get(home))
    maria.post(reverse("admin:sla_claim_act", args=[claim.pk, "drop"]), {"why": WHY})
    assert "<strong>1 request</strong> of others, for you to approve or refuse" in text_of(ana.get(home))
    assert "1 that you asked for waits for somebody else" in text_of(maria.get(home))


def test_a_record_with_a_guarded_field_is_asked_for_and_nothing_of_the_page_is_saved() -> None:
    row = saved(
        ReportSchedule(
            code="finance", name="Finance", audience="finance", addresses="a@example.com",
            starts_on=NOW.date(), is_active=False,
        )
    )  # fmt: skip
    maria, _ = a_boss("boss-1")
    a_boss("boss-2")
    url = reverse("admin:sla_reportschedule_change", args=[row.pk])
    page = maria.get(url)
    assert "Change whom reports reach: this needs a second person. boss-2 can approve it" in text_of(page)
    form = page.context["adminform"].form
    sent = {name: value for name, value in form.initial.items() if value not in (None, False)}
    sent |= {"readers": [], "addresses": "b@example.com", "name": "Finance team", "reason": WHY}
    shown = text_of(maria.post(url, sent, follow=True))
    assert "Your request waits for a second person" in shown
    row.refresh_from_db()
    assert (row.addresses, row.name) == ("a@example.com", "Finance")
    assert Approval.objects.get().asked["fields"] == {"addresses": "b@example.com", "name": "Finance team"}


def test_a_contact_on_the_page_of_its_vendor_is_asked_for_and_the_rest_is_saved() -> None:
    vendor = a_vendor()
    row = saved(Contact(vendor=vendor, role="claims_desk", name="Desk", email="a@example.com"))
    maria, _ = a_boss("boss-1")
    a_boss("boss-2")
    url = reverse("admin:vendors_vendor_change", args=[vendor.pk])
    sent = page_as_it_is(maria.get(url)) | {
        **{"name": "Northrack Inc.", "reason": WHY},
        **{f"contacts-0-{name}": getattr(row, name) for name in ("role", "name", "phone")},
        **{"contacts-0-id": row.pk, "contacts-0-vendor": vendor.pk, "contacts-0-email": "b@example.com"},
    }
    shown = text_of(maria.post(url, sent, follow=True))
    vendor.refresh_from_db()
    assert (vendor.name, Contact.objects.get().email) == ("Northrack Inc.", "a@example.com")
    asked = Approval.objects.get()
    assert asked.asked["fields"] == {"email": "b@example.com"}
    assert "was changed successfully" in shown
    assert f'Desk (Claims desk): nothing is done yet. <a class="underline" href="{page_of(asked)}">' in shown


def test_a_page_of_which_all_waits_does_not_say_that_it_was_changed() -> None:
    vendor = a_vendor()
    row = saved(Contact(vendor=vendor, role="claims_desk", name="Claims desk", email="a@example.com"))
    maria, _ = a_boss("boss-1")
    a_boss("boss-2")
    url = reverse("admin:vendors_vendor_change", args=[vendor.pk])
    sent = page_as_it_is(maria.get(url))
    sent |= {f"contacts-0-{name}": getattr(row, name) for name in ("role", "name", "phone")}
    sent |= {"contacts-0-id": row.pk, "contacts-0-vendor": vendor.pk, "contacts-0-email": "b@example.com"}
    shown = text_of(maria.post(url, sent | {"reason": WHY}, follow=True))
    assert "Claims desk: nothing is done yet. " in shown
    assert "was changed successfully" not in shown
    assert Contact.objects.get().email == "a@example.com"


def test_only_who_could_decide_it_and_who_asked_read_a_request() -> None:
    scene = excluding()
    asker = a_person("asker", "exclusion")
    a_person("ana", "exclusion")
    found = done_or_asked(lambda: scene.do(asker), now=NOW)
    for user, seen in ((asker, True), (User.objects.get(username="ana"), True), (a_person("bo"), False)):
        client = Client()
        client.force_login(user)
        assert (client.get(page_of(found)).status_code == 200) is seen
        assert (str(found) in text_of(client.get(reverse(LIST)))) is seen


def test_the_command_says_that_it_waits_and_ends_with_3() -> None:
    (head,) = months("2019-06")
    a_boss("boss-1")
    a_boss("boss-2")
    accepted = [f"--accept={code}={reason}" for code, reason in reasons_of(head).items()]
    with pytest.raises(CommandError, match="boss-2 can approve it") as ended:
        call_command("finalise_statement", str(head), "--why=month end", "--by=boss-1", *accepted)
    assert ended.value.returncode == 3
    assert not StatementRevision.objects.exists()
    assert Approval.objects.get().asked_by.username == "boss-1"


def test_a_limit_is_typed_as_an_amount() -> None:
    agreement, _ = an_excludable_month()
    entity = agreement.contract.entity
    maria, _ = a_boss("boss-1")
    url = reverse("admin:vendors_legalentity_change", args=[entity.pk])
    initial = maria.get(url).context["adminform"].form.initial
    sent = {name: value for name, value in initial.items() if value not in (None, False)}
    maria.post(url, {**sent, "exclusion_limit_minor": "500.00", "reason": WHY})
    entity.refresh_from_db()
    assert entity.exclusion_limit_minor == 50_000


def test_a_decision_for_some_services_is_asked_for_and_kept_with_them() -> None:
    agreement, rule = an_excludable_month()
    maria, _ = a_boss("boss-1")
    ana, _ = a_boss("boss-2")
    service = agreement.contract.services.get(code="power-a")
    incident = agreement.contract.vendor.incidents.get(reference="INC-1")
    sent = {
        **{"rule": rule.pk, "incident": incident.pk, "party": "agreed", "services": [service.pk]},
        **{"decided_by": "Maria", "why": WHY, "reason": WHY, "times_in": "UTC"},
    }
    maria.post(reverse("admin:sla_exclusion_add"), sent)
    assert not Exclusion.objects.exists()
    ana.post(page_of(Approval.objects.get()), {"decide": "approve"})
    assert [each.code for each in Exclusion.objects.get().services.all()] == ["power-a"]


def test_the_list_of_rates_says_who_approved_one() -> None:
    maria, _ = a_boss("boss-1")
    ana, _ = a_boss("boss-2")
    add = reverse("admin:sla_exchangerate_add")
    sent = {"on": "2019-07-01", "base": "EUR", "quote": "USD", "rate": "1.1343", "source": "ECB"}
    assert "This needs a second person. boss-2 can approve it." in unescape_tags(text_of(maria.get(add)))
    maria.post(add, sent)
    assert not ExchangeRate.objects.exists()
    ana.post(page_of(Approval.objects.get()), {"decide": "approve"})
    shown = text_of(maria.get(reverse("admin:sla_exchangerate_changelist")))
    assert "boss-1, approved by boss-2" in shown


def test_a_button_that_asks_says_once_what_it_does() -> None:
    maria, _ = a_boss("boss-1")
    page = reverse("admin:sla_exchangerate_add")
    assert ">Save</button>" in text_of(maria.get(page))
    a_boss("boss-2")
    assert ">Ask for it</button>" in text_of(maria.get(page))
