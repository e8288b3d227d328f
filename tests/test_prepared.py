"""Queries whose SQL is written once give what the ORM gives."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from ftap.prepared import Prepared, PreparedByKey
from laureates.models import Announcement, Claim, Document, Theme
from tests.factories import AnnouncementFactory, ClaimFactory, DocumentFactory, ThemeFactory

pytestmark = pytest.mark.django_db

KEY = 1_000_003


def fields(rows):
    return [
        {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        for row in rows
    ]


def test_rows_are_the_instances_of_the_orm():
    announcements = [
        AnnouncementFactory(committee_on="2019-09-23", source_on=None, public_text="Deux mots."),
        AnnouncementFactory(withdrawn=True),
    ]
    ClaimFactory(announcement=announcements[0], value="12.50", stated_on="2019-09-25")
    ClaimFactory(announcement=announcements[0], value=None, lower=1, upper=2, stated_on=None)
    DocumentFactory(announcement=announcements[0], size_kb="12.3", updated_on="2019-10-01")
    for model, lookup in (
        (Announcement, "pk"),
        (Claim, "announcement"),
        (Document, "announcement"),
    ):
        prepared = Prepared(
            lambda key, model=model, lookup=lookup: model.objects.filter(**{lookup: key}), KEY
        )
        for announcement in announcements:
            expected = list(model.objects.filter(**{lookup: announcement.pk}))
            found = prepared.objects(announcement.pk)
            assert found == expected
            assert fields(found) == fields(expected)
            assert [repr(row) for row in fields(found)] == [repr(row) for row in fields(expected)]


def test_what_is_not_read_waits_and_what_is_joined_is_refused(django_assert_num_queries):
    claim = ClaimFactory(label="Un chiffre")
    prepared = Prepared(lambda key: Claim.objects.filter(pk=key).only("slug"), KEY)
    found = prepared.objects(claim.pk)[0]
    with django_assert_num_queries(1):
        assert found.label == "Un chiffre"
    joined = Prepared(lambda key: Claim.objects.filter(pk=key).select_related("announcement"), KEY)
    with pytest.raises(AssertionError):
        joined.objects(claim.pk)


def test_the_moment_is_that_when_it_is_asked():
    minute = timezone.now() + timedelta(hours=1)
    with time_machine.travel(minute + timedelta(days=1), tick=False):
        prepared = Prepared(
            lambda slug: Announcement.objects.published().filter(slug=slug), "\x01", moments=1
        )
        # Its SQL is written when the announcement is public already.
        assert prepared.objects("zorglub") == []
    announcement = AnnouncementFactory(slug="zorglub", published_at=minute)
    for moment, expected in (
        (minute - timedelta(microseconds=1), []),
        (minute, [announcement]),
        (minute - timedelta(seconds=1), []),
    ):
        with time_machine.travel(moment, tick=False):
            assert prepared.objects("zorglub") == expected


def test_a_moment_that_nobody_told_of_is_refused():
    for moments in (0, 2):
        prepared = Prepared(
            lambda slug: Announcement.objects.published().filter(slug=slug),
            "\x01",
            moments=moments,
        )
        with pytest.raises(AssertionError):
            prepared.rows("zorglub")


def test_rows_of_keys_come_in_their_order_whatever_their_number(django_assert_num_queries):
    themes = [ThemeFactory() for _ in range(5)]
    asked = PreparedByKey(lambda keys: Theme.objects.filter(pk__in=keys).values_list("pk", "slug"))
    for count in range(1, 6):
        keys = [theme.pk for theme in themes[:count]][::-1]
        with django_assert_num_queries(1):
            found = asked.rows([keys[0], 10**9, *keys[1:]])
        assert found == [(theme.slug,) for theme in themes[:count][::-1]]
    with django_assert_num_queries(0):
        assert asked.rows([]) == []
