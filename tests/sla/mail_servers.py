"""Mail servers as they are met: one that takes mails, and ones that refuse, hang or hang up at some point."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


@dataclass
class Sink:
    """Takes every mail, but for addresses that it was told to refuse."""

    refused: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, Message]] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.contents.append(content)
            self.taken += [(address, message_from_bytes(content)) for address in envelope.rcpt_tos]
        return self.answer

    @property
    def numbers(self) -> list[str]:
        """Return the Message-IDs that were taken, in order."""
        return [str(mail["Message-ID"]) for _, mail in self.taken]


@contextmanager
def a_sink(settings: Any, *, port: int | None = None, **fields: Any) -> Iterator[Sink]:
    """Run a server that takes mails, and send there."""
    sink = Sink(**fields)
    controller = Controller(sink, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    try:
        send_to(settings, port=controller.port)
        yield sink
    finally:
        controller.stop()


@contextmanager
def a_server_that(settings: Any, *, breaks_at: str, hangs: bool = False, port: int = 0) -> Iterator[None]:
    """Run a server that talks until a command and then hangs up, or says nothing any more.

    `breaks_at` is a command (`EHLO`, `RCPT`, `DATA`), `WORDS` (after the mail was sent, before the answer) or
    `QUIT` (after it was taken).
    """
    listener = socket.create_server(("127.0.0.1", port))
    held: list[socket.socket] = []

    def talk() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                held.append(line)
                with suppress(OSError):
                    _converse(line, breaks_at=breaks_at)
                    if not hangs:
                        line.close()

    threading.Thread(target=talk, daemon=True).start()
    try:
        send_to(settings, port=listener.getsockname()[1])
        yield
    finally:
        # A listener that is waited on keeps its port although it is closed.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for line in held:
            line.close()


def _converse(line: socket.socket, *, breaks_at: str) -> None:
    file = line.makefile("rb")
    line.sendall(b"220 here\r\n")
    while command := file.readline():
        name = command[:4].decode().upper().strip()
        if name == breaks_at:
            return
        if name == "DATA":
            line.sendall(b"354 go on\r\n")
            while file.readline() != b".\r\n":
                pass
            if breaks_at == "WORDS":
                return
        line.sendall(b"250 OK\r\n" if name != "QUIT" else b"221 bye\r\n")


def send_to(settings: Any, *, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
