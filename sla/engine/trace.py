"""The reasons of a value: each figure is the sum of its explanation.

A ``Step`` holds a stable rule code, the value it gave, the clause it rests on and the steps it was
made from. The sentence is filled from the step's own values when somebody asks for it, never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sla.engine.intervals import MICROSECOND
from sla.engine.money import format_minor

Value = Fraction | int | str | bool | datetime | None


class Quantity(NamedTuple):
    """A number with the unit it is to be read in, for a sentence."""

    value: Fraction | int | None
    unit: str


# Sentences by rule code; modules add theirs with `rules()` so that a rule stands beside its code.
RULES: dict[str, str] = {}


def rules(**sentences: str) -> None:
    """Register the sentence template of each rule code; ``__`` in a name stands for a dot."""
    for name, sentence in sentences.items():
        code = name.replace("__", ".")
        if RULES.setdefault(code, sentence) != sentence:
            raise ValueError(f"Rule {code} has two sentences. Give the second one another code.")


class Step(NamedTuple):
    """One reason: what was found, by which rule and clause, from which steps.

    ``unit`` says how to read ``value``: ``%``, ``us`` (microseconds), an ISO currency (exact minor
    units), ``count``, ``days``, ``hours``, ``points``, ``instant`` or empty for text and verdicts.
    """

    rule: str
    value: Value
    unit: str = ""
    clause: str = ""
    inputs: tuple[Step, ...] = ()
    notes: tuple[tuple[str, object], ...] = ()

    @property
    def because(self) -> str:
        """Return the rule's sentence filled with this step's values, instants in UTC."""
        return self.sentence()

    def sentence(self, *, instant: Callable[[datetime], str] | None = None) -> str:
        """Return the rule's sentence; ``instant`` writes moments, such as in the contract's zone."""
        show = instant or written_instant
        words = {name: in_words(value, instant=show) for name, value in self.notes}
        value = self.value
        words["value"] = show(value) if isinstance(value, datetime) else written(value, unit=self.unit)
        return RULES[self.rule].format_map(words)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Step]]:
        """Yield this step and all below it, with their depth, in reading order."""
        yield depth, self
        for step in self.inputs:
            yield from step.walk(depth + 1)


def written(value: Value, *, unit: str) -> str:
    """Return a step's value for reading."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return written_instant(value)
    if unit == "us":
        return written_length(value)
    if unit == "%":
        return f"{written_fraction(value, digits=6)} %"
    if len(unit) == 3 and unit.isupper():
        return format_minor(value, currency=unit)
    return (
        f"{written_fraction(value, digits=6)} {unit}".rstrip() if unit != "count" else written_fraction(value)
    )


def written_instant(at: datetime) -> str:
    """Return an instant as ``2019-06-25 04:15:00 UTC``, with microseconds only where there are any."""
    return f"{at:%Y-%m-%d %H:%M:%S}" + (f".{at.microsecond:06d}" if at.microsecond else "") + " UTC"


def written_length(micros: Fraction | int) -> str:
    """Return microseconds as ``1 h 13 min`` or ``4 min 23.5 s``."""
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    seconds, rest = divmod(Fraction(micros, 1_000_000), 60)
    minutes = int(seconds)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    if rest or not parts:
        parts.append(f"{written_fraction(rest, digits=6)} s")
    return sign + " ".join(parts)


def spoken_length(micros: Fraction | int) -> str:
    """Return microseconds as prose says them: to the nearest second, and exactly below half a second."""
    seconds = (Fraction(micros, 1_000_000) + Fraction(1, 2)).__floor__()
    return written_length(seconds * 1_000_000 or micros)


def written_fraction(value: Fraction | int, *, digits: int = 6) -> str:
    """Return a number floored to at most ``digits`` decimals, without trailing zeros."""
    scale = 10**digits
    floored = Decimal((Fraction(value) * scale).__floor__()).scaleb(-digits)
    text = f"{floored:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_words(value: object, *, instant: Callable[[datetime], str] = written_instant) -> str:
    """Return a note's value for reading: instants, lengths, numbers and lists."""
    if isinstance(value, Quantity):
        return written(value.value, unit=value.unit)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, timedelta):
        return written_length(value // MICROSECOND)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (Fraction, int)):
        return written_fraction(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, (tuple, list)):
        return ", ".join(in_words(item, instant=instant) for item in value)
    return str(value)


def notes(values: Mapping[str, object] | None = None, /, **named: object) -> tuple[tuple[str, object], ...]:
    """Return named values in the form a step keeps them."""
    return tuple((values or {}).items()) + tuple(named.items())
