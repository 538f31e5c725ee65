"""Print a fingerprint of every result, to tell that a change made for speed changed no figure.

Run it before and after the change, and compare the two outputs:

    python -m tests.benchmarks.fingerprints > before.txt

Each line is one statement: of every document in tests/cases, and of some of the portfolio. The
fingerprint is over the canonical bytes of the result and the sentence of every reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from sla.documents import read_document
from sla.documents.evaluating import result_of, results_of
from sla.engine.codec import canonical, digest
from sla.engine.results import Result
from tests.benchmarks.portfolio import portfolio
from tests.engine.test_golden import FILES, steps_of


def results() -> Iterator[tuple[str, Result]]:
    """Yield a name and the result of every case and of twenty schedules of the portfolio."""
    for path in FILES:
        document = read_document(path.read_bytes(), name=path.name)
        for agreement in document.agreements:
            for result in results_of(document, agreement=agreement.code):
                yield f"{path.stem}/{agreement.code}/{result.period.label}", result
    for inputs in portfolio(schedules=20):
        yield inputs.schedule.contract, result_of(inputs)


def fingerprint(result: Result) -> str:
    """Return the fingerprint of a result's bytes and of all its sentences."""
    said = "\n".join(step.because for root in steps_of(result) for _, step in root.walk())
    return digest(canonical(result) + said.encode())


def main() -> None:
    """Print one line for each result."""
    for name, result in results():
        print(fingerprint(result), name)


if __name__ == "__main__":
    main()
