"""What each role may do, and that every kind of record stands in exactly one area of the table."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from config.roles import AREAS, BY_NAME, ROLES, grant_roles, permissions_of, unnamed
from tests.vendors.rows import person
from vendors.services.system import is_system, system_user

OURS = ("vendors", "incidents", "sla")

PASSWORD = {"password1": "a-new-Secret-9", "password2": "a-new-Secret-9"}


def kinds() -> list[str]:
    return [
        model._meta.label_lower
        for app in OURS
        for model in apps.get_app_config(app).get_models()
        if not model.__name__.startswith("Historical")
    ]


def held(role: str) -> set[str]:
    rows = Permission.objects.filter(group__name=role).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


def test_every_kind_of_record_stands_in_one_area() -> None:
    """A new model without an area would belong to no role, and nobody would notice."""
    assert list(unnamed(kinds())) == []
    counted = Counter(label for area in AREAS.values() for label in area)
    assert {label for label, times in counted.items() if times > 1} == set()
    sign_in = {"auth.user", "auth.group", "axes.accessattempt", "mfa.authenticator"}
    known = {*kinds(), *sign_in, "socialaccount.socialaccount"}
    assert set(counted) - known == set()


def test_a_role_speaks_only_of_areas_that_there_are() -> None:
    for role in ROLES:
        assert set(role.may) - set(AREAS) == set(), role.name
        assert set("".join(role.may.values())) <= set("VACD"), role.name


@pytest.mark.django_db
@pytest.mark.parametrize("role", BY_NAME)
def test_a_migration_makes_each_role_as_the_table_says(role: str) -> None:
    assert held(role) == permissions_of(BY_NAME[role])


@pytest.mark.django_db
def test_what_somebody_changed_in_a_role_is_put_right_and_told() -> None:
    auditor = Group.objects.get(name="Auditor")
    auditor.permissions.add(Permission.objects.get(codename="change_claim"))
    auditor.permissions.remove(Permission.objects.get(codename="view_claim"))
    own = Group.objects.create(name="Our own group")
    own.permissions.add(Permission.objects.get(codename="change_claim"))
    assert grant_roles(apps) == ["Auditor: 1 given, 1 taken"]
    assert grant_roles(apps) == []
    assert held("Our own group") == {"sla.change_claim"}


@pytest.mark.django_db
def test_the_command_prints_the_table_and_applies_it_only_when_told() -> None:
    Group.objects.get(name="Finance").delete()
    said = StringIO()
    call_command("roles", stdout=said)
    assert "Auditor: Reads everything, with its history, and who may do what. Changes nothing." in (
        said.getvalue()
    )
    assert not Group.objects.filter(name="Finance").exists()
    call_command("roles", "--apply", stdout=said)
    assert held("Finance") == permissions_of(BY_NAME["Finance"])


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("Vendor manager", "sla.add_statementrevision", "sla.add_creditmatch"),
        ("Vendor manager", "vendors.change_vendor", "vendors.change_legalentity"),
        ("Vendor manager", "sla.change_claim", "vendors.see_all_vendors"),
        ("Vendor manager of all vendors", "vendors.see_all_vendors", "auth.view_user"),
        ("Finance", "sla.add_creditmatch", "sla.change_serviceleveltarget"),
        ("Finance", "sla.add_periodclose", "incidents.change_incident"),
        ("Finance of a company", "sla.add_periodclose", "vendors.see_all_vendors"),
        ("Auditor", "auth.view_user", "sla.change_alert"),
        ("Administrator", "auth.change_user", "auth.add_permission"),
        ("Service account", "incidents.add_incident", "sla.add_statementrevision"),
    ],
)
def test_what_a_role_may_and_may_not(role: str, may: str, may_not: str) -> None:
    granted = permissions_of(BY_NAME[role])
    assert may in granted
    assert may_not not in granted


def test_an_auditor_only_views() -> None:
    verbs = {name.split(".")[1].split("_")[0] for name in permissions_of(BY_NAME["Auditor"])}
    assert verbs == {"view", "see"}


@pytest.fixture
def administrator(client: Client) -> Client:
    user = person("adam")
    user.groups.add(Group.objects.get(name="Administrator"))
    client.force_login(user)
    return client


def form_of(user: User, **fields: Any) -> dict[str, Any]:
    return {
        "username": user.username,
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        **fields,
    }


@pytest.mark.django_db
def test_an_administrator_gives_roles_but_makes_nobody_a_superuser(administrator: Client) -> None:
    maria, finance = person(), Group.objects.get(name="Finance")
    page = reverse("admin:auth_user_change", args=[maria.pk])
    every = Permission.objects.get(codename="change_claim")
    asked = form_of(maria, is_superuser="on", groups=[finance.pk], user_permissions=[every.pk])
    assert administrator.post(page, asked).status_code == 302
    maria = User.objects.get(pk=maria.pk)
    assert (maria.is_superuser, list(maria.groups.all())) == (False, [finance])
    assert not maria.user_permissions.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["auth_user_change", "auth_user_password_change"])
def test_an_administrator_cannot_become_a_superuser_through_its_account(
    administrator: Client, page: str
) -> None:
    root = person("root", is_superuser=True, email="root@example.com")
    asked = form_of(root, email="adam@example.com", **PASSWORD)
    assert administrator.post(reverse(f"admin:{page}", args=[root.pk]), asked).status_code == 403
    assert User.objects.get(pk=root.pk).email == "root@example.com"
    assert User.objects.get(pk=root.pk).password == root.password


@pytest.mark.django_db
def test_only_a_superuser_changes_what_a_group_may_do(administrator: Client) -> None:
    page = reverse("admin:auth_group_change", args=[Group.objects.get(name="Administrator").pk])
    assert administrator.get(page).status_code == 200
    assert administrator.post(page, {"name": "Administrator", "permissions": []}).status_code == 403
    assert held("Administrator") == permissions_of(BY_NAME["Administrator"])


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["auth_user_change", "auth_user_password_change"])
def test_nobody_becomes_the_system(admin_client: Client, page: str) -> None:
    system = system_user()
    asked = form_of(
        system, is_active="on", is_staff="on", password1="a-new-Secret-9", password2="a-new-Secret-9"
    )
    assert admin_client.post(reverse(f"admin:{page}", args=[system.pk]), asked).status_code == 403
    system.refresh_from_db()
    assert (system.is_active, system.has_usable_password()) == (False, False)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["recourse", "Recourse"])
def test_nobody_takes_the_name_of_the_system(administrator: Client, name: str) -> None:
    asked = {
        "username": name,
        "usable_password": "true",
        "password1": "a-new-Secret-9",
        "password2": "a-new-Secret-9",
    }
    page = administrator.post(reverse("admin:auth_user_add"), asked)
    assert page.context["adminform"].form.errors["username"] == [
        f"{name!r} is the name under which Recourse acts. Choose another."
    ]
    maria = person()
    page = administrator.post(
        reverse("admin:auth_user_change", args=[maria.pk]), form_of(maria, username=name)
    )
    assert page.status_code == 200
    assert User.objects.get(pk=maria.pk).username == maria.username


@pytest.mark.django_db
def test_a_person_of_that_name_does_not_pass_for_the_system() -> None:
    impostor = User.objects.create_superuser("recourse")
    assert not is_system(impostor)
    with pytest.raises(RuntimeError, match="The user 'recourse' is active"):
        system_user()
