"""Verifying a finalised statement: its fingerprints, its columns, and the figures from its own inputs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sla.engine.codec import canonical, digest, from_plain
from sla.engine.evaluation import ENGINE_VERSION
from sla.engine.facts import Inputs
from sla.engine.results import Result
from sla.inputs.history import outcomes_text
from sla.models import HeldCorrection, LineFigures, Statement, StatementLine, StatementRevision
from sla.services.credits import recorded_total, wanted_total
from sla.services.statements.drafting import figures_of, told
from sla.services.statements.drafts import result_of
from sla.services.statements.header import column_values, frozen_number, header_digest, header_of
from sla.services.statements.lines import LineValues, line_figures
from sla.services.statements.numbering import IDENTITY

Status = LineFigures.Status
# Columns that are words for what other columns say exactly.
WORDS = frozenset(
    {"name", "clause", "services", "level_printed", "value_printed", "shortfall_printed", "tier"}
    | {"provisional", "incidents", "unit"}
)


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found: problems mean that something was altered; notes only inform."""

    revision: StatementRevision
    checked: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether nothing was altered."""
        return not self.problems


@dataclass(frozen=True, kw_only=True)
class _Check:
    """One check in the reader's words, with what it found."""

    what: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class UnreadableError(ValueError):
    """Stored inputs or a stored result that are no value any more."""


def verify_revision(revision: StatementRevision) -> Verification:
    """Check one revision against its fingerprints, its predecessor and its own inputs; write nothing."""
    lines = list(revision.lines.order_by("number"))
    found = [_texts(revision), _chain(revision)]
    try:
        inputs, result = _read(revision)
    except UnreadableError as error:
        found.append(_Check(what="read", problems=(str(error),)))
    else:
        header = _header(revision, inputs=inputs, lines=lines)
        found += [
            header,
            _columns(revision, inputs=inputs, result=result, lines=lines, sealed=not header.problems),
            _figures(revision, result=result, lines=lines),
            _recomputed(revision, inputs=inputs, result=result),
            _recorded(revision, result=result),
        ]
    return Verification(
        revision=revision,
        checked=tuple(each.what for each in found),
        problems=tuple(problem for each in found for problem in each.problems),
        notes=tuple(note for each in found for note in each.notes),
    )


def verify_all(revisions: Iterable[StatementRevision]) -> Iterator[Verification]:
    """Yield what was found for each revision."""
    for revision in revisions:
        yield verify_revision(revision)


def _texts(revision: StatementRevision) -> _Check:
    pairs = (
        ("inputs", revision.inputs, revision.inputs_digest),
        ("result", revision.result, revision.result_digest),
    )
    problems = tuple(
        f"The stored text of the {name} is not what was finalised: its fingerprint is "
        f"{digest(text.encode())[:16]}…, recorded is {kept[:16]}…."
        for name, text, kept in pairs
        if digest(text.encode()) != kept
    )
    return _Check(what="fingerprints of inputs and result", problems=problems)


def _chain(revision: StatementRevision) -> _Check:
    what = "the chain to the revision before"
    before = StatementRevision.objects.filter(
        statement=revision.statement_id, number=revision.number - 1
    ).first()
    if revision.number == 1 and not revision.previous_digest:
        return _Check(what="the first revision, nothing before it")
    if before is None:
        return _Check(what=what, problems=(f"Revision {revision.number - 1} is missing.",))
    if before.digest != revision.previous_digest:
        return _Check(
            what=what,
            problems=(
                f"It follows a revision {before.number} with fingerprint {revision.previous_digest[:16]}…, "
                f"but that one has {before.digest[:16]}….",
            ),
        )
    return _Check(what=what)


def _read(revision: StatementRevision) -> tuple[Inputs, Result]:
    inputs: Inputs = _value(Inputs, text=revision.inputs, name="inputs")
    result: Result = _value(Result, text=revision.result, name="result")
    return inputs, result


def _value(kind: type, *, text: str, name: str) -> Any:
    try:
        return from_plain(kind, json.loads(text))
    except (ValueError, TypeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableError(f"The stored {name} cannot be read: {first}") from error


def _header(revision: StatementRevision, *, inputs: Inputs, lines: Sequence[StatementLine]) -> _Check:
    number, problems, notes = frozen_number(inputs), [], []
    if header_digest(header_of(revision, number=number, lines=lines)) != revision.digest:
        problems.append(
            "The revision's own fingerprint does not fit: its number, instant, person, reason, versions "
            "or a line is not what was finalised."
        )
    if revision.statement.period != inputs.period.label:
        problems.append(f"It hangs on the statement {revision.statement}, its inputs are those of {number}.")
    elif revision.statement.number != number:
        notes.append(f"It was finalised as {number}/r{revision.number}; the records have another name now.")
    return _Check(what="the revision's own fingerprint", problems=tuple(problems), notes=tuple(notes))


def _columns(
    revision: StatementRevision,
    *,
    inputs: Inputs,
    result: Result,
    lines: Sequence[StatementLine],
    sealed: bool,
) -> _Check:
    """Compare every column of every line with the stored result.

    Words may be put otherwise by another version of the program: under an intact fingerprint
    that is a note. A figure never is.
    """
    services = {unit.code: unit.name for unit in inputs.facts.units}
    found = line_figures(result, versions=inputs.versions, services=services)
    wanted = {values["key"]: values for values in found}
    problems: list[str] = []
    notes: list[str] = []
    for line in lines:
        for name, problem in _line_problems(line, wanted=wanted.get(line.key)):
            (notes if sealed and name in WORDS else problems).append(problem)
    here = {line.key for line in lines}
    problems += [f"The line of {key} is missing." for key in wanted if key not in here]
    problems += _numbers(revision, lines=lines)
    what = f"{len(lines)} line{'s' * (len(lines) != 1)}, each column"
    return _Check(what=what, problems=tuple(problems), notes=tuple(notes))


def _line_problems(line: StatementLine, *, wanted: LineValues | None) -> Iterator[tuple[str, str]]:
    """Yield column and problem of each difference between a line and what it should be."""
    at = f"Line {line.number} ({line.key})"
    if line.status == Status.PRIOR_PERIOD:
        if line.due_minor != _held_amount(line):
            yield "due_minor", f"{at}: no correction of {line.due_minor} was held for it."
        return
    if (wanted is None) != (line.status == Status.REMOVED):
        yield "status", f"{at} is {line.get_status_display().lower()}, against the result."
        return
    if wanted is None:
        kept = {name: getattr(line, name) for name in IDENTITY}
        wanted = {**kept, "status": Status.REMOVED.value}
    stored = column_values(line)
    for name, value in column_values(
        {**wanted, "number": line.number, "earlier_id": line.earlier_id}
    ).items():
        if stored[name] != value:
            yield name, f"{at}: {name} is {stored[name]!r}, its result says {value!r}."


def _held_amount(line: StatementLine) -> int | None:
    """Return the amount of the held correction that a line stands for, None where there is none."""
    kind, _, rest = line.key.partition("|")
    place = rest.rpartition("|")[2]
    statement = line.revision.statement_id
    if not place.isdigit() or line.earlier_id is None:
        return None
    of = line.earlier_id if kind == "earlier" else statement
    into = statement if kind == "earlier" else line.earlier_id
    rows = list(HeldCorrection.objects.filter(statement=of).order_by("pk")[: int(place)])
    if len(rows) < int(place) or rows[-1].into_id != into:
        return None
    return rows[-1].delta_minor if kind == "earlier" else -rows[-1].delta_minor


def _numbers(revision: StatementRevision, *, lines: Sequence[StatementLine]) -> Iterator[str]:
    """Yield numbers that mean another line than in the revision before."""
    here = {line.number: line.key for line in lines}
    before = StatementLine.objects.filter(
        revision__statement=revision.statement_id, revision__number=revision.number - 1
    )
    for number, key in before.values_list("number", "key"):
        if here.get(number) != key:
            yield f"Line {number} was {key} in the revision before and is {here.get(number, 'missing')} now."


def _figures(revision: StatementRevision, *, result: Result, lines: Sequence[StatementLine]) -> _Check:
    wanted = figures_of(result, lines=[{"due_minor": line.due_minor} for line in lines])
    wanted["engine_version"] = result.engine_version
    problems = tuple(
        f"{name} is {getattr(revision, name)!r}, its result and lines say {value!r}."
        for name, value in wanted.items()
        if getattr(revision, name) != value
    )
    return _Check(what="the statement's own columns", problems=problems)


def _recomputed(revision: StatementRevision, *, inputs: Inputs, result: Result) -> _Check:
    """Compute the stored inputs again: the same bytes by the same engine, else the same figures."""
    if canonical(inputs) != revision.inputs.encode():
        return _Check(what="the inputs as read", problems=("The stored inputs do not read back as written.",))
    again = result_of(inputs)
    if revision.engine_version == ENGINE_VERSION:
        same = canonical(again) == revision.result.encode()
        problem = "Computed again from the stored inputs, the result differs: " + _difference(result, again)
        return _Check(
            what=f"computed again from the stored inputs, engine {ENGINE_VERSION}: byte for byte",
            problems=() if same else (problem,),
        )
    how = f"engine {revision.engine_version} then, {ENGINE_VERSION} now"
    if told(again) == told(result):
        note = f"Other bytes, the same verdicts, seconds and money ({how})."
    else:
        note = f"Calculation change ({how}): {_difference(result, again)}"
    return _Check(what=f"computed again from the stored inputs, {how}: figures", notes=(note,))


def _difference(then: Result, now: Result) -> str:
    """Return in words what two results of the same inputs differ in."""
    said = []
    before = {(one.target, one.window.label, one.units, one.version): one for one in then.measured}
    for one in now.measured:
        old = before.pop((one.target, one.window.label, one.units, one.version), None)
        place = f"{one.target} {one.window.label} ({', '.join(one.units)})"
        if old is None:
            said.append(f"{place} is new")
        elif (old.verdict, old.counted_us) != (one.verdict, one.counted_us):
            said.append(
                f"{place} was {old.verdict} with {old.counted_us} us counted, "
                f"is {one.verdict} with {one.counted_us}"
            )
    said += [f"{one.target} {one.window.label} is gone" for one in before.values()]
    if then.credits.money != now.credits.money:
        said.append(f"the credit was {then.credits.money}, is {now.credits.money}")
    return "; ".join(said) or "the reasons, not the figures"


def _recorded(revision: StatementRevision, *, result: Result) -> _Check:
    """Compare the records of credits, and what later periods look back at, with this revision."""
    problems = []
    due, recorded = wanted_total(revision.due_minor, result=result), recorded_total(revision)
    if due != recorded:
        problems.append(f"The recorded credits sum to {recorded} minor units, the statement comes to {due}.")
    newest = StatementRevision.objects.filter(statement=revision.statement_id).order_by("number").last()
    if newest is not None and newest.pk == revision.pk:
        outcomes = Statement.objects.values_list("outcomes", flat=True).get(pk=revision.statement_id)
        if outcomes != outcomes_text(result.outcomes):
            problems.append("What later periods look back at is not this revision's outcomes.")
    return _Check(what="recorded credits and history", problems=tuple(problems))
