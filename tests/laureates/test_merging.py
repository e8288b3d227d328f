"""Two organisations that are one: merged by a person, row by row, with the old address kept."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from calls.history import verify
from calls.models import Event
from ftap.refusals import Refusal
from laureates import merging
from laureates.models import Carrier, Organisation, OrganisationRedirect
from tests.factories import (
    BearerFactory,
    CallSessionFactory,
    CarrierFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    OrganisationRedirectFactory,
    ReleaseDraftFactory,
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
    assert dict(told.moves)["porteur"] == 1
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
    laureate = LaureateFactory()
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
    merging.merge(kept, merged, by=person, reason=REASON, taken=("name",))
    kept.refresh_from_db()
    assert (kept.name, kept.kind, kept.siret) == ("B", "operateur", "73282932000074")
    assert kept.former_name_list == ["A"]


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


def test_merged_twice_at_once_the_second_is_told(pair, person):
    kept, merged = pair
    merging.merge(kept, Organisation.objects.get(pk=merged.pk), by=person, reason=REASON)
    with pytest.raises(Refusal, match="n’existe plus"):
        merging.merge(kept, merged, by=person, reason=REASON)


def test_a_failure_on_the_way_leaves_everything(pair, person, monkeypatch):
    kept, merged = pair
    laureate = LaureateFactory(carriers=[merged])
    monkeypatch.setattr(merging, "OrganisationRedirect", None)
    with pytest.raises(TypeError):
        merging.merge(kept, merged, by=person, reason=REASON)
    assert laureate.carriers.get().organisation == merged


# The old address ---------------------------------------------------------------


def old_page(client, slug="agence-bis"):
    return client.get(reverse("laureates:organisation", args=[slug]))


def test_the_old_public_page_leads_to_the_new_one(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[merged])
    OrganisationRedirectFactory(slug="encore-avant", organisation=merged, was_public=True)
    merging.merge(kept, merged, by=person, reason=REASON)
    for slug in ("agence-bis", "encore-avant"):
        response = old_page(client, slug)
        assert (response.status_code, response["Location"]) == (301, kept.get_absolute_url())
        assert "no-cache" in response["Cache-Control"]
    LaureateFactory(title="Un projet")
    assert client.get("/laureats/?q=agence+numérique").content.count(b"Agence") >= 1


@pytest.mark.parametrize("hidden", ["merged", "kept"])
def test_an_address_that_nobody_knew_leads_nowhere(client, pair, person, hidden):
    """The one that goes was never public, or the one that stays is not."""
    kept, merged = pair
    if hidden == "merged":
        LaureateFactory(carriers=[kept])
        LaureateFactory(carriers=[merged], announcement__draft=True)
    merging.merge(kept, merged, by=person, reason=REASON)
    response, never = old_page(client), old_page(client, "jamais-vue")
    assert (response.status_code, never.status_code) == (404, 404)
    assert response.content.replace(b"agence-bis", b"jamais-vue") == never.content


# The page of the staff ---------------------------------------------------------


def test_the_page_shows_what_changes_then_merges(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[merged])
    client.force_login(person)
    address = reverse("admin:laureates_organisation_merge", args=[kept.pk])
    assert "Agence numérique" in client.get(address).content.decode()
    page = client.get(f"{address}?avec={merged.pk}").content.decode()
    assert "L’ancienne adresse publique" in page
    refused = client.post(f"{address}?avec={merged.pk}", {"name": "kept", "short_name": "merged"})
    assert refused.status_code == 409
    assert "Indiquez le motif" in refused.content.decode()
    data = {"name": "kept", "short_name": "merged", "reason": REASON}
    done = client.post(f"{address}?avec={merged.pk}", data)
    assert done.status_code == 302
    assert not Organisation.objects.filter(pk=merged.pk).exists()
    again = client.post(f"{address}?avec={merged.pk}", data)
    assert again.status_code == 409
    for query in ("?avec=9" + "9" * 30, "?avec=abc", "?avec="):
        assert client.get(f"{address}{query}").status_code == 200
