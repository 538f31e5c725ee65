"""Finalised statements for tests of what is printed of them."""

from __future__ import annotations

from datetime import UTC, datetime

from sla.engine.codec import canonical, digest
from sla.engine.facts import Inputs
from sla.inputs import inputs_of
from sla.models import ServiceLevelAgreement, StatementLine, StatementRevision
from sla.services.statements import head_of, result_of
from sla.services.statements.numbering import statement_lines
from tests.builders import person

FINALISED = datetime(2019, 7, 8, 9, 30, tzinfo=UTC)
KNOWN = datetime(2019, 7, 8, 9, tzinfo=UTC)


def a_revision(
    agreement: ServiceLevelAgreement,
    *,
    label: str = "2019-06",
    inputs: Inputs | None = None,
    cause: str = "The month is over, says the CFO",
) -> StatementRevision:
    """Return the next revision of a period, with its lines and without credits."""
    statement = head_of(agreement, period_label=label)
    used = inputs or inputs_of(agreement, period_label=label, known_until=KNOWN)
    result = result_of(used)
    newest = statement.revisions.order_by("number").last()
    money = result.credits.money
    raw, came_to = canonical(used), canonical(result)
    number = newest.number + 1 if newest else 1
    revision = StatementRevision.objects.create(
        statement=statement,
        number=number,
        currency=result.currency,
        due_minor=money.minor if money else 0,
        inputs=raw.decode(),
        inputs_digest=digest(raw),
        result=came_to.decode(),
        result_digest=digest(came_to),
        engine_version=result.engine_version,
        zone_data="2019.2",
        digest=digest(raw + came_to + str(number).encode()),
        finalised_at=FINALISED,
        finalised_by=person("pat.finance"),
        cause=cause,
        overridden=[{"question": "open incident", "reason": "we believe them"}],
    )
    for values in statement_lines(statement, result=result, inputs=used, newest=newest):
        StatementLine.objects.create(revision=revision, **values)
    return revision
