"""Lines of a statement as rows of a table: drafts and revisions read the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from sla.engine.facts import Verdict
from sla.engine.periods import zone_info
from sla.models import LineAnswer, LineFigures, VendorAnswerLine
from sla.reports.figures import due_words
from sla.reports.moments import local_moments
from sla.reports.words import CREDIT_STATES, VERDICTS, line_note
from sla.services.claims.answers import agreed_if_said
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
    account: tuple[str, ...]
    file: str
    file_url: str


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

    What is agreed and contested of a line follows its newest answer, as its claim does; without one, the
    vendor's positions as of when it was finalised.
    `answer_urls` lead to where another answer to a line is recorded.
    """
    return [
        _row(
            line,
            period=period,
            answers=(answers or {}).get(line.number, ()),
            zone=zone,
            url=(answer_urls or {}).get(line.number, ""),
        )
        for line in lines
    ]


def answers_by_line(rows: Iterable[LineAnswer]) -> dict[int, list[LineAnswer]]:
    """Return the vendor's answers by line number, the one that it said last first: it holds."""
    found: dict[int, list[LineAnswer]] = {}
    for row in sorted(rows, key=lambda each: (each.said_at, each.pk)):
        found.setdefault(row.line_number, []).insert(0, row)
    return found


def _row(line: LineFigures, *, period: str, answers: Sequence[LineAnswer], zone: str, url: str) -> LineRow:
    verdict, judged = Verdict(line.verdict), line.status == line.Status.STANDING
    agreed = _agreed(line, answers=answers)
    contested = 0 if agreed is None else line.due_minor - agreed
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
        agreed=_money(agreed, currency=line.currency),
        contested=_money(contested, currency=line.currency) if contested else "",
        note=_note(line),
        answers=tuple(_answer(each, zone=zone) for each in answers),
        answer_url=url,
    )


def _agreed(line: LineFigures, *, answers: Sequence[LineAnswer]) -> int | None:
    """Return what is agreed of a line in minor units; None where nothing was said, or it is not money."""
    if line.quantity is not None:
        return None
    newest = answers[0] if answers else None
    return agreed_if_said(line.due_minor, answer=newest, positions=line.agreed_minor)


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
        _amount(row),
        times,
        f"responsible: {row.get_responsible_display()}" if row.responsible else "",
    ]
    sent = _sent(row)
    day = row.said_at.astimezone(zone_info(zone)).date()
    return AnswerRow(
        answer=row.get_answer_display(),
        detail=" · ".join(filter(None, parts)),
        said=f"{row.said_by or 'the vendor'}, {day}, to r{row.revision.number}",
        tone={"agrees": "good", "contests": "bad"}.get(row.answer, "warn"),
        account=tuple(_account(row, sent=sent)),
        file=sent.file_name if sent else "",
        file_url=_file_url(row, sent=sent) if sent and sent.file_name else "",
    )


def _amount(row: LineAnswer) -> str:
    amount = _money(row.amount_minor, currency=row.revision.currency)
    return f"and agrees to {amount}" if amount and row.answer == LineAnswer.Answer.CONTESTS else amount


def _account(row: LineAnswer, *, sent: VendorAnswerLine | None) -> Iterator[str]:
    """Yield the vendor's account line by line, without the file's fingerprint that earlier records hold."""
    mark = f"File: {sent.file_name}, SHA-256 " if sent and sent.file_name else ""
    for text in row.cause.splitlines():
        if text.strip() and not (mark and text.startswith(mark)):
            yield text


def _sent(row: LineAnswer) -> VendorAnswerLine | None:
    """Return what the vendor itself sent through its link, where the answer is that."""
    decision = getattr(row, "decision", None)
    return None if decision is None else decision.line


def _file_url(row: LineAnswer, *, sent: VendorAnswerLine) -> str:
    place = [row.revision.statement_id, row.revision.number, sent.pk]
    return reverse("admin:sla_answer_file", args=place)
