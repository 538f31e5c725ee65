"""What finance pulls from the credit register: its roll-forward, its rows, its journal lines.

`roll_forward` opening to closing, month by month · `entries` row by row · `credit_register` rows and what
every claim comes to · `journal` balanced lines by account and cost centre · `allocation` to the cent.
"""

from sla.reports.register.credit_register import credit_register
from sla.reports.register.journal import journal_lines
from sla.reports.register.roll_forward import roll_forward

__all__ = ["credit_register", "journal_lines", "roll_forward"]
