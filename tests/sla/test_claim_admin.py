"""Pages of claims: the desk, the list, one claim, and each act on it."""

from __future__ import annotations

from datetime import date
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sla.engine.claims.moves import ClaimState
from sla.models import Claim, ClaimToDo
from sla.services import claims, register
from tests.builders import an_incident, an_outage, at, person
from tests.sla.money_rows import JULY, a_claim_of, a_credit_row, a_statement, attach

pytestmark = pytest.mark.django_db
LIST = "admin:sla_claim_changelist"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def reader(client: Client) -> Client:
    """Sees every vendor and every claim, and may change nothing."""
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_claim", "see_all_vendors"]))
    client.force_login(user)
    return client


@pytest.fixture
def stranger(client: Client) -> Client:
    """May do everything, with vendors that are not these."""
    user = User.objects.create_user("stranger", is_staff=True)
    allowed = Permission.objects.filter(content_type__app_label__in=("sla", "incidents", "vendors"))
    user.user_permissions.set(allowed.exclude(codename="see_all_vendors"))
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def page(claim: Claim) -> str:
    return reverse("admin:sla_claim_change", args=[claim.pk])


def act(claim: Claim, code: str) -> str:
    return reverse("admin:sla_claim_act", args=[claim.pk, code])


def a_sent_claim(*amounts: int, **fields: Any) -> Claim:
    """Sent and received on 10 July 2019."""
    claim = a_claim_of(*(amounts or (20_000,)), **fields)
    return claims.submit_claim(claim, by=person(), why="sent", sent_at=JULY, received_at=JULY, now=JULY)


def a_step(about: Claim, **fields: Any) -> ClaimToDo:
    defaults = {
        "what": "ticket",
        "text": "Open a ticket",
        "due_on": date(2019, 7, 30),
        "due_until": at("2019-07-31 07:00"),
    }
    return ClaimToDo.objects.create(statement=about.statement or a_statement(), **{**defaults, **fields})


def test_the_list_shows_what_each_claim_asks_for_and_what_came_of_it(boss: Client) -> None:
    claim = a_sent_claim(20_000, 5_000)
    claims.answer_claim(
        claim,
        state="partly_accepted",
        accepted_minor=15_000,
        happened_at=JULY,
        by=person(),
        why="by mail",
        now=JULY,
    )
    seen = text_of(boss.get(reverse(LIST)))
    for figure in (claim.reference, "USD 250.00", "USD 150.00", "Partly accepted"):
        assert figure in seen


def test_the_list_costs_the_same_number_of_queries_for_one_claim_and_for_five(boss: Client) -> None:
    a_claim_of(20_000)
    boss.get(reverse(LIST))
    with CaptureQueriesContext(connection) as one:
        boss.get(reverse(LIST))
    for _ in range(4):
        a_claim_of(20_000)
    with CaptureQueriesContext(connection) as five:
        response = boss.get(reverse(LIST))
    assert len(response.context["cl"].result_list) == 5
    assert len(five) == len(one)


@pytest.mark.parametrize(
    "asked", ["state=open", "state=lapsed", "vendor=northrack", "currency__exact=USD", "q=x"]
)
def test_the_list_is_filtered(boss: Client, asked: str) -> None:
    a_claim_of(20_000)
    assert boss.get(f"{reverse(LIST)}?{asked}").status_code == 200


def test_a_claim_shows_its_money_its_parts_its_steps_and_its_history(boss: Client) -> None:
    claim = a_sent_claim(20_000)
    a_step(claim, claim=claim, reading="30 days after the month", clause="Claim within thirty days.")
    seen = text_of(boss.get(page(claim)))
    for said in (
        "Still open, before tax",
        "USD 200.00",
        "NR-2018/power/2019-06/r1",
        "Open a ticket",
        "30 days after the month",
        "Claim within thirty days.",
        "America/Los_Angeles",
        "2019-07-10 05:00",  # 12:00 UTC
        "Record the vendor's answer",
    ):
        assert said in seen, said


ACTS = {
    ClaimState.ENTITLED: {"submit", "answer", "split", "drop", "lapse", "close"},
    ClaimState.SUBMITTED: {"answer", "split", "write-off", "drop", "close"},
    ClaimState.REJECTED: {"answer", "contest", "split", "write-off", "drop", "close"},
    ClaimState.CLOSED: set(),
    ClaimState.LAPSED: set(),
}


@pytest.mark.parametrize("state", ACTS)
def test_a_claim_offers_the_acts_that_its_state_allows(boss: Client, state: ClaimState) -> None:
    claim = a_claim_of(20_000, state=state)
    offered = {each["act"].code for each in boss.get(page(claim)).context["acts"]}
    assert offered == ACTS[state]


def test_an_answer_is_the_usual_next_step_only_once_the_claim_was_sent(boss: Client) -> None:
    for claim, usual in ((a_claim_of(20_000), ["submit"]), (a_sent_claim(20_000), ["answer"])):
        shown = boss.get(page(claim)).context["acts"]
        assert [each["act"].code for each in shown if each["primary"]] == usual


def test_sending_is_told_in_the_zone_of_the_contract_and_apart_from_the_receipt(boss: Client) -> None:
    claim = a_claim_of(20_000)
    asked = text_of(boss.get(act(claim, "submit")))
    assert "In America/Los_Angeles." in asked
    boss.post(act(claim, "submit"), {"sent_at": "2019-07-09 17:00", "why": "Sent by mail."})
    claim.refresh_from_db()
    move = claim.moves.get(new_state="submitted")
    assert (claim.state, claim.submitted_at, move.sent_at) == ("submitted", None, at("2019-07-10 00:00"))
    boss.post(act(claim, "receipt"), {"received_at": "2019-07-10 08:00", "why": "Read receipt."})
    claim.refresh_from_db()
    assert claim.submitted_at == at("2019-07-10 15:00")


def test_an_answer_in_part_is_recorded_with_its_amount(boss: Client) -> None:
    claim = a_sent_claim(20_000)
    boss.post(
        act(claim, "answer"),
        {
            "state": "partly_accepted",
            "happened_at": "2019-07-20 09:00",
            "accepted_minor": "1,50.5",
            "why": "their mail",
        },
    )
    claim.refresh_from_db()
    assert claim.state == "submitted"
    response = boss.post(
        act(claim, "answer"),
        {
            "state": "partly_accepted",
            "happened_at": "2019-07-20 09:00",
            "accepted_minor": "150.50",
            "vendor_reference": "T-77",
            "why": "their mail",
        },
    )
    assert response.headers["Location"] == page(claim)
    claim.refresh_from_db()
    assert (claim.state, claim.vendor_reference) == ("partly_accepted", "T-77")
    assert claims.balance(claim).accepted == 15_050


REFUSED = [
    ("submit", {"sent_at": "2999-01-01 10:00", "why": "x"}, "lies in the future"),
    ("submit", {"why": "x"}, "Say when the claim was sent"),
    ("submit", {"sent_at": "yesterday", "why": "x"}, "is not a date and time"),
    ("submit", {"sent_at": "2019-07-10 10:00", "why": " "}, "This field is required"),
    ("drop", {"amount_minor": "999.00", "why": "x"}, "cannot be given up"),
    ("drop", {"amount_minor": "1.005", "why": "x"}, "more decimals than USD knows"),
    ("lapse", {"why": "x"}, "No deadline is known"),
    ("split", {"why": "x"}, "Nothing would move"),
]


@pytest.mark.parametrize(("code", "typed", "said"), REFUSED)
def test_a_refused_act_says_why_and_changes_nothing(
    boss: Client, code: str, typed: dict[str, str], said: str
) -> None:
    claim = a_claim_of(20_000)
    before = list(claim.moves.values_list("pk", flat=True))
    response = boss.post(act(claim, code), typed)
    assert response.status_code == 200
    assert said in text_of(response)
    claim.refresh_from_db()
    assert claim.state == "entitled"
    assert list(claim.moves.values_list("pk", flat=True)) == before


def test_an_act_that_the_state_does_not_allow_leads_back_with_a_message(boss: Client) -> None:
    claim = a_claim_of(20_000)
    response = boss.get(act(claim, "contest"), follow=True)
    assert f"Contest the answer: not possible while claim {claim} is entitled." in text_of(response)
    assert boss.get(act(claim, "steal")).status_code == 404


def test_a_part_moves_to_a_claim_of_its_own(boss: Client) -> None:
    claim = a_claim_of(20_000, 5_000)
    first = claim.parts.order_by("pk").first().credit
    response = boss.post(act(claim, "split"), {f"credit_{first.pk}": "120.00", "why": "the contested part"})
    new = Claim.objects.exclude(pk=claim.pk).get()
    assert response.headers["Location"] == page(new)
    assert (claims.balance(claim).asked, claims.balance(new).asked) == (13_000, 12_000)


def test_a_step_is_noted_as_done_with_how(boss: Client) -> None:
    claim = a_claim_of(20_000)
    step = a_step(claim)
    address = reverse("admin:sla_claim_step", args=[claim.pk, step.pk])
    assert "Say how it was done" in text_of(boss.post(address, {"note": " "}, follow=True))
    boss.post(address, {"note": "Ticket 4711"})
    step.refresh_from_db()
    assert (step.note, step.done_by.username) == ("Ticket 4711", "boss")
    assert "Ticket 4711" in text_of(boss.get(page(claim)))


def test_a_step_of_another_claim_is_not_found(boss: Client) -> None:
    claim = a_claim_of(20_000)
    other = a_claim_of(5_000, month="2019-05")
    step = a_step(other, claim=other)
    assert boss.post(reverse("admin:sla_claim_step", args=[claim.pk, step.pk])).status_code == 404


def test_a_claim_is_opened_from_a_statement_before_its_amount_is_known(boss: Client) -> None:
    statement = a_statement()
    address = f"{reverse('admin:sla_claim_open')}?statement={statement.pk}"
    assert "Open a claim for NR-2018/power/2019-06" in text_of(boss.get(address))
    response = boss.post(address, {"why": "The month is not over."})
    claim = Claim.objects.get()
    assert response.headers["Location"] == page(claim)
    assert (claim.state, claim.statement) == ("protective", statement)
    again = text_of(boss.post(address, {"why": "again"}))
    assert "is open for NR-2018/power/2019-06 already" in again


def test_a_claim_is_opened_from_an_incident_for_one_of_its_contracts(boss: Client) -> None:
    statement = a_statement()
    contract = statement.agreement.contract
    incident = an_incident("INC-1", vendor=contract.vendor)
    service = contract.services.get()
    an_outage(incident, service, started_at=at("2019-06-10 12:00"), ended_at=at("2019-06-10 13:00"))
    shown = text_of(boss.get(reverse("admin:incidents_incident_change", args=[incident.pk])))
    assert "Open a claim" in shown
    address = f"{reverse('admin:sla_claim_open')}?incident={incident.pk}"
    boss.post(address, {"contract": contract.pk, "why": "To keep the date"})
    claim = Claim.objects.get()
    assert (claim.incident, claim.contract) == (incident, contract)


@pytest.mark.parametrize("asked", ["", "?statement=x", "?statement=999", "?incident=99999999999999999999"])
def test_a_claim_is_opened_for_something(boss: Client, asked: str) -> None:
    assert boss.get(reverse("admin:sla_claim_open") + asked).status_code == 404


def test_a_reader_sees_claims_and_no_buttons(reader: Client) -> None:
    claim = a_sent_claim()
    response = reader.get(page(claim))
    assert response.status_code == 200
    assert response.context["acts"] == []
    assert "Record a credit received" not in text_of(response)
    assert reader.get(act(claim, "drop")).status_code == 403
    assert reader.post(reverse("admin:sla_claim_letter", args=[claim.pk]), {"make": "1"}).status_code == 403
    assert reader.get(f"{reverse('admin:sla_claim_open')}?statement={claim.statement_id}").status_code == 403


def test_a_stranger_finds_no_claim(stranger: Client) -> None:
    claim = a_sent_claim()
    assert claim.reference not in text_of(stranger.get(reverse(LIST)))
    assert stranger.get(page(claim)).status_code == 302
    assert stranger.get(act(claim, "drop")).status_code == 404
    assert stranger.get(reverse("admin:sla_claim_letter", args=[claim.pk])).status_code == 404
    address = f"{reverse('admin:sla_claim_open')}?statement={claim.statement_id}"
    assert stranger.get(address).status_code == 404


def test_without_permission_there_is_no_desk(client: Client) -> None:
    client.force_login(User.objects.create_user("guest", is_staff=True))
    assert client.get(reverse("admin:sla_claims_desk")).status_code == 403
    assert client.get(reverse(LIST)).status_code == 403


DESK = "admin:sla_claims_desk"


def test_the_desk_says_what_is_next_by_when_and_about_how_much(boss: Client) -> None:
    sent = a_sent_claim(20_000)
    a_step(sent, claim=sent, party="vendors", what="decision", text="The vendor decides on the claim")
    unsent = a_claim_of(7_000, month="2019-05")
    response = boss.get(reverse(DESK))
    assert [(each["row"].claim, each["row"].what, each["amount"]) for each in response.context["rows"]] == [
        (sent, "The vendor decides on the claim", "USD 200.00"),
        (unsent, "Send the claim", "USD 70.00"),
    ]
    first = response.context["rows"][0]
    assert (first["tone"], first["left"].endswith("days over")) == ("bad", True)
    assert [each["total"] for each in response.context["ageing"]] == [(20_000, "USD")]


def test_the_desk_is_narrowed_to_a_vendor_or_a_state(boss: Client) -> None:
    a_sent_claim(20_000)
    unsent = a_claim_of(7_000, month="2019-05")
    rows = boss.get(reverse(DESK), {"state": "Entitled"}).context["rows"]
    assert [each["row"].claim for each in rows] == [unsent]
    assert len(boss.get(reverse(DESK), {"vendor": "northrack"}).context["rows"]) == 2
    assert boss.get(reverse(DESK), {"vendor": "nobody"}).context["rows"] == []


def test_the_desk_costs_the_same_number_of_queries_for_one_claim_and_for_five(boss: Client) -> None:
    a_sent_claim(20_000)
    boss.get(reverse(DESK))
    with CaptureQueriesContext(connection) as one:
        boss.get(reverse(DESK))
    for _ in range(4):
        a_sent_claim(20_000)
    with CaptureQueriesContext(connection) as five:
        boss.get(reverse(DESK))
    assert len(five) == len(one)


def test_the_desk_gives_its_reader_the_address_of_their_calendar(boss: Client, settings: Any) -> None:
    settings.PUBLIC_ORIGIN = "https://recourse.example.com"
    address = boss.get(reverse(DESK)).context["feed_url"]
    assert address.startswith("https://recourse.example.com/calendar/")
    boss.logout()
    opened = boss.get(address.removeprefix("https://recourse.example.com"))
    assert opened["Content-Type"].startswith("text/calendar")


def test_a_letter_is_seen_made_and_kept(boss: Client) -> None:
    claim = claims.open_claim(statement=a_statement(), by=person(), why="to keep the date", now=JULY)
    address = reverse("admin:sla_claim_letter", args=[claim.pk])
    assert claim.reference in boss.get(address).context["preview"].body
    assert "The letter is made and kept." in text_of(boss.post(address, {"make": "1"}, follow=True))
    letter = claim.letters.get()
    sent = boss.get(reverse("admin:sla_claim_letter_file", args=[claim.pk, letter.pk]))
    assert (sent["Content-Type"], sent.content[:5]) == ("application/pdf", b"%PDF-")
    assert boss.get(reverse("admin:sla_claim_letter_file", args=[claim.pk, 999])).status_code == 404


def test_list_and_page_say_the_same_of_a_claim_that_came_to_less(boss: Client) -> None:
    claim = a_sent_claim(100_000)
    given: dict[str, Any] = {"by": person(), "why": "their mail", "happened_at": JULY, "now": JULY}
    claims.answer_claim(claim, state="accepted", **given)
    register.enter("received", claim=claim, amount_minor=-100_000, on=JULY.date(), by=person(), now=JULY)
    attach(a_credit_row(-40_000, kind="adjustment"), claim=claim)
    for shown in (boss.get(reverse(LIST)), boss.get(page(claim))):
        assert "USD 600.00" in text_of(shown)
        assert "over-credited by USD 400.00" in text_of(shown)
    listed = text_of(boss.get(reverse(LIST)))
    assert "-400.00" not in listed
    assert "USD 1,000.00" not in listed


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("entitled", "2019-07-30 overdue"),
        ("submitted", "2019-08-02 overdue"),
        ("accepted", "2019-08-19 overdue"),
        ("contested", "2019-08-19 overdue"),
        ("credited", ""),
        ("closed", ""),
        ("not_pursued", ""),
        ("lapsed", ""),
    ],
)
def test_the_next_date_is_of_a_step_that_still_matters(boss: Client, state: str, shown: str) -> None:
    claim = a_claim_of(20_000)
    steps = [("claim", date(2019, 7, 30)), ("receipt", date(2019, 8, 2))]
    for what, on in steps:
        until = at(f"{on} 23:00")
        a_step(claim, claim=claim, what=what, text=what, due_on=on, due_until=until)
    a_step(
        claim,
        claim=claim,
        what="issue",
        party="vendors",
        due_on=date(2019, 8, 19),
        due_until=at("2019-08-20 00:00"),
    )
    claim.state = state
    claim.save(update_fields=["state"])
    (row,) = boss.get(reverse(LIST)).context["cl"].result_list
    assert (f"{row.next_on} overdue" if row.next_on else "") == shown
