"""Where an address leads, as far as its letters tell: what must never be asked is refused when it is typed.

What a host's name means is asked only when it is fetched, each time anew.
"""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from incidents.feeds.web_addresses import why_not

HTTPS = 443
LONGEST_URL = 2_000
REFUSED = "is not asked"


class AddressError(ValueError):
    """An address that may not be asked; its text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where one question goes: `host` is asked for by name, `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def named(self) -> str:
        """Return the host as the `Host` header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def web_target(url: str, *, inside: bool = False, refused: str = REFUSED) -> Target:
    """Return where an address leads, by one reading of it; `inside` lets private addresses and HTTP in.

    `refused` is how the text of a refusal goes on after the address.

    Raises:
        AddressError: no address, no encryption, a login or another port in it, or a host that is written as
            a network address which may not be asked.

    """
    shown = repr(url[:200])
    if len(url) > LONGEST_URL or not url.isascii() or any(sign <= " " or sign in "\\\x7f" for sign in url):
        raise AddressError(
            f"{shown} {refused}: an address has at most {LONGEST_URL} plain letters and no blanks. "
            "Write a host in other letters as xn--..."
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressError(f"{shown} is no address: {error}.") from None
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        raise AddressError(f"{shown} {refused}: the address must begin with https://.")
    if not host:
        raise AddressError(f"{shown} {refused}: it names no host.")
    if parts.username is not None or parts.password is not None:
        raise AddressError(f"{shown} {refused}: a login stands before its host. Leave the login out.")
    if "%" in host:
        raise AddressError(f"{shown} {refused}: its host holds a percent sign.")
    usual = HTTPS if parts.scheme == "https" else 80
    if port not in (None, usual) and not inside:
        raise AddressError(f"{shown} {refused}: its port must be {HTTPS}.")
    why = _why_not_literal(host, inside=inside)
    if why:
        raise AddressError(f"{shown} {refused}: {host} is {why}.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port or usual, path=path)


def _why_not_literal(host: str, *, inside: bool) -> str:
    """Return why a host that is no name to be looked up is not asked; empty for any name."""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return why_not("127.0.0.1", inside=inside)
    if ":" in name:
        return why_not(name, inside=inside)
    try:
        # As the machine itself would read it: 127.1 and 0x7f000001 are this machine too.
        return why_not(socket.inet_ntoa(socket.inet_aton(name)), inside=inside)
    except OSError:
        return ""
