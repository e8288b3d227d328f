"""Documents for print: accessible, the same each time, and deaf to what their data would say."""

import io
import random
import re
import shutil
import threading
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pypdf
import pytest
from django.utils.functional import lazystr
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ftap import pdf
from ftap.pdf import text
from ftap.templatetags.ftap import euros

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SPECIMEN = """\
#import "_document.typ": *
#show: paper.with(
  issuer: ("Direction interministérielle de la transformation publique", "Fonds"),
  reference: data.reference,
  footer: data.footer,
  banner: "Document fictif, sans valeur.",
  watermark: "Fictif",
)
#let columns = (
  (label: "Rang", width: auto, align: end),
  (label: "Projet"),
  (label: "Montant demandé", width: 2.8cm, align: end),
)
#contents(depth: 2)
= Ordre du jour
#plain(data.text)
#definitions(data.facts)
#note("À savoir", plain(data.text))
== Tableau
#listing(columns, data.rows, caption: "Dossiers inscrits", total: ("", "Total", data.total))
#listing(columns, (), caption: "Dossiers reportés", empty: "Aucun dossier.")
#landscape[
= Synthèse
#listing(columns, data.rows)
]
"""
DATA = {
    "reference": "RD-2026-01",
    "footer": "Exemplaire de Camille Œuvrard",
    "text": "L’œuvre coûte «\u00a035\u202f000\u00a0€\u00a0»…\nseconde ligne\n\nsecond paragraphe",
    "facts": [["Porteur", "La Poste"], ["Demandé", euros(1_234_567)], ["Coût total", None]],
    "rows": [[str(rank), f"Projet {rank}", euros(200_000)] for rank in range(1, 91)],
    "total": euros(18_000_000),
}
# A string in every block of the shared source.
BLOCKS = """
section(typed, level: 2)
plain(typed)
definitions(((typed, typed),))
note(typed, plain(typed))
listing(((label: "Colonne"), (label: typed)), ((typed, "x"),), caption: typed)
"""
EVERYWHERE = (
    """\
#import "_document.typ": *
#let typed = {typed}
#show: paper.with(footer: typed, reference: typed, banner: typed, issuer: (typed,))
= Premier
#{{ """
    + BLOCKS
    + """ }}
"""
)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A writer of sources beside the shared one: source(text) → the name of a template."""
    folder = tmp_path / "pdf"
    shutil.copytree(pdf.FOLDER, folder)
    monkeypatch.setattr(pdf, "FOLDER", folder)

    def write(body, name="specimen.typ"):
        (folder / name).write_text(body, encoding="utf-8")
        return name

    return write


@pytest.fixture
def printed(source):
    """printed(text) → the document that holds this text as a paragraph, a term and a cell."""
    source(EVERYWHERE.format(typed="data"), "printed.typ")
    return lambda typed: read(pdf.render("printed.typ", typed, title=typed, author=typed))


def read(document):
    return pypdf.PdfReader(io.BytesIO(document))


def words(reader):
    return " ".join("\n".join(page.extract_text() for page in reader.pages).split())


def tags(reader):
    """(depth, tag, element) of the structure tree, in reading order."""

    def walk(node, depth):
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                yield from walk(child, depth)
        elif isinstance(node, dict) and "/S" in node:
            yield depth, node["/S"].removeprefix("/"), node
            if "/K" in node:
                yield from walk(node["/K"], depth + 1)

    return list(walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"], 0))


@pytest.fixture
def specimen(source):
    name = source(SPECIMEN)
    return read(
        pdf.render(name, DATA, title="Relevé de décisions", author="Fonds", created_at=NOON)
    )


# Accessible ------------------------------------------------------------------


def test_a_document_says_that_it_is_accessible(specimen):
    root = specimen.trailer["/Root"]
    assert root["/Lang"] == "fr-FR"
    assert root["/MarkInfo"]["/Marked"].value
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "Relevé de décisions" in metadata
    assert "<rdf:li>fr-FR</rdf:li>" in metadata
    assert specimen.metadata.title == "Relevé de décisions"
    assert specimen.metadata.author == "Fonds"
    assert specimen.metadata.creation_date == NOON


def test_headings_are_in_order_and_the_title_is_one(specimen):
    named = [(tag, str(node.get("/T", ""))) for _, tag, node in tags(specimen)]
    headings = [(tag, name) for tag, name in named if re.fullmatch(r"H\d", tag)]
    assert headings == [
        ("H1", "Sommaire"),
        ("H1", "Ordre du jour"),
        ("H2", "Tableau"),
        ("H1", "Synthèse"),
    ]
    assert [tag for tag, _ in named].count("Title") == 1
    outline = [entry.title for entry in specimen.outline if not isinstance(entry, list)]
    assert outline == ["Ordre du jour", "Synthèse"]


def test_tables_have_headers_rows_and_a_caption(specimen):
    found = tags(specimen)
    headers = [node for _, tag, node in found if tag == "TH"]
    scopes = [
        attributes.get("/Scope")
        for node in headers
        for attributes in node["/A"]
        if attributes["/O"] == "/Table"
    ]
    # Two tables of three columns: a header repeated on the next page is no new header.
    assert scopes == ["/Column"] * 6
    names = [tag for _, tag, _ in found]
    assert names.count("Table") == 2
    assert names.count("TR") == 2 * (1 + 90) + 1
    assert names.count("TFoot") == 1
    assert names.count("Caption") == 1


def test_terms_and_contents_are_lists(specimen):
    names = [tag for _, tag, _ in tags(specimen)]
    assert names.count("Lbl") == names.count("LBody") == len(DATA["facts"])
    assert names.count("TOCI") == 3


def test_every_font_is_embedded(specimen):
    embedded = set()
    for page in specimen.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
            assert "/ToUnicode" in font.get_object()
            embedded.add(descriptor["/FontName"].partition("+")[2])
    assert {"LiberationSans", "LiberationSans-Bold"} <= embedded
    assert embedded <= {"LiberationSans", "LiberationSans-Bold", "DejaVuSans"}


def test_a_document_without_a_title_has_one_all_the_same(source):
    name = source('#import "_document.typ": *\n#show: paper\n= A')
    assert read(pdf.render(name, {}, title=" \n ")).metadata.title == "Document sans titre"


# What is printed -------------------------------------------------------------


def test_what_is_given_is_printed(specimen):
    shown = words(specimen)
    for expected in (
        "RÉPUBLIQUE FRANÇAISE",
        "Direction interministérielle de la transformation publique",
        "Document fictif, sans valeur.",
        "Coût total : —",
        "La Poste",
        "Aucun dossier.",
        "Dossiers inscrits",
    ):
        assert expected in shown
    assert "L’œuvre coûte « 35 000 € »… seconde ligne second paragraphe" in " ".join(shown.split())
    assert "1\u202f234\u202f567\u00a0€" in "\n".join(p.extract_text() for p in specimen.pages)


def test_each_page_bears_its_number_its_reader_and_its_warning(specimen):
    total = len(specimen.pages)
    assert total > 4
    for rank, page in enumerate(specimen.pages, start=1):
        shown = " ".join(page.extract_text().split())
        assert f"page {rank} / {total}" in shown
        assert "Exemplaire de Camille Œuvrard" in shown
        assert "FICTIF" in shown
        assert "Document fictif, sans valeur." in shown
        assert "RD-2026-01" in shown


def test_headers_of_a_table_are_repeated_on_its_pages(specimen):
    with_rows = [page for page in specimen.pages if re.search(r"Projet \d", page.extract_text())]
    assert len(with_rows) > 4
    assert all("Montant" in page.extract_text() for page in with_rows)


def test_pages_are_a4_and_lie_on_their_side_where_asked(specimen):
    sizes = [tuple(round(float(side)) for side in page.mediabox[2:]) for page in specimen.pages]
    assert sizes[0] == (595, 842)
    assert sizes[-1] == (842, 595)


# Always the same -------------------------------------------------------------


def test_the_same_data_give_the_same_bytes(source):
    name = source(SPECIMEN)
    first = pdf.render(name, DATA, title="Relevé", created_at=NOON)
    # The same moment, told from elsewhere.
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    assert pdf.render(name, DATA, title="Relevé", created_at=elsewhere) == first
    assert pdf.render(name, DATA | {"total": "0"}, title="Relevé", created_at=NOON) != first
    later = NOON + timedelta(seconds=1)
    assert pdf.render(name, DATA, title="Relevé", created_at=later) != first


def test_a_document_without_a_date_bears_none(source):
    name = source(SPECIMEN)
    document = pdf.render(name, DATA, title="Relevé")
    assert pdf.render(name, DATA, title="Relevé") == document
    assert read(document).metadata.creation_date is None
    assert b"CreationDate" not in document
    with pytest.raises(ValueError, match="aware"):
        pdf.render(name, DATA, title="Relevé", created_at=datetime(2026, 3, 4))


def test_threads_do_not_disturb_one_another(source):
    name = source('#import "_document.typ": *\n#show: paper\n= A\n#plain(data)')
    expected = [pdf.render(name, f"Dossier {rank}", title="T") for rank in range(4)]
    found = {}

    def render(rank):
        found[rank] = pdf.render(name, f"Dossier {rank}", title="T")

    threads = [threading.Thread(target=render, args=(rank,)) for rank in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[rank] for rank in range(4)] == expected


# Several documents -----------------------------------------------------------


def test_several_documents_are_each_what_they_are_alone(source):
    name = source('#import "_document.typ": *\n#show: paper\n= A\n#plain(data)')
    documents = [
        pdf.Document(f"Dossier {rank}", f"Titre {rank}", "Fonds" if rank % 2 else "")
        for rank in range(5)
    ]
    made = pdf.render_many(name, documents, created_at=NOON)
    assert len(set(made)) == len(documents)
    for document, bytes_ in zip(documents, made, strict=True):
        alone = pdf.render(
            name, document.data, title=document.title, author=document.author, created_at=NOON
        )
        assert bytes_ == alone
        assert read(bytes_).metadata.title == document.title


def test_no_document_is_no_work(source, monkeypatch, tmp_path):
    name = source("= A")
    monkeypatch.setattr(pdf, "WORKER", tmp_path / "absent.py")
    assert pdf.render_many(name, []) == []
    with pytest.raises(ValueError, match="aware"):
        pdf.render_many(name, [], created_at=datetime(2026, 3, 4))


def test_the_one_document_at_fault_among_several_is_named(source, caplog):
    name = source('#import "_document.typ": *\n#show: paper\n= A\n#if data == "c" { panic("x") }')
    documents = [pdf.Document(letter, f"Titre {letter}") for letter in "abcd"]
    with pytest.raises(pdf.PdfError, match="«\u00a0Titre c\u00a0» n’a pas pu être composé"):
        pdf.render_many(name, documents)
    assert "panicked" in caplog.text


def test_several_documents_have_more_time_than_one(source, caplog, monkeypatch):
    name = source("= A")
    monkeypatch.setattr(pdf, "TIMEOUT", 0.01)
    monkeypatch.setattr(pdf, "EACH", 0)
    documents = [pdf.Document({}, "A"), pdf.Document({}, "B")]
    with pytest.raises(pdf.PdfError, match="L’ensemble de 2\u00a0documents est trop long"):
        pdf.render_many(name, documents)
    asked = []

    def run(*args, timeout, **kwargs):
        asked.append(timeout)
        raise pdf.subprocess.TimeoutExpired(args, timeout)

    monkeypatch.setattr(pdf, "TIMEOUT", 25)
    monkeypatch.setattr(pdf, "EACH", 2)
    monkeypatch.setattr(pdf.subprocess, "run", run)
    for count in (1, 3):
        with pytest.raises(pdf.PdfError):
            pdf.render_many(name, documents[:1] * count)
    assert asked == [25, 29]


def test_documents_that_are_begun_are_set_while_others_are(source, monkeypatch, tmp_path):
    """Each waits for a file that is only there once both have begun."""
    name, worker = source("= A"), tmp_path / "worker.py"
    worker.write_text(
        "import json, pathlib, sys, time\n"
        "title = json.loads(json.load(sys.stdin)['requests'][0])['title']\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "(folder / f'{title}.begun').touch()\n"
        "while len([*folder.glob('*.begun')]) < 2: time.sleep(0.01)\n"
        "print(title, end='')\n"
        "json.dump({'sizes': [1], 'warnings': []}, sys.stderr)"
    )
    monkeypatch.setattr(pdf, "WORKER", worker)
    begun = [pdf.begin_many(name, [pdf.Document({}, title)]) for title in "AB"]
    assert [wait() for wait in begun] == [[b"A"], [b"B"]]


def test_a_document_that_is_begun_tells_its_fault_when_it_is_waited_for(source, caplog):
    begun = pdf.begin_many(source('#panic("x")'), [pdf.Document({}, "Titre")])
    with pytest.raises(pdf.PdfError, match="«\u00a0Titre\u00a0» n’a pas pu être composé"):
        begun()


def test_the_same_warning_is_told_once(source, caplog):
    body = '#import "_document.typ": *\n#show: paper\n#set text(font: "Absente")\n= A'
    pdf.render_many(source(body), [pdf.Document({}, "A"), pdf.Document({}, "B")])
    assert caplog.text.count("unknown font family: absente") == 1


# Hostile data ----------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        '#panic("a") #eval("1") #read("/etc/passwd") #import "x"',
        "$x^2$ *gras* _italique_ `code` <label> @label = titre",
        '"] #panic() ["',
        "\\u{1f} \\ // commentaire /* bloc */",
        "- liste\n+ liste\n/ terme: valeur",
        "<script>alert(1)</script> & &amp; {{ x }} {% y %}",
        "http://example.org/#x?y=z&t=é",
        "~ -- --- ... 'a' \"b\"",
    ],
)
def test_code_is_printed_and_not_run(printed, typed):
    shown = words(printed(typed))
    assert shown.replace(" ", "").count(" ".join(typed.split()).replace(" ", "")) >= 4


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a\x00b\x07c\x1b[31m", "a\ufffdb\ufffdc\ufffd[31m"),
        ("\ud800seul", "\ufffdseul"),
        ("漢字 et \ue000 et \uffff", "\ufffd\ufffd et \ufffd et \ufffd"),
        ("nom\u202egnp.exe", "nomgnp.exe"),
        ("\ufeffa\u200ed\u2066b\u2069", "adb"),
        ("✔\ufe0f \U0001f44d\U0001f3fd", "✔ \ufffd\ufffd"),
        ("a\r\nb\rc\u2028d\x85e\tf", "a\nb\nc\nd\ne f"),
        ("e\u0301te\u0301", "été"),
        ("x\u0a70", "x\ufffd"),
        ("a\u3000b", "a b"),
        (" \u200b\n\u3000\u00ad", ""),
        ("35\u202f000\u00a0€ «\u00a0œ\u00a0» ’ – … \U0001f600", None),
        ("שלום السلام", None),
        ("co\u00adopérer", None),
    ],
)
def test_what_no_font_shows_is_replaced(typed, expected):
    assert text.clean(typed) == (typed if expected is None else expected)


def test_marks_that_no_one_font_holds_with_their_letter_are_replaced():
    liberation, dejavu = text.coverage()
    mark = next(
        chr(code) for code in sorted(liberation - dejavu) if unicodedata.category(chr(code)) == "Mn"
    )
    assert text.clean(f"a{mark}") == f"a{mark}"
    assert text.clean(f"\U0001f600{mark}") == "\U0001f600\ufffd"


def test_french_is_printed_by_one_font():
    liberation, _ = text.coverage()
    letters = "àâäæçéèêëîïôöœùûüÿÀÂÄÆÇÉÈÊËÎÏÔÖŒÙÛÜŸ’«»–—…€°²№\u00a0\u202f\u2212×½"
    assert {letter for letter in letters if ord(letter) not in liberation} == set()
    bold = text.characters(text.FONTS / "LiberationSans-Bold.ttf")
    assert bold == liberation


@pytest.mark.parametrize("after", ["", "a", " "])
def test_every_character_that_is_kept_can_be_set(source, after):
    name = source('#import "_document.typ": *\n#show: paper\n= A\n#for line in data { par(line) }')
    kept = sorted(set().union(*text.coverage()))
    assert len(kept) > 5900
    lines = [
        after.join(map(chr, kept[start : start + 60])) + after for start in range(0, len(kept), 60)
    ]
    assert pdf.render(name, lines, title="Tout")


def test_any_stack_of_marks_can_be_set(source):
    name = source('#import "_document.typ": *\n#show: paper\n= A\n#for line in data { par(line) }')
    kept = sorted(set().union(*text.coverage()))
    marks = [code for code in kept if unicodedata.category(chr(code)).startswith("M")]
    assert len(marks) > 200
    draw = random.Random(1)
    lines = [
        "".join(
            chr(draw.choice(kept)) + "".join(map(chr, draw.choices(marks, k=draw.randint(1, 3))))
            for _ in range(30)
        )
        for _ in range(300)
    ]
    assert pdf.render(name, lines, title="Marques")


@pytest.fixture(scope="module")
def anything(tmp_path_factory):
    """A source that sets each string of its data in every block of the shared one."""
    folder = tmp_path_factory.mktemp("sources") / "pdf"
    shutil.copytree(pdf.FOLDER, folder)
    body = EVERYWHERE.format(typed="data.at(0)") + f"#for typed in data {{ {BLOCKS} }}"
    (folder / "anything.typ").write_text(body, encoding="utf-8")
    return folder


@hypothesis_settings(max_examples=40)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=12))
@example(["", "\n\n\n", " ", "\x00", "\ud800", "\u200b" * 50, "\u0301", "#", "\\"])
def test_any_text_can_be_set(anything, typed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "FOLDER", anything)
        assert pdf.render("anything.typ", typed, title=typed[0]).startswith(b"%PDF")


def longest_line(reader):
    lines = [line for page in reader.pages for line in page.extract_text().splitlines()]
    return max(len(line.replace("\u200b", "")) for line in lines)


@pytest.mark.parametrize("length", [33, 60, 399, 10_000])
def test_a_word_without_end_stays_in_its_column(source, length):
    body = '#import "_document.typ": *\n#show: paper\n= A\n'
    in_text = pdf.render(source(body + "#plain(data)"), "W" * length, title="T")
    # A line of text holds some forty-eight of these letters, a column of a third some twenty.
    assert longest_line(read(in_text)) <= 50
    columns = '((label: "A"), (label: "B"), (label: "C"))'
    table = source(body + f"#listing({columns}, ((data, data, data),))", "table.typ")
    for page in read(pdf.render(table, "W" * length, title="T")).pages:
        starts = set()

        def visit(piece, _, matrix, *__, found=starts):
            if "WW" in piece:
                found.add(round(matrix[4]))

        page.extract_text(visitor_text=visit)
        assert all(start < 595 - 57 for start in starts)


def test_what_is_copied_from_a_broken_word_is_what_was_typed(source):
    seal = "0123456789abcdef" * 4
    name = source('#import "_document.typ": *\n#show: paper\n= A\n#columns(4, plain(data))')
    shown = "".join(read(pdf.render(name, seal, title="T")).pages[0].extract_text().split())
    assert seal in shown


@pytest.mark.parametrize(
    "typed",
    ["x" * 200_000, ("y" * 60 + " ") * 2_000, "a\n" * 5_000, "a\n\n" * 5_000, "e\u0301" * 20_000],
    ids=["one word", "many words", "lines", "paragraphs", "marks"],
)
def test_a_text_without_end_is_set_in_time(source, typed):
    name = source('#import "_document.typ": *\n#show: paper\n= A\n#plain(data)')
    assert len(read(pdf.render(name, typed, title="T")).pages) >= 2


# Data that cannot be printed -------------------------------------------------


def test_data_are_formatted_before_they_are_printed():
    assert pdf.printable({"a": [1, None, True, lazystr("é"), ("x",)]}) == {
        "a": [1, None, True, "é", ["x"]]
    }
    for wrong, place in [
        ({"a": [Decimal(1)]}, r"data\.a\[0\]: Decimal"),
        ({"a": 1.5}, r"data\.a: float"),
        ({"a": NOON}, r"data\.a: datetime"),
        ({1: "a"}, "data: dict"),
        ({"a": 2**64}, r"data\.a: int"),
        (b"x", "data: bytes"),
    ]:
        with pytest.raises(TypeError, match=place):
            pdf.printable(wrong)


# A source at fault -----------------------------------------------------------


def refused(name, caplog, **kwargs):
    with pytest.raises(pdf.PdfError) as raised:
        pdf.render(name, {}, title="Relevé", **kwargs)
    message = str(raised.value)
    assert "Relevé" in message
    return message, caplog.text


def test_a_source_at_fault_is_named_in_french_and_told_to_the_log(source, caplog):
    message, log = refused(source("#panic([x])", "faute.typ"), caplog)
    assert "gabarit faute.typ est en défaut" in message
    assert "panic" not in message
    assert "panicked" in log


@pytest.mark.parametrize(
    "body",
    [
        '#read("../secret.txt")',
        '#read("/../secret.txt")',
        '#read("/etc/hostname")',
        '#import "../secret.txt": *',
        '#image("../secret.txt", alt: "x")',
    ],
)
def test_no_file_outside_the_sources_can_be_read(source, caplog, body):
    source("= A")
    (pdf.FOLDER.parent / "secret.txt").write_text("canari-7193")
    (pdf.FOLDER / "allowed.txt").write_text("autorisé")
    allowed = source('#set document(title: "T", date: none)\n#read("allowed.txt")', "allowed.typ")
    assert "autorisé" in words(read(pdf.render(allowed, {}, title="T")))
    _, log = refused(source(body), caplog)
    assert "canari" not in log
    assert re.search("outside|escape|not found|denied", log)


@pytest.mark.parametrize("name", ["../settings.py", "/etc/hostname", "absent.typ", "", "a/b.typ"])
def test_a_source_is_one_of_the_folder(name):
    with pytest.raises(ValueError, match="no source named"):
        pdf.render(name, {}, title="T")


def test_a_document_that_is_not_accessible_is_refused(source, caplog):
    (pdf.FOLDER / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    body = '#import "_document.typ": *\n#show: paper\n= A\n#image("a.svg")'
    _, log = refused(source(body), caplog)
    assert "PDF/UA-1" in log


def test_a_document_that_never_ends_is_stopped(source, caplog, monkeypatch):
    monkeypatch.setattr(pdf, "TIMEOUT", 0.01)
    message, _ = refused(source("= A"), caplog)
    assert "trop long à composer" in message


def test_a_worker_that_dies_is_told(source, caplog, monkeypatch, tmp_path):
    broken = tmp_path / "worker.py"
    broken.write_text("raise SystemExit('plus de mémoire')")
    monkeypatch.setattr(pdf, "WORKER", broken)
    _, log = refused(source("= A"), caplog)
    assert "plus de mémoire" in log


def test_a_warning_goes_to_the_log(source, caplog):
    body = '#import "_document.typ": *\n#show: paper\n#set text(font: "Absente")\n= A'
    assert pdf.render(source(body), {}, title="T")
    assert "unknown font family: absente" in caplog.text


def test_the_worker_is_told_no_secret(source, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "canari-5521")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    talkative = tmp_path / "worker.py"
    talkative.write_text(
        "import json, os, sys\nprint(dict(os.environ), sys.path)\n"
        "json.dump({'warnings': []}, sys.stderr)"
    )
    monkeypatch.setattr(pdf, "WORKER", talkative)
    said = pdf.render(source("= A"), {}, title="T").decode()
    assert said.startswith("{")
    assert "canari" not in said
    assert str(tmp_path) not in said


# The sources -----------------------------------------------------------------

SOURCES = sorted(pdf.FOLDER.glob("*.typ"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_expressions_are_compiled_once_and_not_at_each_text(path):
    """Half the time of a sheet went to compiling them: they are values, outside functions."""
    defined = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#let "):
            defined = line
        if "regex(" in line:
            assert re.match(r"#let [\w-]+ = ", defined), line


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_sources_ask_for_no_package_and_evaluate_nothing(path):
    body = path.read_text(encoding="utf-8")
    assert not re.search(r"@preview|@local|\beval\b|\bplugin\b", body)
    if path.name != "_document.typ":
        assert '#import "_document.typ"' in body


def test_fonts_come_with_their_licences():
    files = {path.name for path in text.FONTS.iterdir()}
    assert files == {
        "DejaVuSans.ttf",
        "LICENSE-DejaVuSans.txt",
        "LICENSE-LiberationSans.txt",
        "LiberationSans-Bold.ttf",
        "LiberationSans-Regular.ttf",
    }
    assert "SIL OPEN FONT LICENSE" in (text.FONTS / "LICENSE-LiberationSans.txt").read_text()
    assert "Bitstream Vera" in (text.FONTS / "LICENSE-DejaVuSans.txt").read_text()
