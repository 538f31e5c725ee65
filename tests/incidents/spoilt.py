"""Files that were spoilt on the way: cut, flipped, wrongly encoded, or with odd values in them."""

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from incidents.feeds.events import incidents_of
from incidents.feeds.values import Feed, FeedError, FeedEvent

CAPTURES = Path(__file__).parent / "captures" / "events"
RECEIVED = datetime(2026, 11, 30, 10, tzinfo=UTC)
ODD = (
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1e308,
    "",
    " ",
    "\x00",
    "\ud800",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-03-29T02:30:00",
    "99999999999999999999",
    "=cmd|' /C calc'!A0",
    "a" * 100_000,
    [],
    {},
    [[[[[]]]]],
    {"\x00": "\ud800"},
    [None],
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in pairs:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def swapped(content: bytes, *, path: tuple[Any, ...], odd: Any) -> bytes:
    document = copy.deepcopy(json.loads(content))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = odd
    return json.dumps(document).encode()


def spoilt(content: bytes) -> st.SearchStrategy[bytes]:
    found = list(places(json.loads(content)))
    odd_values = st.builds(
        lambda path, odd: swapped(content, path=path, odd=odd), st.sampled_from(found), st.sampled_from(ODD)
    )
    cut = st.integers(0, len(content)).map(lambda size: content[:size])
    flipped = st.builds(
        lambda at, byte: content[:at] + bytes([byte]) + content[at + 1 :],
        st.integers(0, len(content) - 1),
        st.integers(0, 255),
    )
    encoded = st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "cp037"]).map(content.decode().encode)
    deep = st.sampled_from([50, 900, 985, 100_000]).map(lambda size: content[:-2] + b"[" * size + b"]" * size)
    return st.one_of(odd_values, odd_values, cut, flipped, encoded, deep)


def assert_sound(read: Callable[[bytes], Feed], content: bytes) -> None:
    """Nothing but FeedError escapes; what comes out can be stored, folded and shown."""
    try:
        feed = read(content)
    except FeedError as error:
        assert_plain(str(error))
        return
    assert_plain(feed)
    by_id: dict[str, list[FeedEvent]] = {}
    for event in feed.events:
        assert len(event.event_id) <= 200
        by_id.setdefault(event.external_id, []).append(event)
    for events in by_id.values():
        for incident in incidents_of(events):
            assert 1 <= len(incident.external_id) <= 120
            assert_plain(incident)


def assert_plain(value: Any) -> None:
    if isinstance(value, str):
        assert "\x00" not in value
        value.encode()
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_plain(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            assert_plain(part)
