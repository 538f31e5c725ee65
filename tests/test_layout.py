"""A stranger finds nothing at the top that does not belong there, and nothing of the author's machine."""

import re
import subprocess
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TOP = {
    *(".ci", ".gitignore", "LICENSE", "Makefile", "README.md"),
    *("pyproject.toml", "requirements-dev.txt", "requirements-parser.txt", "requirements.txt", "manage.py"),
    *("config", "incidents", "sla", "tests", "vendors"),
}
PRIVATE = re.compile(
    r"(?<![\w.:*-])/(?:root|home|work|opt|Users)/"  # a path of one machine
    r"|\.\./shared"  # material that does not travel with the project
    r"|(?<!emit-)index-url|find-links[= ](?:http|file)",  # a package registry
)
NAMELESS = {"core", "common", "utils", "base", "helpers", "misc"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).exists()]


def test_the_top_level_holds_only_what_is_known() -> None:
    assert {path.parts[0] for path in tracked()} - TOP == set()


def test_no_module_is_a_lumber_room() -> None:
    assert [path for path in tracked() if path.suffix == ".py" and NAMELESS & {*path.parts, path.stem}] == []


def test_no_file_names_a_path_of_one_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        text = (ROOT / path).read_bytes().decode("utf-8", errors="replace")
        if path.name != "test_layout.py":
            found += [f"{path}: {match[0]}" for match in PRIVATE.finditer(text)]
    assert found == []
