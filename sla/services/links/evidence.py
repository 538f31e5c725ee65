"""Files from outside: small, of a kind that their first bytes confirm, and never shown in a page of ours."""

from __future__ import annotations

from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import PurePosixPath, PureWindowsPath

from django.core.exceptions import ValidationError

from sla.services.outbox.posting import one_line
from vendors.files.papers import HEAD, paper_problem

LARGEST_FILE = 5_000_000
LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A file that is to show what an answer says."""

    name: str
    content_type: str
    content: bytes


def checked_file(name: str, content: bytes) -> Evidence:
    """Return a file that may be kept; raise ValidationError with the reason for one that may not."""
    shown = one_line(PurePosixPath(PureWindowsPath(name).name).name, most=1000)
    problem = paper_problem(shown, size=len(content), head=content[:HEAD])
    if problem is not None:
        raise ValidationError(problem, code="paper")
    if len(content) > LARGEST_FILE:
        raise ValidationError(
            f"{shown} has more than {LARGEST_FILE:,} bytes. Make it smaller, or split it.", code="size"
        )
    kind = PurePosixPath(shown).suffix.lower()
    return Evidence(
        name=f"{PurePosixPath(shown).stem[: LONGEST_NAME - len(kind)]}{kind}",
        content_type=(guess_type(f"file{kind}")[0] or "application/octet-stream")[:60],
        content=content,
    )
