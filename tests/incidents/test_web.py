"""One address asked: where it may lead, how far, how much and how long."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

from incidents.services.web import internet
from incidents.services.web.asking import Limits, WebError, ask, target_of
from incidents.services.web.internet import Internet
from tests.incidents.webs import PUBLIC, FakeWeb, Said, packed

PAGE = "https://status.example/api/v2/incidents.json"
LIMITS = Limits(seconds=5, size=10_000)


def told(web: FakeWeb, url: str = PAGE, **limits: Any) -> str:
    """Ask, and return what was read or why it was not."""
    try:
        return ask(url, web=web, limits=Limits(**{"seconds": 5, "size": 10_000, **limits})).body.decode()
    except WebError as error:
        return f"not read: {error}"


def leading(*, to: str, status: int = 302) -> Said:
    return Said(status=status, headers={"location": to})


def test_an_address_is_asked_once_at_its_own_network_address_by_our_name() -> None:
    web = FakeWeb({PAGE: Said(b"{}")})
    answer = ask(PAGE, web=web, limits=LIMITS, headers={"If-None-Match": '"x"'})
    assert (answer.status, answer.body, answer.url) == (200, b"{}", PAGE)
    assert (web.connected, web.looked_up) == ([PUBLIC], ["status.example"])
    assert web.sent[0]["User-Agent"].startswith("Recourse ")
    assert web.sent[0]["Accept-Encoding"] == "gzip"
    assert web.sent[0]["If-None-Match"] == '"x"'


@pytest.mark.parametrize(
    "url",
    [
        "http://status.example/",
        "ftp://status.example/",
        "file:///etc/passwd",
        "gopher://status.example/",
        "https://status.example:8443/",
        "https://status.example:99999/",
        "https://user:secret@status.example/",
        "https://status.example@127.0.0.1:443@x/",
        "https:///path",
        "https://status.example/a b",
        "https://status.example/\r\nHost: inside",
        "https://status.example\\@127.0.0.1/",
        "https://ⓛocalhost/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://status.example/" + "a" * 2_000,
        "//status.example/",
        "",
    ],
)
def test_an_address_that_is_not_plain_https_is_never_asked(url: str) -> None:
    web = FakeWeb()
    with pytest.raises(WebError):
        ask(url, web=web, limits=LIMITS)
    assert (web.asked, web.looked_up) == ([], [])


def test_only_where_the_inside_is_let_in_are_http_and_other_ports() -> None:
    assert target_of("http://10.0.0.5:8080/x?y=1", inside=True).named == "10.0.0.5:8080"
    assert target_of("https://[2606:4700::1]/").named == "[2606:4700::1]"
    for url in ("ftp://10.0.0.5/", "https://u:p@10.0.0.5/"):
        with pytest.raises(WebError):
            target_of(url, inside=True)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://localhost/x", "localhost is this machine itself"),
        ("https://a.localhost./x", "a.localhost. is this machine itself"),
        ("https://127.1/", "127.1 is this machine itself"),
        ("https://0x7f000001/", "0x7f000001 is this machine itself"),
        ("https://10.0.0.5/", "10.0.0.5 is a private address"),
        ("https://169.254.169.254/", "169.254.169.254 is where a cloud keeps the keys of its machines"),
        ("https://[::1]/", "::1 is this machine itself"),
        ("https://[fe80::1]/", "fe80::1 is an address that no server on the internet has"),
    ],
)
def test_a_host_that_is_no_name_is_refused_without_a_look_up(url: str, why: str) -> None:
    web = FakeWeb()
    assert told(web, url) == f"not read: {url!r} is not asked: {why}."
    assert web.looked_up == []


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], ["::ffff:10.0.0.1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], []],
)
def test_a_host_with_an_address_inside_is_not_connected_to(addresses: list[str]) -> None:
    web = FakeWeb({PAGE: Said(b"secret")}, hosts={"status.example": addresses})
    assert told(web).startswith("not read: ")
    assert web.connected == []


def test_a_redirect_is_followed_and_each_host_on_the_way_is_checked() -> None:
    pages = {
        PAGE: leading(to="/moved?x=1", status=301),
        "https://status.example/moved?x=1": leading(to="//other.example/é".encode().decode("latin-1")),
        "https://other.example/%C3%A9": leading(to="https://third.example", status=308),
        "https://third.example/": Said(b"there"),
    }
    web = FakeWeb(pages)
    assert told(web) == "there"
    assert web.looked_up == ["status.example", "status.example", "other.example", "third.example"]


@pytest.mark.parametrize(
    ("to", "hosts", "why"),
    [
        ("https://inside.example/", {"inside.example": ["10.0.0.8"]}, "10.0.0.8 is a private address"),
        ("https://127.0.0.1/", {"127.0.0.1": ["127.0.0.1"]}, "this machine itself"),
        ("https://2130706433/", {"2130706433": ["127.0.0.1"]}, "this machine itself"),
        ("https://[::1]/", {"::1": ["::1"]}, "this machine itself"),
        ("http://status.example/", {}, "must begin with https://"),
        ("file:///etc/passwd", {}, "must begin with https://"),
        ("https://status.example:22/", {}, "its port must be 443"),
        ("https://a@status.example/", {}, "a login stands before its host"),
        ("https://[/", {}, "no address"),
    ],
)
def test_a_redirect_to_the_inside_is_not_followed(to: str, hosts: dict[str, Any], why: str) -> None:
    web = FakeWeb({PAGE: leading(to=to)}, hosts=hosts)
    assert why in told(web)
    assert web.connected == [PUBLIC]


def test_a_name_that_changes_its_meaning_after_the_check_changes_nothing() -> None:
    # The first look-up is the only one: what it gave is connected to.
    web = FakeWeb({PAGE: Said(b"page")}, hosts={"status.example": [[PUBLIC], ["127.0.0.1"]]})
    assert told(web) == "page"
    assert (web.connected, web.looked_up) == ([PUBLIC], ["status.example"])
    # Asked anew it is checked anew, also within one question.
    turning = FakeWeb({PAGE: leading(to=PAGE)}, hosts={"status.example": [[PUBLIC], ["127.0.0.1"]]})
    assert "this machine itself" in told(turning)
    assert turning.connected == [PUBLIC]


def test_after_three_redirects_it_is_enough() -> None:
    web = FakeWeb({PAGE: leading(to=PAGE)})
    assert told(web) == f"not read: It led on more than 3 times, last to {PAGE}. Enter where it ends."
    assert len(web.asked) == 4


def test_the_next_address_is_tried_where_one_cannot_be_reached() -> None:
    unreachable = ConnectionError(101, "Network is unreachable")
    hosts = {"status.example": ["2606:4700::1", PUBLIC]}
    web = FakeWeb({PAGE: [unreachable, Said(b"page")]}, hosts=hosts)
    assert told(web) == "page"
    web = FakeWeb({PAGE: unreachable}, hosts=hosts)
    assert told(web) == "not read: status.example could not be reached: Network is unreachable."
    assert web.connected == ["2606:4700::1", PUBLIC]


def test_a_name_that_nobody_knows_is_said() -> None:
    unknown = socket.gaierror(-2, "Name or service not known")
    web = FakeWeb(hosts={"status.example": unknown})
    assert told(web) == "not read: No name server knows status.example: Name or service not known."


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(b"x" * 10_001), "more than 10,000 bytes"),
        (packed(b"\0" * 5_000_000), "more than 10,000 bytes"),
        (packed(b"x" * 10_001), "more than 10,000 bytes"),
        (Said(packed(b"whole").body[:-9], headers={"content-encoding": "gzip"}), "cut off"),
        (Said(b"not packed", headers={"content-encoding": "gzip"}), "and is not"),
        (Said(b"x", headers={"content-encoding": "br"}), "'br', which was not asked for"),
    ],
)
def test_too_much_or_half_of_an_answer_is_no_answer(said: Said, why: str) -> None:
    assert why in told(FakeWeb({PAGE: said}))


def test_what_is_packed_is_unpacked_to_the_limit() -> None:
    assert told(FakeWeb({PAGE: packed(b"x" * 10_000)})) == "x" * 10_000


def test_a_bomb_is_never_unpacked_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    web = FakeWeb({PAGE: packed(b"\0" * 200_000_000)})
    tracemalloc.start()
    assert "more than" in told(web)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def serving(authority: trustme.CA, answer: Callable[[ssl.SSLSocket], None], *names: str) -> Iterator[int]:
    """Serve one connection after the other on this machine, with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("status.example",))).configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listening.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(raw, server_side=True) as sock:
                    answer(sock)
                    if not getattr(answer, "hangs_up", False):
                        sock.unwrap()
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr(internet, "machine_trust", lambda: context)


# The last part of an answer that ends without a word of the lower layer.
HANG_UP = b""


class OnThisMachine(Internet):
    """The real connection; every name leads to this machine."""

    def addresses(self, target: Any, *, seconds: float) -> list[str]:
        return ["127.0.0.1"]


def read(port: int, *, host: str = "status.example", seconds: float = 5) -> str:
    limits = Limits(seconds=seconds, size=10_000, inside=True)
    try:
        return ask(f"https://{host}:{port}/x", web=OnThisMachine(), limits=limits).body.decode()
    except WebError as error:
        return f"not read: {error}"


def saying(
    *parts: bytes, pause: float = 0, asked: list[bytes] | None = None
) -> Callable[[ssl.SSLSocket], None]:
    def answer(sock: ssl.SSLSocket) -> None:
        got = sock.recv(10_000)
        if asked is not None:
            asked.append(got)
        for part in parts:
            sock.sendall(part)
            time.sleep(pause)

    answer.hangs_up = HANG_UP in parts  # type: ignore[attr-defined]
    return answer


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.usefixtures("trusted")
def test_the_host_is_named_in_the_handshake_and_in_the_question(authority: trustme.CA) -> None:
    asked: list[bytes] = []
    page = saying(HEAD + b"Content-Length: 4\r\n\r\npage", asked=asked)
    with serving(authority, page) as port:
        assert read(port) == "page"
    lines = asked[0].decode().split("\r\n")
    assert lines[0] == "GET /x HTTP/1.1"
    assert f"Host: status.example:{port}" in lines
    assert sum(line.lower().startswith("host:") for line in lines) == 1
    assert sum(line.lower().startswith("accept-encoding:") for line in lines) == 1


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_does_not_hold(authority: trustme.CA) -> None:
    with serving(authority, saying(HEAD + b"\r\nsecret")) as port:
        assert "The certificate of other.example does not hold: Hostname mismatch" in read(
            port, host="other.example"
        )


def test_a_certificate_that_this_machine_does_not_trust_does_not_hold(authority: trustme.CA) -> None:
    with serving(authority, saying(HEAD + b"\r\nsecret")) as port:
        assert "The certificate of status.example does not hold" in read(port)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((HEAD + b"\r\nuntil", b" the end"), "until the end"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"), "abcde"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"9\r\nabc"), "not read: Its answer was cut off."),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",), "not read: Its answer was cut off."),
        (
            (HEAD + b"Content-Length: 9\r\n\r\nabc",),
            "not read: Its answer was cut off after 3 of 9 bytes.",
        ),
        (
            (b"SSH-2.0-OpenSSH_9\r\n",),
            "not read: status.example did not answer as a web server: BadStatusLine.",
        ),
        # The end of what has no length must be said by the lower layer, or it may be half of it.
        ((HEAD + b"\r\nhalf", HANG_UP), "not read: Its answer was cut off."),
        ((HEAD + b"X: y\r\n" * 200 + b"\r\n",), "not read: status.example did not answer as a web server"),
        ((HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",), "not read: status.example did not answer as"),
    ],
)
def test_an_odd_answer_ends_in_words(authority: trustme.CA, parts: tuple[bytes, ...], expected: str) -> None:
    with serving(authority, saying(*parts)) as port:
        assert read(port).startswith(expected)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    "parts",
    [
        (b"H",) + (b"T",) * 60,
        (HEAD, *[b"X: y\r\n"] * 60),
        (HEAD + b"Content-Length: 60\r\n\r\n", *[b"x"] * 60),
    ],
    ids=["status", "headers", "body"],
)
def test_a_server_that_drips_is_cut_off_when_the_time_is_over(
    authority: trustme.CA, parts: tuple[bytes, ...]
) -> None:
    begun = time.perf_counter()
    with serving(authority, saying(*parts, pause=0.2)) as port:
        assert read(port, seconds=1) == "not read: It did not answer in full within 1 seconds."
    assert time.perf_counter() - begun < 2.5


def test_a_server_that_never_shakes_hands_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.perf_counter()
        assert (
            read(silent.getsockname()[1], seconds=1)
            == "not read: It did not answer in full within 1 seconds."
        )
        assert time.perf_counter() - begun < 2.5


def test_a_name_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(5))
    with pytest.raises(WebError, match=r"No name server said in time where status\.example is\."):
        ask(PAGE, web=Internet(), limits=Limits(seconds=0.3))


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f000001", "[::1]", "0"])
def test_whatever_this_machine_is_called_it_is_not_connected_to(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(WebError):
        ask(f"https://{name}/", web=Internet(), limits=LIMITS)


def test_no_proxy_of_the_environment_is_asked(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, trusted: None
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(authority, saying(HEAD + b"Content-Length: 4\r\n\r\npage")) as port:
        assert read(port) == "page"
