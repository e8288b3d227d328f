"""Two people, or two clicks, at once on a text."""

import pytest

from ftap.refusals import Stale
from laureates.importers.text import gates
from laureates.models import Announcement, AnnouncementText, Laureate
from tests.calls.test_deliberation_races import one_after_the_other
from tests.factories import UserFactory
from tests.laureates.test_text_gates import deposit, own, settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person():
    own.known_organisations()
    return UserFactory(role="Publication")


def test_two_clicks_deposit_one_text(person):
    first, second = one_after_the_other(lambda: deposit(person), lambda: deposit(person))
    assert first == second
    assert AnnouncementText.objects.count() == 1


def test_two_clicks_create_one_announcement(person):
    row = settle(deposit(person), person)
    seen = gates.seal(gates.refreshed(row))

    def act():
        return gates.turn_into_announcement(row, by=person, seen=seen)

    first, second = one_after_the_other(act, act)
    assert first == second
    assert Announcement.objects.count() == 1
    assert Laureate.objects.count() == 16


def test_of_two_corrections_of_one_field_the_second_is_shown_both(person):
    row, other = deposit(person), UserFactory(role="Publication")

    def correct(by, title):
        return gates.correct(row, {"header": {"title": title}}, by=by, version=1)

    won, lost = one_after_the_other(lambda: correct(person, "Un"), lambda: correct(other, "Deux"))
    assert won.version == 2
    assert isinstance(lost, Stale)
    assert (lost.stored, lost.typed) == ({"titre": "Un"}, {"titre": "Deux"})
