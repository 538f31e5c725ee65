"""What a clause wants to be in a claim, and what of it we have.

Clauses name it in their own words (clauses.md 2.8), so words are matched; what no word matches is for a
person to add, and never promised in the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from sla.reports.letters.letter import LetterIncident, LetterLine

SUBJECT = re.compile(r"subject", re.IGNORECASE)
QUOTED = re.compile(r"[\"'“‘]([^\"'”’]+)[\"'”’]")
AFTER_SUBJECT = re.compile(r"subject(?:\s+(?:words?|line))?\s*[:=]\s*(.+)", re.IGNORECASE)

Given = Mapping[str, str]


def subject_words(demanded: Iterable[str]) -> str:
    """Return the words that the clause wants in the subject, empty where it wants none."""
    for item in demanded:
        if SUBJECT.search(item):
            found = QUOTED.search(item) or AFTER_SUBJECT.search(item)
            if found:
                return found.group(1).strip()
    return ""


def answered(
    demanded: Sequence[str], *, given: Given, subject: str
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return what is demanded with our answer, and what is still missing."""
    found: list[tuple[str, str]] = []
    missing: list[str] = []
    for item in demanded:
        answer = subject if SUBJECT.search(item) and subject_words([item]) else _answer(item, given=given)
        if answer:
            found.append((item, answer))
        else:
            missing.append(item)
    return tuple(found), tuple(missing)


# The first pattern that an item matches decides; the order puts what is more special first.
KINDS = (
    ("logs", re.compile(r"\blogs?\b|trace|screenshot|evidence|capture|attach", re.IGNORECASE)),
    ("tickets", re.compile(r"ticket|case (?:number|id)|incident number", re.IGNORECASE)),
    ("times", re.compile(r"\btimes?\b|\bdates?\b|duration|when\b|began|start|period", re.IGNORECASE)),
    ("account", re.compile(r"account|customer number|billing", re.IGNORECASE)),
    ("contract", re.compile(r"contract|agreement|order", re.IGNORECASE)),
    (
        "services",
        re.compile(r"identifier|circuit|resource|instance|service|port|region|\bids?\b", re.IGNORECASE),
    ),
    ("amount", re.compile(r"amount|credit|sum", re.IGNORECASE)),
    ("description", re.compile(r"descri|what happened|impact|nature", re.IGNORECASE)),
)


def _answer(item: str, *, given: Given) -> str:
    kind = next((name for name, pattern in KINDS if pattern.search(item)), "")
    return given.get(kind, "")


def what_is_given(
    *,
    lines: Sequence[LetterLine],
    incidents: Sequence[LetterIncident],
    identifiers: Sequence[str],
    account: str,
    contract: str,
    totals: Sequence[str],
) -> Given:
    """Return our answers by kind; a kind that we cannot answer in full is left out."""
    tickets = [each.ticket for each in incidents]
    found = {
        "tickets": ", ".join(dict.fromkeys(tickets)) if tickets and all(tickets) else "",
        "times": "given above for each incident" if incidents and all(i.starts for i in incidents) else "",
        "account": account,
        "contract": contract,
        "services": ", ".join(identifiers),
        "amount": " and ".join(totals) if lines else "follows",
        "description": "given above" if incidents else "",
    }
    return {kind: answer for kind, answer in found.items() if answer}
