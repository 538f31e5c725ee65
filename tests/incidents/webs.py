"""A network that answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from incidents.feeds.web_targets import Target

PUBLIC = "93.184.215.14"


@dataclass
class Said:
    """One answer of a server."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def chunks(self) -> Iterator[bytes]:
        yield from (self.body[place : place + 1000] for place in range(0, len(self.body), 1000))


def packed(body: bytes, **headers: str) -> Said:
    return Said(gzip.compress(body), headers={"content-encoding": "gzip", **headers})


@dataclass
class FakeWeb:
    """Hosts with their network addresses, and what lies at each address.

    A host that is not named has a public address. A list of lists of addresses is told one after the other.
    """

    pages: Mapping[str, Any] = field(default_factory=dict)
    hosts: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sent: list[Mapping[str, str]] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)

    def addresses(self, target: Target, *, seconds: float) -> Sequence[str]:
        self.looked_up.append(target.host)
        found = self.hosts.get(target.host, [PUBLIC])
        if isinstance(found, BaseException):
            raise found
        if found and isinstance(found[0], list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return list(found)

    @contextmanager
    def get(
        self, target: Target, *, address: str, headers: Mapping[str, str], seconds: float
    ) -> Iterator[Said]:
        url = f"{target.scheme}://{target.named}{target.path}"
        self.asked.append(url)
        self.connected.append(address)
        self.sent.append(headers)
        said = self.pages[url]
        if isinstance(said, Callable):  # type: ignore[arg-type]
            said = said()
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(said, BaseException):
            raise said
        yield said
