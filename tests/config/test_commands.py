"""What the README tells people to type is what exists and what .ci/run runs."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def readme_commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):(?! export)", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_readme_tells_the_two_commands() -> None:
    assert {"make demo", "make test"} <= set(readme_commands())


def test_every_make_command_of_the_readme_is_a_target() -> None:
    told = {command.split()[1] for command in readme_commands() if command.startswith("make ")}
    assert told - make_targets() == set()


def test_the_makefile_has_the_promised_targets() -> None:
    assert {"demo", "run", "test", "check", "bench", "mutants", "lock", "clean"} <= make_targets()


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert [command for command in ("make demo", "make test", "make check") if command not in script] == []
