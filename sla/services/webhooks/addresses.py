"""Where a webhook may lead: over HTTPS to the internet, and to this machine while Recourse is tried out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from django.conf import settings

from incidents.feeds.web_targets import Target
from incidents.services.web.asking import NOT_SENT, Limits, target_of

HERE = "127.0.0.1"


def check_address(url: str) -> Target:
    """Return where a webhook would lead. Raises WebError where nothing is sent to."""
    return target_of(url, inside=is_trial(url), refused=NOT_SENT)


def limits_for(url: str, *, usual: Limits) -> Limits:
    """Return the limits of sending to an address."""
    return replace(usual, inside=True) if is_trial(url) else usual


def is_trial(url: str) -> bool:
    """Say whether it is a receiver on this machine: RECOURSE_DEBUG lets that in, over HTTP and at any port.

    It is asked each time that something is sent: without RECOURSE_DEBUG such a webhook is refused again.
    """
    try:
        return settings.DEBUG and urlsplit(url).hostname == HERE
    except ValueError:
        return False
