"""Whom a request comes from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the IP address that the outermost proxy of RECOURSE_PROXIES saw; None for a local socket.

    What stands before it in the header anybody can write. Without proxies the header counts for nothing.
    """
    named = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    seen = named[-min(settings.PROXIES, len(named))] if settings.PROXIES else ""
    return next(filter(_is_address, (seen, request.META.get("REMOTE_ADDR", ""))), None)


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
