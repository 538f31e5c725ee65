"""Addresses of sign-in: those of allauth that we offer. Nobody signs up or resets a password by mail."""

from allauth.account import views
from allauth.socialaccount import views as provider_views
from django.urls import URLPattern, URLResolver, include, path

from config.sign_in.pages import admin_login

Addresses = list[URLPattern | URLResolver]


def door(*, second_factor: bool, provider: bool) -> Addresses:
    """Return what comes before the admin's own addresses; nothing where its own login page is enough."""
    if not second_factor and not provider:
        return []
    found: Addresses = [
        path("", views.login, name="account_login"),
        path("logout/", views.logout, name="account_logout"),
        path("inactive/", views.account_inactive, name="account_inactive"),
        path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
        # Who has a second factor is asked for it, also where none is offered any more.
        path("second-factor/", include("allauth.mfa.urls")),
    ]
    if provider:
        found += _of_provider()
    return [path("admin/sign-in/", include(found)), path("admin/login/", admin_login)]


def _of_provider() -> Addresses:
    return [
        path("provider/cancelled/", provider_views.login_cancelled, name="socialaccount_login_cancelled"),
        path("provider/error/", provider_views.login_error, name="socialaccount_login_error"),
        path("provider/links/", provider_views.connections, name="socialaccount_connections"),
        path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    ]
