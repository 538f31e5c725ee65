"""Two editions of every document from one data structure: ours, and the one that the vendor reads.

`redaction` takes out of the inputs what is not the vendor's business, and requires the same figures ·
`tokens` stable names in place of people · `figures` what must not move · `document` a statement as plain
data · `parties` who asks whom for what · `corrections` what changed since the last revision ·
`incidents` and `exclusions` the tables behind · `printing` the PDF.
"""

from sla.reports.editions.document import (
    StatementDocument,
    draft_document,
    frozen_inputs,
    frozen_result,
    result_of_edition,
    statement_document,
)
from sla.reports.editions.edition import Edition
from sla.reports.editions.printing import draft_pdf, revision_pdf, statement_pdf
from sla.reports.editions.redaction import vendor_inputs

__all__ = [
    "Edition",
    "StatementDocument",
    "draft_document",
    "draft_pdf",
    "frozen_inputs",
    "frozen_result",
    "result_of_edition",
    "revision_pdf",
    "statement_document",
    "statement_pdf",
    "vendor_inputs",
]
