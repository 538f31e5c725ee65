"""What is done with terms and statements. Every write goes through one of these."""

from sla.services.documents import LoadLine, LoadReport, export_document, load_document
from sla.services.statements import draft_statement, draft_statements, result_of
from sla.services.templates import (
    Blank,
    StartTemplate,
    blanks_of,
    schedule_from_template,
    start_template,
    start_templates,
)
from sla.services.terms import (
    add_version,
    check_terms,
    check_version,
    copy_schedule,
    correct_terms,
    create_schedule,
    edit_draft,
    record_amendment,
    sign_off_terms,
)

__all__ = [
    "Blank",
    "LoadLine",
    "LoadReport",
    "StartTemplate",
    "add_version",
    "blanks_of",
    "check_terms",
    "check_version",
    "copy_schedule",
    "correct_terms",
    "create_schedule",
    "draft_statement",
    "draft_statements",
    "edit_draft",
    "export_document",
    "load_document",
    "record_amendment",
    "result_of",
    "schedule_from_template",
    "sign_off_terms",
    "start_template",
    "start_templates",
]
