"""Records are what serializers and exports write of a laureate, whatever changes."""

import datetime
import json
from decimal import Decimal

import pytest
import time_machine
from django.db import models
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from laureates import freshness, index, opendata, records
from laureates.models import Carrier, Laureate, Record
from laureates.opendata import native
from laureates.opendata.serializers import LaureateSerializer
from tests.factories import (
    AnnouncementFactory,
    CarrierFactory,
    LaureateFactory,
    LaureateGroupFactory,
    MinistryFactory,
    OrganisationFactory,
    ReleaseFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db

SITE = "https://essai.example.org"
NOON = datetime.datetime(2027, 3, 1, 12, 0, tzinfo=datetime.UTC)


def rows():
    found = opendata.laureates_for_export(Laureate.objects.all())
    return found.filter(announcement__published_at__isnull=False).order_by("pk")


def serialised():
    """What the serializer writes now of each laureate."""
    context = {"site_url": SITE, "export": opendata.context(SITE)}
    return [
        JSONRenderer().render(LaureateSerializer(row, context=context).data).decode()
        for row in rows()
    ]


def lines():
    """What the exporter writes now of each laureate."""
    content = b"".join(native.stream_csv(rows(), opendata.context(SITE))).decode()
    return content.partition("\r\n")[2]


def kept():
    """The JSON and the lines of every record, filled."""
    reading = records.reading(SITE, freshness.current())
    keys = list(rows().values_list("pk", flat=True))
    numbers = records.Numbers().of
    return (
        [text.decode() for text in records.texts(keys, reading, numbers)],
        b"".join(records.lines(keys, reading, numbers)).decode(),
    )


def check():
    found = kept()
    assert found[0] == serialised()
    assert found[1] == lines()
    return found


@pytest.fixture
def laureate():
    """A laureate of which everything is known."""
    region = TerritoryFactory(name="Grand Est", code="44")
    ministry = MinistryFactory()
    announcement = AnnouncementFactory(session_label="2de session", committee_on=NOON.date())
    found = LaureateFactory(
        announcement=announcement,
        group=LaureateGroupFactory(announcement=announcement, name="Tiers-lieux", amount=2000000),
        former_titles="Comptoir\nBureau",
        summary="Un « guichet ».",
        description='=Un *guichet*,\n\n"pour\ttous" \x01\x02\x03 \u2028\\u0001',
        amount=Decimal("1200000.50"),
        project_state="en-cours",
        themes=[ThemeFactory(position=1), ThemeFactory(position=2)],
        territories=[region, TerritoryFactory(department=True, region=region)],
        carriers=[],
    )
    CarrierFactory(
        laureate=found,
        organisation=OrganisationFactory(supervising_ministry=ministry, kind="operateur"),
        role="chef-de-file",
        announced_name="L’Agence",
    )
    CarrierFactory(laureate=found, organisation=ministry, role="co-porteur")
    ReleaseFactory(announcement=announcement)
    return found


def test_a_record_is_what_serializers_write(laureate):
    LaureateFactory(
        description="Un paragraphe sans virgule.\n\nUn autre.",
        carriers=[],
        themes=[],
        territories=[],
        announcement__session_label="",
    )
    (first, second), _ = check()
    row = json.loads(first)
    assert row["url"].startswith(f"{SITE}/laureats/")
    assert row["version_publication"] == 1
    assert row["description"] == laureate.description
    assert json.loads(second)["version_publication"] is None


# What a row may be changed to, by kind of field.
def other(field, value):
    if field.choices:
        return next(key for key, _ in field.choices if key and key != value)
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.DateTimeField):
        return value and value + datetime.timedelta(days=1)
    if isinstance(field, models.DateField):
        return NOON.date() + datetime.timedelta(days=1)
    if isinstance(field, models.DecimalField):
        return Decimal("77.10")
    if isinstance(field, models.IntegerField):
        return (value or 0) + 5
    if field.name == "payment_period":
        return "2026-01-31"
    if field.name.endswith("siret"):
        return "12000101100010"
    if isinstance(field, models.SlugField) or field.name == "public_id":
        return "autre0valeur"
    if field.name == "code":
        return "99"
    if isinstance(field, models.URLField):
        return "https://example.org/autre"
    return "=Autre « valeur », ici"


READ = {
    "laureate": lambda row: row,
    "announcement": lambda row: row.announcement,
    "group": lambda row: row.group,
    "carrier": lambda row: row.carriers.earliest("pk"),
    "lead": lambda row: row.carriers.earliest("pk").organisation,
    "ministry": lambda row: row.carriers.latest("pk").organisation,
    "theme": lambda row: row.themes.earliest("pk"),
    "territory": lambda row: row.territories.get(kind="department"),
    "region": lambda row: row.territories.get(kind="region"),
}
# Fields that other tests change, or that cannot be changed alone.
APART = {"withdrawn_at", "withdrawal_reason", "kind", "published_at"}


@pytest.mark.parametrize("name", READ)
def test_whatever_a_record_reads_changes_it(laureate, name):
    """Each field of each row, one after the other."""
    moved = 0
    for field in READ[name](laureate)._meta.concrete_fields:
        if field.is_relation or field.primary_key or field.name in APART:
            continue
        row = READ[name](Laureate.objects.get(pk=laureate.pk))
        value = other(field, getattr(row, field.attname))
        setattr(row, field.attname, value)
        before = kept()
        row.save()
        assert check() is not None, field.name
        moved += kept() != before
    assert moved >= {"laureate": 15, "announcement": 8}.get(name, 1)


def test_kinds_and_links_change_it(laureate):
    organisation = laureate.carriers.get(position=1).organisation
    before = check()
    organisation.kind = "service-national"
    organisation.save()
    assert check() != before
    theme = ThemeFactory(name="Neuf")
    laureate.themes.add(theme)
    assert "Neuf" in check()[1]
    theme.laureates.clear()
    assert "Neuf" not in check()[1]
    laureate.territories.clear()
    check()
    before = check()
    Carrier.objects.get(laureate=laureate, position=2).delete()
    assert check() != before
    laureate.group = None
    laureate.save()
    check()
    laureate.announcement = AnnouncementFactory(title="Ailleurs")
    laureate.save()
    assert "Ailleurs" in check()[0][0]
    ThemeFactory(position=0).laureates.add(laureate)
    check()


def test_the_minute_of_a_release_changes_what_is_read_alone(laureate):
    ReleaseFactory(announcement=laureate.announcement, published_at=NOON)
    stored = list(Record.objects.values_list())
    numbers = records.Numbers().of

    def number():
        reading = records.reading(SITE, freshness.current())
        (text,) = records.texts([laureate.pk], reading, numbers)
        return json.loads(text)["version_publication"]

    with time_machine.travel(NOON - datetime.timedelta(seconds=1), tick=False):
        assert number() == 1
        check()
    with time_machine.travel(NOON, tick=False):
        assert number() == 2
        check()
    assert list(Record.objects.values_list()) == stored


def test_a_change_is_dated_within_the_life_of_what_is_public(laureate):
    with time_machine.travel(NOON, tick=False):
        opened = AnnouncementFactory(published_at=NOON + datetime.timedelta(days=2))
        LaureateFactory(announcement=opened)
    with time_machine.travel(NOON + datetime.timedelta(days=1), tick=False):
        # Public data last changed before this laureate is public: no later date is told.
        check()
        Laureate.objects.filter(pk=laureate.pk).update(updated_at=timezone.now())
        index.rebuild()
        assert freshness.current().changed_at < timezone.now()
        found, _ = check()
        assert json.loads(found[0])["modifie_le"] == native.moment(freshness.current().changed_at)
    with time_machine.travel(NOON + datetime.timedelta(days=3), tick=False):
        found, _ = check()
        assert json.loads(found[0])["modifie_le"].startswith("2027-03-02")
        assert json.loads(found[1])["modifie_le"].startswith("2027-03-03")


def test_addresses_hold_the_prefix_of_the_one_who_reads(laureate):
    prefix = get_script_prefix()
    try:
        set_script_prefix("/ftap/")
        laureate.save()
        found, _ = check()
        assert json.loads(found[0])["api"].startswith(f"{SITE}/ftap/api/v1/laureats/")
    finally:
        set_script_prefix(prefix)
    found, _ = check()
    assert json.loads(found[0])["api"].startswith(f"{SITE}/api/v1/laureats/")


def test_nothing_is_written_twice_and_what_is_lost_comes_back(laureate):
    assert index.rebuild() == 0
    before = list(Record.objects.values_list())
    Record.objects.all().delete()
    index.rebuild_if_lacking()
    assert list(Record.objects.values_list()) == before
    laureate.delete()
    assert not Record.objects.exists()


def test_a_record_that_is_gone_is_left_out(laureate):
    other = LaureateFactory(announcement=laureate.announcement)
    reading, numbers = records.reading(SITE, freshness.current()), records.Numbers().of
    Record.objects.filter(pk=laureate.pk).delete()
    keys = [other.pk, laureate.pk]
    assert len(records.texts(keys, reading, numbers)) == 1
    assert len(records.lines(keys, reading, numbers)) == 1
    assert records.texts([], reading, numbers) == []
