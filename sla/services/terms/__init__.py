"""Two different acts: correct how terms were entered, and record what the parties changed.

`acts` what people do · `rows` terms to rows · `checks` what is refused at entry.
"""

from sla.services.terms.acts import (
    add_version,
    copy_schedule,
    correct_terms,
    create_schedule,
    edit_draft,
    record_amendment,
    sign_off_terms,
)
from sla.services.terms.checks import check_terms, check_version

__all__ = [
    "add_version",
    "check_terms",
    "check_version",
    "copy_schedule",
    "correct_terms",
    "create_schedule",
    "edit_draft",
    "record_amendment",
    "sign_off_terms",
]
