"""What the README shows as printed is what the program prints, and what it names is there."""

import re
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
PRINTED = re.compile(r"<!-- printed by: ([^\n]+) -->\n```text\n(.*?)^```", re.DOTALL | re.MULTILINE)


def printed_by(command: str) -> list[str]:
    """Return the blocks of the README that a command of `manage.py` is said to print."""
    found = PRINTED.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return [block for said, block in found if said == command]


def test_the_worked_example_is_what_evaluate_prints() -> None:
    commands = {said for said, _ in PRINTED.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    evaluations = sorted(said for said in commands if said.startswith("evaluate "))
    assert evaluations
    for said in evaluations:
        out = StringIO()
        call_command(*said.split(), stdout=out)
        blocks = printed_by(said)
        assert [block for block in blocks if block not in out.getvalue()] == []


def test_every_path_that_the_readme_names_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:config|vendors|incidents|sla|tests)/[\w./-]*)`", text))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_command_that_the_readme_names_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"manage\.py ([a-z_]+)", text))
    own = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    assert named
    assert named - own == set()
