"""The rule of two persons: acts that somebody asks for and another one approves.

`registry` the acts, as each app states them · `checking` the check that services call · `rows` the same for
records of which some fields are guarded · `asking` and `deciding` a request's life · `waiting` what is open.
"""

from vendors.services.approvals.asking import ask, done_or_asked
from vendors.services.approvals.checking import (
    SecondPersonNeeded,
    check_second,
    names_of,
    needs_second,
    others_with,
    with_second,
)
from vendors.services.approvals.deciding import approve, refuse, why_not, withdraw
from vendors.services.approvals.registry import (
    Act,
    GuardedRow,
    Place,
    Ran,
    Table,
    act_of,
    acts,
    declare,
    guarded,
    guarded_rows,
    place_of,
)
from vendors.services.approvals.waiting import (
    asked_and_waiting,
    may_read,
    readable,
    to_decide,
    waiting_about,
    who_could,
    who_could_decide,
)

__all__ = [
    "Act",
    "GuardedRow",
    "Place",
    "Ran",
    "SecondPersonNeeded",
    "Table",
    "act_of",
    "acts",
    "approve",
    "ask",
    "asked_and_waiting",
    "check_second",
    "declare",
    "done_or_asked",
    "guarded",
    "guarded_rows",
    "may_read",
    "names_of",
    "needs_second",
    "others_with",
    "place_of",
    "readable",
    "refuse",
    "to_decide",
    "waiting_about",
    "who_could",
    "who_could_decide",
    "why_not",
    "with_second",
    "withdraw",
]
