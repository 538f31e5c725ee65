"""Admin pages of what runs by itself: scheduled runs, and the messages that leave."""

from sla.admin.running.outbox import OutboxMessageAdmin
from sla.admin.running.runs import DutyAdmin

__all__ = ["DutyAdmin", "OutboxMessageAdmin"]
