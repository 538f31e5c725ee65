"""Links that vendors read a statement by, and what came through them, on the page of a revision.

`panel` what the revision's page shows · `making` a link, its uses, its end · `deciding` what becomes of an
answer · `pages` their addresses.
"""

from sla.admin.links.pages import LinkPages
from sla.admin.links.panel import links_context

__all__ = ["LinkPages", "links_context"]
