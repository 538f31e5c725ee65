"""The connection itself: to the network address that was checked, for the name that was asked for.

Written with the standard library, which hands out the socket: a client library that looks names up itself
could be led elsewhere between the check and the connection. No proxy of the environment is asked, since it
would look the name up anew.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue

from incidents.feeds.web_targets import Target
from incidents.services.web.asking import Web, WebError

CHUNK = 65_536
CONNECT_SECONDS = 6.0


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """What came back over a connection."""

    status: int
    headers: Mapping[str, str]
    response: http.client.HTTPResponse

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it was sent. Raises OSError, and WebError where it was cut off."""
        length = self.response.length
        seen = 0
        while length is None or seen < length:
            try:
                chunk = self.response.read1(CHUNK)
            except (http.client.HTTPException, ValueError, ssl.SSLError) as error:
                raise WebError("Its answer was cut off.") from error
            if not chunk:
                break
            seen += len(chunk)
            yield chunk
        if length is not None and seen < length:
            raise WebError(f"Its answer was cut off after {seen:,} of {length:,} bytes.")


class Internet:
    """The network as it is; certificates are checked against those that this machine trusts."""

    def addresses(self, target: Target, *, seconds: float) -> Sequence[str]:
        """Return the network addresses of a host. Raises OSError; TimeoutError where nobody answers."""
        answers: SimpleQueue[list[str] | BaseException] = SimpleQueue()

        def look_up() -> None:
            try:
                found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
                answers.put([str(each[4][0]) for each in found])
            except Exception as error:
                answers.put(error)

        # The system's resolver knows no time limit, and cannot be called off.
        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        try:
            answer = answers.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def get(
        self, target: Target, *, address: str, headers: Mapping[str, str], seconds: float
    ) -> AbstractContextManager[HttpReply]:
        """Ask a target at this very network address; after so many seconds the connection is cut."""
        return self._exchange(target, address=address, headers=headers, body=None, seconds=seconds)

    def post(
        self, target: Target, *, address: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> AbstractContextManager[HttpReply]:
        """Send a target something at this very network address; the same holds."""
        return self._exchange(target, address=address, headers=headers, body=body, seconds=seconds)

    @contextmanager
    def _exchange(
        self, target: Target, *, address: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> Iterator[HttpReply]:
        raw = self._connected(target, address=address, seconds=min(seconds, CONNECT_SECONDS))
        # A second hold on the same connection: TLS takes the first one over.
        spare, cut = raw.dup(), threading.Event()
        watch = threading.Timer(seconds, _cut, args=[spare, cut])
        watch.daemon = True
        watch.start()
        try:
            with self._secured(raw, target=target) as sock:
                sock.settimeout(seconds)
                yield _asked(sock, target=target, headers=headers, body=body)
            if cut.is_set():
                # To whoever reads, a connection that was cut looks like the end of the answer.
                raise TimeoutError
        except (OSError, WebError) as error:
            if cut.is_set():
                raise TimeoutError from error
            raise
        finally:
            watch.cancel()
            spare.close()
            raw.close()

    def _connected(self, target: Target, *, address: str, seconds: float) -> socket.socket:
        try:
            return socket.create_connection((address, target.port), timeout=seconds)
        except OSError as error:
            raise ConnectionError(error.errno, error.strerror or str(error)) from error

    def _secured(self, raw: socket.socket, *, target: Target) -> socket.socket:
        if target.scheme == "http":
            return raw
        try:
            return self._trusted().wrap_socket(raw, server_hostname=target.host, suppress_ragged_eofs=False)
        except ssl.SSLCertVerificationError as error:
            raise WebError(
                f"The certificate of {target.host} does not hold: {error.verify_message.rstrip('.')}."
            ) from error
        except (ssl.SSLError, ValueError) as error:
            raise WebError(f"{target.host} could not be spoken to over TLS: {error}.") from error

    def _trusted(self) -> ssl.SSLContext:
        return machine_trust()


@cache
def machine_trust() -> ssl.SSLContext:
    """Return whom this machine trusts; SSL_CERT_FILE and SSL_CERT_DIR add to it as everywhere."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _cut(spare: socket.socket, cut: threading.Event) -> None:
    cut.set()
    with suppress(OSError):
        spare.shutdown(socket.SHUT_RDWR)


def _asked(
    sock: socket.socket, *, target: Target, headers: Mapping[str, str], body: bytes | None
) -> HttpReply:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = sock
    # A connection that is lost would otherwise be made anew, by name.
    connection.auto_open = 0
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, target.path, body=body, headers={"Host": target.named, **headers})
        response = connection.getresponse()
    except http.client.HTTPException as error:
        raise WebError(f"{target.host} did not answer as a web server: {type(error).__name__}.") from error
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        found.setdefault(name.lower(), value)
    return HttpReply(status=response.status, headers=found, response=response)


INTERNET: Web = Internet()
