"""Read Open Contracting Data (OCDS 1.1): release packages, record packages, single releases and records.

A contract is told again and again, release by release: where a record has a compiled release, that holds;
else later releases (by `date`) go over earlier ones, field by field.
https://standard.open-contracting.org/1.1/en/schema/release/
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from vendors.files.documents import kind_of, read_document, storable
from vendors.files.errors import FileError, FileProblem
from vendors.files.rows import shown
from vendors.registers.tables import NO_END
from vendors.registers.values import ContractRegister, RegisterContract

LONGEST_NUMBER = 80
MOST_CONTRACTS = 100_000
MAPPING_FREE = "OCDS"
# What has not come about, or no longer holds.
NOT_IN_FORCE = frozenset({"cancelled"})


def read_ocds(content: bytes, *, columns: Mapping[str, str] | None = None) -> ContractRegister:
    """Read an OCDS document; `columns` means nothing here.

    Raises:
        FileError: no JSON, or none of the shapes of OCDS.

    """
    document = read_document(content, what=MAPPING_FREE)
    problems: list[FileProblem] = []
    contracts: list[RegisterContract] = []
    records = 0
    for place, releases in _processes(document, problems=problems):
        records += 1
        for contract in _contracts(releases, place=place, problems=problems):
            if len(contracts) >= MOST_CONTRACTS:
                raise FileError(f"The file has more than {MOST_CONTRACTS} contracts. Split it by year.")
            contracts.append(contract)
    return ContractRegister(contracts=tuple(contracts), problems=tuple(problems), records=records)


Process = tuple[str, list[Mapping[str, Any]]]


def _processes(document: Any, *, problems: list[FileProblem]) -> Iterator[Process]:
    """Yield each contracting process: its place, and its releases from the first to the last."""
    if not isinstance(document, dict):
        raise FileError(f"An OCDS file is an object in braces; this is {kind_of(document)}.")
    if "records" in document:
        for i, record in enumerate(_objects(document, "records", place="", problems=problems)):
            yield f"records[{i}]", _of_record(record, place=f"records[{i}]", problems=problems)
    elif "releases" in document or "compiledRelease" in document or "ocid" in document:
        if "releases" in document and "ocid" not in document:
            yield from _by_process(_objects(document, "releases", place="", problems=problems))
        else:
            single = "compiledRelease" in document or "releases" in document
            yield (
                ("record", _of_record(document, place="record", problems=problems))
                if single
                else ("release", [document])
            )
    else:
        raise FileError("The file is JSON but no OCDS: it has neither releases nor records, and no ocid.")


def _by_process(releases: Iterable[Mapping[str, Any]]) -> Iterator[Process]:
    found: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for i, release in enumerate(releases):
        found.setdefault(_text(release, "ocid") or f"release {i}", []).append((i, release))
    for told in found.values():
        ordered = sorted(told, key=lambda each: _text(each[1], "date"))
        yield f"releases[{ordered[-1][0]}]", [release for _, release in ordered]


def _of_record(
    record: Mapping[str, Any], *, place: str, problems: list[FileProblem]
) -> list[Mapping[str, Any]]:
    compiled = record.get("compiledRelease")
    if isinstance(compiled, dict):
        return [compiled]
    releases = _objects(record, "releases", place=place, problems=problems)
    embedded = [release for release in releases if "ocid" in release]
    if not embedded:
        said = "it holds links to its releases, or none at all; fetch a file with the releases in it."
        problems.append(FileProblem(place=place, message=said))
    return sorted(embedded, key=lambda release: _text(release, "date"))


def _contracts(
    releases: list[Mapping[str, Any]], *, place: str, problems: list[FileProblem]
) -> Iterator[RegisterContract]:
    latest: dict[str, Any] = {}
    told: dict[str, dict[str, Any]] = {}
    awards: dict[str, dict[str, Any]] = {}
    for release in releases:
        latest |= {key: value for key, value in release.items() if value}
        for award in _objects(release, "awards", place=place, problems=problems):
            awards[_text(award, "id")] = {**awards.get(_text(award, "id"), {}), **_stated(award)}
        for contract in _objects(release, "contracts", place=place, problems=problems):
            number = _text(contract, "id")
            told[number] = {**told.get(number, {}), **_stated(contract)}
    for number, contract in told.items():
        at = f"{place}, contract {shown(number)}"
        try:
            if not number or len(number) > LONGEST_NUMBER:
                raise ValueError("its id is longer than 80 letters" if number else "it has no id")
            if _text(contract, "status") in NOT_IN_FORCE:
                raise ValueError("it was cancelled")
            yield _contract(contract, award=awards.get(_text(contract, "awardID"), {}), process=latest, at=at)
        except ValueError as error:
            problems.append(FileProblem(place=at, message=f"{error}."))


def _contract(
    contract: Mapping[str, Any], *, award: Mapping[str, Any], process: Mapping[str, Any], at: str
) -> RegisterContract:
    suppliers = _suppliers(award, process=process)
    period = _part(contract, "period") or _part(award, "contractPeriod")
    value = _part(contract, "value") or _part(award, "value")
    first, last = _day(period, "startDate"), _day(period, "endDate")
    until = last + timedelta(days=1) if last else None
    if first and until and until <= first:
        raise ValueError(f"it ends on {last}, before it begins on {first}")
    evergreen = until is not None and until.year >= NO_END
    return RegisterContract(
        number=_text(contract, "id"),
        vendor=suppliers[0] if suppliers else "",
        title=_text(contract, "title") or _text(award, "title"),
        amount=_amount(value),
        currency=_text(value, "currency"),
        first_day=first,
        until=None if evergreen else until,
        evergreen=evergreen,
        signed_on=_day(contract, "dateSigned"),
        entity=_text(_part(process, "buyer"), "name"),
        where=at,
        notes=tuple(_notes(contract, suppliers=suppliers, evergreen=evergreen)),
    )


def _notes(contract: Mapping[str, Any], *, suppliers: list[str], evergreen: bool) -> Iterator[str]:
    if len(suppliers) > 1:
        yield f"it has several suppliers, of which the first is taken: {', '.join(suppliers[:10])}"
    if evergreen:
        yield f"it ends in {NO_END} or later, which is read as no end"
    if _text(contract, "status") in ("pending", "terminated"):
        yield f"its status is {contract['status']}"
    amendments = [*(contract.get("amendments") or ()), contract.get("amendment")]
    for amendment in amendments:
        if isinstance(amendment, dict):
            said = _text(amendment, "rationale") or _text(amendment, "description") or "no reason given"
            yield f"amended {_text(amendment, 'date')[:10] or 'on a day not stated'}: {said[:200]}"


def _suppliers(award: Mapping[str, Any], *, process: Mapping[str, Any]) -> list[str]:
    """Return the suppliers of the contract's award, else the process's parties in that role."""
    named = [each for each in award.get("suppliers") or () if isinstance(each, dict)]
    if not named:
        parties = process.get("parties") or ()
        named = [
            each for each in parties if isinstance(each, dict) and "supplier" in (each.get("roles") or ())
        ]
    return list(dict.fromkeys(name for each in named if (name := _text(each, "name"))))


def _stated(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}


def _objects(
    given: Mapping[str, Any], key: str, *, place: str, problems: list[FileProblem]
) -> list[Mapping[str, Any]]:
    value = given.get(key)
    at = f"{place}.{key}".lstrip(".")
    if value is not None and not isinstance(value, list):
        problems.append(FileProblem(place=at, message=f"it is {kind_of(value)}, not a list."))
    listed = value if isinstance(value, list) else []
    for i, each in enumerate(listed):
        if not isinstance(each, dict):
            problems.append(
                FileProblem(place=f"{at}[{i}]", message=f"it is {kind_of(each)}, not an object in braces.")
            )
    return [each for each in listed if isinstance(each, dict)]


def _part(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = given.get(key)
    return value if isinstance(value, dict) else {}


def _text(given: Mapping[str, Any], key: str) -> str:
    """Return a text; numbers stand for ids in some files. Raises ValueError for what no database holds."""
    value = given.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return " ".join(storable(value).split()) if isinstance(value, str) else ""


def _day(given: Mapping[str, Any], key: str) -> date | None:
    """Return the day of a time as the register wrote it, whatever its offset."""
    text = _text(given, key)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError(f"its {key} is {shown(text)}, not a day such as 2019-06-25") from None


def _amount(value: Mapping[str, Any]) -> Decimal | None:
    amount = value.get("amount")
    if amount is None or isinstance(amount, bool) or not isinstance(amount, int | float | str):
        return None
    try:
        read = Decimal(str(amount)[:60])
    except InvalidOperation:
        raise ValueError(f"its amount is {shown(str(amount))}, not a number") from None
    if not read.is_finite():
        raise ValueError(f"its amount is {shown(str(amount))}, not a number")
    return read
