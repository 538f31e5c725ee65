"""A document on file is the same document: the same figures, and a second loading changes nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sla.documents import Document, read_document, write_document
from sla.documents import inputs_of as inputs_of_document
from sla.engine.results import Result
from sla.inputs import inputs_of, with_history
from sla.models import ServiceLevelAgreement
from sla.services import export_document, load_document, result_of
from tests.builders import person
from vendors.models import Contract

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*.toml"))
LOADED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def read(path: Path) -> Document:
    """Read a case, without the room that other SLA schedules left: on file it follows from claims."""
    return replace(read_document(path.read_bytes(), name=path.name), rooms=())


def contract_of(document: Document) -> Contract:
    return Contract.objects.get(reference=document.contract.reference)


def load(document: Document) -> Any:
    return load_document(document, by=person(), at=LOADED_AT)


def figures(result: Result) -> dict[str, Any]:
    """Return everything that a statement prints, without the words that name people and papers."""
    return {
        "levels": [
            (
                *(
                    one.target,
                    one.window.label,
                    sorted(one.units),
                    one.verdict,
                    one.value,
                    one.best,
                    one.worst,
                ),
                *(one.counted_us, one.denominator_us, one.ledger.classes if one.ledger else None),
            )
            for one in result.measured
        ],
        "cases": [
            sorted((c.subject, c.state, c.late, c.lateness_us) for c in one.cases) for one in result.measured
        ],
        "credits": [
            (
                line.target,
                line.window,
                sorted(line.units),
                line.state,
                line.before_caps,
                line.due_exact,
                line.due,
            )
            for line in result.credits.lines
        ],
        "totals": [
            (total.pays, total.before_caps, total.removed, total.due) for total in result.credits.totals
        ],
        "points": result.credits.points,
        "deadlines": [(due.due_on, due.due_until, due.reading) for due in result.claim.deadlines]
        if result.claim
        else [],
        "steps": [(due.what, due.due_until) for due in result.claim.steps] if result.claim else [],
        "chronic": [(each.code, each.reached, each.count, each.needed) for each in result.chronic],
        "earned_back": [(each.target, each.period, each.amount) for each in result.earned_back],
        "agreed": (result.agreed, result.contested),
    }


def from_document(document: Document, *, agreement: str, period: str, known_until: datetime | None) -> Result:
    inputs = inputs_of_document(document, agreement=agreement, period_label=period, known_until=known_until)
    contract = document.contract
    versions = document.agreement(agreement).versions
    return result_of(
        with_history(inputs, versions=versions, since=contract.live_from or contract.effective_from)
    )


def from_rows(document: Document, *, agreement: str, period: str, known_until: datetime) -> Result:
    code = document.agreement(agreement).code
    row = ServiceLevelAgreement.objects.get(contract__reference=document.contract.reference, code=code)
    return result_of(inputs_of(row, period_label=period, known_until=known_until))


@pytest.mark.django_db
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_golden_case_on_file_and_its_export_give_the_same_figures(path: Path) -> None:
    document = read(path)
    load(document)
    assert not load(document).changed
    written = write_document(export_document(contract_of(document)))
    exported = read_document(written.encode(), name="export.toml")
    assert not load(exported).changed
    for expected in document.expect:
        asked = {"agreement": expected.agreement, "period": expected.period}
        told = from_document(document, **asked, known_until=expected.known_until)
        asked["known_until"] = told.known_until
        assert figures(from_rows(document, **asked)) == figures(told)
        assert figures(from_document(exported, **asked)) == figures(told)
