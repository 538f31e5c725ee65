"""What would stop an evaluation half-way: names left empty, hidden signs, far-off times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime

from sla.documents.document import Document
from sla.engine.codec import Problem

# Time is cut into periods from the first record to the last: one mistyped century makes thousands.
EARLIEST, LATEST = -20, 60
HAPPENED = ("incidents", "maintenance", "samples", "deliveries", "conditions", "exclusions", "watches")
# Control signs other than tabs and line ends, and those that turn the direction of writing.
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def gaps(document: Document) -> Iterator[Problem]:
    """Yield what leaves a document readable and yet not to be evaluated, besides its terms."""
    yield from _texts(document, place="")
    yield from _far_off(document)


def _texts(value: object, *, place: str) -> Iterator[Problem]:
    """Yield the empty names in lists, and the texts that would steer a terminal or hide what they say."""
    if isinstance(value, str):
        if sign := _HIDDEN.search(value):
            yield Problem(place, f"The text holds the hidden sign U+{ord(sign[0]):04X}. Remove it.")
    elif is_dataclass(value):
        for field in fields(value):
            inner = f"{place}.{field.name}" if place and field.name != "params" else place or field.name
            yield from _texts(getattr(value, field.name), place=inner)
    elif isinstance(value, tuple) and not hasattr(value, "_fields"):
        for index, item in enumerate(value):
            if isinstance(item, str) and not item.strip():
                yield Problem(f"{place}[{index}]", "The name is empty. Write it, or take it out of the list.")
            yield from _texts(item, place=f"{place}[{index}]")


def _far_off(document: Document) -> Iterator[Problem]:
    begins = document.contract.effective_from
    years = range(begins.year + EARLIEST, begins.year + LATEST + 1)
    for key in HAPPENED:
        for place, on in _dates(getattr(document, key), place=key):
            if on.year not in years:
                yield Problem(
                    place,
                    f"{on:%Y-%m-%d} lies far from the contract, which begins on {begins}. Check the year.",
                )


def _dates(value: object, *, place: str) -> Iterator[tuple[str, date | datetime]]:
    if isinstance(value, date):
        yield place, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _dates(getattr(value, field.name), place=f"{place}.{field.name}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _dates(item, place=f"{place}[{index}]")
