"""Colours, patterns and marks, each readable without its colour."""

from __future__ import annotations

import re
from collections.abc import Mapping

INK, FAINT, LINE, PAPER = "#1b2433", "#566071", "#8b95a3", "#ffffff"
PATTERN_KEY = "@"  # stands for the picture's own key until the picture is put together


def _filled(colour: str, *, edge: str = INK, width: str = "0.5") -> dict[str, str]:
    return {"fill": colour, "stroke": edge, "stroke-width": width}


# By class name (`pic-...`): pages may give other colours to the same names, PDF uses these.
LOOKS: Mapping[str, Mapping[str, str]] = {
    "text": {"fill": INK},
    "strong": {"fill": INK, "font-weight": "600"},
    "faint": {"fill": FAINT},
    "inverse": {"fill": PAPER, "font-weight": "600"},
    "axis": {"stroke": LINE, "stroke-width": "0.6", "fill": "none"},
    "paper": {"fill": PAPER},
    "ink": {"fill": INK},
    "mark": {"fill": "none", "stroke": INK, "stroke-width": "1.4"},
    "hatch": {"fill": "none", "stroke": INK},
    # Classes of the time account.
    "up": _filled("#edf6ef", edge="#5f8a6b"),
    "down": _filled("#a3241b", edge="#5d120c"),
    "excluded": _filled(f"url(#{PATTERN_KEY}-excluded)"),
    "stopped": _filled(f"url(#{PATTERN_KEY}-stopped)"),
    "not_attributed": _filled(f"url(#{PATTERN_KEY}-not_attributed)"),
    "uncounted": _filled(f"url(#{PATTERN_KEY}-uncounted)"),
    "outside_hours": {"fill": "#b4bcc7"},
    "not_in_service": {"fill": PAPER, "stroke": LINE, "stroke-width": "0.6", "stroke-dasharray": "2 2"},
    "unknown": _filled(f"url(#{PATTERN_KEY}-unknown)"),
    # How a period stands.
    "cell-met": {"fill": "#e6f2e8"},
    "cell-unconfirmed": {"fill": "#f7f1d5"},
    "cell-uncertain": {"fill": "#f7f1d5"},
    "cell-missed": {"fill": "#f6cdc7"},
    "cell-unmeasured": {"fill": "#eceff3"},
    "cell-none": {"fill": "none"},
    "edge-final": {"fill": "none", "stroke": INK, "stroke-width": "1"},
    "edge-draft": {"fill": "none", "stroke": INK, "stroke-width": "0.8", "stroke-dasharray": "2.5 2"},
    # Minutes lost in a day.
    "lost-0": {"fill": PAPER, "stroke": LINE, "stroke-width": "0.5"},
    "lost-1": {"fill": "#fdecd9", "stroke": INK, "stroke-width": "0.5"},
    "lost-2": _filled(f"url(#{PATTERN_KEY}-lost-2)"),
    "lost-3": _filled(f"url(#{PATTERN_KEY}-lost-3)"),
    "lost-4": {"fill": "#7c1d15", "stroke": INK, "stroke-width": "0.5"},
    "lost-unknown": _filled(f"url(#{PATTERN_KEY}-unknown)"),
    "lost-2-ground": {"fill": "#fbdcb8"},
    "lost-3-ground": {"fill": "#f0b577"},
    "lost-2-hatch": {"fill": "none", "stroke": "#d99a5a"},
    "lost-3-hatch": {"fill": "none", "stroke": "#c9803a"},
    # Money.
    "money-base": _filled("#e3e7ed"),
    "money-credit": _filled("#9db4d3"),
    "money-taken": _filled(f"url(#{PATTERN_KEY}-excluded)"),
    "money-due": _filled("#24406b"),
    # Figures over time.
    "trend-line": {"fill": "none", "stroke": "#24406b", "stroke-width": "1.6"},
    "trend-target": {"fill": "none", "stroke": INK, "stroke-width": "1", "stroke-dasharray": "5 3"},
    "trend-met": {"fill": PAPER, "stroke": "#24406b", "stroke-width": "1.4"},
    "trend-missed": {"fill": "#a3241b", "stroke": "#5d120c", "stroke-width": "1"},
}

_BOX = 'width="{0}" height="{0}" patternUnits="userSpaceOnUse"'


def _pattern(name: str, *, size: int, turned: bool, ground: str, drawn: str) -> str:
    turn = ' patternTransform="rotate(45)"' if turned else ""
    paper = f'<rect class="pic-{ground}" width="{size}" height="{size}" fill="{LOOKS[ground]["fill"]}"/>'
    return f'<pattern id="{PATTERN_KEY}-{name}" {_BOX.format(size)}{turn}>{paper}{drawn}</pattern>'


def _hatch(path: str, *, width: str, look: str = "hatch") -> str:
    colour = LOOKS[look]["stroke"]
    return f'<path class="pic-{look}" d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


PATTERNS: Mapping[str, str] = {
    "excluded": _pattern(
        "excluded", size=6, turned=True, ground="paper", drawn=_hatch("M0 0V6", width="2.4")
    ),
    "stopped": _pattern(
        "stopped",
        size=6,
        turned=False,
        ground="paper",
        drawn=f'<circle class="pic-ink" cx="3" cy="3" r="1.5" fill="{INK}"/>',
    ),
    "not_attributed": _pattern(
        "not_attributed", size=5, turned=False, ground="paper", drawn=_hatch("M0 2.5H5", width="1.6")
    ),
    "uncounted": _pattern(
        "uncounted", size=4, turned=False, ground="paper", drawn=_hatch("M2 0V4", width="1")
    ),
    "unknown": _pattern(
        "unknown", size=7, turned=True, ground="paper", drawn=_hatch("M0 0V7M0 0H7", width="1.2")
    ),
    "lost-2": _pattern(
        "lost-2",
        size=7,
        turned=True,
        ground="lost-2-ground",
        drawn=_hatch("M0 0V7", width="1.6", look="lost-2-hatch"),
    ),
    "lost-3": _pattern(
        "lost-3",
        size=5,
        turned=True,
        ground="lost-3-ground",
        drawn=_hatch("M0 0V5M0 0H5", width="1.4", look="lost-3-hatch"),
    ),
}


def pattern_definitions(*, used: str) -> str:
    """Return the patterns that a picture uses; their names still wait for the picture's key."""
    names = sorted(set(re.findall(rf"url\(#{PATTERN_KEY}-([a-z0-9_-]+)\)", used)))
    return f"<defs>{''.join(PATTERNS[name] for name in names)}</defs>" if names else ""


def keyed(picture: str, *, key: str) -> str:
    """Return a picture whose patterns carry its own key, so that two may stand in one page."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "-", key)
    return picture.replace(f"url(#{PATTERN_KEY}-", f"url(#p{safe}-").replace(
        f'id="{PATTERN_KEY}-', f'id="p{safe}-'
    )


def swatch(look: str, *, key: str = "") -> str:
    """Return a small sample of a look for tables and legends in pages."""
    attributes = " ".join(f'{name}="{value}"' for name, value in LOOKS[look].items())
    drawn = f'<rect class="pic-{look}" width="24" height="14" {attributes}/>'
    body = pattern_definitions(used=drawn) + drawn
    return keyed(
        '<svg xmlns="http://www.w3.org/2000/svg" class="pic-swatch" viewBox="0 0 24 14" width="24"'
        f' height="14" aria-hidden="true">{body}</svg>',
        key=f"{key}s{look}",
    )
