"""A real browser on a real server: what a person sees, without the network."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = os.environ.get("TEST_CHROMIUM", "/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PASSWORD = "correct horse battery"

# The driver's own loop runs in this thread, which Django would take for an asynchronous view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} does not exist. Install chromium, or name it in TEST_CHROMIUM.")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, live_server: object, transactional_db: None) -> Iterator[Page]:
    """A page of somebody who is logged in; it fails on any error in the console."""
    User.objects.create_superuser("vera", password=PASSWORD)
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("console", lambda said: wrong.append(said.text) if _is_error(said) else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(f"{live_server.url}/admin/")  # type: ignore[attr-defined]
    opened.fill("[name=username]", "vera")
    opened.fill("[name=password]", PASSWORD)
    opened.click("button[type=submit]")
    opened.wait_for_selector("#worklist")
    yield opened
    context.close()
    assert wrong == []


def _is_error(said: ConsoleMessage) -> bool:
    return said.type == "error"
