"""Files of imports: what is read is what is written, and what cannot be read says why."""

import io
import resource
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ftap import sheets
from ftap.sheets import Column, Kind
from ftap.tables import Contents, Problem, Unreadable, inspect
from ftap.tables.problems import SHOWN
from tests import bad_files
from tests.bad_files import GOOD_CSV, GOOD_ODS, GOOD_XLSX, document, table_row, text_cell, workbook

FORMATS = ["csv", "xlsx", "ods"]
BAD = bad_files.bad_files()
COLUMNS = [
    Column("title", "Intitulé"),
    Column("asked", "Montant", Kind.EUROS),
    Column("on", "Le", Kind.DATE),
    Column("at", "À", Kind.DATETIME),
    Column("again", "Intitulé"),
]
ROWS = [
    {
        "title": "-5\nlignes d’été",
        "asked": Decimal("1234567.50"),
        "on": date(2019, 7, 12),
        "at": datetime(2019, 7, 12, 12, 3, tzinfo=UTC),
        "again": "=1+1",
    },
    dict.fromkeys(["title", "asked", "on", "at", "again"]),
    dict.fromkeys(["title", "asked", "on", "at"]) | {"again": "Oui"},
]


def of(data, name="a.csv"):
    return inspect(io.BytesIO(data), name)


def table(data, name="a.csv"):
    """[(number, cells)] of the first sheet, headers first."""
    sheet = of(data, name).sheets[0]
    return [sheet.labels, *((row.number, row.cells) for row in sheet.rows())]


def refusal(data, name="a.csv"):
    with pytest.raises(Unreadable) as caught:
        of(data, name)
    return caught.value


# What is refused ------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_french(name):
    filename, data, words = BAD[name]
    error = refusal(data, filename)
    assert error.problems
    for word in words:
        assert word in str(error)


def test_the_good_files_of_these_tests_are_good():
    for name, data in (("a.csv", GOOD_CSV), ("a.xlsx", GOOD_XLSX), ("a.ods", GOOD_ODS)):
        assert of(data, name).sheets[0].row_count


def test_the_first_problems_only_are_shown():
    rows = b"".join(b"1;2;%d\n" % index for index in range(50))
    problems = refusal(b"a;b\n" + rows).problems
    assert len(problems) == SHOWN + 1
    assert "d’autres problèmes" in problems[-1].message


def test_a_file_too_heavy_is_not_read(settings):
    settings.IMPORT_MAX_BYTES = 10

    class Unread(io.BytesIO):
        def read(self, *args):
            raise AssertionError("read")

    with pytest.raises(Unreadable):
        inspect(Unread(b"x" * 11), "a.csv")


def test_the_limits_are_settings(settings):
    settings.IMPORT_FORMATS = ["ods"]
    assert "Types acceptés\u00a0: .ods." in str(refusal(GOOD_CSV))
    settings.IMPORT_FORMATS = ["csv", "xlsx"]
    settings.IMPORT_MAX_ROWS = 1
    assert "trop de lignes" in str(refusal(GOOD_CSV))
    settings.IMPORT_MAX_ROWS, settings.IMPORT_MAX_CELLS = 5, 3
    assert "3 cellules" in str(refusal(GOOD_CSV))
    assert "3 cellules" in str(refusal(GOOD_XLSX, "a.xlsx"))
    settings.IMPORT_MAX_CELLS, settings.IMPORT_MAX_UNPACKED_BYTES = 9, 100
    assert "bien plus" in str(refusal(GOOD_XLSX, "a.xlsx"))


def test_a_problem_says_its_place():
    problem = Problem("La cellule est vide.", "Dossiers", 12, "F (Montant)")
    assert str(problem) == (
        "Feuille Dossiers, ligne 12, colonne F (Montant)\u00a0: la cellule est vide."
    )
    assert problem.as_dict() == {
        "message": "La cellule est vide.",
        "sheet": "Dossiers",
        "row": 12,
        "column": "F (Montant)",
    }


# What is read -----------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_our_own_files_are_read_back(format):
    data = sheets.write(
        [sheets.Sheet("Dossiers", COLUMNS, ROWS)],
        format,
        title="Essai",
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    found = table(data, f"a.{format}")
    assert found[0] == ["Intitulé", "Montant", "Le", "À", "Intitulé"]
    number, cells = found[1]
    amount = "1234567,5" if format == "csv" else "1234567.5"
    assert number == 2
    assert cells[0] == "-5\nlignes d’été"
    assert cells[1].replace("1234567,50", "1234567,5") == amount
    assert cells[2:] == ["2019-07-12", "2019-07-12 14:03:00", "=1+1"]
    assert found[2:] == [(4, ["", "", "", "", "Oui"])]


@pytest.mark.parametrize("separator", ";,\t")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_of_any_dialect(separator, end, encoding):
    lines = ["a|b, et c|a", '1|"x', 'é"|', "", '2|"y ""z"""|3', "4"]
    text = end.join(line.replace("|", separator) for line in lines)
    if separator == ",":
        text = text.replace("b, et c", '"b, et c"')
    assert table(text.encode(encoding)) == [
        ["a", "b, et c", "a"],
        (2, ["1", "x\né", ""]),
        (4, ["2", 'y "z"', "3"]),
        (5, ["4", "", ""]),
    ]


def test_the_hint_of_excel_is_no_row():
    assert table(b"sep=,\na,b\n1,2\n") == [["a", "b"], (2, ["1", "2"])]


def test_two_hundred_columns_are_read():
    wide = ";".join(f"c{index}" for index in range(200))
    assert len(table(f"{wide}\n{wide}".encode())[1][1]) == 200


def test_a_workbook_written_by_another_program():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Dossiers"
    book.create_sheet("Feuille vide")
    sheet["B3"], sheet["C3"], sheet["D3"] = "Numéro", "Le", "Oui/Non"
    sheet["B5"], sheet["C5"], sheet["D5"] = 12345678901234, date(2019, 7, 12), True
    sheet["B6"], sheet["C6"], sheet["D6"] = 0.1 + 0.2, datetime(2019, 7, 12, 14, 3), False
    output = io.BytesIO()
    book.save(output)
    contents = of(output.getvalue(), "A.XLSX")
    assert [sheet.name for sheet in contents.sheets] == ["Dossiers"]
    assert table(output.getvalue(), "a.xlsx") == [
        ["", "Numéro", "Le", "Oui/Non"],
        (5, ["", "12345678901234", "2019-07-12", "Oui"]),
        (6, ["", "0.3", "2019-07-12 14:03:00", "Non"]),
    ]


def test_ods_keeps_what_libraries_lose():
    cells = (
        "<table:table-cell><text:p>sans type</text:p></table:table-cell>",
        text_cell("a<text:s text:c='2'/>b<text:line-break/>c</text:p><text:p>d"),
        '<table:table-cell office:value-type="string"><office:annotation><text:p>note</text:p>'
        "</office:annotation><text:p>e</text:p></table:table-cell>",
        '<table:table-cell table:number-columns-repeated="16000"/>',
    )
    data = document(
        table_row(text_cell("x", number_columns_repeated=3))
        + table_row("<table:table-cell/>", repeated=2)
        + table_row(*cells, repeated=2)
        + table_row('<table:table-cell table:number-columns-repeated="16384"/>', repeated=1_048_000)
    )
    cells = ["sans type", "a  b\nc\nd", "e"]
    assert table(data, "a.ods") == [["x", "x", "x"], (4, cells), (5, cells)]


def test_rows_are_read_again():
    sheet = of(GOOD_XLSX, "a.xlsx").sheets[0]
    assert list(sheet.rows()) == list(sheet.rows()) != []


# Anything ---------------------------------------------------------------------------

FUZZ = hypothesis_settings(deadline=None, max_examples=200)


def survives(data, name):
    try:
        contents = of(data, name)
    except Unreadable:
        return
    assert isinstance(contents, Contents)
    for sheet in contents.sheets:
        assert len(list(sheet.rows())) == sheet.row_count


@FUZZ
@given(st.binary(max_size=300), st.sampled_from(FORMATS))
def test_any_bytes(data, format):
    survives(data, f"a.{format}")


@FUZZ
@given(st.text(st.sampled_from('ab1;,\t"\r\n é=#\0'), max_size=80))
def test_any_csv(text):
    survives(text.encode(), "a.csv")


@FUZZ
@given(
    st.sampled_from([("a.xlsx", GOOD_XLSX), ("a.ods", GOOD_ODS), ("a.csv", GOOD_CSV)]),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), max_size=5),
    st.integers(0, 5_000),
)
def test_mutated_and_cut_files(good, changes, end):
    name, data = good
    data = bytearray(data)
    for at, byte in changes:
        data[at % len(data)] = byte
    survives(bytes(data[: end or None]), name)


PIECES = st.sampled_from(
    [
        *('<row r="1">', '<row r="9">', "<row>", "</row>", '<c r="A1">', '<c r="B9" t="s">', "<c>"),
        *('<c t="d">', '<c t="b">', '<c s="4">', "</c>", "<v>0</v>", "<v>-1e400</v>", "<v>nan</v>"),
        *("<v>1</v>", "<v>2019-07-12T00:00:00</v>", "<v>9999999999</v>", "<is><t>x</t></is>"),
        *("<f>1</f>", '<mergeCell ref="?"/>', "<sheetData>", "<v>", "</v>"),
    ]
)


@FUZZ
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_sheet_of_xlsx(rows):
    survives(workbook(rows, strings="<si><t>a</t></si>"), "a.xlsx")


CELLS = st.builds(
    '<table:table-cell office:value-type="{}" office:value="{}" office:date-value="{}" '
    'table:number-columns-repeated="{}"><text:p>{}</text:p></table:table-cell>'.format,
    st.sampled_from(["string", "float", "date", "time", "boolean", "other", ""]),
    st.sampled_from(["1", "1e400", "nan", "", "x", "9" * 30]),
    st.sampled_from(["2019-07-12", "2019-07-12T14:03:00.000000000", "2019-02-30", "T", ""]),
    st.sampled_from([0, 1, 3, 600, "x", 10**9]),
    st.sampled_from(["", "a", "<text:s text:c='9999999'/>", "<text:tab/>", "<text:a>b</text:a>"]),
)


@FUZZ
@given(st.lists(st.lists(CELLS, max_size=3), max_size=3), st.sampled_from([1, 2, 300_000]))
def test_any_sheet_of_ods(rows, repeated):
    survives(document("".join(table_row(*cells, repeated=repeated) for cells in rows)), "a.ods")


# Memory -----------------------------------------------------------------------------

MEASURE = """
import io, resource, sys
import django
django.setup()
from ftap.tables import Unreadable, inspect
name = sys.argv[1]
data = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    contents = inspect(io.BytesIO(data), name)
    rows = sum(1 for sheet in contents.sheets for row in sheet.rows())
except Unreadable:
    rows = -1
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def measured(data, name):
    """(rows or -1 for a file refused, mebibytes taken) in a process that may hold one gibibyte."""
    limit = 1024**3
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, name],
        input=data,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert result.returncode == 0, result.stderr.decode()
    rows, size = result.stdout.split()
    return int(rows), int(size)


@pytest.mark.parametrize("format", FORMATS)
def test_a_large_file_is_read_in_bounded_memory(format):
    columns = [Column(f"c{index}", f"Question {index}") for index in range(80)]
    rows = [
        {f"c{index}": f"réponse {index} {line}" for index in range(80)} for line in range(2_000)
    ]
    data = sheets.write(
        [sheets.Sheet("Dossiers", columns, rows)],
        format,
        title="Essai",
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    count, size = measured(data, f"a.{format}")
    assert count == 2_000
    assert size < 150


BOMBS = ["lying bomb", "many members", "twice the same text", "huge comment", "last cell of all"]


@pytest.mark.parametrize("name", [*BOMBS, "repeated columns", "repeated rows", "entities"])
def test_a_bomb_takes_no_memory(name):
    filename, data, _ = BAD[name]
    count, size = measured(data, filename)
    assert count == -1
    assert size < 100
