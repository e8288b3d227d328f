"""Two organisations that are one: merged by a person, row by row, with the old address kept."""

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from calls.history import verify
from calls.models import Event
from ftap.refusals import Refusal
from laureates import merging
from laureates.models import Carrier, Organisation, OrganisationRedirect
from tests.factories import (
    AffiliationFactory,
    AnnouncementFactory,
    ApplicationFactory,
    BearerFactory,
    CallSessionFactory,
    CarrierFactory,
    CommitteeMemberFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    OrganisationRedirectFactory,
    RecusalFactory,
    ReleaseDraftFactory,
    ReviewFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

REASON = "Deux fiches du même service."


@pytest.fixture
def person():
    return UserFactory(role="Secrétariat")


@pytest.fixture
def pair():
    kept = OrganisationFactory(name="Agence du numérique", slug="agence")
    merged = OrganisationFactory(
        name="Agence numérique", slug="agence-bis", former_names="Bureau", short_name="AN"
    )
    return kept, merged


def test_all_that_names_one_names_the_other(pair, person):
    kept, merged = pair
    laureate = LaureateFactory(carriers=[merged])
    bearer = BearerFactory(organisation=merged)
    session = CallSessionFactory()
    session.expected_institutions.add(merged)
    told = merging.preview(kept, merged, UserFactory(superuser=True))
    assert dict(told.moves)["porteur (candidature)"] == 1
    assert told.was_public
    merging.merge(kept, merged, by=person, reason=REASON)
    bearer.refresh_from_db()
    kept.refresh_from_db()
    assert bearer.organisation == kept
    assert laureate.carriers.get().organisation == kept
    assert laureate.carriers.get().announced_name == "Agence numérique"
    assert list(session.expected_institutions.all()) == [kept]
    assert not Organisation.objects.filter(slug="agence-bis").exists()
    assert kept.former_name_list == ["Agence numérique", "Bureau"]
    assert kept.short_name == "AN"
    events = Event.objects.filter(action="merge_organisations", actor=person)
    assert {event.object_type for event in events} >= {
        "calls.bearer",
        "laureates.carrier",
        "laureates.organisation",
        "laureates.organisationredirect",
    }
    assert REASON in {text.text for event in events for text in event.texts.all()}
    assert verify().broken_at is None


def test_two_carriers_of_one_project_become_one_in_the_better_place(pair, person):
    kept, merged = pair
    laureate = LaureateFactory(announcement__draft=True)
    other = OrganisationFactory()
    CarrierFactory(laureate=laureate, organisation=merged, position=1)
    CarrierFactory(laureate=laureate, organisation=other, position=2)
    CarrierFactory(laureate=laureate, organisation=kept, position=3, role="chef-de-file")
    CarrierFactory(laureate=laureate, position=4)
    merging.merge(kept, merged, by=person, reason=REASON)
    rows = Carrier.objects.filter(laureate=laureate).order_by("position")
    assert [(row.position, row.organisation_id, row.role) for row in rows][:2] == [
        (1, kept.pk, "chef-de-file"),
        (2, other.pk, None),
    ]
    assert [row.position for row in rows] == [1, 2, 3]


def test_values_are_chosen_and_empty_ones_completed(person):
    kept = OrganisationFactory(name="A", kind="operateur", siret="")
    merged = OrganisationFactory(name="B", kind="universite", siret="73282932000074")
    names = [name for name, *_ in merging.differences(kept, merged)]
    assert names == ["name", "siret", "kind"]
    merging.merge(kept, merged, by=person, reason=REASON, taken=("name", "siret"))
    kept.refresh_from_db()
    assert (kept.name, kept.kind, kept.siret) == ("B", "operateur", "73282932000074")
    assert kept.former_name_list == ["A"]


def test_a_value_that_the_person_leaves_empty_stays_so(person):
    kept = OrganisationFactory(name="A", siret="")
    merged = OrganisationFactory(name="B", siret="73282932000074")
    merging.merge(kept, merged, by=person, reason=REASON, taken=())
    kept.refresh_from_db()
    assert (kept.name, kept.siret) == ("A", "")


def test_what_cannot_be_merged_says_why(pair, person):
    kept, merged = pair
    with pytest.raises(Refusal, match="motif"):
        merging.merge(kept, merged, by=person, reason=" ")
    with pytest.raises(Refusal, match="avec lui-même"):
        merging.merge(kept, kept, by=person, reason=REASON)
    ministry = MinistryFactory()
    OrganisationFactory(supervising_ministry=ministry)
    with pytest.raises(Refusal, match="n’est pas un ministère"):
        merging.merge(kept, ministry, by=person, reason=REASON)
    kept.supervising_ministry = ministry
    kept.save()
    with pytest.raises(Refusal, match="deux noms d’un même organisme"):
        merging.merge(ministry, kept, by=person, reason=REASON)
    ReleaseDraftFactory(content=f'{{"carriers":[{{"organisation":"{merged.slug}"}}]}}')
    with pytest.raises(Refusal, match="rectificatif en préparation"):
        merging.merge(kept, merged, by=person, reason=REASON)
    with pytest.raises(PermissionDenied):
        merging.merge(kept, merged, by=UserFactory(role="Lecture"), reason=REASON)
    assert Organisation.objects.filter(pk=merged.pk).exists()
    assert not OrganisationRedirect.objects.exists()


def test_a_project_that_both_carry_in_public_is_corrected_first(pair, person):
    kept, merged = pair
    for state in ("", "embargoed"):
        announcement = AnnouncementFactory(**({state: True} if state else {}))
        laureate = LaureateFactory(
            title=f"Projet {state}", announcement=announcement, carriers=[kept, merged]
        )
        (refusal,) = merging.preview(kept, merged, person).refusals
        assert f"Le projet «\u00a0{laureate.title}\u00a0» est porté par les deux" in refusal
        with pytest.raises(Refusal, match="est porté par les deux"):
            merging.merge(kept, merged, by=person, reason=REASON)
        assert laureate.carriers.count() == 2
        laureate.carriers.all().delete()


def test_opinions_asked_of_both_are_told_to_those_who_see_the_dossier(pair, person):
    kept, merged = pair
    application = ApplicationFactory(reference="CANARI-1")
    for institution in pair:
        ReviewFactory(application=application, institution=institution)
    (refusal,) = merging.preview(kept, merged, person).refusals
    assert "CANARI-1" in refusal
    assert "L’avis de cette institution est déjà demandé" in refusal
    publisher = UserFactory(role="Publication")
    (refusal,) = merging.preview(kept, merged, publisher).refusals
    assert refusal.startswith("Une ligne que vous ne voyez pas empêche la fusion")
    with pytest.raises(Refusal) as refused:
        merging.merge(kept, merged, by=publisher, reason=REASON)
    assert "CANARI" not in str(refused.value)
    RecusalFactory(application=application, user=person)
    (refusal,) = merging.preview(kept, merged, person).refusals
    assert "CANARI" not in refusal


def test_one_cancelled_opinion_stands_in_no_way(pair, person):
    kept, merged = pair
    application = ApplicationFactory()
    ReviewFactory(application=application, institution=kept)
    cancelled = {"cancelled_at": timezone.now(), "cancel_reason": "Demandé par erreur"}
    row = ReviewFactory(application=application, institution=merged, **cancelled)
    merging.merge(kept, merged, by=person, reason=REASON)
    row.refresh_from_db()
    assert row.institution == kept


def test_what_the_person_does_not_see_is_in_no_count(pair, person):
    kept, merged = pair
    application = ApplicationFactory()
    BearerFactory(application=application, organisation=merged)
    seen = UserFactory(role="Secrétariat")
    RecusalFactory(application=application, user=person)
    assert dict(merging.preview(kept, merged, seen).moves)["porteur (candidature)"] == 1
    assert merging.preview(kept, merged, person).moves == []


def test_every_kind_of_row_that_names_it_is_announced_then_moved(person):
    kept, merged = MinistryFactory(), MinistryFactory()
    announced = LaureateFactory(announcement__draft=True, carriers=[merged])
    rows = [
        (announced.carriers.get(), "organisation"),
        (BearerFactory(organisation=merged), "organisation"),
        (OrganisationFactory(supervising_ministry=merged), "supervising_ministry"),
        (AffiliationFactory(organisation=merged), "organisation"),
        (ReviewFactory(institution=merged), "institution"),
        (CommitteeMemberFactory(institution=merged), "institution"),
        (OrganisationRedirectFactory(organisation=merged), "organisation"),
    ]
    session = CallSessionFactory()
    session.expected_institutions.add(merged)
    told = merging.preview(kept, merged, UserFactory(superuser=True)).moves
    assert sum(count for _, count in told) == len(rows) + 1
    assert len({name for name, _ in told}) == len(merging._relations())
    merging.merge(kept, merged, by=person, reason=REASON)
    for row, name in rows:
        row.refresh_from_db()
        assert getattr(row, name) == kept, name
    assert list(session.expected_institutions.all()) == [kept]


def test_a_ministry_that_others_are_attached_to_stays_one(person):
    kept, merged = MinistryFactory(), OrganisationFactory(kind="operateur")
    OrganisationFactory(supervising_ministry=kept)
    with pytest.raises(Refusal, match="il reste un ministère"):
        merging.merge(kept, merged, by=person, reason=REASON, taken=("kind",))
    assert Organisation.objects.filter(pk=merged.pk).exists()
    merging.merge(kept, merged, by=person, reason=REASON)
    kept.refresh_from_db()
    assert kept.kind == "ministere"


def test_two_siret_are_a_warning(pair, person):
    kept, merged = pair
    assert merging.preview(kept, merged, person).warnings == []
    Organisation.objects.filter(pk=kept.pk).update(siret="73282932000074")
    Organisation.objects.filter(pk=merged.pk).update(siret="13002526500013")
    (warning,) = merging.preview(*Organisation.objects.order_by("pk"), person).warnings
    assert "73282932000074 et 13002526500013" in warning


def test_a_page_of_before_a_change_is_refused(pair, person):
    kept, merged = pair
    told = merging.preview(kept, merged, person)
    Organisation.objects.filter(pk=merged.pk).update(short_name="XY")
    with pytest.raises(Refusal, match="a changé depuis"):
        merging.merge(kept, merged, by=person, reason=REASON, seen=told.state)
    again = merging.preview(kept, Organisation.objects.get(pk=merged.pk), person)
    merging.merge(kept, merged, by=person, reason=REASON, seen=again.state)


def test_merged_twice_at_once_the_second_is_told(pair, person):
    kept, merged = pair
    merging.merge(kept, Organisation.objects.get(pk=merged.pk), by=person, reason=REASON)
    with pytest.raises(Refusal, match="n’existe plus"):
        merging.merge(kept, merged, by=person, reason=REASON)


def test_a_failure_on_the_way_leaves_everything(pair, person, monkeypatch):
    kept, merged = pair
    laureate = LaureateFactory(carriers=[merged])
    monkeypatch.setattr(merging, "OrganisationRedirect", None)
    with pytest.raises(AttributeError):
        merging.merge(kept, merged, by=person, reason=REASON)
    assert laureate.carriers.get().organisation == merged
