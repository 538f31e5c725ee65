"""The vendor's edition: the same figures, and nothing that is not the vendor's business."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sla.documents import inputs_of, read_document
from sla.engine.codec import canonical
from sla.engine.facts import Inputs
from sla.reports.editions import vendor_inputs
from sla.reports.editions.figures import moved_figures
from sla.reports.editions.redaction import computed
from tests.sla.planting import MARK, planted

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))


def sampled() -> Iterator[object]:
    """Yield the first statement of every golden case: each clause of the catalogue once."""
    for path in CASES:
        yield pytest.param(path, id=path.stem)


@cache
def inputs_in(path: Path) -> Inputs:
    document = read_document(path.read_bytes(), name=path.name)
    expected = document.expect[0]
    return inputs_of(
        document,
        agreement=expected.agreement,
        period_label=expected.period,
        known_until=expected.known_until,
    )


@pytest.mark.parametrize("path", sampled())
def test_the_vendors_edition_has_our_figures_and_none_of_our_words(path: Path) -> None:
    inputs = planted(inputs_in(path))
    ours = vendor_inputs(inputs)
    assert moved_figures(computed(inputs), theirs=computed(ours)) == []
    for text in (canonical(ours).decode(), canonical(computed(ours)).decode()):
        assert MARK not in text
