"""Files that the deposit of dossiers refuses: what the page says, and that nothing is kept."""

import io
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings as project_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from calls.importers import KIND
from calls.models import Application, ColumnMapping, DossierImport, DossierImportRow
from ftap.imports import running
from ftap.imports.receiving import MAPPED_MAX
from ftap.refusals import Refusal
from tests import bad_files, online_form
from tests.calls.test_importers import problems, read
from tests.factories import CallSessionFactory, UserFactory

pytestmark = pytest.mark.django_db

BAD = bad_files.bad_files()
# Bytes that a test below finds in no temporary file once a request is over.
LARGE = 8 * 1024 * 1024


@pytest.fixture
def session():
    return CallSessionFactory()


@pytest.fixture
def person():
    return UserFactory(role="Secrétariat")


@pytest.fixture
def deposit(client, session, person, tmp_path, settings):
    """deposit(name, bytes): the page that answers; large files pass by a folder of the test."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    client.force_login(person)

    def deposited(name, content):
        upload = SimpleUploadedFile(name, content)
        address = reverse("admin:calls_dossierimport_add")
        return client.post(address, {"session": session.pk, "file": upload})

    return deposited


def kept():
    """Everything that a deposit may leave behind."""
    folder = Path(project_settings.MEDIA_ROOT)
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    models = (DossierImport, DossierImportRow, Application, ColumnMapping)
    return files, [model.objects.count() for model in models]


def sentences(response):
    form = response.context["form"]
    return [text for texts in form.errors.values() for text in texts]


@pytest.mark.parametrize("name", BAD)
def test_the_page_says_what_is_wrong_and_keeps_nothing(deposit, tmp_path, name):
    filename, content, words = BAD[name]
    before = kept()
    response = deposit(filename, content)
    told = "\n".join(sentences(response))
    # An empty upload is told by the form, others by the reader.
    assert response.status_code in ((200,) if not content else (409,))
    for word in words:
        assert word in told
    assert kept() == before
    assert os.listdir(tmp_path) == []


def test_a_file_over_the_limit_is_refused_unread(deposit, tmp_path, settings):
    settings.IMPORT_MAX_BYTES = LARGE - 1
    before = kept()
    response = deposit("gros.csv", b"a;b\n" * (LARGE // 4))
    assert response.status_code == 409
    (told,) = sentences(response)
    assert told.startswith("Le fichier pèse 8\u00a0Mo\u00a0: la limite est de 8\u00a0Mo.")
    assert kept() == before
    assert os.listdir(tmp_path) == []


def test_accepted_types_and_sizes_are_settings(deposit, client, settings):
    settings.IMPORT_FORMATS, settings.IMPORT_MAX_BYTES = ["xlsx"], 2048
    page = client.get(reverse("admin:calls_dossierimport_add")).content.decode()
    assert "Formats acceptés\u00a0: XLSX." in page
    assert 'accept=".xlsx"' in page
    (told,) = sentences(deposit("export.csv", b"ID;Titre\n1;a\n"))
    assert "Types acceptés\u00a0: .xlsx." in told


def test_two_hundred_columns_are_imported_whole(session, person):
    """A form of 150 questions is a real one: its export is read, and each answer is kept."""
    (row,) = online_form.dossiers(1)
    shown = online_form.columns()
    questions = [(f"Question {number}", 1) for number in range(len(shown), 200)]
    row.cells |= {column: f"Réponse à {column[0]}" for column in questions}
    content = online_form.export([row], "csv", shown=[*shown, *questions])
    job = read(session, person, content)
    assert len(job.headers[0]["labels"]) == 200
    running.apply(job, KIND, by=person)
    cells = Application.objects.get(form_number=row.number).form_record.values[0]["rows"][0]
    found = {(label, rank): text for label, rank, text in cells}
    assert [found[column] for column in questions] == [row.cells[column] for column in questions]


def test_more_columns_than_one_page_can_ask_about_are_refused(deposit, settings):
    settings.IMPORT_MAX_COLUMNS = 2 * MAPPED_MAX
    header = ";".join(["ID", *(f"c{index}" for index in range(MAPPED_MAX))])
    before = kept()
    (told,) = sentences(deposit("large.csv", f"{header}\n1;2\n".encode()))
    assert told.startswith("Le fichier a 901 colonnes en tout, et 900 au plus")
    assert kept() == before


def test_more_dossiers_than_one_act_writes_are_refused(deposit, monkeypatch):
    monkeypatch.setattr(KIND, "rows_max", 2)
    before = kept()
    (told,) = sentences(deposit("long.csv", online_form.export(ROWS, "csv")))
    assert told.startswith("Ce fichier a 3 lignes à importer\u00a0: la limite est de 2")
    assert kept() == before


def test_days_in_three_writings_are_one_day(session, person):
    rows = online_form.dossiers(5)
    writings = ["2019-07-12", "12/07/2019 14:03", "12 juillet 2019", "07/12/19", "2019-02-30"]
    for row, text in zip(rows, writings, strict=True):
        row.cells["Déposé le", 1] = text
    job = read(session, person, online_form.export(rows, "csv"))
    assert [(number, column) for number, column, _ in problems(job)] == [
        (5, "Déposé le"),
        (6, "Déposé le"),
    ]
    assert "« 07/12/19 » est une date ambiguë" in problems(job)[0][2]
    assert "n’existe pas dans le calendrier" in problems(job)[1][2]
    for row in job.rows.filter(outcome="unreadable"):
        running.set_aside(row, KIND, True, by=person)
    running.apply(job, KIND, by=person)
    days = Application.objects.filter(form_number__isnull=False).values_list("received_on")
    assert set(days) == {(date(2019, 7, 12),)}


def test_days_that_a_workbook_types_are_days(session, person):
    rows = online_form.dossiers(2)
    book = openpyxl.load_workbook(io.BytesIO(online_form.export(rows, "xlsx", others=False)))
    sheet = book["Dossiers"]
    column = online_form.columns().index(("Déposé le", 1)) + 1
    sheet.cell(2, column).value = datetime(2019, 7, 12, 14, 3)
    sheet.cell(3, column).value = date(2019, 7, 12)
    content = io.BytesIO()
    book.save(content)
    job = read(session, person, content.getvalue(), "export.xlsx")
    assert problems(job) == []
    running.apply(job, KIND, by=person)
    days = Application.objects.filter(form_number__isnull=False).values_list("received_on")
    assert set(days) == {(date(2019, 7, 12),)}


# Anything ---------------------------------------------------------------------------


ROWS = online_form.dossiers(3)
GOOD = {format: online_form.export(ROWS, format) for format in ("csv", "xlsx", "ods")}
FUZZ = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def survives(session, person, name, content):
    """The file becomes an import, read to its end, or a refusal in French; nothing else."""
    with transaction.atomic():
        try:
            job, refused = read(session, person, content, name), []
        except Refusal as error:
            job, refused = None, error.messages
        # Either an import ready to be verified, or sentences that say why not.
        assert (job is None and all(refused)) or (job.stage == "ready" and job.rows_total)
        assert DossierImport.objects.filter(stage="ready").exists() == (job is not None)
        if job is not None:
            running.abandon(job, KIND, by=person)
        transaction.set_rollback(True)


@FUZZ
@given(
    format=st.sampled_from(sorted(GOOD)),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6),
    end=st.one_of(st.none(), st.integers(1, 10**5)),
)
def test_any_mutation_of_a_file_is_read_or_refused(session, person, format, changes, end):
    content = bytearray(GOOD[format])
    for at, byte in changes:
        content[at % len(content)] = byte
    survives(session, person, f"export.{format}", bytes(content[:end]))


CELLS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["1e400", "-0", "９", "1" * 30, "=1+1", "'=1", "31/12/9999", "0000-00-00", "#REF!", "Oui"]
    ),
    st.from_regex(r"[-+]?[0-9 .,]{1,20} ?(€|M€|k€)?", fullmatch=True),
)


@FUZZ
@given(
    cells=st.dictionaries(st.sampled_from(online_form.columns()), CELLS, max_size=12),
    partner=st.tuples(CELLS, CELLS, CELLS),
    format=st.sampled_from(["csv", "ods"]),
)
def test_any_text_of_a_cell_is_read_or_told(session, person, cells, partner, format):
    """Whatever cells hold, rows are read; what cannot be read is told with its row."""
    rows = online_form.dossiers(2)
    rows[0].cells |= cells
    rows[0].partners = [partner]
    try:
        content = online_form.export(rows, format)
    except ValueError:
        # Some signs cannot be in a workbook.
        return
    survives(session, person, f"export.{format}", content)


MUTATED_PART = st.sampled_from(
    ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]
)


@FUZZ
@given(part=MUTATED_PART, at=st.integers(0, 10**6), text=st.binary(max_size=12))
def test_any_part_of_a_workbook_is_read_or_refused(session, person, part, at, text):
    """The archive is sound, and what it holds is not: checks of the archive do not hide it."""
    output = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(GOOD["xlsx"])) as before,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            data = before.read(name)
            if name == part:
                place = at % len(data)
                data = data[:place] + text + data[place + len(text) :]
            after.writestr(name, data)
    survives(session, person, "export.xlsx", output.getvalue())


# Memory -----------------------------------------------------------------------------

MEASURE = """
import resource, sys
import django
django.setup()
from ftap.tables import Unreadable, inspect
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    with open(sys.argv[1], "rb") as file:
        inspect(file, "gros.csv")
except Unreadable as error:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, error)
"""


def test_a_file_of_a_hundred_megabytes_takes_no_memory():
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.truncate(100 * 1024 * 1024)
        result = subprocess.run(
            [sys.executable, "-c", MEASURE, file.name],
            capture_output=True,
            check=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1024**3, 1024**3)),
        )
    size, _, told = result.stdout.partition(" ")
    assert int(size) < 10
    assert told.startswith("Le fichier pèse 100\u00a0Mo")
