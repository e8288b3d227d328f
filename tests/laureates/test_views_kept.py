"""Pages that a process keeps are never those of another moment, of another address nor undone."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from ftap import frames
from laureates.views import kept
from tests.factories import (
    AnnouncementFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)

LIBRARY = reverse("laureates:library")


@pytest.fixture(autouse=True)
def forgotten():
    kept._pages.clear()
    yield
    kept._pages.clear()


def test_a_page_is_made_once_and_a_browser_that_has_it_is_told_so(
    client, django_assert_num_queries
):
    laureate = LaureateFactory()
    # SQLite tells by itself that nothing has changed.
    asked_for = 0 if connection.vendor == "sqlite" else 1
    for address in (LIBRARY, laureate.get_absolute_url()):
        first = client.get(address)
        with django_assert_num_queries(asked_for):
            again = client.get(address)
        assert again.content == first.content
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == first["Cache-Control"]
        with django_assert_num_queries(asked_for):
            asked = client.get(address, headers={"if-none-match": first["ETag"]})
        assert (asked.status_code, asked.content) == (304, b"")


def test_each_change_that_visitors_see_makes_another_page(client):
    laureate = LaureateFactory(title="Première écriture")
    address = laureate.get_absolute_url()
    tag = client.get(address)["ETag"]
    laureate.title = "Seconde écriture"
    laureate.save()
    page = client.get(address, headers={"if-none-match": tag})
    assert page.status_code == 200
    assert "Seconde écriture" in page.content.decode()
    laureate.withdrawn_at, laureate.withdrawal_reason = timezone.now(), "À la demande du porteur."
    laureate.save()
    gone = client.get(address, headers={"if-none-match": page["ETag"]})
    assert gone.status_code == 410
    assert "Seconde écriture" not in client.get(LIBRARY).content.decode()


def test_the_minute_of_an_embargo_makes_another_page(client):
    minute = timezone.now() + timedelta(hours=1)
    laureate = LaureateFactory(
        title="Projet secret", announcement=AnnouncementFactory(published_at=minute)
    )
    LaureateFactory()
    with time_machine.travel(minute - timedelta(seconds=1), tick=False):
        before = client.get(LIBRARY)
        assert "Projet secret" not in before.content.decode()
        assert client.get(laureate.get_absolute_url()).status_code == 404
    with time_machine.travel(minute, tick=False):
        after = client.get(LIBRARY, headers={"if-none-match": before["ETag"]})
        assert "Projet secret" in after.content.decode()
        assert client.get(laureate.get_absolute_url()).status_code == 200
    # A clock that is put back shows nothing of what is to come.
    with time_machine.travel(minute - timedelta(seconds=1), tick=False):
        assert "Projet secret" not in client.get(LIBRARY).content.decode()


def test_what_a_transaction_shows_is_not_kept(client):
    draft = AnnouncementFactory(draft=True)
    LaureateFactory(announcement=draft, title="Brouillon montré")
    with transaction.atomic():
        undone = transaction.savepoint()
        draft.published_at = timezone.now()
        draft.save()
        assert "Brouillon montré" in client.get(LIBRARY).content.decode()
        transaction.savepoint_rollback(undone)
    assert not kept._pages
    assert "Brouillon montré" not in client.get(LIBRARY).content.decode()


def test_addresses_do_not_share_a_page(client, settings):
    settings.ALLOWED_HOSTS = ["un.example.org", "autre.example.org"]
    LaureateFactory(themes=[ThemeFactory(slug="eau")])
    pages = [
        client.get(LIBRARY, query, headers={"host": host}).content
        for host in settings.ALLOWED_HOSTS
        for query in ({}, {"theme": "eau"}, {"q": "zorglub"})
    ]
    assert len(set(pages)) == 6


def test_what_is_kept_is_bounded(client, monkeypatch):
    LaureateFactory()
    size = len(client.get(LIBRARY).content)
    monkeypatch.setattr(kept, "_pages", type(kept._pages)(3 * size, getsizeof=len))
    for number in range(6):
        client.get(f"{LIBRARY}?q=projet{number}")
    assert 0 < sum(map(len, kept._pages.values())) <= 3 * size
    monkeypatch.setattr(kept, "_pages", type(kept._pages)(size // 2, getsizeof=len))
    assert client.get(LIBRARY).status_code == 200
    assert not kept._pages


def _pages():
    """Addresses of each page that is framed, with what its frame asks of its context."""
    ministry = MinistryFactory(name="Ministère d’« essai » & <cie>")
    body = OrganisationFactory(supervising_ministry=ministry, short_name="")
    announcement = AnnouncementFactory()
    for rank in range(25):
        LaureateFactory(
            announcement=announcement,
            title=f"Projet n° {rank} <b>gras</b> & \x01content\x02",
            summary="" if rank % 2 else "Un résumé \x01page_title\x02",
            carriers=[body],
            themes=[ThemeFactory(slug="eau", name="Eau")] if rank == 3 else [],
        )
    yield from (row.get_absolute_url() for row in announcement.laureates.order_by("position"))
    yield from (row.get_absolute_url() for row in (ministry, body))
    yield f"{body.get_absolute_url()}?page=2"
    for query in ("", "page=2", "theme=eau", "q=projet", "q=introuvable", "tri=titre&theme=non"):
        yield f"{LIBRARY}?{query}"


def test_a_framed_page_is_the_one_that_its_template_makes(client, settings):
    for address in _pages():
        framed = client.get(address)
        assert framed.status_code == 200
        settings.DEBUG = True
        made = client.get(address)
        settings.DEBUG = False
        assert made.context["page_title"] != "\x01page_title\x02"
        assert framed.content == made.content, address
    assert {template for template, *_ in frames._frames} >= {
        f"laureates/{name}.html" for name in ("library", "laureate", "organisation")
    }


def test_a_template_that_does_not_print_a_hole_is_refused(rf):
    request = rf.get("/")
    request.resolver_match = None
    with pytest.raises(LookupError, match="inconnu"):
        frames.render(request, "base.html", {"inconnu": "x"}, ("inconnu",), ())
