"""The acts on a text: deposited, corrected, made into an announcement once, given up."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile

from calls.history import verify
from calls.models import Event
from ftap.refusals import Refusal, Stale
from laureates import typography
from laureates.importers.text import answers, gates, making, reading, settling
from laureates.models import (
    Announcement,
    AnnouncementText,
    Carrier,
    Claim,
    Document,
    Laureate,
    LaureateGroup,
    Organisation,
)
from tests import announcement_text as own
from tests.factories import (
    AnnouncementFactory,
    OrganisationFactory,
    OrganisationRedirectFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

SOURCE = "Annonce des essais, 25 septembre 2019"
TITLE = "Annonce des lauréats de la 2de session de l’appel à projets 2019"


@pytest.fixture
def person():
    return UserFactory(role="Publication")


@pytest.fixture
def row(person):
    own.known_organisations()
    return deposit(person)


def deposit(person, text=None, **values):
    values = {"source": SOURCE, "source_url": "https://example.org/annonce", **values}
    return gates.create(by=person, text=own.page() if text is None else text, **values)


def settle(row, person, **header):
    """Answer all that is asked of the page of these tests."""
    row = gates.correct(
        row,
        {
            "roles": {"2": "aside"},
            "header": {"title": TITLE, "call_year": "2019", **header},
            "hyphens": {
                entry["word"]: "cut" if entry["word"] in own.CUT else "true"
                for entry in row.content["hyphens"]
                if not entry["decision"]
            },
            "names": {"direction ressources humaines": own.NEAR_SLUG},
        },
        by=person,
        version=row.version,
    )
    assert settling.left(row.content) == []
    return row


def turn(row, person):
    return gates.turn_into_announcement(row, by=person, seen=gates.seal(gates.refreshed(row)))


# Deposited -------------------------------------------------------------------


def test_a_pasted_text_is_kept_with_its_draft(row, person):
    assert row.text == reading.plain_text(own.page())
    assert (row.source, row.created_by, row.version, row.is_open) == (SOURCE, person, 1, True)
    assert len(row.content["laureates"]) == 16
    assert row.title.startswith("Annonce des lauréats")
    assert not Announcement.objects.exists()


def test_a_file_is_kept_under_its_name(person):
    file = SimpleUploadedFile("annonce.html", own.html(own.page()).encode())
    row = gates.create(by=person, source=SOURCE, file=file)
    assert row.filename == "annonce.html"
    assert len(row.content["laureates"]) == 16


def test_the_same_text_deposited_twice_is_one(row, person):
    assert deposit(person) == row
    assert deposit(UserFactory(role="Publication")) != row
    gates.abandon(row, by=person)
    assert deposit(person) != row


def test_a_text_without_source_is_refused(person):
    with pytest.raises(Refusal, match="Source"):
        deposit(person, source="")
    assert not AnnouncementText.objects.exists()


@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Secrétariat", "Décision", "Avis"])
def test_only_whoever_may_import_acts(role, row):
    stranger = UserFactory(role=role)
    for act in (
        lambda: deposit(stranger),
        lambda: gates.correct(row, {}, by=stranger, version=1),
        lambda: gates.turn_into_announcement(row, by=stranger, seen=""),
        lambda: gates.abandon(row, by=stranger),
    ):
        with pytest.raises(PermissionDenied):
            act()
    row.refresh_from_db()
    assert row.is_open
    assert not AnnouncementText.objects.visible_to(stranger).exists()


# Corrected -------------------------------------------------------------------


def test_each_correction_is_a_version(row, person):
    again = gates.correct(row, {"hyphens": {"plate-forme": "true"}}, by=person, version=1)
    assert again.version == 2
    assert gates.correct(again, {"roles": {}, "checks": []}, by=person, version=2).version == 2


def test_a_stale_page_is_refused_with_both_values(row, person):
    key = row.content["laureates"][0]["key"]
    gates.correct(row, {"laureates": {key: {"title": "Un titre"}}}, by=person, version=1)
    with pytest.raises(Stale) as refused:
        gates.correct(
            row,
            {"laureates": {key: {"title": "Un autre"}}, "header": {"session_label": "2de session"}},
            by=person,
            version=1,
        )
    assert refused.value.stored == {"Projet 1, titre": "Un titre"}
    assert refused.value.typed == {"Projet 1, titre": "Un autre"}
    row.refresh_from_db()
    assert row.content["laureates"][0]["title"] == "Un titre"
    assert row.version == 2


def test_a_stale_page_that_says_the_same_is_no_trouble(row, person):
    gates.correct(row, {"hyphens": {"plate-forme": "true"}}, by=person, version=1)
    same = {"hyphens": {"plate-forme": "true"}}
    assert gates.correct(row, same, by=person, version=1).content["hyphens"]


def test_a_correction_of_what_is_read_otherwise_later_is_to_be_read_again(row, person):
    blocks = [block["text"] for block in row.content["blocks"]]
    index = blocks.index("Prison expérimentale")
    before = str(blocks.index(own.LAUREATES[1][0].strip()))
    changes = {"laureates": {before: {"description": "Corrigée."}, str(index): {"title": "À moi"}}}
    row = gates.correct(row, changes, by=person, version=1)
    assert row.content["checks"] == []
    changes = {"roles": {str(index): "description", str(index + 1): "description"}}
    row = gates.correct(row, changes, by=person, version=row.version)
    assert row.content["laureates"][1]["description"] == "Corrigée."
    codes = [check["code"].split(":")[0] for check in row.content["checks"]]
    assert codes == ["count", "lost", "reread"]
    changes = {"roles": {str(index): "title", str(index + 1): "carriers"}}
    row = gates.correct(row, changes, by=person, version=row.version)
    assert row.content["laureates"][2]["title"] == "À moi"
    assert row.content["checks"] == []


BAD = [
    ({"inconnu": {}}, answers.UNKNOWN[:40]),
    ({"roles": {"9999": "title"}}, answers.UNKNOWN[:40]),
    ({"roles": {"1": "roi"}}, "Choisissez un rôle"),
    ({"header": {"published_at": "2019-01-01"}}, answers.UNKNOWN[:40]),
    ({"header": {"call_year": "1815"}}, "Année de l’appel"),
    ({"header": {"call_year": "deux mille"}}, "Année de l’appel"),
    ({"header": {"committee_on": "2019-02-31"}}, "Date du comité"),
    ({"header": {"slug": "un slug"}}, "Identifiant d’adresse"),
    ({"header": {"title": "a" * 251}}, "Titre"),
    ({"header": {"title": "  "}}, "Titre"),
    ({"header": {"public_text": "a" * 200_001}}, "trop long"),
    ({"hyphens": {"plate-forme": "peut-être"}}, "choisissez l’une"),
    ({"hyphens": {"mot-absent": "cut"}}, answers.UNKNOWN[:40]),
    ({"names": {"ministere armees": "aucun-organisme"}}, "n’existe plus"),
    ({"names": {"ministere armees": "a\0b"}}, "choisissez un organisme"),
    ({"checks": ["count:1:2"]}, answers.UNKNOWN[:40]),
    ({"laureates": {"13": {"amount": "12"}}}, answers.UNKNOWN[:40]),
    ({"laureates": {"13": {"title": "a" * 301}}}, "300 caractères"),
    ({"laureates": {"13": {"group": "a" * 251}}}, "Groupe"),
    ({"laureates": {"13": {"carriers": ["a" * 301]}}}, "un nom a 300"),
    ({"laureates": {"13": {"carriers": [str(n) for n in range(61)]}}}, "60 au plus"),
    ({"claims": {"laureates|session|16||": {"value": "beaucoup"}}}, "écrivez un nombre"),
    ({"claims": {"laureates|session|16||": {"value": "NaN"}}}, "écrivez un nombre"),
    ({"claims": {"laureates|session|16||": {"value": "1e40"}}}, "Valeur"),
    ({"claims": {"laureates|session|16||": {"subject": "roi"}}}, "Objet"),
    (
        {
            "claims": {
                "laureates|session|16||": {"is_kept": 1, "value": "1", "lower": "1", "upper": "2"}
            }
        },
        "soit une valeur, soit deux bornes",
    ),
    (
        {
            "claims": {
                "laureates|session|16||": {"is_kept": 1, "value": "", "lower": "3", "upper": "2"}
            }
        },
        "ne dépasse pas",
    ),
    ({"documents": {"1": {"title": ""}}}, "Titre"),
    ({"documents": {"1": {"updated_on": "hier"}}}, "Dernière mise à jour"),
    ({"documents": {"1": {"size_kb": "-3e-5"}}}, "Taille"),
]


@pytest.mark.parametrize(("changes", "said"), BAD)
def test_what_no_draft_can_take_is_refused_in_french(changes, said, row, person):
    with pytest.raises(Refusal) as refused:
        gates.correct(row, changes, by=person, version=1)
    assert said in " ".join(refused.value.messages)
    row.refresh_from_db()
    assert row.version == 1


# Made into an announcement ---------------------------------------------------


def test_the_announcement_is_what_the_page_says_and_nobody_sees_it(row, person):
    announcement = turn(settle(row, person, slug="essai"), person)
    announcement.refresh_from_db()
    assert (announcement.published_at, announcement.slug) == (None, "essai")
    assert announcement.title == TITLE
    assert announcement.call_title == "Appel à projets 2019"
    assert announcement.committee_on == datetime.date(2019, 9, 23)
    assert announcement.source_on == datetime.date(2019, 9, 25)
    assert (announcement.source, announcement.source_url) == (SOURCE, "https://example.org/annonce")
    laureates = list(announcement.laureates.order_by("position"))
    assert [one.title for one in laureates] == [typography.normalise(t) for t, *_ in own.LAUREATES]
    assert [
        [carrier.announced_name for carrier in one.carriers.order_by("position")]
        for one in laureates
    ] == [names for _, _, names, _ in own.LAUREATES]
    assert Carrier.objects.get(announced_name=own.UNKNOWN).organisation.slug == own.NEAR_SLUG
    assert not Carrier.objects.exclude(role=None).exists()
    words = " ".join(one.description for one in laureates)
    assert not [word for word in own.CUT if word in words]
    assert [word for word in ("e-learning", "réponses-types", "plate-forme") if word in words] == [
        "e-learning",
        "réponses-types",
        "plate-forme",
    ]
    assert "'" not in words
    assert not Laureate.objects.published().exists()
    assert not Announcement.objects.published().exists()


def test_figures_and_documents_are_those_of_the_page(row, person):
    turn(settle(row, person), person)
    claims = Claim.objects.order_by("position")
    assert [(one.subject, one.scope, one.value, one.unit) for one in claims] == [
        ("endowment", "fund", Decimal(700_000_000), "eur"),
        ("applications_received", "session", Decimal(29), "count"),
        ("laureates", "session", Decimal(16), "count"),
        ("project_amount", "session", None, "eur"),
        ("laureates", "fund", Decimal(63), "count"),
        ("amount_total", "fund", Decimal(350_000_000), "eur"),
    ]
    assert {(one.source, one.stated_on) for one in claims} == {(SOURCE, datetime.date(2019, 9, 25))}
    document = Document.objects.get()
    assert (document.format, document.size_kb, document.updated_on, bool(document.file)) == (
        "PDF",
        Decimal("1201.7"),
        datetime.date(2021, 6, 11),
        False,
    )


def test_what_is_set_aside_is_not_created(row, person):
    row = settle(row, person)
    changes = {
        "claims": {"laureates|fund|63||": {"is_kept": False}},
        "documents": {"1": {"is_kept": False}},
    }
    turn(gates.correct(row, changes, by=person, version=row.version), person)
    assert Claim.objects.count() == 5
    assert not Document.objects.exists()


def test_the_text_stays_as_the_provenance_of_the_announcement(row, person):
    announcement = turn(settle(row, person), person)
    row.refresh_from_db()
    assert row.announcement == announcement
    assert row.ended_by == person
    assert row.text == reading.plain_text(own.page())
    assert row.content["laureates"][8]["sources"]["carriers"] == own.LAUREATES[8][1]


def test_an_unknown_carrier_becomes_an_organisation_with_its_source(person):
    text = "Annonce 2019\n\nListe des lauréats :\n\nProjet A\n\nMairie d'Ici\n\nUn texte."
    other = OrganisationFactory(name="Une autre", slug="mairie-d-ici")
    OrganisationRedirectFactory(organisation=other, slug="mairie-d-ici-2")
    row = deposit(person, text)
    changes = {
        "header": {"title": "Annonce", "call_year": "2019"},
        "names": {"mairie ici": "new"},
    }
    row = gates.correct(row, changes, by=person, version=1)
    turn(row, person)
    made = Organisation.objects.get(name="Mairie d’Ici")
    assert (made.slug, made.kind, made.source) == ("mairie-d-ici-3", "", SOURCE)


def test_groups_become_groups(person):
    text = (
        "# Annonce\n\n## Lauréats\n\n### Volet un\n\n#### Projet A\n\nOpéra\n\nUn texte."
        "\n\n### Volet deux\n\n#### Projet B\n\nOpéra\n\nUn texte."
    )
    OrganisationFactory(name="Opéra")
    row = deposit(person, text)
    changes = {"header": {"title": "Annonce", "call_year": "2019"}}
    row = gates.correct(row, changes, by=person, version=1)
    turn(row, person)
    groups = LaureateGroup.objects.order_by("position")
    assert [(group.name, group.laureates.get().title) for group in groups] == [
        ("Volet un", "Projet A"),
        ("Volet deux", "Projet B"),
    ]


def test_it_is_one_act_of_the_history(row, person):
    announcement = turn(settle(row, person), person)
    assert announcement.history.count() == 1
    (version,) = Laureate.objects.first().history.all()
    assert version.history_user == person
    assert Event.objects.filter(action=gates.ACTION).exists()
    assert verify().broken_at is None


def test_a_second_click_gives_the_same_announcement(row, person):
    row = settle(row, person)
    assert turn(row, person) == turn(row, person)
    assert Announcement.objects.count() == 1


def test_nothing_is_created_while_something_is_left(row, person):
    with pytest.raises(Refusal, match="points à régler"):
        turn(row, person)
    assert not Announcement.objects.exists()


def test_a_draft_that_changed_since_it_was_shown_is_shown_again(row, person):
    row = settle(row, person)
    seen = gates.seal(gates.refreshed(row))
    row = gates.correct(row, {"header": {"title": "Autre"}}, by=person, version=row.version)
    with pytest.raises(Refusal, match="a changé"):
        gates.turn_into_announcement(row, by=person, seen=seen)
    seen = gates.seal(gates.refreshed(row))
    AnnouncementFactory(slug="autre")
    with pytest.raises(Refusal, match="a changé"):
        gates.turn_into_announcement(row, by=person, seen=seen)
    assert Laureate.objects.count() == 0


def test_killed_on_the_way_it_leaves_nothing(row, person, monkeypatch):
    row = settle(row, person)
    organisations = Organisation.objects.count()

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "_claim", killed)
    with pytest.raises(KeyboardInterrupt):
        turn(row, person)
    row.refresh_from_db()
    assert row.is_open
    assert not Announcement.objects.exists()
    assert not Laureate.objects.exists()
    assert Organisation.objects.count() == organisations
    monkeypatch.undo()
    assert turn(row, person).laureates.count() == 16


# Given up --------------------------------------------------------------------


def test_a_text_given_up_is_kept_and_no_longer_changes(row, person):
    gates.abandon(row, by=person)
    row = gates.abandon(row, by=UserFactory(role="Publication"))
    assert row.ended_by == person
    with pytest.raises(Refusal, match="n’est plus à reprendre"):
        gates.correct(row, {}, by=person, version=row.version)
    with pytest.raises(Refusal, match="n’est plus à reprendre"):
        turn(row, person)


def test_an_announcement_made_is_not_given_up(row, person):
    row = settle(row, person)
    turn(row, person)
    with pytest.raises(Refusal, match="déjà devenu une annonce"):
        gates.abandon(row, by=person)
