"""Addresses of what happened."""

from typing import Any

from incidents.api.brought import Fetching, ProbeDays, SenderMessages
from incidents.api.feeds import FeedRecords, Feeds, NameRules, Probes, Watches, WordRules
from incidents.api.inbox import Letters, Proposals, UnmatchedNames, Uploads
from incidents.api.incidents import Incidents
from incidents.api.maintenance import Windows
from incidents.api.measurements import Deliveries, Figures, Samples
from incidents.api.outages import Impacts, Outages
from incidents.api.timeline import ClockStops, Milestones, Positions

ROUTES: list[tuple[str, Any]] = [
    ("incidents", Incidents),
    ("outages", Outages),
    ("impacts", Impacts),
    ("milestones", Milestones),
    ("positions", Positions),
    ("clock-stops", ClockStops),
    ("maintenance", Windows),
    ("samples", Samples),
    ("reported-figures", Figures),
    ("deliveries", Deliveries),
    ("feeds", Feeds),
    ("feed-names", NameRules),
    ("feed-words", WordRules),
    ("feed-records", FeedRecords),
    ("feed-uploads", Uploads),
    ("feed-unmatched-names", UnmatchedNames),
    ("feed-proposals", Proposals),
    ("feed-letters", Letters),
    ("feed-fetching", Fetching),
    ("feed-messages", SenderMessages),
    ("watches", Watches),
    ("probes", Probes),
    ("probe-days", ProbeDays),
]
