"""Words that a line break may have cut, in the texts of fixtures: a warning for each."""

from collections.abc import Iterator

from django.db import models

from calls.fixture_check.rows import Row, Rows
from laureates import hyphens


def check(rows: Rows) -> None:
    """Warn of each word with an inner hyphen that looks cut, once for each field."""
    texts = [(row, name, hyphens.words(text)) for row, name, text in _texts(rows)]
    known = hyphens.vocabulary(word for _, _, words in texts for word in words)
    for row, name, words in texts:
        for word in dict.fromkeys(words):
            if joined := hyphens.rejoined(word, known):
                message = (
                    f"mot peut-être coupé\u00a0: «\u00a0{word}\u00a0». "
                    f"S’il s’écrit «\u00a0{joined}\u00a0», corrigez."
                )
                rows.report(row, message, name, is_warning=True)


def _texts(rows: Rows) -> Iterator[tuple[Row, str, str]]:
    for row in rows:
        for field in row.model._meta.concrete_fields:
            if type(field) in {models.CharField, models.TextField} and not field.choices:
                value = row.entry.values.get(field.name)
                if isinstance(value, str):
                    yield row, field.name, value
