"""Captures as a broken line, a hostile sender or a bad copy would hand them over."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from incidents.feeds.values import Feed, FeedError

ODD = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"9" * 400,
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"0001-01-01T00:00:00Z",
    b"9999-12-31T23:59:59-14:00",
    b"Feb 30, 25:61 XYZ",
    b"Dec 31, 23:59 UTC",
    b"Posted Jan 01, 0001 - 00:00 PST",
    b"2:30 AM PT",
    b"between 23:59 and 00:01 UTC+14",
    b"<small>",
    b"</small>",
    b"&#0;",
    b"&lt;!--",
    b"<!DOCTYPE a>",
    b"=cmd|' /C calc'!A0",
)


@st.composite
def mutated(draw: st.DrawFn, captures: tuple[bytes, ...]) -> bytes:
    """Return a capture with a few of its parts cut, moved, repeated, flipped or swapped for odd ones."""
    content = draw(st.sampled_from(captures))
    for _ in range(draw(st.integers(1, 4))):
        first, second = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        second = min(second, first + draw(st.sampled_from((1, 8, 60, 4000))))
        part = content[first:second]
        content = draw(
            st.sampled_from(
                (
                    content[:second],
                    content[:first] + content[second:],
                    content[:first] + part + part + content[second:],
                    content[:first] + content[second:] + part,
                    content[:first] + bytes(255 - letter for letter in part[:2]) + content[second:],
                    content[:first] + draw(st.sampled_from(ODD)) + content[second:],
                    content.replace(part, draw(st.sampled_from(ODD)), 3) if len(part) > 3 else content,
                )
            )
        )
    return draw(
        st.sampled_from((content, content, content, content.decode("utf-8", "ignore").encode("utf-16")))
    )


def assert_only_sound_values(read: Callable[[bytes], Feed], *, content: bytes) -> None:
    """Read what may be refused with a FeedError alone, and whose times and texts can all be stored."""
    try:
        feed = read(content)
    except FeedError:
        return
    for value in _leaves(feed):
        if isinstance(value, datetime):
            assert value.utcoffset() == timedelta(0)
            assert 1989 <= value.year <= 2201
        elif isinstance(value, str):
            assert "\x00" not in value
            value.encode()
    for said in feed.incidents:
        assert said.external_id
        assert said.title
        assert all(window.start < window.end for window in said.windows)
    assert all(work.starts_at <= work.ends_at for work in feed.maintenances)


def _leaves(value: Any) -> Iterator[Any]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value
