"""Check this evidence pack: nothing was changed, and the figures follow from the inputs.

It needs Python 3.11 or later and nothing else, and neither reads nor writes anything outside this folder:

    python3 verify.py

It checks the SHA-256 fingerprint of every file, computes the result again from inputs.json with the
calculation in the folder engine (its source is there to be read), and compares it with result.json byte
for byte. It prints OK and ends with status 0, or says what differs and ends with status 1.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
LISTED = "SHA256SUMS"
EXIT_DIFFERS = 1


def main() -> int:
    """Print every difference; return 0 where there is none."""
    if sys.version_info < (3, 11):  # noqa: UP036 - it runs wherever the pack is opened
        sys.stdout.write("Python 3.11 or later is needed.\n")
        return EXIT_DIFFERS
    sys.dont_write_bytecode = True
    problems = [*changed_files(HERE)] or [*other_figures(HERE)]
    for problem in problems:
        sys.stdout.write(f"DIFFERS: {problem}\n")
    if problems:
        return EXIT_DIFFERS
    sys.stdout.write("OK: no file was changed, and result.json follows from inputs.json byte for byte.\n")
    return 0


def changed_files(folder: Path) -> Iterator[str]:
    """Yield what is missing, changed or added against the list of fingerprints."""
    listing = folder / LISTED
    if not listing.is_file():
        yield f"{LISTED} is missing, so nothing can be compared."
        return
    named = {LISTED}
    for line in listing.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        named.add(name)
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing."
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            yield f"{name} is not the file that was listed: its SHA-256 fingerprint is another one."
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(here - named):
        if "__pycache__" not in name:
            yield f"{name} is in the folder, and is not listed."


def other_figures(folder: Path) -> Iterator[str]:
    """Yield how the result computed here differs from the one in the folder."""
    sys.path.insert(0, str(folder / "engine"))
    from sla.engine.codec import canonical, from_plain
    from sla.engine.evaluation import evaluate
    from sla.engine.facts import Inputs

    inputs = from_plain(Inputs, json.loads((folder / "inputs.json").read_text(encoding="utf-8")))
    result = evaluate(
        inputs.versions,
        schedule=inputs.schedule,
        facts=inputs.facts,
        period=inputs.period,
        known_until=inputs.known_until,
        history=inputs.history,
    )
    computed, kept = canonical(result), (folder / "result.json").read_bytes()
    if computed != kept:
        yield "result.json does not follow from inputs.json."
        yield from _differences(json.loads(kept), json.loads(computed), at="")


def _differences(kept: object, computed: object, *, at: str) -> Iterator[str]:
    """Yield the places at which two results differ."""
    if kept == computed:
        return
    if isinstance(kept, dict) and isinstance(computed, dict):
        for key in sorted({*kept, *computed}):
            yield from _differences(kept.get(key), computed.get(key), at=f"{at}.{key}" if at else key)
    elif isinstance(kept, list) and isinstance(computed, list) and len(kept) == len(computed):
        for place, (one, other) in enumerate(zip(kept, computed, strict=True)):
            yield from _differences(one, other, at=f"{at}[{place}]")
    else:
        yield f"at {at}: result.json says {_short(kept)}, computed is {_short(computed)}"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


if __name__ == "__main__":
    sys.exit(main())
