"""Other systems hear of what happens here: written with the fact, signed and sent by the outbox.

`addresses` where to · `payloads` what is told, by natural keys · `announcing` to whom, in the transaction of
the fact · `warnings` what is about to be · `signing` the secrets and the signature · `sending` one message
over HTTPS · `keeping` targets, their secrets, a test.
"""

from sla.services.webhooks.announcing import announce_move, announce_revision

__all__ = ["announce_move", "announce_revision"]
