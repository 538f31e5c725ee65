"""The page of a user: roles in full, what folds away, and what a user is told that somebody else changed."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from config.roles import BY_NAME
from sla.models import OutboxMessage
from tests.vendors.rows import person
from vendors.models import ApiToken

pytestmark = pytest.mark.django_db
PASSWORD = {"password1": "a-new-Secret-9", "password2": "a-new-Secret-9", "usable_password": "true"}


@pytest.fixture
def ada(client: Client) -> Client:
    user = person("ada", first_name="Ada", last_name="Min", email="ada@example.com")
    user.groups.add(Group.objects.get(name="Administrator"))
    client.force_login(user)
    return client


def page(user: User, name: str = "change") -> str:
    return reverse(f"admin:auth_user_{name}", args=[user.pk])


def form_of(user: User, **fields: Any) -> dict[str, Any]:
    return {"username": user.username, "email": user.email, "is_active": "on", "is_staff": "on", **fields}


def seen(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_all_roles_are_shown_to_be_ticked_and_nothing_technical(ada: Client) -> None:
    response = ada.get(page(person("otto")))
    form = response.context["adminform"].form
    assert [group.name for group in form.fields["groups"].queryset] == sorted(BY_NAME)
    body = seen(response)
    assert all(f"{role}" in body for role in BY_NAME)
    assert body.count('type="checkbox" name="groups"') == len(BY_NAME)
    assert "Roles" in body
    assert "Without it nobody can, whatever the role" in body
    assert "Superuser status" not in body
    assert "User permissions" not in body


def test_a_superuser_finds_what_is_beyond_all_roles_folded_away(admin_client: Client) -> None:
    body = seen(admin_client.get(page(person("otto"))))
    assert "Beyond all roles" in body
    assert body.index("<details>") < body.index("Superuser status")
    otto = person("otto")
    extra = Permission.objects.get(codename="change_claim")
    admin_client.post(page(otto), form_of(otto, user_permissions=[extra.pk]))
    assert list(otto.user_permissions.all()) == [extra]


def test_roles_are_given_and_one_without_staff_status_is_said(ada: Client) -> None:
    otto, finance = person("otto"), Group.objects.get(name="Finance")
    said = "otto has a role, but no staff status: nobody can log in as otto."
    assert said not in seen(ada.post(page(otto), form_of(otto, groups=[finance.pk]), follow=True))
    assert list(otto.groups.all()) == [finance]
    without = form_of(otto, groups=[finance.pk])
    del without["is_staff"]
    assert said in seen(ada.post(page(otto), without, follow=True))


def test_a_service_account_is_added_without_a_password_and_gets_a_token(ada: Client) -> None:
    body = seen(ada.get(reverse("admin:auth_user_add")))
    assert "Disabled: nobody logs in with a password. Choose it for a system" in body
    ada.post(reverse("admin:auth_user_add"), {"username": "robot", "usable_password": "false"})
    robot = User.objects.get(username="robot")
    assert (robot.has_usable_password(), robot.is_staff) == (False, False)
    ada.post(
        reverse("admin:vendors_apitoken_add"),
        {"name": "import", "scopes": ["register:read"], "days": "30", "user": robot.pk},
    )
    assert ApiToken.objects.get().user == robot


def test_nobody_rewrites_when_a_person_was_here_last(ada: Client) -> None:
    otto = person("otto", last_login="2026-01-01T00:00:00Z")
    ada.post(page(otto), form_of(otto, last_login_0="", last_login_1=""))
    assert User.objects.get(pk=otto.pk).last_login is not None


def test_who_gets_a_password_from_somebody_else_is_told_and_it_stands_in_the_history(ada: Client) -> None:
    otto = person("otto", email="otto@example.com")
    response = ada.post(page(otto, "password_change"), PASSWORD, follow=True)
    message = OutboxMessage.objects.get()
    assert (message.address, message.subject, message.reader) == (
        "otto@example.com",
        "Your password for Recourse was changed",
        otto,
    )
    assert 'Ada Min set a new password for your user "otto" in Recourse, at ' in message.text
    assert "http://testserver/admin/password_change/" in message.text
    assert "a-new-Secret-9" not in message.text
    assert "otto is told by a mail to otto@example.com." in seen(response)
    (entry,) = LogEntry.objects.filter(object_id=str(otto.pk))
    assert (entry.user.username, "password" in entry.change_message) == ("ada", True)


def test_a_password_that_is_taken_is_told_too(ada: Client) -> None:
    otto = person("otto", email="otto@example.com")
    otto.set_password("an-old-Secret-9")
    otto.save()
    ada.post(page(otto, "password_change"), {"usable_password": "false", "unset-password": "1"})
    assert not User.objects.get(pk=otto.pk).has_usable_password()
    text = OutboxMessage.objects.get().text
    assert 'Ada Min took the password from your user "otto"' in text
    assert "Nobody logs in as you with a password any more." in text


@pytest.mark.parametrize(
    "wrong", [{"password2": "another-Secret-9"}, {"password1": "short", "password2": "short"}]
)
def test_a_password_that_is_refused_is_not_told(ada: Client, wrong: dict[str, str]) -> None:
    otto = person("otto", email="otto@example.com")
    assert ada.post(page(otto, "password_change"), PASSWORD | wrong).status_code == 200
    assert not OutboxMessage.objects.exists()


def test_who_sets_the_own_password_is_not_told(ada: Client) -> None:
    ada.post(page(person("ada"), "password_change"), PASSWORD)
    assert person("ada").check_password("a-new-Secret-9")
    assert not OutboxMessage.objects.exists()


def test_where_no_mail_arrives_who_changed_it_is_asked_to_say_so(ada: Client) -> None:
    otto = person("otto", email="")
    response = ada.post(page(otto, "password_change"), PASSWORD, follow=True)
    assert "otto has no e-mail address that a mail reaches. Say yourself what you changed." in seen(response)
    assert User.objects.get(pk=otto.pk).check_password("a-new-Secret-9")


def test_a_changed_address_is_told_at_the_old_one(ada: Client) -> None:
    otto = person("otto", email="otto@example.com")
    ada.post(page(otto), form_of(otto, email="ada@elsewhere.example"))
    message = OutboxMessage.objects.get()
    assert (message.address, message.subject) == (
        "otto@example.com",
        "Your e-mail address in Recourse was changed",
    )
    assert "Mails go to ada@elsewhere.example from now on." in message.text
    ada.post(page(otto), form_of(otto, email="ada@elsewhere.example", first_name="Otto"))
    assert OutboxMessage.objects.count() == 1


def test_a_user_who_is_not_there_has_no_password_to_set(ada: Client) -> None:
    assert ada.post(reverse("admin:auth_user_password_change", args=["x"]), PASSWORD).status_code == 404


@pytest.mark.parametrize("way", ["delete", "changelist"])
def test_who_loses_a_second_factor_is_told_and_history_keeps_it(ada: Client, way: str) -> None:
    otto = person("otto", email="otto@example.com")
    factor = Authenticator.objects.create(user=otto, type=Authenticator.Type.TOTP, data={})
    if way == "delete":
        ada.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    else:
        asked = {"action": "delete_selected", "_selected_action": [factor.pk], "post": "yes"}
        ada.post(reverse("admin:mfa_authenticator_changelist"), asked)
    assert not Authenticator.objects.exists()
    mail = OutboxMessage.objects.get()
    assert (mail.address, mail.subject) == (
        "otto@example.com",
        "A second factor of yours for Recourse was taken away",
    )
    assert 'Ada Min took a second factor from your user "otto" in Recourse' in mail.text
    assert "Took away a second factor: TOTP Authenticator." in seen(ada.get(page(otto, "history")))
