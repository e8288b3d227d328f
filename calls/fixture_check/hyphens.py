"""Words that a line break may have cut (« direc-tion »): a doubt, for a person to settle."""

import re
from collections.abc import Iterator

from django.db import models

from calls.fixture_check.rows import Row, Rows
from laureates.typography import fold

_WORD = re.compile(r"\w+(?:-\w+)*")
# Ends that a cut leaves and that are no word by themselves.
_ENDS = {
    "cation",
    "cations",
    "fice",
    "fique",
    "liser",
    "lisation",
    "lite",
    "lites",
    "ment",
    "ments",
    "nalite",
    "nalites",
    "naire",
    "naires",
    "sation",
    "sion",
    "sions",
    "taire",
    "taires",
    "tale",
    "tales",
    "tation",
    "teur",
    "teurs",
    "tif",
    "tifs",
    "tion",
    "tions",
    "tique",
    "tiques",
    "tive",
    "tives",
    "trice",
    "trices",
    "ture",
    "tures",
}


def check(rows: Rows) -> None:
    """Warn of each word with an inner hyphen that looks cut, once for each field."""
    texts = [(row, name, list(_words(text))) for row, name, text in _texts(rows)]
    known = {fold(word) for _, _, words in texts for word in words if "-" not in word}
    for row, name, words in texts:
        for word in dict.fromkeys(words):
            parts = fold(word).split("-")
            cut = len(parts) == 2 and ("".join(parts) in known or parts[1] in _ENDS)
            if cut and not parts[1].isdigit():
                joined = word.replace("-", "")
                message = f"mot peut-être coupé : « {word} ». S’il s’écrit « {joined} », corrigez."
                rows.report(row, message, name, is_warning=True)


def _texts(rows: Rows) -> Iterator[tuple[Row, str, str]]:
    for row in rows:
        for field in row.model._meta.concrete_fields:
            if type(field) in {models.CharField, models.TextField} and not field.choices:
                value = row.entry.values.get(field.name)
                if isinstance(value, str):
                    yield row, field.name, value


def _words(text: str) -> Iterator[str]:
    return (found[0] for found in _WORD.finditer(text))
