"""Take what registers say into the rows of `vendors`: again and again, and never over what a person wrote.

`intake` is one import under way, `report` what came of it; `portfolio` stores our own workbook, `contracts`
the registers of contracts, `bills` what was really charged.
"""

from vendors.services.registers.intake import Entry, Intake
from vendors.services.registers.report import Change, Outcome, RegisterLine, RegisterReport

__all__ = ["Change", "Entry", "Intake", "Outcome", "RegisterLine", "RegisterReport"]
