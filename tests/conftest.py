"""What every test may rely on."""

from pathlib import Path

import pytest
from django.test import SimpleTestCase

# What runs only when it is asked for, by its folder.
ASIDE = {"benchmarks": pytest.mark.benchmark, "chaos": pytest.mark.chaos}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to leave out what is the same on any servers."""
    parser.addoption(
        "--only-with-servers",
        action="store_true",
        help="Leave out tests that touch neither the database nor a broker or browser: for a second run.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark benchmarks and the disturbed installation, so that they run only when they are asked for."""
    for item in items:
        for folder, mark in ASIDE.items():
            if Path(__file__).parent / folder in item.path.parents:
                item.add_marker(mark)
    if config.getoption("--only-with-servers"):
        alike = [item for item in items if not needs_server(item)]
        config.hook.pytest_deselected(items=alike)
        items[:] = [item for item in items if needs_server(item)]


def needs_server(item: pytest.Item) -> bool:
    """Say whether a test touches the database, a broker or a browser."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "broker", "browser"))
    asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return marked or bool(asks) or issubclass(getattr(item, "cls", None) or object, SimpleTestCase)
