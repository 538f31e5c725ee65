"""An answer until it is confirmed: written down, shown once more, and a code sent to the contact."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import salted_hmac

from sla.models import AnswerDraft, AnswerDraftFile, StatementLine, StatementLink, StatementLinkView
from sla.services.links.evidence import Evidence
from sla.services.links.opening import Visitor, note_view
from sla.services.links.saying import Said, checked
from sla.services.links.words import code_mail
from sla.services.outbox import post
from sla.services.outbox.sealing import CODE, code
from vendors import nudges

KEPT = timedelta(days=1)
MOST_DRAFTS = 20
CODE_HOLDS = timedelta(minutes=10)
MOST_CODES = 6  # of one link in an hour
LARGEST_ANSWER = 20_000_000


class LineProblemsError(ValidationError):
    """What is wrong with an answer, by line number and field."""

    def __init__(self, by_line: Mapping[int, ValidationError]) -> None:
        super().__init__("Some lines need another look.", code="lines")
        self.by_line = by_line


@transaction.atomic
def draft_answer(link: StatementLink, *, said: Sequence[Said], now: datetime) -> AnswerDraft:
    """Write down an answer that waits for its code; raise ValidationError where it cannot be one."""
    if not said:
        raise ValidationError("Answer at least one line. Lines that you leave stay open.", code="nothing")
    kept = _checked(link, said=said, now=now)
    if sum(len(each.file.content) for each in kept if each.file) > LARGEST_ANSWER:
        raise ValidationError(
            f"The files have more than {LARGEST_ANSWER:,} bytes together. Send some of them with a second"
            " answer.",
            code="size",
        )
    draft = AnswerDraft.objects.create(
        link=link, token=secrets.token_urlsafe(32), made_at=now, content=[_plain(each) for each in kept]
    )
    for each in kept:
        if each.file is not None:
            AnswerDraftFile.objects.create(draft=draft, line_number=each.line_number, **asdict(each.file))
    old = AnswerDraft.objects.filter(link=link).order_by("-pk").values_list("pk", flat=True)
    AnswerDraft.objects.filter(pk__in=list(old[MOST_DRAFTS:])).delete()
    return draft


def _checked(link: StatementLink, *, said: Sequence[Said], now: datetime) -> list[Said]:
    lines = {each.number: each for each in StatementLine.objects.filter(revision=link.release.revision_id)}
    kept, problems = [], {}
    for each in said:
        if each.line_number not in lines:
            raise ValidationError(f"This statement has no line {each.line_number}.", code="line")
        try:
            kept.append(checked(each, line=lines[each.line_number], now=now))
        except ValidationError as error:
            problems[each.line_number] = error
    if problems:
        raise LineProblemsError(problems)
    return kept


def _plain(said: Said) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in vars(said).items()
        if name != "file" and value not in (None, "")
    }


def said_of(draft: AnswerDraft) -> list[Said]:
    """Return what an unconfirmed answer says, with its files."""
    files = {
        row.line_number: Evidence(name=row.name, content_type=row.content_type, content=bytes(row.content))
        for row in draft.files.all()
    }
    reads: dict[str, Any] = {
        "started_at": datetime.fromisoformat,
        "ended_at": datetime.fromisoformat,
        "invoice_on": date.fromisoformat,
        "until": date.fromisoformat,
    }
    return [
        Said(
            **{name: reads.get(name, lambda value: value)(value) for name, value in row.items()},
            file=files.get(row["line_number"]),
        )
        for row in draft.content
    ]


def draft_at(link: StatementLink, *, token: str, now: datetime) -> AnswerDraft | None:
    """Return the unconfirmed answer of a link with a token, None where it is over."""
    rows = AnswerDraft.objects.filter(link=link, token=token, made_at__gt=now - KEPT)
    return rows.prefetch_related("files").first()


@transaction.atomic
def send_code(draft: AnswerDraft, *, by: Visitor, now: datetime) -> None:
    """Mail a new code to the link's address; the one before holds no longer.

    Raises ValidationError where this link had too many in the last hour.
    """
    # Two requests at the same moment count one after the other.
    link: StatementLink = StatementLink.objects.select_for_update(of=("self",)).get(pk=draft.link_id)
    what = StatementLinkView.What.CODE
    sent = StatementLinkView.objects.filter(link=link, what=what, at__gt=now - timedelta(hours=1))
    if sent.count() >= MOST_CODES:
        raise ValidationError(
            f"{MOST_CODES} codes were sent within the last hour. Look for the newest mail, or wait.",
            code="codes",
        )
    key = f"{CODE}{secrets.token_urlsafe(32)}"
    subject, text = code_mail(link, holds=CODE_HOLDS)
    vendor = link.release.revision.statement.agreement.contract.vendor
    post(key=key, subject=subject, text=text, address=link.address, name=link.name, vendor=vendor, now=now)
    draft.code_digest = code_digest(draft, code=code(key))
    draft.code_until, draft.tries = now + CODE_HOLDS, 0
    draft.save(update_fields=["code_digest", "code_until", "tries"])
    note_view(link, what=what, by=by, now=now)
    nudges.after_commit()


def code_digest(draft: AnswerDraft, *, code: str) -> str:
    """Return what is kept of a code: it is short, so its fingerprint alone would give it away."""
    return salted_hmac("sla.links.code", f"{draft.token}/{code}", algorithm="sha256").hexdigest()


def forget_drafts(*, before: datetime) -> int:
    """Delete answers that nobody confirmed, and return how many."""
    return AnswerDraft.objects.filter(made_at__lt=before).delete()[0]
