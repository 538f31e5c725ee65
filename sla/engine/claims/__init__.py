"""What follows from a credit over time: claim deadlines, chronic patterns, earn-back.

`anchors` the instants that limits count from · `deadlines` the dates they set · `timeline` which
windows a look back sees · `patterns` and `chronic` counters · `earnback` what goes back to the vendor.
"""

from sla.engine.claims.chronic import chronic_counters
from sla.engine.claims.deadlines import answers_due, claim_terms, due_at
from sla.engine.claims.earnback import earned_back, offset_balances, with_balances

__all__ = [
    "answers_due",
    "chronic_counters",
    "claim_terms",
    "due_at",
    "earned_back",
    "offset_balances",
    "with_balances",
]
