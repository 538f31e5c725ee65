"""One filled installation for all, and the table that a run ends with."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.chaos.installation import Installation, an_installation
from tests.chaos.scene import NAME, House, a_house
from tests.config.processes import ROOT
from tests.load import portfolio
from tests.sla.mail_servers import a_sink

FILLED = "filled"
# The last month has settled in every zone, and its reports are due.
SETTLED = "2019-10-07T08:05+00:00"


@dataclass
class Told:
    """What is printed at the end."""

    lines: list[str] = field(default_factory=list)


TOLD = Told()


@pytest.fixture(scope="session")
def told() -> Told:
    return TOLD


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run the servers."""
    with a_house(at=tmp_path_factory.mktemp("house"), settings="tests.load.settings") as found:
        yield found


@pytest.fixture(scope="session")
def tokens(house: House) -> dict[str, str]:
    """Fill a database; return the token of each person."""
    env = {**house.env, "DATABASE_URL": house.postgres.create(FILLED)}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings", "CELERY_BROKER_URL": ""}
    said_at = Path(house.env["RECOURSE_DATA"]) / "filling.log"
    with said_at.open("wb") as said:
        done = subprocess.run(
            [sys.executable, "-m", portfolio.__name__], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=said
        )
    assert done.returncode == 0, said_at.read_text()[-5000:]
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture
def installation(house: House, tokens: dict[str, str], tmp_path: Path) -> Iterator[Installation]:
    """Give the programs of an installation on a copy of it, and a server that takes mails."""
    house.redis.flush()
    house.postgres.drop(NAME)
    house.postgres.create(NAME, like=FILLED)
    with (
        a_sink(SimpleNamespace(), port=house.mail_port),
        an_installation(env=house.env, nursery=None, at=tmp_path, now=SETTLED) as found,
    ):
        yield found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TOLD.lines:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        terminalreporter.write_sep("=", f"load ({machine}; all of it, people included, on this machine)")
        for line in TOLD.lines:
            terminalreporter.write_line(line)
