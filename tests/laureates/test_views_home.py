"""Parts of pages kept for a version of the public data are those of the moment, made once."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from laureates import catalogue
from laureates.views import kept
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    OrganisationFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("home", "organisations", "statistics")


@pytest.fixture(autouse=True)
def forgotten():
    def forget():
        kept._pages.clear()
        catalogue._known.clear()

    forget()
    yield
    forget()


def fill(announcement, word):
    """A laureate of which each page would show the word."""
    LaureateFactory(
        announcement=announcement,
        themes=[ThemeFactory(name=f"Thème {word}")],
        carriers=[OrganisationFactory(name=f"Organisme {word}")],
    )


def html_of(client, name):
    kept._pages.clear()
    return client.get(reverse(f"laureates:{name}")).content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_made_once_for_a_version(client, django_assert_max_num_queries, name):
    announcement = AnnouncementFactory()
    fill(announcement, "premier")
    first = html_of(client, name)
    # The version, the write of the index, and the calls that the home page shows.
    with django_assert_max_num_queries(4):
        assert html_of(client, name) == first
    fill(announcement, "suivant")
    second = html_of(client, name)
    assert "suivant" not in first
    assert "premier" in second
    assert "suivant" in second


@pytest.mark.parametrize("name", [*NAMES, "announcements"])
def test_a_part_follows_the_minute_of_an_embargo(client, name):
    minute = timezone.now() + timedelta(hours=1)
    fill(AnnouncementFactory(title="Annonce public", published_at="2019-01-01T00:00Z"), "public")
    fill(AnnouncementFactory(title="Annonce zorglub", published_at=minute), "zorglub")
    for moment, expected in (
        (minute - timedelta(seconds=1), False),
        (minute, True),
        (minute - timedelta(seconds=1), False),
    ):
        with time_machine.travel(moment, tick=False):
            html = html_of(client, name)
        assert ("zorglub" in html) == expected
        assert "public" in html


@pytest.mark.parametrize("name", [*NAMES, "announcements"])
def test_a_part_shows_nothing_of_what_is_withdrawn_nor_undone(client, name):
    fill(AnnouncementFactory(), "public")
    announcement = AnnouncementFactory(title="Annonce zorglub")
    fill(announcement, "zorglub")
    assert "zorglub" in html_of(client, name)
    announcement.withdrawn_at, announcement.withdrawal_reason = timezone.now(), "Une erreur."
    announcement.save()
    assert "zorglub" not in html_of(client, name)
    with transaction.atomic():
        point = transaction.savepoint()
        announcement.withdrawn_at, announcement.withdrawal_reason = None, ""
        announcement.save()
        assert "zorglub" in html_of(client, name)
        transaction.savepoint_rollback(point)
    assert "zorglub" not in html_of(client, name)
