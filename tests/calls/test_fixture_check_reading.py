"""Reading fixtures: whatever a file holds, its author gets a sentence and never a traceback."""

from pathlib import Path

import hypothesis
import pytest
import yaml
from django.db import connection
from django.test import override_settings
from hypothesis import strategies

from calls import fixture_check
from calls.fixture_check import reading

NBSP = "\u00a0"


def refuse_queries(*args):
    raise AssertionError("la base du projet a été interrogée")


@pytest.fixture(autouse=True)
def no_database(django_db_blocker):
    """Constraints are computed in memory; the project's own database must not be asked."""
    with django_db_blocker.unblock(), connection.execute_wrapper(refuse_queries):
        yield


# Files that are none ---------------------------------------------------------

UNREADABLE = {
    "empty": (b"", "le fichier est vide"),
    "only comments": (b"# rien\n", "le fichier est vide"),
    "no object": (b"[]", "aucun objet"),
    "a text": (b"bonjour", "doit être une liste d’objets"),
    "a mapping": (b"a: 1", "doit être une liste d’objets"),
    "not UTF-8": ("- model: é\n".encode("latin-1"), "pas en UTF-8"),
    "colon in a value": (b"- model: a\n  fields:\n    t: un : deux: trois\n", "coupe la valeur"),
    "open quote": (b'- model: "a\n', "guillemet ouvert"),
    "open bracket": (b"- model: [a\n", "retrait"),
    "tabulation": (b"- model: a\n  fields:\n\ttitle: x\n", "tabulation"),
    "bad indent": (b"- model: a\n fields:\n    title: x\n", "retrait"),
    "escape": (b'- model: "a\\q"\n', "se double"),
    "control character": (b"- model: a\x01\n", "U+0001"),
    "two documents": (b"- a\n---\n- b\n", "second document"),
    "aliases": (b"- &a [x, x]\n- &b [*a, *a]\n- [*b, *b]\n", "renvois YAML"),
    "depth": (b"[" * 5000, "imbriquées"),
    "foreign tag": (
        b"- model: laureates.theme\n  fields: {slug: !!python/name:os.system x}\n",
        "balise YAML",
    ),
    "endless number": (
        b"- model: laureates.theme\n  fields: {position: " + b"9" * 5000 + b"}\n",
        "ni un nombre possible",
    ),
    "not an object": (b"- un\n- deux\n", "un objet s’écrit"),
    "no fields": (b"- model: laureates.theme\n", "un objet s’écrit"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_explained(name, tmp_path, settings):
    settings.FIXTURE_DIRS = []
    content, said = UNREADABLE[name]
    path = tmp_path / "essai.yaml"
    path.write_bytes(content)
    messages = [
        problem.message.replace(NBSP, " ") for problem in fixture_check.check([path]).errors
    ]
    assert any(said in message for message in messages), messages


@pytest.mark.parametrize(
    ("name", "said"),
    [("absent.yaml", "n’existe pas"), ("dossier", "c’est un dossier"), ("essai.json", ".yaml")],
)
def test_what_is_no_file_is_explained(name, said, tmp_path):
    (tmp_path / "dossier").mkdir()
    (tmp_path / "essai.json").write_text("[]")
    (problem,) = fixture_check.check([tmp_path / name]).errors
    assert said in problem.message


def test_a_huge_file_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "essai.yaml"
    with path.open("wb") as file:
        file.truncate(reading.MAX_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("lu"))
    with pytest.raises(reading.Unreadable, match="il dépasse 5 Mo"):
        reading.read(path)


# Anything at all -------------------------------------------------------------

SCALARS = strategies.one_of(
    strategies.none(),
    strategies.booleans(),
    strategies.integers(),
    strategies.floats(),
    strategies.text(max_size=8),
    strategies.dates(),
    strategies.datetimes(),
)
VALUES = strategies.one_of(
    SCALARS, strategies.lists(SCALARS, max_size=3), strategies.lists(strategies.lists(SCALARS))
)
FIELDS = (
    "slug name position title announcement laureate themes territories organisation code kind "
    "published_at committee_on value size_kb file reference deadline_time is_undisclosed"
)
MODELS = (
    "laureates.theme laureates.laureate laureates.carrier laureates.claim laureates.document "
    "calls.application calls.selection calls.callsession"
)
OBJECTS = strategies.fixed_dictionaries(
    {
        "model": strategies.sampled_from(MODELS.split()),
        "fields": strategies.dictionaries(strategies.sampled_from(FIELDS.split()), VALUES),
    }
)


@hypothesis.settings(max_examples=60)
@hypothesis.given(strategies.lists(OBJECTS, min_size=1, max_size=4))
def test_no_value_of_any_field_makes_it_fail(tmp_path_factory, objects):
    path = tmp_path_factory.mktemp("essai") / "essai.yaml"
    path.write_text(yaml.safe_dump(objects, allow_unicode=True), encoding="utf-8")
    with override_settings(FIXTURE_DIRS=[]):
        for problem in fixture_check.check([path]).problems:
            assert str(problem)


@hypothesis.settings(max_examples=100)
@hypothesis.given(strategies.binary(max_size=60))
def test_no_content_makes_it_fail(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("essai") / "essai.yaml"
    path.write_bytes(content)
    with override_settings(FIXTURE_DIRS=[]):
        assert fixture_check.check([path]).errors
