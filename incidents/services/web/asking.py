"""One question to an address: through redirects, each checked anew, within limits of size and time."""

from __future__ import annotations

import errno
import socket
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol
from urllib.parse import quote, urljoin

from incidents.feeds.web_addresses import why_not
from incidents.feeds.web_targets import REFUSED, AddressError, Target, web_target

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
MOST_ADDRESSES = 3
NOT_SENT = "cannot be sent to"
AGENT = "Recourse (vendor service levels; reads public status pages)"


class WebError(Exception):
    """An address was not read; its text says why in plain words, `status` what it answered, if anything.

    `is_ours` says that it lies with us, not with the server: it was not asked, or not as far as it takes.
    """

    def __init__(
        self, message: str, *, status: int = 0, retry_after: str = "", is_ours: bool = False
    ) -> None:
        super().__init__(message)
        self.status, self.retry_after, self.is_ours = status, retry_after, is_ours


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long one question may take with all its redirects, how much is read, and where it may lead.

    `inside` lets private addresses, plain HTTP and any port in: for what we watch in our own network.
    """

    seconds: float = 20.0
    size: int = 20_000_000
    inside: bool = False


class Reply(Protocol):
    """What came back, the body bit by bit."""

    @property
    def status(self) -> int:
        """Return the status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers by lower-case name."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it was sent. Raises OSError, and WebError where it was cut off."""
        ...


class Web(Protocol):
    """What the network does, so that tests can stand in its place."""

    def addresses(self, target: Target, *, seconds: float) -> Sequence[str]:
        """Return the network addresses of a host. Raises OSError."""
        ...

    def get(
        self, target: Target, *, address: str, headers: Mapping[str, str], seconds: float
    ) -> AbstractContextManager[Reply]:
        """Ask a target at this very network address. Raises OSError and WebError."""
        ...

    def post(
        self, target: Target, *, address: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> AbstractContextManager[Reply]:
        """Send a target something at this very network address. Raises OSError and WebError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an address answered in the end: headers by lower-case name, and the body in full."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(kw_only=True)
class _Asking:
    web: Web
    limits: Limits
    headers: Mapping[str, str]
    sent: bytes | None = None
    begun: float = field(default_factory=perf_counter)

    @property
    def refused(self) -> str:
        """Return how one says that an address is none to ask, or to send to."""
        return REFUSED if self.sent is None else NOT_SENT

    def reply(self, target: Target, *, address: str) -> AbstractContextManager[Reply]:
        """Return what a target answers at a network address."""
        seconds, headers = self.left(), self.headers
        if self.sent is None:
            return self.web.get(target, address=address, headers=headers, seconds=seconds)
        return self.web.post(target, address=address, headers=headers, body=self.sent, seconds=seconds)

    def left(self) -> float:
        """Return how many seconds there still are. Raises WebError where they are over."""
        left = self.begun + self.limits.seconds - perf_counter()
        if left <= 0:
            raise WebError(f"It did not answer in full within {self.limits.seconds:g} seconds.")
        return left


def ask(url: str, *, web: Web, limits: Limits, headers: Mapping[str, str] | None = None) -> Answer:
    """Return what an address answers, after at most three redirects; any status is an answer.

    Every network address of every host on the way is checked, and the one that was checked is asked, so that
    a name that changes its meaning meanwhile changes nothing.

    Raises:
        WebError: refused, unreachable, too slow, too large, cut off, or a certificate that does not hold.

    """
    sent = {
        "User-Agent": AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        **(headers or {}),
    }
    asking = _Asking(web=web, limits=limits, headers=sent)
    for _ in range(MOST_REDIRECTS + 1):
        answer = _one(url, asking=asking)
        location = answer.headers.get("location", "")
        if answer.status not in REDIRECTS or not location:
            return answer
        url = _joined(url, location)
    raise WebError(f"It led on more than {MOST_REDIRECTS} times, last to {url[:200]}. Enter where it ends.")


def send_to(url: str, *, body: bytes, web: Web, limits: Limits, headers: Mapping[str, str]) -> Answer:
    """Send bytes to an address and return what it answers, any status; where it leads on is not followed.

    Raises:
        WebError: refused, unreachable, too slow, too large an answer, or a certificate that does not hold.

    """
    sent = {"Accept-Encoding": "identity", "Connection": "close", **headers}
    return _one(url, asking=_Asking(web=web, limits=limits, headers=sent, sent=body))


def target_of(url: str, *, inside: bool = False, refused: str = REFUSED) -> Target:
    """Return where an address leads. Raises WebError where it may not be asked."""
    try:
        return web_target(url, inside=inside, refused=refused)
    except AddressError as error:
        raise WebError(str(error), is_ours=True) from None


def _joined(url: str, location: str) -> str:
    # Headers are read as Latin-1; what lies behind are the bytes of an address, mostly UTF-8.
    plain = quote(location.encode("latin-1", "replace"), safe="%/:?#[]@!$&'()*+,;=~-._")
    try:
        return urljoin(url, plain)
    except ValueError:
        raise WebError(f"It led on to {plain[:200]!r}, which is no address.") from None


def _one(url: str, *, asking: _Asking) -> Answer:
    target = target_of(url, inside=asking.limits.inside, refused=asking.refused)
    addresses = _checked(target, asking=asking)
    for place, address in enumerate(addresses, start=1):
        try:
            with asking.reply(target, address=address) as got:
                body = b"" if got.status in REDIRECTS else _body(got, asking=asking)
                return Answer(status=got.status, headers=got.headers, body=body, url=url)
        except ConnectionError as error:
            # A machine without IPv6 still gets such addresses: the next one may do.
            if place == len(addresses):
                is_ours = error.errno in (errno.ENETUNREACH, errno.ENETDOWN)
                said = f"{target.host} could not be reached: {_words(error)}."
                raise WebError(said, is_ours=is_ours) from error
        except TimeoutError as error:
            raise WebError(f"It did not answer in full within {asking.limits.seconds:g} seconds.") from error
        except OSError as error:
            raise WebError(f"{target.host} could not be reached: {_words(error)}.") from error
    raise AssertionError("there is at least one address")


def _checked(target: Target, *, asking: _Asking) -> Sequence[str]:
    """Return the network addresses of a host. Raises WebError where one of them may not be asked."""
    try:
        found = list(dict.fromkeys(asking.web.addresses(target, seconds=asking.left())))
    except TimeoutError as error:
        raise WebError(f"No name server said in time where {target.host} is.", is_ours=True) from error
    except (OSError, UnicodeError) as error:
        is_ours = getattr(error, "errno", None) == socket.EAI_AGAIN
        raise WebError(f"No name server knows {target.host}: {_words(error)}.", is_ours=is_ours) from error
    if not found:
        raise WebError(f"No name server knows {target.host}.")
    for address in found:
        why = why_not(address, inside=asking.limits.inside)
        if why:
            raise WebError(f"{target.host} {asking.refused}: {address} is {why}.", is_ours=True)
    return found[:MOST_ADDRESSES]


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".") or type(error).__name__


def _body(reply: Reply, *, asking: _Asking) -> bytes:
    """Return the body, unpacked; never more than the limit is held, however well it was packed."""
    encoding = reply.headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise WebError(f"It answered packed as {encoding[:40]!r}, which was not asked for.")
    unpacking = None if encoding == "identity" else zlib.decompressobj(16 + zlib.MAX_WBITS)
    limit, body = asking.limits.size, bytearray()
    for chunk in reply.chunks():
        asking.left()
        try:
            body += chunk if unpacking is None else unpacking.decompress(chunk, limit + 1 - len(body))
        except zlib.error as error:
            raise WebError("Its answer says that it is packed as gzip, and is not.") from error
        if len(body) > limit:
            raise WebError(
                f"Its answer has more than {limit:,} bytes. Name an address that tells less.", is_ours=True
            )
    if unpacking is not None and body and not unpacking.eof:
        raise WebError("Its answer was cut off.")
    return bytes(body)
