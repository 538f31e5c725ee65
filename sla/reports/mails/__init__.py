"""Mails: a page that every mail program shows, and the same as text; no picture, no script, no login.

A mail is two templates with one name, `NAME.html` and `NAME.txt`, filled from the same plain values. The
page's styles stand in `base.html` and are written into each element, where mail programs look for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import css_inline
from django.template.loader import render_to_string

# A mail must look the same for ever and wherever it is read: nothing is fetched.
_INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
_BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a reader gets, without the files beside it."""

    subject: str
    text: str
    html: str


def render_mail(name: str, *, subject: str, values: Mapping[str, Any]) -> Mail:
    """Return a mail from its two templates; `values` are plain, and everything in them is escaped."""
    context = {**values, "subject": subject}
    html = render_to_string(f"sla/mails/{name}.html", context)
    text = render_to_string(f"sla/mails/{name}.txt", context)
    return Mail(subject=subject, text=tidy(text), html=_INLINER.inline(html))


def tidy(text: str) -> str:
    """Return text without blanks at the ends of lines and with at most one empty line between others."""
    lines = (line.rstrip() for line in text.splitlines())
    return _BLANKS.sub("\n\n", "\n".join(lines)).strip() + "\n"
