"""Which formats are offered: those in daily use, and the others where the settings switch them on."""

from django.conf import settings

from incidents.feeds.formats import FORMATS

# Its feeds are made by the probes themselves.
MADE_BY_PROBES = "probe"


def feed_choices(*, by_file: bool = False, also: str = "") -> list[tuple[str, str]]:
    """Return the code and the name of each format that is offered, by name.

    With `by_file` only of those that a person may bring as a file; `also` is the code of one that is offered
    whatever the settings say, since a feed has it already.
    """
    shown = frozenset(settings.FEED_FORMATS)
    offered = [
        each
        for each in FORMATS.values()
        if each.code == also
        or (each.code != MADE_BY_PROBES and (not each.hidden or {each.code, "all"} & shown))
    ]
    return sorted(
        ((each.code, each.label) for each in offered if each.by_file or not by_file),
        key=lambda choice: choice[1].casefold(),
    )
