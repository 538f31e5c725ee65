"""Statements in the admin: listed, finalised with questions answered, corrected, verified, handed out."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from incidents.models import Incident
from sla.engine.terms import CreditRule, Fixed, Pays, Scheme
from sla.models import Claim, HeldCorrection, LineAnswer, PostingPolicy, ServiceLevelAgreement, Statement
from sla.services import sign_off_terms
from sla.services.statements import fresh_heads, head_of, refresh_statement
from sla.services.statements.finalising import finalise_statement
from tests.builders import (
    a_contract_with_power,
    a_level,
    a_schedule,
    a_version,
    an_incident,
    an_outage,
    at,
    person,
    saved,
    some_terms,
)
from vendors.models import Contract
from vendors.services import save_record

pytestmark = pytest.mark.django_db

LIST = "admin:sla_statement_changelist"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", first_name="Bo", last_name="Ss"))
    return client


def reader(client: Client, *codes: str) -> Client:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def signed_schedule(contract: Contract | None = None, **fields: Any) -> ServiceLevelAgreement:
    agreement = a_schedule(contract=contract, **fields)
    sign_off_terms(a_version(agreement), by=person(), at=at("2019-02-01 09:00"), reason="checked")
    return agreement


def hour_down(agreement: ServiceLevelAgreement, *, reference: str = "INC-1", hours: int = 1) -> Incident:
    """An hour in June 2019: 99.861 % of 720 h, 10 % of 2,000 dollars; from eight on 25 %."""
    incident = an_incident(reference, vendor=agreement.contract.vendor, status="resolved")
    service = agreement.contract.services.get(code="power-a")
    started = at("2019-06-10 12:00")
    an_outage(
        incident,
        service,
        started_at=started,
        ended_at=started + timedelta(hours=hours),
        confirmed_at=at("2019-06-11 09:00"),
    )
    return incident


def june(agreement: ServiceLevelAgreement) -> Statement:
    return refresh_statement(head_of(agreement, period_label="2019-06"), now=timezone.now())


def finalised(agreement: ServiceLevelAgreement) -> Statement:
    statement = june(agreement)
    finalise_statement(
        statement, by=person("head"), why="month closed", reasons={"not_heard": "quiet"}, now=timezone.now()
    )
    return statement


def longer(incident: Incident, *, hours: int) -> None:
    """The outage took longer than was known."""
    outage = incident.outages.get()
    outage.ended_at = outage.started_at + timedelta(hours=hours)
    save_record(outage, by=person(), reason="The log says so")


def page_of(statement: Statement) -> str:
    return reverse("admin:sla_statement", args=[statement.agreement_id, statement.period])


def act(statement: Statement, name: str, *more: Any) -> str:
    return reverse(f"admin:sla_{name}", args=[statement.pk, *more])


def test_a_draft_says_so_and_offers_to_finalise(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    statement = june(agreement)
    seen = text_of(boss.get(page_of(statement)))
    assert "Draft, not finalised" in seen
    assert f'href="{act(statement, "statement_finalise")}">Finalise<' in seen
    assert "Finalised revisions" not in seen


def test_the_page_to_finalise_shows_what_becomes_a_record(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    seen = text_of(boss.get(act(june(agreement), "statement_finalise")))
    for said in ("NR-2018/power/2019-06/r1", "USD 200.00", "99.861 %", "No open questions", "Finalise as r1"):
        assert said in seen


def test_finalising_makes_revision_one_and_the_page_says_who_and_when(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    statement = june(agreement)
    response = boss.post(act(statement, "statement_finalise"), {"why": "Month closed"}, follow=True)
    seen = text_of(response)
    assert response.redirect_chain[-1][0] == page_of(statement)
    assert "Finalised as NR-2018/power/2019-06/r1: USD 200.00." in seen
    assert re.search(r"Finalised as r1</span><span class=\"rc-faint\">on \d{4}-\d\d-\d\d by Bo Ss", seen)
    revision = statement.revisions.get()
    assert (revision.number, revision.cause, revision.due_minor) == (1, "Month closed", 20000)


def test_an_open_question_wants_a_reason_of_its_own(boss: Client) -> None:
    agreement = a_schedule()
    hour_down(agreement)
    page = act(june(agreement), "statement_finalise")
    asked = text_of(boss.get(page))
    assert "The terms are not signed off against the document: those from 2019-01-01." in asked
    refused = text_of(boss.post(page, {"why": "Month closed"}))
    assert "Say why it may stay open." in refused
    assert not june(agreement).revisions.exists()
    boss.post(page, {"why": "Month closed", "reason_0": "Legal signs in July"})
    (row,) = june(agreement).revisions.get().overridden
    assert (row["code"], row["reason"]) == ("unsigned_terms", "Legal signs in July")


def test_figures_that_moved_between_look_and_press_are_looked_at_again(boss: Client) -> None:
    agreement = signed_schedule()
    incident = hour_down(agreement)
    page = act(june(agreement), "statement_finalise")
    seen = boss.get(page).context["form"].initial["seen"]
    longer(incident, hours=10)
    sent = {"why": "Month closed", "seen": seen}
    answer = boss.post(page, sent)
    assert "The figures changed since you opened this page." in text_of(answer)
    assert "USD 500.00" in text_of(answer)
    assert not june(agreement).revisions.exists()
    again = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert again is not None
    boss.post(page, {**sent, "seen": again[1]})
    assert june(agreement).revisions.get().due_minor == 50000


def test_a_period_that_is_not_over_cannot_be_finalised(boss: Client) -> None:
    agreement = signed_schedule()
    label = f"{timezone.now():%Y-%m}"
    statement = refresh_statement(head_of(agreement, period_label=label), now=timezone.now())
    seen = text_of(boss.get(act(statement, "statement_finalise")))
    assert "The period is not over" in seen
    assert "Finalise as r1" not in seen
    boss.post(act(statement, "statement_finalise"), {"why": "early", "reason_0": "x", "reason_1": "x"})
    assert not statement.revisions.exists()


def test_a_later_change_shows_as_a_correction_with_its_money(boss: Client) -> None:
    agreement = signed_schedule()
    incident = hour_down(agreement)
    statement = finalised(agreement)
    longer(incident, hours=10)
    seen = text_of(boss.get(page_of(statement)))
    assert "Needs correction: USD 200.00 → USD 500.00 (+300.00)" in seen
    change = text_of(boss.get(act(statement, "statement_difference")))
    for said in ("99.861 %, missed", "98.611 %, missed", "1 h → 10 h", "+USD 300.00"):
        assert said in change
    listed = text_of(boss.get(reverse(LIST) + "?stands=correction"))
    assert "r1: needs correction" in listed


def test_a_correction_is_a_second_revision_and_the_first_stays(boss: Client) -> None:
    agreement = signed_schedule()
    incident = hour_down(agreement)
    statement = finalised(agreement)
    longer(incident, hours=10)
    boss.post(act(statement, "statement_finalise"), {"why": "The log came late"})
    rows = boss.get(page_of(statement)).context["revisions"]
    assert [(row["revision"].number, row["credit"], row["change"]) for row in rows] == [
        (2, "USD 500.00", "USD 200.00 → USD 500.00 (+300.00)"),
        (1, "USD 200.00", ""),
    ]
    first = text_of(boss.get(act(statement, "revision", 1)))
    assert "As finalised" in first
    assert "Replaced by" in first
    assert "99.861 %" in first
    assert "98.611 %" not in first


def test_nothing_changed_is_no_difference(boss: Client) -> None:
    statement = finalised(signed_schedule())
    seen = text_of(boss.get(act(statement, "statement_difference"), follow=True))
    assert "NR-2018/power/2019-06/r1 still holds: there is no difference." in seen
    page = act(statement, "statement_finalise")
    assert "Nothing changed since" in text_of(boss.get(page))
    assert "Nothing changed since" in text_of(boss.post(page, {"why": "again"}))
    assert statement.revisions.count() == 1


def test_a_small_correction_waits_for_a_later_statement(boss: Client) -> None:
    agreement = signed_schedule()
    incident = hour_down(agreement, hours=10)
    statement = finalised(agreement)
    longer(incident, hours=1)
    page = act(statement, "statement_hold")
    later = head_of(agreement, period_label="2019-07")
    sent = {"into": later.pk, "why": "small"}
    refused = text_of(boss.post(page, sent))
    assert "holds back only what is below USD 0.00" in refused
    saved(PostingPolicy(entity=agreement.contract.entity, hold_below_minor=100000))
    boss.post(page, sent)
    assert HeldCorrection.objects.get().delta_minor == -30000
    seen = text_of(boss.get(page_of(statement)))
    assert "A correction of −USD 300.00 waits for NR-2018/power/2019-07: small" in seen
    assert "Correction of NR-2018/power/2019-06" in text_of(boss.get(page_of(later)))


def test_a_revision_shows_what_was_checked_when_it_is_verified(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    statement = finalised(agreement)
    seen = text_of(boss.post(act(statement, "revision_verify", 1), follow=True))
    assert (
        "NR-2018/power/2019-06/r1 is as it was finalised. Checked: fingerprints of inputs and result;" in seen
    )


FILES = {
    "pdf": ("r1-internal.pdf", b"%PDF"),
    "pdf-vendor": ("r1-vendor.pdf", b"%PDF"),
    "text": ("r1.txt", b"Service level statement NR-2018/power/2019-06"),
    "json": ("r1.json", b"{"),
    "evidence": ("r1-evidence-vendor.zip", b"PK"),
    "evidence-internal": ("r1-evidence-internal.zip", b"PK"),
}


def test_a_revision_is_handed_out_in_both_editions_with_its_evidence(boss: Client) -> None:
    statement = finalised(signed_schedule())
    for form, (name, begins) in FILES.items():
        response = boss.get(act(statement, "revision_file", 1, form))
        said = f'attachment; filename="NR-2018-power-2019-06-{name}"'
        assert response.headers["Content-Disposition"] == said
        assert response.content.startswith(begins)


def test_a_draft_is_handed_out_as_pdf_and_marked(boss: Client) -> None:
    agreement = signed_schedule()
    response = boss.get(reverse("admin:sla_statement_file", args=[agreement.pk, "2019-06", "pdf-vendor"]))
    assert response.headers["Content-Disposition"].endswith(
        'filename="NR-2018-power-2019-06-vendor-draft.pdf"'
    )
    assert response.content.startswith(b"%PDF")


def test_the_vendors_answer_is_kept_at_its_line(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    statement = finalised(agreement)
    page = act(statement, "line_answer", 1, 1)
    assert "Times are in America/Los_Angeles." in text_of(boss.get(page))
    refused = text_of(boss.post(page, {"answer": "contests", **WHO}))
    assert "Say what the vendor contests" in refused
    sent = {
        "answer": "contests",
        **WHO,
        "started_at": "2019-06-10 12:20",
        "ended_at": "2019-06-10 13:00",
        "amount": "100.00",
        "cause": "Your own breaker",
    }
    seen = text_of(boss.post(page, sent, follow=True))
    row = LineAnswer.objects.get()
    assert (row.amount_minor, row.started_at) == (10000, at("2019-06-10 19:20"))
    assert "Vendor: contests" in seen
    assert "(A. Meyer, " in seen
    assert "to r1)" in seen
    assert "USD 100.00 · 2019-06-10 12:20:00 -07:00 to 2019-06-10 13:00:00 -07:00 <" in seen
    assert "<br>Your own breaker<" in seen


WRONG = [
    ({"amount": "1.005"}, "more decimals than USD knows"),
    ({"amount": "much"}, "Enter a number."),
    ({"amount": "1e400"}, "Ensure that there are no more than 15 digits in total."),
    ({"started_at": "yesterday"}, "'yesterday' is not a date and time."),
    ({"until": "2019-02-30"}, "Enter a valid date."),
    ({"answer": "asks_for_time"}, "Say until when the vendor asks for time."),
    ({"answer": "nonsense"}, "Select a valid choice."),
]


WHO = {"said_by": "A. Meyer", "said_at": "2019-07-10 09:00"}


def test_an_untouched_answer_is_not_kept(boss: Client) -> None:
    page = act(finalised(signed_schedule()), "line_answer", 1, 1)
    assert '<option value="" selected>Choose</option>' in boss.get(page).content.decode()
    untouched = {"answer": "", "said_by": "", "said_at": "", "responsible": "", "amount": ""}
    errors = boss.post(page, untouched).context["form"].errors
    assert sorted(errors) == ["answer", "said_at", "said_by"]
    assert not LineAnswer.objects.exists()


def test_a_wrong_answer_is_refused_at_its_field(boss: Client) -> None:
    page = act(finalised(signed_schedule()), "line_answer", 1, 1)
    for sent, said in WRONG:
        response = boss.post(page, {"answer": "contests", "cause": "x", **WHO, **sent})
        assert said in text_of(response)
    assert not LineAnswer.objects.exists()


def test_many_are_finalised_at_once_and_those_with_questions_are_listed(boss: Client) -> None:
    clear = signed_schedule()
    hour_down(clear)
    unsigned = a_schedule(contract=a_contract_with_power("NR-2", vendor=clear.contract.vendor))
    hour_down(unsigned, reference="INC-2")
    chosen = [june(clear), june(unsigned)]
    sent = {"action": "finalise_selected", "_selected_action": [row.pk for row in chosen]}
    asked = boss.post(reverse(LIST), sent)
    assert [each.statement for each in asked.context["ready"]] == chosen[:1]
    assert [each.statement for each in asked.context["asking"]] == chosen[1:]
    assert "The terms are not signed off against the document" in text_of(asked)
    assert not chosen[0].revisions.exists()
    seen = text_of(boss.post(reverse(LIST), {**sent, "confirmed": "1", "why": "June closed"}, follow=True))
    assert "Finalised as NR-2018/power/2019-06/r1: USD 200.00." in seen
    assert (
        "NR-2/power/2019-06 was left, as it needs a reason:"
        " The terms are not signed off against the document."
    ) in seen
    assert [row.revisions.count() for row in chosen] == [1, 0]


def test_one_reason_holds_for_all_that_ask_the_same(boss: Client) -> None:
    first = a_schedule(contract=a_contract_with_power("NR-1"))
    second = a_schedule(contract=a_contract_with_power("NR-2", vendor=first.contract.vendor))
    for place, agreement in enumerate((first, second)):
        hour_down(agreement, reference=f"INC-{place}")
    chosen = [june(first), june(second)]
    sent = {"action": "finalise_selected", "_selected_action": [row.pk for row in chosen]}
    asked = boss.post(reverse(LIST), sent)
    assert asked.context["form"].asked == {"unsigned_terms": 2}
    assert "2 statements ask this." in text_of(asked)
    given = {**sent, "confirmed": "1", "why": "June closed", "reason_unsigned_terms": "read twice"}
    boss.post(reverse(LIST), given)
    kept = [[each["reason"] for each in row.revisions.get().overridden] for row in chosen]
    assert kept == [["read twice"], ["read twice"]]


def test_one_of_many_whose_figures_changed_meanwhile_is_left(boss: Client) -> None:
    agreement = signed_schedule()
    incident = hour_down(agreement)
    statement = june(agreement)
    sent = {"action": "finalise_selected", "_selected_action": [statement.pk]}
    [candidate] = boss.post(reverse(LIST), sent).context["chosen"]
    longer(incident, hours=10)
    posted = {**sent, "confirmed": "1", "why": "x", f"seen_{statement.pk}": candidate.seen}
    assert "was left: The figures changed since" in text_of(boss.post(reverse(LIST), posted, follow=True))
    assert not statement.revisions.exists()


def test_a_why_is_asked_of_many_too(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    statement = june(agreement)
    sent = {"action": "finalise_selected", "_selected_action": [statement.pk], "confirmed": "1", "why": " "}
    assert "This field is required." in text_of(boss.post(reverse(LIST), sent))
    assert not statement.revisions.exists()


def test_the_list_refreshes_what_is_out_of_date(boss: Client) -> None:
    agreement = signed_schedule()
    incident = hour_down(agreement)
    june(agreement)
    assert "USD 200.00" in text_of(boss.get(reverse(LIST)))
    longer(incident, hours=10)
    assert "USD 500.00" in text_of(boss.get(reverse(LIST)))


NARROWED = {
    "": {"2019-05", "2019-06", "2019-07"},
    "?stands=draft": {"2019-05", "2019-07"},
    "?stands=finalised": {"2019-06"},
    "?stands=correction": set(),
    "?stands=error": set(),
    "?state__exact=missed": {"2019-06"},
    "?money=due": {"2019-06"},
    "?money=none": {"2019-05", "2019-07"},
    "?money=contested": set(),
    "?vendor=northwest": {"2019-05", "2019-06", "2019-07"},
    "?vendor=nobody": set(),
    "?period=2019-06": {"2019-06"},
    "?period=2018": set(),
    "?q=NR-2018": {"2019-05", "2019-06", "2019-07"},
    "?q=unheard-of": set(),
    "?q=NR-2018/power/2019-06": {"2019-06"},
    "?q=NR-2018/power/2019-06/r1": {"2019-06"},
    "?q=power/2019-0": {"2019-05", "2019-06", "2019-07"},
    "?q=2018/power/2019-07+NR": {"2019-07"},
    "?last_on__year=2019&last_on__month=7": {"2019-07"},
}


def test_the_list_is_narrowed(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    first_on, last_on = at("2019-05-01").date(), at("2019-07-31").date()
    fresh_heads([agreement], first_on=first_on, last_on=last_on, now=timezone.now())
    finalised(agreement)
    slug = agreement.contract.vendor.slug
    asked = {query.replace("northwest", slug): found for query, found in NARROWED.items()}
    listed = {query: boss.get(reverse(LIST) + query).context["cl"].result_list for query in asked}
    assert {query: {row.period for row in rows} for query, rows in listed.items()} == asked


def test_a_row_leads_to_the_statements_own_page(boss: Client) -> None:
    statement = june(signed_schedule())
    assert f'href="{page_of(statement)}"' in boss.get(reverse(LIST)).content.decode()
    change = reverse("admin:sla_statement_change", args=[statement.pk])
    assert boss.get(change).headers["Location"] == page_of(statement)


def test_drafts_of_a_range_are_drawn_up(boss: Client) -> None:
    signed_schedule()
    page = reverse("admin:sla_statements_draw_up")
    seen = text_of(boss.post(page, {"from": "2019-05", "until": "2019-07"}, follow=True))
    assert "2 statements end from 2019-05-01 to 2019-06-30." in seen
    assert "'June' names no day." in text_of(boss.post(page, {"from": "June", "until": ""}, follow=True))
    assert "is not after" in text_of(boss.post(page, {"from": "2019-07", "until": "2019-07"}, follow=True))


def queries(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200
    return len(asked)


def test_a_list_of_twenty_asks_no_more_than_a_list_of_one(boss: Client) -> None:
    first = signed_schedule()
    finalised(first)
    queries(boss, reverse(LIST))
    one = queries(boss, reverse(LIST))
    for number in range(19):
        june(a_schedule(contract=a_contract_with_power(f"NR-{number:02d}", vendor=first.contract.vendor)))
    queries(boss, reverse(LIST))
    assert queries(boss, reverse(LIST)) == one


def test_nobody_sees_what_is_not_theirs(client: Client) -> None:
    agreement = signed_schedule()
    statement = finalised(agreement)
    codes = Permission.objects.filter(content_type__app_label__in=("sla", "vendors")).exclude(
        codename="see_all_vendors"
    )
    stranger = reader(client, *codes.values_list("codename", flat=True))
    assert "NR-2018" not in text_of(stranger.get(reverse(LIST)))
    for page in (
        page_of(statement),
        act(statement, "statement_finalise"),
        act(statement, "statement_difference"),
        act(statement, "statement_hold"),
        act(statement, "revision", 1),
        act(statement, "revision_verify", 1),
        act(statement, "revision_file", 1, "json"),
        act(statement, "line_answer", 1, 1),
    ):
        assert stranger.get(page).status_code == 404, page
        assert stranger.post(page, {"why": "x", "answer": "agrees"}).status_code == 404, page


def test_a_statement_leads_to_its_open_claim_instead_of_opening_another(boss: Client) -> None:
    agreement = signed_schedule()
    hour_down(agreement)
    assert boss.get(page_of(june(agreement))).context["acts"]["claim_label"] == "Open a claim"
    statement = finalised(agreement)
    claim = Claim.objects.get()
    links = {
        "claim": reverse("admin:sla_claim_change", args=[claim.pk]),
        "claim_label": f"Claim {claim.reference}",
    }
    acts = boss.get(page_of(statement)).context["acts"]
    assert {name: acts[name] for name in links} == links
    assert boss.get(act(statement, "revision", 1)).context["claim_act"] == links


def test_a_reader_looks_and_changes_nothing(client: Client) -> None:
    agreement = signed_schedule()
    statement = finalised(agreement)
    looker = reader(client, "view_servicelevelagreement", "view_statement", "see_all_vendors")
    seen = text_of(looker.get(page_of(statement)))
    assert ">Finalise<" not in seen
    assert looker.get(act(statement, "revision", 1)).status_code == 200
    assert "Record answer" not in text_of(looker.get(act(statement, "revision", 1)))
    for name, more in (("statement_finalise", ()), ("statement_hold", ()), ("line_answer", (1, 1))):
        assert looker.post(act(statement, name, *more), {"why": "x"}).status_code == 403
    sent = {"action": "finalise_selected", "_selected_action": [statement.pk], "confirmed": "1", "why": "x"}
    looker.post(reverse(LIST), sent)
    assert statement.revisions.count() == 1


def test_what_does_not_exist_is_not_found(boss: Client) -> None:
    statement = finalised(signed_schedule())
    wanted = (
        ("revision", (9,)),
        ("revision_verify", (9,)),
        ("revision_file", (1, "docx")),
        ("line_answer", (1, 99)),
    )
    assert [boss.get(act(statement, name, *more)).status_code for name, more in wanted] == [404] * 4


def test_a_credit_in_days_reads_as_days(boss: Client) -> None:
    credit = CreditRule(scheme=Scheme.FIXED, params=Fixed(credit=Decimal(1), pays=Pays.SERVICE_DAYS))
    agreement = signed_schedule(terms=some_terms(targets=(a_level(credit=credit),)))
    hour_down(agreement)
    seen = text_of(boss.get(act(june(agreement), "statement_finalise")))
    assert "1 days added to the term" in seen
