"""The version of what visitors see: it moves when, and only when, their pages do."""

import datetime
import threading

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from laureates import freshness, releases
from laureates.models import Announcement, PublicState
from tests.factories import (
    PAST,
    AnnouncementFactory,
    CarrierFactory,
    ClaimFactory,
    DocumentFactory,
    ErrorReportFactory,
    LaureateFactory,
    MinistryFactory,
    OrganisationFactory,
    ReleaseDraftFactory,
    TerritoryFactory,
    ThemeFactory,
)
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


def project(**values):
    """A laureate with everything that its page reads."""
    ministry = MinistryFactory()
    return LaureateFactory(
        announcement=AnnouncementFactory(**values),
        carriers=[OrganisationFactory(supervising_ministry=ministry)],
        themes=[ThemeFactory()],
        territories=[TerritoryFactory(department=True, region=TerritoryFactory())],
    )


def add(relation, row):
    return lambda laureate: getattr(laureate, relation).add(row())


# Every way in which the rows of a project change.
CHANGES = {
    "announcement": lambda laureate: laureate.announcement.save(),
    "laureate": lambda laureate: laureate.save(),
    "carrier": lambda laureate: laureate.carriers.get().save(),
    "new carrier": lambda laureate: CarrierFactory(laureate=laureate),
    "carrier removed": lambda laureate: laureate.carriers.get().delete(),
    "organisation": lambda laureate: laureate.organisations.get().save(),
    "ministry": lambda laureate: laureate.organisations.get().supervising_ministry.save(),
    "theme": lambda laureate: laureate.themes.get().save(),
    "territory": lambda laureate: laureate.territories.get().save(),
    "region": lambda laureate: laureate.territories.get().region.save(),
    "theme added": add("themes", ThemeFactory),
    "theme removed": lambda laureate: laureate.themes.clear(),
    "theme given": lambda laureate: ThemeFactory().laureates.add(laureate),
    "territory added": add("territories", TerritoryFactory),
    "territory removed": lambda laureate: laureate.territories.set([]),
    "new laureate": lambda laureate: LaureateFactory(announcement=laureate.announcement),
    "laureate removed": lambda laureate: laureate.delete(),
    "claim": lambda laureate: ClaimFactory(announcement=laureate.announcement),
    "claim changed": lambda laureate: laureate.announcement.claims.get().save(),
    "claim removed": lambda laureate: laureate.announcement.claims.get().delete(),
    "document": lambda laureate: DocumentFactory(announcement=laureate.announcement),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("traits", "moves"),
    [({}, True), ({"draft": True}, False), ({"embargoed": True}, False)],
    ids=["public", "draft", "embargoed"],
)
def test_the_version_moves_with_public_rows_alone(traits, moves, change):
    laureate = project(**traits)
    ClaimFactory(announcement=laureate.announcement)
    before = freshness.current()
    CHANGES[change](laureate)
    after = freshness.current()
    assert (after.key != before.key) == moves
    assert (after.changed_at != before.changed_at) == moves


@pytest.mark.parametrize(
    "change",
    [
        lambda: OrganisationFactory().save(),
        lambda: ThemeFactory().save(),
        lambda: TerritoryFactory().save(),
        ErrorReportFactory,
        lambda: ReleaseDraftFactory(announcement=Announcement.objects.first()),
        lambda: AnnouncementFactory(draft=True).delete(),
    ],
)
def test_what_nothing_public_uses_moves_nothing(change):
    project()
    before = freshness.current()
    change()
    assert freshness.current() == before


def test_a_figure_of_the_fund_is_public():
    before = freshness.current()
    ClaimFactory(announcement=None, scope="fund")
    assert freshness.current() != before


def test_before_anything_is_public_no_change_has_a_date():
    assert freshness.current() == freshness.Version("0-0", None)


def test_the_life_of_an_announcement_moves_it_at_its_public_moments_only():
    by = publisher()
    published()
    keys = [freshness.current().key]

    def moved():
        keys.append(freshness.current().key)
        return keys[-1] != keys[-2]

    announcement, at = prepared(), in_an_hour()
    releases.schedule(announcement, by=by, at=at)
    assert not moved()
    releases.unschedule(announcement, by=by, reason=REASON)
    assert not moved()
    releases.schedule(announcement, by=by, at=at)
    assert not moved()
    with time_machine.travel(at - datetime.timedelta(microseconds=1), tick=False):
        assert not moved()
    with time_machine.travel(at, tick=False):
        assert moved()
        assert freshness.current().changed_at == at
        draft = releases.start_draft(announcement, by=by)
        draft = releases.save_announcement(
            draft, by=by, version=draft.version, values={"public_text": "Corrigé."}
        )
        with releases.as_if_published(announcement, content=releases.content.of_draft(draft)):
            assert freshness.current().key != keys[-1]  # undone with the preview
        assert not moved()
        releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
        assert moved()
        releases.withdraw_laureate(announcement.laureates.first(), by=by, reason=REASON)
        assert moved()
        releases.abandon_draft(releases.start_draft(announcement, by=by), by=by)
        assert not moved()
        releases.withdraw_announcement(announcement, by=by, reason=REASON)
        assert moved()
    assert len(set(keys)) == 5  # never a key again that meant something else


def test_the_date_is_that_of_the_last_change():
    first = timezone.now() + datetime.timedelta(days=1)
    laureate = project()
    with time_machine.travel(first, tick=False):
        laureate.save()
    assert freshness.current().changed_at == first
    # A minute of the past that is entered late is no change of the past.
    AnnouncementFactory(published_at=PAST - datetime.timedelta(days=9))
    assert freshness.current().changed_at < first


def test_a_load_of_data_moves_it():
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
    before = freshness.current()
    assert before.changed_at is not None
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
    assert freshness.current() == before  # the same data
    Announcement.objects.update(title="Autre")
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
    assert freshness.current() != before


def test_a_change_that_is_undone_moves_nothing():
    laureate = project()
    before = freshness.current()
    with transaction.atomic():
        laureate.save()
        transaction.set_rollback(True)
    assert freshness.current() == before


def test_a_version_costs_a_query(django_assert_num_queries):
    project()
    with django_assert_num_queries(1):
        freshness.current()


def elsewhere(act):
    """`act`, done through a connection of its own, and its answer."""
    answers = []

    def run():
        answers.append(act())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    return answers[0]


@pytest.mark.django_db(transaction=True)
def test_a_version_that_cannot_have_moved_is_not_read_again():
    project()
    versions = [freshness.current()]
    with CaptureQueriesContext(connection) as queries:
        assert freshness.current() == versions[0]
    assert len(queries) == (0 if connection.vendor == "sqlite" else 1)
    for act in (freshness.touch, lambda: elsewhere(freshness.touch), freshness.touch):
        act()
        versions.append(freshness.current())
        assert versions[-1] == freshness.current() == elsewhere(freshness.current)
    assert len({version.key for version in versions}) == 4
    with transaction.atomic():
        freshness.touch()
        assert freshness.current() != versions[-1]
        transaction.set_rollback(True)
    assert freshness.current() == versions[-1]


@pytest.mark.django_db(transaction=True)
def test_the_minute_of_an_announcement_moves_a_version_that_is_kept():
    moment = timezone.now() + datetime.timedelta(hours=1)
    project(published_at=moment)
    second = datetime.timedelta(seconds=1)
    before = freshness.current()
    with time_machine.travel(moment - second, tick=False):
        assert freshness.current() == before
    with time_machine.travel(moment, tick=False):
        opened = freshness.current()
        assert opened != before
    with time_machine.travel(moment + second, tick=False):
        assert freshness.current() == opened
    # A clock that goes back is believed too.
    assert freshness.current() == before


@pytest.mark.django_db(transaction=True)
def test_changes_at_the_same_moment_are_all_counted():
    laureates = [project() for _ in range(4)]
    number = PublicState.objects.get().number
    gate, errors = threading.Barrier(4), []

    def run(laureate):
        try:
            gate.wait(20)
            laureate.save()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(row,)) for row in laureates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert PublicState.objects.get().number == number + 4


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["organisation", "claim"])
def test_an_edit_during_a_publication_waits_and_neither_is_lost(monkeypatch, what):
    """Both lock the end of the history and the public state: in the same order."""
    by = publisher()
    public = project()
    draft = drafted(by)
    making, errors = threading.Event(), []

    def slow(announcement, release):
        making.set()
        edit.join(1.5)
        return fake_files(announcement, release)

    def change():
        try:
            making.wait(20)
            with transaction.atomic():
                if what == "organisation":
                    row = public.organisations.get()
                    row.short_name = "CHANGÉ"
                    row.save()
                else:
                    ClaimFactory(announcement=draft.announcement, slug="pendant")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    edit = threading.Thread(target=change)
    edit.start()
    monkeypatch.setattr(releases.freezing.files, "build", slow)
    releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    edit.join(60)
    assert errors == []
    if what == "organisation":
        assert public.organisations.get().short_name == "CHANGÉ"
    else:
        assert draft.announcement.claims.filter(slug="pendant").exists()
