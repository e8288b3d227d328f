"""Several people at once on one announcement: one act is done, the others are told of it."""

import threading

import pytest
from django.db import connection, transaction

from calls import history
from calls.models import Event
from ftap.refusals import Refusal
from laureates import releases
from laureates.models import Announcement, Laureate, Release, ReleaseDraft, ReleaseFile
from laureates.releases import content
from tests.laureates.published import (
    REASON,
    WORDS,
    drafted,
    fake_files,
    in_an_hour,
    prepared,
    publisher,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def light_files(monkeypatch):
    monkeypatch.setattr(releases.freezing.files, "build", fake_files)


def together(*acts):
    """What each act gave, a value or what it raised, all begun at the same moment."""
    gate, given = threading.Barrier(len(acts)), [None] * len(acts)

    def run(rank, act):
        try:
            gate.wait(20)
            given[rank] = act()
        except Exception as error:
            given[rank] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return given


def sorted_out(given):
    """(those that were done, those refused): nothing else may happen."""
    done = [value for value in given if not isinstance(value, Exception)]
    refused = [value for value in given if isinstance(value, Refusal)]
    assert len(done) + len(refused) == len(given), given
    return done, refused


def holds():
    assert history.verify().holds
    for release in Release.objects.all():
        assert release.content
        assert release.files.exists()


def test_of_several_publications_one_is_done():
    people, announcement = [publisher() for _ in range(4)], prepared()
    done, refused = sorted_out(
        together(*(lambda by=by: releases.publish(announcement, by=by) for by in people))
    )
    assert len(done) == 1
    assert all("déjà publique" in said.messages[0] for said in refused)
    assert Release.objects.get() == done[0]
    assert Event.objects.filter(action="publish", object_type="laureates.release").count() == 1
    holds()


def test_of_a_publication_and_a_scheduling_one_is_done():
    first, second = publisher(), publisher()
    announcement, at = prepared(), in_an_hour()
    done, refused = sorted_out(
        together(
            lambda: releases.publish(announcement, by=first),
            lambda: releases.schedule(announcement, by=second, at=at),
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    announcement.refresh_from_db()
    assert Release.objects.get().published_at == announcement.published_at
    holds()


def test_of_a_scheduling_and_an_edit_the_frozen_content_is_that_of_the_rows():
    by, announcement = publisher(), prepared()
    pk = announcement.laureates.get(position=1).pk

    def edit():
        with transaction.atomic():
            releases.hold_editable(announcement)
            row = Laureate.objects.get(pk=pk)
            row.title = "Corrigé à temps"
            row.save()

    given = together(
        lambda: releases.schedule(announcement, by=by, at=in_an_hour()),
        edit,
    )
    done, refused = sorted_out(given)
    assert not isinstance(given[0], Refusal)  # a scheduling is never lost for an edit
    release = Release.objects.get()
    announcement.refresh_from_db()
    assert content.parse(release.content) == content.read(announcement)
    assert ("Corrigé à temps" in release.content) == (not refused)
    assert len(done) + len(refused) == 2
    holds()


def test_of_several_beginnings_of_a_draft_one_is_done():
    by = publisher()
    announcement = prepared()
    releases.publish(announcement, by=by)
    done, refused = sorted_out(
        together(*(lambda: releases.start_draft(announcement, by=by) for _ in range(3)))
    )
    assert (len(done), len(refused)) == (1, 2)
    assert ReleaseDraft.objects.count() == 1
    holds()


def test_of_several_publications_of_a_draft_one_is_done():
    people = [publisher() for _ in range(3)]
    draft = drafted(people[0])
    done, refused = sorted_out(
        together(
            *(
                lambda by=by: releases.publish_draft(
                    draft, by=by, version=draft.version, changelog=WORDS
                )
                for by in people
            )
        )
    )
    assert len(done) == 1
    assert all("n’existe plus" in said.messages[0] for said in refused)
    assert list(Release.objects.values_list("number", flat=True).order_by("number")) == [1, 2]
    holds()


def test_of_two_saves_of_a_draft_one_is_stale():
    people = [publisher() for _ in range(2)]
    draft = drafted(people[0])
    public_id = draft.announcement.laureates.get(position=1).public_id
    done, refused = sorted_out(
        together(
            *(
                lambda by=by, rank=rank: releases.save_laureate(
                    draft,
                    by=by,
                    version=draft.version,
                    public_id=public_id,
                    values={"title": f"Titre {rank}"},
                )
                for rank, by in enumerate(people)
            )
        )
    )
    assert (len(done), len(refused)) == (1, 1)
    assert refused[0].code == "stale"
    draft.refresh_from_db()
    assert content.of_draft(draft) == content.of_draft(done[0])


def test_of_a_withdrawal_and_a_correction_neither_undoes_the_other():
    first, second = publisher(), publisher()
    draft = drafted(first, 3)
    laureate = draft.announcement.laureates.get(position=2)
    given = together(
        lambda: releases.withdraw_laureate(laureate, by=first, reason=REASON),
        lambda: releases.publish_draft(draft, by=second, version=draft.version, changelog=WORDS),
    )
    sorted_out(given)
    assert isinstance(given[0], Release)  # what must go goes, whoever else is at work
    laureate.refresh_from_db()
    assert laureate.withdrawn_at is not None
    last = Release.objects.latest("number")
    assert laureate.title not in last.content
    assert content.parse(last.content) == content.read(draft.announcement)
    if isinstance(given[1], Refusal):  # the draft changed under the eyes of its publisher
        assert given[1].code == "stale"
        assert ReleaseDraft.objects.count() == 1
    else:
        assert Release.objects.count() == 3
        assert not ReleaseDraft.objects.exists()
    holds()


def test_of_two_unschedulings_one_is_done():
    by, announcement = publisher(), prepared()
    releases.schedule(announcement, by=by, at=in_an_hour())
    done, refused = sorted_out(
        together(*(lambda: releases.unschedule(announcement, by=by, reason=REASON) for _ in "ab"))
    )
    assert (len(done), len(refused)) == (1, 1)
    assert Announcement.objects.get().published_at is None
    assert not Release.objects.exists()
    assert not ReleaseFile.objects.exists()
    assert history.verify().holds
