"""SVG as text: elements with escaped content, exact coordinates, texts that fit their place."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from xml.sax.saxutils import escape, quoteattr  # nosec B406 # they write, and read nothing

from sla.reports.pictures.looks import LOOKS, keyed, pattern_definitions

Coordinate = int | Fraction
WIDTH = 720  # units of every picture; a PDF page shows it 174 mm wide
ELLIPSIS = "…"
FONTS = "Libertinus Serif, sans-serif"  # of PDFs; a page's own style overrides it
_NARROW = frozenset("iljtfrI.,:;|'!()[]/ -")
_WIDE = frozenset("mwMW@%…—")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A finished picture with the title to print above it."""

    title: str
    svg: str


def element(name: str, *children: str, look: str = "", **attributes: str | Coordinate) -> str:
    """Return one element; ``look`` names its colours, underscores in names become hyphens."""
    given: dict[str, str | Coordinate] = {}
    if look:
        given = {"class": f"pic-{look}", **LOOKS[look]}
    given |= {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    written = "".join(f" {key}={quoteattr(_written(value))}" for key, value in given.items())
    inside = "".join(children)
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def text(content: str, *, look: str = "text", size: int = 10, **attributes: str | Coordinate) -> str:
    """Return a line of text."""
    return element("text", clean(content), look=look, font_size=size, **attributes)


def titled(content: str) -> str:
    """Return the text that a pointer or a screen reader finds on an element."""
    return element("title", clean(content)) if content else ""


def clean(content: str) -> str:
    """Return any text as XML text; what XML cannot hold becomes a replacement character."""
    return escape("".join(sign if _allowed(ord(sign)) else "\N{REPLACEMENT CHARACTER}" for sign in content))


def document(title: str, *children: str, about: str, height: int, key: str) -> str:
    """Return the whole picture; ``about`` says in words what it shows, ``key`` keeps its names its own."""
    picture = element(
        "svg",
        titled(title),
        element("desc", clean(about)),
        pattern_definitions(used="".join(children)),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        class_="pic",
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
        role="img",
        aria_label=_plain(f"{title}. {about}"),
        font_family=FONTS,
    )
    return keyed(picture, key=key)


def fitted(content: str, *, width: int, size: int) -> str:
    """Return a text cut to a width, with an ellipsis where it was cut."""
    if text_width(content, size=size) <= width:
        return content
    kept = content
    while kept and text_width(kept + ELLIPSIS, size=size) > width:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def wrapped(content: str, *, width: int, size: int, most: int = 2) -> list[str]:
    """Return a text in lines that fit a width, at most so many; the last is cut."""
    lines: list[str] = []
    rest = content.split()
    while rest and len(lines) < most - 1:
        taken = 1
        while taken < len(rest) and text_width(" ".join(rest[: taken + 1]), size=size) <= width:
            taken += 1
        lines.append(fitted(" ".join(rest[:taken]), width=width, size=size))
        rest = rest[taken:]
    return [*lines, fitted(" ".join(rest), width=width, size=size)] if rest else lines


def text_width(content: str, *, size: int) -> int:
    """Return about how wide a text is in an ordinary font, in units, rather too much than too little."""
    em = sum(
        370 if sign in _NARROW else 950 if sign in _WIDE else 720 if sign.isupper() else 600
        for sign in content
    )
    return -(-em * size // 1000)


def scaled(part: Coordinate, *, whole: Coordinate, width: int) -> Fraction:
    """Return how long a part is drawn, where the whole is ``width`` units."""
    return Fraction(part) * width / Fraction(whole) if whole else Fraction(0)


def _written(value: str | Coordinate) -> str:
    if isinstance(value, str):
        return _plain(value)
    hundredths = (Fraction(value) * 100).__floor__()
    whole, rest = divmod(abs(hundredths), 100)
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{whole}" + (f".{rest:02d}".rstrip("0") if rest else "")


def _plain(content: str) -> str:
    return "".join(sign if _allowed(ord(sign)) else "\N{REPLACEMENT CHARACTER}" for sign in content)


def _allowed(code: int) -> bool:
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
