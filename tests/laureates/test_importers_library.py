"""Laureates of other years, brought from a spreadsheet: recognised, compared, never made public."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ftap.imports import running
from ftap.refusals import Refusal
from laureates.importers.library import KIND
from laureates.models import (
    Announcement,
    Carrier,
    IndexEntry,
    Laureate,
    LaureateGroup,
    Organisation,
)
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    LaureateGroupFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)
from tests.library_sheet import ANNOUNCEMENT, COMMA, NEW, laureate, sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory(role="Publication")


def read(person, rows, format="csv", name="laureats"):
    """The import of a file of these rows, ready to be verified."""
    content = rows if isinstance(rows, bytes) else sheet(rows, format)
    upload = SimpleUploadedFile(f"{name}.{format}", content)
    job = running.start(running.receive(KIND, upload, by=person), KIND, by=person)
    return running.advance(job, KIND, by=person, seconds=60)


def imported(person, rows, format="csv"):
    return running.apply(read(person, rows, format), KIND, by=person)


def outcomes(job, person):
    return {name: count for name, count in running.outcomes(job, KIND, person).items() if count}


def problems(job):
    """(row, column, message) of every problem, with plain spaces."""
    return [
        (row.number, problem["column"], problem["message"].replace("\u00a0", " "))
        for row in job.rows.order_by("position")
        for problem in row.problems
    ]


def told(job, number=2):
    """{label: (before, after)} of what a row changes, with plain spaces."""
    changes = job.rows.get(number=number).changes
    return {
        label: (before.replace("\u00a0", " "), after.replace("\u00a0", " "))
        for label, before, after in changes
    }


def everything():
    models = (Announcement, LaureateGroup, Laureate, Carrier, Organisation)
    return [list(model.objects.order_by("pk").values()) for model in models]


# What is created -------------------------------------------------------------


@pytest.mark.parametrize("format", ["csv", "xlsx", "ods"])
def test_a_new_announcement_is_a_draft_with_all_that_the_file_says(person, format):
    theme, place = ThemeFactory(name="Santé, social"), TerritoryFactory(name="Bretagne d’essai")
    known = OrganisationFactory(name="Office d’essai 1")
    rows = [
        laureate(1, **{"Thèmes": "sante, social", "Territoires": "Bretagne d'essai"}),
        laureate(2, **{"Montant accordé (€)": "non communiqué", "État du projet": "En cours"}),
    ]
    job = imported(person, rows, format)
    assert job.counts == {"created": 2, "announcements": 1, "organisations": 2}
    announcement = Announcement.objects.get()
    assert announcement.title == NEW
    assert announcement.published_at is None
    assert (announcement.call_year, announcement.session_label) == (2018, "")
    assert (announcement.committee_name, str(announcement.committee_on)) == (
        "Comité de pilotage des essais",
        "2018-07-12",
    )
    assert (announcement.source, str(announcement.source_on)) == (
        "Communiqué d’essai",
        "2018-07-13",
    )
    first, second = Laureate.objects.order_by("position")
    assert (first.position, second.position) == (1, 2)
    assert (first.amount, second.amount) == (1_250_000, None)
    assert (first.project_state, second.project_state) == ("", "en-cours")
    assert list(first.themes.all()) == [theme]
    assert list(first.territories.all()) == [place]
    assert list(first.carriers.values_list("announced_name", "role", "position")) == [
        (COMMA, "chef-de-file", 1),
        ("Office d’essai 1", None, 2),
    ]
    assert first.carriers.last().organisation == known
    made = Organisation.objects.get(name=COMMA)
    assert f"laureats.{format}" in made.source
    assert made.kind == ""
    assert first.history.get().history_change_reason == "import_laureates"
    assert not IndexEntry.objects.exists()
    announcement.published_at = timezone.now()
    announcement.save()
    assert "preuves" in IndexEntry.objects.get(laureate=first).name_tokens.split()


@pytest.mark.parametrize("format", ["csv", "xlsx", "ods"])
def test_importing_twice_changes_nothing(person, format):
    TerritoryFactory(name="Bretagne d’essai")
    rows = [
        laureate(1, Territoires="Bretagne d’essai", Description="Un.\n\n- deux\n- trois"),
        laureate(2, Groupe="Volet A", **{"Montant accordé au groupe (€)": "3 M€"}),
        laureate(3, Titre="", **{"Anciens titres": "Avant\nEncore avant"}),
    ]
    imported(person, rows, format)
    before = everything()
    job = read(person, rows, format)
    assert outcomes(job, person) == {"unchanged": 3}
    running.apply(job, KIND, by=person)
    assert everything() == before


def test_nothing_imported_is_public_before_its_publication(person, client):
    imported(person, [laureate(1)])
    assert not Laureate.objects.published().exists()
    assert not Announcement.objects.published().exists()
    assert "Projet d’essai 1" not in client.get("/laureats/").content.decode()


def test_the_announcement_may_be_described_on_one_row_alone(person):
    rows = [laureate(1), {"Annonce": NEW, "Titre": "Autre projet"}]
    assert imported(person, rows).counts["announcements"] == 1
    assert Announcement.objects.get().laureates.count() == 2


def test_an_announcement_is_found_by_its_address_or_its_title(person):
    announcement = AnnouncementFactory(draft=True, title="Lauréats connus", slug="des-laureats")
    rows = [
        {"Annonce": "des-laureats", "Titre": "Projet un"},
        {"Annonce": "LAUREATS CONNUS", "Titre": "Projet deux"},
    ]
    imported(person, rows)
    assert [row.title for row in announcement.laureates.order_by("position")] == [
        "Projet un",
        "Projet deux",
    ]


def test_an_unknown_announcement_says_what_it_lacks(person):
    job = read(person, [{"Annonce": "Inconnue", "Titre": "Projet"}])
    found = problems(job)
    assert [column for _, column, _ in found] == ["Annonce", "Annonce"]
    assert "« Inconnue » n’existe pas encore" in found[0][2]
    assert "« Année de l’appel »" in found[1][2]


def test_the_page_of_the_file_names_the_announcements_to_be_created(person):
    job = read(person, [laureate(1), laureate(2)])
    (problem,) = job.problems
    assert problem["row"] == 2
    assert NEW in problem["message"]


def test_a_laureate_without_title_is_named_by_its_carriers(person):
    imported(person, [laureate(1, Titre="")])
    one = Laureate.objects.get()
    assert one.title == f"{COMMA}, Office d’essai 1"
    assert not one.has_own_title
    assert one.slug.startswith("direction-regionale-des-essais")


def test_groups_hold_laureates_and_an_amount_of_their_own(person):
    rows = [
        laureate(1, Groupe="Volet A", **{"Montant accordé au groupe (€)": "3 M€"}),
        laureate(2, Groupe="volet a", **{"Montant accordé (€)": ""}),
        laureate(3, Groupe="Volet B"),
    ]
    assert imported(person, rows).counts["groups"] == 2
    first, second = LaureateGroup.objects.order_by("position")
    assert (first.name, first.amount, second.amount) == ("Volet A", 3_000_000, None)
    assert [row.group for row in Laureate.objects.order_by("position")] == [first, first, second]


def test_carriers_may_stand_in_one_cell(person):
    rows = [{**ANNOUNCEMENT, "Titre": "A", "Porteurs": f"{COMMA} (chef de file); Office (Nord)"}]
    imported(person, rows)
    assert list(Carrier.objects.order_by("position").values_list("announced_name", "role")) == [
        (COMMA, "chef-de-file"),
        ("Office (Nord)", None),
    ]


def test_unread_columns_are_named_and_the_reason_is_not(person):
    job = read(person, [laureate(1, Couleur="bleu", Motif="Thème inconnu")])
    assert "« Couleur »" in job.problems[0]["message"].replace("\u00a0", " ")
    assert "Motif" not in job.problems[0]["message"]


# What is changed -------------------------------------------------------------


def test_each_change_is_shown_from_old_to_new(person):
    announcement = AnnouncementFactory(draft=True)
    one = LaureateFactory(
        announcement=announcement, amount=200_000, summary="Avant", carriers=[OrganisationFactory()]
    )
    row = {
        "Identifiant public": one.public_id,
        "Titre": "Nouveau titre",
        "Résumé": "",
        "Montant accordé (€)": "non communiqué",
        "Comité": "Comité renommé",
    }
    job = read(person, [row])
    assert outcomes(job, person) == {"changed": 1}
    assert told(job) == {
        "Comité": ("vide", "Comité renommé"),
        "Résumé": ("Avant", "vide"),
        "Montant accordé (€)": ("200 000 €".replace(" 0", "\u202f0"), "montant non communiqué"),
        "Titre": (one.title, "Nouveau titre"),
    }
    running.apply(job, KIND, by=person)
    one.refresh_from_db()
    announcement.refresh_from_db()
    assert (one.title, one.summary, one.amount) == ("Nouveau titre", "", None)
    assert one.carriers.count() == 1
    assert announcement.committee_name == "Comité renommé"
    assert one.history.first().title == "Nouveau titre"


def test_an_absent_column_touches_nothing(person):
    one = LaureateFactory(
        announcement__draft=True,
        amount=200_000,
        themes=[ThemeFactory()],
        carriers=[OrganisationFactory()],
    )
    job = read(person, [{"Identifiant public": one.public_id, "Source": "Fiche"}])
    assert list(told(job)) == ["Source"]


def test_laureates_exchange_their_ranks(person):
    announcement = AnnouncementFactory(draft=True)
    first, second, third = (
        LaureateFactory(announcement=announcement, position=rank) for rank in (1, 2, 3)
    )
    ranks = ((first, "3"), (second, "1"), (third, "2"))
    rows = [
        {"Identifiant public": one.public_id, "Rang dans l’annonce": rank} for one, rank in ranks
    ]
    job = imported(person, rows)
    assert job.counts == {"changed": 3}
    assert list(announcement.laureates.order_by("position")) == [second, third, first]


def test_carriers_change_place_and_lead(person):
    one, other = OrganisationFactory(), OrganisationFactory()
    project = LaureateFactory(announcement__draft=True, carriers=[one, other])
    project.carriers.filter(organisation=one).update(role="chef-de-file")
    row = {
        "Identifiant public": project.public_id,
        "Porteur 1": other.name,
        "Rôle 1": "chef de file",
        "Porteur 2": one.name,
        "Rôle 2": "",
    }
    imported(person, [row])
    assert list(project.carriers.order_by("position").values_list("organisation", "role")) == [
        (other.pk, "chef-de-file"),
        (one.pk, None),
    ]


def test_a_known_title_of_the_announcement_is_that_laureate(person):
    one = LaureateFactory(announcement__draft=True, title="Le guichet", former_titles="L’accueil")
    for title in ("le GUICHET", "L'accueil"):
        job = read(person, [{"Annonce": one.announcement.slug, "Titre": title}])
        assert job.rows.get().laureate == one


def test_the_announced_name_of_a_carrier_keeps_its_organisation(person):
    project = LaureateFactory(announcement__draft=True, carriers=[OrganisationFactory()])
    project.carriers.update(announced_name="Un nom d’alors")
    job = read(person, [{"Identifiant public": project.public_id, "Porteur 1": "Un nom d’alors"}])
    assert outcomes(job, person) == {"unchanged": 1}


def test_a_laureate_changed_meanwhile_is_not_overwritten(person):
    one = LaureateFactory(announcement__draft=True)
    job = read(person, [{"Identifiant public": one.public_id, "Source": "Fiche"}])
    one.summary = "Autre chose"
    one.save()
    with pytest.raises(Refusal, match="a changé ici"):
        running.apply(job, KIND, by=person)
    one.refresh_from_db()
    assert one.source == ""


# What is refused, and asked --------------------------------------------------


@pytest.mark.parametrize(
    ("label", "text", "words"),
    [
        ("Montant accordé (€)", "0", "zéro voudrait dire autre chose"),
        ("Montant accordé (€)", "beaucoup", "n’est pas un montant"),
        ("Thèmes", "Transports daériens", "« Transports aériens »"),
        ("Territoires", "Bretagme d’essai", "« Bretagne d’essai »"),
        ("Rôle 1", "capitaine", "Rôle inconnu"),
        ("SIRET 2", "123", "quatorze chiffres"),
        ("SIRET 2", "13002526500014", "invalide"),
        ("État du projet", "perdu", "non démarré, en cours"),
        ("Année de l’appel", "1999", "entre 2017 et 2100"),
        ("Rang dans l’annonce", "0", "à partir de 1"),
        ("Adresse de la source", "pas une adresse", "URL"),
        ("Résumé", "x" * 401, "400"),
        ("Identifiant public", "inconnu99", "Aucun lauréat"),
        ("Rôle 2", "chef de file", "qu’un chef de file"),
        ("Porteur 2", COMMA, "sont le même organisme"),
        ("Annonce", "", "de quelle annonce"),
        ("Montant accordé au groupe (€)", "3 M€", "écrivez son intitulé"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_column(person, label, text, words):
    ThemeFactory(name="Transports aériens")
    TerritoryFactory(name="Bretagne d’essai")
    job = read(person, [laureate(1, **{"Groupe": "", label: text})])
    assert outcomes(job, person) == {"unreadable": 1}
    found = problems(job)
    assert words in " ".join(message for _, _, message in found)
    assert label in {column for _, column, _ in found} | {"Rôle 2", "Montant accordé au groupe (€)"}
    with pytest.raises(Refusal):
        running.apply(job, KIND, by=person)
    assert not Announcement.objects.exists()


def test_a_row_with_neither_title_nor_carrier_is_refused(person):
    job = read(person, [{**ANNOUNCEMENT, "Titre": "", "Porteur 1": "", "Résumé": "Rien"}])
    assert "ni titre ni porteur" in problems(job)[0][2]


def test_rows_that_say_two_things_of_one_announcement_are_refused(person):
    rows = [laureate(1), laureate(2, Comité="Un autre comité"), laureate(3)]
    assert [(number, column) for number, column, _ in problems(read(person, rows))] == [
        (3, "Comité")
    ]
    # The same day written in two ways is one day.
    rows[1] = laureate(2, **{"Date du comité": "2018-07-12"})
    assert problems(read(person, rows)) == []


def test_a_rank_belongs_to_one_laureate(person):
    one = LaureateFactory(announcement__draft=True, position=3, title="Le guichet")
    rows = [
        {"Annonce": one.announcement.slug, "Titre": "Un autre", "Rang dans l’annonce": "3"},
        {"Annonce": one.announcement.slug, "Titre": "Projet a", "Rang dans l’annonce": "4"},
        {"Annonce": one.announcement.slug, "Titre": "Projet b", "Rang dans l’annonce": "4"},
    ]
    found = problems(read(person, rows))
    assert [number for number, *_ in found] == [2, 3, 4]
    assert one.public_id in found[0][2]
    assert "aussi ligne 4" in found[1][2]


def test_two_rows_of_one_title_are_told_apart_by_their_rank(person):
    rows = [laureate(1), laureate(1)]
    found = problems(read(person, rows))
    assert [(number, column) for number, column, _ in found] == [(2, "Titre"), (3, "Titre")]
    rows = [laureate(1, **{"Rang dans l’annonce": str(rank)}) for rank in (1, 2)]
    imported(person, rows)
    assert Laureate.objects.count() == 2
    assert outcomes(read(person, rows), person) == {"unchanged": 2}


def test_an_organisation_that_is_near_is_asked_never_merged(person):
    known = OrganisationFactory(name="Direction générale de l’épreuve et des mesures")
    rows = [laureate(1, **{"Porteur 2": "Direction générale de l’épreuve et des mesure"})]
    job = read(person, rows)
    (question,) = running.questions(job.rows.get())
    assert known.slug in [value for value, _ in question["choices"]]
    assert outcomes(job, person) == {"unreadable": 1}
    running.decide(job.rows.get(), KIND, question["name"], known.slug, by=person)
    assert outcomes(job, person) == {"created": 1}
    running.apply(job, KIND, by=person)
    assert Carrier.objects.get(position=2).organisation == known


def test_an_organisation_is_known_by_its_siret(person):
    known = OrganisationFactory(siret="13002526500013")
    imported(person, [laureate(1, **{"Porteur 2": "Nom d’annonce", "SIRET 2": known.siret})])
    carrier = Carrier.objects.get(position=2)
    assert (carrier.organisation, carrier.announced_name) == (known, "Nom d’annonce")


def test_a_laureate_does_not_move_to_another_announcement(person):
    one = LaureateFactory(announcement__draft=True)
    other = AnnouncementFactory(draft=True)
    job = read(person, [{"Identifiant public": one.public_id, "Annonce": other.slug}])
    assert "un import ne le déplace pas" in problems(job)[0][2]


def test_two_announcements_of_one_title_are_told_apart(person):
    AnnouncementFactory(draft=True, title="Même titre", slug="annonce-a")
    other = AnnouncementFactory(draft=True, title="Même titre", slug="annonce-b")
    job = read(person, [{"Annonce": "Même titre", "Titre": "A"}])
    assert "annonce-a, annonce-b" in problems(job)[0][2]
    imported(person, [{"Annonce": "annonce-b", "Titre": "A"}])
    assert other.laureates.count() == 1


def test_an_ambiguous_territory_is_asked(person):
    region = TerritoryFactory(name="Île d’essai", code="0x")
    department = TerritoryFactory(department=True, name="Île d’essai", code="97x", region=region)
    job = read(person, [laureate(1, Territoires="île d’essai")])
    (question,) = running.questions(job.rows.get())
    running.decide(job.rows.get(), KIND, question["name"], department.slug, by=person)
    running.apply(job, KIND, by=person)
    assert list(Laureate.objects.get().territories.all()) == [department]
    # Known since, it is not asked again.
    job = read(person, [laureate(1, Territoires="île d’essai")])
    assert outcomes(job, person) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"Nom": "A", "Prénom": "B"}, "partez du modèle"),
        ({"Annonce": "A", "Porteurs": "B", "Porteur 1": "B"}, "gardez l’une ou les autres"),
        ({"Annonce": "A", "Rôle 3": "soutien"}, "« Porteur 3 »"),
        ({"Annonce": "A", "annonce": "B"}, "deux fois"),
    ],
)
def test_a_file_that_is_not_the_template_is_refused(person, row, words):
    upload = SimpleUploadedFile("a.csv", sheet([row]))
    with pytest.raises(Refusal) as refused:
        running.receive(KIND, upload, by=person)
    assert words in " ".join(refused.value.messages).replace("\u00a0", " ")


def test_a_correction_on_screen_is_compared_with_its_neighbours(person):
    rows = [laureate(1), laureate(2, Comité="Un autre comité")]
    job = read(person, rows)
    row = job.rows.get(number=3)
    index = next(rank for rank, text in enumerate(row.cells) if text == "Un autre comité")
    running.correct(row, KIND, {index: ANNOUNCEMENT["Comité"]}, by=person)
    assert outcomes(job, person) == {"created": 2}
    running.apply(job, KIND, by=person)
    assert Laureate.objects.count() == 2


def test_the_row_that_describes_the_announcement_may_be_set_aside(person):
    job = read(person, [laureate(1), laureate(2)])
    running.set_aside(job.rows.get(number=2), KIND, True, by=person)
    job = running.apply(job, KIND, by=person)
    assert job.counts == {"announcements": 1, "organisations": 2, "created": 1, "set_aside": 1}
    assert Announcement.objects.get().call_year == 2018


def test_a_group_keeps_its_amount_and_takes_new_laureates(person):
    group = LaureateGroupFactory(announcement__draft=True, name="Volet A", amount=100)
    LaureateFactory(announcement=group.announcement, position=1)
    rows = [{"Annonce": group.announcement.slug, "Titre": "Projet ajouté", "Groupe": "VOLET A"}]
    imported(person, rows)
    added = Laureate.objects.get(title="Projet ajouté")
    assert (added.group, added.position) == (group, 2)
    group.refresh_from_db()
    assert group.amount == 100
