"""One table of all figures at the end of a run, also kept as JSON under `.data/bench`."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

KEPT = Path(__file__).resolve().parents[2] / ".data" / "bench" / "figures.json"
DATABASE = os.environ.get("TEST_DATABASE_URL") or "postgresql://127.0.0.1:5432/postgres"
PLAIN = "sql"


class Seconds(NamedTuple):
    """The least of the rounds: by the clock, and what this process used of a core."""

    clock: float
    own: float


@dataclass
class Figures:
    """Seconds by what was timed, and notes of anything else that was measured."""

    seconds: dict[str, Seconds] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


FIGURES = Figures()


@pytest.fixture(scope="session")
def figures() -> Figures:
    return FIGURES


@pytest.fixture(scope="session")
def server() -> Iterator[psycopg.Connection]:
    """Connect to the server of TEST_DATABASE_URL, else to localhost's; temporary tables only."""
    if not DATABASE.startswith("postgres"):
        pytest.skip(f"TEST_DATABASE_URL is {DATABASE}, no PostgreSQL: range aggregation is not timed.")
    try:
        connection = psycopg.connect(DATABASE, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"No PostgreSQL answers at {DATABASE.rpartition('@')[2]}: {error}")
    with connection:
        yield connection
        connection.rollback()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not FIGURES.seconds and not FIGURES.notes:
        return
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    terminalreporter.write_sep("=", f"figures ({machine}; least of the rounds)")
    plain = FIGURES.seconds.get(PLAIN)
    for name, (clock, own) in FIGURES.seconds.items():
        ratio = f"{clock / plain.clock:8.1f} x {PLAIN}" if plain else ""
        terminalreporter.write_line(f"{name:40} {clock:8.3f} s, of this core {own:8.3f} s {ratio}")
    for name, note in FIGURES.notes.items():
        terminalreporter.write_line(f"{name:40} {note}")
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    seconds = {name: found._asdict() for name, found in FIGURES.seconds.items()}
    kept = {"machine": machine, "seconds": seconds, "notes": FIGURES.notes}
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")
