"""Whether a pushed message was signed with a secret that the sender and we share.

Of the formats here only PagerDuty signs. What each sender offers:

| format | what proves the sender |
|---|---|
| PagerDuty V3 | `X-PagerDuty-Signature`: HMAC-SHA256 of the raw body, one for each of its secrets |
| Alertmanager v4 | `Authorization` with a password or a token, set in its receiver's `http_config` |
| Uptime Kuma | headers of one's own choice, set under "Additional Headers" |
| UptimeRobot | headers of one's own choice in its newer webhooks, nothing in its alert contacts |
| Pingdom, Statuspage | nothing |

A format that is not signed relies on a long random secret in the address that it is sent to, or on the
header where the sender has one. A signature holds no time here, so a message that is sent again is known by
its event id, not refused.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping

# More signatures than a sender has secrets are an attack on our time.
MOST_SIGNATURES = 10


def signed_by_pagerduty(content: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Say whether one of the signatures is that of the raw body under the secret.

    During a change of secrets PagerDuty sends one signature for each, with commas between.
    Source: developer.pagerduty.com, "Verifying Signatures" (webhooks V3).
    """
    if not secret:
        return False
    wanted = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().encode()
    given = _header(headers, name="X-PagerDuty-Signature").split(",")[:MOST_SIGNATURES]
    found = [part.strip().removeprefix("v1=") for part in given if part.strip().startswith("v1=")]
    # All are compared, so that the time taken does not tell which one was right.
    right = [hmac.compare_digest(wanted, _bytes(signature)) for signature in found]
    return any(right)


def authorized_by(headers: Mapping[str, str], secret: str) -> bool:
    """Say whether `Authorization` holds the secret, as "Bearer secret" or "Basic ..." just as it was set."""
    given = _header(headers, name="Authorization")
    return bool(secret) and hmac.compare_digest(_bytes(given), secret.encode())


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _header(headers: Mapping[str, str], *, name: str) -> str:
    """Find a header whatever its letters' case; HTTP does not tell them apart."""
    return next((value for key, value in headers.items() if key.casefold() == name.casefold()), "")


# Format code -> how its signature is checked; a format that is not here does not sign.
SIGNED: Mapping[str, Callable[[bytes, Mapping[str, str], str], bool]] = {"pagerduty": signed_by_pagerduty}


def signed_by(content: bytes, headers: Mapping[str, str], secret: str, *, code: str) -> bool:
    """Say whether a message of this format is signed with the secret; False where the format never is."""
    check = SIGNED.get(code)
    return check is not None and check(content, headers, secret)
