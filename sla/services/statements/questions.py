"""What is unresolved before a statement is finalised: one question of each kind, with what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError

from incidents.models import Party, Position, Subject
from sla.engine.facts import Verdict
from sla.engine.results import Measured, Result, TimeClass
from sla.engine.trace import spoken_length
from sla.models import Exclusion, Statement
from sla.selectors import versions_in_force
from sla.services.statements.plausible import implausible

# The codes are stable: reasons are kept under them, and commands name them.
QUESTIONS: Mapping[str, str] = {
    "period_not_over": "The period is not over",
    "open_incident": "An incident is still open",
    "unconfirmed_times": "Times or responsibility are not confirmed",
    "contested": "The vendor contests a line",
    "unknown_time": "Nobody knows about some of the time",
    "not_heard": "Nothing is recorded, and nobody confirmed that nothing happened",
    "unsettled_exclusion": "An exclusion is asked for and not settled",
    "unconfirmed_condition": "A condition of the clause is neither confirmed nor denied",
    "not_due_yet": "Something that is owed by a date has not come, or is not due yet",
    "missing_samples": "Measured values are missing",
    "missing_figure": "A reported figure is missing",
    "missing_bill": "A bill or a fee is missing",
    "implausible": "A figure is out of the ordinary",
    "unsigned_terms": "The terms are not signed off against the document",
    "other": "Something else is open",
}
# The engine's reasons, by what they ask for.
_ASKED = (
    ("period_not_over", re.compile(r"the period has not ended")),
    ("open_incident", re.compile(r"is still open|was not over at")),
    ("unconfirmed_times", re.compile(r"nobody has confirmed|clock of record|has no time '")),
    ("unconfirmed_condition", re.compile(r"^Condition .* is not confirmed")),
    ("not_due_yet", re.compile(r"is not yet due|has not come yet")),
    ("missing_figure", re.compile(r"^no figure ")),
    ("missing_bill", re.compile(r"estimate until it is billed|^No fee is recorded")),
)
# Said by what stands on the lines, with the place.
_ELSEWHERE = ("the vendor contests times or responsibility", "part of the time was not measured")
MOST_DETAILS = 20


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is unresolved, in words that name the values and the places."""

    code: str
    text: str


def open_questions(statement: Statement, *, result: Result, now: datetime) -> tuple[Question, ...]:
    """Return what is unresolved in a result, in the order of `QUESTIONS`; `now` is a UTC instant."""
    found: dict[str, list[str]] = {code: [] for code in QUESTIONS}
    if statement.ends_at > now:
        found["period_not_over"].append(f"it ends at {statement.ends_at:%Y-%m-%d %H:%M} UTC")
    for reason in result.provisional:
        if reason not in _ELSEWHERE:
            found[_code_of(reason)].append(reason.rstrip("."))
    for one in result.measured:
        for code, detail in _of_level(one):
            found[code].append(detail)
    found["unsettled_exclusion"] += _unsettled(statement, result=result)
    found["implausible"] += implausible(statement, result=result)
    found["unsigned_terms"] += _unsigned(statement)
    return tuple(
        Question(code=code, text=f"{QUESTIONS[code]}: {_listed(details)}.")
        for code, details in found.items()
        if details
    )


def _code_of(reason: str) -> str:
    return next((code for code, pattern in _ASKED if pattern.search(reason)), "other")


def _of_level(one: Measured) -> Iterator[tuple[str, str]]:
    place = f"{one.target} {one.window.label} ({', '.join(one.units)})"
    if one.contested:
        yield "contested", place
    if one.verdict is Verdict.MET_UNCONFIRMED:
        yield "not_heard", f"{place}: {_note(one, name='watched')}"
    unknown = one.ledger.us(TimeClass.UNKNOWN) if one.ledger is not None else 0
    if unknown:
        yield "unknown_time", f"{place}: {spoken_length(unknown)}"
    elif one.verdict is Verdict.NOT_MEASURABLE:
        why = _note(one, name="why")
        if why.startswith("no sample of"):
            yield "missing_samples", f"{place}: {_unmeasured(why)}"
        elif not why.startswith("no figure"):
            yield "unknown_time", f"{place}: {why or 'not measurable'}"


def _unmeasured(why: str) -> str:
    """Return the engine's reason in the reader's words: no value of 'packet-delivery' was measured."""
    found = re.match(r"no sample of ('.*') lies in the window$", why)
    return why if found is None else f"no value of {found[1]} was measured"


def _note(one: Measured, *, name: str) -> str:
    return str(dict(one.step.notes).get(name, ""))


def _unsettled(statement: Statement, *, result: Result) -> Iterator[str]:
    """Yield exclusions that only the vendor asks for, of incidents on this statement."""
    names = {name for one in result.measured for name in _incidents(one)}
    rows = Exclusion.objects.filter(
        rule__version__agreement=statement.agreement_id, party=Party.VENDORS
    ).select_related("rule", "incident")
    for row in rows:
        about = row.incident.reference if row.incident else f"{row.started_at:%Y-%m-%d %H:%M} UTC"
        if about in names or (row.incident is None and _inside(row, statement=statement)):
            yield f"{about} by {row.rule.code}"
    if not names:
        return
    said = Position.objects.filter(incident__reference__in=names, about=Subject.EXCLUSION)
    settled = set(said.filter(party__in=(Party.AGREED, Party.DETERMINED)).values_list("incident", "outage"))
    for position in said.filter(party=Party.VENDORS).select_related("incident"):
        if not {(position.incident_id, position.outage_id), (position.incident_id, None)} & settled:
            yield f"{position.incident.reference} by {position.exclusion}"


def _incidents(one: Measured) -> Iterator[str]:
    for line in one.ledger.lines if one.ledger is not None else ():
        yield from line.incidents
    yield from (case.subject for case in one.cases)


def _inside(row: Exclusion, *, statement: Statement) -> bool:
    started, ended = row.started_at, row.ended_at
    begun = started is None or started < statement.ends_at
    return begun and (ended is None or ended > statement.starts_at)


def _unsigned(statement: Statement) -> Iterator[str]:
    versions = versions_in_force(statement.agreement, first_on=statement.first_on, last_on=statement.last_on)
    return (f"those from {version.effective_from}" for version in versions if version.is_draft)


def _listed(details: Iterable[str]) -> str:
    every = list(dict.fromkeys(details))
    more = f" and {len(every) - MOST_DETAILS} more" if len(every) > MOST_DETAILS else ""
    return "; ".join(every[:MOST_DETAILS]) + more


def checked_reasons(questions: Iterable[Question], *, reasons: Mapping[str, str]) -> list[dict[str, str]]:
    """Return each question with the reason to go on; raise ValidationError that lists all without one."""
    unknown = sorted(set(reasons) - set(QUESTIONS))
    if unknown:
        raise ValidationError(
            f"There is no question {', '.join(unknown)}. Choose from {', '.join(QUESTIONS)}.", code="unknown"
        )
    asked = list(questions)
    open_still = [each for each in asked if not reasons.get(each.code, "").strip()]
    if open_still:
        raise ValidationError(
            [
                ValidationError(
                    f"{each.text} Settle it, or give a reason to go on under {each.code!r}.", code=each.code
                )
                for each in open_still
            ]
        )
    return [
        {"code": each.code, "question": each.text, "reason": reasons[each.code].strip()} for each in asked
    ]
