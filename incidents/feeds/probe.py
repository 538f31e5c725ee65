"""What our own probes tell comes by itself: the format has a name and a clock, and no file."""

from incidents.feeds.values import Clock, Feed, FeedContext, FeedError, Format


def read_probe(content: bytes, context: FeedContext) -> Feed:
    """Refuse any file. Raises FeedError always."""
    raise FeedError("Probes are asked by this program itself; there is no file of theirs to import.")


FORMAT = Format(
    code="probe", label="Our own probes (our own indication)", read=read_probe, clock=Clock.US, hidden=True
)
