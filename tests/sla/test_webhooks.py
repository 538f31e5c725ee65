"""Other systems hear of what happens here: once written, signed, sent until it is taken, for a time."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as real
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse
from standardwebhooks import Webhook, WebhookVerificationError

from incidents.services.web.asking import Limits
from sla.models import OutboxMessage, WebhookState, WebhookTarget
from sla.reports.tables.cells import utc_text
from sla.services.alerts.found import Found
from sla.services.claims import submit_claim
from sla.services.outbox.delivering import BACKOFF, deliver_next, note_broken_off
from sla.services.webhooks import sending
from sla.services.webhooks.keeping import renew_secret, save_target, secret_to_show, send_test
from sla.services.webhooks.sending import webhook_id
from sla.services.webhooks.signing import signed_headers
from sla.services.webhooks.warnings import announce_alerts
from tests.builders import REASON, a_vendor, at, person, saved
from tests.sla.claim_builders import FINALISED, NOW, a_missed_month, a_revision
from tests.sla.mailing_rows import a_reader
from tests.sla.running import Clock
from tests.sla.webhook_rows import HOST, Receiver, a_webhook, receiver, written

pytestmark = pytest.mark.django_db
__all__ = ["receiver"]


def types() -> list[str]:
    return [each["type"] for each in written()]


# What is told


def test_a_finalised_statement_and_each_level_that_it_missed_are_told(settings: Any) -> None:
    settings.PUBLIC_ORIGIN = "https://recourse.example"
    a_webhook()
    revision = a_revision()
    page = reverse("admin:sla_revision", args=[revision.statement_id, 1])
    told = {each["type"]: each for each in written()}
    finalised, missed, moved = (told[name] for name in ("statement.finalised", "level.missed", "claim.moved"))
    about = {
        "contract": "NR-2018",
        "vendor": "northrack",
        "company": revision.statement.agreement.contract.entity.code,
        "schedule": "power",
        "period": "2019-06",
        "first_on": "2019-06-01",
        "last_on": "2019-06-30",
    }
    assert finalised == {
        "type": "statement.finalised",
        "version": 1,
        "timestamp": "2019-07-02T09:00:00Z",
        "data": {
            **about,
            "statement": "NR-2018/power/2019-06/r1",
            "revision": 1,
            "finalised_at": "2019-07-02T09:00:00Z",
            "missed": revision.missed,
            "credit": "USD 200.00",
            "credit_due": {"amount": "200.00", "currency": "USD"},
            "credit_contested": {"amount": "0.00", "currency": "USD"},
            "fingerprint": revision.digest,
            "url": f"https://recourse.example{page}",
        },
    }
    assert {name: missed["data"][name] for name in ("line", "final", "credit_due", "target")} == {
        "line": 1,
        "final": True,
        "credit_due": {"amount": "200.00", "currency": "USD"},
        "target": revision.lines.get().level_printed,
    }
    assert (moved["type"], moved["data"]["from"], moved["data"]["to"]) == ("claim.moved", None, "entitled")


def test_a_correction_names_what_it_replaces_and_tells_no_level_twice() -> None:
    agreement = a_missed_month()
    a_revision(agreement)
    a_webhook(events=["level.missed", "statement.corrected", "statement.finalised"])
    outage = agreement.contract.services.get(code="power-a").outages.get()
    outage.ended_at = at("2019-06-25 13:00")
    saved(outage)
    second = a_revision(agreement, now=at("2019-07-08 09:00"))
    assert types() == ["statement.corrected"]
    data = written()[0]["data"]
    assert data["replaces"] == "NR-2018/power/2019-06/r1"
    assert data["credit_due_before"] == {"amount": "200.00", "currency": "USD"}
    assert data["credit_due"]["amount"] == f"{second.due_minor / 100:.2f}"
    assert data["url"] is None


def test_a_claim_that_moves_is_told() -> None:
    claim = a_revision().credits.get().parts.get().claim
    a_webhook(events=["claim.moved"])
    submit_claim(claim, by=person(), why="sent", sent_at=NOW, received_at=NOW, now=NOW)
    (told,) = written()
    assert (told["data"]["claim"], told["data"]["from"], told["data"]["to"]) == (
        claim.reference,
        "entitled",
        "submitted",
    )
    assert told["data"]["amount"] == {"amount": "200.00", "currency": "USD"}
    assert told["data"]["happened_at"] == "2019-07-20T09:00:00Z"


def found(statement: Any, **fields: Any) -> Found:
    defaults = {
        "kind": "level",
        "subject": f"{statement.pk}/power",
        "rank": 3,
        "headline": "Power cannot be met",
        "statement_id": statement.pk,
        "currency": "USD",
        "amount_minor": 20000,
    }
    return Found(**{**defaults, **fields})  # type: ignore[arg-type]


WARNINGS: list[tuple[dict[str, Any], int, list[str]]] = [
    ({"rank": 3}, 0, ["level.missed"]),
    ({"rank": 3}, 2, ["level.missed"]),
    ({"rank": 4}, 3, []),
    ({"rank": 2}, 1, []),
    ({"kind": "step", "subject": "7//claim/", "rank": 1}, 0, ["claim.due"]),
    ({"kind": "step", "subject": "7//claim/", "rank": 4}, 3, ["claim.due"]),
    ({"kind": "step", "subject": "7/3/receipt/", "rank": 1}, 0, []),
    ({"kind": "notice", "rank": 3}, 0, []),
]


@pytest.mark.parametrize(("fields", "before", "told"), WARNINGS)
def test_of_warnings_lost_levels_and_claims_that_are_due_are_told(
    fields: dict[str, Any], before: int, told: list[str]
) -> None:
    statement = a_revision().statement
    a_webhook()
    announce_alerts([(found(statement, **fields), before)], now=NOW)
    assert types() == told


def test_a_webhook_hears_of_its_vendor_its_company_and_its_events_alone() -> None:
    agreement = a_missed_month()
    contract = agreement.contract
    finalised = ["statement.finalised"]
    a_webhook(code="its-vendor", vendor=contract.vendor, events=finalised)
    a_webhook(code="its-company", entity=contract.entity, events=finalised)
    a_webhook(code="other-vendor", vendor=a_vendor("southrack"), events=finalised)
    a_webhook(code="other-events", events=["claim.moved", "claim.due"])
    a_webhook(code="off", events=finalised, is_active=False)
    a_revision(agreement)
    rows = OutboxMessage.objects.filter(channel="hook", subject="statement.finalised")
    assert sorted(rows.values_list("name", flat=True)) == ["its-company", "its-vendor"]


def test_what_is_rolled_back_was_never_told() -> None:
    a_webhook()
    with transaction.atomic():
        a_revision()
        transaction.set_rollback(True)
    assert written() == []


# Sending


def test_it_is_sent_signed_and_the_examples_of_the_reference_accept_it(receiver: Receiver) -> None:
    target = a_webhook(receiver)
    message = send_test(target, by=person("boss"), now=datetime.now(UTC))
    deliver_next(clock=lambda: datetime.now(UTC))
    message.refresh_from_db()
    assert (message.state, message.error) == ("sent", "")
    ((path, headers, body),) = receiver.came
    assert path == "/in"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["webhook-id"] == webhook_id(message)
    secret = secret_to_show(target)
    examples = re.findall(
        r"```python\n(.*?)```", (Path(real.BASE_DIR) / "sla/WEBHOOKS.md").read_text(), re.DOTALL
    )
    known: dict[str, Any] = {}
    for example in examples:
        exec(example, known)
    assert known["accept"](secret, headers, body)["data"] == {"webhook": "ticketing", "asked_by": "boss"}
    assert known["is_genuine"](secret, headers, body)
    assert not known["is_genuine"](secret, headers, body + b" ")
    with pytest.raises(WebhookVerificationError):
        known["accept"]("whsec_" + "A" * 44, headers, body)


def test_the_sample_of_the_reference_is_signed_as_it_says() -> None:
    text = (Path(real.BASE_DIR) / "sla/WEBHOOKS.md").read_text()
    lines = re.search(r"```text\n(secret .*?)```", text, re.DOTALL)
    assert lines is not None
    sample = dict(line.split(maxsplit=1) for line in lines[1].splitlines())
    secret, body = sample.pop("secret"), sample.pop("body")
    then = datetime.fromtimestamp(int(sample["webhook-timestamp"]), UTC)
    assert Webhook(secret).sign(msg_id="msg_sample", timestamp=then, data=body) == sample["webhook-signature"]
    known: dict[str, Any] = {}
    for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(example, known)
    assert known["is_genuine"](secret, sample, body.encode())
    assert not known["is_genuine"](secret, sample, body.replace("maria", "mario").encode())
    assert json.loads(body)["timestamp"] == utc_text(then)


def test_a_receiver_on_this_machine_is_sent_to_only_while_it_is_tried_out(settings: Any) -> None:
    came: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    settings.DEBUG, boss = True, person("boss", is_superuser=True)
    target = WebhookTarget(code="here", url=f"http://127.0.0.1:{server.server_port}/in", owner=boss)
    try:
        save_target(target, by=boss, reason=REASON)
        assert send(target, now=datetime.now(UTC)).state == "sent"
        settings.DEBUG = False
        refused = send(target, now=datetime.now(UTC))
        with pytest.raises(ValidationError, match="cannot be sent to: the address must begin with https://"):
            save_target(target, by=boss, reason=REASON)
    finally:
        server.shutdown()
        server.server_close()
    assert refused.error.endswith("cannot be sent to: the address must begin with https://.")
    assert len(came) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.2/", "http://localhost/", "https://10.0.0.1/", "http://[::1]/", "http://127.1/"]
)
def test_a_trial_lets_in_no_other_private_address(settings: Any, url: str) -> None:
    settings.DEBUG, boss = True, person("boss", is_superuser=True)
    with pytest.raises(ValidationError, match="cannot be sent to"):
        save_target(WebhookTarget(code="x", url=url, owner=boss), by=boss, reason=REASON)


def test_both_secrets_sign_for_seven_days(receiver: Receiver) -> None:
    target = a_webhook(receiver)
    before, now = secret_to_show(target), datetime.now(UTC)
    after = renew_secret(target, by=person("boss"), now=now - timedelta(days=6, hours=23))
    send(target, now=now)
    WebhookTarget.objects.update(earlier_until=now - timedelta(seconds=1))
    send(target, now=now + timedelta(seconds=1))
    (_, first, body), (_, second, later) = receiver.came
    assert before != after
    for secret in (before, after):
        assert Webhook(secret).verify(body, first)["type"] == "test"
    assert Webhook(after).verify(later, second)["type"] == "test"
    with pytest.raises(WebhookVerificationError):
        Webhook(before).verify(later, second)


def send(target: WebhookTarget, *, now: datetime) -> OutboxMessage:
    """Write a test and try to send it once."""
    target.refresh_from_db()
    message = send_test(target, by=person("boss"), now=now)
    deliver_next(clock=lambda: now)
    message.refresh_from_db()
    return message


def test_what_is_not_taken_is_tried_again_under_the_same_number(receiver: Receiver) -> None:
    receiver.answers = [500, 503, 204]
    target, clock = a_webhook(receiver), Clock(at("2026-07-06 06:00"))
    message = send(target, now=clock())
    assert (message.state, message.error) == ("waiting", "It answered 500.")
    for wait in BACKOFF[:2]:
        clock.at += wait
        deliver_next(clock=clock)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("sent", 3)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.came}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in receiver.came}) == 3
    state = WebhookState.objects.get()
    assert (state.failing_since, state.taken_at) == (None, clock())


def test_after_the_last_try_it_is_given_up_and_at_410_at_once(receiver: Receiver) -> None:
    receiver.answers = [500]
    target, clock = a_webhook(receiver), Clock(at("2026-07-06 06:00"))
    message = send(target, now=clock())
    for wait in BACKOFF:
        clock.at += wait
        deliver_next(clock=clock)
    message.refresh_from_db()
    assert (message.state, len(receiver.came)) == ("given_up", 7)
    receiver.answers = [410]
    assert send(target, now=clock()).state == "given_up"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers, receiver.headers = [302], {"Location": f"https://{HOST}:{receiver.port}/elsewhere"}
    message = send(a_webhook(receiver), now=at("2026-07-06 06:00"))
    assert message.error == "It answered 302."
    assert [path for path, _, _ in receiver.came] == ["/in"]


def test_private_addresses_are_not_sent_to(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LIMITS", Limits(seconds=5, size=16_384))
    message = send(a_webhook(), now=at("2026-07-06 06:00"))
    assert message.error.startswith(f"{HOST} cannot be sent to: 127.0.0.1 is")
    assert receiver.came == []


def test_one_that_was_broken_off_is_sent_again_because_its_number_stays(receiver: Receiver) -> None:
    target, clock = a_webhook(receiver), Clock(at("2026-07-06 06:00"))
    message = send_test(target, by=person("boss"), now=clock())
    lease = clock() + timedelta(seconds=60)
    OutboxMessage.objects.update(state="sending", token="x", lease_until=lease, attempts=1)
    clock.at = lease
    assert note_broken_off(now=clock()) == 0
    deliver_next(clock=clock)
    message.refresh_from_db()
    assert (message.state, len(receiver.came)) == ("sent", 1)


def test_after_five_days_of_failing_it_is_switched_off_and_its_owner_told(receiver: Receiver) -> None:
    receiver.answers = [500]
    target, first = a_webhook(receiver), at("2026-07-06 06:00")
    send(target, now=first)
    send(target, now=first + timedelta(days=4, hours=23))
    target.refresh_from_db()
    assert target.is_active
    send(target, now=first + timedelta(days=5))
    target.refresh_from_db()
    assert not target.is_active
    assert (
        target.history.latest("history_id").history_change_reason == "It has taken nothing since 2026-07-06"
    )
    mail = OutboxMessage.objects.get(channel="mail")
    assert (mail.address, mail.subject) == ("boss@acme.example", "The webhook ticketing is switched off")
    assert "Last it said: It answered 500." in mail.text
    with pytest.raises(ValidationError, match="ticketing is switched off"):
        send_test(target, by=person("boss"), now=first)
    target.is_active, target.url = True, f"https://{HOST}/in"
    save_target(target, by=person("boss"), reason="mended")
    assert WebhookState.objects.get().failing_since is None


# Keeping them


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example/in", "must begin with https://"),
        ("https://hooks.example:8443/in", "its port must be 443"),
        ("https://me:pw@hooks.example/", "a login stands before its host"),
        ("hooks.example", "must begin with https://"),
    ],
)
def test_only_public_https_addresses_are_kept(url: str, words: str) -> None:
    owner = person("boss", is_superuser=True)
    with pytest.raises(ValidationError) as refusal:
        save_target(WebhookTarget(code="x", url=url, owner=owner), by=owner, reason=REASON)
    assert words in str(refusal.value)
    assert not WebhookTarget.objects.exists()


@pytest.mark.parametrize("events", [[], ["breach"], "level.missed"])
def test_events_that_there_are_not_are_refused(events: Any) -> None:
    with pytest.raises(ValidationError):
        a_webhook(events=events)


def test_nobody_sends_out_what_they_may_not_read() -> None:
    vera = a_reader("vera")
    vendor = a_vendor("northrack", owner=vera)
    target = WebhookTarget(code="x", url=f"https://{HOST}/in", owner=vera)
    with pytest.raises(ValidationError, match="only who sees all vendors sends out more"):
        save_target(target, by=vera, reason=REASON)
    target.vendor = vendor
    save_target(target, by=vera, reason=REASON)
    assert list(WebhookTarget.objects.all().visible_to(vera)) == [target]
    assert list(WebhookTarget.objects.all().visible_to(a_reader("else"))) == []


def test_the_database_alone_holds_no_secret(settings: Any) -> None:
    target = a_webhook()
    first = secret_to_show(target)
    assert first.startswith("whsec_")
    assert first not in str(list(WebhookTarget.objects.values()))
    settings.SECRET_KEY = "another-key-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"
    assert secret_to_show(target) != first


def test_secrets_of_an_older_key_sign_as_long_as_it_is_named(settings: Any) -> None:
    target = a_webhook()
    before, now = secret_to_show(target), datetime.now(UTC)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"
    headers = signed_headers(target, message_id="msg_1", body="{}", at=now)
    for secret in (before, secret_to_show(target)):
        Webhook(secret).verify("{}", headers)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(WebhookVerificationError):
        Webhook(before).verify("{}", signed_headers(target, message_id="msg_1", body="{}", at=now))


# The admin


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", email="root@acme.example"))
    return client


def test_the_secret_is_shown_when_it_is_made_and_never_again(boss: Client) -> None:
    form = {
        "code": "ticketing",
        "url": f"https://{HOST}/in",
        "events": ["claim.due", "claim.moved"],
        "owner": User.objects.get(username="root").pk,
        "is_active": "on",
        "reason": "First entry",
    }
    made = boss.post(reverse("admin:sla_webhooktarget_add"), form)
    target = WebhookTarget.objects.get()
    assert target.events == ["claim.due", "claim.moved"]
    assert secret_to_show(target) in made.content.decode()
    page = reverse("admin:sla_webhooktarget_change", args=[target.pk])
    assert secret_to_show(target) not in boss.get(page).content.decode()
    renewed = boss.post(reverse("admin:sla_webhook_secret", args=[target.pk]))
    target.refresh_from_db()
    assert secret_to_show(target) in renewed.content.decode()
    boss.post(reverse("admin:sla_webhook_test", args=[target.pk]))
    assert types() == ["test"]
    seen = boss.get(page).content.decode()
    assert "The secret before the present one signs beside it until" in seen
    assert "Waiting" in seen


def test_what_was_sent_is_shown_a_field_a_line(boss: Client) -> None:
    message = send_test(a_webhook(), by=User.objects.get(username="boss"), now=NOW)
    seen = boss.get(reverse("admin:sla_outboxmessage_change", args=[message.pk]))
    assert '{\n  "type": "test",\n  "version": 1,' in unescape(seen.content.decode())


def test_an_address_that_is_not_sent_to_is_refused_at_its_field(boss: Client) -> None:
    form = {"code": "x", "url": "http://127.0.0.1/", "events": ["claim.due"], "reason": "x"}
    response = boss.post(reverse("admin:sla_webhooktarget_add"), form)
    assert "must begin with https://" in response.content.decode()
    assert not WebhookTarget.objects.exists()


def test_a_vendor_manager_does_not_see_them(client: Client) -> None:
    target = a_webhook()
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_statement"]))
    client.force_login(user)
    assert client.get(reverse("admin:sla_webhooktarget_changelist")).status_code == 403
    assert client.post(reverse("admin:sla_webhook_test", args=[target.pk])).status_code in (403, 404)


def test_one_that_was_switched_off_stands_on_the_home_page(boss: Client) -> None:
    target = a_webhook(is_active=False)
    WebhookState.objects.create(target=target, failing_since=FINALISED)
    assert "1 webhook switched off after days of failing" in boss.get(reverse("admin:index")).content.decode()
