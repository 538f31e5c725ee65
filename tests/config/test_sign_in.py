"""Logging in with a second factor, a passkey or a provider of logins; none of it unless it is switched on."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import re
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from fido2.webauthn import PublicKeyCredentialDescriptor, PublicKeyCredentialType

from config.sign_in.providers import OpenIdProvider, provider_settings
from tests.config.oidc_provider import CLIENT, SECRET, Provider, a_provider

pytestmark = pytest.mark.django_db
PASSWORD = "a password of my own"
ADA = {"sub": "ada-1", "email": "ada@acme.example", "email_verified": True, "preferred_username": "ada.l"}
DOOR = "/admin/sign-in/"


@pytest.fixture
def offered(settings: Any) -> None:
    """Switch on second factors, as an installation does that offers them."""
    cache.clear()
    settings.ROOT_URLCONF = "tests.config.sign_in_urls"
    settings.SECOND_FACTOR = "offered"


@pytest.fixture
def provider(offered: None, settings: Any) -> Iterator[Provider]:
    with a_provider() as running:
        stated = OpenIdProvider(issuer=running.issuer, client=CLIENT, secret=SECRET, name="Acme")
        settings.OIDC = stated
        settings.SOCIALACCOUNT_PROVIDERS = provider_settings(stated)
        running.claims = dict(ADA)
        yield running


@pytest.fixture
def vera() -> User:
    return User.objects.create_superuser("vera", password=PASSWORD, email="vera@acme.example")


def stated() -> OpenIdProvider:
    found: OpenIdProvider = django_settings.OIDC
    return found


def log_in(client: Client, *, password: str = PASSWORD) -> HttpResponse:
    return client.post(DOOR, {"login": "vera", "password": password})


def is_in(client: Client) -> bool:
    return client.get("/admin/password_change/").status_code == 200


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return what an authenticator app shows (RFC 6238), some steps of 30 seconds from now."""
    counter = (int(time.time()) // 30 + steps).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def enrolled(client: Client) -> str:
    """Set up an authenticator app, and return its secret."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret: str = page.context["form"].secret
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert answer.status_code == 302, answer.content
    cache.clear()
    return secret


# Off


def test_nothing_of_it_is_there_by_default(client: Client) -> None:
    page = client.get("/admin/login/")
    assert page.status_code == 200
    assert "passkey" not in page.content.decode()
    answer = client.get(DOOR)
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={DOOR}")


# A second factor


@pytest.mark.usefixtures("offered", "vera")
def test_the_password_alone_still_opens_where_no_second_factor_was_set_up(client: Client) -> None:
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1] == (f"{DOOR}?next=%2Fadmin%2F", 302)
    assert log_in(client)["Location"] == "/admin/"
    assert is_in(client)


@pytest.mark.usefixtures("offered", "vera")
def test_with_a_second_factor_the_password_alone_does_not_open(client: Client) -> None:
    log_in(client)
    secret = enrolled(client)
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    client.logout()
    assert log_in(client)["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    wrong = client.post(reverse("mfa_authenticate"), {"code": code_of(secret, steps=-9)})
    assert (wrong.status_code, is_in(client)) == (200, False)
    right = client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert (right["Location"], is_in(client)) == ("/admin/", True)


@pytest.mark.usefixtures("offered")
def test_a_passkey_is_offered_to_who_has_one(client: Client, vera: User) -> None:
    log_in(client)
    enrolled(client)
    client.logout()
    log_in(client)
    assert "passkey" not in client.get(reverse("mfa_authenticate")).content.decode()
    key = PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=b"key of vera")
    with mock.patch("allauth.mfa.webauthn.internal.auth.get_credentials", return_value=[key]):
        page = client.get(reverse("mfa_authenticate")).content.decode()
    assert page.count("Use a passkey") == page.count('id="webauthn_form"') == 1


@pytest.mark.usefixtures("offered", "vera")
def test_pages_of_second_factors_speak_as_the_rest_does(client: Client) -> None:
    log_in(client)
    again = client.get(reverse("mfa_activate_totp"), follow=True)
    assert "Say again that it is you" in again.content.decode()
    enrolled(client)
    names = (
        *("mfa_index", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
        *("mfa_list_webauthn", "mfa_add_webauthn", "mfa_reauthenticate", "account_reauthenticate"),
        "account_logout",
    )
    foreign = ("Two-Factor", "Security Key", "security key", "Sign Out", "safeguard", "Are you sure")
    for name in names:
        page = client.get(reverse(name))
        assert page.status_code == 200, name
        assert not [each for each in foreign if each in page.content.decode()], name


@pytest.mark.usefixtures("offered", "vera")
def test_a_recovery_code_opens_once(client: Client) -> None:
    log_in(client)
    enrolled(client)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    for opens in (True, False):
        client.logout()
        cache.clear()
        log_in(client)
        client.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert is_in(client) is opens


@pytest.mark.usefixtures("offered", "vera")
def test_codes_cannot_be_guessed_by_trying(client: Client) -> None:
    log_in(client)
    secret = enrolled(client)
    client.logout()
    log_in(client)
    for _ in range(10):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert not is_in(client)


@pytest.mark.usefixtures("offered", "vera")
def test_where_it_is_required_staff_set_it_up_before_anything_else(client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR = "required"
    log_in(client)
    for address in ("/", "/admin/", "/admin/auth/user/", "/admin/password_change/"):
        assert client.get(address)["Location"] == reverse("mfa_index")
    page = client.get(reverse("mfa_index")).content.decode()
    assert "To go on you need a second factor" in page
    assert f'action="{reverse("account_logout")}"' in page
    assert "Back to Recourse" not in page
    enrolled(client)
    assert client.get("/admin/auth/user/").status_code == 200


@pytest.mark.usefixtures("offered", "vera")
def test_wrong_passwords_lock_this_door_too(client: Client, settings: Any) -> None:
    settings.AXES_ENABLED = True
    assert [log_in(client, password="wrong").status_code for _ in range(5)] == [200, 200, 200, 200, 429]
    log_in(client)
    assert not is_in(client)


@pytest.mark.usefixtures("offered", "vera")
def test_an_administrator_takes_away_a_second_factor_that_was_lost(client: Client) -> None:
    log_in(client)
    enrolled(client)
    shown = client.get("/admin/mfa/authenticator/").content.decode()
    assert "vera" in shown
    first = Authenticator.objects.get(type="totp")
    client.post(f"/admin/mfa/authenticator/{first.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.filter(type="totp").exists()
    assert client.get(f"/admin/mfa/authenticator/{first.pk}/change/").status_code == 302


INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>")
EVENT = re.compile(r"<[^>]*\son[a-z]+=", re.IGNORECASE)


@pytest.mark.usefixtures("offered", "vera")
def test_no_page_of_sign_in_needs_an_inline_script(client: Client) -> None:
    pages = [client.get(DOOR)]
    log_in(client)
    pages.append(client.get(reverse("account_reauthenticate")))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    names = ("mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_list_webauthn")
    pages += [client.get(reverse(name)) for name in names]
    enrolled(client)
    pages.append(client.get(reverse("mfa_view_recovery_codes")))
    client.logout()
    log_in(client)
    pages.append(client.get(reverse("mfa_authenticate")))
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        assert (INLINE.findall(text), EVENT.findall(text)) == ([], [])
        assert "script-src 'self' 'unsafe-eval'" in page["Content-Security-Policy"].split("; ")


# A provider of logins


def come_by(client: Client, *, process: str = "login") -> HttpResponse:
    """Go to the provider and come back with its code, as a browser does."""
    address = reverse("openid_connect_login", args=[stated().code])
    to_provider = client.post(f"{address}?process={process}")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(to_provider["Location"]).query).items()}
    assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
    back = urlsplit(asked["redirect_uri"]).path
    return client.get(back, {"code": "once", "state": asked["state"]})


@pytest.mark.usefixtures("provider")
def test_the_login_page_offers_the_provider(client: Client) -> None:
    assert "Log in with Acme" in client.get(DOOR).content.decode()


def test_a_new_person_has_a_login_that_opens_nothing_whatever_the_provider_claims(
    client: Client, provider: Provider
) -> None:
    provider.claims |= {"is_superuser": True, "is_staff": True, "groups": ["admin"], "role": "admin"}
    come_by(client)
    ada = User.objects.get()
    assert (ada.username, ada.email) == ("ada.l", "ada@acme.example")
    assert (ada.is_staff, ada.is_superuser, ada.groups.count()) == (False, False, 0)
    assert not ada.has_usable_password()
    page = client.get("/admin/", follow=True)
    assert page.status_code == 403
    assert "An administrator has to let <strong>ada.l</strong> in" in page.content.decode()


def test_the_same_sub_is_the_same_person_whatever_the_address(client: Client, provider: Provider) -> None:
    come_by(client)
    client.logout()
    provider.claims |= {"email": "vera@acme.example", "email_verified": False}
    User.objects.create_superuser("vera", email="vera@acme.example")
    come_by(client)
    assert client.session["_auth_user_id"] == str(User.objects.get(username="ada.l").pk)
    assert User.objects.get(username="ada.l").email == "ada@acme.example"


@pytest.mark.parametrize("verified", [False, None, "no"])
def test_an_address_that_was_not_verified_makes_no_login(
    client: Client, provider: Provider, verified: Any
) -> None:
    provider.claims["email_verified"] = verified
    assert come_by(client).status_code == 403
    assert not User.objects.exists()


@pytest.mark.usefixtures("vera")
def test_somebody_elses_address_opens_nothing(client: Client, provider: Provider) -> None:
    provider.claims["email"] = "VERA@acme.example"
    answer = come_by(client)
    assert (answer.status_code, User.objects.count()) == (403, 1)
    assert "an address alone does not prove that it is you" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_what_the_provider_says_of_two_people_is_refused(client: Client, provider: Provider) -> None:
    provider.token = lambda: Provider.token(  # type: ignore[method-assign]
        Provider(issuer=provider.issuer, claims={**ADA, "sub": "somebody else"})
    )
    assert come_by(client).status_code == 403
    assert not User.objects.exists()


def test_a_person_links_the_provider_to_the_login_that_is_there(
    client: Client, provider: Provider, vera: User
) -> None:
    log_in(client)
    come_by(client, process="connect")
    assert SocialAccount.objects.get().user == vera
    client.logout()
    assert come_by(client)["Location"] == "/admin/"
    assert is_in(client)


def test_who_comes_by_the_provider_was_asked_for_a_second_factor_there(
    client: Client, provider: Provider, settings: Any
) -> None:
    come_by(client)
    User.objects.update(is_staff=True)
    settings.SECOND_FACTOR = "required"
    assert is_in(client)


@pytest.mark.usefixtures("provider")
def test_an_answer_that_nobody_asked_for_opens_nothing(client: Client) -> None:
    code = stated().code
    answer = client.get(reverse("openid_connect_callback", args=[code]), {"code": "once", "state": "guessed"})
    assert "_auth_user_id" not in client.session
    assert answer.status_code in (200, 401, 403)
    assert not User.objects.exists()


@pytest.mark.usefixtures("provider")
def test_the_policy_of_pages_lets_a_form_lead_to_the_provider(client: Client) -> None:
    policy = client.get(DOOR)["Content-Security-Policy"].split("; ")
    assert f"form-action 'self' {stated().origin}" in policy


def test_a_command_prints_what_to_register_at_the_provider(provider: Provider, settings: Any) -> None:
    settings.PUBLIC_ORIGIN = "https://recourse.example"
    out = io.StringIO()
    call_command("sign_in_address", stdout=out)
    address = f"https://recourse.example/admin/sign-in/oidc/{stated().code}/login/callback/"
    assert out.getvalue().strip() == address
    settings.PUBLIC_ORIGIN = ""
    with pytest.raises(CommandError, match="Set RECOURSE_ORIGINS"):
        call_command("sign_in_address")
    settings.OIDC = None
    with pytest.raises(CommandError, match="Set RECOURSE_OIDC_ISSUER"):
        call_command("sign_in_address")
