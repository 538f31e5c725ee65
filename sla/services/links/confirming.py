"""An answer is one when its code is entered: kept, copied to who sent it, and told to who has to look."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from sla.models import AnswerDraft, StatementLine, StatementLink, VendorAnswer, VendorAnswerLine
from sla.models import StatementLinkView as View
from sla.services.links.drafting import code_digest, said_of
from sla.services.links.opening import Visitor, note_view
from sla.services.links.saying import Said
from sla.services.links.words import came_mail, copy_mail, line_words, zone_of
from sla.services.mailings.readers import account_problem
from sla.services.outbox import post
from sla.services.outbox.posting import one_line
from vendors import nudges

MOST_TRIES = 5
LONGEST_NAME, LONGEST_ROLE = 150, 100


def confirm_answer(
    link: StatementLink,
    *,
    token: str,
    code: str,
    name: str,
    role: str,
    by: Visitor,
    origin: str,
    now: datetime,
) -> VendorAnswer:
    """Keep an answer whose code was entered, with who gave it; the same one sent again is the one there is.

    `origin` begins the address in the mail to our side. Raises ValidationError where the code is wrong, over
    or tried too often, and where nobody is named.
    """
    done = sent_before(link, token=token)
    if done is not None:
        return done
    name, role = one_line(name, most=LONGEST_NAME), one_line(role, most=LONGEST_ROLE)
    problems = {
        field: words
        for field, value, words in (
            ("name", name, "Enter your name."),
            ("role", role, "Enter your role, such as account manager."),
        )
        if not value
    }
    if problems:
        raise ValidationError(problems)
    _check_code(link, token=token, code=code, by=by, now=now)
    return _kept(link, token=token, name=name, role=role, by=by, origin=origin, now=now)


def sent_before(link: StatementLink, *, token: str) -> VendorAnswer | None:
    """Return the answer that an unconfirmed one became."""
    found: VendorAnswer | None = VendorAnswer.objects.filter(link=link, token=token).first()
    return found


def _check_code(link: StatementLink, *, token: str, code: str, by: Visitor, now: datetime) -> None:
    """Count a try before it is compared, so that many at the same moment are as many tries."""
    drafts = AnswerDraft.objects.filter(link=link, token=token)
    draft = drafts.first()
    if draft is None or draft.code_until is None:
        raise ValidationError({"code": "Ask for a code first."})
    if now >= draft.code_until:
        raise ValidationError({"code": "This code is over. Ask for a new one."})
    if not drafts.filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        raise ValidationError({"code": f"It was tried {MOST_TRIES} times. Ask for a new code."})
    plain = "".join(code.split())
    if not constant_time_compare(code_digest(draft, code=plain), draft.code_digest):
        note_view(link, what=View.What.WRONG_CODE, by=by, now=now)
        left = MOST_TRIES - draft.tries - 1
        more = f"Read the newest mail again; {left} more tries." if left > 0 else "Ask for a new code."
        raise ValidationError({"code": f"This is not the code. {more}"})


@transaction.atomic
def _kept(
    link: StatementLink, *, token: str, name: str, role: str, by: Visitor, origin: str, now: datetime
) -> VendorAnswer:
    draft = AnswerDraft.objects.select_for_update(of=("self",)).filter(link=link, token=token).first()
    if draft is None:
        # Somebody pressed the button twice: the other request was first.
        done = sent_before(link, token=token)
        if done is None:
            raise ValidationError("This answer is over. Write it again.", code="over")
        return done
    said = said_of(draft)
    answer = VendorAnswer(
        link=link,
        token=token,
        name=name,
        role=role,
        address=link.address,
        said_at=now,
        sent_from=by.address or None,
    )
    words = _words(link, said=said)
    subject, text = copy_mail(answer, lines=words)
    vendor = link.release.revision.statement.agreement.contract.vendor
    answer.copy = post(
        key=f"answer-copy/{token}",
        subject=subject,
        text=text,
        address=link.address,
        name=link.name,
        vendor=vendor,
        now=now,
    )
    answer.save()
    for each in said:
        _row(each, answer=answer).save()
    draft.delete()
    _tell(answer, words=words, origin=origin, now=now)
    note_view(link, what=View.What.ANSWERED, by=by, now=now)
    nudges.after_commit()
    return answer


def _words(link: StatementLink, *, said: Sequence[Said]) -> list[str]:
    revision = link.release.revision
    lines = {row.number: row for row in StatementLine.objects.filter(revision=revision)}
    zone = zone_of(revision)
    return [line_words(each, line=lines[each.line_number], zone=zone) for each in said]


def _row(said: Said, *, answer: VendorAnswer) -> VendorAnswerLine:
    values = {name: value for name, value in vars(said).items() if name != "file"}
    if said.file is not None:
        values |= {
            "file_name": said.file.name,
            "file_type": said.file.content_type,
            "file_digest": hashlib.sha256(said.file.content).hexdigest(),
            "file": said.file.content,
        }
    return VendorAnswerLine(answer=answer, **values)


def _tell(answer: VendorAnswer, *, words: Sequence[str], origin: str, now: datetime) -> None:
    """Tell the vendor's owner here; one without an address finds it on the home page alone."""
    revision = answer.link.release.revision
    vendor = revision.statement.agreement.contract.vendor
    owner = vendor.owner
    if owner is None or account_problem(owner):
        return
    path = reverse("admin:sla_revision", args=[revision.statement_id, revision.number])
    subject, text = came_mail(answer, lines=words, url=f"{origin}{path}#answers")
    post(
        key=f"answer-came/{answer.pk}",
        subject=subject,
        text=text,
        address=owner.email,
        name=owner.get_full_name() or owner.get_username(),
        reader=owner,
        vendor=vendor,
        now=now,
    )
