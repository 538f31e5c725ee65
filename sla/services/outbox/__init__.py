"""Messages: written in the transaction of what they tell, handed over once, never lost in silence.

`posting` writes one · `delivering` takes what waits and hands it over · `mail` and `chat` how · `stuck` what
a person does about one of which nobody knows whether it arrived · `sealing` secrets that only its reader
sees.
"""

from sla.services.outbox.posting import Attachment, post

__all__ = ["Attachment", "post"]
