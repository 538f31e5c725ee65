"""Reads for forms, lists and imports.

`incidents` the register · `inbox` what feeds leave to a person · `formats` what can be read.
"""

from incidents.selectors.formats import feed_choices
from incidents.selectors.inbox import Inbox, Proposal, Twin, attributions, inbox_of, twins, twins_of
from incidents.selectors.incidents import (
    clock_of,
    contested_incident_ids,
    contested_positions,
    joined_as,
    joined_from,
    listed_incidents,
    next_reference,
    services_by_feed_name,
    standing_positions,
)

__all__ = [
    "Inbox",
    "Proposal",
    "Twin",
    "attributions",
    "clock_of",
    "contested_incident_ids",
    "contested_positions",
    "feed_choices",
    "inbox_of",
    "joined_as",
    "joined_from",
    "listed_incidents",
    "next_reference",
    "services_by_feed_name",
    "standing_positions",
    "twins",
    "twins_of",
]
