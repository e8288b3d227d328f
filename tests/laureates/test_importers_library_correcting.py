"""Rows about an announcement that visitors see, or will see: never written but in a correction."""

import datetime

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from ftap.imports import running
from ftap.refusals import Refusal
from laureates import releases
from laureates.importers.library import KIND
from laureates.models import Laureate, Organisation, ReleaseDraft
from tests.factories import TerritoryFactory, ThemeFactory, UserFactory
from tests.laureates.published import fake_files, prepared, published
from tests.laureates.test_importers_library import everything, outcomes, problems, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory(role="Publication")


@pytest.fixture(autouse=True)
def light(monkeypatch):
    monkeypatch.setattr(releases.freezing.files, "build", fake_files)


def row_of(announcement, position=1, **changed):
    one = announcement.laureates.get(position=position)
    return {"Identifiant public": one.public_id, "Annonce": announcement.slug, **changed}


def test_a_public_laureate_is_never_changed_by_a_file(person):
    announcement = published()
    rows = [row_of(announcement, Titre="Titre changé"), row_of(announcement, 2, Titre="Autre")]
    before = everything()
    job = read(person, rows)
    assert outcomes(job, person) == {"held": 2}
    assert "préparez un rectificatif" not in problems(job)[0][2]
    assert "rectificatif de l’annonce" in problems(job)[0][2]
    running.apply(job, KIND, by=person)
    assert everything() == before
    assert not ReleaseDraft.objects.exists()


def test_with_a_reason_it_goes_into_the_draft_of_the_correction(person):
    announcement = published()
    theme, place = ThemeFactory(name="Accueil"), TerritoryFactory(name="Bretagne d’essai")
    row = row_of(
        announcement,
        Titre="Titre changé",
        Thèmes=theme.name,
        Territoires=place.name,
        Groupe="Volet A",
        **{
            "Montant accordé au groupe (€)": "3 M€",
            "Montant accordé (€)": "200 000",
            "Porteur 1": "Office tout neuf",
            "Comité": "Comité d’essai",
        },
    )
    added = {**row, "Identifiant public": "", "Titre": "Projet ajouté", "Comité": ""}
    added["Montant accordé au groupe (€)"] = ""
    job = read(person, [row, added])
    for staged in job.rows.order_by("position"):
        running.decide(staged, KIND, running.OVERWRITE, "Erreur signalée", by=person)
    assert outcomes(job, person) == {"created": 1, "changed": 1}
    before = list(Laureate.objects.values())
    job = running.apply(job, KIND, by=person)
    assert job.counts["corrected"] == 2
    assert list(Laureate.objects.values()) == before
    content = releases.content.of_draft(ReleaseDraft.objects.get())
    assert content["announcement"]["committee_name"] == "Comité d’essai"
    assert content["groups"] == [{"position": 1, "name": "Volet A", "amount": "3000000.00"}]
    first, _, last = content["laureates"]
    assert (first["title"], first["amount"], first["group"]) == ("Titre changé", "200000.00", 1)
    assert (first["themes"], last["title"]) == ([theme.slug], "Projet ajouté")
    assert first["territories"] == [[place.kind, place.code]]
    assert [one["announced_name"] for one in last["carriers"]] == ["Office tout neuf"]
    assert Organisation.objects.get(name="Office tout neuf").source

    # Brought again, the same row changes nothing more: the draft holds it.
    job = read(person, [row, added], name="encore")
    assert outcomes(job, person) == {"unchanged": 1, "held": 1}
    assert "déjà ajouté" in problems(job)[0][2]
    assert not KIND.may_overwrite(job.rows.get(number=3))


def test_a_rank_of_a_public_announcement_does_not_change(person):
    announcement = published()
    job = read(person, [row_of(announcement, **{"Rang dans l’annonce": "7"})])
    assert outcomes(job, person) == {"held": 1}
    assert "le rang d’un lauréat n’y change pas" in problems(job)[0][2]


def test_without_the_right_to_publish_nothing_is_corrected():
    announcement = published()
    person = UserFactory(staff=True)
    person.user_permissions.add(Permission.objects.get(codename="import_laureate"))
    job = read(person, [row_of(announcement, Titre="Titre changé")])
    running.decide(job.rows.get(), KIND, running.OVERWRITE, "Erreur", by=person)
    assert outcomes(job, person) == {"held": 1}
    assert "seule une personne qui publie" in problems(job)[0][2]


def test_a_scheduled_announcement_is_unscheduled_first(person):
    announcement = prepared()
    at = timezone.now() + datetime.timedelta(days=2)
    releases.schedule(announcement, by=person, at=at.replace(second=0, microsecond=0))
    announcement.refresh_from_db()
    job = read(person, [row_of(announcement, Titre="Titre changé")])
    assert outcomes(job, person) == {"held": 1}
    assert "déprogrammez-la" in problems(job)[0][2]
    assert not KIND.may_overwrite(job.rows.get())


def test_a_row_compared_before_the_publication_is_refused_after(person):
    announcement = prepared()
    job = read(person, [row_of(announcement, Titre="Titre changé")])
    assert outcomes(job, person) == {"changed": 1}
    releases.publish(announcement, by=person)
    with pytest.raises(Refusal, match="rectificatif"):
        running.apply(job, KIND, by=person)
    assert not Laureate.objects.filter(title="Titre changé").exists()


def test_a_withdrawn_laureate_stays_as_it_was(person):
    announcement = published()
    one = announcement.laureates.get(position=1)
    releases.withdraw_laureate(one, by=person, reason="Renoncement.")
    job = read(person, [row_of(announcement, Titre="Titre changé")])
    assert outcomes(job, person) == {"held": 1}
    assert "a été retiré" in problems(job)[0][2]


def test_an_announcement_kept_from_a_person_shows_them_nothing(person, settings, monkeypatch):
    announcement, other = prepared(), UserFactory(role="Publication")
    settings.ANNOUNCEMENTS_WITHHELD = f"{__name__}.withheld"
    monkeypatch.setitem(WITHHELD, other.pk, announcement.pk)
    rows = [row_of(announcement, Titre="Titre changé"), {"Annonce": "Inconnue", "Titre": "A"}]
    job = read(person, rows)
    assert KIND.visible_rows(job, person).count() == 2
    assert KIND.visible_rows(job, other).get().number == 3
    assert not KIND.sees_everything(job, other)
    # Read again by whoever it is kept from, the row stays hidden from them.
    again = running.start(running.restart(job, KIND, by=other), KIND, by=other)
    again = running.advance(again, KIND, by=other, seconds=60)
    assert KIND.visible_rows(again, other).get().number == 3
    # Read by whoever it is kept from, the row says no more than what they brought.
    own = read(other, rows[:1], name="a-moi")
    row = own.rows.get(number=2)
    assert (row.outcome, row.changes, row.laureate) == ("held", [], None)


WITHHELD = {}


def withheld(user):
    return [WITHHELD[user.pk]] if user.pk in WITHHELD else []
