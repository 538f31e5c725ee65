"""Addresses of what happened."""

from typing import Any

ROUTES: list[tuple[str, Any]] = []
