"""What allauth asks a project: who may come in, and how secrets are kept."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.shortcuts import render

from vendors.callers import client_address

WAYS = {
    "reauthenticate": "With your password",
    "mfa_reauthenticate": "With a code of your app, or a recovery code",
    "mfa_reauthenticate:webauthn": "With a passkey",
}


class AccountAdapter(DefaultAccountAdapter):
    """Logins of our own."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Let nobody make a login but an administrator, and a provider of logins."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Count tries by the address that our own proxies saw."""
        return client_address(request) or ""

    def get_reauthentication_methods(self, user: User) -> list[dict[str, str]]:
        """Return the ways to prove again who it is, in our words."""
        ways = super().get_reauthentication_methods(user)
        return [{**way, "description": WAYS.get(way["id"], way["description"])} for way in ways]


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Logins of the provider: known by its `sub` alone, never by an address that another may hold."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse a person who is new where the provider does not vouch for the address, or it is taken."""
        said = [sociallogin.account.extra_data.get(part) or {} for part in ("id_token", "userinfo")]
        if len({part["sub"] for part in said if "sub" in part}) != 1:
            raise ImmediateHttpResponse(_refused(request, reason="two"))
        if sociallogin.is_existing or request.user.is_authenticated:
            return
        verified = [found.email for found in sociallogin.email_addresses if found.verified]
        if not verified:
            raise ImmediateHttpResponse(_refused(request, reason="unverified"))
        if User.objects.filter(email__iexact=verified[0]).exists():
            raise ImmediateHttpResponse(_refused(request, reason="taken"))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Let a new person have a login, which opens nothing yet."""
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Make a login without rights and groups, whatever the provider claims."""
        user: User = sociallogin.user
        user.is_staff = user.is_superuser = False
        made: User = super().save_user(request, sociallogin, form)
        return made


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors, which a copy of the database alone does not give away."""

    error_messages: ClassVar = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code does not hold. Enter the one that is shown now.",
        "cannot_delete_authenticator": "A second factor is needed here. Set another one up before.",
        "cannot_generate_recovery_codes": "Set up an authenticator app or a passkey first.",
    }

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Return a name for a new passkey, which its owner may change."""
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def get_totp_issuer(self) -> str:
        """Return the name that an authenticator app shows."""
        return "Recourse"

    def encrypt(self, text: str) -> str:
        """Encrypt with the secret key of this installation."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt with the secret key, or one of those before it."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"recourse second factor" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def _refused(request: HttpRequest, *, reason: str) -> Any:
    return render(request, "sign_in/refused.html", {"reason": reason}, status=403)
