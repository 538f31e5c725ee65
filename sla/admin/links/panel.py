"""What the page of a revision shows of its links and of what came through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from sla.models import Release, StatementLine, StatementLink, VendorAnswer, VendorAnswerLine
from sla.reports.figures import due_words
from sla.selectors.links import answers_to, links_of
from sla.services.links.making import MAY_LINK
from sla.services.links.words import said_words, told_at, zone_of

MAY_DECIDE = "sla.add_lineanswer"


def link_address(link: StatementLink, *, name: str) -> str:
    """Return the address of a page about a link."""
    revision = link.release.revision
    return reverse(f"admin:sla_{name}", args=[revision.statement_id, revision.number, link.pk])


def links_context(request: HttpRequest, release: Release | None) -> dict[str, Any]:
    """Return the links to a released revision, what came through them, and where more is done."""
    if release is None:
        return {}
    revision = release.revision
    may_link = request.user.has_perm(MAY_LINK)
    return {
        "links": [_link(each, may_link=may_link) for each in links_of(release)],
        "make_link_url": reverse("admin:sla_link_make", args=[revision.statement_id, revision.number])
        if may_link
        else "",
        "sent_answers": _answers(request, release),
    }


def _link(link: StatementLink, *, may_link: bool) -> dict[str, Any]:
    revision = link.release.revision
    over = link.expires_at <= timezone.now()
    state, tone = ("Works", "good") if not over else ("Over", "")
    if link.revoked_at is not None:
        state, tone = "Withdrawn", "warn"
    mailed = link.message.get_state_display().partition(":")[0].lower() if link.message else "shown once"
    return {
        "row": link,
        "state": state,
        "tone": tone,
        "until": told_at(link.expires_at, revision=revision)[:16],
        "mailed": f"mail {mailed}" if link.message else mailed,
        "last_used": told_at(link.last_used_at, revision=revision)[:16] if link.last_used_at else "",  # type: ignore[attr-defined]
        "uses_url": link_address(link, name="link_uses"),
        "revoke_url": link_address(link, name="link_revoke") if may_link and state == "Works" else "",
    }


def _answers(request: HttpRequest, release: Release) -> list[dict[str, Any]]:
    may = request.user.has_perm(MAY_DECIDE)
    lines = {row.number: row for row in StatementLine.objects.filter(revision=release.revision)}
    return [
        {
            "answer": answer,
            "at": told_at(answer.said_at, revision=release.revision),
            "lines": [
                answer_row(row, answer=answer, release=release, lines=lines, may=may)
                for row in answer.lines.all()
            ],
        }
        for answer in answers_to(release)
    ]


def answer_row(
    row: VendorAnswerLine,
    *,
    answer: VendorAnswer,
    release: Release,
    lines: Mapping[int, StatementLine],
    may: bool,
) -> dict[str, Any]:
    """Return one line of an answer in words, with what was decided and where it is."""
    revision, line = release.revision, lines[row.line_number]
    decision = getattr(row, "decision", None)
    place = [revision.statement_id, revision.number, row.pk]
    words = list(said_words(row, line=line, zone=zone_of(revision)))
    return {
        "row": row,
        "line": line,
        "due": due_words(line),
        "said": words[0],
        "words": words[1:],
        "tone": {"agrees": "good", "contests": "bad"}.get(row.says, "warn"),
        "decision": decision,
        "decided": "" if decision is None else "Taken as recorded" if decision.recorded_id else "Set aside",
        "file_url": reverse("admin:sla_answer_file", args=place) if row.file_name else "",
        "decide_url": reverse("admin:sla_answer_decide", args=place) if may and decision is None else "",
    }
