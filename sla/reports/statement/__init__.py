"""A service level statement as plain data, ready to be shown: every text is made here, nothing is computed.

`page` the whole · `levels` one measured level with its account · `money` credits line by line ·
`dates` claims and patterns · `reasons` how it was worked out.
"""

from sla.reports.statement.page import StatementPage, statement_page

__all__ = ["StatementPage", "statement_page"]
