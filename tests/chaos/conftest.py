"""One house for all scenarios, and for each a database and a broker that know nothing of the last."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import books, portfolio
from tests.chaos.books import Books
from tests.chaos.installation import an_installation
from tests.chaos.scene import House, Scene, a_house, a_scene
from tests.config.processes import ROOT

FILLED, WRITTEN = "filled", "written"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run the servers, and load the product once."""
    with a_house(at=tmp_path_factory.mktemp("house"), settings="tests.chaos.settings") as found:
        yield found


@pytest.fixture(scope="session")
def filled(house: House) -> str:
    """Return a database that holds the portfolio, and nothing that was done with it."""
    env = {**house.env, "DATABASE_URL": house.postgres.create(FILLED)}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings", "CELERY_BROKER_URL": ""}
    subprocess.run([sys.executable, "-m", portfolio.__name__], cwd=ROOT, env=env, check=True)
    return FILLED


@pytest.fixture(scope="session")
def written(house: House, filled: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Books]:
    """Return a database in which one process did everything in peace, but no mail left; and its books."""
    url = house.postgres.create(WRITTEN, like=filled)
    env, at = {**house.env, "DATABASE_URL": url}, tmp_path_factory.mktemp("written")
    with an_installation(env=env, nursery=None, at=at, now=portfolio.SETTLED) as undisturbed:
        undisturbed.run_due()
    found = books.read(url)
    assert len(found["closings"]) == portfolio.CLOSINGS
    assert {state for _, state, _ in books.messages(url)} == {"waiting"}
    return WRITTEN, found


@pytest.fixture
def scene(house: House, filled: str, written: tuple[str, Books], tmp_path: Path) -> Iterator[Scene]:
    """Give an installation in which September has settled and nothing was done yet."""
    with a_scene(house, like=filled, expected=written[1], at=tmp_path, now=portfolio.SETTLED) as found:
        yield found


@pytest.fixture
def mails_wait(house: House, written: tuple[str, Books], tmp_path: Path) -> Iterator[Scene]:
    """Give an installation in which everything is done and its mails wait; no mail server answers yet."""
    like, expected = written
    with a_scene(
        house, like=like, expected=expected, at=tmp_path, now=portfolio.LATER, takes_mails=False
    ) as found:
        yield found
