"""Handing a mail to the server, and knowing afterwards whether it may have arrived."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formataddr
from socket import gaierror
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend

from sla.models import OutboxMessage
from sla.services.outbox.sealing import revealed

MOST_SAID = 500
SMTP = "django.core.mail.backends.smtp.EmailBackend"


class RefusedError(Exception):
    """The server took nothing. `for_good` says that trying again would give the same answer."""

    def __init__(self, said: str, *, for_good: bool = False) -> None:
        super().__init__(said)
        self.for_good = for_good


class DoubtError(Exception):
    """The line broke after the words had begun to leave: nobody here knows whether it arrived."""


class _Phase:
    """Notes how far a mail came: whether its words began to leave, and whether they were taken."""

    is_asking = has_begun = is_taken = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the words; once they have begun to leave only the server's answer says what became of them."""
        self.is_asking = True
        answer: tuple[int, bytes] = super().data(msg)  # type: ignore[misc]
        self.is_asking, self.is_taken = False, answer[0] == 250
        return answer

    def getreply(self) -> tuple[int, bytes]:
        """Return the server's answer; the first one after DATA lets the words go."""
        answer: tuple[int, bytes] = super().getreply()  # type: ignore[misc]
        if self.is_asking and answer[0] == 354:
            self.has_begun = True
        return answer


class _PlainLine(_Phase, smtplib.SMTP):
    pass


class _SecureLine(_Phase, smtplib.SMTP_SSL):
    pass


class PhasedBackend(EmailBackend):
    """Django's own backend on a line that knows how far it came."""

    line: Any = None

    @property
    def connection_class(self) -> Any:
        """Return what makes a line, and keep the line that it makes."""
        kind = _SecureLine if self.use_ssl else _PlainLine

        def made(*args: Any, **named: Any) -> Any:
            self.line = kind(*args, **named)
            return self.line

        return made


def hand_over(message: OutboxMessage) -> None:
    """Give one mail to the server.

    Raises RefusedError where it did not take it, DoubtError where nobody knows.
    """
    backend = get_connection()
    if type(backend) is EmailBackend:
        backend = PhasedBackend()
    with _told(backend):
        backend.send_messages([email_of(message)])


@contextmanager
def _told(backend: Any) -> Iterator[None]:
    """Turn what goes wrong into whether the mail was refused or may have arrived."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise RefusedError(_said(code, answer), for_good=code >= 500) from error
    except smtplib.SMTPResponseException as error:
        # An answer, whatever it says, settles it. A sign-in that fails is mended in the settings.
        lasting = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
        raise RefusedError(_said(error.smtp_code, error.smtp_error), for_good=lasting) from error
    except (smtplib.SMTPException, OSError) as error:
        line = getattr(backend, "line", None)
        if getattr(line, "is_taken", False):
            return  # it was taken; only saying goodbye failed
        said = _failed(error)[:MOST_SAID]
        raise (DoubtError(said) if getattr(line, "has_begun", False) else RefusedError(said)) from error
    except ValueError as error:
        raise RefusedError(f"It cannot be written as a mail: {error}"[:MOST_SAID], for_good=True) from error


def _failed(error: smtplib.SMTPException | OSError) -> str:
    """Return in words what went wrong on the way to the server, and which server that is."""
    server = f"The mail server {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    if settings.EMAIL_BACKEND != SMTP:
        return f"{type(error).__name__}: {error}"
    if isinstance(error, TimeoutError):
        return f"{server} did not answer within {settings.EMAIL_TIMEOUT} seconds."
    if isinstance(error, gaierror):
        return f"{server} is not known: {error.strerror}."
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return f"{server} cannot be reached: {error.strerror or error}."
    return f"{server}: {error}"


def _said(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:MOST_SAID]


def email_of(message: OutboxMessage) -> EmailMultiAlternatives:
    """Return a message as a mail: text first, the page beside it, and its files."""
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=revealed(message),
        to=[formataddr((message.name, message.address))],
        reply_to=[settings.REPLY_TO] if settings.REPLY_TO else None,
        headers={
            "Message-ID": message.message_id,
            # No robot answers a robot (RFC 3834).
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    for file in message.files.all():
        if file.content is not None:
            mail.attach(file.name, bytes(file.content), file.content_type)
    return mail
