"""Addresses of what was promised, achieved, owed, claimed and reported."""

from typing import Any

ROUTES: list[tuple[str, Any]] = []
