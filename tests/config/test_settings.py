"""The settings as a server meets them: in a process of their own, and on the wire."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.utils import ConnectionHandler
from django.test import Client

from config.environment import ADVICE
from config.settings import SQLITE, SQLITE_OPTIONS

ROOT = Path(settings.BASE_DIR)


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with these variables and none of the test run's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ADVICE and not name.startswith("DJANGO_")
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=kept | variables, capture_output=True, text=True, check=False
    )


def test_the_deployment_check_finds_nothing_in_production(tmp_path: Path) -> None:
    done = manage(
        "check",
        "--deploy",
        "--fail-level=WARNING",
        RECOURSE_SECRET_KEY="0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        RECOURSE_HOSTS="recourse.example",
        RECOURSE_DATA=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_command_in_a_wrong_environment_says_so_without_a_traceback(tmp_path: Path) -> None:
    done = manage("migrate", RECOURSE_DEBUG="perhaps", RECOURSE_DATA=str(tmp_path))
    assert done.returncode == 1
    assert "RECOURSE_DEBUG ('perhaps'): Not a valid boolean. Write true or false." in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 20000)],
)
def test_sqlite_keeps_what_was_committed_and_checks_references(
    tmp_path: Path, pragma: str, value: str | int
) -> None:
    database = {"ENGINE": SQLITE, "NAME": str(tmp_path / "a.sqlite3"), "OPTIONS": SQLITE_OPTIONS}
    connection = ConnectionHandler({"default": database})["default"]
    with connection.cursor() as cursor:
        assert cursor.execute(f"PRAGMA {pragma}").fetchone() == (value,)
    connection.close()


def test_sqlite_takes_the_write_lock_when_a_transaction_begins() -> None:
    assert SQLITE_OPTIONS["transaction_mode"] == "IMMEDIATE"


def test_the_root_leads_to_the_admin(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_the_strict_policy_allows_scripts_from_here_only(client: Client) -> None:
    directives = client.get("/")["Content-Security-Policy"].split("; ")
    assert "script-src 'self'" in directives
    assert "style-src 'self'" in directives
    assert "frame-ancestors 'none'" in directives


@pytest.mark.django_db
def test_the_admin_is_allowed_what_its_theme_needs_and_no_inline_scripts(client: Client) -> None:
    answer = client.get("/admin/login/")
    directives = answer["Content-Security-Policy"].split("; ")
    assert answer.status_code == 200
    assert "script-src 'self' 'unsafe-eval'" in directives
    assert "style-src 'self' 'unsafe-inline'" in directives
    assert "default-src 'self'" in directives


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
