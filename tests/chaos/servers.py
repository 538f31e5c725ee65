"""PostgreSQL and Redis on free ports of this machine, to be stopped, killed and hung at will."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from psycopg import sql

from tests.config.processes import free_port

PATIENCE_SECONDS = 30
# PostgreSQL refuses to be run by root.
UNPRIVILEGED: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}


class Server:
    """A server that keeps its port and its files when it is started again."""

    def __init__(self, command: list[str], *, port: int, log: Path) -> None:
        self._command, self.port, self._log = command, port, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._log.parent, **UNPRIVILEGED
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self._command[0]} does not answer:\n{self._log.read_text()}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Say whether it takes a connection."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def signal(self, number: int) -> None:
        """Send a signal to the server."""
        assert self._process is not None
        self._process.send_signal(number)

    def restore(self) -> None:
        """Bring it back from wherever a test that failed left it."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        self.signal(signal.SIGCONT)

    def end(self, number: int) -> None:
        """End it by a signal, and wait until it is gone."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(number)
            self._process.wait(PATIENCE_SECONDS)


class Postgres(Server):
    """A PostgreSQL server with as many databases as there are tests."""

    def __init__(self, *, at: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        program = str(found[-1]) if found else shutil.which("postgres")
        if program is None:
            pytest.fail("There is no PostgreSQL server on this machine: install postgresql.")
        data = str(at / "postgres")
        port = free_port()
        make = [str(Path(program).parent / "initdb"), "-D", data, "-U", "recourse", "-A", "trust"]
        subprocess.run(
            [*make, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=at,
            **UNPRIVILEGED,
        )
        # What a killed process has written the operating system has: only its own end would need fsync.
        where = ["-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", data]
        super().__init__([program, *where, "-c", "fsync=off"], port=port, log=at / "postgres.log")

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgres://recourse@127.0.0.1:{self.port}/{name}"

    def answers(self) -> bool:
        """Say whether it takes a login; while it recovers it does not."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create(self, name: str, *, like: str = "template1") -> str:
        """Make a database, with everything that another one holds; return its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as line:
            words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            line.execute(words.format(sql.Identifier(name), sql.Identifier(like)))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it; nothing is done where it is not there."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as line:
            line.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


class Redis(Server):
    """A Redis server that keeps nothing: started again it is empty."""

    def __init__(self, *, at: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("There is no Redis server on this machine: install redis-server.")
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(at)]
        super().__init__(command, port=port, log=at / "redis.log")

    @property
    def url(self) -> str:
        """Return its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget everything."""
        with redis.Redis(port=self.port) as line:
            line.flushall()


@contextmanager
def servers() -> Iterator[tuple[Postgres, Redis]]:
    """Run a PostgreSQL and a Redis server of their own, and end them."""
    # Not below the directory of the test run: an unprivileged user may not look into that.
    at = Path(tempfile.mkdtemp(prefix="recourse-chaos-"))
    if UNPRIVILEGED:
        shutil.chown(at, **UNPRIVILEGED)
    postgres, broker = Postgres(at=at), Redis(at=at)
    try:
        postgres.start()
        broker.start()
        yield postgres, broker
    finally:
        broker.end(signal.SIGKILL)
        postgres.end(signal.SIGQUIT)
        shutil.rmtree(at, ignore_errors=True)
