"""Lines of a statement as rows of a table: drafts and revisions read the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sla.engine.facts import Verdict
from sla.engine.periods import zone_info
from sla.models import LineAnswer, LineFigures
from sla.reports.figures import due_words
from sla.reports.moments import local_moments
from sla.reports.words import CREDIT_STATES, VERDICTS, line_note
from vendors.models import money_text

TONES = {
    Verdict.MET: "good",
    Verdict.MISSED: "bad",
    Verdict.MET_UNCONFIRMED: "warn",
    Verdict.PROVISIONAL: "warn",
}
STATES = {state.value: words for state, words in CREDIT_STATES.items()}


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """What the vendor said of a line."""

    answer: str
    detail: str
    said: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class LineRow:
    """One line, ready to be shown."""

    number: int
    name: str
    about: str
    achieved: str
    level: str
    verdict: str
    tone: str
    base: str
    before_caps: str
    limits: str
    due: str
    pays: bool
    agreed: str
    contested: str
    note: str
    answers: tuple[AnswerRow, ...]
    answer_url: str


def line_rows(
    lines: Iterable[LineFigures],
    *,
    period: str,
    zone: str,
    answers: Mapping[int, Sequence[LineAnswer]] | None = None,
    answer_urls: Mapping[int, str] | None = None,
) -> list[LineRow]:
    """Return lines for showing; `answers` are the vendor's by line number, their times in `zone`.

    `answer_urls` lead to where another answer to a line is recorded.
    """
    return [
        _row(
            line,
            period=period,
            answers=tuple(_answer(each, zone=zone) for each in (answers or {}).get(line.number, ())),
            url=(answer_urls or {}).get(line.number, ""),
        )
        for line in lines
    ]


def answers_by_line(rows: Iterable[LineAnswer]) -> dict[int, list[LineAnswer]]:
    """Return the vendor's answers by line number, the newest first: it holds."""
    found: dict[int, list[LineAnswer]] = {}
    for row in rows:
        found.setdefault(row.line_number, []).insert(0, row)
    return found


def _row(line: LineFigures, *, period: str, answers: tuple[AnswerRow, ...], url: str) -> LineRow:
    verdict, judged = Verdict(line.verdict), line.status == line.Status.STANDING
    money = line.quantity is None
    return LineRow(
        number=line.number,
        name=line.name or line.target,
        about=" · ".join(filter(None, [line.services, "" if line.window == period else line.window])),
        achieved=line.value_printed,
        level=line.level_printed,
        verdict=VERDICTS[verdict] if judged else "",
        tone=TONES.get(verdict, ""),
        base=_money(line.base_minor, currency=line.currency),
        before_caps=_money(line.before_caps_minor, currency=line.currency) if money and judged else "",
        limits=_money(line.cap_effect_minor, currency=line.currency)
        if money and judged and line.removed
        else "",
        due=due_words(line),
        pays=bool(line.due_minor or line.quantity),
        agreed=_money(line.agreed_minor, currency=line.currency),
        contested=_money(line.contested_minor, currency=line.currency) if line.contested_minor else "",
        note=_note(line),
        answers=answers,
        answer_url=url,
    )


def _note(line: LineFigures) -> str:
    """Return what is unusual of a line."""
    if found := line_note(line):
        return found
    return STATES.get(line.credit_state, "") if line.credit_state not in ("due", "nothing") else ""


def _money(minor: int | None, *, currency: str) -> str:
    return "" if minor is None else money_text(minor, currency=currency)


def _answer(row: LineAnswer, *, zone: str) -> AnswerRow:
    write = local_moments(zone)
    times = " to ".join(write(at) for at in (row.started_at, row.ended_at) if at is not None)
    parts = [
        f"asks until {row.until}" if row.until else "",
        _money(row.amount_minor, currency=row.revision.currency),
        times,
        f"responsible: {row.get_responsible_display()}" if row.responsible else "",
        row.cause,
    ]
    day = row.said_at.astimezone(zone_info(zone)).date()
    return AnswerRow(
        answer=row.get_answer_display(),
        detail=" · ".join(filter(None, parts)),
        said=f"{row.said_by or 'the vendor'}, {day}, to r{row.revision.number}",
        tone={"agrees": "good", "contests": "bad"}.get(row.answer, "warn"),
    )
