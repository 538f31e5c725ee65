"""The acts on terms, statements, money and mails that need a second person; `TABLE` states all of them."""

from sla.services.seconded.claims import CLOSE, DROP, WRITE_OFF
from sla.services.seconded.exclusions import EXCLUSION, EXCLUSION_ROWS
from sla.services.seconded.mails import MAIL_ROWS, MAILS, WARNINGS
from sla.services.seconded.receipts import MATCH, RATE
from sla.services.seconded.statements import FINALISE
from sla.services.seconded.terms import SIGN_OFF
from sla.services.seconded.webhooks import WEBHOOK, WEBHOOK_ROWS
from vendors.services.approvals import Table

__all__ = ["TABLE"]

TABLE = Table(
    acts=(SIGN_OFF, FINALISE, DROP, WRITE_OFF, CLOSE, MATCH, RATE, EXCLUSION, MAILS, WARNINGS, WEBHOOK),
    rows=(*EXCLUSION_ROWS, *MAIL_ROWS, *WEBHOOK_ROWS),
)
