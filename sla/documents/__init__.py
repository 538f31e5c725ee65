"""The file format: a contract, its SLA schedules and what happened, as TOML or JSON (see FORMAT.md).

`document` what a file holds · `reading` bytes to a document · `writing` a document to text ·
`inputs` a document to what the engine takes · `evaluating` what its statements come to ·
`checking` faults across entries.
"""

from sla.documents.checking import remarks
from sla.documents.document import AgreementEntry, Document
from sla.documents.evaluating import result_of, results_of
from sla.documents.expectations import Expectation
from sla.documents.facts import facts_of
from sla.documents.inputs import inputs_of, versions_touching
from sla.documents.reading import DocumentError, local_clock, read_document
from sla.documents.spans import periods_touched
from sla.documents.writing import write_document

__all__ = [
    "AgreementEntry",
    "Document",
    "DocumentError",
    "Expectation",
    "facts_of",
    "inputs_of",
    "local_clock",
    "periods_touched",
    "read_document",
    "remarks",
    "result_of",
    "results_of",
    "versions_touching",
    "write_document",
]
