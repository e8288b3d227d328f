"""The canonical content of an announcement: what it holds, what it never does, how two differ."""

import copy
import json

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from ftap.refusals import Refusal
from laureates import releases
from laureates.models import Announcement, Carrier, Laureate, LaureateGroup
from laureates.releases import content
from laureates.releases.shape import (
    EDITABLE_ANNOUNCEMENT,
    EDITABLE_LAUREATE,
    LAUREATE_FIELDS,
    OPTIONAL,
    RELATIONS,
)
from tests.embargo import CANARY
from tests.factories import (
    CarrierFactory,
    ClaimFactory,
    DocumentFactory,
    LaureateFactory,
    LaureateGroupFactory,
    OrganisationFactory,
    SelectionFactory,
    TerritoryFactory,
    ThemeFactory,
)
from tests.laureates.published import REASON, fake_files, prepared, published, publisher

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def light_files(monkeypatch):
    monkeypatch.setattr(releases.freezing.files, "build", fake_files)


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_it_holds_every_public_field_in_the_order_of_the_announcement():
    announcement = prepared(0, staff_note="Entre agents.", committee_on="2027-03-01")
    ministry, agency = OrganisationFactory(slug="ministere"), OrganisationFactory(slug="agence")
    themes = [ThemeFactory(slug=slug) for slug in ("sante", "donnees")]
    place = TerritoryFactory(department=True, code="88", region=TerritoryFactory(code="44"))
    LaureateFactory(announcement=announcement, position=2)
    first = LaureateFactory(
        announcement=announcement,
        position=1,
        public_id="premier1",
        amount=1_200_000,
        former_titles="Ancien\nPlus ancien",
        agreement_signed_on="2027-02-01",
        themes=themes,
        territories=[place],
    )
    CarrierFactory(laureate=first, organisation=ministry, position=2, role=None)
    CarrierFactory(laureate=first, organisation=agency, position=1, role="chef-de-file")
    read = content.read(announcement)
    assert read["schema"] == 1
    assert set(read["announcement"]) == {"slug", *EDITABLE_ANNOUNCEMENT}
    assert read["announcement"]["committee_on"] == "2027-03-01"
    assert [entry["position"] for entry in read["laureates"]] == [1, 2]
    entry = read["laureates"][0]
    assert set(entry) == {*LAUREATE_FIELDS, *RELATIONS}
    assert entry["amount"] == "1200000.00"
    assert read["laureates"][1]["amount"] is None
    assert entry["former_titles"] == ["Ancien", "Plus ancien"]
    assert entry["agreement_signed_on"] == "2027-02-01"
    assert entry["themes"] == ["donnees", "sante"]
    assert entry["territories"] == [["department", "88"]]
    assert [(row["organisation"], row["role"]) for row in entry["carriers"]] == [
        ("agence", "chef-de-file"),
        ("ministere", None),
    ]


def test_every_field_of_the_rows_is_public_content_or_left_out_on_purpose():
    private = {"id", "published_at", "withdrawn_at", "withdrawal_reason", "updated_at"}
    fields = {field.name for field in Announcement._meta.fields}
    assert fields == {"slug", *EDITABLE_ANNOUNCEMENT} | private | {"staff_note"}
    fields = {field.name for field in Laureate._meta.fields}
    assert fields == {*LAUREATE_FIELDS, *OPTIONAL, "former_titles", "announcement"} | (
        private - {"published_at"}
    )
    fields = {field.name for field in LaureateGroup._meta.fields}
    assert fields == {"id", "announcement", "position", "name", "amount"}
    fields = {field.name for field in Carrier._meta.fields}
    assert fields == {"id", "laureate", "position", "organisation", "announced_name", "role"}
    assert set(EDITABLE_LAUREATE) == {*LAUREATE_FIELDS, *RELATIONS, *OPTIONAL} - {
        "public_id",
        "position",
        "slug",
    }


def test_nothing_private_is_in_it():
    announcement = published(2)
    Announcement.objects.filter(pk=announcement.pk).update(staff_note=CANARY)
    laureate = announcement.laureates.get(position=1)
    SelectionFactory(retained=True, motive=CANARY, public_text=CANARY, laureate=laureate)
    for row in OrganisationFactory(source=CANARY), ThemeFactory(description=CANARY):
        assert row.pk
    ClaimFactory(announcement=announcement, label=CANARY)
    DocumentFactory(announcement=announcement, title=CANARY)
    releases.withdraw_laureate(laureate, by=publisher(), reason=REASON)
    Laureate.objects.filter(pk=laureate.pk).update(title=CANARY, summary=CANARY)
    # Withdrawn before anyone saw it.
    LaureateFactory(
        announcement=announcement,
        title=CANARY,
        withdrawn_at=announcement.published_at.replace(year=2001),
        withdrawal_reason=CANARY,
    )
    text = content.text(content.read(announcement))
    assert REASON in text
    assert CANARY not in text
    gone, kept = content.read(announcement)["laureates"]
    assert set(gone) == {"public_id", "position", "withdrawn_at", "withdrawal_reason"}
    assert kept["position"] == 2


def test_the_text_is_canonical():
    announcement = prepared()
    read = content.read(announcement)
    shuffled = dict(reversed([*read.items()]))
    assert content.text(read) == content.text(shuffled)
    assert content.digest(read) == content.digest(shuffled)
    assert content.parse(content.text(read)) == read
    assert content.text({"é": 1, "a": [1, {"c": 2, "b": 3}]}) == '{"a":[1,{"b":3,"c":2}],"é":1}'


def test_line_ends_are_of_one_kind():
    announcement = prepared(1, public_text="Un.\r\nDeux.\rTrois.")
    assert content.read(announcement)["announcement"]["public_text"] == "Un.\nDeux.\nTrois."


# Applying --------------------------------------------------------------------


def test_what_is_read_and_applied_changes_no_row():
    announcement = prepared(3)
    versions = Laureate.history.count(), Carrier.history.count(), Announcement.history.count()
    content.apply(announcement, content.read(announcement))
    assert versions == (
        Laureate.history.count(),
        Carrier.history.count(),
        Announcement.history.count(),
    )


NAMES = st.sampled_from(["un", "deux", "trois", "quatre"])
ROLES = st.sampled_from([None, "co-porteur", "soutien"])


@st.composite
def carriers(draw):
    names = draw(st.lists(NAMES, unique=True, max_size=4))
    lead = draw(st.sampled_from([*names, None]))
    return [
        {
            "position": position,
            "organisation": name,
            "announced_name": draw(st.sampled_from(["Un nom", "Un autre"])),
            "role": "chef-de-file" if name == lead else draw(ROLES),
        }
        for position, name in enumerate(names, 1)
    ]


@pytest.fixture
def organisations():
    return {name: OrganisationFactory(slug=name) for name in ("un", "deux", "trois", "quatre")}


@given(steps=st.lists(carriers(), min_size=2, max_size=3))
def test_any_carriers_may_follow_any_others(steps):
    """Ranks and leads change places, organisations come and go: none is in another's way."""
    with transaction.atomic():
        for name in ("un", "deux", "trois", "quatre"):
            OrganisationFactory(slug=name)
        announcement = prepared(1)
        for step in steps:
            wanted = content.read(announcement)
            wanted["laureates"][0]["carriers"] = step
            content.apply(announcement, wanted)
            assert content.read(announcement) == wanted
        transaction.set_rollback(True)


def test_it_is_applied_whole_to_rows_old_and_new(organisations):
    announcement = prepared(2)
    wanted = content.read(announcement)
    theme, place = ThemeFactory(slug="sante"), TerritoryFactory(code="11")
    TerritoryFactory(department=True, code="11", region=place)  # same code, another kind
    wanted["announcement"]["title"] = "Un autre titre"
    wanted["laureates"][0] |= {
        "title": "Corrigé",
        "amount": "35000000.00",
        "themes": ["sante"],
        "territories": [["region", "11"]],
        "agreement_signed_on": "2027-01-31",
    }
    added = copy.deepcopy(wanted["laureates"][1]) | {
        "public_id": "nouveau1",
        "position": 3,
        "title": "Ajouté",
        "slug": "ajoute",
    }
    wanted["laureates"].append(added)
    content.apply(announcement, wanted)
    assert content.read(announcement) == wanted
    assert Laureate.objects.get(public_id="nouveau1").title == "Ajouté"
    assert list(announcement.laureates.get(position=1).themes.all()) == [theme]


def test_groups_and_titles_of_carriers_are_content():
    announcement = prepared(3)
    plain = content.digest(content.read(announcement))
    first, second, _ = announcement.laureates.order_by("position")
    group = LaureateGroupFactory(announcement=announcement, name="Tiers-lieux", amount=1500000)
    first.group = group
    first.save()
    second.has_own_title = False
    second.save()
    read = content.read(announcement)
    assert read["groups"] == [{"position": 1, "name": "Tiers-lieux", "amount": "1500000.00"}]
    assert (read["laureates"][0]["group"], read["laureates"][1]["has_own_title"]) == (1, False)
    # What says nothing is not written: versions of before keep their digest.
    assert not {"group", "has_own_title"} & set(read["laureates"][2])

    wanted = copy.deepcopy(read)
    wanted["groups"] = [
        {"position": 1, "name": "Lieux", "amount": None},
        {"position": 2, "name": "Écoles", "amount": "3.00"},
    ]
    wanted["laureates"][0]["group"] = 2
    del wanted["laureates"][1]["has_own_title"]
    said = [change.sentence.replace("\u00a0", " ") for change in content.differences(read, wanted)]
    assert said == [
        "Annonce, groupes de lauréats : texte modifié.",
        f"Projet nᵒ 1 « {first.title} », groupe : « Tiers-lieux » devient « Écoles ».",
        f"Projet nᵒ 2 « {second.title} », titre propre : « non » devient « oui ».",
    ]
    content.apply(announcement, wanted)
    assert content.read(announcement) == wanted

    del wanted["groups"], wanted["laureates"][0]["group"]
    content.apply(announcement, wanted)
    assert content.digest(content.read(announcement)) == plain
    assert not announcement.groups.exists()


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("themes", ["inconnu"], "Ce thème n’existe plus : inconnu"),
        ("territories", [["region", "99"]], "Ce territoire n’existe plus : 99"),
        (
            "carriers",
            [{"organisation": "partie", "announced_name": "Partie", "role": None, "position": 1}],
            "Cet organisme n’existe plus : partie",
        ),
        ("amount", "-3.00", "Le montant accordé est supérieur à 0"),
        ("title", "", "Titre : Ce champ ne peut pas être vide"),
    ],
)
def test_what_cannot_be_true_is_refused_in_french(key, value, sentence):
    announcement = prepared(1)
    wanted = content.read(announcement)
    wanted["laureates"][0][key] = value
    with pytest.raises(Refusal) as refusal:
        content.apply(announcement, wanted)
    assert sentence in plain(" ".join(refusal.value.messages))


# Differences -----------------------------------------------------------------


def test_the_same_content_has_no_difference():
    read = content.read(prepared(2))
    assert content.differences(read, json.loads(content.text(read))) == []


def test_differences_are_said_in_french():
    agency = OrganisationFactory(slug="agence", name="Agence du numérique")
    theme = ThemeFactory(slug="sante", name="Santé")
    announcement = prepared(2, committee_on=None)
    laureate = announcement.laureates.get(position=1)
    laureate.carriers.all().delete()
    CarrierFactory(laureate=laureate, organisation=agency, announced_name="L’Agence")
    laureate.themes.set([theme])
    before = content.read(announcement)
    after = copy.deepcopy(before)
    after["announcement"]["committee_on"] = "2027-03-01"
    after["laureates"][0] |= {
        "title": "Nouveau titre",
        "amount": "1200000.00",
        "themes": [],
        "carriers": [],
        "project_state": "en-cours",
        "description": "Long. " * 50,
    }
    after["laureates"].append(
        after["laureates"][1] | {"public_id": "nouveau1", "position": 3, "title": "Ajouté"}
    )
    changes = content.differences(before, after)
    said = [tuple(map(plain, (c.where, c.label, c.before, c.after))) for c in changes]
    where = plain(f"Projet nᵒ 1 « {laureate.title} »")
    assert said[0] == ("Annonce", "Date du comité", "—", "1er mars 2027")
    assert (where, "Titre", laureate.title, "Nouveau titre") in said
    assert (where, "Montant accordé", "montant non communiqué", "1 200 000 €") in said
    assert (where, "Thèmes", "Santé", "—") in said
    assert (where, "Porteurs", "L’Agence (Agence du numérique)", "—") in said
    assert (where, "État du projet", "—", "en cours") in said
    assert said[-1] == ("Projet nᵒ 3 « Ajouté »", "Lauréat", "—", "Ajouté")
    sentences = [plain(change.sentence) for change in changes]
    assert f"{where}, titre : « {laureate.title} » devient « Nouveau titre »." in sentences
    assert f"{where}, description : texte modifié." in sentences
    assert sentences[-1] == "Projet nᵒ 3 « Ajouté » : ajouté."
    (removed,) = content.differences(after, after | {"laureates": after["laureates"][:2]})
    assert (removed.kind, removed.public_id) == ("removed", "nouveau1")


def test_a_withdrawal_is_a_difference_that_names_no_text():
    announcement = published(2)
    before = content.read(announcement)
    releases.withdraw_laureate(
        announcement.laureates.get(position=1), by=publisher(), reason=REASON
    )
    (change,) = content.differences(before, content.read(announcement))
    assert (change.kind, change.after) == ("withdrawn", REASON)
    assert content.differences(content.read(announcement), content.read(announcement)) == []
