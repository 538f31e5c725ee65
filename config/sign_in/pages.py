"""The door to the admin: where to log in, who has to wait, and who lacks a second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

# What one has to reach without a second factor, to get one or to leave.
OPEN = ("sign-in/", "logout/")


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """Lead to the login page; tell whom an administrator has yet to let in so."""
    if request.user.is_authenticated and not admin.site.has_permission(request):
        return render(request, "sign_in/waiting.html", status=403)
    wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
    return redirect(f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: wanted})}")


def lacks_second_factor(request: HttpRequest, *, user: User) -> bool:
    """Say whether a person has to set up a second factor before anything else.

    Who comes from the provider of logins was asked for one there.
    """
    if settings.SECOND_FACTOR != "required" or not user.is_staff:
        return False
    came_by = {record["method"] for record in get_authentication_records(request, user)}
    return "socialaccount" not in came_by and not is_mfa_enabled(user)


def is_open(request: HttpRequest) -> bool:
    """Say whether a page is one that is needed to get a second factor, or to leave."""
    return request.path.removeprefix(reverse("admin:index")).startswith(OPEN)


def theme(request: HttpRequest) -> dict[str, Any]:
    """Give the pages of sign-in what the admin's theme needs."""
    if not request.path.startswith(f"{reverse('admin:index')}{OPEN[0]}"):
        return {}
    user = request.user
    lacks = isinstance(user, User) and lacks_second_factor(request, user=user)
    offered = {"second_factor": settings.SECOND_FACTOR != "off", "second_factor_lacks": lacks}
    return {**admin.site.each_context(request), **offered}
