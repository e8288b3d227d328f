"""Files for spreadsheets, read back by other programs than those that write them."""

import csv
import io
import re
import tempfile
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from xml.etree import ElementTree

import openpyxl
import pytest
from django.utils.functional import lazystr
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from odf import opendocument, table, teletype
from odf.namespaces import OFFICENS, TABLENS
from odf.text import P

from ftap import sheets
from ftap.sheets import Column, Kind, Sheet, SheetError, cells

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
FORMATS = ["csv", "ods", "xlsx"]
COLUMNS = [
    Column("title", "Intitulé"),
    Column("count", "Avis", Kind.INTEGER),
    Column("asked", "Montant demandé", Kind.EUROS),
    Column("rate", "Taux", Kind.PERCENT),
    Column("on", "Décidé le", Kind.DATE),
    Column("at", "Reçu le", Kind.DATETIME),
]
ROWS = [
    {
        "title": "Guichet",
        "count": 3,
        "asked": Decimal("200000.00"),
        "rate": Decimal("0.552"),
        "on": date(2019, 9, 23),
        "at": datetime(2019, 7, 12, 10, 30, 5, 99, tzinfo=UTC),
    },
    {
        "title": "Deuxième\nligne",
        "count": -5,
        "asked": Decimal("1234567.89"),
        "rate": 1,
        "on": datetime(2019, 12, 31, 23, 30, tzinfo=UTC),
        "at": datetime(2019, 1, 12, 10, 30),
    },
    dict.fromkeys(["title", "count", "asked", "rate", "on", "at"]),
    {
        "title": True,
        "count": 10**15,
        "asked": "non communiqué",
        "rate": "",
        "on": date(1789, 7, 14),
        "at": lazystr("inconnu"),
    },
]


def written(rows, format, columns=COLUMNS, title="Dossiers", **about):
    about = {"title": "Tableau", "created_at": NOON} | about
    return sheets.write([Sheet(title, columns, rows)], format, **about)


# Readers ---------------------------------------------------------------------


def read_csv(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def read_xlsx(content):
    """Values as a spreadsheet shows them: openpyxl leaves the escapes of inline strings."""
    worksheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [[unescaped(cell) for cell in row] for row in worksheet.iter_rows(values_only=True)]


def unescaped(value):
    if not isinstance(value, str):
        return value
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), value)


def read_ods(content):
    document = opendocument.load(io.BytesIO(content))
    (only,) = document.spreadsheet.getElementsByType(table.Table)
    return [
        [ods_value(cell) for cell in row.getElementsByType(table.TableCell)]
        for row in only.getElementsByType(table.TableRow)
    ]


def ods_value(cell):
    def held(name):
        return cell.attributes.get((OFFICENS, name))

    kind = held("value-type")
    if kind is None:
        return None
    if kind == "string":
        return "\n".join(map(teletype.extractText, cell.getElementsByType(P)))
    if kind == "date":
        return datetime.fromisoformat(held("date-value"))
    number = Decimal(held("value"))
    return int(number) if number == number.to_integral_value() else float(number)


READERS = {"csv": read_csv, "ods": read_ods, "xlsx": read_xlsx}

# Values and types ------------------------------------------------------------


@pytest.mark.parametrize("format", ["ods", "xlsx"])
def test_values_keep_their_types(format):
    header, first, second, unknown, special = READERS[format](written(ROWS, format))
    assert header == ["Intitulé", "Avis", "Montant demandé", "Taux", "Décidé le", "Reçu le"]
    # Moments are read in Paris: half past eleven in the evening in London is the next day.
    assert first == [
        "Guichet",
        3,
        200_000,
        0.552,
        datetime(2019, 9, 23),
        datetime(2019, 7, 12, 12, 30, 5),
    ]
    assert second == [
        "Deuxième\nligne",
        -5,
        1234567.89,
        1,
        datetime(2020, 1, 1),
        datetime(2019, 1, 12, 10, 30),
    ]
    assert unknown == [None] * 6
    day = "14/07/1789" if format == "xlsx" else datetime(1789, 7, 14)
    assert special == ["Oui", "1000000000000000", "non communiqué", None, day, "inconnu"]


def test_csv_is_what_french_spreadsheets_read():
    content = written(ROWS, "csv")
    assert content.startswith(b"\xef\xbb\xbfIntitul\xc3\xa9;Avis;")
    assert content.count(b"\r\n") == 5
    assert read_csv(content)[1:] == [
        ["Guichet", "3", "200000", "55,2%", "2019-09-23", "2019-07-12 12:30:05"],
        ["Deuxième\nligne", "-5", "1234567,89", "100%", "2020-01-01", "2019-01-12 10:30:00"],
        [""] * 6,
        ["Oui", "1000000000000000", "non communiqué", "", "1789-07-14", "inconnu"],
    ]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (Decimal("1E+6"), "1000000"),
        (Decimal("1E-7"), "0,0000001"),
        (Decimal("100"), "100"),
        (Decimal("0.00"), "0"),
        (0.1, "0,1"),
        (10, "10"),
    ],
)
def test_csv_writes_numbers_in_full(number, shown):
    columns = [Column("n", "N", Kind.EUROS)]
    assert read_csv(written([{"n": number}], "csv", columns))[1] == [shown]
    held = READERS["ods"](written([{"n": number}], "ods", columns))[1][0]
    assert held == pytest.approx(float(number))


def test_xlsx_shows_amounts_in_euros_and_dates_in_french():
    worksheet = openpyxl.load_workbook(io.BytesIO(written(ROWS, "xlsx"))).active
    formats = [cell.number_format for cell in worksheet[2]]
    assert formats == [
        "General",
        "#,##0",
        '#,##0"\u00a0€"',
        '0.0"\u00a0"%',
        "dd/mm/yyyy",
        "dd/mm/yyyy hh:mm",
    ]
    assert worksheet["C3"].number_format == '#,##0.00"\u00a0€"'
    assert worksheet["A3"].alignment.wrap_text
    # A column's cells are written again and again: each row has its own format.
    assert worksheet["C5"].number_format == "General"
    assert worksheet["C5"].data_type == "s"


def test_ods_shows_amounts_in_euros_and_dates_in_french():
    content = opendocument.load(io.BytesIO(written(ROWS, "ods")))
    rows = content.spreadsheet.getElementsByType(table.TableRow)
    shown = [teletype.extractText(cell) for cell in rows[1].getElementsByType(table.TableCell)]
    assert shown == [
        "Guichet",
        "3",
        "200\u202f000\u00a0€",
        "55,2\u00a0%",
        "23/09/2019",
        "12/07/2019 12:30",
    ]
    amount = rows[1].getElementsByType(table.TableCell)[2]
    assert amount.attributes[OFFICENS, "currency"] == "EUR"
    assert amount.attributes[TABLENS, "style-name"] == "euros"
    second = rows[2].getElementsByType(table.TableCell)[2]
    assert second.attributes[TABLENS, "style-name"] == "cents"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.INTEGER, Decimal("1.5")),
        (Kind.INTEGER, date(2020, 1, 1)),
        (Kind.EUROS, Decimal("NaN")),
        (Kind.EUROS, float("inf")),
        (Kind.EUROS, []),
        (Kind.DATE, 20200101),
        (Kind.DATETIME, date(2020, 1, 1)),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_a_value_of_another_kind_is_refused_by_name(format, kind, value):
    with pytest.raises((TypeError, ValueError), match="column 'x'"):
        written([{"x": value}], format, [Column("x", "X", kind)])


def test_a_file_that_is_not_finished_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows():
        yield {"x": 1}
        assert list(tmp_path.iterdir())
        yield {"x": []}

    with pytest.raises(TypeError):
        written(rows(), "xlsx", [Column("x", "X", Kind.INTEGER)])
    assert list(tmp_path.iterdir()) == []
    assert written([{"x": 1}], "xlsx", [Column("x", "X", Kind.INTEGER)])
    assert list(tmp_path.iterdir()) == []


def test_a_row_without_a_column_is_refused():
    with pytest.raises(KeyError, match="asked"):
        written([{"title": "a"}], "csv", COLUMNS[:3:2])


# Texts that would be something else ------------------------------------------

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://example.org?"&A1)',
    "+33 1 02 03 04 05",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\tx",
    "  =cmd|' /C calc'!A0",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff+1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("typed", FORMULAS)
def test_no_text_opens_a_formula(format, typed):
    columns = [Column("t", typed), Column("n", "N", Kind.EUROS)]
    content = written([{"t": typed, "n": typed}], format, columns)
    expected = "'" + typed.replace("\r", "\n").replace("\t", " ")
    for row, column in ((0, 0), (1, 0), (1, 1)):
        assert READERS[format](content)[row][column] == expected


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "typed",
    [
        "a=1",
        "#N/A",
        "#DIV/0!",
        "2019-09-23",
        "00123",
        "TRUE",
        "1;2",
        'un "mot"',
        "L’été",
        "_x0041_ et _x000D_ et _xZZZZ_",
        "<b>&amp;</b>]]>",
        "  deux  espaces ",
        "\U0001f600 漢字",
        "a\n\nb",
    ],
)
def test_other_texts_are_left_alone(format, typed):
    content = written([{"t": typed}], format, [Column("t", "T")])
    assert READERS[format](content)[1] == [typed]


@pytest.mark.parametrize("typed", ["#N/A", "=1", "2019-09-23", "12", "a"])
def test_a_text_is_one_for_the_program_that_reads_it(typed):
    content = written([{"t": typed}], "xlsx", [Column("t", "T")])
    assert openpyxl.load_workbook(io.BytesIO(content)).active["A2"].data_type == "s"


def test_every_space_of_a_text_counts_in_ods():
    content = written([{"t": "  deux  mots, un \nmot"}], "ods", [Column("t", "T")])
    archive = zipfile.ZipFile(io.BytesIO(content))
    several = '<text:s text:c="2"/>'
    expected = f'{several}deux{several}mots, un<text:s text:c="1"/></text:p><text:p>mot</text:p>'
    assert f"<text:p>{expected}" in archive.read("content.xml").decode()


def test_a_negative_number_is_no_text():
    content = written([{"n": Decimal("-5.5")}], "csv", [Column("n", "N", Kind.EUROS)])
    assert read_csv(content)[1] == ["-5,5"]


@pytest.mark.parametrize("format", FORMATS)
def test_characters_that_xml_cannot_hold_are_replaced(format):
    typed = "a\x00b\x0bc\x1bd\ud800e\ufffef\uffffg\r\nh\ri\tj"
    content = written([{"t": typed}], format, [Column("t", "T")])
    assert READERS[format](content)[1] == ["a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\nh\ni j"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("typed", ["x" * 40_000, "\U0001f600" * 20_000, "=" * 40_000])
def test_a_text_too_long_for_a_cell_is_cut_and_says_so(format, typed):
    (shown,) = READERS[format](written([{"t": typed}], format, [Column("t", "T")]))[1]
    assert len(shown.encode("utf-16-le")) // 2 in {32_766, 32_767}
    assert shown.endswith("(texte coupé\u00a0: une cellule ne peut pas en contenir plus)")
    assert shown.lstrip("'").startswith(typed[:1000])
    assert "\ufffd" not in shown


@pytest.mark.parametrize("typed", ["x" * 32_767, "\U0001f600" * 16_383])
def test_a_text_that_fits_is_whole(typed):
    assert READERS["xlsx"](written([{"t": typed}], "xlsx", [Column("t", "T")]))[1] == [typed]


def as_read(typed):
    """What a reader of any format finds of a text: that of its cell."""
    return cells.text(typed) or None


@hypothesis_settings(max_examples=60)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=20))
def test_any_text_comes_back(typed):
    rows = [{"t": text, "end": "."} for text in typed]
    expected = [as_read(text) for text in typed]
    for format in FORMATS:
        found = READERS[format](written(rows, format, [Column("t", "T"), Column("end", "Fin")]))
        assert [row[0] or None for row in found[1:]] == expected
    # No spreadsheet would take any of them for a formula.
    assert not [text for text in expected if text and text.lstrip()[:1] in tuple("=+-@")]


# Files -----------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_rows_give_the_same_bytes(format, time_machine):
    time_machine.move_to("2026-03-04 10:00:00+00:00")
    first = written(ROWS, format)
    time_machine.move_to("2027-11-05 16:17:18+00:00")
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    assert written(iter(ROWS), format, created_at=elsewhere) == first
    assert written(ROWS[:2], format) != first


@pytest.mark.parametrize("format", ["ods", "xlsx"])
def test_a_file_bears_the_date_it_is_given(format):
    archive = zipfile.ZipFile(io.BytesIO(written(ROWS, format)))
    assert {info.date_time for info in archive.infolist()} == {(2026, 3, 4, 12, 0, 0)}
    old = written(ROWS, format, created_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert zipfile.ZipFile(io.BytesIO(old)).testzip() is None
    with pytest.raises(ValueError, match="aware"):
        written(ROWS, format, created_at=datetime(2026, 3, 4))


def test_xlsx_has_its_title_and_keeps_its_header_in_sight():
    content = written(ROWS, "xlsx", title="Dossiers", author="Fonds", footer="Camille & Cie")
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    about = workbook.properties
    assert (about.title, about.creator, about.language) == ("Tableau", "Fonds", "fr-FR")
    assert about.created == about.modified == datetime(2026, 3, 4, 12, 0)
    worksheet = workbook.active
    assert worksheet.freeze_panes == "A2"
    assert worksheet.print_title_rows == "$1:$1"
    assert all(cell.font.bold for cell in worksheet[1])
    assert not worksheet["A2"].font.bold
    assert worksheet.column_dimensions["A"].width == 32
    assert worksheet.column_dimensions["C"].width == 17
    assert worksheet.oddFooter.left.text == "Camille && Cie"


def test_ods_has_its_title_and_keeps_its_header_in_sight():
    content = written(ROWS, "ods", title="Dossiers", author="Fonds", footer="Camille  & <Cie>")
    archive = zipfile.ZipFile(io.BytesIO(content))
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert archive.read("mimetype").decode() == sheets.CONTENT_TYPES["ods"]
    documents = {
        name: "".join(ElementTree.fromstring(archive.read(name)).itertext())
        for name in archive.namelist()
        if name.endswith(".xml")
    }
    listed = re.findall('full-path="([^"]+)"', archive.read("META-INF/manifest.xml").decode())
    assert set(listed) == {"/"} | set(documents) - {"META-INF/manifest.xml"}
    assert "fr-FR" in documents["meta.xml"]
    assert "2026-03-04T12:00:00Z" in documents["meta.xml"]
    assert "Camille & <Cie>" in documents["styles.xml"].replace("Camille&", "Camille &")
    assert b'config:name="Dossiers"' in archive.read("settings.xml")
    document = opendocument.load(io.BytesIO(content))
    (only,) = document.spreadsheet.getElementsByType(table.Table)
    (header,) = only.getElementsByType(table.TableHeaderRows)
    labels = [teletype.extractText(cell) for cell in header.getElementsByType(table.TableCell)]
    assert labels == [column.label for column in COLUMNS]


@pytest.mark.parametrize("format", ["ods", "xlsx"])
def test_names_of_sheets_are_ones_that_spreadsheets_accept(format):
    titles = ["Avis [1]: a/b\\c*?", "avis 1 a b c", "", "'", "History", "x" * 40, "x" * 40, "\x00é"]
    content = sheets.write(
        [Sheet(title, [Column("t", "T")], []) for title in titles],
        format,
        title="Tout",
        created_at=NOON,
    )
    if format == "xlsx":
        names = openpyxl.load_workbook(io.BytesIO(content)).sheetnames
    else:
        spreadsheet = opendocument.load(io.BytesIO(content)).spreadsheet
        names = [
            element.getAttribute("name") for element in spreadsheet.getElementsByType(table.Table)
        ]
    assert names == [
        "Avis 1 a b c",
        "avis 1 a b c (2)",
        "Feuille",
        "Feuille (2)",
        "Feuille History",
        "x" * 31,
        "x" * 27 + " (2)",
        "\ufffdé",
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_rows_that_no_spreadsheet_holds_are_refused_in_french(format, monkeypatch):
    monkeypatch.setattr(cells, "MAX_ROWS", 3)
    row = {"t": "x"}
    assert written([row] * 2, format, [Column("t", "T")])
    with pytest.raises(SheetError, match="«\u00a0Dossiers\u00a0» aurait plus de 2 lignes"):
        written([row] * 3, format, [Column("t", "T")])
    monkeypatch.setattr(cells, "MAX_COLUMNS", 1)
    with pytest.raises(SheetError, match="aurait 2 colonnes"):
        written([], format, [Column("t", "T")] * 2)


def test_a_file_has_a_sheet_a_column_and_a_known_format():
    with pytest.raises(ValueError, match="at least one sheet"):
        sheets.write([], "ods", title="T", created_at=NOON)
    with pytest.raises(ValueError, match="at least one column"):
        written([], "ods", [])
    with pytest.raises(ValueError, match="no such format"):
        written([], "xls")
    with pytest.raises(ValueError, match="CSV holds one sheet"):
        sheets.write(
            [Sheet("A", COLUMNS, []), Sheet("B", COLUMNS, [])], "csv", title="T", created_at=NOON
        )


def test_rows_are_read_once_and_as_they_are_written():
    read = []

    def rows():
        for rank in range(3):
            read.append(rank)
            yield {"t": f"{rank}"}

    for format in FORMATS:
        read.clear()
        content = written(rows(), format, [Column("t", "T")])
        assert [row[0] for row in READERS[format](content)[1:]] == ["0", "1", "2"]
        assert read == [0, 1, 2]
