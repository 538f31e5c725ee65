"""The programs of one installation under test: workers with a clock, a web server, and their ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from config.environment import ADVICE
from tests.chaos.nursery import Nursery
from tests.config.processes import PRODUCTION, ROOT, free_port

# Long enough for a machine with other work; what is waited for comes within a few seconds.
PATIENCE_SECONDS = 120
APPLICATION = "tests.chaos.shortened"


def environment(**variables: str) -> dict[str, str]:
    """Return the variables of a program in production, without those of the test run."""
    own = {name: value for name, value in os.environ.items() if name not in ADVICE}
    return {**own, **PRODUCTION, **variables}


class Program:
    """A process with everything that it starts, as one group."""

    def __init__(self, pid: int, *, said_at: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self.pid, self.said_at, self._process = pid, said_at, process

    @property
    def is_gone(self) -> bool:
        """Say whether the first process has ended."""
        if self._process is not None:
            return self._process.poll() is not None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    @property
    def said(self) -> str:
        """Return what it has said."""
        return self.said_at.read_text(errors="replace") if self.said_at.exists() else ""

    def ask_to_end(self) -> None:
        """Ask the first process to end, as an operating system does when it stops a service."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group without a word."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(PATIENCE_SECONDS)

    def ended(self) -> int:
        """Wait until it ends by itself; return its status."""
        assert self._process is not None
        return self._process.wait(PATIENCE_SECONDS)


class Installation:
    """Programs on one database, one broker and one mail server, at an instant of a test's choice."""

    def __init__(self, *, env: Mapping[str, str], nursery: Nursery | None, at: Path, now: str) -> None:
        self._env, self._nursery = dict(env), nursery
        self._at, self.passed_at = at, at / "passed"
        self._clock = {"CHAOS_PASSED": str(self.passed_at)}
        self.set_clock(now)
        self.web: Program | None = None
        self._workers: list[Program] = []
        self._others: list[Program] = []

    @property
    def database(self) -> str:
        """Return the address of the database."""
        return self._env["DATABASE_URL"]

    def set_clock(self, now: str) -> None:
        """Let it be an instant (UTC) for every program that is started from now on."""
        self._clock |= {"CHAOS_NOW": now, "CHAOS_SINCE": str(time.time())}

    def start_worker(self, *, crash: str = "", processes: int = 2) -> Program:
        """Start a worker of some processes, with a clock beside it."""
        assert self._nursery is not None
        name = f"worker-{len(self._workers) + len(self._others)}"
        arguments = ["--queues", "sweep,mail", "--concurrency", str(processes), "--hostname", f"{name}@%h"]
        arguments += ["--beat", "--schedule", str(self._at / f"{name}.beat")]
        said_at = self._at / f"{name}.log"
        variables = {**self._clock, "CHAOS_CRASH": crash}
        pid = self._nursery.start(
            "-A", APPLICATION, "worker", *arguments, variables=variables, said_at=said_at
        )
        worker = Program(pid, said_at=said_at)
        self._workers.append(worker)
        return worker

    def start_plain_worker(self, *, processes: int = 2) -> Program:
        """Start a worker by its own command, with the waits and holds that an installation has."""
        arguments = ["--queues", "sweep,mail", "--concurrency", str(processes), "--beat"]
        arguments += ["--schedule", str(self._at / "beat"), "--loglevel", "info"]
        return self._start("celery", "-A", "config", "worker", *arguments)

    def nudge(self) -> None:
        """Let a worker look for what is due, as a saved change does."""
        asked = self._start("celery", "-A", "config", "call", "sla.sweep")
        assert asked.ended() == 0, asked.said

    def start_web(self) -> str:
        """Start the web server; return its address."""
        address = f"127.0.0.1:{free_port()}"
        web = self._start("gunicorn", "--config", "python:config.gunicorn", "--bind", address, "config.wsgi")
        self.wait_for(lambda: "Booting worker" in web.said, what="the web server")
        self.web = web
        return f"http://{address}"

    def command(self, *arguments: str) -> Program:
        """Run a command to its end; return what it said and how it ended."""
        found = self._start("django", *arguments)
        found.ended()
        return found

    def run_due(self) -> None:
        """Do everything that is due in one process, without a broker."""
        once = self._start("django", "run_due", CELERY_BROKER_URL="")
        assert once.ended() == 0, once.said

    def _start(self, *arguments: str, **variables: str) -> Program:
        said_at = self._at / f"{arguments[0]}-{len(self._others)}.log"
        with said_at.open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env={**self._env, **self._clock, **variables},
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        found = Program(process.pid, said_at=said_at, process=process)
        self._others.append(found)
        return found

    def wait_for(self, condition: Callable[[], Any], *, what: str) -> None:
        """Wait until something holds; start again what was killed, as an operating system does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"Waited in vain for {what}.\n{self.said()}")
            self._revive()
            time.sleep(0.2)

    def _revive(self) -> None:
        for worker in [each for each in self._workers if each.is_gone]:
            self._workers.remove(worker)
            self._others.append(worker)
            self.start_worker()

    def said(self) -> str:
        """Return the last lines of every program."""
        logs = sorted(self._at.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    def everything_said(self) -> str:
        """Return all that every program has said."""
        return "\n".join(log.read_text(errors="replace") for log in sorted(self._at.glob("*.log")))

    def kill_all(self) -> None:
        """End every program without a word, as a power failure does."""
        for program in (*self._workers, *self._others):
            program.kill()
        self._workers.clear()


@contextmanager
def an_installation(**parts: Any) -> Iterator[Installation]:
    """Give an installation, and end whatever it started."""
    found = Installation(**parts)
    try:
        yield found
    finally:
        found.kill_all()
