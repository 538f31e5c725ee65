"""The register: who, what, and for how much."""

from vendors.models.access import READ, SCOPES, SUBJECTS, WRITE, ApiToken, KeptAnswer, subject_of
from vendors.models.approvals import Approval, ApprovalQuerySet
from vendors.models.calendars import DAY_MINUTES, BusinessCalendar, CalendarDay, WeeklyHours, clock_text
from vendors.models.changes import FactChange
from vendors.models.contracts import CODE, Contract
from vendors.models.fees import Charge, CostShare
from vendors.models.money import EXPONENTS, exponent, major_units, minor_units, money_text, validate_currency
from vendors.models.parties import Account, Contact, LegalEntity, Tag, Vendor
from vendors.models.registers import RegisterRecord, RegisterUpload
from vendors.models.services import Service, ServiceAlias, ServiceNeed
from vendors.models.tracked import (
    ALL_TIME,
    AccountableRecords,
    Reader,
    RegisterManager,
    RegisterQuerySet,
    Span,
    Tracked,
    UnexplainedChangeError,
    sees_all_vendors,
)
from vendors.models.zones import midnight, validate_zone, zone_of

__all__ = [
    "ALL_TIME",
    "CODE",
    "DAY_MINUTES",
    "EXPONENTS",
    "READ",
    "SCOPES",
    "SUBJECTS",
    "WRITE",
    "Account",
    "AccountableRecords",
    "ApiToken",
    "Approval",
    "ApprovalQuerySet",
    "BusinessCalendar",
    "CalendarDay",
    "Charge",
    "Contact",
    "Contract",
    "CostShare",
    "FactChange",
    "KeptAnswer",
    "LegalEntity",
    "Reader",
    "RegisterManager",
    "RegisterQuerySet",
    "RegisterRecord",
    "RegisterUpload",
    "Service",
    "ServiceAlias",
    "ServiceNeed",
    "Span",
    "Tag",
    "Tracked",
    "UnexplainedChangeError",
    "Vendor",
    "WeeklyHours",
    "clock_text",
    "exponent",
    "major_units",
    "midnight",
    "minor_units",
    "money_text",
    "sees_all_vendors",
    "subject_of",
    "validate_currency",
    "validate_zone",
    "zone_of",
]
