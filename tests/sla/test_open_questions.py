"""Every doubt that the engine can put into words is asked under its own code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sla.engine
from sla.services.statements import questions

ENGINE = Path(sla.engine.__file__).parent
# Where the engine writes doubts: lists of them, results of functions, and what is passed on by name.
LISTS = ("reasons", "provisional", "doubt", "lost")
ADDING = [[name, "append"] for name in LISTS]
FUNCTIONS = {"_no_fee", "_unallocated", "_missing"}

# The doubts as the engine words them, each value as a star, and the code that asks about it.
DOUBTS = {
    "* has no times by *, the clock of record; those by * are used": "unconfirmed_times",
    "* is still open": "open_incident",
    "nobody has confirmed who is responsible for *": "unconfirmed_times",
    "* was not over at * UTC": "open_incident",
    "* has no time '*', which starts the clock; the start of the outage is used": "unconfirmed_times",
    "* has no time 'closed', which ends the clock": "unconfirmed_times",
    "* is not yet due": "not_due_yet",
    "* has not come yet": "not_due_yet",
    "the vendor contests times or responsibility": None,  # said with the lines
    "the period has not ended": "period_not_over",
    "part of the time was not measured": None,  # said with the lines
    "no figure '*' was reported for *": "missing_figure",
    "Condition * of * is not confirmed yet.": "unconfirmed_condition",
    "No fee is recorded for the base (*, * to *), so it is nothing.": "missing_bill",
    "Fee * is an estimate until it is billed.": "missing_bill",
    "Discount * names no service, so it is not taken off the *.": "other",
    "* lies between two rows of the credit table, which pays nothing there.": "other",
}


def written() -> set[str]:
    """Return every text in the engine's source that becomes a reason why a figure may still move."""
    found: set[str] = set()
    for path in ENGINE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            found |= {text for part in _doubtful(node) for text in _texts(part)}
    return found


def _doubtful(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-2:] in ADDING:
        yield from node.args
    if isinstance(node, ast.Call):
        yield from (word.value for word in node.keywords if word.arg == "provisional")
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(ast.unparse(target).rpartition(".")[2] in LISTS for target in targets):
            yield node.value
    if isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS:
        yield from (each for each in node.body[1:] if not isinstance(each, ast.Return) or each.value)


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the sentences in an expression, each value as a star."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "*" for each in node.values)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def test_every_doubt_in_the_engine_is_listed_here_as_it_is_worded() -> None:
    sentences = {text for text in written() if text.count(" ") >= 2}
    assert sentences == set(DOUBTS)


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_doubt_is_asked_under_its_own_code(doubt: str) -> None:
    said, code = doubt.replace("*", "INC-1"), DOUBTS[doubt]
    if code is None:
        assert said in questions._ELSEWHERE
    else:
        assert questions._code_of(said) == code
