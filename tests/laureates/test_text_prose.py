"""Sentences, and Markdown that says exactly the words of the blocks."""

import re

import pytest
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from laureates import markdown, typography
from laureates.importers.text import prose
from laureates.importers.text.reading import Block


def test_sentences_do_not_end_at_an_initial():
    text = "M. A. Exemple a parlé. « Oui. » Il a dit 3.5 ! Mme. X aussi"
    assert [
        sentence.replace("\u202f", " ").replace("\u00a0", " ") for sentence in prose.sentences(text)
    ] == [
        "M. A. Exemple a parlé.",
        "« Oui. »",
        "Il a dit 3.5 !",
        "Mme. X aussi",
    ]


def test_paragraphs_headings_and_lists():
    blocks = [Block("Un"), Block("a", depth=1), Block("b", depth=3), Block("Titre", level=2)]
    assert prose.markdown_of(blocks) == "Un\n\n- a\n  - b\n\n### Titre"


TRICKY = ["1. un", "# un", "* un *", "[a](b)", "<b>", "&amp; et", "- un", "_x_ `y`", "> q", "1) un"]


@pytest.mark.parametrize("text", TRICKY)
def test_what_looks_like_markup_stays_words(text):
    assert rendered([Block(text), Block(text, depth=1)]) == words(f"{text} {text}")


@given(
    st.lists(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=30), max_size=4)
)
def test_any_words_are_rendered_as_they_are(texts):
    texts = [typography.normalise(text) for text in texts]
    blocks = [Block(text, depth=index % 2) for index, text in enumerate(texts) if text]
    assert rendered(blocks) == words(" ".join(block.text for block in blocks))


def rendered(blocks):
    text = strip_tags(str(markdown.render(prose.markdown_of(blocks))))
    for entity, char in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ):
        text = text.replace(entity, char)
    return words(text)


def words(text):
    return re.sub(r"\s+", "", text)


def test_first_words_are_cut_at_a_word():
    assert prose.first_words("un deux trois", 9) == "un deux\u00a0…"
    assert prose.first_words("a" * 20, 9) == f"{'a' * 9}\u00a0…"
    assert prose.first_words("un deux", 9) == "un deux"
