"""A claim letter as plain data: the mail, the PDF and the text for a portal say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sla.reports.editions.parties import Parties


@dataclass(frozen=True, kw_only=True)
class LetterLine:
    """One credit that is asked for."""

    statement: str  # number and revision
    line: str
    name: str
    services: str  # with the vendor's own identifiers
    window: str
    target: str
    achieved: str
    clause: str
    amount: str  # before tax


@dataclass(frozen=True, kw_only=True)
class LetterIncident:
    """What happened to which services; moments in the contract's zone, and in UTC."""

    reference: str
    ticket: str  # the vendor's number
    services: str
    starts: str
    starts_utc: str
    ends: str
    ends_utc: str
    told: str  # length, or by how much it was late


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What one claim asks for, as it would be sent on a day."""

    template: str
    subject: str
    on: date
    zone: str
    parties: Parties
    account: str
    recipient: str
    claim: str
    vendor_reference: str
    is_protective: bool
    lines: tuple[LetterLine, ...]
    totals: tuple[str, ...]
    incidents: tuple[LetterIncident, ...]
    demands: tuple[tuple[str, str], ...]  # what the clause wants to be in it, and where it is
    missing: tuple[str, ...]  # what it wants and we do not have: a person adds it
    deadline: str
    remedy: str
    reply: str
    warnings: tuple[str, ...]
