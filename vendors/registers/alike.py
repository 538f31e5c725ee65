"""Names and numbers that may mean one thing: proposed to a person, never put together."""

import re
from collections.abc import Iterable, Iterator

SHORTEST_START = 5
_LEGAL = frozenset(
    {
        *("the", "inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "corp", "corporation", "co"),
        *(
            "company",
            "gmbh",
            "ag",
            "kg",
            "plc",
            "sa",
            "sas",
            "srl",
            "bv",
            "nv",
            "ab",
            "as",
            "oy",
            "pty",
            "pte",
        ),
    }
)
_WORD = re.compile(r"[^\W_]+")
_IN_BRACKETS = re.compile(r"\(([^()]{2,20})\)")


def alike_vendors(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return sets of names that may be one company, each set in order.

    Two names are alike where they differ in capitals, signs or legal form only; where one stands in brackets
    behind the other; or where one begins the other in whole words.
    """
    known = list(dict.fromkeys(names))
    by_plain: dict[str, list[str]] = {}
    for name in known:
        for plain in _readings(name):
            by_plain.setdefault(plain, []).append(name)
    groups = {name: {name} for name in known}
    for name in known:
        for plain in (*_readings(name), *_beginnings(name)):
            for other in by_plain.get(plain, ()):
                if groups[other] is not groups[name]:
                    joined = groups[name] | groups[other]
                    groups.update(dict.fromkeys(joined, joined))
    sets = {tuple(sorted(group)) for group in groups.values() if len(group) > 1}
    return tuple(sorted(sets))


def _readings(name: str) -> Iterator[str]:
    """Yield a name without what does not tell companies apart, and what stands in brackets in it."""
    bare = _IN_BRACKETS.sub(" ", name)
    words = _words(bare)
    if words:
        yield " ".join(words)
    for inside in _IN_BRACKETS.findall(name):
        if words and len(inside) > 2 and (plain := " ".join(_words(inside))):
            yield plain


def _beginnings(name: str) -> Iterator[str]:
    words = _words(_IN_BRACKETS.sub(" ", name))
    for count in range(1, len(words)):
        start = " ".join(words[:count])
        if len(start) >= SHORTEST_START:
            yield start


def _words(text: str) -> list[str]:
    given = [word.casefold() for word in _WORD.findall(text.replace(".", "").replace("'", ""))]
    return [word for word in given if word not in _LEGAL] or given


def plain_number(number: str) -> str:
    """Return a number without capitals, blanks and signs: `k 12-294` and `K12-294` are alike."""
    return "".join(_WORD.findall(number)).casefold()
