"""Load a document into the register: all of it or nothing, again and again."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sla.documents import Document, remarks
from sla.services.documents.happened import load_happenings
from sla.services.documents.judged import load_judged, load_schedules
from sla.services.documents.loading import Loading, LoadReport
from sla.services.documents.register import load_register

REASON = "Loaded from a document"


@transaction.atomic
def load_document(
    document: Document, *, by: User, at: datetime, reason: str = REASON, is_demo: bool = False
) -> LoadReport:
    """Create and update what a document holds, in one transaction, and never delete a record.

    What is on file and not in the document is listed. A second run changes nothing. `at` (UTC) dates
    what the document does not date: confirmations and statements of a party. Raise ValidationError
    with the place of every fault; then nothing was changed.
    """
    loading = Loading(document=document, by=by, at=at, reason=reason, is_demo=is_demo)
    loading.remarks += [str(remark) for remark in remarks(document)]
    load_register(loading)
    load_schedules(loading)
    load_happenings(loading)
    load_judged(loading)
    return loading.report()
