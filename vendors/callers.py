"""Whom a request comes from, and whether it comes too often."""

from datetime import datetime
from ipaddress import ip_address

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


def seen_address(request: HttpRequest) -> str | None:
    """Return the IP address that the outermost proxy of RECOURSE_PROXIES saw, else that of the connection.

    What stands before it in the header anybody can write. Without proxies the header counts for nothing. None
    where a proxy says what is no address, and for a local socket.
    """
    named = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    said = named[-min(settings.PROXIES, len(named))] if settings.PROXIES else ""
    return _address(said or request.META.get("REMOTE_ADDR", ""))


def client_address(request: HttpRequest) -> str | None:
    """Return the address to count tries by: where nobody knows the sender's, that of the connection."""
    return seen_address(request) or _address(request.META.get("REMOTE_ADDR", ""))


def _address(value: str) -> str | None:
    try:
        return str(ip_address(value))
    except ValueError:
        return None


def is_flood(name: str, *, most: int, at: datetime) -> bool:
    """Count a request of a name, and say whether there are more than `most` in this minute (UTC).

    Each process counts for itself: this keeps the load down, it does not keep an attacker out.
    """
    counted = f"flood/{name}/{at:%Y%m%d%H%M}"
    cache.add(counted, 0, timeout=120)
    try:
        return cache.incr(counted) > most
    except ValueError:
        return False


def origin_of(request: HttpRequest) -> str:
    """Return what the addresses that leave this house begin with: RECOURSE_ORIGINS, else as it was asked."""
    return str(settings.PUBLIC_ORIGIN) or f"{request.scheme}://{request.get_host()}"
