"""What the processes say: one JSON object a line on stderr, or in debug lines that read well on a terminal.

Everything goes through `logging`, so that Django, Celery and gunicorn say it the same way. What a line is
about (run, statement, request, task) is bound by structlog's context where it begins.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# What a line may carry beside its context. Others put whole requests and arguments into `extra`.
EXTRAS = ("ms", "runs", "seconds", "status", "status_code", "touched")
FIRST = ("timestamp", "level", "logger", "event")
# The address of a calendar is a key, and so are those that a feed is sent to and a vendor reads at.
KEYS = re.compile(r"(/(?:calendar|feeds)/\d+/|/statements/(?=[\w-]{40}))[^/\s'\"]+")
HIDDEN = "(hidden)"
LEVELS = {
    **dict.fromkeys(("config", "vendors", "incidents", "sla"), "INFO"),
    "django": "INFO",
    # Wrong passwords, with name and address, and what they lead to.
    "axes": "WARNING",
    # `config.requests` has a line for each answer; here only errors, with their traceback.
    "django.request": "ERROR",
    "django.server": "CRITICAL",
    "celery": "INFO",
    # Each nudge that came and went, and each turn of the clock: what they did is said by the runs.
    "celery.worker.strategy": "WARNING",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    "gunicorn.error": "INFO",
    "gunicorn.access": "WARNING",
}


def logging_settings(*, debug: bool, secrets: Iterable[str]) -> dict[str, Any]:
    """Return Django's LOGGING; none of the secrets is written, whoever says it."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=EXTRAS),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if debug else "iso", utc=True),
    ]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _hidden(secrets),
            *_rendered(debug=debug),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        # Named with no handler of their own, those that Django and gunicorn gave them go.
        "loggers": {
            name: {"handlers": [], "level": level, "propagate": True} for name, level in LEVELS.items()
        },
    }


def _rendered(*, debug: bool) -> list[Processor]:
    if debug:
        # The pretty traceback shows the values of local names, and passwords are among them.
        plain = structlog.dev.plain_traceback
        return [_short, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    return [_in_order, structlog.processors.JSONRenderer()]


def _short(_: WrappedLogger, __: str, said: EventDict) -> EventDict:
    """Tell a request in a few words: on a terminal nobody looks for its number."""
    said.pop("request", None)
    if said["event"] == "answered":
        said["event"] = " ".join(str(said.pop(name, "")) for name in ("method", "path", "status"))
    return said


def _in_order(_: WrappedLogger, __: str, said: EventDict) -> EventDict:
    return {name: said[name] for name in (*FIRST, *sorted(said.keys() - set(FIRST)))}


def _hidden(secrets: Iterable[str]) -> Processor:
    """Return what takes secrets, and keys that stand in addresses, out of a line."""
    words = sorted(set(secrets), key=len, reverse=True)
    secret = re.compile("|".join(map(re.escape, words)) if words else r"(?!)")

    def hide(_: WrappedLogger, __: str, said: EventDict) -> EventDict:
        return {name: _without(value, secret=secret) for name, value in said.items()}

    return hide


def _without(value: object, *, secret: re.Pattern[str]) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return KEYS.sub(rf"\1{HIDDEN}", secret.sub(HIDDEN, str(value)))
