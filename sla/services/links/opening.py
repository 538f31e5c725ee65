"""Who has the key of a link: found by its fingerprint, compared in constant time, and kept from floods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.crypto import constant_time_compare

from sla.models import StatementLink, StatementLinkView
from sla.services.links.making import digest_of
from vendors import callers

# In a minute, by one process. A reader who opens every page and file is far below it.
MOST_OF_A_LINK = 60
MOST_OF_AN_ADDRESS = 120
MOST_PDFS = 10
AROUND = (
    "release__revision__statement__agreement__contract__vendor",
    "release__revision__statement__agreement__contract__entity",
    "release__revision__statement__agreement__contract__account",
    "release__revision__finalised_by",
    "made_by",
)
LONGEST_AGENT = 200


def open_link(key: str, *, now: datetime) -> StatementLink | None:
    """Return the link whose key this is; None for an unknown, expired or withdrawn one alike."""
    digest = digest_of(key)
    link = StatementLink.objects.select_related(*AROUND).filter(digest=digest).first()
    if link is None or not constant_time_compare(link.digest, digest):
        return None
    return link if link.revoked_at is None and now < link.expires_at else None


def is_flood(name: str, *, most: int, now: datetime) -> bool:
    """Count a request of a name, and say whether these are too many in this minute.

    What is guessed here has 256 bits, and what must hold (codes, and tries of them) is counted in the
    database.
    """
    return callers.is_flood(f"statement-links/{name}", most=most, at=now)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who uses a link, as far as anybody can tell: an IP address, empty where unknown, and a browser."""

    address: str = ""
    agent: str = ""


def note_view(
    link: StatementLink, *, what: StatementLinkView.What, by: Visitor, now: datetime
) -> StatementLinkView:
    """Write down that a link was used, for what and from where."""
    return StatementLinkView.objects.create(
        link=link, what=what, at=now, address=by.address or None, agent=_plain(by.agent)
    )


def _plain(agent: str) -> str:
    return "".join(each for each in agent if each.isprintable())[:LONGEST_AGENT]
