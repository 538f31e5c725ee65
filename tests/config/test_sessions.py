"""A login ends after its time, when it is not used, and when its user may no longer come in."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config import middleware
from tests.config.test_settings import manage

pytestmark = pytest.mark.django_db
HOUR = 3600


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Return a clock that a test sets."""
    told = {"now": 1_800_000_000}
    monkeypatch.setattr(middleware, "time", lambda: told["now"])
    return told


def is_in(client: Client) -> bool:
    return client.get("/admin/password_change/").status_code == 200


def test_a_login_in_use_ends_after_twelve_hours(admin_client: Client, clock: dict[str, int]) -> None:
    begun = clock["now"]
    for hour in range(12):
        clock["now"] = begun + hour * HOUR
        assert is_in(admin_client)
    clock["now"] = begun + 12 * HOUR
    assert not is_in(admin_client)


def test_a_login_that_is_not_used_ends_after_two_hours(admin_client: Client, clock: dict[str, int]) -> None:
    assert is_in(admin_client)
    clock["now"] += 2 * HOUR - 1
    assert is_in(admin_client)
    clock["now"] += 2 * HOUR
    assert not is_in(admin_client)
    assert "_auth_user_id" not in admin_client.session


def test_a_login_ends_also_on_pages_that_need_none(admin_client: Client, clock: dict[str, int]) -> None:
    assert is_in(admin_client)
    clock["now"] += 2 * HOUR
    assert admin_client.get("/")["Location"] == "/admin/"
    assert "_auth_user_id" not in admin_client.session


def test_use_is_noted_once_a_minute(admin_client: Client, clock: dict[str, int]) -> None:
    begun = clock["now"]
    is_in(admin_client)
    clock["now"] = begun + 59
    is_in(admin_client)
    assert admin_client.session["seen"] == begun
    clock["now"] = begun + 60
    is_in(admin_client)
    assert admin_client.session["seen"] == begun + 60


@pytest.mark.parametrize("change", ["deactivated", "another password"])
def test_a_login_ends_with_its_user(client: Client, change: str) -> None:
    user = User.objects.create_superuser("ada", password="a password of my own")
    client.force_login(user)
    assert is_in(client)
    if change == "deactivated":
        user.is_active = False
    else:
        user.set_password("another password of mine")
    user.save()
    assert not is_in(client)


@pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/admin/auth/user/"])
def test_no_cache_keeps_a_page(admin_client: Client, address: str) -> None:
    kept = admin_client.get(address)["Cache-Control"]
    assert {"no-store", "private"} <= set(kept.split(", "))


def test_every_answer_says_what_a_page_may_not_do(client: Client) -> None:
    answer = client.get("/")
    assert "camera=()" in answer["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in answer["Permissions-Policy"]
    assert (answer["Cross-Origin-Opener-Policy"], answer["X-Frame-Options"]) == ("same-origin", "DENY")


def test_cookies_of_production_hold_for_this_host_only(tmp_path: Any) -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_SAMESITE")
    done = manage(
        "shell",
        "--no-imports",
        "--command",
        f"from django.conf import settings; print([getattr(settings, name) for name in {names}])",
        RECOURSE_HOSTS="recourse.example",
        RECOURSE_DATA=str(tmp_path),
    )
    assert done.stdout.strip() == "['__Host-sessionid', '__Host-csrftoken', True, 'Lax']"


def test_a_form_that_is_too_large_is_refused_by_its_length(admin_client: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_SIZE = 1000
    answer = admin_client.post("/admin/login/", {"file": bytes(2000).decode()})
    assert answer.status_code == 400
