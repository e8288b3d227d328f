"""Territories, themes, organisations: what a code, a name, a SIRET and a supervision may be."""

import pytest
from django.core.exceptions import ValidationError

from laureates.models import Organisation
from laureates.models.reference import validate_siret
from tests.constraints import changed
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

LA_POSTE_HEAD_OFFICE = "35600000000048"
# Fails the usual key; the sum of its digits is a multiple of five.
LA_POSTE_BRANCH = "35600000049837"
STATE = "73282932000074"


@pytest.mark.parametrize("siret", [STATE, LA_POSTE_HEAD_OFFICE, LA_POSTE_BRANCH])
def test_a_siret_whose_key_is_right_is_accepted(siret):
    validate_siret(siret)


@pytest.mark.parametrize(
    "siret",
    [
        "73282932000075",  # wrong key
        "35600000049838",  # wrong key, La Poste's included
        "35600100049837",  # La Poste's exception is hers alone
        "7328293200007",
        "732829320000744",
        "7328293200007A",
        "732 829 320 00074",
        " 73282932000074",
        "٧٣٢٨٢٩٣٢٠٠٠٠٧٤",
        "73282932000074\n",
    ],
)
def test_a_siret_is_refused_with_a_french_message_that_shows_it(siret):
    with pytest.raises(ValidationError) as caught:
        validate_siret(siret)
    (message,) = caught.value.messages
    assert siret in message
    assert message.startswith(("Le SIRET", "Écrivez le SIRET"))


@pytest.mark.django_db
def test_the_form_of_an_organisation_checks_its_siret():
    with pytest.raises(ValidationError) as caught:
        changed(OrganisationFactory(), siret="73282932000075").full_clean()
    assert list(caught.value.message_dict) == ["siret"]


@pytest.mark.django_db
def test_an_organisation_is_supervised_by_a_ministry_only():
    operator = OrganisationFactory()
    supervised = changed(OrganisationFactory(), supervising_ministry=operator)
    with pytest.raises(ValidationError) as caught:
        supervised.clean()
    assert caught.value.message_dict == {
        "supervising_ministry": [f"« {operator} » n’est pas un ministère."]
    }
    changed(supervised, supervising_ministry=MinistryFactory()).full_clean()


@pytest.mark.django_db
def test_a_department_lies_in_a_region():
    department = TerritoryFactory(department=True)
    other = changed(TerritoryFactory(department=True), region=department)
    with pytest.raises(ValidationError) as caught:
        other.clean()
    assert list(caught.value.message_dict) == ["region"]


@pytest.mark.django_db
def test_a_region_and_a_department_may_share_a_code():
    TerritoryFactory(code="01")
    TerritoryFactory(department=True, code="01").full_clean()


@pytest.mark.django_db
def test_territories_are_named_as_people_name_them():
    assert str(TerritoryFactory(department=True, name="Vosges", code="88")) == "Vosges (88)"
    assert str(TerritoryFactory(name="Grand Est", code="44")) == "Grand Est"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "factory", [ThemeFactory, TerritoryFactory, OrganisationFactory, MinistryFactory]
)
def test_natural_keys_find_their_row(factory):
    factory()
    row = factory()
    assert type(row).objects.get_by_natural_key(*row.natural_key()) == row


@pytest.mark.django_db
def test_former_names_are_one_a_line():
    organisation = OrganisationFactory(former_names=" Ancien nom \n\nPlus ancien\r\n")
    assert organisation.former_name_list == ["Ancien nom", "Plus ancien"]


@pytest.mark.django_db
def test_an_organisation_has_a_page_when_a_project_of_its_own_or_of_its_supervised_is_public():
    ministry, idle_ministry = MinistryFactory(), MinistryFactory()
    carrier = OrganisationFactory(supervising_ministry=ministry)
    LaureateFactory.create_batch(2, carriers=[carrier])
    for announcement in ("draft", "embargoed", "withdrawn"):
        hidden = OrganisationFactory(supervising_ministry=idle_ministry)
        LaureateFactory(announcement=AnnouncementFactory(**{announcement: True}), carriers=[hidden])
    LaureateFactory(
        withdrawn=True, carriers=[OrganisationFactory(supervising_ministry=idle_ministry)]
    )
    OrganisationFactory()
    assert sorted(Organisation.objects.public(), key=lambda row: row.pk) == [ministry, carrier]


@pytest.mark.django_db
def test_ministries_are_those_of_that_kind():
    OrganisationFactory()
    ministry = MinistryFactory()
    assert list(Organisation.objects.ministries()) == [ministry]
