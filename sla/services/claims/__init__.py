"""Claims: what we ask a vendor for, from the first doubt to the last cent.

`opening` protective claims, and one for each credit · `stepping` one step, held and entered ·
`moves` what the vendor hears and answers · `ending` what is let go · `parts` parts of credits between
claims · `answers` line by line · `balances` what a claim comes to · `readings` of its deadline ·
`todos` dated steps of ours · `vendor_dates` the vendor's · `rows` how both follow the facts ·
`overlaps` downtime that is claimed twice · `desk` what to do next.

Whoever records a new credit calls `take_credit(credit, by=by, now=now)`: attached, entered in the
register, and taken off again where its claim was settled in full and final. Whoever refreshes a draft
calls `refresh_todos(statement, inputs=inputs, result=result, now=now)`.
"""

from sla.services.claims.answers import record_answer
from sla.services.claims.balances import Balance, OtherUnit, asked_minor, balance, held_parts, is_owed
from sla.services.claims.ending import close_claim, drop_claim, lapse_claim, write_off
from sla.services.claims.moves import (
    answer_claim,
    confirm_receipt,
    contest_claim,
    credit_claim,
    reopen_claim,
    submit_claim,
)
from sla.services.claims.opening import (
    attach_credit,
    open_claim,
    settle_attached,
    take_credit,
    unsettle_attached,
)
from sla.services.claims.overlaps import Overlap, claimed_twice
from sla.services.claims.parts import (
    agreed_now,
    newest_answer,
    settle_agreed_part,
    split_claim,
    spread_correction,
)
from sla.services.claims.readings import Reading, readings
from sla.services.claims.todos import finish_todo, refresh_todos
from sla.services.claims.vendor_dates import refresh_answers

__all__ = [
    "Balance",
    "OtherUnit",
    "Overlap",
    "Reading",
    "agreed_now",
    "answer_claim",
    "asked_minor",
    "attach_credit",
    "balance",
    "claimed_twice",
    "close_claim",
    "confirm_receipt",
    "contest_claim",
    "credit_claim",
    "drop_claim",
    "finish_todo",
    "held_parts",
    "is_owed",
    "lapse_claim",
    "newest_answer",
    "open_claim",
    "readings",
    "record_answer",
    "refresh_answers",
    "refresh_todos",
    "reopen_claim",
    "settle_agreed_part",
    "settle_attached",
    "split_claim",
    "spread_correction",
    "submit_claim",
    "take_credit",
    "unsettle_attached",
    "write_off",
]
