"""Files of service level statements, as people and programs take them away: drafts and revisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sla.models import ServiceLevelAgreement, StatementRevision
from sla.reports.editions import Edition, draft_pdf, frozen_result, revision_pdf
from sla.reports.plain import render_json
from sla.reports.text import render_text
from sla.services.evidence import evidence_pack
from sla.services.statements.drafts import draft_statement

EDITIONS = {"pdf": Edition.INTERNAL, "pdf-vendor": Edition.VENDOR}
OF_DRAFT = ("json", "pdf", "pdf-vendor", "text")
OF_REVISION = ("evidence", "evidence-internal", *OF_DRAFT)
KINDS = {
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "zip": "application/zip",
    "pdf": "application/pdf",
    "toml": "application/toml",
}


@dataclass(frozen=True, kw_only=True)
class File:
    """A file with its name, which ends in what it is."""

    name: str
    body: bytes

    @property
    def content_type(self) -> str:
        """Return what it is on the web."""
        return KINDS[self.name.rpartition(".")[2]]


def draft_file(agreement: ServiceLevelAgreement, *, label: str, form: str, now: datetime) -> File:
    """Return a draft as a file; raise ValueError for a label that names no period, or an unknown form."""
    name = f"{agreement.contract.reference}-{agreement.code}-{label}"
    if form in EDITIONS:
        body = draft_pdf(agreement, period_label=label, edition=EDITIONS[form], now=now)
        return File(name=f"{name}-{form.removeprefix('pdf').lstrip('-') or 'internal'}-draft.pdf", body=body)
    if form not in OF_DRAFT:
        raise ValueError(f"There is no {form!r} of a draft. Known are: {', '.join(OF_DRAFT)}.")
    result = draft_statement(agreement, period_label=label, known_until=now)
    if form == "json":
        return File(name=f"{name}.json", body=render_json(result).encode())
    names = dict(agreement.versions.values_list("targets__code", "targets__name"))
    return File(name=f"{name}.txt", body=render_text(result, names=names).encode())


def revision_file(revision: StatementRevision, *, form: str) -> File:
    """Return a revision as a file; raise ValueError for an unknown form, and where it was altered."""
    name = revision.full_number.replace("/", "-")
    if form not in OF_REVISION:
        raise ValueError(f"There is no {form!r} of a revision. Known are: {', '.join(OF_REVISION)}.")
    if form in EDITIONS:
        edition = EDITIONS[form]
        return File(name=f"{name}-{edition.value}.pdf", body=revision_pdf(revision, edition=edition))
    if form.startswith("evidence"):
        edition = Edition.VENDOR if form == "evidence" else Edition.INTERNAL
        body = evidence_pack(revision, edition=edition.value)
        return File(name=f"{name}-evidence-{edition.value}.zip", body=body)
    if form == "json":
        return File(name=f"{name}.json", body=revision.result.encode())
    names = {line.target: line.name for line in revision.lines.all()}
    return File(name=f"{name}.txt", body=render_text(frozen_result(revision), names=names).encode())
