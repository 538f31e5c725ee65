"""Which formats are offered: those in daily use, and the others where the settings switch them on."""

from django.conf import settings

from incidents.feeds.formats import FORMATS


def feed_choices() -> list[tuple[str, str]]:
    """Return the code and the name of each format that is offered, by name."""
    shown = frozenset(settings.FEED_FORMATS)
    offered = [each for each in FORMATS.values() if not each.hidden or {each.code, "all"} & shown]
    return sorted(((each.code, each.label) for each in offered), key=lambda choice: choice[1].casefold())
