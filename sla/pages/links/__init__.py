"""What a vendor reads and answers by a link, without an account and without a script.

`door` lets in who has the key · `lines` what the page shows of each line · `forms` what is typed ·
`statement` the page and its PDF · `answering` the code, the confirmation and the copy.
"""

from sla.pages.links.answering import check_answer, sent_answer
from sla.pages.links.statement import statement_page, statement_pdf

__all__ = ["check_answer", "sent_answer", "statement_page", "statement_pdf"]
