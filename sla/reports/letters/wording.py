"""The letter in words: a mail, a text for a portal, and the PDF, from templates with a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from textwrap import fill
from typing import Any

from sla.reports.letters.letter import Letter, LetterIncident, LetterLine
from sla.reports.pdf import render_pdf

FOLDER = Path(__file__).resolve().parent
PORTAL = "portal/1"
WIDTH = 92
NO_TIMES = "  as in the statement named above"


@dataclass(frozen=True, kw_only=True)
class LetterText:
    """A letter as it leaves by mail, and as it is pasted into a vendor's portal."""

    subject: str
    body: str
    portal_text: str


def letter_text(letter: Letter, *, additions: Mapping[str, str]) -> LetterText:
    """Return a letter in words; `additions` are what a person adds to what the clause wants."""
    values = _values(letter, additions=additions)
    return LetterText(
        subject=letter.subject,
        body=_filled(letter.template, values=values),
        portal_text=_filled(PORTAL, values=values),
    )


def letter_pdf(letter: Letter, *, additions: Mapping[str, str]) -> bytes:
    """Return a letter as PDF; the same letter gives the same bytes."""
    data: dict[str, Any] = asdict(letter)
    data["on"] = letter.on.isoformat()
    data["demands"] = [list(pair) for pair in (*letter.demands, *additions.items())]
    return render_pdf("letter", data, on=letter.on)


def _filled(template: str, *, values: Mapping[str, str]) -> str:
    source = (FOLDER / f"{template.replace('/', '-')}.txt").read_text(encoding="utf-8")
    written = Template(source).substitute(values)
    lines = [
        fill(line, WIDTH) if len(line) > WIDTH and line[:1] != " " else line for line in written.splitlines()
    ]
    return "\n".join(_without_double_gaps(lines)).strip() + "\n"


def _wrapped(line: str) -> str:
    """Return a paragraph in lines; an indented row stays whole."""
    return line if line.startswith(" ") else fill(line, WIDTH)


def _without_double_gaps(lines: list[str]) -> list[str]:
    """Return lines with at most one blank line between two."""
    return [line for place, line in enumerate(lines) if line.strip() or (place and lines[place - 1].strip())]


def _values(letter: Letter, *, additions: Mapping[str, str]) -> dict[str, str]:
    parties, demands = letter.parties, (*letter.demands, *additions.items())
    asked = " and ".join(letter.totals)
    return {
        "place": f"{letter.on}",
        "addressee": f"To {parties.vendor}" + (f", {letter.recipient}" if letter.recipient else ""),
        "subject": letter.subject,
        "reference": letter.claim,
        "contract": parties.contract,
        "account": letter.account,
        "schedule": parties.schedule,
        "customer": parties.customer,
        "zone": letter.zone,
        "lines": "\n".join(_line(each) for each in letter.lines),
        "total": f"In all: {asked}, before tax.",
        "asked": f"Credit asked for, before tax: {asked}" if letter.lines else "The amount follows.",
        "incidents": "\n".join(_incident(each) for each in letter.incidents)
        or "  as in the statement named above",
        "demands": _demands(demands),
        "deadline": f"{letter.deadline}\n" if letter.deadline else "",
        "remedy": f"{letter.remedy}\n",
        "reply": letter.reply,
        "ticket_line": _tickets(letter),
    }


def _line(line: LetterLine) -> str:
    about = ", ".join(filter(None, (line.name, line.services)))
    told = f"    target {line.target}, achieved {line.achieved}" if line.target else ""
    where = (
        f"    statement {line.statement}" + (f", line {line.line}" if line.line else "") + f", {line.window}"
    )
    clause = f"    clause: {line.clause}" if line.clause else ""
    return "\n".join(filter(None, (f"  {about}: {line.amount}", told, clause, where)))


def _incident(each: LetterIncident) -> str:
    ticket = f", your number {each.ticket}" if each.ticket else ""
    ends = f"{each.ends} ({each.ends_utc})" if each.ends_utc else each.ends
    starts = f"{each.starts} ({each.starts_utc})" if each.starts_utc else each.starts
    told = f", {each.told}" if each.told else ""
    return f"  {each.reference}{ticket}: {each.services}\n    {starts}\n    to {ends}{told}"


def _demands(demands: tuple[tuple[str, str], ...]) -> str:
    if not demands:
        return ""
    rows = "\n".join(f"  {item}: {answer}" for item, answer in demands)
    return f"What the contract wants to be in this request:\n{rows}\n\n"


def _tickets(letter: Letter) -> str:
    tickets = dict.fromkeys(each.ticket for each in letter.incidents if each.ticket)
    return f"Your numbers: {', '.join(tickets)}\n" if tickets else ""
