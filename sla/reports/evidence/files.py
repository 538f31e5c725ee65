"""What is in an evidence pack: each file with its bytes, in a fixed order."""

from __future__ import annotations

from pathlib import Path

from sla import engine
from sla.engine.codec import canonical, digest
from sla.engine.evaluation import ENGINE_VERSION
from sla.engine.facts import Inputs
from sla.engine.results import Result
from sla.models import StatementRevision
from sla.reports.editions import (
    Edition,
    frozen_result,
    result_of_edition,
    statement_document,
    statement_pdf,
)
from sla.reports.editions.document import NOT_TAX
from sla.reports.editions.figures import moved_figures
from sla.reports.editions.names import names_of
from sla.reports.editions.redaction import computed
from sla.reports.evidence.account import account_csv, cases_csv, classes_csv, incidents_csv
from sla.reports.evidence.calculator import calculator_text
from sla.reports.evidence.clauses import clauses_text

VERIFIER = Path(__file__).resolve().parent / "verifier.py"
ENGINE = Path(engine.__file__).resolve().parent
LISTED = "SHA256SUMS"

WHAT = {
    "README.txt": "this page",
    "statement.pdf": "the service level statement",
    "calculator.txt": "the few numbers, to be re-performed with a calculator",
    "account.csv": "the time account: every stretch that was not plainly delivered",
    "account-classes.csv": "what each class of the account comes to; the classes sum to the whole time",
    "cases.csv": "the cases of service levels that are not time",
    "incidents.csv": "what happened when, and what each party says of it",
    "clauses.txt": "the clauses that it was judged by",
    "inputs.json": "everything that the statement was computed from",
    "result.json": "what it came to, with how each figure was worked out",
    "result-as-finalised.json": "the same figures as an earlier version of the calculation wrote them",
    "verify.py": "checks this folder and computes all of it again",
    "engine/": "the source of the calculation, which verify.py uses",
    LISTED: "the SHA-256 fingerprints of all files",
}


def pack_folder(revision: StatementRevision, *, edition: Edition) -> str:
    """Return the name of the folder in the pack, such as MSA-2019-014-power-2019-06-r2-vendor."""
    return f"{revision.full_number.replace('/', '-')}-{edition.value}"


def pack_files(revision: StatementRevision, *, edition: Edition) -> dict[str, bytes]:
    """Return the files of a pack by path; raise ValueError where the figures cannot be repeated today."""
    inputs, result = _repeatable(revision, edition=edition)
    names = names_of(inputs)
    document = statement_document(revision, edition=edition)
    found = {
        "statement.pdf": statement_pdf(document),
        "calculator.txt": calculator_text(inputs, result=result).encode(),
        "account.csv": account_csv(result, names=names),
        "account-classes.csv": classes_csv(result, names=names),
        "cases.csv": cases_csv(result, names=names),
        "incidents.csv": incidents_csv(inputs, names=names),
        "clauses.txt": clauses_text(inputs, names=names).encode(),
        "inputs.json": canonical(inputs),
        "result.json": canonical(result),
        "verify.py": VERIFIER.read_bytes(),
        **_engine_source(),
    }
    if edition is Edition.INTERNAL and digest(found["result.json"]) != revision.result_digest:
        found["result-as-finalised.json"] = revision.result.encode()
    found["README.txt"] = _readme(revision, edition=edition, files=found).encode()
    listing = "".join(f"{digest(found[path])}  {path}\n" for path in sorted(found))
    return {**{path: found[path] for path in sorted(found)}, LISTED: listing.encode()}


def _repeatable(revision: StatementRevision, *, edition: Edition) -> tuple[Inputs, Result]:
    """Return inputs and the result that the calculation in the pack gives for them."""
    inputs, result = result_of_edition(revision, edition=edition)
    today = computed(inputs)
    if moved := moved_figures(frozen_result(revision), theirs=today):
        raise ValueError(
            f"{revision.full_number} was finalised with calculation {revision.engine_version}; today's, "
            f"version {ENGINE_VERSION}, gives other figures: {'; '.join(moved[:3])}. A pack would contradict "
            "the statement; finalise it again first."
        )
    return inputs, today if edition is Edition.INTERNAL else result


def _engine_source() -> dict[str, bytes]:
    """Return the calculation's source under engine/, as an importable package."""
    paths = sorted(path for path in ENGINE.rglob("*.py"))
    found = {f"engine/sla/engine/{path.relative_to(ENGINE).as_posix()}": path.read_bytes() for path in paths}
    return {"engine/sla/__init__.py": b"", **found}


def _readme(revision: StatementRevision, *, edition: Edition, files: dict[str, bytes]) -> str:
    present = [*files, "README.txt", LISTED, "engine/"]
    listing = "\n".join(f"  {name:<26}{what}" for name, what in WHAT.items() if name in present)
    redacted = (
        "Names of persons and of third parties are replaced by tokens, and internal remarks are left out.\n"
        "Every figure is the same as in the customer's own records.\n\n"
        if edition is Edition.VENDOR
        else "INTERNAL EDITION: it holds internal remarks. Do not pass it on.\n\n"
    )
    return (
        f"Evidence for service level statement {revision.full_number}\n"
        f"Fingerprint {revision.digest}\n\n"
        f"{redacted}"
        f"{listing}\n\n"
        "To check it, with Python 3.11 or later and nothing else:\n\n"
        "  python3 verify.py\n\n"
        "It prints OK, or what differs. To check by hand, follow calculator.txt.\n\n"
        f"inputs.json  SHA-256 {digest(files['inputs.json'])}\n"
        f"result.json  SHA-256 {digest(files['result.json'])}\n\n"
        f"{NOT_TAX}\n"
    )
