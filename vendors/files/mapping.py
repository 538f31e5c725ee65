"""Which column holds which of our fields: the `columns` of a FeedContext, as every table reads them.

A key is one of our fields and its value the name of a column, as `"began": "Opened at"`. A field whose date
and time of day stand in two columns names both: `"began": "Date + Time"`. Capital letters and the number of
blanks in a name do not matter. A key that begins with `option:` says how to read the table:

| key | value |
|---|---|
| option:sheet | the sheet of a workbook; needed where several have the columns |
| option:header | the number of the row with the names of the columns, where it is not found |
| option:encoding | of separated text: utf-8, utf-16, cp1252, …; else it is found |
| option:delimiter | comma, semicolon, tab, bar, or the sign itself; else it is found |
| option:order | day-first or month-first, for dates such as 05/03/2016 |
| option:missing | the marks for "no value", with a bar between: `?|N/A`; an empty cell always is one |
| option:separator | the sign between several components of one cell; without it a cell is one component |

Readers add options of their own and say so. Values that list words use a bar between them, and those that
translate use `word=meaning`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from vendors.files.errors import FileError

OPTION = "option:"
TABLE_OPTIONS: Mapping[str, str] = {
    "sheet": "Of a workbook: the sheet that holds the table",
    "header": "Its number, where the one that was found is another",
    "encoding": "Of separated text: utf-8, utf-16, cp1252 or another; left empty, it is found",
    "delimiter": "comma, semicolon, tab, bar, or the sign itself; left empty, it is found",
    "order": "For dates such as 05/03/2016, where the table itself does not tell",
    "missing": 'The marks for "no value", with a bar between, such as ?|N/A',
    "separator": "The sign between several components of one cell",
}
MISSING = frozenset({"", "?", "N/A", "n/a", "-", "--", "–", "—", "NULL", "\\N"})
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """The columns by our fields, and how to read the table; a key or a word not known is a FileError."""

    columns: Mapping[str, str]
    options: Mapping[str, str] = field(default_factory=lambda: _NONE)

    @classmethod
    def of(
        cls, given: Mapping[str, str], *, fields: Iterable[str], options: Iterable[str] = (), prefix: str = ""
    ) -> "TableMapping":
        """Sort the keys of a context; `prefix` begins the keys that a reader lets people name themselves."""
        if not all(isinstance(text, str) for pair in given.items() for text in pair):
            raise FileError("A mapping names fields and columns as texts; this one holds something else.")
        known, asked = frozenset(fields), {*TABLE_OPTIONS, *options}
        columns = {key: name.strip() for key, name in given.items() if not key.startswith(OPTION)}
        stated = {key.removeprefix(OPTION): value for key, value in given.items() if key.startswith(OPTION)}
        for key in columns:
            if key not in known and not (prefix and key.startswith(prefix)):
                raise FileError(
                    f"'{key[:60]}' is no field of this table. Fields: {', '.join(sorted(known))}."
                )
        for key in stated:
            if key not in asked:
                raise FileError(f"'{OPTION}{key[:60]}' is not known. Options: {', '.join(sorted(asked))}.")
        return cls(
            columns={key: name for key, name in columns.items() if name},
            options={key: value for key, value in stated.items() if value.strip()},
        )

    def option(self, name: str) -> str:
        """Give an option without blanks at its ends, empty where it was not stated."""
        return self.options.get(name, "").strip()

    def one_of(self, name: str, *, words: Iterable[str]) -> str:
        """Give an option that is one of these words, or empty."""
        said, known = self.option(name).lower(), sorted(words)
        if said and said not in known:
            raise FileError(f"{OPTION}{name} is '{said[:40]}'. Give one of: {', '.join(known)}.")
        return said

    def words(self, name: str) -> frozenset[str]:
        """Give the words of an option in small letters."""
        return frozenset(_part(word) for word in self.option(name).split("|") if word.strip())

    def meanings(self, name: str) -> dict[str, str]:
        """Give an option such as `up=1|down=0`, its words in small letters."""
        read = {}
        for part in filter(str.strip, self.option(name).split("|")):
            word, sign, meaning = part.rpartition("=")
            if not sign or not word.strip():
                raise FileError(
                    f"{OPTION}{name}: '{part[:40]}' says no meaning. Write word=meaning|word=meaning."
                )
            read[_part(word)] = meaning.strip()
        return read

    @property
    def missing(self) -> frozenset[str]:
        """The marks that stand for no value."""
        stated = self.options.get("missing")
        return MISSING if stated is None else frozenset({"", *(mark.strip() for mark in stated.split("|"))})


def _part(word: str) -> str:
    return " ".join(word.split()).casefold()
