"""Papers that are kept as evidence: which kinds, and whether a file is of the kind that its name says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

LARGEST = 20 * 1024 * 1024
# So much of the beginning is looked at.
HEAD = 4096
_ZIPPED, _OLD_OFFICE = (b"PK\x03\x04",), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)
# How each kind begins; of text nothing is known but that no NUL stands in it. Pages and pictures that run
# scripts, and documents with macros, are not here.
BEGINNINGS: Mapping[str, tuple[bytes, ...]] = {
    **dict.fromkeys((".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".zip"), _ZIPPED),
    **dict.fromkeys((".doc", ".xls", ".ppt", ".msg"), _OLD_OFFICE),
    **dict.fromkeys((".jpg", ".jpeg"), (b"\xff\xd8\xff",)),
    **dict.fromkeys((".tif", ".tiff"), (b"II*\x00", b"MM\x00*")),
    **dict.fromkeys((".txt", ".csv", ".eml", ".json"), ()),
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
}


def paper_problem(name: str, *, size: int, head: bytes) -> str | None:
    """Return why a file cannot be kept, or None; `head` are its first HEAD bytes."""
    kind = PurePosixPath(name).suffix.lower()
    if kind not in BEGINNINGS:
        known = ", ".join(sorted(BEGINNINGS))
        return (
            f"{name} cannot be kept: its kind is none of {known}. Print it to a PDF, or put it into a .zip."
        )
    if size > LARGEST:
        return f"{name} has {size:,} bytes, more than {LARGEST:,}. Make it smaller, or split it."
    if size == 0:
        return f"{name} is empty. Choose the file again."
    if not _begins(head, kind=kind):
        return f"{name} is no {kind} file: it does not begin like one. Save it again as what it is."
    return None


def _begins(head: bytes, *, kind: str) -> bool:
    if not BEGINNINGS[kind]:
        return b"\x00" not in head
    # What scanners and mail gateways write before a PDF is allowed by its standard.
    return head.startswith(BEGINNINGS[kind]) or (kind == ".pdf" and b"%PDF-" in head[:1024])
