"""What a statement is written with: names, moments in the contract's zone, and where records live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sla.engine.intervals import Interval
from sla.engine.periods import Period


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

    def days(self, window: Period) -> Iterator[tuple[date, Interval]]:
        """Yield the local days of a window with the time that each takes, UTC."""
        on = window.first_on
        while on <= window.last_on:
            yield on, Interval(self._midnight(on), self._midnight(on + timedelta(days=1)))
            on += timedelta(days=1)

    def _midnight(self, on: date) -> datetime:
        return datetime.combine(on, time.min, tzinfo=self.zone).astimezone(UTC)

    def units(self, codes: Iterable[str]) -> str:
        """Return services for reading."""
        return ", ".join(self.services.get(code) or code for code in codes)


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A record's name and, where the reader may open it, its address."""

    text: str
    url: str = ""
