"""Admin pages of feeds.

`source` a feed and what its words mean · `wizard` a file is chosen · `columns` those of a table are named ·
`upload` one import · `inbox` what waits for a person · `pushing` what senders send · `probes` what we ask
ourselves.
"""

from incidents.admin.feeds.probes import ProbeAdmin
from incidents.admin.feeds.source import FeedSourceAdmin
from incidents.admin.feeds.upload import FeedUploadAdmin

__all__ = ["FeedSourceAdmin", "FeedUploadAdmin", "ProbeAdmin"]
