"""Letting a vendor have a finalised statement: a person's act, once for each revision."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.models import Release, StatementRevision
from sla.services.statements.drafting import newest_revision
from sla.services.statements.finalising import lock_statement
from vendors import nudges
from vendors.services.system import is_system


@transaction.atomic
def release_revision(revision: StatementRevision, *, by: User, now: datetime, note: str = "") -> Release:
    """Let the vendor have a finalised statement; `leaving` says which mail carries it.

    Raises ValidationError for one that was released before, for one that a newer revision replaced (the
    vendor would get figures that we no longer hold), and for a release that no person makes.
    """
    if by.pk is None or is_system(by):
        raise ValidationError(
            "Only a person lets a vendor have a statement: sign in and release it.", code="person"
        )
    # Whoever finalises the next revision at this moment waits, and is seen here or comes after.
    statement = lock_statement(revision.statement)
    newest = newest_revision(statement)
    if newest is None or newest.pk != revision.pk:
        raise ValidationError(
            f"{revision} was replaced by r{newest.number if newest else '?'}: release that one, so that the"
            " vendor gets the figures that hold.",
            code="replaced",
        )
    before = Release.objects.filter(revision=revision).select_related("released_by").first()
    if before is not None:
        raise ValidationError(
            f"{revision} was released already, on {before.released_at:%Y-%m-%d} by {before.released_by}.",
            code="released",
        )
    row = Release.objects.create(revision=revision, released_at=now, released_by=by, note=note.strip())
    nudges.after_commit()
    return row
