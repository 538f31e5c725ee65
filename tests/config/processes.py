"""The programs of a real installation, each started by its own command and read by its output."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from config.environment import ADVICE

ROOT = Path(settings.BASE_DIR)
PATIENCE_SECONDS = 60
PRODUCTION = {
    "RECOURSE_SECRET_KEY": "planted-secret-key-0123456789-abcdefghijklmnopqrstuvwxyz",
    "RECOURSE_HOSTS": "recourse.example",
}


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that runs, and what it has said so far."""

    process: subprocess.Popen[bytes]
    said_at: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the lines on stderr; every one of them is a JSON object."""
        return [json.loads(line) for line in self.said_at.read_text().splitlines()]

    def wait_for(self, event: str) -> None:
        """Wait until a line's event begins so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if any(str(line["event"]).startswith(event) for line in self.lines):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"{event!r} was not said:\n{self.said_at.read_text()}")


def manage(*arguments: str, other: Mapping[str, str]) -> tuple[int, str, str]:
    """Run manage.py in the other installation; return its status and what it said."""
    kept = {name: value for name, value in os.environ.items() if name not in ADVICE}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**kept, "RECOURSE_DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings", **other},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@contextmanager
def program(*arguments: str, at: Path, variables: Mapping[str, str]) -> Iterator[Program]:
    """Run a module of Python with these variables and none of the test run's, and end it."""
    at.mkdir(exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ADVICE and not name.startswith("DJANGO_")
    }
    env = {**kept, "RECOURSE_DATA": str(at), **PRODUCTION, **variables}
    said_at = at / "stderr"
    with said_at.open("wb") as said, (at / "stdout").open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=ROOT, env=env, stderr=said, stdout=printed
        )
        try:
            yield Program(process=process, said_at=said_at)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


@contextmanager
def web_server(*, at: Path, variables: Mapping[str, str]) -> Iterator[tuple[Program, str]]:
    """Run gunicorn as an installation does; yield it and its address."""
    address = f"127.0.0.1:{free_port()}"
    command = ("gunicorn", "--config", "python:config.gunicorn", "--bind", address)
    with program(*command, at=at, variables=variables) as running:
        running.wait_for("Booting worker")
        yield running, f"http://{address}"


def asked(address: str, **headers: str) -> tuple[int, str]:
    """Return status and body of an address; a header's underscores are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        answer = urllib.request.urlopen(
            urllib.request.Request(address, headers=named), timeout=PATIENCE_SECONDS
        )
        return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def database_for_others(at: Path) -> str:
    """Return the address of this test's database for other processes; in memory it is copied to a file.

    The test must not be in a transaction.
    """
    stated = connection.settings_dict
    if connection.vendor == "sqlite":
        path = at / "copy.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(path)])
        return f"sqlite:///{path}"
    login = stated["USER"] + (f":{stated['PASSWORD']}" if stated["PASSWORD"] else "")
    return f"postgres://{login}@{stated['HOST']}:{stated['PORT']}/{stated['NAME']}"
