"""HTML of others as plain text: no markup is kept, and none is ever shown as markup."""

import html
import re

import nh3

LONGEST_HTML = 300_000
# What begins a new line where a browser shows it.
BLOCKS = frozenset(("br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"))
_BLOCK = re.compile(rf"<(?:{'|'.join(sorted(BLOCKS))})>")
# More than any page nests; parsing takes the square of the depth.
DEEPEST = 400
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "wbr", "p", "li", "td", "tr"))
_ANY_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")


def html_text(markup: str) -> str:
    """Return what a reader sees of some HTML, with its line breaks; scripts and styles give nothing.

    Raises:
        ValueError: longer than LONGEST_HTML letters, or nested deeper than DEEPEST.

    """
    return text_of_clean(clean_html(markup, tags=BLOCKS))


def clean_html(markup: str, *, tags: frozenset[str]) -> str:
    """Return HTML with these tags alone, none with attributes, every other `<` and `&` written out.

    Raises:
        ValueError: longer than LONGEST_HTML letters, or nested deeper than DEEPEST.

    """
    if len(markup) > LONGEST_HTML:
        raise ValueError(f"the HTML has {len(markup)} letters, more than {LONGEST_HTML}")
    if _depth(markup) > DEEPEST:
        raise ValueError(f"the HTML nests more than {DEEPEST} tags")
    cleaned = nh3.clean(
        storable_text(markup), tags=set(tags), attributes={}, link_rel=None, strip_comments=True
    )
    return cleaned.replace("\r", "\n")


def _depth(markup: str) -> int:
    """Return how deep tags may nest; those that close themselves count nothing."""
    depth = deepest = 0
    for closing, name in _ANY_TAG.findall(markup):
        if name.lower() not in _VOID:
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


def text_of_clean(cleaned: str) -> str:
    """Return the text of what `clean_html` gave."""
    return tidied(html.unescape(_TAG.sub("", _BLOCK.sub("\n", cleaned))))


def storable_text(text: str) -> str:
    """Return text with a space for every letter that no database can hold."""
    if text.isascii() and "\x00" not in text:
        return text
    return "".join(" " if letter == "\x00" or "\ud800" <= letter <= "\udfff" else letter for letter in text)


def tidied(text: str) -> str:
    """Return text with single spaces, no more than one empty line, and no letter that cannot be stored."""
    lines = (_SPACES.sub(" ", line).strip() for line in storable_text(text).splitlines())
    return _LINES.sub("\n\n", "\n".join(lines)).strip()
