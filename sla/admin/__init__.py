"""Admin pages of SLA schedules, statements and the facts that clauses ask for.

`schedules` the schedule and its versions · `statements` one period · `levels` a service level's form ·
`parts` the other clauses · `starting` from a template · `facts` decisions and conditions ·
`panels` what contracts and incidents show of it · `home` the worklist.
"""

from sla.admin.facts import BroughtForwardAdmin, ConditionAdmin, ExclusionAdmin
from sla.admin.home import dashboard
from sla.admin.panels import ContractPageAdmin, IncidentPageAdmin
from sla.admin.schedules import ScheduleAdmin

__all__ = [
    "BroughtForwardAdmin",
    "ConditionAdmin",
    "ContractPageAdmin",
    "ExclusionAdmin",
    "IncidentPageAdmin",
    "ScheduleAdmin",
    "dashboard",
]
