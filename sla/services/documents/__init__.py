"""A contract as a document: `load` brings one in, `export` writes one from the rows."""

from sla.services.documents.export import export_document
from sla.services.documents.load import load_document
from sla.services.documents.loading import LoadLine, LoadReport

__all__ = ["LoadLine", "LoadReport", "export_document", "load_document"]
