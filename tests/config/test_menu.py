"""A kind of record has one name: in the menu, over its list, and in the words of its pages."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.text import capfirst

from config.templatetags.reader_words import as_in_menu
from config.theme import LISTS

PAGES = [(label, model) for rows in LISTS.values() for label, _, model in rows]


@pytest.mark.parametrize(("label", "model"), PAGES)
def test_the_menu_calls_a_list_as_its_pages_do(label: str, model: str) -> None:
    kind = apps.get_model(*model.split("_", 1))
    plural = kind._meta.verbose_name_plural
    assert as_in_menu(plural) == label
    ours = apps.get_app_config(kind._meta.app_label).name in ("vendors", "incidents", "sla")
    assert not ours or capfirst(str(plural)) == label


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("axes_accessattempt", "Locked logins"),
        ("mfa_authenticator", "Second factors"),
        ("auth_user", "Users"),
    ],
)
def test_lists_of_libraries_stand_under_the_words_of_the_menu(client: Client, name: str, words: str) -> None:
    client.force_login(User.objects.create_superuser("boss"))
    text = client.get(reverse(f"admin:{name}_changelist")).content.decode()
    assert f">{words}</a>" in text
    assert ">People</a>" in text
    assert not [each for each in ("Axes", "MFA", "Access attempts", "Authenticators") if f">{each}<" in text]
