"""HTML as plain text: what a reader sees, nothing that runs, and no time without end."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.feeds.html_text import DEEPEST, LONGEST_HTML, html_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("a < b & c", "a < b & c"),
        ("a &amp; b &lt;i&gt;", "a & b <i>"),
        ("<p>one</p><p>two<br/>three</p>", "one\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("a<!-- hidden -->b", "ab"),
        ("a&nbsp;&nbsp; b\u00a0c", "a b c"),
        ("a\x00b &#0; \ud800", "a b \ufffd"),
        ("<a href='javascript:x' onclick=y>link</a>", "link"),
    ],
)
def test_markup_becomes_what_a_reader_sees(markup: str, text: str) -> None:
    assert html_text(markup) == text


@pytest.mark.parametrize(
    "piece", ["<!--", "<![CDATA[", "<a b='", "<b ", "</p>", "<?", "<div>", "<table><td>", "&#"]
)
def test_hostile_markup_costs_little_time(piece: str) -> None:
    begun = time.monotonic()
    try:
        html_text((piece * LONGEST_HTML)[:LONGEST_HTML])
    except ValueError as error:
        assert str(DEEPEST) in str(error)  # noqa: PT017
    assert time.monotonic() - begun < 10


def test_markup_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match=f"more than {LONGEST_HTML}"):
        html_text("x" * (LONGEST_HTML + 1))


@given(
    st.text()
    | st.lists(st.sampled_from(("<p>", "</p>", "<", "&lt;", "&#55296;", "<b", "\x00", "x"))).map("".join)
)
def test_any_text_gives_text_that_can_be_stored(markup: str) -> None:
    text = html_text(markup)
    assert "\x00" not in text
    text.encode()
