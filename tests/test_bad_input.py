"""Garbage in, a message out: each command and reader names what is wrong and leaves the register alone."""

import tomllib
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.feeds.statuspage import read_statuspage
from incidents.feeds.values import Feed, FeedError
from sla.documents import Document, DocumentError, read_document, remarks, results_of
from sla.reports.text import render_text
from tests.sla.test_documents import OUTAGE, PLAIN
from tests.vendors.rows import a_vendor

ROOT = Path(__file__).parents[1]
GOLDEN = [ROOT / "sla/demo/colocation-2019.toml", ROOT / "tests/cases/30-maintenance-overlap.toml"]
WRONG: list[Any] = [
    None,
    True,
    -1,
    10**40,
    Decimal("1E+999999"),
    Decimal("0.000000000000000000000000000000000000001"),
    "",
    "\x00",
    "\u202e=1+1<script>\x1b[31m",
    "9999-12-31",
    "2019-01-01T00:00:00+99:00",
    "999999999 days",
    [],
    {"a": [{}]},
]
HEAD = PLAIN.encode()
FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "vendor is missing. Add the table [vendor]"),
    "zeroes": (b"\0" * 1000, "The file is no valid TOML: Invalid statement (at line 1, column 1)."),
    "binary": (bytes(range(256)) * 9, "The file is not UTF-8 text (byte 128). Save it as UTF-8."),
    "latin 1": (b'note = "caf\xe9"\n' + HEAD, "The file is not UTF-8 text (byte 11). Save it as UTF-8."),
    "cut TOML": (HEAD[:-4], "The file is no valid TOML"),
    "cut JSON": (b'{"vendor": {"slug": "a"', "The file is no valid JSON: Expecting ',' delimiter"),
    "10 MB of brackets": (b'{"a":' + b"[" * 10_000_000, "nests deeper than 24 levels. Flatten it."),
    "10 MB of brackets in TOML": (b"a = " + b"[" * 10_000_000, "nests deeper than 24 levels. Flatten it."),
    "deep keys": (b"a" + b".a" * 1_000_000 + b" = 1", "nests deeper than 24 levels. Flatten it."),
    "deep header": (b"[" + b"a." * 1_000_000 + b"a]", "nests deeper than 24 levels. Flatten it."),
    "too large": (b"#" * 21_000_000, "The file has 21,000,000 bytes; at most 20,971,520 are read. Split it."),
    "key twice": (
        b'{"vendor": {}, "vendor": {}}',
        "The key 'vendor' is given twice in one object.",
    ),
    "key twice in TOML": (b"format = 1\nformat = 1\n", "Cannot overwrite a value (at line 2, column 11)."),
    "endless number": (b"format = " + b"9" * 9999, "holds a whole number of thousands of digits. Check it."),
    "endless exponent": (b"format = 1e99999999999999999999", "holds a number that cannot be read."),
    "large exponent": (b"format = 1e999999\n" + HEAD, "format: '1E+999999' is no whole number."),
    "no number": (b"format = nan\n" + HEAD, "format: 'NaN' is no whole number."),
    "infinity": (b'{"format": -Infinity}', "format: '-Infinity' is no whole number."),
    "a list": (b"[[]]", "The file is no valid TOML"),
    "key that steers": (HEAD + b'"\\u001b[2J" = 1\n', r"\x1b[2J"),
}


def read(data: bytes) -> Document:
    return read_document(data, name="x")


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_document_is_refused_with_its_reason(kind: str) -> None:
    data, message = FILES[kind]
    with pytest.raises(DocumentError) as refused:
        read(data)
    assert message in str(refused.value)
    assert str(refused.value).replace("\n", "").isprintable()


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    plain = read((PLAIN + OUTAGE).encode())
    assert read(b"\xef\xbb\xbf" + (PLAIN + OUTAGE).replace("\n", "\r\n").encode()) == plain


def test_a_file_of_nothing_but_faults_shows_the_first_fifty() -> None:
    with pytest.raises(DocumentError) as refused:
        read(HEAD + b"[[services]]\ncode = 1\n" * 3000)
    lines = str(refused.value).splitlines()
    assert lines[1].endswith("services[1].code: 1 is no text. Put it in quotes.")
    assert (len(lines), lines[-1].startswith("  and ")) == (52, True)


def leaves(value: Any, *, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of the values that hold no others, one of each shape of path."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for key, inner in items for leaf in leaves(inner, path=(*path, key))]
    return found or [path]


def places_of(path: Path) -> list[tuple[str | int, ...]]:
    found = {}
    for leaf in leaves(tomllib.loads(path.read_text())):
        found.setdefault(tuple(key for key in leaf if isinstance(key, str)), leaf)
    return [leaf for shape, leaf in found.items() if shape[0] != "expect"]


def written(value: Any) -> str:
    """Return plain data as JSON, numbers with all their digits."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{dumps(key)}:{written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return dumps(str(value) if isinstance(value, date | datetime) else value)


def replaced(table: dict[str, Any], *, leaf: tuple[str | int, ...], by: Any) -> bytes:
    changed = deepcopy(table)
    inner: Any = changed
    for key in leaf[:-1]:
        inner = inner[key]
    inner[leaf[-1]] = by
    return written(changed).encode()


def faults_of(data: bytes) -> list[str]:
    """Return the places of a document's faults; one without any must come to statements."""
    document, error = outcome(data, name="x.json")
    if document is None:
        assert str(error).replace("\n", "").isprintable()
        assert all(problem.place for problem in error.problems), str(error)
        return [problem.place for problem in error.problems]
    list(remarks(document))
    for entry in document.agreements:
        for result in results_of(document, agreement=entry.code):
            assert render_text(result, names={})
    return []


def outcome(data: bytes, *, name: str) -> tuple[Document | None, Any]:
    """Return the document, or why it was refused; any other error fails the test."""
    try:
        return read_document(data, name=name), None
    except DocumentError as error:
        return None, error


@pytest.mark.parametrize(
    ("path", "leaf"),
    [(path, leaf) for path in GOLDEN for leaf in places_of(path)],
    ids=lambda value: value.stem if isinstance(value, Path) else ".".join(map(str, value)),
)
def test_a_wrong_value_anywhere_is_a_fault_at_its_place_or_a_valid_document(
    path: Path, leaf: tuple[str | int, ...]
) -> None:
    table = tomllib.loads(path.read_text(), parse_float=Decimal)
    table.pop("expect", None)
    answers = [faults_of(replaced(table, leaf=leaf, by=wrong)) for wrong in WRONG]
    refused = [places for places in answers if places]
    # A huge number, NUL and a list of tables are valid nowhere.
    assert len(refused) >= 3
    assert any(str(leaf[0]) in place for places in refused for place in places)


KEYS = [
    *("vendor", "contract", "slug", "reference", "currency", "zone", "effective_from", "services", "code"),
    *("charges", "amount", "agreements", "versions", "targets", "metric", "credit", "tiers", "incidents"),
    *("outages", "started_at", "page", "components", "incident_updates", "id", "name", "status", "impact"),
    *("created_at", "scheduled_for", "scheduled_until"),
]
PLAIN_DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["USD", "UTC", "2020-01-01", "main", "availability", "tiered", "99.9", "1h", "month"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=8,
        )
    ),
    max_leaves=40,
)
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answer(data: bytes) -> None:
    """Read bytes by both readers; any error but their own fails the test."""
    for name in ("x.toml", "x.json"):
        document, error = outcome(data, name=name)
        assert document is not None or error.problems
    said: Feed | str
    try:
        said = read_statuspage(data)
    except FeedError as error:
        said = str(error)
    assert said


@QUICK
@given(st.binary(max_size=400))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    answer(data)


@QUICK
@given(PLAIN_DATA)
def test_no_plain_data_breaks_a_reader(value: Any) -> None:
    answer(dumps(value).encode())
    answer(dumps({"incidents": value, "scheduled_maintenances": [value], "page": value}).encode())


# --- commands ---------------------------------------------------------------------------------------


def counts() -> dict[str, int]:
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def refused(name: str, *args: Any, **options: Any) -> str:
    """Return why a command refused, after checking its exit status and that no row came or went."""
    before, out = counts(), StringIO()
    with pytest.raises(CommandError) as error:
        call_command(name, *map(str, args), stdout=out, **options)
    assert error.value.returncode == 2
    assert counts() == before
    assert out.getvalue() == ""
    return str(error.value)


COMMANDS: dict[str, list[str]] = {
    "evaluate": [],
    "load_contract": [],
    "import_incidents": ["--feed", "statuspage", "--vendor", "northrack"],
}
UNREADABLE = {
    "none.toml": "cannot be read: No such file or directory. Check the path.",
    ".": "cannot be read: Is a directory. Check the path.",
    "a\x00b": "cannot be read: embedded null byte. Check the path.",
    "x" * 300: "cannot be read: File name too long. Check the path.",
}


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_cannot_be_read_is_refused(command: str, tmp_path: Path) -> None:
    a_vendor()
    for name, message in UNREADABLE.items():
        assert refused(command, f"{tmp_path}/{name}", *COMMANDS[command]).endswith(message)


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_garbage_is_refused_and_changes_nothing(command: str, tmp_path: Path) -> None:
    a_vendor()
    path = tmp_path / "x"
    for data, _ in FILES.values():
        path.write_bytes(data)
        message = refused(command, path, *COMMANDS[command])
        assert message.startswith(str(path))
        assert message.replace("\n", "").isprintable()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("2018-01-01", "0001-01-01", "contract.effective_from: The year 1 is out of range."),
        ('"America/Los_Angeles"', '"../../etc/passwd"', "contract.zone: '../../etc/passwd' is no time zone."),
        ('"USD"', '"US$"', "contract.currency: 'US$' is no currency."),
        ("99.99", "99.99e40", ".level: "),
        ('service = "power"', 'service = "powr"', "'powr' is no service of this document."),
    ],
)
def test_a_document_with_one_wrong_word_loads_nothing(tmp_path: Path, old: str, new: str, place: str) -> None:
    path = tmp_path / "acme.toml"
    assert old in PLAIN + OUTAGE
    path.write_text((PLAIN + OUTAGE).replace(old, new))
    assert place in refused("load_contract", path)
    assert place in refused("evaluate", path)


@pytest.mark.parametrize(
    "until", ["", "noon", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00", "2019-13-01", "\x00", "1e9"]
)
def test_a_moment_that_is_none_is_refused(tmp_path: Path, until: str) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(PLAIN + OUTAGE)
    with pytest.raises(CommandError, match=r"^--known-until .* is no time") as error:
        call_command("evaluate", str(path), "--known-until", until)
    assert error.value.returncode == 2


@pytest.mark.parametrize(
    "label", ["٢٠١٩-06", "9999-12", "0000", "2019-99", "\x00", "-1", "2019-W99", "x" * 9999]
)
def test_a_period_that_is_none_is_refused(tmp_path: Path, label: str) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(PLAIN + OUTAGE)
    with pytest.raises(CommandError, match=r"^ACME-1: .* names no period") as error:
        call_command("evaluate", str(path), f"--period={label}")
    assert error.value.returncode == 2


@pytest.mark.django_db
@pytest.mark.parametrize("reference", ["", "none", "\x00", "\udcff", "\u202ex", "'; DROP TABLE", "x" * 9999])
def test_a_reference_that_nobody_has_is_refused(reference: str) -> None:
    said = "No contract has the reference " + repr(reference)
    assert refused("export_contract", reference).startswith(said)
    path = Path(__file__).parent / "incidents/captures/awkward.json"
    said = "No vendor has the short name " + repr(reference)
    assert refused("import_incidents", path, "--feed", "statuspage", f"--vendor={reference}").startswith(said)


@pytest.mark.django_db
def test_what_a_feed_says_never_steers_the_terminal(tmp_path: Path) -> None:
    a_vendor()
    path = tmp_path / "feed.json"
    post = {"id": "i\u001b[2J", "name": "\u202e=cmd()\u0007", "created_at": "2020-01-01T00:00:00Z"}
    path.write_text(dumps({"incidents": [post]}))
    out = StringIO()
    call_command("import_incidents", str(path), feed="statuspage", vendor="northrack", stdout=out)
    assert r"\u202e=cmd()\x07" in out.getvalue()
    assert out.getvalue().replace("\n", "").isprintable()


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["demo", "first_login"])
def test_a_place_that_is_taken_is_named_and_nothing_is_made(
    command: str, tmp_path: Path, settings: Any
) -> None:
    settings.DEBUG, settings.DATA_DIR = True, tmp_path
    taken = tmp_path / {"demo": "demo", "first_login": "first-login"}[command]
    if command == "demo":
        taken.write_text("not a folder")
    else:
        taken.mkdir()
    message = refused(command)
    assert str(taken) in message
    assert message.endswith("Free that path, or name another place by RECOURSE_DATA.")
