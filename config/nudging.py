"""Telling the broker, from a thread of its own, that there is something to do: no request waits for it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

# Many changes in a moment are one word to the broker.
PAUSE_SECONDS = 1.0


class Nudger:
    """Calls `send` soon after `nudge`, once for all that were asked meanwhile; a failure is only noted.

    The thread begins with the first nudge, and anew in a forked process.
    """

    def __init__(self, send: Callable[[], None], *, pause: float = PAUSE_SECONDS) -> None:
        self._send, self._pause = send, pause
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Ask for a word to the broker; return at once."""
        self._wanted.set()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                self._send()
            except Exception as error:
                # The next sweep of the clock finds the same rows.
                logger.warning("the broker was not told: %s: %s", type(error).__name__, error)
            time.sleep(self._pause)
