"""Where facts are sent to by webhooks, with a second person; to stop sending takes one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sla.models import WebhookTarget
from sla.services.webhooks.keeping import save_target
from vendors.services.approvals import Act, GuardedRow, Ran
from vendors.services.approvals.saving import row_state, save_row

# What says where it is sent, and of what.
REACH = frozenset({"url", "events", "entity", "vendor"})
# Made anew when it is approved, so that no request holds one.
SECRETS = frozenset({"seed", "earlier_seed"})


def _sends_more(row: WebhookTarget | None, *, old: WebhookTarget | None, changed: Collection[str]) -> bool:
    """Say whether something would be sent that was not, or elsewhere."""
    if row is None:
        return False
    return old is None or bool(REACH & set(changed)) or ("is_active" in changed and row.is_active)


def _save(row: WebhookTarget, *, fields: Mapping[str, Any], **asked: Any) -> Ran:
    if not row._state.adding:
        return save_row(row, fields=fields, save=save_target, **asked)
    # A new one that says nothing of events hears of all: whoever approves it reads that.
    ran = save_row(row, fields={"events": row.events, **fields}, save=save_target, **asked)
    return Ran(effect=f"{ran.effect}\nSecret: not shown yet; “Make a new secret” on its page shows one")


WEBHOOK = Act(
    code="webhook",
    label="Change where facts are sent",
    permission="sla.change_webhooktarget",
    run=_save,
    state=row_state,
)
WEBHOOK_ROWS = (
    GuardedRow(model="sla.WebhookTarget", act=WEBHOOK.code, concerns=_sends_more, unasked=SECRETS),
)
