"""A vendor reads one released statement through a link, and answers it line by line; no figure moves by that.

`making` links, and their end · `opening` who has the key · `evidence` files from outside · `saying` what an
answer needs · `drafting` it until its code · `confirming` makes it one · `settling` what we do with it ·
`words` the mails.
"""

from sla.services.links.confirming import confirm_answer
from sla.services.links.drafting import draft_answer, send_code
from sla.services.links.making import make_link, revoke_link
from sla.services.links.opening import note_view, open_link
from sla.services.links.settling import set_aside, take_answer

__all__ = [
    "confirm_answer",
    "draft_answer",
    "make_link",
    "note_view",
    "open_link",
    "revoke_link",
    "send_code",
    "set_aside",
    "take_answer",
]
