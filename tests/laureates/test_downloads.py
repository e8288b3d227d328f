"""Streamed downloads are what `native` writes of the same list, read at one moment."""

import datetime
import json
import threading
from urllib.parse import urlencode

import hypothesis
import pytest
import time_machine
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from hypothesis import strategies as st

from laureates import downloads, freshness, opendata
from laureates.filters import LaureateFilterSet
from laureates.models import Announcement, Laureate, Record, Release
from laureates.opendata import native
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
from tests.laureates.test_exports import FILTERS, fill

pytestmark = pytest.mark.django_db

SITE = "https://essai.example.org"
NOON = datetime.datetime(2027, 3, 1, 12, 0, tzinfo=datetime.UTC)


def joined(pieces):
    return b"".join(pieces)


def filtered(query=""):
    return downloads.Filtered(lambda: LaureateFilterSet(QueryDict(query)))


def about(context):
    return native.about(context, title="Essai", filters="tout")


def check(selection, queryset):
    """The files of both ways, once they are the same."""
    context = opendata.context(SITE)
    csv = joined(downloads.stream_csv(selection, SITE))
    assert csv == joined(native.stream_csv(queryset, context))
    found = joined(downloads.stream_json(selection, SITE, about))
    assert found == joined(native.stream_json(queryset, context, about(context)))
    return csv, found


@pytest.fixture
def library():
    fill(12)
    announcement = AnnouncementFactory(session_label="2de session", committee_on=NOON.date())
    group = LaureateGroupFactory(announcement=announcement, amount=2_000_000)
    laureate = LaureateFactory(
        announcement=announcement,
        group=group,
        carriers=[],
        description='=Un *guichet*,\n\n"pour\ttous" \x01\x02\x03 \u2028',
        former_titles="Comptoir\nBureau",
        themes=[ThemeFactory(), ThemeFactory()],
        territories=[TerritoryFactory(department=True), TerritoryFactory()],
    )
    bodies = [OrganisationFactory(siret="12000101100010"), MinistryFactory(), OrganisationFactory()]
    for body, role in zip(bodies, ("chef-de-file", "co-porteur", None), strict=True):
        CarrierFactory(laureate=laureate, organisation=body, role=role)
    ReleaseFactory(announcement=announcement)
    ReleaseFactory(announcement=announcement)


@hypothesis.settings(
    max_examples=30, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(asked=FILTERS, size=st.sampled_from([1, 3, 128]))
def test_a_filtered_list_is_streamed_as_it_is_written(library, asked, size):
    query = urlencode([pair for pair in asked if pair[0] != "page"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloads, "BATCH", size)
        patch.setattr(downloads, "_KEYS", size * 2)
        check(filtered(query), LaureateFilterSet(QueryDict(query)).qs)


def test_the_list_above_is_not_empty(library):
    csv, found = check(filtered(), Laureate.objects.published().in_public_order())
    assert csv.count(b"\r\n") > 13
    assert len(json.loads(found)["laureats"]) == 13


def test_a_query_set_is_streamed_in_its_order(library):
    laureates = Laureate.objects.published().order_by("title", "-pk")
    check(downloads.Queried(laureates), laureates)
    nothing = Laureate.objects.none()
    assert joined(downloads.stream_csv(downloads.Queried(nothing), SITE)).count(b"\r\n") == 1


def test_before_any_publication_files_are_empty():
    check(filtered(), Laureate.objects.published())


def test_the_first_piece_needs_no_reading(library, django_assert_num_queries):
    selection = filtered()
    with django_assert_num_queries(0):
        assert next(downloads.stream_csv(selection, SITE)).startswith(b"\xef\xbb\xbfid,url,")


def test_what_comes_during_a_download_is_not_in_it(library, monkeypatch):
    monkeypatch.setattr(downloads, "BATCH", 2)
    with time_machine.travel(NOON - datetime.timedelta(seconds=1), tick=False) as clock:
        LaureateFactory(announcement=AnnouncementFactory(published_at=NOON), title="Zorglub")
        count = Laureate.objects.published().count()
        pieces = downloads.stream_csv(filtered(), SITE)
        first = next(pieces) + next(pieces)
        clock.move_to(NOON + datetime.timedelta(seconds=1))
        LaureateFactory(announcement=AnnouncementFactory(), title="Zorglub")
        content = first + joined(pieces)
        assert b"Zorglub" not in content
        assert content.count(b"\r\nessai") == count
        assert joined(downloads.stream_csv(filtered(), SITE)).count(b",Zorglub,") == 2


def test_the_number_of_a_release_to_come_waits_for_its_minute(library):
    announcement = Release.objects.first().announcement
    ReleaseFactory(announcement=announcement, published_at=NOON)
    listed = Laureate.objects.published().filter(announcement=announcement)
    for shift in (-1, 0):
        with time_machine.travel(NOON + datetime.timedelta(seconds=shift), tick=False):
            check(downloads.Queried(listed), listed)


def test_a_list_that_keeps_changing_is_asked_of_the_snapshot(library, monkeypatch):
    write = downloads.catalogue.Write(-1, "")
    monkeypatch.setattr(downloads, "_last_write", lambda database: write)
    selection = filtered("tri=titre&annonce=ancienne")
    expected = LaureateFilterSet(QueryDict("tri=titre&annonce=ancienne")).qs
    check(selection, expected)
    assert selection.settled(connection, freshness.current()) is None


# One moment ------------------------------------------------------------------


@pytest.fixture
def file_database(tmp_path):
    """Two connections to one file of SQLite, set as in production."""
    options = {
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA busy_timeout=200;",
    }
    given = connections["default"].settings_dict | {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "base.sqlite3"),
        "OPTIONS": options,
    }
    made = [DatabaseWrapper(given, alias) for alias in ("one", "two")]
    yield made
    for database in made:
        database.close()


def run(database, *statements):
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


@pytest.mark.sqlite
def test_a_snapshot_neither_sees_a_writer_nor_holds_it(file_database, monkeypatch):
    usual, writer = file_database
    run(usual, "CREATE TABLE a (b integer)", "INSERT INTO a VALUES (1)")
    monkeypatch.setattr(downloads, "connection", usual)
    with downloads.snapshot() as database:
        assert database is not usual
        assert run(database, "SELECT b FROM a") == [(1,)]
        run(writer, "BEGIN IMMEDIATE", "UPDATE a SET b = 2", "COMMIT")
        assert run(usual, "SELECT b FROM a") == [(2,)]
        assert run(database, "SELECT b FROM a") == [(1,)]
    assert database.connection is None


@pytest.mark.sqlite
def test_a_snapshot_ends_with_the_client(file_database, monkeypatch):
    usual, _ = file_database
    run(usual, "CREATE TABLE a (b integer)")
    monkeypatch.setattr(downloads, "connection", usual)
    opened = []

    def pieces():
        with downloads.snapshot() as database:
            opened.append(database)
            yield b""

    stream = pieces()
    next(stream)
    assert opened[0].connection is not None
    stream.close()
    assert opened[0].connection is None


@pytest.mark.sqlite
def test_in_memory_and_in_a_transaction_the_usual_connection_reads():
    with downloads.snapshot() as database:
        assert database is connection


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_rectification_in_the_middle_tears_nothing(monkeypatch):
    """Another connection rewrites, withdraws and adds between two pieces."""
    monkeypatch.setattr(downloads, "BATCH", 2)
    announcement = AnnouncementFactory()
    rows = [LaureateFactory(announcement=announcement, title=f"Avant {n}") for n in range(9)]
    expected = joined(native.stream_csv(Laureate.objects.in_public_order(), opendata.context(SITE)))
    pieces = downloads.stream_csv(filtered(), SITE)
    content = next(pieces) + next(pieces)

    def rectify():
        for row in rows:
            row.title = "Après"
            row.save()
        rows[-1].delete()
        LaureateFactory(announcement=announcement, title="Après")
        Announcement.objects.filter(pk=announcement.pk).update(title="Après")
        announcement.refresh_from_db()
        announcement.withdrawn_at = timezone.now()
        announcement.withdrawal_reason = "Retirée."
        announcement.save()
        connections.close_all()

    other = threading.Thread(target=rectify)
    other.start()
    other.join()
    assert content + joined(pieces) == expected
    assert joined(downloads.stream_csv(filtered(), SITE)).count(b"\r\n") == 1
    assert Record.objects.filter(csv__contains="Après").count() == 9


@pytest.mark.parametrize("format", native.MEDIA_TYPES)
def test_a_file_that_the_client_has_costs_one_query(
    client, library, django_assert_num_queries, format
):
    address = reverse("laureates:library_export", args=[format]) + "?theme=eau"
    etag = client.head(address)["ETag"]
    with django_assert_num_queries(1):
        assert client.get(address, headers={"if-none-match": etag}).status_code == 304


def test_a_list_too_long_for_a_workbook_is_counted_from_bitmaps(
    client, library, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(native, "MAX_WORKBOOK_ROWS", 3)
    address = reverse("laureates:library_export", args=["xlsx"])
    assert client.get(address).status_code == 400
    assert client.get(f"{address}?q=zorglub").status_code == 200
