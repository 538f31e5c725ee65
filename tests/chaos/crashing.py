"""Where a process kills itself: at a named point of its work, at the nth passing of all processes together.

`CHAOS_CRASH` is such as `before-commit:7:worker`; the count of passings stands in the file `CHAOS_PASSED`.
`child` is one process of a worker and `worker` all of them, both by SIGKILL, so that nothing is tidied up;
`pause` is one process by SIGSTOP: slow beyond measure, and then it goes on; `lose` breaks its line to Redis.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from kombu.transport.redis import QoS

from sla.services.duties import holding, running
from sla.services.outbox import delivering
from sla.services.statements import heads

Function = Callable[..., Any]


def arm() -> None:
    """Lay the crash that the environment asks for, if any."""
    wanted = os.environ.get("CHAOS_CRASH")
    if wanted:
        point, nth, whom = wanted.split(":")
        POINTS[point](Crash(nth=int(nth), whom=whom))


class Crash:
    """Ends this process, or all of its worker, at the nth passing."""

    def __init__(self, *, nth: int, whom: str) -> None:
        self._nth, self._whom = nth, whom
        self._passed = Path(os.environ["CHAOS_PASSED"])

    def passing(self) -> None:
        """Count a passing, with the process that passed, and do not return from the nth."""
        with self._passed.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            passed = len(file.readlines()) + 1
            file.write(f"{os.getpid()}\n")
        if passed == self._nth:
            self._end()

    def _end(self) -> None:
        if self._whom == "lose":
            raise ConnectionError("Connection reset by peer")
        if self._whom == "worker":
            os.killpg(0, signal.SIGKILL)  # a worker and its processes are one group
        os.kill(os.getpid(), signal.SIGSTOP if self._whom == "pause" else signal.SIGKILL)

    def before(self, function: Function) -> Function:
        """Pass the point whenever a function is called."""

        @wraps(function)
        def wrapped(*args: Any, **named: Any) -> Any:
            self.passing()
            return function(*args, **named)

        return wrapped

    def after(self, function: Function, *, where: Callable[[Any], bool] = bool) -> Function:
        """Pass the point whenever a function has returned something that counts."""

        @wraps(function)
        def wrapped(*args: Any, **named: Any) -> Any:
            found = function(*args, **named)
            if where(found):
                self.passing()
            return found

        return wrapped


def _anything(_: Any) -> bool:
    return True


def _after_claim(crash: Crash) -> None:
    holding.claim = crash.after(holding.claim)


def _mid_evaluation(crash: Crash) -> None:
    heads.draft_of = crash.after(heads.draft_of)


def _before_commit(crash: Crash) -> None:
    # Everything is written, the run marked as done, and nothing committed.
    holding.Held._settle = crash.after(holding.Held._settle, where=_anything)


def _after_commit(crash: Crash) -> None:
    # The run is done; the message that asked for it is not confirmed.
    running.run = crash.after(running.run, where=_anything)


def _after_sending(crash: Crash) -> None:
    # The mail server has it; the row does not say so.
    delivering.WAYS = {channel: crash.after(way, where=_anything) for channel, way in delivering.WAYS.items()}


def _confirming(crash: Crash) -> None:
    QoS.ack = crash.before(QoS.ack)


POINTS: Mapping[str, Callable[[Crash], None]] = {
    "after-claim": _after_claim,
    "mid-evaluation": _mid_evaluation,
    "before-commit": _before_commit,
    "after-commit": _after_commit,
    "after-sending": _after_sending,
    "confirming": _confirming,
}
