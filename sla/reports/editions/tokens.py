"""Stable names in place of people, other parties and our own systems."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_uppercase


class Tokens:
    """One token for each name: `Customer representative 1`, `Third party A`.

    Names are numbered in their own order, so the same names always give the same tokens, and two names
    never share one: what is counted by name stays counted.
    """

    def __init__(self, kind: str, names: Iterable[str], *, by_letter: bool = False) -> None:
        known = sorted({name for name in names if name})
        width = len(str(len(known)))
        self._tokens = {
            name: f"{kind} {_letters(place) if by_letter else format(place + 1, f'0{width}')}"
            for place, name in enumerate(known)
        }

    def __contains__(self, name: str) -> bool:
        return name in self._tokens

    def token(self, name: str) -> str:
        """Return the token of a name; a blank name, and one that is not known, stays as it is."""
        return self._tokens.get(name, name)


def _letters(place: int) -> str:
    """Return A to Z, then AA, AB and so on."""
    more, last = divmod(place, len(ascii_uppercase))
    return (_letters(more - 1) if more else "") + ascii_uppercase[last]
