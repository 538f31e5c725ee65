"""Asks pip-audit for known weaknesses of the locked requirements, and says so where nobody could be asked.

    python -m tests.advisories [--strict]

pip-audit passes over what it cannot look up and still ends well, so its answer is counted here. With --strict
an answer that lacks anything is a failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.txt"
PATIENCE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of the requirements: weaknesses, a line each, and how many were looked up or not."""

    weaknesses: Sequence[str]
    looked_up: int
    unknown: int


def answer_of(told: str) -> Answer:
    """Return what pip-audit told as JSON."""
    found = json.loads(told)["dependencies"] if told.strip() else []
    return Answer(
        weaknesses=[
            f"{each['name']} {each['version']}: {weakness['id']}, mended in"
            f" {', '.join(weakness['fix_versions']) or 'no version yet'}"
            for each in found
            for weakness in each.get("vulns", ())
        ],
        looked_up=sum("skip_reason" not in each for each in found),
        unknown=sum("skip_reason" in each for each in found),
    )


def verdict(answer: Answer, *, strict: bool) -> tuple[str, int]:
    """Return what to print, and the status to end with."""
    if answer.weaknesses:
        return "\n".join(answer.weaknesses), 1
    if not answer.looked_up:
        return "Known weaknesses of requirements: NOT CHECKED. The advisory service does not answer.", strict
    if answer.unknown:
        return f"Known weaknesses of requirements: {answer.unknown} NOT CHECKED, of the others none.", strict
    return f"Known weaknesses of requirements: none in {answer.looked_up}.", 0


def main() -> None:
    """Print the verdict."""
    program = str(Path(sys.executable).with_name("pip-audit"))
    told = [
        "--format=json",
        "--progress-spinner=off",
        "--disable-pip",
        "--require-hashes",
        f"--requirement={LOCK}",
    ]
    try:
        done = subprocess.run(
            [program, *told], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
        answer = answer_of(done.stdout)
    except subprocess.TimeoutExpired:
        answer = Answer(weaknesses=(), looked_up=0, unknown=0)
    text, status = verdict(answer, strict="--strict" in sys.argv[1:])
    print(text)
    sys.exit(status)


if __name__ == "__main__":
    main()
