"""The format's reference lists every key with its type and default, and none that does not exist."""

import re
import tomllib
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

import sla
from sla.documents import Document, read_document
from sla.engine.codec.plans import CHOICES, alternatives, fields_of, is_record
from sla.engine.codec.scalars import written_length_text
from sla.engine.money import Money

REFERENCE = Path(sla.__file__).with_name("FORMAT.md").read_text()
SCALARS = {
    "str": "text",
    "int": "whole number",
    "bool": "true/false",
    "Decimal": "number",
    "Fraction": "share",
    "timedelta": "length",
    "date": "date",
    "datetime": "time",
    "Money": "money",
}


def classes() -> list[type]:
    """Return every table of the format, outermost first."""
    found: list[type] = []

    def visit(hint: Any) -> None:
        for arg in get_args(hint):
            visit(arg)
        if is_record(hint) and hint is not Money and hint not in found:
            found.append(hint)
            for field in fields_of(hint):
                visit(field.hint)

    visit(Document)
    return found


def type_words(hint: Any) -> str:
    kinds = alternatives(hint)
    if set(kinds) == {Decimal, timedelta}:
        return "level"
    (kind,) = kinds
    if get_origin(kind) is tuple:
        return f"list of {type_words(get_args(kind)[0])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " ".join(f"`{member.value}`" for member in kind)
    return f"[{kind.__name__}]" if is_record(kind) and kind is not Money else SCALARS[kind.__name__]


def default_words(field: Any) -> str:
    if field.required:
        return "needed"
    value = field.default
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, timedelta):
        return written_length_text(value)
    if isinstance(value, tuple):
        return ", ".join(f"`{getattr(item, 'value', item)}`" for item in value)
    return "" if is_record(type(value)) else str(value)


def expected_rows(cls: type) -> list[tuple[str, str, str]]:
    choice = CHOICES.get(cls)
    return [
        (f"`{field.name}`", type_words(field.hint), default_words(field))
        for field in fields_of(cls)
        if choice is None or field.name != choice.field
    ]


def written_rows(cls: type) -> list[tuple[str, str, str, str]]:
    """Return the rows of the table under the class's anchor."""
    parts = REFERENCE.split(f'<a id="{cls.__name__}"></a>')
    assert len(parts) == 2, f"FORMAT.md has {len(parts) - 1} tables for {cls.__name__}"
    table = re.search(r"\| key \|.*\n\|[-| ]+\n((?:\|.*\n)+)", parts[1])
    assert table is not None
    return [
        (cells[0], cells[1], cells[2], cells[3])
        for line in table[1].splitlines()
        if (cells := [cell.strip() for cell in line.split("|")[1:5]])
    ]


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_the_reference_lists_exactly_the_keys_of_each_table(cls: type) -> None:
    rows = written_rows(cls)
    assert [row[:3] for row in rows] == expected_rows(cls)
    assert all(row[3] for row in rows)


def test_the_reference_has_no_table_of_something_else() -> None:
    assert set(re.findall(r'<a id="(\w+)"></a>', REFERENCE)) == {cls.__name__ for cls in classes()}


def test_every_example_of_the_reference_is_a_valid_document_or_part_of_one() -> None:
    examples = re.findall(r"```toml\n(.*?)```", REFERENCE, flags=re.DOTALL)
    assert len(examples) >= 2
    whole = [example for example in examples if "[vendor]" in example]
    assert read_document(whole[0].encode(), name="example.toml").agreements[0].versions[0].targets
    for example in examples:
        assert tomllib.loads(example)
