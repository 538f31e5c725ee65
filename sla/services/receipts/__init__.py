"""What vendors really gave, and which claims it answers.

`recording` documents and exchange rates · `matching` documents to claims, in part or whole · `undoing`
a match · `waiting` what no claim has taken yet · `exchange` one currency in another · `set_off` whose
contracts let us deduct a credit ourselves.
"""

from sla.services.receipts.exchange import exchanged
from sla.services.receipts.matching import match_credit
from sla.services.receipts.recording import record_rate, record_receipt
from sla.services.receipts.set_off import may_set_off
from sla.services.receipts.undoing import unmatch_credit
from sla.services.receipts.waiting import Unmatched, left_of, unmatched

__all__ = [
    "Unmatched",
    "exchanged",
    "left_of",
    "match_credit",
    "may_set_off",
    "record_rate",
    "record_receipt",
    "unmatch_credit",
    "unmatched",
]
