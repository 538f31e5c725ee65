"""What a statement is written with: names, moments in the contract's zone, and where records live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Names of levels and services by code, links of incidents by reference, and the zone's moments."""

    currency: str
    zone: tzinfo
    instant: Callable[[datetime], str]
    levels: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def level(self, code: str) -> str:
        """Return a service level's name, else its code."""
        return self.levels.get(code) or code

    def units(self, codes: Iterable[str]) -> str:
        """Return services for reading."""
        return ", ".join(self.services.get(code) or code for code in codes)


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A record's name and, where the reader may open it, its address."""

    text: str
    url: str = ""
