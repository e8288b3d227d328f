"""A loaded laureate says what the rows say."""

import pytest

from laureates import loading
from laureates.models import Laureate
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    LaureateGroupFactory,
    MinistryFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db
FIELDS = [field.attname for field in Laureate._meta.concrete_fields]


def make():
    announcement = AnnouncementFactory()
    region = TerritoryFactory()
    carriers = [
        OrganisationFactory(supervising_ministry=MinistryFactory(), territory=region),
        MinistryFactory(),
    ]
    themes = ThemeFactory.create_batch(3)
    LaureateFactory(
        announcement=announcement,
        group=LaureateGroupFactory(announcement=announcement),
        carriers=carriers,
        themes=themes[::-1],
        territories=[TerritoryFactory(department=True, region=region), region],
        former_titles="Un\nDeux",
        project_state="en-cours",
        amount="12.50",
    )
    LaureateFactory(announcement=announcement, carriers=[], themes=[], territories=[])
    LaureateFactory(carriers=carriers[:1], themes=themes[1:2])


def test_it_holds_what_the_rows_hold(django_assert_num_queries):
    make()
    with django_assert_num_queries(9):
        found = loading.load(Laureate.objects.all())
    expected = Laureate.objects.order_by("pk")
    assert len(found) == 3
    for one, row in zip(found, expected, strict=True):
        assert one.pk == row.pk
        assert [getattr(one, name) for name in FIELDS] == [getattr(row, name) for name in FIELDS]
        assert (one.announcement, one.group) == (row.announcement, row.group)
        for name in ("themes", "territories"):
            assert [*getattr(one, name).all()] == [*getattr(row, name).all()]
        said = [
            [
                (carrier.pk, carrier.announced_name, carrier.role_label, carrier.organisation)
                for carrier in laureate.carriers.all()
            ]
            for laureate in (one, row)
        ]
        assert said[0] == said[1]
        assert str(one) == str(row)
        assert one.get_absolute_url() == row.get_absolute_url()
        assert one.former_title_list == row.former_title_list
        assert one.get_project_state_display() == row.get_project_state_display()


def test_names_read_of_a_carrier_cost_no_query(django_assert_num_queries):
    make()
    (first, *_) = loading.load(Laureate.objects.all())
    with django_assert_num_queries(0):
        organisation = first.carriers.all()[0].organisation
        assert organisation.supervising_ministry.name
        assert organisation.territory.name
        assert first.territories.all()[0].name
        assert {place.region and place.region.name for place in first.territories.all()}
