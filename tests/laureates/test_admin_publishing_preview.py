"""The previews: exactly what visitors will see, to the publisher alone, and nothing is written."""

import datetime
import difflib
import re

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from laureates import freshness, releases
from laureates.admin.publishing_preview import answer
from laureates.models import Announcement, Laureate, Release
from laureates.views.announcement import AnnouncementView
from tests import factories
from tests.admin_pages import url

pytestmark = pytest.mark.django_db

FILES = re.compile(
    r'<h2 id="versions">.*?</section>|<div class="fr-download">.*?</div>|<p [^>]*>Aucun PDF.*?</p>',
    re.S,
)
DATA = re.compile(r'<script type="application/ld\+json">.*?</script>', re.S)
BANNER = re.compile(r'<div class="fr-notice fr-notice--info" role="region".*?\n</div>\n', re.S)


@pytest.fixture
def publisher():
    return factories.UserFactory(role="Publication")


@pytest.fixture
def staff(client, publisher):
    client.force_login(publisher)
    return client


def announcement(**traits):
    row = factories.AnnouncementFactory(
        title="Annonce d’essai", public_text="Un **texte** public.", staff_note="zorglub", **traits
    )
    for position, title in enumerate(("Cartonaut", "Phare", "Boussole"), 1):
        factories.LaureateFactory(
            announcement=row,
            title=title,
            slug=title.lower(),
            position=position,
            carriers=[factories.OrganisationFactory()],
        )
    return row


def preview(row, public_id=None, *, draft=False):
    name = f"admin:laureates_announcement{'_draft' * draft}_preview{'_laureate' * bool(public_id)}"
    return reverse(name, args=[row.pk, *([public_id] if public_id else [])])


def text_of(response):
    return response.content.decode()


def without_links(html):
    """A page without the banner, without addresses, without the files of its version.

    Of a version that is not frozen yet there is no file to show.
    """
    kept = FILES.sub("", DATA.sub("", BANNER.sub("", html)))
    lines = re.sub(r' (?:href|content|value)="[^"]*"', "", kept).split("\n")
    return [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize("is_scheduled", [False, True])
def test_the_preview_is_the_page_that_visitors_will_get(is_scheduled, staff, publisher, client):
    row = announcement(draft=True)
    laureate = row.laureates.get(title="Phare")
    # Both within the same day of Paris, whose date is shown.
    minute = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    with time_machine.travel(minute - datetime.timedelta(hours=1), tick=False):
        if is_scheduled:
            releases.schedule(row, by=publisher, at=minute)
        shown = [
            text_of(staff.get(address))
            for address in (preview(row), preview(row, laureate.public_id))
        ]
    assert all("Aperçu&nbsp;: rien de ceci n’est public." in page for page in shown)

    with time_machine.travel(minute, tick=False):
        if not is_scheduled:
            releases.publish(row, by=publisher)
        client.logout()
        public = [text_of(client.get(page.get_absolute_url())) for page in (row, laureate)]

    assert "Phare" in public[0]
    for before, after in zip(shown, public, strict=True):
        differing = difflib.unified_diff(without_links(before), without_links(after), n=0)
        assert "\n".join(differing) == ""


def test_the_links_of_a_preview_stay_among_previews(staff):
    row = announcement(draft=True)
    first, second, third = row.laureates.order_by("position")
    page = text_of(staff.get(preview(row)))
    for laureate in (first, second, third):
        assert f'href="{preview(row, laureate.public_id)}"' in page
        assert f'href="{laureate.get_absolute_url()}"' not in page
    assert f'href="{url(row)}"' in page
    page = text_of(staff.get(preview(row, second.public_id)))
    for address in (
        preview(row, first.public_id),
        preview(row, third.public_id),
        preview(row),
        url(row),
    ):
        assert f'href="{address}"' in page, address


def test_a_preview_is_never_kept_nor_indexed_and_keeps_the_content_policy(staff):
    row = announcement(draft=True)
    for address in (preview(row), preview(row, row.laureates.first().public_id)):
        response = staff.get(address)
        kept = response["Cache-Control"]
        assert "no-store" in kept
        assert "private" in kept
        assert "public" not in kept.replace("private", "")
        assert response["X-Robots-Tag"] == "noindex"
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"
        assert "ETag" not in response
        assert staff.post(address).status_code == 405


def test_a_preview_writes_nothing_and_betrays_nothing(staff, client):
    row = announcement(draft=True)
    before = freshness.current()
    for address in (preview(row), preview(row, row.laureates.first().public_id)):
        assert staff.get(address).status_code == 200
    assert freshness.current() == before
    row.refresh_from_db()
    assert row.published_at is None
    assert not Release.objects.exists()
    assert not Laureate.objects.published().exists()
    assert "zorglub" not in text_of(staff.get(preview(row)))
    client.logout()
    assert client.get(row.get_absolute_url()).status_code == 404
    assert client.get(preview(row)).status_code == 302


def test_the_public_view_answers_a_visitor_without_account(rf, publisher, monkeypatch):
    request = rf.get("/admin/", {"q": "x"}, headers={"cookie": "a=1", "if-none-match": '"x"'})
    request.user = publisher
    row = announcement()
    asked = []
    real = AnnouncementView.get

    def get(view, visitor, *args, **kwargs):
        asked.append(visitor)
        return real(view, visitor, *args, **kwargs)

    monkeypatch.setattr(AnnouncementView, "get", get)
    assert answer(request, row.get_absolute_url()).status_code == 200
    (visitor,) = asked
    assert visitor.user.is_anonymous
    assert not visitor.COOKIES
    assert not visitor.GET
    assert "If-None-Match" not in visitor.headers
    assert visitor.path == row.get_absolute_url()
    assert visitor.get_host() == request.get_host()


def test_a_preview_of_what_is_public_says_that_it_is(staff):
    row = announcement()
    page = text_of(staff.get(preview(row)))
    assert "cette page est déjà publique" in page
    assert "rien de ceci n’est public" not in page


def test_the_preview_of_a_draft_shows_the_next_version_and_its_new_address(
    staff, publisher, client
):
    row = announcement(draft=True)
    releases.publish(row, by=publisher)
    draft = releases.start_draft(row, by=publisher)
    laureate = row.laureates.get(title="Phare")
    draft = releases.save_laureate(
        draft,
        by=publisher,
        version=draft.version,
        public_id=laureate.public_id,
        values={"title": "Le grand Phare"},
    )
    added = releases.add_laureate(
        draft, by=publisher, version=draft.version, values={"title": "Sextant"}
    )

    page = text_of(staff.get(preview(row, draft=True)))

    assert "Le grand Phare" in page
    assert "Sextant" in page
    assert f'href="{preview(row, added, draft=True)}"' in page
    assert 'href="/laureats/' not in page.partition("<main")[2].partition("Partager")[0].replace(
        'href="/laureats/?', ""
    ).replace('href="/laureats/"', "")
    sheet = staff.get(preview(row, laureate.public_id, draft=True))
    assert sheet.status_code == 200
    assert "<h1" in text_of(sheet)
    assert "Le grand Phare" in text_of(sheet)
    assert staff.get(preview(row, added, draft=True)).status_code == 200
    assert staff.get(preview(row, added)).status_code == 404
    assert "Sextant" not in text_of(staff.get(preview(row)))
    client.logout()
    assert "Sextant" not in text_of(client.get(row.get_absolute_url()))
    assert Laureate.objects.count() == 3


def test_a_withdrawn_project_is_previewed_as_gone(staff, publisher):
    row = announcement(draft=True)
    releases.publish(row, by=publisher)
    laureate = row.laureates.get(title="Phare")
    releases.withdraw_laureate(laureate, by=publisher, reason="À sa demande")
    response = staff.get(preview(row, laureate.public_id))
    assert response.status_code == 410
    assert "À sa demande" in text_of(response)


@pytest.mark.parametrize("public_id", ["inconnu", "x", "essai%00", "%F0%9F%92%A9", "9" * 60])
def test_a_project_of_another_announcement_has_no_preview_here(public_id, staff):
    row = announcement(draft=True)
    other = factories.LaureateFactory(announcement__draft=True)
    for wanted in (public_id, other.public_id):
        assert staff.get(f"{preview(row)}{wanted}/").status_code in {404, 400}
    assert not Announcement.objects.published().exists()


def test_a_preview_costs_the_same_whatever_the_number_of_projects(
    staff, django_assert_max_num_queries
):
    row = announcement(draft=True)
    budget = 90  # deriving it included; PostgreSQL also locks the public state
    with django_assert_max_num_queries(budget):
        staff.get(preview(row))
    for position in (4, 5, 6, 7):
        factories.LaureateFactory(
            announcement=row, position=position, carriers=[factories.OrganisationFactory()]
        )
    with django_assert_max_num_queries(budget):
        staff.get(preview(row))
