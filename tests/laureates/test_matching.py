"""Which organisation a written name means: sure matches, near names, and what is neither."""

import pytest

from laureates.matching import Matcher, key
from laureates.models import Organisation
from tests.factories import OrganisationFactory, TerritoryFactory

SIRET = "73282932000074"
OTHER_SIRET = "35600000000048"


@pytest.fixture
def places(db):
    """Regions and departments whose names are traps: one inside another, or a letter apart."""
    region = TerritoryFactory(code="75", name="Nouvelle-Aquitaine")
    for code, name in (
        ("01", "Ain"),
        ("02", "Aisne"),
        ("16", "Charente"),
        ("17", "Charente-Maritime"),
        ("51", "Marne"),
        ("52", "Haute-Marne"),
        ("88", "Vosges"),
    ):
        TerritoryFactory(department=True, code=code, name=name, region=region)
    return {place.name: place for place in type(region).objects.all()}


def named(*names, **values):
    return [OrganisationFactory(name=name, **values) for name in names]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Direction générale de l’Eau", "DIRECTION GENERALE DE L'EAU"),
        ("Préfecture de la Charente-Maritime", "prefecture  Charente Maritime"),
        ("Douanes et droits indirects", "Douanes & des droits indirects"),
        ("Jeunesse, des sports", "Jeunesse des sports"),
        ("Œuvres universitaires", "Oeuvres universitaires"),
    ],
)
def test_two_spellings_of_a_name_have_one_key(one, other):
    assert key(one) == key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Préfecture de la Marne", "Préfecture de la Haute-Marne"),
        ("Université Lille 1", "Université Lille 2"),
        ("Direction des achats", "Direction de l’achat"),
    ],
)
def test_two_names_have_two_keys(one, other):
    assert key(one) != key(other)


def test_a_name_of_articles_only_is_not_empty():
    assert key("La Une") == "la une"
    assert key("—") == ""


# Sure matches ----------------------------------------------------------------


def test_a_siret_is_found_whatever_the_name_and_its_spaces(db):
    (organisation,) = named("Agence de l’eau", siret=SIRET)
    named("Agence du vent")
    for name in ("Agence de l’eau", "Un nom que personne ne porte", ""):
        found = Matcher().find(name, "732 829 320 00074")
        assert (found.organisation, found.by, found.conflict) == (organisation, "siret", "")


def test_a_name_then_a_former_name_then_an_acronym_are_found(db):
    (current,) = named("Direction interministérielle du numérique", short_name="DINUM")
    current.former_names = "Direction du système d’information\nSGMAP"
    current.save()
    matcher = Matcher()
    for written, by in (
        ("direction interministerielle DU NUMERIQUE", "name"),
        ("Direction interministérielle du numérique (DINUM)", "name"),
        ("DINUM - Direction interministérielle du numérique", "name"),
        ("sgmap", "former"),
        ("dinum", "short"),
    ):
        found = matcher.find(written)
        assert (found.organisation, found.by, found.near) == (current, by, ()), written


def test_the_name_of_one_is_not_the_former_name_of_another(db):
    (current,) = named("Direction du numérique")
    named("Direction de la donnée", former_names="Direction du numérique")
    assert Matcher().find("Direction du numérique").organisation == current


def test_what_two_organisations_share_is_proposed_and_never_chosen(db):
    both = named(
        "Affaires juridiques de l’Intérieur", "Affaires juridiques de Bercy", short_name="DAJ"
    )
    found = Matcher().find("DAJ")
    assert found.organisation is None
    assert found.by == ""
    assert set(found.near) == set(both)


def test_a_siret_and_a_name_of_two_organisations_are_a_conflict(db):
    water, wind = OrganisationFactory(name="Agence de l’eau", siret=SIRET), *named("Agence du vent")
    found = Matcher().find("Agence du vent", SIRET)
    assert found.organisation is None
    assert found.near == (water, wind)
    assert SIRET in found.conflict
    assert "Agence de l’eau" in found.conflict
    assert "Agence du vent" in found.conflict


def test_a_name_known_under_another_siret_is_a_conflict(db):
    (water,) = named("Agence de l’eau", siret=SIRET)
    found = Matcher().find("Agence de l’eau", OTHER_SIRET)
    assert (found.organisation, found.near) == (None, (water,))
    assert SIRET in found.conflict
    assert OTHER_SIRET in found.conflict


def test_a_siret_completes_a_name_that_had_none(db):
    (water,) = named("Agence de l’eau")
    found = Matcher().find("Agence de l’eau", SIRET)
    assert (found.organisation, found.by, found.conflict) == (water, "name", "")


def test_nothing_written_means_nobody(db):
    named("Agence de l’eau")
    found = Matcher().find("", "")
    assert (found.organisation, found.by, found.near, found.conflict) == (None, "", (), "")


# Near names ------------------------------------------------------------------

NEAR = [
    ("Agence pour l’informatique financière de l’État", "Agence pour l’informatique financere"),
    (
        "Direction générale des douanes et droits indirects",
        "Direction des douanes et droits indirects",
    ),
    ("Direction générale de la santé", "Diretion générale de la santé"),
    (
        "Ministère des Solidarités et de la Santé",
        "Ministère de la Santé et des Solidarités publiques",
    ),
    ("Ministère de la Justice", "Minstère de la Justice"),
    ("Direction départementale des territoires des Vosges", "DDT Vosges"),
    ("Préfecture de la Charente-Maritime", "Préfecture de la Charente-Martime"),
    ("Direction des achats de l’État", "DAE"),
    ("Agence régionale de santé de Nouvelle-Aquitaine", "ARS Nouvelle Aquitaine"),
    ("Opéra national de Paris", "Opéra de Paris"),
    ("Ministère de la Transition écologique", "Ministère de la Transition écologique et solidaire"),
    ("Université de Saint-Étienne", "Univ. de St-Etienne"),
]


@pytest.mark.parametrize(("known", "written"), NEAR)
def test_a_near_name_is_proposed_and_not_chosen(places, known, written):
    (organisation,) = named(known)
    found = Matcher().find(written)
    assert found.organisation is None
    assert found.near == (organisation,)


FAR = [
    (
        "Direction départementale des territoires des Vosges",
        "Direction départementale des territoires de la Marne",
    ),
    (
        "Direction départementale des territoires de l’Ain",
        "Direction départementale des territoires de l’Aisne",
    ),
    ("Préfecture de la Charente-Maritime", "Préfecture de la Charente"),
    ("Préfecture de la Marne", "Préfecture de la Haute-Marne"),
    ("Préfecture de la Marne", "Direction départementale des territoires de la Marne"),
    ("Université Paris 1", "Université Paris 2"),
    ("Caisse primaire d’assurance maladie de Lille", "Caisse primaire d’assurance maladie de Lyon"),
    ("Ministère de l’Intérieur", "Direction des ressources humaines du ministère de l’Intérieur"),
    ("Ministère de l’Intérieur", "Secrétariat général du ministère de l’Intérieur"),
    ("Direction générale de la santé", "Direction générale de l’offre de soins"),
    ("Direction générale de la santé", "Direction régionale de la santé"),
    ("Direction des achats de l’État", "Direction"),
    ("Ministère des Armées", "Ministère de la Justice"),
]


@pytest.mark.parametrize(("known", "written"), FAR)
def test_another_body_is_not_proposed(places, known, written):
    named(known)
    found = Matcher().find(written)
    assert (found.organisation, found.near) == (None, ())


def test_at_most_five_are_proposed_the_nearest_first(places):
    named(*(f"Direction de la forêt et du bois {rank}" for rank in ("alpha", "beta", "gamma")))
    named(*(f"Direction de la forêt et du bois {rank}" for rank in ("delta", "kappa")))
    (nearest,) = named("Direction générale de la forêt et du bois")
    found = Matcher().find("Direction de la forêt et des bois")
    assert found.near[0] == nearest
    assert len(found.near) == 5


def test_an_organisation_about_to_be_created_is_found_by_the_next_rows(db):
    matcher = Matcher()
    # A name read before its twin: what was looked up is not remembered as absent.
    assert matcher.find("Agence des rivierres").near == ()
    new = Organisation(name="Agence des rivières", slug="agence-des-rivieres", siret=SIRET)
    matcher.add(new)
    assert matcher.find("agence des RIVIERES").organisation is new
    assert matcher.find("", SIRET).organisation is new
    assert matcher.find("Agence des rivierres").near == (new,)


def test_the_list_is_read_in_two_queries_however_many_names_are_asked(
    places, django_assert_num_queries
):
    named(*(f"Direction du projet numéro {rank}" for rank in range(20)))
    with django_assert_num_queries(2):
        matcher = Matcher()
        for rank in range(50):
            matcher.find(f"Direction du projet {rank}", SIRET)
        list(matcher.pairs())


# Within the list -------------------------------------------------------------


def test_each_pair_of_near_organisations_is_told_once(places):
    one, other = named("Direction des achats de l’État", "Direction générale des achats de l’État")
    named("Préfecture de la Marne", "Préfecture de la Haute-Marne")
    assert [{a, b} for _, a, b in Matcher().pairs()] == [{one, other}]


def test_bodies_of_two_territories_are_no_pair_and_a_department_is_in_its_region(places):
    region, marne, vosges = (places[name] for name in ("Nouvelle-Aquitaine", "Marne", "Vosges"))
    first = OrganisationFactory(name="Direction de la forêt", territory=marne)
    second = OrganisationFactory(name="Direction générale de la forêt", territory=vosges)
    assert list(Matcher().pairs()) == []
    second.territory = region
    second.save()
    assert [{a, b} for _, a, b in Matcher().pairs()] == [{first, second}]


def test_a_shared_acronym_makes_no_pair_of_two_names(db):
    named("Affaires juridiques de l’Intérieur", "Affaires juridiques de Bercy", short_name="DAJ")
    assert list(Matcher().pairs()) == []


def test_a_former_name_that_another_bears_makes_a_pair(db):
    (old,) = named("Direction du numérique")
    (new,) = named("Direction de la donnée", former_names="Direction du numérique")
    assert [{a, b} for _, a, b in Matcher().pairs()] == [{old, new}]
