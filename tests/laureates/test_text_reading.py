"""What is pasted or uploaded becomes one plain text, or is refused in French."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ftap.refusals import Refusal
from laureates.importers.text import reading
from laureates.importers.text.reading import Block
from tests import announcement_text as own


def file(name, content):
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())


def words(text):
    return [" ".join(block.text.split()) for block in reading.blocks(reading.plain_text(text))]


@pytest.mark.parametrize("variant", own.VARIANTS)
def test_the_same_page_has_the_same_blocks_however_it_was_copied(variant):
    assert words(own.VARIANTS[variant]) == words(own.page())


def test_blocks_are_paragraphs_headings_and_items():
    text = "# Titre #\n\nUn paragraphe\n\n- un\n  - deux\n• trois\n\n***\n\nfin"
    assert reading.blocks(reading.plain_text(text)) == [
        Block("Titre", level=1),
        Block("Un paragraphe"),
        Block("un", depth=1),
        Block("deux", depth=2),
        Block("trois", depth=1),
        Block("fin"),
    ]


def test_a_cut_at_the_end_of_a_line_waits_for_a_person():
    text = (
        "Une phrase assez longue pour que la page la coupe en son milieu, ici, la direc-\n"
        "tion du budget, puis encore quelques mots pour que la page la coupe une fois de\n"
        "plus."
    )
    (block,) = reading.blocks(reading.plain_text(text))
    assert "la direc-tion du budget" in block.text
    assert block.text.endswith("une fois de plus.")


def test_html_leaves_out_what_a_page_never_shows():
    text = reading.plain_text(
        "<p>Un&nbsp;texte</p><script>non()</script><style>p{}</style><div>et<br>deux lignes</div>"
        "<ul><li>un<p>encore</p></li></ul><h2>Fin</h2>"
    )
    assert [block.text for block in reading.blocks(text)] == [
        "Un texte",
        "et",
        "deux lignes",
        "un encore",
        "Fin",
    ]
    assert "non" not in text


def test_a_text_loses_what_is_no_character():
    assert reading.plain_text("a\x00b\u200bc\ud800\u00ad\nd") == "abc\nd".replace("\n", "")


@pytest.mark.parametrize("name", ["annonce.txt", "annonce.TXT", "annonce.md", "annonce.html"])
def test_a_file_is_read(name):
    assert "Un titre" in reading.text_of_file(file(name, "Un titre\n\nUn texte."))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("annonce.pdf", "%PDF", "pas d’un type accepté"),
        ("annonce", "texte", "pas d’un type accepté"),
        ("annonce.txt", b"%PDF-1.7", "un PDF"),
        ("annonce.txt", b"PK\x03\x04", "un document compressé"),
        ("annonce.txt", "é\nà".encode("latin-1"), "pas en UTF-8 (ligne 1)"),
        ("annonce.txt", b"a\x00b", "pas un fichier de texte"),
        ("annonce.txt", " \n ", "vide"),
        ("annonce.html", "<script>seul</script>", "vide"),
        ("annonce.txt", "a" * 2_000, "dépasse la taille acceptée"),
        ("annonce.md", "a\n\n" * 600, "dépasse la taille acceptée"),
    ],
)
def test_a_file_that_is_no_text_is_refused_in_french(name, content, said, settings):
    settings.ANNOUNCEMENT_TEXT_MAX_BYTES = 1_024
    with pytest.raises(Refusal, match=said.replace("(", r"\(").replace(")", r"\)")):
        reading.text_of_file(file(name, content))


def test_a_text_of_too_many_paragraphs_is_refused():
    with pytest.raises(Refusal, match="paragraphes"):
        reading.plain_text("a\n\n" * (reading.BLOCKS_MAX + 1))
