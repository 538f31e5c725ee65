"""One cell as text: exact for files, grouped for people. All formats write figures with these."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from sla.engine.money import exponent
from sla.engine.periods import zone_info
from sla.engine.trace import written_length
from sla.reports.tables.values import Cell, Column, Kind, Row, Table
from vendors.files.spreadsheets import clean, guarded

MOST_DECIMALS = 12


def money_text(minor: int, *, currency: str) -> str:
    """Return minor units as an exact decimal in the currency's own digits, such as ``1234.50``."""
    digits = exponent(currency)
    if not digits:
        return str(minor)
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{digits}d}"


@lru_cache(maxsize=8192)
def exact_text(value: Fraction) -> str:
    """Return a decimal where it is exact within twelve places, else ``n/d``."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > MOST_DECIMALS:
        return f"{value.numerator}/{value.denominator}"
    return f"{Decimal(value.numerator * 10**places // value.denominator).scaleb(-places):f}"


def seconds_text(micros: int) -> str:
    """Return microseconds as exact seconds, such as ``5616`` or ``0.25``."""
    whole, part = divmod(abs(micros), 1_000_000)
    text = f"{whole}.{part:06d}".rstrip("0") if part else str(whole)
    return f"-{text}" if micros < 0 else text


def number_text(value: Decimal | int) -> str:
    """Return a number without an exponent."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def utc_text(at: datetime) -> str:
    """Return an instant as ``2019-06-25T04:15:00Z``."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def places(table: Table) -> dict[str, int]:
    """Return where the column with a key stands."""
    return {column.key: place for place, column in enumerate(table.columns)}


def file_key(column: Column) -> str:
    """Return the name of a column in CSV and JSON; lengths say that they are seconds."""
    return f"{column.key}_s" if column.kind is Kind.LENGTH else column.key


def data_writers(table: Table, *, zone: str) -> list[Callable[[Row], str]]:
    """Return one writer for each column, of a row's exact text."""
    where, info = places(table), zone_info(zone)
    return [
        _data_writer(column, where=where, local=lambda at: at.astimezone(info)) for column in table.columns
    ]


def _data_writer(
    column: Column, *, where: dict[str, int], local: Callable[[datetime], datetime]
) -> Callable[[Row], str]:
    place = where[column.key]
    if column.kind is Kind.MONEY:
        return _money_writer(place, where.get(column.currency))
    if column.kind is Kind.TEXT:
        return lambda row: guarded(str(row[place])) if row[place] else ""
    writers: dict[Kind, Callable[..., str]] = {
        Kind.DATE: date.isoformat,
        Kind.INSTANT: lambda value: local(value).isoformat(sep=" "),
        Kind.COUNT: str,
        Kind.NUMBER: number_text,
        Kind.EXACT: lambda value: exact_text(value if type(value) is Fraction else Fraction(value)),
        Kind.LENGTH: seconds_text,
        Kind.FLAG: lambda value: "yes" if value else "no",
    }
    write = writers[column.kind]

    def written(row: Row) -> str:
        value = row[place]
        return "" if value is None else write(value)

    return written


def _money_writer(place: int, currency_at: int | None) -> Callable[[Row], str]:
    def written(row: Row) -> str:
        minor = row[place]
        if minor is None:
            return ""
        return money_text(minor, currency=currency_of(row, currency_at))  # type: ignore[arg-type]

    return written


def currency_of(row: Row, place: int | None) -> str:
    """Return the currency that a row names for its money, empty where it names none."""
    return str(row[place] or "") if place is not None else ""


def shown(value: Cell, *, kind: Kind, zone: str, currency: str = "") -> str:
    """Return a cell for people: figures grouped, lengths in words, instants by the zone's clock."""
    if value is None:
        return ""
    if kind is Kind.MONEY and isinstance(value, int):
        return grouped(money_text(value, currency=currency))
    if kind is Kind.INSTANT and isinstance(value, datetime):
        return f"{value.astimezone(zone_info(zone)):%Y-%m-%d %H:%M:%S}"
    if kind is Kind.LENGTH and isinstance(value, int):
        return written_length(value)
    if kind is Kind.EXACT:
        return exact_text(Fraction(value))  # type: ignore[arg-type]
    if kind in (Kind.COUNT, Kind.NUMBER):
        return grouped(number_text(value))  # type: ignore[arg-type]
    if kind is Kind.FLAG:
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else clean(str(value))


def grouped(figure: str) -> str:
    """Return a decimal with commas between its thousands."""
    whole, dot, part = figure.partition(".")
    return f"{int(whole):,}{dot}{part}" if whole not in ("-0", "-") else figure
