"""What senders bring to the address of a feed: taken whole, refused in words, never lost, never twice."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from incidents.models import FeedDelivery, FeedRecord, FeedSource, Incident
from incidents.services.feeds import pushing
from incidents.services.feeds.pushing import KEPT, address_key, make_address, take_again, withdraw_address
from tests.incidents.feed_rows import a_feed
from tests.incidents.rows import at
from tests.vendors.rows import person, saved

pytestmark = pytest.mark.django_db

CAPTURE = Path(__file__).parent / "captures" / "events" / "pagerduty.json"
MESSAGE = CAPTURE.read_bytes()
SECRET = "shared-with-the-sender"


@pytest.fixture(autouse=True)
def nobody_sent_yet() -> None:
    cache.clear()


def a_pushed_feed(**fields: Any) -> FeedSource:
    source = a_feed("pager", **{"kind": "pagerduty", **fields})
    make_address(source, by=person("anna"))
    return source


def address(source: FeedSource) -> str:
    return reverse("feed", args=[source.pk, address_key(source)])


def sent(source: FeedSource, content: bytes = MESSAGE, **options: Any) -> tuple[int, dict[str, str]]:
    """Send a message and return status and answer."""
    content_type = options.pop("content_type", "application/json")
    client = Client(enforce_csrf_checks=True)
    answer = client.post(address(source), content, content_type=content_type, **options)
    return answer.status_code, answer.json()


def test_an_empty_message_and_one_too_large_leave_a_line_without_a_body(client: Client) -> None:
    source = a_pushed_feed()
    sent(source, b"")
    sent(source, b" " * 2_000_001)
    lines = FeedDelivery.objects.values_list("size", "content", "error")
    assert list(lines) == [
        (2_000_001, None, "It has more than 2,000,000 bytes. Nothing of it is kept."),
        (0, None, "The message is empty."),
    ]
    client.force_login(User.objects.create_superuser("boss"))
    page = client.get(f"/admin/incidents/feedsource/{source.pk}/change/").content.decode()
    assert ("The message is empty." in page, "As it came" in page) == (True, False)
    assert "sent to us" in client.get("/admin/incidents/feedsource/").content.decode()


def test_only_a_second_address_is_told_to_end_an_earlier_one(client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    source = a_feed("pager", kind="pagerduty")
    told = [
        client.post(f"/admin/incidents/feedsource/{source.pk}/address/", follow=True).content.decode()
        for _ in range(2)
    ]
    assert ["The earlier one leads nowhere" in page for page in told] == [False, True]


def test_a_message_is_taken_without_a_login_and_kept_only_as_what_it_said() -> None:
    source = a_pushed_feed()
    assert sent(source) == (200, {"taken": "1 created"})
    assert Incident.objects.get().external_id.startswith("PFQ1")
    delivery = FeedDelivery.objects.get()
    assert (delivery.size, delivery.content, delivery.error) == (len(MESSAGE), None, "")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_whatever_it_calls_itself_it_is_read(content_type: str) -> None:
    assert sent(a_pushed_feed(), content_type=content_type)[0] == 200


def test_the_same_message_again_changes_nothing() -> None:
    source = a_pushed_feed()
    sent(source)
    before = list(FeedRecord.objects.values("said", "events"))
    assert sent(source) == (200, {"taken": "1 unchanged"})
    assert list(FeedRecord.objects.values("said", "events")) == before
    assert Incident.objects.count() == 1


def test_only_the_key_of_this_very_feed_opens_it() -> None:
    source, other = a_pushed_feed(), a_feed("other", kind="pagerduty")
    make_address(other, by=person("anna"))
    key = address_key(source)
    wrong = [
        reverse("feed", args=[other.pk, key]),
        reverse("feed", args=[source.pk, key[:-1]]),
        reverse("feed", args=[source.pk, key.swapcase()]),
        reverse("feed", args=[source.pk, source.push_key]),
        reverse("feed", args=[source.pk, "é"]),
        reverse("feed", args=[99_999, key]),
    ]
    answers = [Client().post(url, MESSAGE, content_type="application/json") for url in wrong]
    assert [answer.status_code for answer in answers] == [404] * len(wrong)
    assert FeedDelivery.objects.count() == Incident.objects.count() == 0


def test_a_feed_without_an_address_takes_nothing() -> None:
    source = a_feed("pager", kind="pagerduty")
    assert address_key(source) == ""
    for key in ("None", "x"):
        answer = Client().post(reverse("feed", args=[source.pk, key]), MESSAGE, content_type="text/plain")
        assert answer.status_code == 404


def test_a_new_address_and_a_withdrawal_end_the_old_one() -> None:
    source = a_pushed_feed()
    first = address(source)
    make_address(source, by=person("anna"))
    second = address(source)
    withdraw_address(source, by=person("anna"))
    codes = [Client().post(url, MESSAGE, content_type="text/plain").status_code for url in (first, second)]
    assert codes == [404, 404]
    assert first != second


def test_the_database_alone_does_not_tell_the_address() -> None:
    source = a_pushed_feed()
    stored = json.dumps(list(FeedSource.objects.values()), default=str)
    stored += json.dumps(list(FeedSource.history.values()), default=str)
    assert address_key(source) not in stored


def test_it_is_asked_with_post_only() -> None:
    source = a_pushed_feed()
    assert Client().get(address(source)).status_code == 405
    assert Client().put(address(source), MESSAGE).status_code == 405


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (b"", 400, "The message is empty."),
        (b"  \n", 400, "The message is empty."),
        (b"not json", 400, "The file is not JSON, or was cut off"),
        (MESSAGE[:-40], 400, "The file is not JSON, or was cut off"),
        (b"\xff\xfe\x00", 400, "The file is not JSON, or was cut off"),
        (b" " * 2_000_001, 413, "It has more than 2,000,000 bytes."),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(content: bytes, status: int, why: str) -> None:
    code, answer = sent(a_pushed_feed(), content)
    assert (code, answer["error"].startswith(why)) == (status, True)
    assert Incident.objects.count() == FeedRecord.objects.count() == 0


def test_a_refused_message_is_kept_whole_and_may_be_read_again() -> None:
    source = a_pushed_feed(kind="statuspage")
    assert sent(source)[0] == 400
    delivery = FeedDelivery.objects.get()
    assert bytes(delivery.content or b"") == MESSAGE
    with pytest.raises(ValidationError):
        take_again(delivery, by=person("anna"))
    source.kind = "pagerduty"
    saved(source)
    again = FeedDelivery.objects.get()
    assert take_again(again, by=person("anna")).outcome == "1 created"
    assert FeedDelivery.objects.get().content is None
    with pytest.raises(ValidationError, match="taken already"):
        take_again(FeedDelivery.objects.get(), by=person("anna"))


def test_of_each_sort_the_last_twenty_are_kept() -> None:
    source = a_pushed_feed()
    for number in range(KEPT + 3):
        sent(source, b"broken %d" % number)
    sent(source)
    refused = FeedDelivery.objects.filter(content__isnull=False).order_by("received_at", "pk")
    assert refused.count() == KEPT
    assert bytes(refused[0].content or b"") == b"broken 3"
    assert FeedDelivery.objects.filter(content=None).count() == 1


def test_a_fault_of_ours_keeps_the_message_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("x")

    source = a_pushed_feed()
    monkeypatch.setattr(pushing, "import_feed", broken)
    client = Client(raise_request_exception=False)
    answer = client.post(address(source), MESSAGE, content_type="application/json")
    assert answer.status_code == 500
    delivery = FeedDelivery.objects.get()
    assert (delivery.error, bytes(delivery.content or b"")) == ("A fault of this program: KeyError", MESSAGE)


def signature(content: bytes, secret: str = SECRET) -> str:
    return "v1=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-PagerDuty-Signature": signature(MESSAGE)}, 200),
        ({"X-PagerDuty-Signature": signature(MESSAGE, "old") + "," + signature(MESSAGE)}, 200),
        ({"X-PagerDuty-Signature": signature(MESSAGE, "another")}, 403),
        ({"X-PagerDuty-Signature": signature(MESSAGE + b" ")}, 403),
        ({"X-PagerDuty-Signature": ""}, 403),
        ({"Authorization": SECRET}, 403),
        ({}, 403),
    ],
)
def test_where_the_sender_signs_the_signature_is_checked(headers: dict[str, str], status: int) -> None:
    source = a_pushed_feed(signing_secret=SECRET)
    assert sent(source, headers=headers)[0] == status
    assert Incident.objects.count() == (status == 200)
    assert FeedDelivery.objects.get().error == (
        "" if status == 200 else "It is not signed with the secret of this feed."
    )


@pytest.mark.parametrize(("given", "status"), [("Bearer abc", 200), ("Bearer abd", 403), (None, 403)])
def test_a_sender_that_does_not_sign_may_prove_itself_by_a_header(given: str | None, status: int) -> None:
    source = a_feed("alerts", kind="alertmanager", signing_secret="Bearer abc")
    make_address(source, by=person("anna"))
    content = CAPTURE.with_name("alertmanager.json").read_bytes()
    assert sent(source, content, headers={"Authorization": given} if given else {})[0] == status


def test_a_flood_is_held_back_and_stored_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "MOST_A_MINUTE", 2)
    monkeypatch.setattr("incidents.pages.timezone.now", lambda: at("2026-07-06 06:00"))
    source = a_pushed_feed()
    codes = [sent(source)[0] for _ in range(4)]
    assert codes == [200, 200, 429, 429]
    assert FeedDelivery.objects.count() == 2
    monkeypatch.setattr("incidents.pages.timezone.now", lambda: at("2026-07-06 06:01"))
    assert sent(source)[0] == 200


def test_a_file_comes_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    a_feed("pager", kind="pagerduty")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MESSAGE)))
    call_command("import_incidents", "-", "--source", "pager", stdout=io.StringIO())
    assert Incident.objects.count() == 1


def page_of(source: FeedSource, client: Client) -> str:
    return client.get(reverse("admin:incidents_feedsource_change", args=[source.pk])).content.decode()


def test_the_page_of_a_feed_makes_the_address_and_shows_it_to_who_may_change_it(
    admin_client: Client, client: Client, django_user_model: Any
) -> None:
    source = a_feed("pager", kind="pagerduty", signing_secret=SECRET)
    assert "It has none yet" in page_of(source, admin_client)
    url = reverse("admin:incidents_feed_address", args=[source.pk])
    assert admin_client.get(url).status_code == 405
    admin_client.post(url, {})
    source.refresh_from_db()
    assert f"http://testserver{address(source)}" in page_of(source, admin_client)
    reader = django_user_model.objects.create_user("reader", password="x", is_staff=True)
    names = ["view_feedsource", "see_all_vendors"]
    reader.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(reader)
    seen = page_of(source, client)
    assert "only who may change the feed sees it" in seen
    assert address_key(source) not in seen
    assert SECRET not in seen
    assert client.post(url, {}).status_code == 403
    admin_client.post(url, {"do": "withdraw"})
    assert "It has none yet" in page_of(source, admin_client)


def test_a_message_that_was_not_taken_is_shown_with_its_error_and_read_again(admin_client: Client) -> None:
    source = a_pushed_feed(kind="statuspage")
    sent(source)
    delivery = FeedDelivery.objects.get()
    assert "The file has no incidents" in page_of(source, admin_client)
    whole = admin_client.get(reverse("admin:incidents_feed_message", args=[delivery.pk]))
    assert (whole.content, whole["Content-Type"]) == (MESSAGE, "application/octet-stream")
    assert whole["Content-Disposition"].startswith("attachment")
    source.kind = "pagerduty"
    saved(source)
    admin_client.post(reverse("admin:incidents_feed_message_again", args=[delivery.pk]))
    assert Incident.objects.count() == 1
    assert admin_client.get(reverse("admin:incidents_feed_message", args=[delivery.pk])).status_code == 404
