"""The list of what is computed names every row once, and only cases that exist."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

CASES = Path(__file__).parent.parent / "cases"
LIST = CASES / "COVERAGE.md"
STATES = ("evaluated", "recorded as text", "not yet")
# The numbers between were never given to a field.
FIELDS = [*range(1, 9), *range(10, 25), *range(30, 37), *range(50, 58)]
ROWS = [f"F{n}" for n in FIELDS] + [f"R{n}" for n in range(1, 16)] + [f"A{n}" for n in range(1, 45)]
_ROW = re.compile(r"\| ([FRA]\d+) \|")
_CASE = re.compile(r"(?:\d\d|[afr]\d\d)-[a-z0-9-]+")


class Row(NamedTuple):
    """One row of the list: its number, the state, the cases and what is left out."""

    number: str
    state: str
    cases: list[str]
    keys: str
    missing: str


def rows() -> list[Row]:
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if _ROW.match(line)]
    found = []
    for line in lines:
        number, _, state, keys, cases, missing = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(Row(number, state, [case for case in cases.split(", ") if case], keys, missing))
    return found


def test_every_row_is_listed_once() -> None:
    listed = Counter(row.number for row in rows())
    assert listed == Counter(ROWS)


def test_every_row_has_one_of_the_states() -> None:
    assert [row.number for row in rows() if row.state not in STATES] == []


def test_every_named_case_exists() -> None:
    named = {case for row in rows() for case in row.cases}
    named |= set(_CASE.findall(LIST.read_text(encoding="utf-8")))
    assert sorted(case for case in named if not (CASES / f"{case}.toml").is_file()) == []


def test_what_is_evaluated_has_a_case_and_names_its_keys() -> None:
    assert [row.number for row in rows() if row.state == "evaluated" and not (row.cases and row.keys)] == []


def test_what_is_not_evaluated_says_what_is_missing() -> None:
    assert [row.number for row in rows() if row.state != "evaluated" and not row.missing] == []


def test_every_case_of_a_reading_or_field_stands_at_its_row() -> None:
    at = {row.number: set(row.cases) for row in rows()}
    lost = []
    for path in CASES.glob("[afr][0-9][0-9]-*.toml"):
        number = f"{path.stem[0].upper()}{int(path.stem[1:3])}"
        if path.stem not in at.get(number, set()):
            lost.append(path.name)
    assert sorted(lost) == []
