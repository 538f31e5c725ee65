"""Admin pages of SLA schedules, statements, claims, reports and the facts that clauses ask for.

`schedules` the schedule and its versions · `statements` one period · `statement_list` all of them ·
`finalising` makes a record · `revisions` and `answers` what is finalised · `reports` pages and files ·
`levels` a service level's form · `parts` the other clauses · `starting` from a template ·
`facts` decisions and conditions · `panels` what vendors, contracts and incidents show of it ·
`releases` what a vendor may have · `report_schedules` and `sent_reports` what goes out by itself ·
`home` the worklist · `claims` the desk and each claim · `receipts` what came and what it answers ·
`register` and `books` what finance keeps · `running` what runs by itself, and the messages that leave ·
`warnings` what is about to go wrong, and the rules for it · `feeds` what contracts say of feeds and notices ·
`webhooks` other systems that are told · `people` users, who are told what others changed of their login.
"""

from sla.admin.books import PeriodCloseAdmin, PostingPolicyAdmin, SharedCapAdmin
from sla.admin.claims import ClaimAdmin
from sla.admin.facts import BroughtForwardAdmin, ConditionAdmin, ExclusionAdmin
from sla.admin.feeds import FeedPageAdmin, NoticePageAdmin
from sla.admin.home import dashboard
from sla.admin.panels import ContractPageAdmin, IncidentPageAdmin, VendorPageAdmin
from sla.admin.people import ToldUserAdmin
from sla.admin.receipts import CreditReceivedAdmin, ExchangeRateAdmin
from sla.admin.register import RegisterEntryAdmin
from sla.admin.report_schedules import ReportScheduleAdmin
from sla.admin.running import DutyAdmin, OutboxMessageAdmin
from sla.admin.schedules import ScheduleAdmin
from sla.admin.sent_reports import ComplianceReportAdmin
from sla.admin.statement_list import StatementAdmin
from sla.admin.warnings import AlertAdmin, AlertPolicyAdmin
from sla.admin.webhooks import WebhookTargetAdmin

__all__ = [
    "AlertAdmin",
    "AlertPolicyAdmin",
    "BroughtForwardAdmin",
    "ClaimAdmin",
    "ComplianceReportAdmin",
    "ConditionAdmin",
    "ContractPageAdmin",
    "CreditReceivedAdmin",
    "DutyAdmin",
    "ExchangeRateAdmin",
    "ExclusionAdmin",
    "FeedPageAdmin",
    "IncidentPageAdmin",
    "NoticePageAdmin",
    "OutboxMessageAdmin",
    "PeriodCloseAdmin",
    "PostingPolicyAdmin",
    "RegisterEntryAdmin",
    "ReportScheduleAdmin",
    "ScheduleAdmin",
    "SharedCapAdmin",
    "StatementAdmin",
    "ToldUserAdmin",
    "VendorPageAdmin",
    "WebhookTargetAdmin",
    "dashboard",
]
