"""The committed fixtures against the announcement they come from, and how `loaddata` behaves."""

import datetime
import re
from decimal import Decimal

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import models
from django.test import TestCase

from calls.models import Application, Bearer, Call, CallSession, Committee, Fund, Selection
from laureates import typography
from laureates.models import (
    Announcement,
    Claim,
    Document,
    Laureate,
    Organisation,
    Territory,
    Theme,
)
from tests.architecture import DERIVED_MODELS

ANNOUNCED = [
    (
        "Vers une plateforme d’information et de services pour les personnes en situation de "
        "handicap",
        [
            "Caisse Nationale de Solidarité pour l’Autonomie",
            "Caisse des dépôts et consignations",
        ],
    ),
    (
        "Cartonaut, transformer la cartographie marine et l’information nautique",
        ["Ministère des Armées", "Service Hydrographique et Océanographique de la Marine"],
    ),
    (
        "Prison expérimentale",
        ["Ministère de la Justice", "Direction de l’Administration Pénitentiaire"],
    ),
    (
        "Moderniser l’organisation du travail de l’Opéra national de Paris",
        ["Opéra national de Paris"],
    ),
    (
        "Transformation numérique de la commande publique",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Ministère de l’Economie et des Finances",
            "Direction des Affaires Juridiques",
            "Direction des Achats de l’Etat",
            "Agence pour l’Informatique Financière de l’Etat",
        ],
    ),
    (
        "Déploiement de la télémédecine au sein des unités sanitaires en milieu pénitentiaire",
        [
            "Ministère de la Justice",
            "Direction de l’Administration Pénitentiaire",
            "Ministère des Solidarités et de la Santé",
            "Direction Générale de l’Offre de Soins",
        ],
    ),
    (
        "Gestion électronique de document - Gestion électronique de courrier",
        ["Agence régionale de santé de Nouvelle Aquitaine"],
    ),
    (
        "Conforter la maîtrise des données et l’expertise technique au service des usagers",
        ["Direction départementale des territoires des Vosges"],
    ),
    (
        "Infocentre des établissements publics nationaux (EPN)",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction générale des Finances publiques",
        ],
    ),
    (
        "Dématérialisation et responsabilité sociétale intégrée en Hauts-de-France",
        [
            "Direction Régionale de la Jeunesse, des Sports et de la Cohésion Sociale de la "
            "région Hauts-de-France"
        ],
    ),
    (
        "Transformation numérique du service de santé au travail\u00a0: dématérialisation du "
        "dossier médical et déploiement de la télémédecine",
        ["Ministère de l’Intérieur", "Direction des ressources humaines"],
    ),
    (
        "Projet 3D\u00a0: Développement de la Donnée en Douane - Placer la donnée au cœur des "
        "métiers de la Douane",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction Générale des Douanes et des Droits Indirects",
        ],
    ),
    ("Ligne Directe France Services", ["Préfecture de la Charente-Maritime"]),
    (
        "E-Contacts Plus\u00a0: Assistant virtuel",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction générale des Finances publiques",
        ],
    ),
    (
        "Refonte de la Plateforme d’Echange et de Confiance (PEC)",
        [
            "Services du Premier ministre",
            "Direction de l’Information Légale et Administrative",
            "Direction interministérielle du Numérique et du Système d’Information et de "
            "Communication de l’Etat",
            "Direction Générale de la Santé",
        ],
    ),
    (
        "DataLake DGFiP\u00a0: Valorisation et mise à disposition des données de la DGFiP",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction générale des Finances publiques",
        ],
    ),
]
# Figures and items that the descriptions must keep, by rank.
FACTS = {
    1: ["santé", "école", "logement", "mobilité", "culture", "sport", "aidants", "employeurs"],
    2: ["bathymétriques", "pêcheurs", "plaisanciers", "administrateurs portuaires", "sécurité"],
    3: ["numérique", "services à distance", "qualification", "entreprises"],
    4: ["Bastille", "2022/23", "temps de travail", "polyvalence", "conditions de travail"],
    5: ["archivage", "ressaisies", "interopérabilité verticale", "interopérabilité horizontale"],
    6: ["télémédecine", "à distance", "accès aux soins"],
    7: ["13 sites", "12 départements", "temps réel", "numérisés"],
    8: ["État plateforme", "demarches-simplifiees", "acteurs du territoire", "trois axes"],
    9: ["9\u202f500", "lois de finances", "référentiel", "direction du budget", "open data"],
    10: ["5 projets", "SIILAB", "MDPH", "100\u00a0%", "FALC", "e-learning", "économie sociale"],
    11: ["12 départements", "préfectures", "gendarmerie", "télécabines", "dossiers médicaux"],
    12: ["douanier augmenté", "DGDDI", "data science", "services supports"],
    13: ["18h00-22h00", "72 heures", "Charente-Maritime", "Réseau France Services", "préfet"],
    14: ["50\u00a0%", "Autres demandes", "chatbot", "sémantique", "réponses-types"],
    15: ["5 millions", "9\u202f200", "8\u202f000", "service-public.fr", "collectivités locales"],
    16: ["Lac de données", "décloisonnées", "API-management", "habilite"],
}
LISTS = {5: 2, 8: 3, 9: 4, 10: 3}
DOMAIN = [
    *apps.get_app_config("laureates").get_models(),
    *apps.get_app_config("calls").get_models(),
]


def load():
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)


def dump():
    """Every row of both houses, links included."""
    tables = {*DOMAIN, *(f.remote_field.through for m in DOMAIN for f in m._meta.many_to_many)}
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in tables}


class AnnouncementTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        load()

    def test_laureates_stand_in_the_announced_order_with_their_carriers(self):
        found = [
            (laureate.title, [carrier.announced_name for carrier in laureate.carriers.all()])
            for laureate in Laureate.objects.order_by("position")
        ]
        assert found == ANNOUNCED
        assert [laureate.position for laureate in Laureate.objects.order_by("position")] == list(
            range(1, 17)
        )

    def test_all_are_public(self):
        assert Laureate.objects.published().count() == 16
        assert Organisation.objects.public().count() == Organisation.objects.count() == 26

    def test_what_the_source_does_not_say_stays_unknown(self):
        for laureate in Laureate.objects.prefetch_related("carriers"):
            assert laureate.amount is None
            assert laureate.project_state == ""
            assert {carrier.role for carrier in laureate.carriers.all()} == {None}
        assert {bearer.role for bearer in Bearer.objects.all()} == {None}
        assert not Organisation.objects.exclude(siret="").exists()
        ambiguous = Organisation.objects.filter(slug__in=("daj", "dae", "aife"))
        assert [o.supervising_ministry for o in ambiguous] == [None, None, None]

    def test_descriptions_keep_every_figure_and_list_item(self):
        for laureate in Laureate.objects.all():
            for fact in FACTS[laureate.position]:
                assert fact in laureate.description, (laureate.title, fact)
            items = laureate.description_html.count("<li>")
            assert items == LISTS.get(laureate.position, 0), laureate.title

    def test_classification_says_it_is_editorial(self):
        for laureate in Laureate.objects.prefetch_related("themes", "territories"):
            assert "éditorial" in laureate.classification_source
            assert laureate.themes.count() >= 1
        placed = {
            laureate.position: [str(territory) for territory in laureate.territories.all()]
            for laureate in Laureate.objects.prefetch_related("territories")
        }
        assert placed[3] == placed[11] == []
        assert placed[8] == ["Vosges (88)"]
        assert placed[10] == ["Hauts-de-France"]
        assert placed[9] == ["National"]

    def test_applications(self):
        assert Application.objects.count() == 29
        assert Application.objects.filter(state="reviewed").count() == 16
        undisclosed = Application.objects.filter(is_undisclosed=True)
        assert undisclosed.count() == 13
        for application in undisclosed:
            assert application.state == "received"
            assert not application.bearers.exists()
            assert not application.selections.exists()
            assert application.source == application.title == application.summary == ""
        for number, (title, names) in enumerate(ANNOUNCED, 1):
            application = Application.objects.get(reference=f"2019-S2-{number:02d}")
            assert application.title == title
            assert [bearer.declared_name for bearer in application.bearers.all()] == names
            (selection,) = application.selections.all()
            assert selection.laureate.position == number
            assert (selection.state, selection.outcome) == ("validated", "retained")
            assert selection.amount_not_disclosed
            assert selection.decided_on == datetime.date(2019, 9, 23)
            assert selection.decided_by is None
        assert Selection.objects.count() == 16

    def test_fund_calls_session_committee(self):
        fund = Fund.objects.get(slug="ftap")
        assert (fund.short_name, fund.announced_on) == ("FTAP", datetime.date(2017, 9, 25))
        assert fund.aims.count() == 3
        assert [call.year for call in Call.objects.published().order_by("year")] == [2019, 2020]
        session = CallSession.objects.get()
        assert (session.number, session.call.year) == (2, 2019)
        assert session.deadline_on == datetime.date(2019, 7, 12)
        assert session.deadline_time is None
        assert session.envelope is None
        committee = Committee.objects.get()
        assert (committee.held_on, committee.state) == (datetime.date(2019, 9, 23), "closed")
        assert committee.chair.startswith("Olivier Dussopt")

    def test_announcement_and_document(self):
        announcement = Announcement.objects.get()
        assert announcement.label == "Appel à projets 2019, 2de session"
        assert announcement.published_at.isoformat() == "2019-09-24T22:00:00+00:00"
        assert announcement.committee_on == datetime.date(2019, 9, 23)
        assert "2020" in announcement.staff_note
        assert "11 juin 2021" in announcement.staff_note
        for quotation in ("la grande qualité des 16 lauréats", "poursuivre dans cette dynamique"):
            assert quotation in announcement.public_text
        document = Document.objects.get()
        assert (document.size_kb, document.format) == (Decimal("1201.7"), "PDF")
        assert document.updated_on == datetime.date(2021, 6, 11)
        assert not document.file

    def test_claims(self):
        found = {
            (c.subject, c.scope): (c.value, c.lower, c.upper, c.exactness, c.unit)
            for c in Claim.objects.all()
        }
        low, high = Decimal(200_000), Decimal(35_000_000)
        assert found == {
            ("applications_received", "session"): (29, None, None, "exact", "count"),
            ("laureates", "session"): (16, None, None, "exact", "count"),
            ("project_amount", "session"): (None, low, high, "exact", "eur"),
            ("laureates", "fund"): (63, None, None, "exact", "count"),
            ("amount_total", "fund"): (350_000_000, None, None, "approximate", "eur"),
            ("endowment", "fund"): (700_000_000, None, None, "exact", "eur"),
        }
        assert Claim.objects.exclude(subject="endowment").filter(announcement=None).count() == 0
        assert Claim.objects.get(subject="endowment").announcement is None
        for claim in Claim.objects.all():
            assert claim.source
            assert claim.stated_on == datetime.date(2019, 9, 25)

    def test_territories(self):
        counts = {
            kind: Territory.objects.filter(kind=kind).count() for kind in Territory.Kind.values
        }
        assert counts == {"national": 1, "region": 18, "department": 101, "collectivity": 8}
        assert Territory.objects.get(kind="department", code="2A").slug == "corse-du-sud-2a"
        assert Territory.objects.get(kind="department", code="88").region.name == "Grand Est"
        assert Territory.objects.get(kind="region", code="01").slug == "guadeloupe"
        assert Territory.objects.get(kind="department", code="21").name == "Côte-d’Or"

    def test_every_object_is_valid_and_in_clean_typography(self):
        for model in DOMAIN:
            if model.__name__ in DERIVED_MODELS:
                continue
            for row in model.objects.all():
                row.full_clean()
                for field in model._meta.concrete_fields:
                    value = getattr(row, field.name)
                    if type(field) is models.CharField and value and not field.choices:
                        assert value == typography.normalise(value), (row, field.name)
                    if isinstance(value, str):
                        assert "\u00ad" not in value
                        assert not re.search(r"\w'\w", value), (row, field.name)

    def test_loading_again_changes_nothing(self):
        before = dump()
        assert len(before["laureates.IndexEntry"]) == 16
        load()
        assert dump() == before

    def test_reload_restores_what_the_file_says(self):
        Theme.objects.filter(slug="donnees").update(name="Autre nom")
        load()
        assert Theme.objects.get(slug="donnees").name == "Gestion de la donnée"


# loaddata --------------------------------------------------------------------

THEME = "- model: laureates.theme\n  fields: {slug: essai, name: Essai}\n"
LAUREATE = """
- model: laureates.announcement
  fields:
    slug: essai
    title: Essai
    call_title: Appel
    call_year: 2030
    published_at: 2030-01-01T09:00:00Z
- model: laureates.laureate
  fields:
    announcement: [essai]
    position: 1
    public_id: essai1
    slug: essai
    title: Un projet de télémédecine
"""


@pytest.fixture
def write(tmp_path, settings):
    settings.FIXTURE_DIRS = [tmp_path]

    def write(name, content):
        (tmp_path / name).write_text(content, encoding="utf-8")

    return write


@pytest.mark.django_db
def test_loaddata_rebuilds_the_index_and_speaks_french(write, capsys):
    write("essai.yaml", LAUREATE)
    call_command("loaddata", "essai")
    laureate = Laureate.objects.get()
    assert "tele" in laureate.index_entry.title_tokens
    assert laureate.facet_values.exists()
    assert capsys.readouterr().out == "Objets chargés\u00a0: 2\u202f; fichiers\u00a0: 1.\n"


BROKEN = {
    "not yaml": ("- model: a\n  fields: [\n", "YAML invalide, ligne 3"),
    "empty file": ("", "n’a pas pu être lu"),
    "empty list": ("[]", "ne contient aucun objet"),
    "a text": ("bonjour", "n’a pas pu être lu"),
    "no fields": ("- model: laureates.theme\n", "Objet nᵒ 1"),
    "unknown model": ("- model: laureates.nothing\n  fields: {}\n", "Objet nᵒ 1"),
    "unknown field": ("- model: laureates.theme\n  fields: {couleur: x}\n", "champs est inconnu"),
    "wrong date": (
        "- model: laureates.announcement\n  fields: {slug: a, published_at: demain}\n",
        "demain",
    ),
    "unknown key, required": (
        LAUREATE.replace("announcement: [essai]", "announcement: [absent]"),
        "«\u00a0announcement\u00a0»\u00a0: la clé ['absent'] ne désigne aucun objet déjà chargé",
    ),
    "unknown key, optional": (
        "- model: laureates.organisation\n"
        "  fields: {slug: a, name: A, supervising_ministry: [absent]}\n",
        "la clé ['absent'] ne désigne aucun objet déjà chargé",
    ),
    "unknown key, of several": (
        LAUREATE + "    themes: [[essai], [absent]]\n",
        "la clé ['absent'] ne désigne aucun objet déjà chargé",
    ),
    "unknown key inside the key": (
        "- model: laureates.carrier\n  fields: {laureate: [absent], position: 1}\n",
        "Objet nᵒ 1",
    ),
    "broken constraint": (
        LAUREATE.replace("call_year: 2030", "call_year: 1999"),
        "L’année de l’appel est comprise entre 2017 et 2100.",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BROKEN)
def test_loaddata_loads_nothing_and_says_why_in_french(name, write):
    content, said = BROKEN[name]
    write("bon.yaml", THEME)
    write("mauvais.yaml", content)
    with pytest.raises(CommandError) as caught:
        call_command("loaddata", "bon", "mauvais", verbosity=0)
    message = str(caught.value)
    assert said in message
    assert "mauvais" in message
    assert "check_fixtures" in message or "aucun objet" in message
    assert not Theme.objects.exists()


@pytest.mark.django_db
def test_loaddata_names_the_file_that_does_not_exist(write):
    with pytest.raises(CommandError, match="«\u00a0absent\u00a0» ne désigne aucun fichier"):
        call_command("loaddata", "absent", verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["README.md", "fixtures/README.md"])
def test_the_example_for_maintainers_loads_as_a_draft(tmp_path, page):
    readme = (settings.BASE_DIR / page).read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", readme, re.S)
    path = tmp_path / "ftap_2030_session_1.yaml"
    path.write_text(example, encoding="utf-8")
    call_command("loaddata", *settings.LOCAL_FIXTURES, str(path), verbosity=0)
    laureate = Laureate.objects.get(public_id="2030s1n01")
    assert laureate not in Laureate.objects.published()
    if page == "fixtures/README.md":
        assert laureate.selection.granted_amount == laureate.amount == 1_950_000
