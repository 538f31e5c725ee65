"""One report in five formats: read back, no figure differs."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count, islice
from typing import Any
from xml.etree import ElementTree

import pytest

from sla.reports.tables import FORMS, About, Cell, Column, Kind, Report, Table, render, tally_lines, watched
from sla.reports.tables.cells import exact_text, money_text, seconds_text
from sla.reports.tables.shown import shown_report
from vendors.files.spreadsheets import guarded, like_formula

ZONE = "America/Los_Angeles"
NOON = datetime(2019, 7, 1, 12, tzinfo=UTC)
COLUMNS = (
    Column(key="vendor", label="Vendor"),
    Column(key="on", label="Day", kind=Kind.DATE),
    Column(key="at", label="When", kind=Kind.INSTANT),
    Column(key="achieved", label="Achieved", kind=Kind.EXACT),
    Column(key="down", label="Counted", kind=Kind.LENGTH, total=True),
    Column(key="cases", label="Cases", kind=Kind.COUNT, total=True),
    Column(key="rate", label="Rate", kind=Kind.NUMBER),
    Column(key="open", label="Provisional", kind=Kind.FLAG),
    Column(key="currency", label="Currency"),
    Column(key="due", label="Credit due", kind=Kind.MONEY, currency="currency", total=True),
)
ROWS: tuple[tuple[Cell, ...], ...] = (
    ("Northrock", date(2019, 6, 25), datetime(2019, 6, 25, 4, 15, tzinfo=UTC), Fraction(199, 2),
     5_616_000_000, 2, Decimal("1.25"), True, "USD", 123_450),
    ("Ōsaka Line", date(2019, 6, 30), datetime(2019, 7, 1, 6, 59, 59, tzinfo=UTC), Fraction(1, 3),
     250_000, 1, Decimal("0.1"), False, "JPY", 9_000),
    ("Kuwait Net", date(2019, 6, 1), None, None, None, None, None, False, "KWD", -1_005),
    ("=1+1", date(2019, 6, 2), NOON, Fraction(-1, 8), 0, 0, Decimal("-3"), False, "USD", 1),
)  # fmt: skip


def a_report(*rows: tuple[Cell, ...], columns: tuple[Column, ...] = COLUMNS, **about: Any) -> Report:
    return Report(
        code="breach",
        title="Service levels missed",
        subtitle="2019-06-01 to 2019-06-30",
        about=About(
            parameters=(("From", "2019-06-01"),),
            run_by="ada",
            run_at=NOON,
            data_as_at=NOON,
            zone=ZONE,
            **about,
        ),
        tables=(Table(code="lines", title="Lines", columns=columns, rows=lambda: iter(rows or ROWS)),),
    )


def rendered(report: Report, *, form: str) -> bytes:
    return b"".join(render(report, form=form))


def lines_of(report: Report) -> list[list[str]]:
    return list(csv.reader(io.StringIO(rendered(report, form="csv").decode("utf-8-sig"), newline="")))


class Book:
    """What a workbook holds, read with nothing but its XML."""

    def __init__(self, data: bytes) -> None:
        self.parts = zipfile.ZipFile(io.BytesIO(data))
        names = re.findall(r'<sheet name="([^"]+)"', self.text("xl/workbook.xml"))
        self.sheets = {name: f"xl/worksheets/sheet{at}.xml" for at, name in enumerate(names, start=1)}
        styles = self.text("xl/styles.xml")
        formats = dict(re.findall(r'numFmtId="(\d+)" formatCode="([^"]+)"', styles)) | {
            "3": "#,##0",
            "4": "#,##0.00",
        }
        cells = re.search(r"<cellXfs.*?</cellXfs>", styles, re.DOTALL)
        assert cells is not None
        xfs = re.findall(r"<xf [^>]*>", cells[0])
        self.formats = [formats.get(re.findall(r'numFmtId="(\d+)"', xf)[0], "") for xf in xfs]
        self.quoted = ['quotePrefix="1"' in xf for xf in xfs]

    def text(self, name: str) -> str:
        return self.parts.read(name).decode()

    def cells(self, sheet: str) -> dict[str, dict[str, Any]]:
        """Return type, value, formula and number format of each cell, by its address."""
        found = {}
        for cell in ElementTree.fromstring(self.text(self.sheets[sheet])).iter():
            if cell.tag.endswith("}c"):
                parts = {each.tag.rpartition("}")[2]: each for each in cell.iter()}
                style = int(cell.get("s", "0"))
                found[cell.get("r", "")] = {
                    "type": cell.get("t", "n"),
                    "value": (parts.get("t") if "t" in parts else parts.get("v")).text  # type: ignore[union-attr]
                    if "t" in parts or "v" in parts
                    else None,
                    "formula": parts["f"].text if "f" in parts else None,
                    "format": self.formats[style],
                    "quoted": self.quoted[style],
                }
        return found


def in_csv(report: Report) -> list[dict[str, Any]]:
    head, *lines = lines_of(report)
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_no_figure_differs_between_the_formats() -> None:
    report = a_report()
    in_json = json.loads(rendered(report, form="json"))["tables"][0]["rows"]
    book = Book(rendered(report, form="xlsx")).cells("Lines")
    (shown,) = shown_report(report, most=100).tables
    page = rendered(report, form="html").decode()
    for at, (row, text, data) in enumerate(zip(ROWS, in_csv(report), in_json, strict=True)):
        sheet = {
            column.key: book.get(f"{letter}{at + 2}")
            for letter, column in zip("ABCDEFGHIJ", COLUMNS, strict=True)
        }
        people = dict(
            zip((c.key for c in COLUMNS), (cell.text for cell in shown.rows[at].cells), strict=True)
        )
        assert all(f">{each}<" in page for each in people.values())
        due, down, achieved = row[9], row[4], row[3]
        digits = {"USD": 2, "JPY": 0, "KWD": 3}[str(row[8])]
        amounts = {text["due"], data["due"]["amount"], people["due"].replace(",", "")}
        assert {Decimal(each).scaleb(digits) for each in amounts} == {Decimal(str(due))}
        assert Decimal(sheet["due"]["value"]).scaleb(digits) == Decimal(str(due)) == data["due"]["minor"]
        assert text["currency"] == data["currency"] == data["due"]["currency"] == row[8]
        assert text["on"] == data["on"] == people["on"] == str(row[1])
        assert date(1899, 12, 30) + timedelta(days=int(sheet["on"]["value"])) == row[1]
        if achieved is not None:
            assert (
                Fraction(text["achieved"])
                == Fraction(data["achieved"])
                == Fraction(people["achieved"])
                == achieved
            )
            assert Fraction(sheet["achieved"]["value"]) == achieved
        if down is not None:
            assert Decimal(text["down_s"]) * 10**6 == Decimal(data["down_s"]) * 10**6 == down
            assert round(Decimal(sheet["down"]["value"]) * 86_400 * 10**6) == down
        if row[6] is not None:
            assert Decimal(text["rate"]) == Decimal(data["rate"]) == Decimal(sheet["rate"]["value"]) == row[6]
            assert int(text["cases"]) == data["cases"] == int(sheet["cases"]["value"]) == row[5]
        if isinstance(row[2], datetime):
            assert datetime.fromisoformat(text["at"]) == datetime.fromisoformat(data["at"]) == row[2]


def test_each_currency_has_its_own_total_and_they_are_never_added_together() -> None:
    report = a_report()
    totals = json.loads(rendered(report, form="json"))["tables"][0]["totals"]
    assert totals == [
        {"currency": None, "down_s": "5616.25", "cases": 3},
        {"currency": "JPY", "due": {"minor": 9_000, "currency": "JPY", "amount": "9000"}},
        {"currency": "KWD", "due": {"minor": -1_005, "currency": "KWD", "amount": "-1.005"}},
        {"currency": "USD", "due": {"minor": 123_451, "currency": "USD", "amount": "1234.51"}},
    ]
    book = Book(rendered(report, form="xlsx")).cells("Lines")
    feet = [(book[f"A{at}"], book.get(f"J{at}", {})) for at in (7, 8, 9, 10)]
    assert [(label["value"], money.get("formula"), money.get("value")) for label, money in feet] == [
        ("Total", None, None),
        ("Total JPY", 'SUMIFS(J2:J5,I2:I5,"JPY")', "9000"),
        ("Total KWD", 'SUMIFS(J2:J5,I2:I5,"KWD")', "-1.005"),
        ("Total USD", 'SUMIFS(J2:J5,I2:I5,"USD")', "1234.51"),
    ]  # fmt: skip
    shown = shown_report(report, most=1).tables[0].feet
    assert [[cell.text for cell in row.cells][-2:] for row in shown] == [
        ["", ""], ["JPY", "9,000"], ["KWD", "-1.005"], ["USD", "1,234.51"],
    ]  # fmt: skip


def test_one_currency_is_totalled_by_a_formula_that_follows_the_filter() -> None:
    cells = Book(rendered(a_report(ROWS[0], ROWS[3]), form="xlsx")).cells("Lines")
    assert (cells["J5"]["formula"], cells["J5"]["value"]) == ("SUBTOTAL(109,J2:J3)", "1234.51")
    assert (cells["E5"]["formula"], cells["E5"]["value"]) == ("SUBTOTAL(109,E2:E3)", "0.065")


def test_a_workbook_has_frozen_headings_filters_formats_and_a_sheet_about_itself() -> None:
    book = Book(rendered(a_report(provisional=True, versions=(("Recourse", "0.1"),)), form="xlsx"))
    sheet = book.text(book.sheets["Lines"])
    assert 'topLeftCell="A2"' in sheet
    assert 'state="frozen"' in sheet
    assert '<autoFilter ref="A1:J5"' in sheet
    cells = book.cells("Lines")
    assert [cells[at]["format"] for at in ("B2", "C2", "E2", "J2", "J3", "J4")] == [
        "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "[h]:mm:ss", "#,##0.00", "#,##0", "#,##0.000",
    ]  # fmt: skip
    assert cells["C1"]["value"] == f"When ({ZONE})"
    about = book.cells("About this file")
    said = {about[f"A{at}"]["value"]: about[f"B{at}"]["value"] for at in range(1, 10)}
    assert said["Run by"] == "ada"
    assert said["Data as at"] == "2019-07-01T12:00:00Z"
    assert said["Zone of times"] == ZONE
    assert said["Recourse"] == "0.1"
    controls = [(about[f"B{at}"]["value"], about[f"C{at}"]["value"], about[f"D{at}"]["value"])
                for at in range(14, 20) if f"D{at}" in about]  # fmt: skip
    assert ("Credit due", "USD", "1234.51") in controls
    assert ("Rows", "", "4") in controls or ("Rows", None, "4") in controls


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("==1+1", "'==1+1"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\n=1"),
        ("\n=1", "'\n=1"),
        ("\x00=1", "'=1"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\ufeff=1", "'=1"),
        ("\u200b@x", "'\u200b@x"),
        ("＝1+1", "'＝1+1"),
        ("-0.1 %", "-0.1 %"),
        ("+49 ", "'+49 "),
        ("99.9 %", "99.9 %"),
        ("a=b", "a=b"),
        ("bell\x07", "bell"),
        ("", ""),
    ],
)
def test_text_that_begins_like_a_formula_is_neutralised(text: str, written: str) -> None:
    row = (text, *ROWS[0][1:])
    assert guarded(text) == written
    assert lines_of(a_report(row))[1][0] == written
    cells = Book(rendered(a_report(row), form="xlsx")).cells("Lines")
    if not text:
        assert "A2" not in cells
        return
    cell = cells["A2"]
    assert cell["type"] in ("inlineStr", "s", "n")
    assert cell["formula"] is None
    assert cell["quoted"] is (written.startswith("'"))
    assert cell["value"] in (None, written.removeprefix("'"), written)


def test_negative_figures_are_never_touched() -> None:
    row = ("x", date(2019, 6, 1), NOON, Fraction(-1, 2), -1_000_000, -5, Decimal("-2.5"), True, "USD", -100)
    (found,) = in_csv(a_report(row))
    assert [found[key] for key in ("achieved", "down_s", "cases", "rate", "due")] == [
        "-0.5",
        "-1",
        "-5",
        "-2.5",
        "-1.00",
    ]


def test_csv_is_quoted_throughout_with_a_mark_for_spreadsheets() -> None:
    data = rendered(a_report(ROWS[1]), form="csv")
    assert data.startswith(b'\xef\xbb\xbf"vendor","on","at","achieved","down_s"')
    assert data.count(b"\r\n") == 2
    assert '"Ōsaka Line","2019-06-30","2019-06-30 23:59:59-07:00","1/3","0.25"'.encode() in data


def test_several_tables_follow_each_other_in_csv_under_their_titles() -> None:
    one = a_report(ROWS[0]).tables[0]
    report = replace(a_report(), tables=(one, replace(one, code="again", title="=Again")))
    lines = lines_of(report)
    assert [line[:1] for line in lines] == [
        ["Lines"],
        ["vendor"],
        ["Northrock"],
        [],
        ["'=Again"],
        ["vendor"],
        ["Northrock"],
    ]
    assert list(Book(rendered(report, form="xlsx")).sheets) == ["Lines", "=Again", "About this file"]


def test_csv_and_json_come_before_the_last_row_is_read() -> None:
    def endless() -> Any:
        return (("x", *ROWS[0][1:]) for _ in count())

    for form in ("csv", "json"):
        report = a_report()
        report = replace(report, tables=(replace(report.tables[0], rows=endless),))
        assert len(b"".join(islice(render(report, form=form), 5))) > 10_000


@pytest.mark.parametrize("form", FORMS)
def test_the_same_report_gives_the_same_bytes(form: str) -> None:
    assert rendered(a_report(), form=form) == rendered(a_report(), form=form)


@pytest.mark.parametrize("form", FORMS)
def test_a_report_without_rows_says_so(form: str) -> None:
    report = a_report()
    report = replace(
        report, tables=(replace(report.tables[0], rows=lambda: iter(()), empty="Nothing missed."),)
    )
    data = rendered(report, form=form)
    if form == "html":
        assert b"Nothing missed." in data
    if form == "xlsx":
        assert Book(data).cells("Lines")["A2"]["value"] == "Nothing missed."
    if form == "json":
        assert json.loads(data)["tables"][0]["rows"] == []


def test_long_tables_are_cut_on_pages_only_and_totals_stay_whole() -> None:
    (table,) = shown_report(a_report(*([ROWS[0]] * 30)), most=10).tables
    assert (len(table.rows), table.left_out, table.feet[0].cells[-1].text) == (10, 20, "37,035.00")


def test_columns_that_are_folded_away_keep_money_beside_its_currency() -> None:
    columns = tuple(replace(c, narrow=c.key in ("currency", "at")) for c in COLUMNS)
    (table,) = shown_report(a_report(columns=columns), most=10).tables
    assert table.rows[0].cells[-1].text == "USD 1,234.50"
    assert [(cell.label, cell.text) for cell in table.rows[0].more] == [
        ("When", "2019-06-24 21:15:00"), ("Currency", "USD"),
    ]  # fmt: skip


def test_a_page_escapes_what_came_from_outside() -> None:
    page = rendered(a_report(("<script>alert(1)</script>", *ROWS[0][1:])), form="html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_pdf_takes_any_text_as_text() -> None:
    assert rendered(a_report(("#panic(1) *x* $y$ [z", *ROWS[0][1:])), form="pdf").startswith(b"%PDF-")


def test_what_passed_is_told_in_words() -> None:
    report, tallies = watched(a_report())
    rendered(report, form="csv")
    assert tally_lines(report, tallies=tallies) == [
        "Lines: 4 rows",
        "  Credit due: JPY 9,000",
        "  Credit due: KWD -1.005",
        "  Credit due: USD 1,234.51",
    ]


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"No format 'docx'. Choose one of: csv, xlsx, json, html, pdf"):
        render(a_report(), form="docx")


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (exact_text, Fraction(199, 2), "99.5"),
        (exact_text, Fraction(-1, 8), "-0.125"),
        (exact_text, Fraction(2, 3), "2/3"),
        (exact_text, Fraction(100), "100"),
        (exact_text, Fraction(1, 10**13), "1/10000000000000"),
        (seconds_text, 90_000_001, "90.000001"),
        (seconds_text, -500_000, "-0.5"),
        (lambda minor: money_text(minor, currency="USD"), -5, "-0.05"),
        (lambda minor: money_text(minor, currency="JPY"), -5, "-5"),
        (lambda minor: money_text(minor, currency="KWD"), 12_345, "12.345"),
    ],
)
def test_figures_are_exact_text(write: Callable[[Any], str], value: Any, text: str) -> None:
    assert write(value) == text


def test_an_amount_beyond_what_a_number_keeps_is_text_in_a_workbook() -> None:
    row = (*ROWS[0][:-1], 9_007_199_254_740_993)
    cell = Book(rendered(a_report(row), form="xlsx")).cells("Lines")["J2"]
    assert cell["value"] == "90071992547409.93"
    assert not like_formula("90071992547409.93")
