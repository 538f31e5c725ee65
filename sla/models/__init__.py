"""What was promised, what only a clause asks for, and what became of it: statements, claims, the register."""

from sla.models.agreements import AgreementVersion, ReadingNote, ServiceLevelAgreement
from sla.models.alerts import Alert, AlertNotice, AlertPolicy
from sla.models.claims import (
    Claim,
    ClaimLetter,
    ClaimMove,
    ClaimPart,
    ClaimToDo,
    LineAnswer,
    ServiceCredit,
)
from sla.models.credits import Cap, CreditRule, CreditTier
from sla.models.duties import Duty, Heartbeat, RequestNotice
from sla.models.facts import BroughtForward, Condition, Exclusion
from sla.models.lines import LineFigures
from sla.models.links import (
    AnswerDecision,
    AnswerDraft,
    AnswerDraftFile,
    StatementLink,
    StatementLinkView,
    VendorAnswer,
    VendorAnswerLine,
)
from sla.models.mailings import ComplianceReport, Release, ReportSchedule, ToldFigure
from sla.models.outbox import OutboxAct, OutboxFile, OutboxMessage
from sla.models.outlook import Outlook, PatternCount
from sla.models.receipts import CreditMatch, CreditReceived, ExchangeRate
from sla.models.register import PeriodClose, PostingPolicy, RegisterEntry, SharedCap
from sla.models.rows import TermRow, ValueRow, columns_of
from sla.models.rules import ChronicRule, ClaimRule, ClaimStep, EarnBack, ExclusionRule
from sla.models.statements import (
    DraftLine,
    Figures,
    HeldCorrection,
    Statement,
    StatementLine,
    StatementRevision,
)
from sla.models.targets import ServiceLevelTarget, TargetService
from sla.models.webhooks import Event, WebhookState, WebhookTarget

__all__ = [
    "AgreementVersion",
    "Alert",
    "AlertNotice",
    "AlertPolicy",
    "AnswerDecision",
    "AnswerDraft",
    "AnswerDraftFile",
    "BroughtForward",
    "Cap",
    "ChronicRule",
    "Claim",
    "ClaimLetter",
    "ClaimMove",
    "ClaimPart",
    "ClaimRule",
    "ClaimStep",
    "ClaimToDo",
    "ComplianceReport",
    "Condition",
    "CreditMatch",
    "CreditReceived",
    "CreditRule",
    "CreditTier",
    "DraftLine",
    "Duty",
    "EarnBack",
    "Event",
    "ExchangeRate",
    "Exclusion",
    "ExclusionRule",
    "Figures",
    "Heartbeat",
    "HeldCorrection",
    "LineAnswer",
    "LineFigures",
    "OutboxAct",
    "OutboxFile",
    "OutboxMessage",
    "Outlook",
    "PatternCount",
    "PeriodClose",
    "PostingPolicy",
    "ReadingNote",
    "RegisterEntry",
    "Release",
    "ReportSchedule",
    "RequestNotice",
    "ServiceCredit",
    "ServiceLevelAgreement",
    "ServiceLevelTarget",
    "SharedCap",
    "Statement",
    "StatementLine",
    "StatementLink",
    "StatementLinkView",
    "StatementRevision",
    "TargetService",
    "TermRow",
    "ToldFigure",
    "ValueRow",
    "VendorAnswer",
    "VendorAnswerLine",
    "WebhookState",
    "WebhookTarget",
    "columns_of",
]
