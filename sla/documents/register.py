"""Who, what and for how much: the entries of a document that the register keeps.

Field names are the document's keys, and those of the register's models.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sla.documents.hours import open_span, weekly_hours
from sla.engine.facts import ChargeKind, Every, MonthBy
from sla.engine.periods import SpecialDay


class VendorKind(StrEnum):
    """What a vendor mainly sells us."""

    DATA_CENTER = "data_center"
    CLOUD = "cloud"
    CARRIER = "carrier"
    MANAGED_SERVICE = "managed_service"
    SOFTWARE = "software"
    PAYMENTS = "payments"
    OTHER = "other"


class Criticality(StrEnum):
    """How much of our own business stops with a vendor."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class ContactRole(StrEnum):
    """What we write to a contact about."""

    ACCOUNT = "account"
    CLAIMS_DESK = "claims_desk"
    ESCALATION = "escalation"
    LEGAL_NOTICES = "legal_notices"


class Relation(StrEnum):
    """What a paper is, beside its parent."""

    MASTER = "master"
    ORDER = "order"
    SLA_EXHIBIT = "sla_exhibit"
    AMENDMENT = "amendment"
    ASSIGNMENT = "assignment"


class Renewal(StrEnum):
    """What happens when the term ends."""

    FIXED = "fixed"
    AUTOMATIC = "automatic"
    EVERGREEN = "evergreen"


@dataclass(frozen=True, kw_only=True)
class AccountEntry:
    """Our customer or billing number with the vendor."""

    number: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class ContactEntry:
    """A person or desk at the vendor."""

    name: str
    role: ContactRole = ContactRole.ACCOUNT
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class VendorEntry:
    """The company that promised. ``owner`` and ``deputies`` are our own people, by login."""

    slug: str
    name: str = ""  # empty: the slug
    legal_name: str = ""
    kind: VendorKind = VendorKind.OTHER
    criticality: Criticality = Criticality.NORMAL
    status_page_url: str = ""
    accounting_number: str = ""
    owner: str = ""
    deputies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    accounts: tuple[AccountEntry, ...] = ()
    contacts: tuple[ContactEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EntityEntry:
    """One of our own companies."""

    code: str
    name: str = ""  # empty: the code
    base_currency: str


@dataclass(frozen=True, kw_only=True)
class ContractEntry:
    """The signed paper. ``entity`` is the code of the company of ours that signed it."""

    reference: str
    name: str = ""  # empty: the reference
    currency: str
    zone: str
    effective_from: date
    effective_until: date | None = None  # exclusive
    entity: str = ""
    entities: tuple[str, ...] = ()
    account: str = ""
    parent: str = ""
    relation: Relation = Relation.MASTER
    precedence: int | None = None
    precedence_clause: str = ""
    signed_on: date | None = None
    renewal: Renewal = Renewal.FIXED
    renewal_months: int | None = None
    notice_days: int | None = None
    uplift_percent: Decimal | None = None
    live_from: date | None = None
    notes: str = ""

    def __post_init__(self) -> None:
        if self.effective_until is not None and self.effective_until <= self.effective_from:
            raise ValueError(
                f"effective_until is {self.effective_until}, not after effective_from "
                f"({self.effective_from}). Give the first day after the contract, or leave it out."
            )


@dataclass(frozen=True, kw_only=True)
class AliasEntry:
    """A name that a service goes by in a feed; an empty source is any feed."""

    name: str
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class ServiceEntry:
    """One thing that the contract delivers: the unit of measurement."""

    code: str
    name: str = ""  # empty: the code
    vendor_identifier: str = ""
    site: str = ""
    in_service_from: datetime | None = None  # None: from the start of the contract
    in_service_until: datetime | None = None  # None: until its end
    weight: Decimal = Decimal(1)
    aliases: tuple[AliasEntry, ...] = ()

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ValueError(f"weight is {self.weight}. It counts users or capacity: more than 0.")
        if self.in_service_from and self.in_service_until and self.in_service_until <= self.in_service_from:
            raise ValueError("in_service_until is not after in_service_from. Correct one of them.")


@dataclass(frozen=True, kw_only=True)
class CostShareEntry:
    """The part of a fee that one cost centre bears."""

    cost_centre: str
    percent: Decimal


@dataclass(frozen=True, kw_only=True)
class ChargeEntry:
    """A fee in major units of the contract's currency; it holds until its next row or the contract's end.

    A billed row is what an invoice really asked for ``period_from`` to ``period_until`` (exclusive).
    """

    code: str
    amount: Decimal
    service: str = ""  # empty: the whole contract
    kind: ChargeKind = ChargeKind.RECURRING
    every: Every | None = None  # None: once for one-time fees, else month
    month_by: MonthBy = MonthBy.TWELFTH
    effective_from: date | None = None  # None: the contract's first day
    period_from: date | None = None
    period_until: date | None = None
    invoice_number: str = ""
    included_in_base: bool = True
    account: str = ""
    purchase_order: str = ""
    cost_shares: tuple[CostShareEntry, ...] = ()

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(
                f"amount is {self.amount}. Write it without a sign; a discount has kind 'discount'."
            )
        billed = bool(self.period_from and self.period_until and self.invoice_number)
        if (self.kind is ChargeKind.BILLED) != billed:
            raise ValueError(
                "period_from, period_until and invoice_number belong to kind = 'billed', all three. "
                "Give them there, and nowhere else."
            )
        if self.period_from and self.period_until and self.period_until <= self.period_from:
            raise ValueError(
                f"period_until is {self.period_until}. Give the first day after the billed period."
            )


@dataclass(frozen=True, kw_only=True)
class ClosedDay:
    """A date on which nothing is open."""

    on: date
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class OpenDay:
    """A date that is open at other hours than its weekday, such as ``10:00-14:00``."""

    on: date
    hours: str
    name: str = ""

    def __post_init__(self) -> None:
        open_span(self.hours)


@dataclass(frozen=True, kw_only=True)
class CalendarEntry:
    """Agreed hours. Without weekly hours it is open around the clock, but for its closed days."""

    code: str
    name: str = ""  # empty: the code
    zone: str = ""  # empty: the contract's
    weekly: tuple[str, ...] = ()
    closed: tuple[ClosedDay, ...] = ()
    opened: tuple[OpenDay, ...] = ()

    def __post_init__(self) -> None:
        for hours in self.weekly:
            weekly_hours(hours)
        dates = [day.on for day in self.closed] + [day.on for day in self.opened]
        twice = next((on for on in dates if dates.count(on) > 1), None)
        if twice:
            raise ValueError(
                f"{twice} is listed twice. A date is either closed or open at one span of hours."
            )

    @property
    def special_days(self) -> tuple[SpecialDay, ...]:
        """Return its closed and specially open days, in order."""
        days = [SpecialDay(on=day.on, name=day.name) for day in self.closed]
        for day in self.opened:
            opens, closes = open_span(day.hours)
            days.append(SpecialDay(on=day.on, opens=opens, closes=closes, name=day.name))
        return tuple(sorted(days, key=_date_of))


def _date_of(day: SpecialDay) -> date:
    return day.on
