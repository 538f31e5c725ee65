"""Reading CSV and XLSX into rows: encodings, signs, quotes, headings, sheets, and what is refused."""

from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.feeds.table_columns import INCIDENT_WORDS, MAINTENANCE_WORDS, SAMPLE_WORDS
from tests.incidents.tables import SHEET, cell_date, csv_of, edited, xlsx_of
from vendors.files.columns import columns_of
from vendors.files.csv_files import MOST_LINES
from vendors.files.errors import FileError
from vendors.files.mapping import TableMapping
from vendors.files.rows import LARGEST_FILE, MOST_ROWS
from vendors.files.tables import Table, open_table

FIELDS = ("number", "title", "began", "ended")


def table_of(content: bytes, **columns: str) -> Table:
    given = {key.replace("option_", "option:"): name for key, name in columns.items()}
    named = {"number": "No", "title": "Title"} | given
    return open_table(content, mapping=TableMapping.of(named, fields=FIELDS))


def read(content: bytes, **columns: str) -> list[tuple[int, str | None, str | None]]:
    return [
        (record.number, record.values["number"], record.values["title"])
        for record in table_of(content, **columns).records()
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_the_encoding_is_found(encoding: str) -> None:
    assert read("No,Title\n1,Störung – Café\n".encode(encoding)) == [(2, "1", "Störung – Café")]


def test_a_named_encoding_is_used() -> None:
    content = "No,Title\n1,Awaria łączy\n".encode("cp1250")
    assert read(content, option_encoding="cp1250") == [(2, "1", "Awaria łączy")]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_between_cells_is_found(sign: str) -> None:
    assert read(f'No{sign}Title\n1{sign}"a, b; c | d"\n2{sign}x\n'.encode()) == [
        (2, "1", "a, b; c | d"),
        (3, "2", "x"),
    ]


def test_the_sign_that_a_spreadsheet_states_in_the_first_line_is_used() -> None:
    assert read(b"sep=;\r\nNo;Title\r\n1;a,b\r\n") == [(3, "1", "a,b")]


def test_a_named_sign_is_used() -> None:
    assert read(b"No~Title\n1~a\n", option_delimiter="~") == [(2, "1", "a")]


def test_rows_bear_the_number_that_a_spreadsheet_shows() -> None:
    content = csv_of("No,Title", "", '1,"two', 'lines"', ",", "2,x")
    assert read(content) == [(3, "1", "two\nlines"), (5, "2", "x")]


def test_names_are_found_below_titles_and_above_repeats_whatever_their_blanks_and_capitals() -> None:
    content = csv_of("Incidents of May", "", " NO ,title  ", "1,a", "No,Title", "2,b", ",")
    assert read(content) == [(4, "1", "a"), (6, "2", "b")]


def test_the_row_of_names_can_be_stated() -> None:
    content = csv_of("No,Title", "1,a", "No,Title", "2,b")
    assert read(content, option_header="3") == [(4, "2", "b")]


def test_marks_for_nothing_are_no_value_and_can_be_stated() -> None:
    content = csv_of("No,Title", "1,?", "2,N/A", "3,-", "4,", "5,none")
    assert [title for _, _, title in read(content)] == [None, None, None, None, "none"]
    assert [title for _, _, title in read(content, option_missing="none|?")] == [None, "N/A", "-", None, None]


def test_a_field_of_two_columns_joins_them() -> None:
    content = csv_of("No,Date,Time", "1,2016-02-29,01:16", "2,2016-02-29,")
    records = table_of(content, title="Date + Time").records()
    assert [record.values["title"] for record in records] == ["2016-02-29 01:16", "2016-02-29"]


def test_a_row_with_more_cells_than_names_is_left_out() -> None:
    table = table_of(csv_of("No,Title", "1,a, b", "2,c"))
    assert [record.number for record in table.records()] == [3]
    assert [(problem.place, problem.message) for problem in table.problems] == [
        (
            "row 2",
            "it has 3 cells, the row of names has 2: its values may stand in wrong columns. "
            "Put cells that hold the sign between cells in quotation marks.",
        )
    ]


def test_a_null_byte_is_a_problem_of_its_row() -> None:
    table = table_of(csv_of("No,Title", "1,a\x00", "2,b"))
    assert [record.number for record in table.records()] == [3]
    assert [(problem.place, problem.message) for problem in table.problems] == [
        ("row 2, column Title", "the text holds a null byte or half a character.")
    ]


BOOK = xlsx_of(("No", "Title", "When"), ("1", "a", cell_date(2016, 2, 29, 1, 16)), (), (7, True, "x"))


def test_a_workbook_gives_the_same_rows_as_text() -> None:
    records = list(table_of(BOOK, began="When").records())
    assert [(record.number, dict(record.values)) for record in records] == [
        (2, {"number": "1", "title": "a", "began": "2016-02-29 01:16:00"}),
        (4, {"number": "7", "title": "TRUE", "began": "x"}),
    ]


def cell(xml: str) -> bytes:
    """Give a workbook with one more row of this cell under "No", and a text under "Title"."""
    row = f'<row r="9">{xml}<c r="B9" t="inlineStr"><is><t>t</t></is></c></row></sheetData>'
    return edited(xlsx_of(("No", "Title")), lambda part: part.replace(b"</sheetData>", row.encode()))


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ('<c r="A9"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A9" t="str"><f>A1</f><v>x</v></c>', "x"),
        ('<c r="A9" t="str"><f>A1</f><v></v></c>', None),
        ('<c r="A9"><v>1.2E7</v></c>', "12000000"),
        ('<c r="A9" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r><rPh><t>no</t></rPh></is></c>', "ab"),
        ('<c r="A9" t="inlineStr"><is><t>a_x000A_b</t></is></c>', "a\nb"),
        ('<c r="A9" t="b"><v>0</v></c>', "FALSE"),
        ('<c r="A9" t="d"><v>2016-02-29T01:16:00</v></c>', "2016-02-29T01:16:00"),
        ("<c/>", None),
    ],
)
def test_a_cell_is_read_as_the_spreadsheet_stored_it(xml: str, value: str | None) -> None:
    (record,) = table_of(cell(xml)).records()
    assert (record.number, record.values["number"]) == (9, value)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (
            '<c r="A9"><f>1+1</f></c>',
            "a formula without a stored value; open the file in a spreadsheet and save it.",
        ),
        ('<c r="A9" t="e"><v>#REF!</v></c>', "the error #REF! of the spreadsheet."),
        ('<c r="A9" t="s"><v>99</v></c>', "a text that the workbook does not hold."),
        (
            '<c r="A9" t="inlineStr"><is><t>a_xD800_</t></is></c>',
            "the text holds a null byte or half a character.",
        ),
    ],
)
def test_a_cell_without_a_value_is_a_problem_and_no_empty_cell(xml: str, message: str) -> None:
    table = table_of(cell(xml))
    assert list(table.records()) == []
    assert [(problem.place, problem.message) for problem in table.problems] == [("row 9, column No", message)]


def test_the_only_sheet_with_the_columns_is_taken() -> None:
    content = xlsx_of(sheets={"Notes": (("Read me",),), "Log": (("No", "Title"), ("1", "a")), "Empty": ()})
    assert read(content) == [(2, "1", "a")]


def test_of_several_sheets_one_is_named() -> None:
    rows = (("No", "Title"), ("1", "a"))
    content = xlsx_of(sheets={"May": rows, "June": (*rows, ("2", "b"))})
    assert read(content, option_sheet="June") == [(2, "1", "a"), (3, "2", "b")]
    with pytest.raises(FileError, match=r"Several sheets have these columns: 'May', 'June'\. Name one"):
        read(content)
    with pytest.raises(FileError, match=r"no sheet 'July'; its sheets are: 'May', 'June'\."):
        read(content, option_sheet="July")


def package(**parts: bytes) -> bytes:
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as book:
        for name, part in parts.items():
            book.writestr(name, part)
    return written.getvalue()


FAR = edited(
    BOOK,
    lambda part: part.replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    ),
)
WIDE = edited(
    BOOK,
    lambda part: part.replace(b"</sheetData>", b'<row r="9">' + b"<c/>" * 1_000 + b"</row></sheetData>"),
)
BOMB = edited(BOOK, lambda part: part.replace(b"</sheetData>", b"<row/>" * 2_000_000 + b"</sheetData>"))
ENTITIES = edited(
    BOOK,
    lambda part: (
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + part[part.index(b"<worksheet") :]
    ),
)
BACKWARD = edited(BOOK, lambda part: part.replace(b'<row r="4"', b'<row r="2"'))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The table is empty."),
        (b"\n\n", "The table is empty."),
        (csv_of("Number;Name", "1;a"), "No row names the column 'No', 'Title'. Row 1 has: 'Number', 'Name'."),
        (csv_of("No,Title,No", "1,a,2"), "Row 1 names 'No' twice, in columns A and C. Rename one of them."),
        (csv_of("No,Title", '1,"a', "2,b"), "A quotation mark that opens in row 2 is never closed"),
        (csv_of("No,Title", '1,"a"b', "2,b"), "Row 2: a quotation mark stands inside a quoted cell."),
        (csv_of("No,Title", '1,"' + "a" * 200_000), "Row 2 has a cell longer than 131072 letters."),
        (b"No,Title\n1,a\n2,b\n3", "The file was cut off in row 4: it has 1 of 2 cells."),
        ("No,Title\n1,é".encode()[:-1], "The file ends in the middle of a letter: it was cut off."),
        ("No,Title\n1,éèàüö".encode() + b"\xff\n", "The file is UTF-8 but for 1 damaged letters."),
        (b"\xff\xfeN\x00o\x00,", "Near row 1: letters that utf-16 does not have."),
        (b"a," * 600 + b"\n", "Row 1 has 601 cells, more than 500."),
        (b"No,Title\n" + b"\n" * (MOST_LINES + 1), f"The file has more than {MOST_LINES} rows, blank ones"),
        (b"sep='\nNo'Title\n", "''' is no sign between cells."),
        (b"No,Title\n" + b"1,a\n" * (MOST_ROWS + 1), f"The table has more than {MOST_ROWS} rows."),
        (b" " * (LARGEST_FILE + 1), f"The file has {LARGEST_FILE + 1:,} bytes, more than {LARGEST_FILE:,}."),
        (b"<html><table>", "The file is a web page or XML, whatever its name."),
        (b"%PDF-1.7", "The file is a PDF."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "The file is an old Excel workbook (.xls) or one locked"),
        (BOOK[:-400], "The workbook is damaged or was cut off"),
        (BOOK.replace(b"\x50\x4b\x05\x06", b"xxxx"), "The workbook is damaged or was cut off"),
        (package(a=b"x"), "The file is a ZIP archive or another document, not a workbook."),
        (FAR, "Row 1048576 of the sheet: more than 500 columns"),
        (WIDE, "Row 9 of the sheet: more than 500 columns"),
        (BOMB, "'xl/worksheets/sheet1.xml' of the workbook is packed too tightly to be a table."),
        (ENTITIES, "The workbook defines entities of its own"),
        (BACKWARD, "Row 2 of the sheet follows row 2."),
        (edited(BOOK, lambda part: part[:-40]), "'xl/worksheets/sheet1.xml' of the workbook is damaged"),
    ],
)
def test_a_file_that_is_no_sound_table_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(FileError) as refused:
        read(content)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"colour": "X"}, "'colour' is no field of this table. Fields: began, ended, number, title."),
        ({"option_colour": "X"}, "'option:colour' is not known. Options: delimiter, encoding,"),
        ({"option_encoding": "ebcdic"}, "The encoding 'ebcdic' is not known."),
        ({"option_delimiter": "both"}, "'both' is no sign between cells."),
        ({"option_delimiter": '"'}, "'\"' is no sign between cells."),
        ({"title": 7}, "A mapping names fields and columns as texts; this one holds something else."),
        ({"option_header": "x"}, "The row of names is 'x'; give the number of a row."),
        ({"option_header": "9"}, "The table is empty."),
        ({"number": "", "title": ""}, "Say which column holds which field"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(FileError) as refused:
        read(csv_of("No,Title", "1,a"), **columns)
    assert str(refused.value).startswith(message)


PARTS = (
    SHEET,
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
    "xl/_rels/workbook.xml.rels",
    "_rels/.rels",
)
ODD = (
    b"",
    b"<",
    b">",
    b'"',
    b"&",
    b"\xff",
    b"A1048577",
    b"-1",
    b"1e999999999",
    b"XFD9",
    b"utf-7",
    b"<c><c><v/>",
)


@given(
    part=st.sampled_from(PARTS),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(ODD)), min_size=1, max_size=4
    ),
)
@settings(max_examples=200, deadline=None)
def test_a_mutilated_workbook_is_read_or_refused(part: str, edits: list[tuple[float, int, bytes]]) -> None:
    def spoilt(content: bytes) -> bytes:
        for share, length, odd in edits:
            place = int(share * len(content))
            content = content[:place] + odd + content[place + length :]
        return content

    try:
        list(table_of(edited(BOOK, spoilt, part=part), began="When").records())
    except FileError:
        return


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "nobody-knows", "utf-16"])
def test_a_workbook_in_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(FileError, match="of the workbook is damaged"):
        read(edited(BOOK, lambda part: part.replace(b"UTF-8", encoding.encode())))


def test_a_short_last_row_is_no_cut_where_rows_differ_in_length_or_a_line_ends() -> None:
    assert read(b"No,Title\n1\n2,b\n3") == [(2, "1", None), (3, "2", "b"), (4, "3", None)]
    assert read(b"No,Title\n1,a\n3\n") == [(2, "1", "a"), (3, "3", None)]


def test_columns_are_shown_with_examples_and_a_proposal() -> None:
    content = csv_of(
        "Exported by us", "Ticket Number;Short description;Opened_At;resolved at;Priority;Colour",
        "T1;Slow;29-02-2016 01:16;;P1;red", "T2;Slow;01-03-2016 01:16;;P2;red",
    )  # fmt: skip
    seen = columns_of(content, words=INCIDENT_WORDS)
    assert (seen.sheets, seen.header) == ((), 2)
    assert [(column.name, column.examples) for column in seen.columns] == [
        ("Ticket Number", ("T1", "T2")),
        ("Short description", ("Slow",)),
        ("Opened_At", ("29-02-2016 01:16", "01-03-2016 01:16")),
        ("resolved at", ()),
        ("Priority", ("P1", "P2")),
        ("Colour", ("red",)),
    ]
    assert seen.proposed == {
        "number": "Ticket Number",
        "title": "Short description",
        "began": "Opened_At",
        "ended": "resolved at",
        "severity": "Priority",
    }


def test_columns_of_a_named_sheet_are_shown() -> None:
    content = xlsx_of(sheets={"A": (("x",),), "B": (("Timestamp", "Host", "Value"), (1, "h", 2))})
    seen = columns_of(content, words=SAMPLE_WORDS, options={"option:sheet": "B"})
    assert seen.sheets == ("A", "B")
    assert seen.proposed == {"at": "Timestamp", "component": "Host", "value": "Value"}
    seen = columns_of(csv_of("Circuit,Window start,Window end", "a,b,c"), words=MAINTENANCE_WORDS)
    assert seen.proposed == {"starts": "Window start", "ends": "Window end", "component": "Circuit"}


def test_an_empty_file_has_no_columns() -> None:
    assert columns_of(b"", words=INCIDENT_WORDS).columns == ()
