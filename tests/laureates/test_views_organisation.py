"""Organisations: their own projects, and those of the organisations that they supervise."""

import re

import pytest
from django.urls import reverse

from tests.factories import (
    AnnouncementFactory,
    CarrierFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
)

pytestmark = pytest.mark.django_db


def ids(cards):
    return [card.public_id for card in cards]


def letters_of(client):
    """The list of organisations as it is read: (letter, [(address, name, number of projects)])."""
    html = client.get(reverse("laureates:organisations")).content.decode()
    row = re.compile(r'<a href="([^"]+)">([^<]+)</a>.*?— ([^<]+)</span>', re.DOTALL)
    return [
        (letter, row.findall(section))
        for letter, section in re.findall(
            r'<section aria-labelledby="lettre-([^"]+)">(.*?)</section>', html, re.DOTALL
        )
    ]


def test_own_projects_come_first_whatever_the_role_then_those_of_the_supervised(client):
    ministry = MinistryFactory()
    directorate = OrganisationFactory(supervising_ministry=ministry)
    alone = LaureateFactory(carriers=[ministry])
    second = LaureateFactory(carriers=[OrganisationFactory()])
    CarrierFactory(laureate=second, organisation=ministry, role="soutien")
    both = LaureateFactory(carriers=[ministry, directorate])
    theirs = LaureateFactory(carriers=[directorate])
    LaureateFactory(carriers=[OrganisationFactory()])
    response = client.get(ministry.get_absolute_url())
    assert [(card.public_id, role) for card, role in response.context["projects"]] == [
        (alone.public_id, "rôle non précisé"),
        (second.public_id, "soutien"),
        (both.public_id, "rôle non précisé"),
    ]
    assert ids(response.context["supervised"]) == [theirs.public_id]
    assert directorate.get_absolute_url() in response.content.decode()


def test_a_project_carried_by_several_supervised_organisations_is_shown_once(client):
    ministry = MinistryFactory()
    laureate = LaureateFactory(
        carriers=OrganisationFactory.create_batch(2, supervising_ministry=ministry)
    )
    response = client.get(ministry.get_absolute_url())
    assert ids(response.context["supervised"]) == [laureate.public_id]
    assert response.context["supervised"].total == 1


def test_what_is_known_of_an_organisation_is_shown_and_the_rest_said_unknown(client):
    ministry = MinistryFactory(name="Ministère d’essai")
    organisation = OrganisationFactory(
        name="Agence d’essai",
        short_name="AE",
        supervising_ministry=ministry,
        former_names="Office ancien\nBureau plus ancien",
        source="Répertoire d’essai",
    )
    LaureateFactory(carriers=[organisation])
    html = client.get(organisation.get_absolute_url()).content.decode()
    for expected in (
        "Agence d’essai",
        "(AE)",
        "opérateur ou établissement public",
        "Ministère d’essai",
        ministry.get_absolute_url(),
        "Office ancien",
        "Bureau plus ancien",
        "Répertoire d’essai",
    ):
        assert expected in html
    assert html.count("<dd>non renseigné</dd>") == 2  # SIRET, territory


def test_projects_that_are_not_public_are_neither_shown_nor_counted(client):
    organisation = OrganisationFactory()
    public = LaureateFactory(carriers=[organisation])
    LaureateFactory(carriers=[organisation], title="Zorglub", withdrawn=True)
    for trait in ("draft", "embargoed", "withdrawn"):
        LaureateFactory(
            carriers=[organisation],
            title="Zorglub",
            announcement=AnnouncementFactory(**{trait: True}),
        )
    response = client.get(organisation.get_absolute_url())
    assert ids(response.context["pages"]) == [public.public_id]
    assert response.context["pages"].total == 1
    assert "Zorglub" not in response.content.decode()
    shown = (organisation.get_absolute_url(), organisation.name, "1 projet")
    assert letters_of(client) == [("O", [shown])]


@pytest.mark.parametrize("trait", ["draft", "embargoed", "withdrawn"])
def test_an_organisation_without_a_public_project_is_not_found(client, trait):
    ministry = MinistryFactory()
    organisation = OrganisationFactory(supervising_ministry=ministry)
    LaureateFactory(carriers=[organisation], announcement=AnnouncementFactory(**{trait: True}))
    never = client.get(reverse("laureates:organisation", args=["zorglub"]))
    for hidden in (organisation, ministry):
        response = client.get(hidden.get_absolute_url())
        assert response.status_code == never.status_code == 404
        assert response.content == never.content
    assert letters_of(client) == []


def test_the_list_goes_from_a_to_z_without_accents_and_counts_projects(client):
    ministry = MinistryFactory(name="Ministère")
    ecology = OrganisationFactory(name="École", supervising_ministry=ministry)
    office = OrganisationFactory(name="Office")
    number = OrganisationFactory(name="3e bureau")
    LaureateFactory(carriers=[ecology, office, ministry])
    LaureateFactory(carriers=[ecology])
    LaureateFactory(carriers=[number])
    assert letters_of(client) == [
        ("0-9", [(number.get_absolute_url(), "3e bureau", "1 projet")]),
        ("E", [(ecology.get_absolute_url(), "École", "2 projets")]),
        ("M", [(ministry.get_absolute_url(), "Ministère", "2 projets")]),
        ("O", [(office.get_absolute_url(), "Office", "1 projet")]),
    ]


def test_long_lists_have_pages_of_their_own(client):
    ministry = MinistryFactory()
    directorate = OrganisationFactory(supervising_ministry=ministry)
    announcement = AnnouncementFactory()
    for carrier in (ministry, directorate):
        for _ in range(21):
            LaureateFactory(announcement=announcement, carriers=[carrier])
    url = ministry.get_absolute_url()
    context = client.get(url).context
    assert (len(context["projects"]), len(list(context["supervised"]))) == (20, 20)
    assert context["pages"].next_url == f"{url}?page=2"
    context = client.get(context["supervised"].next_url).context
    assert (len(context["projects"]), len(list(context["supervised"]))) == (20, 1)
    assert context["pages"].next_url == f"{url}?page=2&page_rattaches=2"
    assert context["supervised"].previous_url == url


@pytest.mark.parametrize("query", ["page=9", "page=x", "page_rattaches=99999999999999999999"])
def test_a_page_that_does_not_exist_is_said(client, query):
    laureate = LaureateFactory(carriers=[OrganisationFactory()])
    url = laureate.carriers.get().organisation.get_absolute_url()
    response = client.get(f"{url}?{query}")
    assert response.status_code == 200
    assert len(response.context["problems"]) == 1
