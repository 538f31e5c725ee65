"""Statements: computed as drafts, kept as heads, finalised as revisions, verified for ever.

`drafts` gather and compute · `heads` the rows that follow their inputs · `staleness` which of them a change
moves · `drafting` a draft's columns · `outlooks` what it says ahead · `lines` figures as columns ·
`numbering` lasting line numbers · `questions` what is unresolved · `plausible` what is out of the ordinary ·
`finalising` revisions · `corrections` held for a later statement · `differences` between two of them ·
`verifying` digests and figures.
"""

from sla.services.statements.differences import Difference, differences
from sla.services.statements.drafts import draft_statement, draft_statements, result_of
from sla.services.statements.finalising import finalise_statement, hold_correction
from sla.services.statements.heads import (
    Allowance,
    fresh_heads,
    head_of,
    note_stale,
    refresh_heads,
    refresh_statement,
)
from sla.services.statements.questions import Question, open_questions

__all__ = [
    "Allowance",
    "Difference",
    "Question",
    "differences",
    "draft_statement",
    "draft_statements",
    "finalise_statement",
    "fresh_heads",
    "head_of",
    "hold_correction",
    "note_stale",
    "open_questions",
    "refresh_heads",
    "refresh_statement",
    "result_of",
]
