"""A worker that connects anew where a confirmation was lost on the way to the broker.

Celery only notes such a loss and listens on. The message then counts as being worked on for as long as the
line lives, so that one process fewer is handed a message: after a few, a worker that lives and hears nothing
(celery issue 2415).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer

# Celery compares with this number everywhere; its types do not know it.
RUNNING: int = bootsteps.RUN  # type: ignore[attr-defined]


class Listener(Consumer):
    """Celery's own consumer, with one rule more."""

    task_consumer: Any
    blueprint: Any

    def call_soon_ack(self, p: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Confirm or give back a message soon, and notice where it did not come through."""
        above: Any = super()  # the types of Celery lack what it has had since 5.7
        return above.call_soon_ack(self._confirm, p, *args, **kwargs)

    def _confirm(self, confirm: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call a message's own method; raise ConnectionError where its line lost the word.

        Celery answers that error with a new line, on which the broker hands out again what was not confirmed.
        """
        confirm(*args, **kwargs)
        message: Any = getattr(confirm, "__self__", None)
        # A message of an earlier line cannot be confirmed any more, and hinders nothing.
        is_ours = self.task_consumer is not None and message.channel is self.task_consumer.channel
        if is_ours and not message.acknowledged and self.blueprint.state == RUNNING:
            raise ConnectionError("A confirmation did not reach the broker: connecting anew.")
