"""Search: the same rows on both engines, without accents, by stem and by prefix."""

import itertools
import random

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from laureates import search
from laureates.models import Laureate
from tests.factories import LaureateFactory, OrganisationFactory, ThemeFactory

pytestmark = pytest.mark.django_db


def found(text):
    return set(search.match(Laureate.objects.all(), text).values_list("title", flat=True))


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Déploiement de la télémédecine", "telemedecine"),
        ("Déploiement de la télémédecine", "TÉLÉMÉDECINE"),
        ("Déploiement de la télémédecine", "télémed"),
        ("Accueil des agents", "agent"),
        ("Accueil d’un agent", "agents"),
        ("Accueil des usagers", "usager"),
        ("Un usager", "usagers"),
        ("Le cœur du service", "coeur"),
        ("L’écoute de l’usager", "l'ecoute"),
        ("Données de la douane", "données de la douane"),
        ("Projet 3D", "3d"),
    ],
)
def test_finds(title, query):
    LaureateFactory(title=title)
    LaureateFactory(title="Tout autre chose")
    assert found(query) == {title}


def test_every_beginning_of_a_word_finds_it():
    LaureateFactory(title="Accompagnement personnalisé")
    LaureateFactory(title="Tout autre chose")
    word = "accompagnement"
    missed = [
        word[:size]
        for size in range(search.MIN_PREFIX, len(word) + 1)
        if found(word[:size]) != {"Accompagnement personnalisé"}
    ]
    assert missed == []


def test_prefix_is_for_the_last_word_only():
    LaureateFactory(title="Accompagnement numérique")
    assert found("accompagnement num") == {"Accompagnement numérique"}
    assert found("accompagnem numérique") == set()


def test_words_are_all_required():
    LaureateFactory(title="Prison expérimentale")
    LaureateFactory(title="Prison numérique")
    assert found("prison expérimentale") == {"Prison expérimentale"}


def test_finds_by_carrier_former_name_theme_and_former_title():
    organisation = OrganisationFactory(
        name="Direction des phares", short_name="DPH", former_names="Service des balises"
    )
    laureate = LaureateFactory(
        title="Projet",
        former_titles="Ancien intitulé zébré",
        carriers=[organisation],
        themes=[ThemeFactory(name="Cabotage")],
    )
    LaureateFactory(title="Tout autre chose")
    for query in ("phares", "dph", "balises", "zebre", "cabotage"):
        assert found(query) == {laureate.title}, query


def test_rank_puts_titles_then_names_then_the_rest():
    LaureateFactory(title="C", description="On y parle de dirigeables.")
    LaureateFactory(title="B", carriers=[OrganisationFactory(name="Office des dirigeables")])
    LaureateFactory(title="A : dirigeables")
    ranked = search.match(Laureate.objects.all(), "dirigeable").order_by("rank")
    assert [row.title[0] for row in ranked] == ["A", "B", "C"]
    assert [row.rank for row in ranked] == [0, 1, 2]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "!!!", "'", '"', "a*", "NEAR(", "title_tokens : x", "-", "\\", ":*", "AND OR NOT"],
)
def test_hostile_text_never_raises(text):
    LaureateFactory()
    list(search.match(Laureate.objects.all(), text))


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    list(search.match(Laureate.objects.all(), text.replace("\x00", " "))[:1])


@given(st.lists(st.text(alphabet="aeéœrst’- .\n\u0301\u00a0", max_size=80), max_size=3))
def test_tokens_are_each_word_beside_its_stem_once(texts):
    found = [word for text in texts for word in search.words(text)]
    expected = dict.fromkeys(token for word in found for token in (search.stem(word), word))
    assert search.tokens(*texts) == " ".join(expected)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzéèêàçôûœ", min_size=1, max_size=20))
def test_a_stem_is_its_own_stem(word):
    for folded in search.words(word):
        assert search.stem(search.stem(folded)) == search.stem(folded)


def test_plural_and_singular_share_their_stem():
    for singular, plural in (("usager", "usagers"), ("agent", "agents"), ("donnée", "données")):
        assert search.tokens(singular).split()[0] == search.tokens(plural).split()[0]


def test_index_follows_a_new_title():
    laureate = LaureateFactory(title="Premier intitulé")
    laureate.title = "Second libellé"
    laureate.save()
    assert found("premier") == set()
    assert found("second") == {"Second libellé"}


def test_index_forgets_what_is_deleted():
    laureate = LaureateFactory(title="Éphémère")
    laureate.delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM laureates_indexentry")
        assert cursor.fetchone() == (0,)
    LaureateFactory(title="Tout autre chose")
    assert found("éphémère") == set()


def test_stop_words_alone_are_searched():
    LaureateFactory(title="Qui sont-ils")
    LaureateFactory(title="Personne")
    assert found("qui") == {"Qui sont-ils"}


def test_a_word_without_end_is_indexed_by_its_beginning_and_at_once():
    endless = "ent" * 20_000
    laureate = LaureateFactory(description=f"Projet {endless}")
    assert search.words(endless) == [endless[: search.MAX_LETTERS]]
    assert list(search.match(Laureate.objects.all(), endless)) == [laureate]


# What a process remembers -----------------------------------------------------

WORDS = ("phare", "phares", "digue", "écluse", "môle")


def build_at_random(seed):
    draw = random.Random(seed)
    theme = ThemeFactory(name="Phare et balise")
    for _ in range(12):
        LaureateFactory(
            title=" ".join(draw.sample(WORDS, 2)),
            summary=" ".join(draw.sample(WORDS, 2)),
            themes=[theme] if draw.random() < 0.3 else [],
        )


def texts_of(words):
    return ["", "le", *words, *map(" ".join, itertools.permutations(words, 2)), "phare zorglub"]


@pytest.mark.parametrize("common", [1, 6, 100])
def test_what_is_remembered_is_what_the_database_finds(monkeypatch, common):
    monkeypatch.setattr(search, "COMMON", common)
    build_at_random(common)
    finder = search.Finder(BitMap())
    rows = Laureate.objects.all()
    for _ in range(2):
        for text in texts_of(WORDS):
            ranks = {row.pk: getattr(row, "rank", None) for row in search.match(rows, text)}
            for rank in search.RANKS:
                expected = {key for key, found in ranks.items() if found <= rank}
                assert set(finder.keys(text, rank)) == expected, (text, rank)


def test_common_words_are_read_once_whatever_the_texts_made_of_them(
    monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(search, "COMMON", 3)
    for title in ("phare digue", "digue phare", "phare digue écluse"):
        LaureateFactory(title=title)
    finder = search.Finder(BitMap())
    # Are they common; each.
    with django_assert_num_queries(4):
        assert len(finder.keys("phare phare digue")) == 3
    with django_assert_num_queries(0):
        assert len(finder.keys("phare digue")) == len(finder.keys("phare phare digue")) == 3
    # One of them is not: is it, and the text as a whole.
    with django_assert_num_queries(2):
        assert len(finder.keys("écluse digue")) == 1


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(search, "REMEMBERED_BYTES", 1000)
    monkeypatch.setattr(search, "REMEMBERED_TEXTS", 2)
    # In a larger library, each text may find more.
    assert search.Finder(BitMap(range(800_000)))._found.maxsize == 2 * (100 + 799_999 // 8)
    LaureateFactory(title="phare")
    finder = search.Finder(BitMap())
    for number in range(50):
        assert not finder.keys(f"mot{number}")
    assert len(finder.keys("phare")) == 1
    assert 0 < len(finder._found) <= 10
    assert finder._found.currsize <= 1000
