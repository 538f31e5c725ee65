"""Files from outside: small, of a kind that their first bytes confirm, and never shown in a page of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from django.core.exceptions import ValidationError

from sla.services.outbox.posting import one_line

LARGEST_FILE = 5_000_000
LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A file that is to show what an answer says."""

    name: str
    content_type: str
    content: bytes


def _starts(*heads: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(heads)


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


KINDS: Mapping[str, tuple[str, Callable[[bytes], bool]]] = {
    "pdf": ("application/pdf", _starts(b"%PDF-")),
    "png": ("image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "txt": ("text/plain", _is_text),
    "csv": ("text/csv", _is_text),
}


def checked_file(name: str, content: bytes) -> Evidence:
    """Return a file that may be kept; raise ValidationError with the reason for one that may not."""
    shown = one_line(PurePosixPath(PureWindowsPath(name).name).name, most=1000)
    stem, _, ending = shown.rpartition(".")
    kind = KINDS.get(ending.lower())
    if kind is None or not stem:
        raise ValidationError(
            f"{shown!r} is not taken: send a PDF, a PNG or JPEG picture, a text or a CSV file.", code="kind"
        )
    if not content:
        raise ValidationError(f"{shown!r} is empty. Choose the file again.", code="empty")
    if len(content) > LARGEST_FILE:
        raise ValidationError(
            f"{shown!r} has more than {LARGEST_FILE:,} bytes. Send a smaller one.", code="size"
        )
    content_type, fits = kind
    if not fits(content):
        raise ValidationError(
            f"{shown!r} does not hold what its name says. Save it as {ending.upper()} and choose it again.",
            code="content",
        )
    name = f"{stem[: LONGEST_NAME - 1 - len(ending)]}.{ending.lower()}"
    return Evidence(name=name, content_type=content_type, content=content)
