"""Two organisations that were merged, as visitors find them, and the pages on which it is done."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from laureates import freshness, merging, releases
from laureates.models import Organisation, OrganisationRedirect, Release, ReleaseFile
from laureates.releases.differences import differences
from tests.factories import (
    CarrierFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    OrganisationRedirectFactory,
    UserFactory,
)
from tests.laureates.published import prepared

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


def test_an_address_leads_to_the_last_of_a_chain_of_merges(client, person):
    first, second, third = (
        OrganisationFactory(name=f"Service {slug}", slug=slug) for slug in ("un", "deux", "trois")
    )
    for row in (first, second, third):
        LaureateFactory(carriers=[row])
    merging.merge(second, first, by=person, reason=REASON)
    merging.merge(third, Organisation.objects.get(slug="deux"), by=person, reason=REASON)
    for slug in ("un", "deux"):
        response = old_page(client, slug)
        assert (response.status_code, response["Location"]) == (301, "/organisations/trois/")
    third.refresh_from_db()
    assert third.former_name_list == ["Service deux", "Service un"]


def test_an_old_address_is_not_given_again_but_may_be_merged_again(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[merged])
    merging.merge(kept, merged, by=person, reason=REASON)
    with pytest.raises(ValidationError, match="celle d’un organisme fusionné dans"):
        OrganisationFactory.build(name="Nouvelle", slug="agence-bis").full_clean()
    again = OrganisationFactory(name="Agence numérique encore", slug="agence-bis")
    merging.merge(kept, again, by=person, reason=REASON)
    redirect = OrganisationRedirect.objects.get()
    assert (redirect.organisation, redirect.was_public) == (kept, True)
    assert redirect.former_name == "Agence numérique encore"
    assert old_page(client)["Location"] == kept.get_absolute_url()


def test_merged_back_into_its_old_address_it_leads_to_itself_alone(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[merged])
    merging.merge(kept, merged, by=person, reason=REASON)
    back = OrganisationFactory(name="Agence revenue", slug="agence-bis")
    merging.merge(back, kept, by=person, reason=REASON)
    assert list(OrganisationRedirect.objects.values_list("slug", flat=True)) == ["agence"]
    assert old_page(client).status_code == 200
    assert old_page(client, "agence")["Location"] == back.get_absolute_url()


def test_the_interface_leads_to_the_new_address_too(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[merged])
    address = reverse("laureates:api_organisation", args=["agence-bis"])
    assert client.get(address).status_code == 200
    merging.merge(kept, merged, by=person, reason=REASON)
    response = client.get(address)
    assert response.status_code == 301
    assert response["Location"] == reverse("laureates:api_organisation", args=["agence"])
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize(
    "address", ["/laureats/", "/laureats/flux.atom", "/laureats/export.csv", "/api/v1/laureats/"]
)
def test_a_shared_search_keeps_its_meaning(client, pair, person, address):
    kept, merged = pair
    LaureateFactory(title="Projet de l’agence", carriers=[merged])
    LaureateFactory(title="Projet d’ailleurs", carriers=[OrganisationFactory()])
    merging.merge(kept, merged, by=person, reason=REASON)
    response = client.get(address, {"organisation": "agence-bis"})
    page = b"".join(response.streaming_content) if response.streaming else response.content
    page = page.decode(errors="replace")
    assert "Projet de l’agence" in page
    assert "Projet d’ailleurs" not in page
    assert "agence-bis" not in page.replace("organisation=agence-bis", "")


def test_a_shared_search_by_a_merged_ministry_keeps_its_meaning(client, person):
    kept, merged = MinistryFactory(), MinistryFactory(slug="ministere-bis")
    LaureateFactory(
        title="Projet rattaché", carriers=[OrganisationFactory(supervising_ministry=merged)]
    )
    LaureateFactory(title="Autre projet", carriers=[OrganisationFactory()])
    merging.merge(kept, merged, by=person, reason=REASON)
    page = client.get("/laureats/", {"ministere": "ministere-bis"}).content.decode()
    assert "Projet rattaché" in page
    assert "Autre projet" not in page


def test_a_search_by_what_nobody_knew_tells_nothing(client, pair, person):
    """The one that goes carries only what is under embargo; the one that stays too."""
    kept, merged = pair
    LaureateFactory(carriers=[merged], announcement__embargoed=True)
    LaureateFactory(carriers=[kept], announcement__embargoed=True)
    LaureateFactory(title="Public")
    before = client.get("/laureats/", {"organisation": "agence-bis"}).content.decode()
    merging.merge(kept, merged, by=person, reason=REASON)
    after = client.get("/laureats/", {"organisation": "agence-bis"}).content.decode()
    assert "ne connaît pas la valeur" in after
    assert after == before
    assert client.get(reverse("laureates:api_organisation", args=["agence-bis"])).status_code == 404


def test_the_old_address_is_in_no_list(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[merged])
    pages = ("/sitemap.xml", "/organisations/", "/api/v1/organisations/")
    listed = [page for page in pages if "agence-bis" in client.get(page).content.decode()]
    assert len(listed) >= 2
    merging.merge(kept, merged, by=person, reason=REASON)
    for page in listed:
        text = client.get(page).content.decode()
        assert "agence-bis" not in text
        assert "/agence/" in text or '"agence"' in text


def test_what_visitors_see_is_new_only_where_they_see_it(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[merged], announcement__embargoed=True)
    LaureateFactory()
    before = freshness.current().key
    merging.merge(kept, merged, by=person, reason=REASON)
    assert freshness.current().key == before
    other = OrganisationFactory()
    LaureateFactory(carriers=[other])
    tag = client.get("/organisations/")["ETag"]
    merging.merge(kept, other, by=person, reason=REASON)
    assert client.get("/organisations/")["ETag"] != tag


def test_frozen_versions_keep_their_bytes_and_a_merge_is_no_correction(pair, person):
    kept, merged = pair
    publisher = UserFactory(role="Publication")
    announcement = prepared()
    CarrierFactory(laureate=announcement.laureates.first(), organisation=merged)
    releases.publish(announcement, by=publisher)

    def frozen():
        return [
            *Release.objects.values_list("content", flat=True),
            *(bytes(row.content) for row in ReleaseFile.objects.all()),
        ]

    before = frozen()
    assert '"agence-bis"' in before[0]
    merging.merge(kept, merged, by=person, reason=REASON)
    assert frozen() == before
    draft = releases.start_draft(announcement, by=publisher)
    assert '"agence-bis"' not in draft.content
    assert differences(json.loads(before[0]), json.loads(draft.content)) == []


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
    data = {
        "name": "kept",
        "short_name": "merged",
        "reason": REASON,
        "seen": merging.state(kept, merged),
    }
    done = client.post(f"{address}?avec={merged.pk}", data)
    assert done.status_code == 302
    assert not Organisation.objects.filter(pk=merged.pk).exists()
    again = client.post(f"{address}?avec={merged.pk}", data)
    assert again.status_code == 409
    for query in ("?avec=9" + "9" * 30, "?avec=abc", "?avec="):
        assert client.get(f"{address}{query}").status_code == 200


def test_the_page_refuses_what_changed_since_and_shows_it_again(client, pair, person):
    kept, merged = pair
    client.force_login(person)
    address = f"{reverse('admin:laureates_organisation_merge', args=[kept.pk])}?avec={merged.pk}"
    seen = merging.state(kept, merged)
    Organisation.objects.filter(pk=merged.pk).update(siret="73282932000074")
    data = {"name": "kept", "short_name": "merged", "siret": "kept", "reason": REASON}
    refused = client.post(address, {**data, "seen": seen})
    assert refused.status_code == 409
    assert "a changé depuis" in refused.content.decode()
    assert Organisation.objects.filter(pk=merged.pk).exists()
    form = refused.context["form"]
    done = client.post(address, {**data, "seen": form["seen"].value()})
    assert done.status_code == 302
    without = client.post(address, data)
    assert without.status_code == 409


def test_the_page_says_where_the_old_name_will_be_read(client, pair, person):
    kept, merged = pair
    client.force_login(person)
    address = f"{reverse('admin:laureates_organisation_merge', args=[kept.pk])}?avec={merged.pk}"
    assert "figurera sur la page publique" not in client.get(address).content.decode()
    LaureateFactory(carriers=[kept])
    assert "figurera sur la page publique" in client.get(address).content.decode()


# Organisations that may be the same ----------------------------------------------------


DUPLICATES = "admin:laureates_organisation_duplicates"


def test_near_organisations_are_proposed_from_the_list(client, pair, person):
    kept, merged = pair
    LaureateFactory(carriers=[kept])
    far = OrganisationFactory(name="Préfecture de la Creuse")
    client.force_login(person)
    listed = client.get(reverse("admin:laureates_organisation_changelist")).content.decode()
    assert reverse(DUPLICATES) in listed
    page = client.get(reverse(DUPLICATES))
    text = page.content.decode()
    assert page.context["pairs"] == [[kept, merged]]
    for one, other in ((kept, merged), (merged, kept)):
        merge_url = reverse("admin:laureates_organisation_merge", args=[one.pk])
        assert f'href="{merge_url}?avec={other.pk}"' in text
    assert far.name not in text
    assert "1\u00a0projet" in text
    assert Organisation.objects.count() == 3


def test_the_proposals_are_for_those_who_merge(client, pair):
    client.force_login(UserFactory(role="Lecture"))
    assert client.get(reverse(DUPLICATES)).status_code == 403
    listed = client.get(reverse("admin:laureates_organisation_changelist")).content.decode()
    assert reverse(DUPLICATES) not in listed
    client.force_login(UserFactory(role="Publication"))
    assert client.get(reverse(DUPLICATES)).status_code == 200
    assert client.post(reverse(DUPLICATES)).status_code == 405


def test_the_proposals_cost_the_same_whatever_their_number(
    client, pair, person, django_assert_num_queries
):
    client.force_login(person)
    with django_assert_num_queries(7):
        assert len(client.get(reverse(DUPLICATES)).context["pairs"]) == 1
    OrganisationFactory(name="Agence du numerique")
    OrganisationFactory(name="L’agence du numérique")
    with django_assert_num_queries(7):
        assert len(client.get(reverse(DUPLICATES)).context["pairs"]) >= 3


def test_nothing_near_is_said(client, person):
    client.force_login(person)
    assert "Aucun nom d’organisme n’est proche" in client.get(reverse(DUPLICATES)).content.decode()
