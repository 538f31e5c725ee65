"""What was promised, as rows, and the facts that only a clause asks for."""

from sla.models.agreements import AgreementVersion, ReadingNote, ServiceLevelAgreement
from sla.models.credits import Cap, CreditRule, CreditTier
from sla.models.facts import BroughtForward, Condition, Exclusion
from sla.models.rows import TermRow, ValueRow, columns_of
from sla.models.rules import ChronicRule, ClaimRule, ClaimStep, EarnBack, ExclusionRule
from sla.models.targets import ServiceLevelTarget, TargetService

__all__ = [
    "AgreementVersion",
    "BroughtForward",
    "Cap",
    "ChronicRule",
    "ClaimRule",
    "ClaimStep",
    "Condition",
    "CreditRule",
    "CreditTier",
    "EarnBack",
    "Exclusion",
    "ExclusionRule",
    "ReadingNote",
    "ServiceLevelAgreement",
    "ServiceLevelTarget",
    "TargetService",
    "TermRow",
    "ValueRow",
    "columns_of",
]
