"""`manage.py evaluate`: a document's statements in text and JSON, without a database."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.sla.test_documents import OUTAGE, PLAIN


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "acme.toml"
    path.write_text(PLAIN + OUTAGE)
    return path


def run(*args: object) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("evaluate", *map(str, args), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(*args: object) -> str:
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("evaluate", *map(str, args), stdout=out)
    assert error.value.returncode == 2
    assert out.getvalue() == ""
    return str(error.value)


def test_the_text_shows_value_account_credit_and_reasons(document: Path) -> None:
    text, err = run(document)
    assert err == ""
    lines = text.splitlines()
    assert lines[0] == "Service level statement ACME-1/main/2019-06"
    assert "Power availability: missed (power; 2019-06)" in lines
    for label, value in {
        "Achieved": "99.831 %",
        "Level": "99.99 %",
        "  Delivered": "718 h 47 min",
        "  Down, counted against the vendor": "1 h 13 min",
        "  All of the period": "720 h",
        "  Base": "USD 10,000.00",
        "  Before caps": "USD 1,000.00",
        "Credit due, before tax": "USD 1,000.00",
    }.items():
        assert f"  {label:<46} {value}" in lines
    assert "How this was worked out" in lines
    assert "  The level is missed: 99.831018 %, where the clause asks for at least 99.99 %." in lines
    assert max(map(len, lines)) <= 100


def test_enough_decimals_are_shown_to_tell_the_value_from_the_level(document: Path) -> None:
    document.write_text((PLAIN + OUTAGE).replace("99.99", "99.83102"))
    text, _ = run(document)
    assert f"  {'Achieved':<46} 99.83101 %" in text
    assert f"  {'Level':<46} 99.83102 %" in text


def test_json_is_one_canonical_result_a_line(document: Path) -> None:
    text, _ = run(document, "--format", "json")
    (line,) = text.splitlines()
    result = json.loads(line)
    assert json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == line
    assert result["measured"][0]["value"] == "43127/432"
    assert result["credits"]["totals"][0]["due"] == {"currency": "USD", "minor": 100000}


def test_a_quiet_period_is_evaluated_when_it_is_named(document: Path) -> None:
    text, _ = run(document, "--period", "2019-07", "--agreement", "main")
    assert text.startswith("Service level statement ACME-1/main/2019-07\n")
    assert "Power availability: met, unconfirmed" in text


def test_what_is_not_yet_known_makes_the_result_provisional(document: Path) -> None:
    text, _ = run(document, "--known-until", "2019-06-20T00:00:00")
    assert "Known until 2019-06-20 00:00:00 -07:00" in text
    assert "Power availability: provisional" in text


def test_remarks_go_to_the_error_stream(document: Path) -> None:
    document.write_text(PLAIN + OUTAGE + '[[conditions]]\ncode = "paid"\nmet = true\n')
    _, err = run(document)
    assert err == "Note: conditions[0].code: No service level asks for 'paid'. Check its spelling.\n"


def test_every_fault_of_a_bad_document_is_listed(document: Path) -> None:
    document.write_text(
        (PLAIN + OUTAGE).replace("level = 99.99", "level = 101").replace("currency", "curency")
    )
    message = refused(document)
    assert message.splitlines() == [
        f"{document} has 2 faults:",
        "  contract.curency: 'curency' is not a known key. Did you mean 'currency'?",
        "  contract: currency is missing. Give it as text.",
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--period", "soon"), "ACME-1: 'soon' names no period. Write 2019, 2019-Q2, 2019-06"),
        (
            ("--period", "2017-06"),
            "ACME-1: No version of 'main' is in force in 2017-06: the first begins on 2018-01-01.",
        ),
        (("--agreement", "other"), "ACME-1: The document has no SLA schedule 'other'. It has: main."),
        (("--known-until", "noon"), "--known-until 'noon' is no time"),
        (("--known-until", "2019-03-10T02:30:00"), "does not exist in America/Los_Angeles"),
    ],
)
def test_a_bad_option_is_refused(document: Path, args: tuple[str, str], message: str) -> None:
    assert message in refused(document, *args)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.toml").endswith(
        "cannot be read: No such file or directory. Check the path."
    )


def test_a_document_in_which_nothing_happened_asks_for_a_period(document: Path) -> None:
    document.write_text(PLAIN)
    assert refused(document) == "Nothing is recorded in the document. Name a period: --period 2019-06."
