"""Documents that a page lists, as it writes them."""

import pytest

from laureates.importers.text import documents


def test_a_document_has_the_title_of_the_line_before():
    (found,) = documents.read(
        ["Les fiches", "PDF (1 201.7 Ko) - Dernière mise à jour le 11 juin 2021"]
    )
    assert {name: found[name] for name in ("title", "format", "size_kb", "updated_on")} == {
        "title": "Les fiches",
        "format": "PDF",
        "size_kb": "1201.7",
        "updated_on": "2021-06-11",
    }
    assert found["sentence"].startswith("Les fiches")


@pytest.mark.parametrize(
    ("line", "title", "size"),
    [
        ("Bilan (PDF, 2,5 Mo)", "Bilan", "2560.0"),
        ("Bilan – ODS 300 ko", "Bilan", "300.0"),
        ("PDF (12 o)", "Document", ""),
        ("PDF (99999999999 Go)", "Document", ""),
    ],
)
def test_sizes_and_titles(line, title, size):
    (found,) = documents.read([line])
    assert (found["title"], found["size_kb"]) == (title, size)


@pytest.mark.parametrize("line", ["Un PDF existe", "PDF", "12 Mo", "a PDF (1 Mo)" * 60])
def test_a_line_without_format_and_size_is_no_document(line):
    assert not documents.describes_document(line)
