"""Which events exist for whom."""

import pytest

from calls import history
from calls.models import (
    Application,
    Event,
    Recusal,
)
from tests import factories
from tests.events import person, tamper

CANARY = "zorglubpersonnel"


@pytest.fixture
def agent():
    return factories.UserFactory(superuser=True)


@pytest.fixture
def sitting(agent):
    """A sitting with two dossiers, one of them secret."""
    selection = factories.SelectionFactory(application__title=CANARY)
    other = factories.SelectionFactory(
        committee=selection.committee, application__session=selection.application.session
    )
    history.record(
        "reorder_agenda",
        selection.committee,
        by=agent,
        comment="Ordre revu",
        details={"applications": [selection.application, other.application]},
    )
    return selection.committee, selection.application, other.application


def read_by(user):
    return set(Event.objects.visible_to(user).values_list("pk", flat=True))


@pytest.mark.django_db
def test_the_events_of_a_dossier_are_for_those_who_read_it_in_full(sitting):
    committee, secret, _ = sitting
    secretariat = person("Secrétariat")
    events = set(Event.objects.filter(application=secret).values_list("pk", flat=True))
    assert len(events) >= 2
    assert events <= read_by(secretariat)

    reviewer = person("Avis")
    factories.ReviewFactory(application=secret, reviewer=reviewer)
    assert Application.objects.visible_to(reviewer).filter(pk=secret.pk).exists()
    assert not events & read_by(reviewer)

    officer = person("Instruction")
    assert not events & read_by(officer)
    own = factories.ApplicationFactory(case_officer=officer)
    assert read_by(officer) & set(Event.objects.of(own).values_list("pk", flat=True))
    assert not events & read_by(officer)

    for user in (secretariat, factories.UserFactory(superuser=True)):
        factories.RecusalFactory(application=secret, user=user)
        assert not events & read_by(user)
        recusal = Event.objects.get(
            object_type="calls.recusal", object_pk=Recusal.objects.last().pk
        )
        assert recusal.pk not in read_by(user)
        assert set(Event.objects.filter(committee=committee, application=None)) <= set(
            Event.objects.visible_to(user)
        )


@pytest.mark.django_db
def test_the_events_of_other_rows_are_for_those_who_view_them(sitting):
    organisation, access = factories.OrganisationFactory(), factories.SessionAccessFactory()
    stranger, reader, publisher = factories.UserFactory(), person("Lecture"), person("Publication")
    of_organisation = Event.objects.of(organisation).get().pk
    of_access = Event.objects.of(access).get().pk

    assert read_by(stranger) == set()
    assert of_organisation in read_by(reader) & read_by(publisher)
    assert of_access not in read_by(reader) | read_by(publisher)
    assert of_access in read_by(person("Secrétariat"))
    assert not Event.objects.visible_to(reader).filter(committee=sitting[0])
    factories.CommitteeMemberFactory(committee=sitting[0], user=reader)
    assert Event.objects.visible_to(reader).filter(committee=sitting[0])


@pytest.mark.django_db
def test_an_event_whose_dossier_was_lost_stays_hidden(agent):
    """An event of an opinion that led to no dossier is for nobody, not for whoever views some."""
    review = factories.ReviewFactory()
    number = Event.objects.get(object_type="calls.review").number
    assert number in read_by(agent)
    tamper("calls_event", "UPDATE calls_event SET application_id = NULL WHERE number = %s", number)

    assert review.pk
    assert number not in read_by(agent)
