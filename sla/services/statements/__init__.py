"""Statements: computed as drafts, kept as heads, finalised as revisions, verified for ever.

`drafts` gather and compute · `heads` the rows that follow their inputs · `lines` figures as columns ·
`questions` what is unresolved · `finalising` revisions · `differences` between two of them ·
`verifying` digests and figures.
"""

from sla.services.statements.drafts import draft_statement, draft_statements, result_of

__all__ = ["draft_statement", "draft_statements", "result_of"]
