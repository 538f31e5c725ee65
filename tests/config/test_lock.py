"""The locked requirements: whole, hashed, and the same on every machine."""

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-parser.txt"]
# What cannot live beside the rest has an environment and a lock of its own.
APART = "parser"


def entries(name: str) -> dict[str, str]:
    """Return each locked package with its version, marker and hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return {line.split("==")[0]: line for line in text.splitlines() if line and not line.startswith("#")}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_path(name: str) -> None:
    assert re.findall(r"\S*(?:://|--\w*-?index|--find-links|(?<= )/)\S*", (ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_an_exact_version_and_a_hash(name: str) -> None:
    whole = re.compile(r"[a-z0-9-]+==\S+( ; .+?)?( +--hash=sha256:[0-9a-f]{64})+ *")
    assert len(entries(name)) > 30
    assert [line for line in entries(name).values() if not whole.fullmatch(line)] == []


def test_tests_run_on_the_versions_that_are_installed_in_production() -> None:
    tested = entries("requirements-dev.txt")
    different = {name for name, line in entries("requirements.txt").items() if tested.get(name) != line}
    assert different == set()


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = dict(project["dependency-groups"])
    apart = groups.pop(APART)
    grouped = [wish for group in groups.values() for wish in group if isinstance(wish, str)]
    for name, wishes in (
        ("requirements.txt", project["project"]["dependencies"]),
        ("requirements-dev.txt", grouped),
        ("requirements-parser.txt", apart),
    ):
        wished = {re.split(r"[\[<>=~ ]", wish)[0].lower() for wish in wishes}
        assert wished - entries(name).keys() == set()
