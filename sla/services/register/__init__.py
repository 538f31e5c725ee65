"""The credit register: the one truth of what vendors owe us, and what of it stands in the books.

`posting` which month · `recognition` which part is recognised, as plain figures · `entries` the rows ·
`moves` what a claim's moves mean · `closing` closed months.
"""

from sla.services.register.closing import close_months
from sla.services.register.entries import (
    enter,
    enter_credit,
    enter_reversal,
    enter_settled,
    locked,
    position_of,
    quantities_of,
    unit_of,
)
from sla.services.register.moves import enter_move, enter_transfer
from sla.services.register.posting import open_from, posting_month, recognition_of
from sla.services.register.recognition import Position

__all__ = [
    "Position",
    "close_months",
    "enter",
    "enter_credit",
    "enter_move",
    "enter_reversal",
    "enter_settled",
    "enter_transfer",
    "locked",
    "open_from",
    "position_of",
    "posting_month",
    "quantities_of",
    "recognition_of",
    "unit_of",
]
