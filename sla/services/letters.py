"""Claim letters: shown before they are made, and kept as they were sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from sla.engine.claims.moves import FINAL, ClaimState
from sla.engine.codec import digest
from sla.models import Claim, ClaimLetter
from sla.reports.letters import Letter, letter_of, letter_pdf, letter_text
from sla.services.statement_files import File

LETTER_FORMS = ("pdf", "text")
NOTHING_MORE: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class LetterPreview:
    """A letter as it would be made now; `missing` is what the clause wants in it and we do not have."""

    template: str
    recipient: str
    subject: str
    body: str
    portal_text: str
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


def letter_preview(
    claim: Claim, *, now: datetime, additions: Mapping[str, str] = NOTHING_MORE
) -> LetterPreview:
    """Return the letter that would be made at `now` (UTC), and what is still missing in it.

    `additions` answer by its own words what the clause wants and the records do not hold. Raise
    ValidationError where what a statement was finalised from cannot be read.
    """
    letter = _letter(claim, now=now)
    text = letter_text(letter, additions=additions)
    return LetterPreview(
        template=letter.template,
        recipient=letter.recipient,
        subject=text.subject,
        body=text.body,
        portal_text=text.portal_text,
        missing=tuple(item for item in letter.missing if item not in additions),
        warnings=letter.warnings,
    )


@transaction.atomic
def make_letter(
    claim: Claim, *, by: User, now: datetime, additions: Mapping[str, str] = NOTHING_MORE
) -> ClaimLetter:
    """Make a claim's letter and keep it as it is; `additions` as for the preview.

    Raise ValidationError for a claim that has ended, and for an addition that is blank or not wanted.
    """
    if ClaimState(claim.state) in FINAL:
        raise ValidationError(
            f"Claim {claim.reference} is {claim.get_state_display()}. Open a new claim to write about it.",
            code="ended",
        )
    blank = [item for item, said in additions.items() if not said.strip()]
    if blank:
        raise ValidationError(f"Nothing is said of {blank[0]!r}. Write it, or leave it out.", code="blank")
    letter = _letter(claim, now=now)
    _check_wanted(letter, additions=additions)
    text = letter_text(letter, additions=additions)
    pdf = letter_pdf(letter, additions=additions)
    return ClaimLetter.objects.create(
        claim=claim,
        template=letter.template,
        recipient=letter.recipient[:300],
        subject=text.subject[:300],
        body=text.body,
        portal_text=text.portal_text,
        pdf=pdf,
        pdf_digest=digest(pdf),
        made_at=now,
        made_by=by,
    )


def letter_file(letter: ClaimLetter, *, form: str) -> File:
    """Return a letter as PDF, or its subject and text; raise ValueError for an unknown form."""
    name = f"{letter.claim.reference}-{letter.made_at:%Y-%m-%d}"
    if form == "pdf":
        return File(name=f"{name}.pdf", body=bytes(letter.pdf))
    if form == "text":
        return File(name=f"{name}.txt", body=f"{letter.subject}\n\n{letter.body}".encode())
    raise ValueError(f"There is no {form!r} of a letter. Known are: {', '.join(LETTER_FORMS)}.")


def _check_wanted(letter: Letter, *, additions: Mapping[str, str]) -> None:
    odd = [item for item in additions if item not in letter.missing]
    if odd:
        lacking = ", ".join(map(repr, letter.missing)) or "nothing"
        raise ValidationError(f"The letter does not lack {odd[0]!r}. It lacks {lacking}.", code="unknown")


def _letter(claim: Claim, *, now: datetime) -> Letter:
    try:
        return letter_of(claim, now=now)
    except ValueError as error:
        raise ValidationError(
            f"The letter of claim {claim.reference} cannot be made: what its statement was finalised from"
            f" cannot be read ({error}). Verify the statement.",
            code="unreadable",
        ) from error
