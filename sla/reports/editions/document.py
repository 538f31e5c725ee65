"""A service level statement as plain data: from a finalised revision or a draft, for us or the vendor."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime

from sla.engine.codec import canonical, digest, from_plain
from sla.engine.facts import Inputs
from sla.engine.periods import zone_info
from sla.engine.results import Result
from sla.models import Claim, ServiceLevelAgreement, StatementRevision
from sla.reports.editions.corrections import (
    Correction,
    PriorLine,
    corrections_of,
    prior_lines,
    prior_total,
)
from sla.reports.editions.edition import Edition
from sla.reports.editions.figures import moved_figures
from sla.reports.editions.incidents import (
    IncidentLine,
    NotCounted,
    PositionLine,
    incident_lines,
    not_counted,
    position_lines,
)
from sla.reports.editions.names import Names, names_of
from sla.reports.editions.parties import (
    Ask,
    Parties,
    ask_of,
    claim_of,
    claim_rule,
    parties_of,
    remedy_words,
    total_due,
)
from sla.reports.editions.redaction import computed, vendor_inputs
from sla.reports.editions.rows import LevelRow, level_rows
from sla.reports.moments import local_moments
from sla.reports.statement import StatementPage, statement_page

NOT_TAX = "This is not a tax document: no tax is computed here, and all amounts are before tax."
DRAFT = "DRAFT - not finalised"
DRAFT_NOTE = "Figures follow the records and may change until the statement is finalised."


@dataclass(frozen=True, kw_only=True)
class StatementDocument:
    """A service level statement for one reader, every text made: the page, the PDF and data agree."""

    edition: str
    number: str
    is_draft: bool
    banner: str
    parties: Parties
    on: date  # the document's own date, in the contract's zone
    due: str  # with corrections of earlier periods, in every unit
    ask: Ask
    header: tuple[tuple[str, str], ...]
    page: StatementPage
    levels: tuple[LevelRow, ...]
    corrections: tuple[Correction, ...]
    prior: tuple[PriorLine, ...]
    previous: str  # the revision that this one replaces
    incidents: tuple[IncidentLine, ...]
    positions: tuple[PositionLine, ...]
    not_counted: tuple[NotCounted, ...]
    unresolved: tuple[tuple[str, str], ...]  # what was unresolved, with our reason: internal only
    remedy: str
    fingerprint: str
    not_tax: str = NOT_TAX


@dataclass(frozen=True, kw_only=True)
class _About:
    """What a document says of itself, beside its figures."""

    number: str
    fingerprint: str
    at: datetime
    header: tuple[tuple[str, str], ...]
    claim: Claim | None = None
    revision: StatementRevision | None = None


def frozen_inputs(revision: StatementRevision) -> Inputs:
    """Return what a revision was computed from, as it was frozen."""
    return from_plain(Inputs, json.loads(revision.inputs))


def frozen_result(revision: StatementRevision) -> Result:
    """Return what a revision came to, as it was frozen."""
    return from_plain(Result, json.loads(revision.result))


def result_of_edition(revision: StatementRevision, *, edition: Edition) -> tuple[Inputs, Result]:
    """Return a revision's inputs and result for a reader.

    Raise ValueError where today's calculation gives the vendor's edition other figures than the frozen.
    """
    inputs, frozen = frozen_inputs(revision), frozen_result(revision)
    if edition is Edition.INTERNAL:
        return inputs, frozen
    redacted = vendor_inputs(inputs)
    result = computed(redacted)
    if moved := moved_figures(frozen, theirs=result):
        raise ValueError(
            f"{revision.full_number} was finalised with calculation {revision.engine_version}; today's "
            f"gives other figures: {'; '.join(moved[:3])}. Finalise it again before it goes to the vendor."
        )
    return redacted, result


def statement_document(revision: StatementRevision, *, edition: Edition) -> StatementDocument:
    """Return a finalised statement for a reader; raise ValueError where its figures cannot be repeated."""
    inputs, result = result_of_edition(revision, edition=edition)
    about = _About(
        number=revision.full_number,
        fingerprint=revision.digest,
        at=revision.finalised_at,
        header=_finalised(revision, result=result, edition=edition),
        claim=claim_of(revision),
        revision=revision,
    )
    agreement = revision.statement.agreement
    return _document(agreement, inputs=inputs, result=result, about=about, edition=edition)


def draft_document(
    agreement: ServiceLevelAgreement, *, inputs: Inputs, edition: Edition
) -> StatementDocument:
    """Return a statement that is not finalised, from inputs that were just gathered."""
    used = vendor_inputs(inputs) if edition is Edition.VENDOR else inputs
    result = computed(used)
    number = f"{result.contract}/{result.schedule}/{result.period.label}"
    about = _About(
        number=number,
        fingerprint=digest(canonical(used)),
        at=inputs.known_until,
        header=(("State", DRAFT), *_computed(result)),
    )
    return _document(agreement, inputs=used, result=result, about=about, edition=edition)


def _document(
    agreement: ServiceLevelAgreement, *, inputs: Inputs, result: Result, about: _About, edition: Edition
) -> StatementDocument:
    parties = parties_of(agreement.contract, schedule=inputs.schedule.name or inputs.schedule.code)
    revision, rule, names = about.revision, claim_rule(inputs), names_of(inputs)
    prior = prior_total(revision) if revision is not None else None
    page = _page(result, names=names, edition=edition)
    internal, changed = edition is Edition.INTERNAL, corrections_of(revision) if revision is not None else ()
    return StatementDocument(
        edition=edition.value,
        number=about.number,
        is_draft=revision is None,
        banner=f"{DRAFT}. {DRAFT_NOTE}" if revision is None else "",
        parties=parties,
        on=about.at.astimezone(zone_info(result.zone)).date(),
        due=total_due(result, prior=prior),
        ask=ask_of(
            parties,
            result=result,
            rule=rule,
            claim=about.claim,
            number=about.number,
            prior=prior,
        ),
        header=about.header,
        page=page,
        levels=level_rows(result, page=page),
        corrections=changed,
        prior=prior_lines(revision) if revision is not None else (),
        previous=_previous(revision),
        incidents=incident_lines(result, inputs=inputs, edition=edition, names=names),
        positions=position_lines(result, inputs=inputs, names=names),
        not_counted=not_counted(result, names=names),
        unresolved=_unresolved(revision) if internal else (),
        remedy=remedy_words(rule),
        fingerprint=about.fingerprint,
    )


def _page(result: Result, *, names: Names, edition: Edition) -> StatementPage:
    """Return the statement; the vendor's has neither our deadlines, nor our counters, nor its own room."""
    page = statement_page(result, levels=names.levels, services=names.services, links={})
    if edition is Edition.INTERNAL:
        return page
    levels = tuple(replace(level, room="") for level in page.levels)
    return replace(page, levels=levels, claim=None, patterns=())


def _finalised(
    revision: StatementRevision, *, result: Result, edition: Edition
) -> tuple[tuple[str, str], ...]:
    at = local_moments(result.zone)(revision.finalised_at)
    by = revision.finalised_by.get_full_name() or revision.finalised_by.get_username()
    internal = edition is Edition.INTERNAL
    return (
        ("Revision", str(revision.number)),
        ("Finalised", f"{at} by {by}" if internal else at),
        *((("Why", revision.cause),) if internal and revision.cause else ()),
        *_computed(result, zone_data=revision.zone_data),
        ("Fingerprint", revision.digest),
    )


def _computed(result: Result, *, zone_data: str = "") -> tuple[tuple[str, str], ...]:
    until = local_moments(result.zone)(result.known_until)
    return (
        ("Records known until", until),
        ("All times", f"{result.zone}, with their offset from UTC"),
        ("Calculation", f"version {result.engine_version}"),
        *((("Zone rules", zone_data),) if zone_data else ()),
    )


def _previous(revision: StatementRevision | None) -> str:
    if revision is None or revision.number < 2:
        return ""
    return f"{revision.statement.number}/r{revision.number - 1}"


def _unresolved(revision: StatementRevision | None) -> tuple[tuple[str, str], ...]:
    rows = revision.overridden if revision is not None else []
    return tuple((str(row.get("question", "")), str(row.get("reason", ""))) for row in rows)
