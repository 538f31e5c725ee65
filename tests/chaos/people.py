"""A person at a browser, as far as saving a form goes."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.chaos.portfolio import PASSWORD
from tests.config.processes import PRODUCTION
from tests.incidents.test_admin import Inputs

# Far below what a person waits, far above what a page takes on a busy machine.
PATIENCE_SECONDS = 30
HOST = PRODUCTION["RECOURSE_HOSTS"]
# As an installation names it. Signing in gives another one.
CSRF = "__Host-csrftoken"
TOKEN = "t" * 32


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered, whole."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()


def sent(
    server: str, method: str, path: str, *, headers: Mapping[str, str], body: str | bytes | None = None
) -> Answer:
    """Send a request over a line of its own, as a proxy does; return the whole answer.

    Raises TimeoutError where the server does not answer, and http.client.HTTPException where it breaks off.
    """
    known = {"Host": HOST, "X-Forwarded-Proto": "https", "Connection": "close"}
    with closing(http.client.HTTPConnection(server, timeout=PATIENCE_SECONDS)) as line:
        line.request(method, path, body=body, headers={**known, **headers})
        answer = line.getresponse()
        return Answer(status=answer.status, headers=answer.headers, body=answer.read())


class Person:
    """Somebody who signed in to the admin of a web server."""

    def __init__(self, address: str, *, name: str) -> None:
        self._server = urlsplit(address).netloc
        self._cookies = {CSRF: TOKEN}
        status, _ = self.ask("/admin/login/", posted={"username": name, "password": PASSWORD})
        assert status == 302

    def save(self, path: str, **changed: str) -> int:
        """Open a form, change some fields, and save; return the status."""
        status, page = self.ask(path)
        assert status == 200, page
        found, _ = self.ask(path, posted=Inputs(page).posted | changed)
        return found

    def ask(self, path: str, *, posted: dict[str, str] | None = None) -> tuple[int, str]:
        """Return status and page; raise TimeoutError where the server does not answer."""
        answer = self.answer(path, posted=posted)
        return answer.status, answer.text

    def answer(self, path: str, *, posted: dict[str, str] | None = None) -> Answer:
        """Open a page or send a form; return what was answered."""
        headers = {
            "Referer": f"https://{HOST}/",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        body = None if posted is None else urlencode({**posted, "csrfmiddlewaretoken": self._cookies[CSRF]})
        answer = sent(self._server, "GET" if body is None else "POST", path, headers=headers, body=body)
        for value in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {key: found.value for key, found in SimpleCookie(value).items()}
        return answer
