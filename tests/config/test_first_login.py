"""The first login is made once, printed while it holds, and never in production."""

import stat
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def trial(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path


def first_login() -> str:
    out = StringIO()
    call_command("first_login", stdout=out)
    return out.getvalue().strip()


def test_the_printed_password_opens_the_admin(client: Client, tmp_path: Path) -> None:
    advice = first_login()
    password = advice.rsplit(" ", 1)[1]
    assert advice == (
        "The admin is at http://127.0.0.1:8000/admin/ once `make run` runs. "
        f"Log in as demo with the password {password}"
    )
    assert client.login(username="demo", password=password)
    assert client.get("/admin/").status_code == 200
    assert stat.S_IMODE((tmp_path / "first-login").stat().st_mode) == 0o600


def test_the_address_names_the_port_that_was_chosen() -> None:
    out = StringIO()
    call_command("first_login", "--port", "8001", stdout=out)
    assert out.getvalue().startswith("The admin is at http://127.0.0.1:8001/admin/ once `make run` runs. ")


def test_a_second_call_prints_the_same_login() -> None:
    assert first_login() == first_login()
    assert User.objects.count() == 1


def test_a_changed_password_is_neither_printed_nor_reset() -> None:
    first_login()
    user = User.objects.get()
    user.set_password("a password of my own")
    user.save()
    assert first_login().endswith("Log in with your own user name.")
    assert User.objects.get().check_password("a password of my own")


def test_an_existing_administrator_is_left_alone() -> None:
    User.objects.create_superuser("ada", password="a password of my own")
    assert first_login().endswith("Log in with your own user name.")
    assert [user.username for user in User.objects.all()] == ["ada"]


def test_production_refuses_and_makes_nobody(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match=r"refused because RECOURSE_DEBUG is off.*createsuperuser"):
        first_login()
    assert not User.objects.exists()
