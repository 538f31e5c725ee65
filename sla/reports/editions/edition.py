"""Who a document is for."""

from __future__ import annotations

from enum import StrEnum


class Edition(StrEnum):
    """For whom a document is written."""

    INTERNAL = "internal"
    VENDOR = "vendor"
