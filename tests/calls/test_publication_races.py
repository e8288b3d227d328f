"""Two people at once on an announcement and its decisions: one act wins, nothing is torn."""

import pytest

from calls import deliberation, publication
from calls.models import Publication, Selection
from calls.permissions import Refusal
from laureates import releases
from laureates.models import Announcement, Laureate
from tests.calls.sittings import decider, fresh
from tests.calls.test_deliberation_races import one_after_the_other
from tests.calls.test_publication import closed, prepared, publisher, typed

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_preparations_one_wins():
    committee = closed()
    acts = []
    for by in (publisher(), publisher()):
        values = typed([committee], by)
        acts.append(
            lambda by=by, values=values: publication.prepare([committee], by=by, values=values)
        )
    won, lost = one_after_the_other(*acts)
    assert isinstance(won, Publication)
    assert isinstance(lost, Refusal)
    assert "de décision à annoncer" in lost.messages[0]
    assert Announcement.objects.count() == Publication.objects.count() == 1
    assert Laureate.objects.count() == 2


def test_of_a_preparation_and_a_reopening_the_preparation_waits_and_finds_nothing():
    committee = closed()
    by = publisher()
    values = typed([committee], by)
    opened, lost = one_after_the_other(
        lambda: deliberation.reopen(committee, by=decider(), reason="Erreur."),
        lambda: publication.prepare([committee], by=by, values=values),
    )
    assert opened.state == "open"
    assert isinstance(lost, Refusal)
    assert not Laureate.objects.exists()


@pytest.mark.parametrize("publishing_first", [True, False])
def test_of_a_publication_and_a_reopening_one_wins(publishing_first):
    made = prepared()
    committee, by, chair = made.committees.get(), publisher(), decider()

    def publish():
        return releases.publish(made.announcement, by=by)

    def reopen():
        return deliberation.reopen(committee, by=chair, reason="Erreur.")

    acts = (publish, reopen) if publishing_first else (reopen, publish)
    won, lost = one_after_the_other(*acts)
    assert not isinstance(won, Exception)
    assert isinstance(lost, Refusal)
    if publishing_first:
        assert Laureate.objects.published().count() == 2
        assert fresh(committee).state == "closed"
        assert Selection.objects.filter(laureate__isnull=False).count() == 2
    else:
        assert "rouverte" in " ".join(lost.messages)
        assert not Laureate.objects.published().exists()


def test_of_two_synchronisations_the_second_has_nothing_to_do():
    made = prepared()
    committee = made.committees.get()
    deliberation.reopen(committee, by=decider(), reason="Erreur.")
    committee = fresh(committee)
    deliberation.close(committee, by=decider(), version=committee.version)
    people = [publisher(), publisher()]
    first, second = one_after_the_other(
        *(lambda by=by: publication.synchronise(made, by=by) for by in people)
    )
    assert len(first.linked) == 2
    assert second.is_empty
    assert Laureate.objects.count() == 2
