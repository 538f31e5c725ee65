"""Wrong passwords lock a name for a while, whatever a request says of where it comes from."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from vendors.callers import client_address

pytestmark = pytest.mark.django_db
PASSWORD = "a password of my own"


@pytest.fixture(autouse=True)
def ada(settings: Any) -> User:
    settings.AXES_ENABLED = True
    return User.objects.create_superuser("ada", password=PASSWORD)


def log_in(client: Client, *, password: str, username: str = "ada", **headers: Any) -> HttpResponse:
    data = {"username": username, "password": password}
    return client.post("/admin/login/", data, headers=headers.pop("headers", None), **headers)


def fail(client: Client, *, times: int = 5, **rest: Any) -> list[int]:
    return [log_in(client, password="wrong", **rest).status_code for _ in range(times)]


def test_the_fifth_wrong_password_locks_the_name(client: Client) -> None:
    assert fail(client) == [200, 200, 200, 200, 429]
    right = log_in(client, password=PASSWORD)
    assert right.status_code == 429
    assert "_auth_user_id" not in client.session


def test_whoever_is_locked_hears_the_same_whether_the_name_is_known_and_the_password_right(
    client: Client,
) -> None:
    fail(client)
    fail(client, username="nobody")
    right, wrong = log_in(client, password=PASSWORD), log_in(client, password="wrong")
    unknown = log_in(client, username="nobody", password="wrong")
    assert {answer.status_code for answer in (right, wrong, unknown)} == {429}
    assert right.content == wrong.content == unknown.content
    assert "Try again in 30 minutes" in right.content.decode()


def test_a_hundred_forged_addresses_do_not_help(client: Client) -> None:
    answers = [
        log_in(client, password=f"guess {number}", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        for number in range(100)
    ]
    assert [answer.status_code for answer in answers[:5]] == [200, 200, 200, 200, 429]
    assert {answer.status_code for answer in answers[4:]} == {429}
    assert {row.ip_address for row in AccessAttempt.objects.all()} == {"127.0.0.1"}


def test_five_wrong_passwords_from_as_many_addresses_lock_the_name(client: Client) -> None:
    for number in range(5):
        fail(client, times=1, REMOTE_ADDR=f"198.51.100.{number}")
    assert log_in(client, password=PASSWORD, REMOTE_ADDR="203.0.113.9").status_code == 429


def test_another_name_is_not_locked_by_it(client: Client) -> None:
    User.objects.create_superuser("bob", password=PASSWORD)
    fail(client)
    assert log_in(client, username="bob", password=PASSWORD).status_code == 302


def test_after_half_an_hour_the_name_may_log_in_though_somebody_went_on_trying(client: Client) -> None:
    fail(client, times=9)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=30, seconds=1))
    assert log_in(client, password=PASSWORD).status_code == 302


def test_the_right_password_forgets_the_wrong_ones(client: Client) -> None:
    fail(client, times=4)
    assert log_in(client, password=PASSWORD).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_an_administrator_unlocks_a_name_for_all_addresses(client: Client, admin_client: Client) -> None:
    for number in range(5):
        fail(client, times=1, REMOTE_ADDR=f"198.51.100.{number}")
    page = admin_client.get("/admin/axes/accessattempt/")
    assert "198.51.100.4" in page.content.decode()
    chosen = {"action": "unlock", "_selected_action": AccessAttempt.objects.first().pk}  # type: ignore[union-attr]
    answer = admin_client.post("/admin/axes/accessattempt/", chosen, follow=True)
    assert "Unlocked: ada." in answer.content.decode()
    assert log_in(client, password=PASSWORD).status_code == 302


def test_nobody_unlocks_without_leave(client: Client) -> None:
    fail(Client())
    viewer = User.objects.create_user("eve", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_accessattempt"))
    client.force_login(viewer)
    assert "Unlock:" not in client.get("/admin/axes/accessattempt/").content.decode()
    chosen = {"action": "unlock", "_selected_action": AccessAttempt.objects.get().pk}
    client.post("/admin/axes/accessattempt/", chosen)
    assert AccessAttempt.objects.get().failures_since_start == 5


def test_a_wrong_password_is_a_line_of_the_log_and_is_itself_kept_nowhere(
    client: Client, caplog: Any
) -> None:
    log_in(client, password="hunter2-hunter2")
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("axes")]
    assert 'username: "ada", ip_address: "127.0.0.1"' in line
    assert "hunter2" not in line + AccessAttempt.objects.get().post_data


# Whom a request comes from


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.66, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.66, 198.51.100.7, 192.0.2.2", "198.51.100.7"),
        (2, "198.51.100.7", "198.51.100.7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "<script>", "192.0.2.1"),
    ],
)
def test_only_what_our_own_proxies_saw_is_believed(
    settings: Any, proxies: int, header: str, address: str
) -> None:
    settings.PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": header})
    assert client_address(request) == address


def test_a_local_socket_has_no_address(settings: Any) -> None:
    settings.PROXIES = 0
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None
