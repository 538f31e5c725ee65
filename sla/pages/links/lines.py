"""What the page shows of each line, and what was said of it before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sla.engine.facts import Verdict
from sla.models import Release, StatementLine, StatementLink, StatementRevision, VendorAnswerLine
from sla.reports.editions import StatementDocument
from sla.reports.figures import due_words
from sla.reports.words import VERDICTS, line_note
from sla.services.links.words import said_words, told_at, zone_of
from vendors.models import money_text

TONES = {Verdict.MET: "good", Verdict.MISSED: "bad", Verdict.NOT_MEASURABLE: ""}


@dataclass(frozen=True, kw_only=True)
class ShownAnswer:
    """One thing that was sent of a line, in words."""

    words: tuple[str, ...]
    by: str
    at: str


@dataclass(frozen=True, kw_only=True)
class ShownLine:
    """One line with what was sent of it and the form for another answer."""

    number: int
    name: str
    about: str
    achieved: str
    level: str
    verdict: str
    tone: str
    due: str
    asks: bool
    note: str
    anchor: str
    answers: tuple[ShownAnswer, ...]
    form: Any


def lines_of(revision: StatementRevision) -> list[StatementLine]:
    """Return the lines of a revision in their order."""
    return list(StatementLine.objects.filter(revision=revision).order_by("number"))


def shown_lines(
    lines: Iterable[StatementLine],
    *,
    revision: StatementRevision,
    document: StatementDocument,
    forms: dict[int, Any],
) -> list[ShownLine]:
    """Return the lines of the page."""
    answers = _answers(revision)
    return [
        _shown(line, document=document, answers=answers.get(line.number, ()), form=forms.get(line.number))
        for line in lines
    ]


def _shown(
    line: StatementLine, *, document: StatementDocument, answers: tuple[ShownAnswer, ...], form: Any
) -> ShownLine:
    verdict, stands = Verdict(line.verdict), line.status == line.Status.STANDING
    window = "" if line.window == document.page.period else line.window
    return ShownLine(
        number=line.number,
        name=line.name or line.target,
        about=" · ".join(filter(None, (line.services, window))),
        achieved=line.value_printed,
        level=line.level_printed,
        verdict=VERDICTS[verdict].capitalize() if stands else "",
        tone=TONES.get(verdict, "warn"),
        due=due_words(line),
        asks=bool(line.due_minor or line.quantity),
        note=line_note(line),
        anchor=_anchor(line, document=document),
        answers=answers,
        form=form,
    )


def _anchor(line: StatementLine, *, document: StatementDocument) -> str:
    """Return where the page tells how a line was worked out."""
    same = [
        level for level in document.page.levels if (level.code, level.window) == (line.target, line.window)
    ]
    exact = [level for level in same if level.services == line.services]
    found = exact or same
    return found[0].anchor if found else ""


def _answers(revision: StatementRevision) -> dict[int, tuple[ShownAnswer, ...]]:
    """Return by line number what was sent of a revision, the newest first."""
    rows = VendorAnswerLine.objects.filter(answer__link__release__revision=revision).defer("file")
    lines = {line.number: line for line in lines_of(revision)}
    found: dict[int, tuple[ShownAnswer, ...]] = {}
    for row in rows.select_related("answer").order_by("-pk"):
        words = tuple(said_words(row, line=lines[row.line_number], zone=zone_of(revision)))
        shown = ShownAnswer(
            words=words, by=str(row.answer), at=told_at(row.answer.said_at, revision=revision)
        )
        found[row.line_number] = (*found.get(row.line_number, ()), shown)
    return found


def later_words(link: StatementLink) -> tuple[str, bool]:
    """Return what is said of a later revision, and whether the vendor has it; its figures only then."""
    revision = link.release.revision
    later = StatementRevision.objects.filter(statement=revision.statement, number__gt=revision.number)
    newest = later.order_by("-number").only("number", "finalised_at", "due_minor", "currency").first()
    if newest is None:
        return "", False
    releases = Release.objects.filter(revision__in=later).select_related("revision")
    release = releases.defer("revision__inputs", "revision__result").order_by("-revision__number").first()
    if release is None:
        on = told_at(newest.finalised_at, revision=revision)[:10]
        return f"This statement was replaced on {on}. The one that holds has not been sent to you yet.", False
    held = release.revision
    return (
        f"This statement was replaced by revision {held.number}, with a credit of"
        f" {held.shown or money_text(held.due_minor, currency=held.currency)} before tax."
        " Please answer that one: it is sent to you on its own.",
        True,
    )
