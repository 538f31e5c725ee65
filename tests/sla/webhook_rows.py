"""A receiver on this machine that keeps what it was sent, and webhooks that lead to it."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import trustme

from incidents.services.web import internet
from incidents.services.web.asking import Limits
from incidents.services.web.internet import Internet
from sla.models import OutboxMessage, WebhookTarget
from sla.services.webhooks import sending
from tests.builders import REASON, person
from vendors.services import save_record, system_user

HOST = "hooks.example"


@dataclass
class Receiver:
    """What came, and what is answered: a status, or several one after the other."""

    port: int = 0
    answers: list[int] = field(default_factory=lambda: [204])
    headers: dict[str, str] = field(default_factory=dict)
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}/in"

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.came]


class OnThisMachine(Internet):
    """The real connection; every name leads to this machine."""

    def addresses(self, target: Any, *, seconds: float) -> list[str]:
        return ["127.0.0.1"]


@contextmanager
def serving(receiver: Receiver, authority: trustme.CA) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.came.append(
                (self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            )
            status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver whose certificate is trusted, and a network that leads every name to it."""
    authority, context = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(context)
    monkeypatch.setattr(internet, "machine_trust", lambda: context)
    monkeypatch.setattr(sending, "WEB", OnThisMachine())
    monkeypatch.setattr(sending, "LIMITS", Limits(seconds=5, size=16_384, inside=True))
    with serving(Receiver(), authority) as found:
        yield found


def a_webhook(receiver: Receiver | None = None, code: str = "ticketing", **fields: Any) -> WebhookTarget:
    """Return a webhook of everything, which leads to the receiver."""
    owner = person("boss", is_superuser=True, email="boss@acme.example")
    seed = secrets.token_urlsafe(32)
    target = WebhookTarget(code=code, url=f"https://{HOST}/in", owner=owner, seed=seed, **fields)
    # Not by the owner: of two people who may, one would have to ask the other.
    save_record(target, by=system_user(), reason=REASON)
    if receiver is not None:
        # The port of a test's server is none that a person may enter.
        WebhookTarget.objects.filter(pk=target.pk).update(url=receiver.url)
        target.refresh_from_db()
    return target


def written() -> list[dict[str, Any]]:
    """Return what waits for webhooks, in the order in which it was written."""
    rows = OutboxMessage.objects.filter(channel="hook").order_by("pk")
    return [json.loads(row.text) for row in rows]
