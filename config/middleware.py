"""What every request passes: its line in the log, the check of its host, the login, the page's policy."""

import logging
import re
from collections.abc import Callable
from time import perf_counter, time
from typing import Any
from uuid import uuid4

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django.shortcuts import redirect
from django.urls import reverse
from structlog.contextvars import bind_contextvars, clear_contextvars

from config.sign_in.pages import is_open, lacks_second_factor

logger = logging.getLogger("config.requests")

REQUEST_ID = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# How exactly the last use of a login is known: each note is a write.
NOTED_SECONDS = 60
# Asked again and again by machines: one line for each would be most of the log.
UNREMARKABLE = ("/static/", "/health/", "/metrics")


class RequestLog:
    """Say what each line of a request belongs to, and once what was asked and answered.

    The address is said without its query, and never what was sent. The number of the request is the trusted
    proxy's own where there is one, and goes back with the answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        begun, number = perf_counter(), _request_id(request)
        clear_contextvars()
        bind_contextvars(request=number, method=request.method, path=request.path)
        response = self.get_response(request)
        response[REQUEST_ID] = number
        status = response.status_code
        if status >= 400 or not request.path.startswith(UNREMARKABLE):
            level = logging.WARNING if status >= 400 else logging.INFO
            ms = round((perf_counter() - begun) * 1000)
            logger.log(level, "answered", extra={"status": status, "ms": ms})
        clear_contextvars()
        return response


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get(REQUEST_ID, "") if settings.PROXIES else ""
    return given if SANE_ID.fullmatch(given) else uuid4().hex


class Headers:
    """Say what browsers and caches may do with an answer, where it does not say so itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request. Scripts and styles say themselves how long they are kept."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store, private")
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response


class LoginRequired(LoginRequiredMiddleware):
    """Ask for a login that still holds, and say in the log who asks.

    Where nobody needs one, and none is shown, the database is not asked who.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: Any,
        view_kwargs: Any,
    ) -> HttpResponseBase | None:
        """Send to the login page whom a page does not let in."""
        is_exempt = not getattr(view_func, "login_required", True)
        if is_exempt and (settings.SESSION_COOKIE_NAME not in request.COOKIES or is_for_monitors(request)):
            return None
        if request.user.is_authenticated and _has_expired(request, now=int(time())):
            logout(request)
        if request.user.is_authenticated:
            bind_contextvars(user=request.user.pk)
            if not is_open(request) and lacks_second_factor(request, user=request.user):
                return redirect("mfa_index")
        return None if is_exempt else super().process_view(request, view_func, view_args, view_kwargs)


def _has_expired(request: HttpRequest, *, now: int) -> bool:
    """Say whether a login is too old, or was not used for too long; note its use where that is news."""
    session = request.session
    begun, seen = session.setdefault("begun", now), session.setdefault("seen", now)
    if now - begun >= settings.SESSION_COOKIE_AGE or now - seen >= settings.SESSION_IDLE_SECONDS:
        return True
    if now - seen >= NOTED_SECONDS:
        session["seen"] = now
    return False


class NamedHosts(CommonMiddleware):
    """Answer only under the hosts of RECOURSE_HOSTS, except to probes and monitors.

    These ask by the address of a container, which no setting knows. The check keeps a made-up host out of
    links and redirects; their answers hold neither, and no cache keeps them.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse other hosts."""
        return None if is_for_monitors(request) else super().process_request(request)


class ContentSecurityPolicy(CSPMiddleware):
    """Give the admin what its theme needs, and every other page the strict policy."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return the policy of the page that was asked for."""
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and settings.OIDC:
            # Browsers follow a form to where it is redirected only so.
            parts.update = {**(parts.update or {}), "form-action": [settings.OIDC.origin]}
        if not report_only and request.path_info.startswith(reverse("admin:index")):
            parts.replace = {**settings.ADMIN_CONTENT_SECURITY_POLICY, **(parts.replace or {})}
        return parts


def is_for_monitors(request: HttpRequest) -> bool:
    """Say whether it asks what probes and monitors ask: by any host, without TLS and without a login."""
    path = request.path.lstrip("/")
    return any(re.search(pattern, path) for pattern in settings.SECURE_REDIRECT_EXEMPT)
