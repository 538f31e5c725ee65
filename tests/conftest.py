"""What every test may rely on."""

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import SimpleTestCase

from config.roles import grant_roles

# What runs only when it is asked for, by its folder.
ASIDE = {"benchmarks": pytest.mark.benchmark, "chaos": pytest.mark.chaos, "load": pytest.mark.load}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to leave out what is the same on any servers."""
    parser.addoption(
        "--only-with-servers",
        action="store_true",
        help="Leave out tests that touch neither the database nor a broker or browser: for a second run.",
    )
    parser.addoption(
        "--one-in",
        type=int,
        default=1,
        help="Of the tests that touch a server run every so many-th: where other runs have the rest.",
    )
    parser.addoption(
        "--starting-with",
        type=int,
        default=0,
        help="The place of the first of them, so that several runs with --one-in leave out none.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark benchmarks and the disturbed installation, so that they run only when they are asked for."""
    for item in items:
        for folder, mark in ASIDE.items():
            if Path(__file__).parent / folder in item.path.parents:
                item.add_marker(mark)
    touching = [item for item in items if needs_server(item)]
    # What is long, or needs a broker or a browser, stands in one run only: it is taken whole there.
    anywhere = [item for item in touching if not runs_apart(item)]
    chosen = {item.nodeid for item in touching} - {item.nodeid for item in anywhere}
    first, every = config.getoption("--starting-with"), config.getoption("--one-in")
    chosen |= {item.nodeid for item in anywhere[first::every]}
    if not config.getoption("--only-with-servers"):
        chosen |= {item.nodeid for item in items} - {item.nodeid for item in touching}
    left_out = [item for item in items if item.nodeid not in chosen]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.nodeid in chosen]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Leave in the database what migrations leave there: the roles, and the word that all of them ran."""
    with django_db_blocker.unblock():
        grant_roles(apps)
        recorder = MigrationRecorder(connection)
        done = recorder.applied_migrations()
        for name in sorted(MigrationLoader(None).disk_migrations.keys() - done.keys()):
            recorder.record_applied(*name)


def runs_apart(item: pytest.Item) -> bool:
    """Say whether a test runs only where it is asked for, and not in every run."""
    return any(item.get_closest_marker(name) for name in ("long", "broker", "browser"))


def needs_server(item: pytest.Item) -> bool:
    """Say whether a test touches the database, a broker or a browser."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "broker", "browser"))
    asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return marked or bool(asks) or issubclass(getattr(item, "cls", None) or object, SimpleTestCase)
