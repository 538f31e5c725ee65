"""What runs by itself, seen: how far it has come, what is stuck, and what a person may do about it."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sla.admin.running.runs import state_of
from sla.models import Duty, Heartbeat, OutboxAct, OutboxMessage, Statement
from sla.selectors.waiting import Waiting
from sla.services.duties.planning import plan
from sla.services.duties.rounds import run_round
from sla.services.outbox import Attachment, post
from sla.services.statements import draft_statement, finalise_statement, open_questions
from tests.builders import a_vendor, at, saved
from tests.sla.claim_builders import a_revision
from tests.sla.running import a_closing_schedule, clock
from vendors.models import Approval
from vendors.services.approvals import done_or_asked

pytestmark = pytest.mark.django_db

RUNS = "admin:sla_duty_changelist"
MESSAGES = "admin:sla_outboxmessage_changelist"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def signed_in_as(client: Client, name: str, *permissions: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return user


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def a_failed_run(**fields: Any) -> Duty:
    now = timezone.now()
    defaults = {"kind": "close", "subject": "schedule/1", "period": "2019-06", "state": "failed"}
    times = {"due_at": now, "next_at": now, "finished_at": now}
    return Duty.objects.create(**{**defaults, **times, "error": "No fee is recorded.", **fields})


def run_page(run: Duty) -> str:
    return reverse("admin:sla_duty_change", args=[run.pk])


# Scheduled runs


def test_the_list_says_how_far_each_kind_has_come_and_what_came_of_each(boss: Client) -> None:
    agreement = a_closing_schedule()
    run_round(clock=timezone.now)
    Duty.objects.filter(kind="close").exclude(period__in=["2019-06", "2019-07"]).delete()
    Duty.objects.filter(period="2019-07").update(
        state="due", finished_at=None, next_at=at("2019-08-06 07:00")
    )
    seen = boss.get(reverse(RUNS))
    closing = next(row for row in seen.context["progress"] if row.kind == "close")
    assert (closing.due, closing.done, closing.share_done) == (1, 1, 50)
    assert closing.oldest_due_at == at("2019-08-06 07:00")
    assert "Finalised by itself as NR-2018/power/2019-06/r1." in text_of(seen)
    assert reverse("admin:sla_statement", args=[agreement.pk, "2019-06"]) in seen.content.decode()


def test_a_closed_period_waits_for_a_person_until_one_finalises_it(boss: Client) -> None:
    agreement = a_closing_schedule(closes_itself=False)
    run_round(clock=clock("2019-07-06 12:00"))
    closing = Duty.objects.get(kind="close")
    assert "Waits for a person</span>" in boss.get(run_page(closing)).content.decode()
    row = boss.get(reverse(RUNS), {"kind__exact": "close"}).context["cl"].result_list[0]
    assert state_of(row) == ("person", "Waits for a person")
    a_revision(agreement, now=at("2019-07-06 13:00"))
    row = boss.get(reverse(RUNS), {"kind__exact": "close"}).context["cl"].result_list[0]
    assert state_of(row) == ("done", "Done")


def test_a_run_of_every_hour_names_its_hour(boss: Client) -> None:
    run_round(clock=clock("2019-07-06 12:20"))
    seen = text_of(boss.get(reverse(RUNS), {"kind__exact": "look"}))
    assert "2019-07-06 12:00 UTC" in seen
    assert "2019-07-06T12" not in seen
    assert "Oldest due since" not in seen


@pytest.mark.parametrize(("minutes", "silent"), [(None, True), (2, False), (4, True)])
def test_the_list_says_so_when_nothing_runs(boss: Client, minutes: int | None, *, silent: bool) -> None:
    if minutes is not None:
        Heartbeat.objects.create(name="sweep", beat_at=timezone.now() - timedelta(minutes=minutes))
    assert ("Nothing runs." in text_of(boss.get(reverse(RUNS)))) is silent


def test_a_run_that_failed_says_why_and_is_tried_again_by_a_button(boss: Client) -> None:
    run = a_failed_run(attempts=5)
    page = boss.get(run_page(run))
    assert "No fee is recorded." in text_of(page)
    assert "tried again within a minute" in text_of(boss.post(page.context["again_url"], follow=True))
    run.refresh_from_db()
    assert (run.state, run.attempts, run.finished_at) == ("due", 0, None)
    assert run.next_at <= timezone.now()


def test_several_are_tried_again_at_once_and_what_is_done_is_left(boss: Client) -> None:
    failed, done = a_failed_run(), a_failed_run(period="2019-07", state="done", error="")
    chosen = {"action": "retry_selected", "_selected_action": [failed.pk, done.pk]}
    assert "there is nothing to try again" in text_of(boss.post(reverse(RUNS), chosen, follow=True))
    assert list(Duty.objects.order_by("period").values_list("state", flat=True)) == ["due", "done"]


def test_a_reader_sees_the_runs_of_own_vendors_and_tries_nothing_again(client: Client) -> None:
    mine = a_closing_schedule()
    theirs = a_closing_schedule("OT-1", vendor=a_vendor("other"))
    plan(now=at("2019-07-06 07:00"))
    reader = signed_in_as(client, "ann", "view_duty")
    mine.contract.vendor.owner = reader
    saved(mine.contract.vendor)
    seen = client.get(reverse(RUNS))
    assert [row.agreement for row in seen.context["cl"].result_list] == [mine]
    other = Duty.objects.get(agreement=theirs, kind="close")
    assert client.get(run_page(other)).status_code == 302
    own = Duty.objects.get(agreement=mine, kind="close")
    assert client.get(run_page(own)).context["again_url"] == ""
    Duty.objects.filter(pk=own.pk).update(state="failed")
    client.post(reverse("admin:sla_duty_again", args=[own.pk]))
    assert Duty.objects.get(pk=own.pk).state == "failed"


def test_the_list_takes_the_same_queries_however_many_runs_it_shows(
    boss: Client, django_assert_max_num_queries: Any
) -> None:
    a_closing_schedule()
    run_round(clock=clock("2020-12-31 12:00"))
    with django_assert_max_num_queries(20):
        boss.get(reverse(RUNS))


# Messages


def a_message(state: str = "waiting", **fields: Any) -> OutboxMessage:
    defaults = {
        "key": "k",
        "address": "ann@acme.example",
        "name": "Ann Lee",
        "subject": "SLA summary, June 2019",
        "text": "3 levels missed.\n",
        "html": "<p>3 levels <b>missed</b></p><script>alert(1)</script>",
        "files": [Attachment(name="june.pdf", content_type="application/pdf", content=b"%PDF-1.7")],
        "now": timezone.now(),
    }
    message = post(**{**defaults, **fields})
    sent_at = timezone.now() if state == "sent" else None
    OutboxMessage.objects.filter(pk=message.pk).update(state=state, sent_at=sent_at)
    return message


def message_page(message: OutboxMessage) -> str:
    return reverse("admin:sla_outboxmessage_change", args=[message.pk])


def test_a_message_is_shown_as_its_reader_sees_it_with_no_script_of_its_own(boss: Client) -> None:
    page = boss.get(message_page(a_message())).content.decode()
    assert '<iframe class="rc-mail" sandbox="" srcdoc="&lt;p&gt;3 levels' in page
    assert "<script>alert" not in page
    assert "june.pdf" in page


def test_the_file_of_a_message_is_handed_out(boss: Client) -> None:
    message = a_message()
    file = message.files.get()
    response = boss.get(reverse("admin:sla_message_file", args=[message.pk, file.pk]))
    assert (response.content, response.headers["Content-Type"]) == (b"%PDF-1.7", "application/pdf")
    message.files.update(content=None)
    assert boss.get(reverse("admin:sla_message_file", args=[message.pk, file.pk])).status_code == 404
    page = boss.get(message_page(message)).content.decode()
    assert f'june.pdf <span class="rc-faint">8\xa0bytes, no longer kept; SHA-256 {file.digest}' in page


OFFERED = {
    "waiting": ["Try now", "Do not send it"],
    "sending": [],
    "sent": [],
    "in_doubt": ["Send it again", "It did arrive", "Do not send it"],
    "given_up": ["Send it again", "Do not send it"],
    "cancelled": [],
}


@pytest.mark.parametrize(("state", "acts"), OFFERED.items())
def test_a_message_offers_what_may_still_become_of_it(boss: Client, state: str, acts: list[str]) -> None:
    page = boss.get(message_page(a_message(state)))
    assert [label for label, _ in page.context["acts"]] == acts


def test_a_person_decides_about_a_message_in_doubt_with_a_reason(boss: Client) -> None:
    message = a_message("in_doubt")
    page = reverse("admin:sla_message_act", args=[message.pk, "again"])
    assert "This field is required." in text_of(boss.post(page, {"why": " "}))
    assert "It leaves again within a minute." in text_of(
        boss.post(page, {"why": "nothing came"}, follow=True)
    )
    assert OutboxMessage.objects.get().state == "waiting"
    act = OutboxAct.objects.get()
    assert (act.by.username, act.why) == ("boss", "nothing came")
    assert "nothing came" in text_of(boss.get(message_page(message)))
    again = boss.post(page, {"why": "once more"})
    assert "it cannot become waiting" in text_of(again)


def test_those_that_are_stuck_are_found_from_the_home_page(boss: Client) -> None:
    doubtful = a_message("in_doubt")
    a_message("sent", key="other")
    a_failed_run()
    home = text_of(boss.get(reverse("admin:index")))
    assert "1 scheduled run failed" in home
    assert "1 message in doubt or given up" in home
    seen = boss.get(reverse(MESSAGES), {"stuck": "1"})
    assert list(seen.context["cl"].result_list) == [doubtful]


def test_a_reader_sees_messages_about_own_vendors_and_decides_nothing(client: Client) -> None:
    reader = signed_in_as(client, "ann", "view_outboxmessage")
    own = a_vendor(owner=reader)
    about_own = a_message("in_doubt", vendor=own)
    about_other = a_message("in_doubt", key="other", vendor=a_vendor("other"))
    to_reader = a_message("in_doubt", key="mine", reader=reader)
    seen = client.get(reverse(MESSAGES))
    assert set(seen.context["cl"].result_list) == {about_own, to_reader}
    assert client.get(message_page(about_other)).status_code == 302
    assert client.get(message_page(about_own)).context["acts"] == []
    act = reverse("admin:sla_message_act", args=[about_own.pk, "again"])
    assert client.post(act, {"why": "x"}).status_code == 403
    file = reverse("admin:sla_message_file", args=[about_other.pk, about_other.files.get().pk])
    assert client.get(file).status_code == 404


# The home page


def test_closed_periods_that_wait_are_counted_with_their_money(boss: Client) -> None:
    agreement = a_closing_schedule()
    agreement.closes_itself = False
    saved(agreement)
    run_round(clock=clock("2019-08-06 07:00"))
    home = boss.get(reverse("admin:index"))
    assert home.context["work"].closed == Waiting(count=2, money=(), earliest="2019-06")
    assert "2 service level statements" in text_of(home)
    seen = boss.get(reverse("admin:sla_statement_changelist"), {"stands": "waits"})
    assert {row.period for row in seen.context["cl"].result_list} == {"2019-06", "2019-07"}


def test_what_somebody_asked_a_second_person_to_finalise_waits_for_nobody_else(boss: Client) -> None:
    agreement = a_closing_schedule()
    agreement.closes_itself = False
    saved(agreement)
    run_round(clock=clock("2019-08-06 07:00"))
    User.objects.create_superuser("second")
    head = Statement.objects.get(period="2019-06")
    now, by = at("2019-08-06 07:00"), User.objects.get(username="boss")
    result = draft_statement(head.agreement, period_label=head.period, known_until=now)
    reasons = {each.code: "checked" for each in open_questions(head, result=result, now=now)}
    asked = done_or_asked(
        lambda: finalise_statement(head, by=by, why="month end", reasons=reasons, now=now), now=now
    )
    assert isinstance(asked, Approval)
    home = boss.get(reverse("admin:index"))
    assert home.context["work"].closed == Waiting(count=1, money=(), earliest="2019-07", asked=1)
    assert "1 more waits for the second person who was asked to finalise it." in text_of(home)
    seen = boss.get(reverse("admin:sla_statement_changelist"), {"stands": "waits"})
    assert {row.period for row in seen.context["cl"].result_list} == {"2019-07"}
