"""The mail that tells a reader of warnings, and the same in short for the chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sla.reports.mails import Mail, render_mail

LONGEST_FIRST = 150
# A chat cuts long messages: what is left out is counted and stands on the list.
MOST_IN_CHAT = 12


@dataclass(frozen=True, kw_only=True)
class WarningLine:
    """One warning as a reader sees it; addresses are empty where links are left out.

    `note` says why it comes again, or why it comes to this reader.
    """

    kind: str
    headline: str
    vendor: str
    details: tuple[str, ...] = ()
    by: str = ""
    left: str = ""
    tone: str = ""
    degree: str = ""
    money: str = ""
    note: str = ""
    url: str = ""
    acknowledge_url: str = ""

    @property
    def told(self) -> str:
        """Return what it says in one line."""
        return f"{self.vendor}: {self.headline}" if self.vendor else self.headline


def warning_mail(lines: Sequence[WarningLine], *, name: str, list_url: str, left: int = 0) -> Mail:
    """Return the mail for one reader; the lines are ranked, the most pressing first.

    `left` is how many more there are that come with the next mail.
    """
    values = {"lines": lines, "count": len(lines), "left": left, "name": name, "list_url": list_url}
    return render_mail("warnings", subject=subject_of(lines), values=values)


def warning_chat(lines: Sequence[WarningLine], *, list_url: str) -> tuple[str, str]:
    """Return the title and text of the message for the chat."""
    said = [f"• {_in_short(line)}" for line in lines[:MOST_IN_CHAT]]
    left = len(lines) - MOST_IN_CHAT
    said += [f"and {left} more"] if left > 0 else []
    said += [list_url] if list_url else []
    title = f"{len(lines)} warning{'s' * (len(lines) != 1)}"
    return title, "\n".join(said)


def subject_of(lines: Sequence[WarningLine]) -> str:
    """Return the subject: the first warning with how it stands now, and how many more there are.

    How it stands comes first, so that of several mails about one thing each tells what is new.
    """
    stands = ", ".join(filter(None, (lines[0].left or lines[0].degree, lines[0].money)))
    first = f"{stands}: {lines[0].told}" if stands else lines[0].told
    first = first if len(first) <= LONGEST_FIRST else f"{first[: LONGEST_FIRST - 1]}…"
    more = len(lines) - 1
    return f"{first} (and {more} more)" if more else first


def _in_short(line: WarningLine) -> str:
    by = f"by {line.by}" if line.by else ""
    facts = ", ".join(filter(None, [by, line.left, line.money]))
    return f"{line.told}{f' ({facts})' if facts else ''}"
