"""Claim letters: what is asked of a vendor, from the contract's data, in versioned words.

`letter` a letter as plain data · `gathering` a claim as a letter · `happenings` what happened, from the
frozen facts · `demands` what the clause wants to be in it · `wording` the templates filled. A template is
never changed once it was used: the next one has the next number.
"""

from sla.reports.letters.gathering import letter_of
from sla.reports.letters.letter import Letter, LetterIncident, LetterLine
from sla.reports.letters.wording import LetterText, letter_pdf, letter_text

__all__ = [
    "Letter",
    "LetterIncident",
    "LetterLine",
    "LetterText",
    "letter_of",
    "letter_pdf",
    "letter_text",
]
