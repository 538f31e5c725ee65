"""A person at a browser, as far as saving a form goes."""

from __future__ import annotations

import http.client
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.chaos.portfolio import PASSWORD
from tests.config.processes import PRODUCTION
from tests.incidents.test_admin import Inputs

# Far below what a person waits, far above what a page takes on a busy machine.
PATIENCE_SECONDS = 30
HOST = PRODUCTION["RECOURSE_HOSTS"]
# Signing in gives another one.
TOKEN = "t" * 32


class Person:
    """Somebody who signed in to the admin of a web server."""

    def __init__(self, address: str, *, name: str) -> None:
        self._server = urlsplit(address).netloc
        self._cookies = {"csrftoken": TOKEN}
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
        headers = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "Referer": f"https://{HOST}/",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        line = http.client.HTTPConnection(self._server, timeout=PATIENCE_SECONDS)
        body = (
            None
            if posted is None
            else urlencode({**posted, "csrfmiddlewaretoken": self._cookies["csrftoken"]})
        )
        line.request("GET" if body is None else "POST", path, body=body, headers=headers)
        answer = line.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookies |= {key: found.value for key, found in SimpleCookie(value).items()}
        return answer.status, answer.read().decode()
