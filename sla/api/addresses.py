"""Addresses of what was promised, achieved, owed, claimed and reported."""

from typing import Any

from sla.api.books import Closes, Entries, Policies, SharedCaps
from sla.api.claim_letters import Letters
from sla.api.claim_parts import Answers, Moves, Parts, Steps
from sla.api.claims import Claims
from sla.api.documents import Documents, Evaluate
from sla.api.facts import Conditions, Exclusions
from sla.api.lines import Credits, DraftLines, FrozenLines
from sla.api.links import Links, Releases, SentAnswers, Uses
from sla.api.looking_ahead import BroughtForwards, HeldCorrections, Outlooks, Patterns
from sla.api.receipts import Matches, Rates, Receipts
from sla.api.reports import Reports
from sla.api.revisions import Revisions
from sla.api.running import Messages, ReportSchedules, Runs, SentReports
from sla.api.statements import Statements
from sla.api.terms import Levels, Schedules, Versions
from sla.api.warnings import Warnings
from sla.api.webhooks import WarningRules, Webhooks

ROUTES: list[tuple[str, Any]] = [
    ("schedules", Schedules),
    ("terms", Versions),
    ("service-levels", Levels),
    ("exclusions", Exclusions),
    ("conditions", Conditions),
    ("brought-forward", BroughtForwards),
    ("documents", Documents),
    ("evaluate", Evaluate),
    ("statements", Statements),
    ("draft-lines", DraftLines),
    ("revisions", Revisions),
    ("statement-lines", FrozenLines),
    ("service-credits", Credits),
    ("outlooks", Outlooks),
    ("repeated-failures", Patterns),
    ("held-corrections", HeldCorrections),
    ("releases", Releases),
    ("statement-links", Links),
    ("link-uses", Uses),
    ("sent-answers", SentAnswers),
    ("claims", Claims),
    ("claim-parts", Parts),
    ("claim-moves", Moves),
    ("claim-letters", Letters),
    ("line-answers", Answers),
    ("dated-steps", Steps),
    ("credits-received", Receipts),
    ("matches", Matches),
    ("exchange-rates", Rates),
    ("register", Entries),
    ("posting-policies", Policies),
    ("closed-months", Closes),
    ("shared-caps", SharedCaps),
    ("reports", Reports),
    ("report-schedules", ReportSchedules),
    ("sent-reports", SentReports),
    ("messages", Messages),
    ("runs", Runs),
    ("warnings", Warnings),
    ("warning-rules", WarningRules),
    ("webhooks", Webhooks),
]
