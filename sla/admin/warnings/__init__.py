"""Pages of warnings: the list, one with whom it was told to, and the rules by which they are raised."""

from sla.admin.warnings.lists import AlertAdmin
from sla.admin.warnings.rules import AlertPolicyAdmin

__all__ = ["AlertAdmin", "AlertPolicyAdmin"]
