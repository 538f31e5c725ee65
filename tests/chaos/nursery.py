"""Workers that start at once: one process has loaded the product, and each worker is forked from it.

Only what a scenario is about differs from worker to worker: its arguments and the `CHAOS_` variables. From
the fork on it runs the command line of Celery as ever, in a group of its own. Run as a program it reads one
order a line on its standard input, and answers each with the number of the process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.config.processes import ROOT


class Nursery:
    """The process that workers are forked from."""

    def __init__(self, *, env: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.nursery"],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def start(self, *arguments: str, variables: Mapping[str, str], said_at: Path) -> int:
        """Let a process run `celery` with these arguments; return its number."""
        order = {"arguments": arguments, "variables": dict(variables), "said_at": str(said_at)}
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, f"the product could not be loaded:\n{self._log.read_text()}"
        return int(answer)

    def end(self) -> None:
        """End it; its children are ended by who asked for them."""
        self._process.kill()
        self._process.wait()


def serve() -> None:
    """Fork a worker for each order, until nobody orders any more."""
    from tests.chaos import shortened

    assert shortened.app.tasks  # loads every task
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is gone at once
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _work(order["arguments"], variables=order["variables"], said_at=order["said_at"])
        print(pid, flush=True)


def _work(arguments: Sequence[str], *, variables: Mapping[str, str], said_at: str) -> None:
    """Become a worker; never return."""
    from celery.bin.celery import main

    from tests.chaos import crashing

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(variables)
    said = os.open(said_at, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, said, said)):
        os.dup2(source, target)
    crashing.arm()
    sys.argv = ["celery", *arguments]
    status = 1
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve()
