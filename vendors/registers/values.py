"""What every register of contracts says, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from vendors.files.errors import FileProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterContract:
    """One contract as a register tells of it; what it does not say is empty or None.

    `number` and `vendor` are in the register's own spelling. `until` is the first day after the term; None
    with `evergreen` where the register says that there is no end. `where` is its place in the file.
    """

    number: str
    vendor: str = ""
    title: str = ""
    amount: Decimal | None = None
    currency: str = ""
    first_day: date | None = None
    until: date | None = None
    evergreen: bool = False
    signed_on: date | None = None
    entity: str = ""
    where: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRegister:
    """The contracts of a file, what could not be used, and which column was taken for what."""

    contracts: tuple[RegisterContract, ...]
    problems: tuple[FileProblem, ...] = ()
    records: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
