"""A word after each commit that moved a figure, for whoever works on it: lost without harm, never waited for.

What is to be done stands in the database. A listener only makes it happen sooner, so it must return at once
and may not fail.
"""

import logging
from collections.abc import Callable

from django.db import transaction

logger = logging.getLogger(__name__)

_listeners: list[Callable[[], None]] = []


def listen(listener: Callable[[], None]) -> None:
    """Call a function after each commit of a change. Call this from an app's `ready`."""
    if listener not in _listeners:
        _listeners.append(listener)


def after_commit() -> None:
    """Tell every listener once this transaction is committed; at once outside of one."""
    if _listeners:
        transaction.on_commit(_tell, robust=True)


def _tell() -> None:
    for listener in _listeners:
        listener()
