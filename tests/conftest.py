"""What every test may rely on."""

from pathlib import Path

import pytest
from django.test import SimpleTestCase

BENCHMARKS = Path(__file__).parent / "benchmarks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to leave out what is the same on any servers."""
    parser.addoption(
        "--only-with-servers",
        action="store_true",
        help="Leave out tests that touch neither the database nor a broker or browser: for a second run.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark everything under tests/benchmarks, so that it runs only when it is asked for."""
    for item in items:
        if BENCHMARKS in item.path.parents:
            item.add_marker(pytest.mark.benchmark)
    if config.getoption("--only-with-servers"):
        alike = [item for item in items if not needs_server(item)]
        config.hook.pytest_deselected(items=alike)
        items[:] = [item for item in items if needs_server(item)]


def needs_server(item: pytest.Item) -> bool:
    """Say whether a test touches the database, a broker or a browser."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "broker", "browser"))
    asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return marked or bool(asks) or issubclass(getattr(item, "cls", None) or object, SimpleTestCase)
