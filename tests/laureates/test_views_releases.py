"""Versions of an announcement in public: their page, their files, what withdrawals leave."""

import hashlib
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.http import http_date

from laureates import releases
from laureates.models import Announcement, Release
from tests.factories import ReleaseFactory, ReleaseFileFactory
from tests.laureates.published import (
    REASON,
    WORDS,
    drafted,
    fake_files,
    in_an_hour,
    prepared,
    published,
    publisher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def light_files(monkeypatch):
    monkeypatch.setattr(releases.freezing.files, "build", fake_files)


def text_of(response, status=200):
    assert response.status_code == status
    return response.content.decode().replace("&nbsp;", "\u00a0").replace("\u00a0", " ")


def corrected(by=None):
    """A public announcement whose version 2 is a correction."""
    by = by or publisher()
    draft = drafted(by, 3)
    releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    return Announcement.objects.get()


# Files -----------------------------------------------------------------------


def test_a_file_is_served_as_it_was_frozen(client):
    file = published().releases.get().files.first()
    response = client.get(file.get_absolute_url())
    assert response.status_code == 200
    assert response.content == bytes(file.content)
    assert hashlib.sha256(response.content).hexdigest() == file.sha256
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="{file.name}"'
    assert response["Content-Length"] == str(file.size)
    assert response["ETag"] == f'"{file.sha256}"'
    assert response["Last-Modified"] == http_date(file.release.published_at.timestamp())
    assert response["X-Content-Type-Options"] == "nosniff"
    directives = set(response["Cache-Control"].split(", "))
    assert directives == {"public", "no-cache"}
    assert not response.cookies


def test_a_file_that_is_known_is_not_sent_again(client):
    file = published().releases.get().files.first()
    address, etag = file.get_absolute_url(), f'"{file.sha256}"'
    since = http_date(file.release.published_at.timestamp())
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": since}):
        response = client.get(address, headers=headers)
        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == etag
        assert "no-cache" in response["Cache-Control"]
    response = client.get(address, headers={"If-None-Match": '"autre"'})
    assert response.status_code == 200


def test_head_answers_as_get_without_the_bytes(client):
    file = published().releases.get().files.first()
    address = file.get_absolute_url()
    get, head = client.get(address), client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers} == {**get.headers}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_file_is_only_read(client, method):
    address = published().releases.get().files.first().get_absolute_url()
    assert getattr(client, method)(address).status_code == 405


def test_a_request_that_only_asks_reads_no_bytes(client):
    file = published().releases.get().files.first()
    column = '"laureates_releasefile"."content"'
    with CaptureQueriesContext(connection) as queries:
        client.get(file.get_absolute_url(), headers={"If-None-Match": f'"{file.sha256}"'})
        client.head(file.get_absolute_url())
    assert not [query["sql"] for query in queries if column in query["sql"]]
    with CaptureQueriesContext(connection) as queries:
        client.get(file.get_absolute_url())
    assert len([query["sql"] for query in queries if column in query["sql"]]) == 1


def test_nothing_of_a_version_is_there_before_its_minute(client):
    announcement, at = prepared(), in_an_hour()
    release = releases.schedule(announcement, by=publisher(), at=at)
    file = release.files.first()
    unknown = client.get("/annonces/rien/versions/1/rien.csv")
    for row in (release, file):
        response = client.get(row.get_absolute_url())
        assert response.status_code == 404
        assert response.content == unknown.content
    with time_machine.travel(at, tick=False):
        for row in (release, file):
            assert client.get(row.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    "name", ["autre.csv", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "laureats.csv%00", "%F0%9F%92%A9"]
)
def test_an_unknown_file_does_not_exist(client, name):
    release = published().releases.get()
    response = client.get(f"{release.get_absolute_url()}{name}")
    assert response.status_code in {400, 404}


@pytest.mark.parametrize("number", ["0", "2", "9999"])
def test_an_unknown_version_does_not_exist(client, number):
    slug = published().slug
    for suffix in ("", "laureats.csv"):
        assert client.get(f"/annonces/{slug}/versions/{number}/{suffix}").status_code == 404


def test_a_file_of_an_unusual_name_is_served_by_it(client):
    release = ReleaseFactory(announcement=published())
    file = ReleaseFileFactory(release=release, name="liste é.csv")
    response = client.get(file.get_absolute_url())
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''liste%20%C3%A9.csv"


def test_a_withheld_file_is_gone_and_says_why(client):
    by = publisher()
    announcement = published(by=by)
    laureate = announcement.laureates.get(position=1)
    releases.withdraw_laureate(laureate, by=by, reason=REASON, withhold_files=True)
    first, last = announcement.releases.order_by("number")
    for file in first.files.all():
        text = text_of(client.get(file.get_absolute_url()), 410)
        assert REASON in text
        assert "Ce fichier a été retiré" in text
        assert laureate.title not in text
        assert client.head(file.get_absolute_url()).status_code == 410
    page = text_of(client.get(first.get_absolute_url()))
    assert "Les fichiers de cette version ont été retirés" in page
    assert REASON in page
    assert ".csv" not in page
    for file in last.files.all():
        assert client.get(file.get_absolute_url()).status_code == 200


def test_versions_of_a_withdrawn_announcement_are_gone_and_say_why(client):
    by = publisher()
    announcement = published(by=by)
    releases.withdraw_announcement(announcement, by=by, reason=REASON)
    release = announcement.releases.get()
    addresses = [release.get_absolute_url()]
    addresses += [file.get_absolute_url() for file in release.files.all()]
    # Every address below it, whatever it named.
    addresses.append(reverse("laureates:release", args=[announcement.slug, 12]))
    for address in addresses:
        text = text_of(client.get(address), 410)
        assert REASON in text
        assert announcement.title not in text


# Pages -----------------------------------------------------------------------


def test_a_version_lists_its_files_with_their_digests(client):
    announcement = published(2)
    release = announcement.releases.get()
    html = text_of(client.get(release.get_absolute_url()))
    assert f"{announcement.title}, version 1" in html
    assert "Première publication." in html
    assert release.content_sha256 in html
    for file in release.files.all():
        assert file.get_absolute_url() in html
        assert file.sha256 in html
    assert "Liste (CSV, 0,1 Ko)" in html
    assert "Une fiche par projet" in html
    assert "Une version plus récente" not in html


def test_the_announcement_says_that_it_was_corrected(client):
    announcement = corrected()
    html = text_of(client.get(announcement.get_absolute_url()))
    day = html.index("Rectificatif du ")
    assert day < html.index("Chiffres annoncés" if "Chiffres annoncés" in html else "Versions")
    assert html.count(WORDS.replace("\u00a0", " ")) == 2  # on top, and in the list of versions
    versions = html[html.index('id="versions"') :]
    assert versions.index("Version 2") < versions.index("Version 1")
    first, second = announcement.releases.order_by("number")
    listed = second.files.get(public_id="")
    assert listed.get_absolute_url() in versions
    assert listed.sha256 in versions
    assert second.files.exclude(public_id="").first().get_absolute_url() not in versions
    assert first.get_absolute_url() in versions
    old = text_of(client.get(first.get_absolute_url()))
    assert "Une version plus récente existe" in old
    assert second.get_absolute_url() in old


def test_the_word_of_a_correction_is_not_said_twice(client):
    by = publisher()
    draft = drafted(by)
    releases.publish_draft(
        draft, by=by, version=draft.version, changelog="Rectificatif\u00a0: le montant change."
    )
    html = text_of(client.get(draft.announcement.get_absolute_url()))
    assert "<p>Le montant change.</p>" in html
    assert "Rectificatif : le montant" not in html


def test_a_withdrawn_laureate_keeps_its_place_and_its_reason(client):
    by = publisher()
    announcement = published(3, by=by)
    laureate = announcement.laureates.get(position=2)
    releases.withdraw_laureate(laureate, by=by, reason=REASON)
    html = text_of(client.get(announcement.get_absolute_url()))
    assert laureate.title not in html
    places = re.findall(r'id="laureat-(\d)"', html)
    assert places == ["1", "2", "3"]
    assert "Le projet nᵒ 2 a été retiré le " in html
    assert html.count(REASON) == 2
    assert "Les 2 dossiers lauréats" in html
    page = text_of(client.get(laureate.get_absolute_url()), 410)
    assert REASON in page
    assert laureate.title not in page


def test_an_announcement_without_version_says_so(client):
    announcement = Announcement.objects.get(pk=prepared(published_at=None).pk)
    releases.publish(announcement, by=publisher())
    Release.objects.get().delete()
    html = text_of(client.get(announcement.get_absolute_url()))
    assert "Aucune version n’a encore été enregistrée" in html


def test_the_changelog_is_text(client):
    by = publisher()
    draft = drafted(by)
    words = "<script>alert(1)</script> & <b>gras</b>"
    releases.publish_draft(draft, by=by, version=draft.version, changelog=words)
    for page in (draft.announcement, Release.objects.get(number=2)):
        html = client.get(page.get_absolute_url()).content.decode()
        assert "&lt;script&gt;alert(1)" in html
        assert "<b>gras" not in html


@pytest.mark.parametrize("count", [1, 3])
def test_the_pages_ask_as_many_queries_whatever_they_list(client, count):
    by = publisher()
    announcement = published(count, by=by)
    for _ in range(count):
        draft = releases.start_draft(announcement, by=by)
        draft = releases.save_announcement(
            draft, by=by, version=draft.version, values={"public_text": f"Texte {draft.pk}"}
        )
        releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    with CaptureQueriesContext(connection) as queries:
        client.get(announcement.releases.first().get_absolute_url())
    assert len(queries) == 4
    with CaptureQueriesContext(connection) as queries:
        client.get(announcement.get_absolute_url())
    versions = [query for query in queries if '"laureates_release' in query["sql"]]
    assert len(versions) <= 3
