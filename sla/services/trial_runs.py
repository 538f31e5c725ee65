"""What a document comes to, tried out: nothing is stored, and within bounds that nobody's patience breaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sla.documents import Document, periods_touched, results_of
from sla.engine.results import Result

MOST_STATEMENTS = 120
MOST_HAPPENED = 5_000
HAPPENED = ("incidents", "maintenance", "samples", "figures", "deliveries", "conditions", "exclusions")


def tried_results(
    document: Document, *, agreement: str = "", period_label: str | None = None, known_until: datetime | None
) -> Iterator[Result]:
    """Yield what the SLA schedules of a document come to, as `manage.py evaluate` does.

    Raises ValueError for a schedule or period that is none, and for more than is computed at once.
    """
    codes = [agreement] if agreement else [each.code for each in document.agreements]
    _check_bounds(document, codes=codes)
    found = False
    for code in codes:
        for result in results_of(
            document, agreement=code, period_label=period_label, known_until=known_until
        ):
            found = True
            yield result
    if not found:
        raise ValueError("Nothing is recorded in the document. Name a period, such as 2019-06.")


def _check_bounds(document: Document, *, codes: list[str]) -> None:
    told = sum(len(getattr(document, name)) for name in HAPPENED)
    if told > MOST_HAPPENED:
        raise ValueError(
            f"The document tells of {told} things that happened; at most {MOST_HAPPENED} are computed at"
            " once. Leave out earlier ones, or load it with `manage.py load_contract`."
        )
    statements = sum(len(periods_touched(document, agreement=code)) for code in codes)
    if statements > MOST_STATEMENTS:
        raise ValueError(
            f"The document touches {statements} periods; at most {MOST_STATEMENTS} are computed at once."
            " Name one SLA schedule, or leave out earlier events."
        )
