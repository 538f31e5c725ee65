"""A contract as a document: everything that one file holds, as it was read, nothing computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sla.documents.expectations import Expectation
from sla.documents.happenings import (
    ConditionEntry,
    DeliveryEntry,
    ExclusionEntry,
    FigureEntry,
    HistoryEntry,
    IncidentEntry,
    MaintenanceEntry,
    SampleEntry,
    WatchEntry,
)
from sla.documents.register import (
    CalendarEntry,
    ChargeEntry,
    ContractEntry,
    EntityEntry,
    ServiceEntry,
    VendorEntry,
)
from sla.engine.money import Money
from sla.engine.periods import PeriodKind, PeriodRule
from sla.engine.terms.versions import Schedule, Terms

STATEMENT_KINDS = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)


@dataclass(frozen=True, kw_only=True)
class RoomEntry:
    """What is left of a cap that spans several SLA schedules."""

    cap: str
    room: Money


@dataclass(frozen=True, kw_only=True)
class AgreementEntry:
    """An SLA schedule with its dated versions, oldest first."""

    code: str
    name: str = ""  # empty: the code
    zone: str = ""  # empty: the contract's
    currency: str = ""  # empty: the contract's
    period: PeriodRule = field(default_factory=PeriodRule)
    billing_day: int = 1
    closes_from: date | None = None
    settling_days: int = 5
    closes_itself: bool = True
    versions: tuple[Terms, ...]

    def __post_init__(self) -> None:
        if self.period.kind not in STATEMENT_KINDS:
            allowed = ", ".join(kind.value for kind in STATEMENT_KINDS)
            raise ValueError(
                f"period.kind is {self.period.kind.value!r}. Statements are made for one of: {allowed}. "
                f"Give the service level itself a window of that kind."
            )
        if not 1 <= self.billing_day <= 28:
            raise ValueError(f"billing_day is {self.billing_day}. Every month must have it: use 1 to 28.")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file: a vendor, a contract, its SLA schedules, and what happened under it."""

    format: int = 1
    note: str = ""
    source: str = ""
    licence: str = ""
    illustrative: str = ""
    vendor: VendorEntry
    entities: tuple[EntityEntry, ...] = ()
    contract: ContractEntry
    calendars: tuple[CalendarEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    charges: tuple[ChargeEntry, ...] = ()
    agreements: tuple[AgreementEntry, ...] = ()
    incidents: tuple[IncidentEntry, ...] = ()
    maintenance: tuple[MaintenanceEntry, ...] = ()
    samples: tuple[SampleEntry, ...] = ()
    figures: tuple[FigureEntry, ...] = ()
    deliveries: tuple[DeliveryEntry, ...] = ()
    conditions: tuple[ConditionEntry, ...] = ()
    exclusions: tuple[ExclusionEntry, ...] = ()
    watches: tuple[WatchEntry, ...] = ()
    rooms: tuple[RoomEntry, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    expect: tuple[Expectation, ...] = ()

    def agreement(self, code: str = "") -> AgreementEntry:
        """Return an SLA schedule by its code; without a code the only one."""
        found = [entry for entry in self.agreements if entry.code == code or not code]
        if len(found) == 1:
            return found[0]
        codes = ", ".join(entry.code for entry in self.agreements) or "none"
        if not code:
            raise ValueError(f"The document has {len(found)} SLA schedules ({codes}). Name one.")
        raise ValueError(f"The document has no SLA schedule {code!r}. It has: {codes}.")

    def schedule(self, code: str = "") -> Schedule:
        """Return the identity of an SLA schedule as the engine takes it."""
        entry = self.agreement(code)
        return Schedule(
            contract=self.contract.reference,
            code=entry.code,
            name=entry.name or entry.code,
            currency=entry.currency or self.contract.currency,
            zone=entry.zone or self.contract.zone,
            period=entry.period,
            billing_day=entry.billing_day,
        )
