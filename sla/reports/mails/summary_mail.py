"""A summary as a mail: every text made once, for the page and for the text alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sla.engine.money import Money
from sla.models import Figures
from sla.reports.mails import Mail, render_mail
from sla.reports.mails.lines import one_line
from sla.reports.mails.summary import (
    Change,
    Late,
    LevelMissed,
    StatementTold,
    Summary,
    Sums,
    ToDo,
)
from sla.reports.moments import local_moments

# So many of each in the mail itself; all of them stand in the files.
MOST_STATEMENTS, MOST_TODOS, MOST_CHANGES, MOST_LEVELS, MOST_CAUSES = 40, 15, 20, 4, 4
LONG = 300
Texts = dict[str, Any]
STATES = {
    Figures.State.MISSED: ("Missed", "bad"),
    Figures.State.UNCERTAIN: ("Not certain yet", "warn"),
    Figures.State.UNCONFIRMED: ("Met, unconfirmed", "warn"),
    Figures.State.MET: ("Met", "good"),
}
NO_VERDICT = ("No verdict", "")


def summary_mail(summary: Summary, *, subject: str, files: Sequence[str] = ()) -> Mail:
    """Return the mail of a summary; `files` are the names of what is attached."""
    return render_mail("summary", subject=subject, values=summary_view(summary, files=files))


def summary_view(summary: Summary, *, files: Sequence[str] = ()) -> Texts:
    """Return every text of a summary, each on one line."""
    return {
        "schedule": _line(summary.schedule),
        "period": summary.period,
        "range": f"{summary.first_on} to {summary.last_on}",
        "about": _line(summary.about),
        "why": _line(summary.why),
        "headline": _line(summary.headline),
        "late": "" if summary.late is None else late_words(summary.late),
        "drafts": _drafts(summary),
        "sums": [_sums(each) for each in summary.sums],
        "todos": [_todo(each) for each in summary.todos[:MOST_TODOS]],
        "todos_left": _left(summary.todos, most=MOST_TODOS),
        "changes": [_change(each) for each in summary.changes[:MOST_CHANGES]],
        "changes_left": _left(summary.changes, most=MOST_CHANGES),
        "is_first": summary.is_first,
        "statements": [_statement(each) for each in summary.statements[:MOST_STATEMENTS]],
        "statements_left": _left(summary.statements, most=MOST_STATEMENTS),
        "not_closed": [_texts(number=each.number, error=each.error) for each in summary.not_closed],
        "shows_running": summary.shows_running,
        "running": [_statement(each) for each in summary.running[:MOST_STATEMENTS]],
        "running_left": _left(summary.running, most=MOST_STATEMENTS),
        "notes": [_line(text) for text in summary.notes],
        "files": [_line(name) for name in files],
        "rest": "in the files" if files else "in Recourse",
        "origin": summary.origin,
    }


def late_words(late: Late) -> str:
    """Return that a report is late, since when, and when it was made."""
    at = local_moments(late.zone)
    days = (late.made_at - late.due_at).days
    return (
        f"This report is late: it was due on {at(late.due_at.replace(microsecond=0))} and was made"
        f" {days} day{'s' * (days != 1)} later, on {at(late.made_at.replace(microsecond=0))}."
    )


def _line(text: str) -> str:
    return one_line(text, most=LONG)


def _texts(**texts: str) -> dict[str, str]:
    return {name: _line(text) for name, text in texts.items()}


def _left(rows: Sequence[object], *, most: int) -> int:
    return max(len(rows) - most, 0)


def _drafts(summary: Summary) -> str:
    drafts, count = summary.drafts, len(summary.statements)
    if not drafts:
        return ""
    if drafts == count:
        every = "Both" if count == 2 else f"All {count}"
        whole = "The statement is a draft" if count == 1 else f"{every} statements are drafts"
    else:
        whole = f"{drafts} of {count} statements {'are drafts' if drafts > 1 else 'is a draft'}"
    return f"{whole}: figures follow the records until a person finalises."


def _sums(each: Sums) -> Texts:
    def money(minor: int) -> str:
        return str(Money(minor, each.currency))

    return {
        "currency": each.currency,
        "due": money(each.due_minor),
        "contested": money(each.contested_minor) if each.contested_minor else "",
        "claimed": money(each.claimed_minor),
        "received": money(each.received_minor),
        "to_claim": money(each.to_claim_minor),
        "lost": _lost(each),
    }


def _lost(each: Sums) -> str:
    if each.lost_minor == each.to_claim_minor:
        return "all of it" if each.lost_minor else ""
    return f"of it {Money(each.lost_minor, each.currency)}" if each.lost_minor else ""


def _todo(each: ToDo) -> Texts:
    return {
        **_texts(what=each.what, about=each.about, vendor=each.vendor, note=each.note, amount=each.amount),
        "when": f"Was due {each.by}" if each.is_overdue and each.by else f"By {each.by}" if each.by else "",
        "tone": "bad" if each.is_overdue or each.is_lost else "",
    }


def _change(each: Change) -> Texts:
    told = f"told {each.told_as} in the report of {each.told_in}" if each.told_in else "not told before"
    causes = [_line(text) for text in each.causes[:MOST_CAUSES]]
    more = len(each.causes) - MOST_CAUSES
    return {
        **_texts(number=each.number, vendor=each.vendor, told=told, was=each.was, is_now=each.is_now),
        "difference": each.difference,
        "is_new": each.is_new,
        "is_draft": each.is_draft,
        "causes": [*causes, f"and {more} more changes"] if more > 0 else causes,
    }


def _statement(each: StatementTold) -> Texts:
    word, tone = STATES.get(Figures.State(each.state), NO_VERDICT) if each.state else NO_VERDICT
    return {
        **_texts(number=each.number, vendor=each.vendor, schedule=each.schedule, period=each.period),
        "state": word,
        "tone": tone,
        "record": record_words(each),
        "record_tone": "warn" if each.is_draft else "bad" if each.correction else "good",
        "levels": [_level(one) for one in each.missed[:MOST_LEVELS]],
        "levels_left": _left(each.missed, most=MOST_LEVELS),
        "credit": _line(each.credit),
        "contested": each.contested,
        "claim_by": _claim_by(each),
        "ends": f"{each.last_on}",
        "questions": _questions(each.questions),
        "correction": _line(each.correction),
        "error": _line(each.error),
    }


def record_words(each: StatementTold) -> str:
    """Return how far a statement has come."""
    if each.revision is None:
        return "Draft"
    return f"r{each.revision}, needs correction" if each.correction else f"Finalised, r{each.revision}"


def _questions(count: int) -> str:
    return f"{count} open question{'s' * (count != 1)}" if count else ""


def _claim_by(each: StatementTold) -> str:
    if not each.credit or each.automatic:
        return "comes without a claim" if each.credit else ""
    return f"claim by {each.claim_by}" if each.claim_by else "no date stated for the claim"


def _level(one: LevelMissed) -> Texts:
    return _texts(
        name=one.name,
        services=", ".join(filter(None, (one.services, one.window))),
        target=one.target,
        achieved=one.achieved or "no value",
        credit=str(one.credit) if one.credit.minor else "",
    )
