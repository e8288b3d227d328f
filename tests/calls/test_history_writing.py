"""Every save and every act leaves an event that says what changed, who did it and why."""

import datetime
import json
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from calls import history
from calls.models import (
    Application,
    Event,
    EventText,
    Recusal,
)
from laureates.models import Laureate
from tests import factories
from tests.admin_pages import save
from tests.events import content, forget_everything, last, texts

CANARY = "zorglubpersonnel"


@pytest.fixture
def agent():
    return factories.UserFactory(superuser=True)


def loaded(factory, **values):
    """A row that the history has never heard of, as one loaded from a file."""
    row = factory(**values)
    forget_everything()
    row.history.all().delete()
    return row


# What a save leaves ---


@pytest.mark.django_db
def test_a_new_row_is_an_event_with_its_values():
    application = factories.ApplicationFactory(title="Un titre", asked_amount=200000)

    event = last()
    assert (event.action, event.kind) == ("created", "+")
    assert (event.object_type, event.object_pk) == ("calls.application", str(application.pk))
    assert event.object_key == application.reference
    assert event.application == application
    assert content()["changes"]["asked_amount"] == [None, "200000.00"]
    assert texts()["after:title"] == "Un titre"
    assert "after:summary" not in texts()


@pytest.mark.django_db
def test_a_change_holds_both_values_and_only_what_changed():
    application = loaded(factories.ApplicationFactory, title="Avant", asked_amount="1.5")
    application.title = "Après"
    application.asked_amount = Decimal("2")
    application.received_on = datetime.date(2019, 7, 12)
    application.save()

    assert content()["changes"] == {
        "asked_amount": ["1.50", "2.00"],
        "received_on": [None, "2019-07-12"],
    }
    assert texts() == {"before:title": "Avant", "after:title": "Après"}
    assert (last().action, last().kind, last().actor) == ("changed", "~", None)


@pytest.mark.django_db
def test_only_saved_fields_count():
    application = factories.ApplicationFactory(title="Avant")
    application.title, application.summary = "Après", "Jamais enregistré"
    application.save(update_fields=["title"])

    assert texts() == {"before:title": "Avant", "after:title": "Après"}


@pytest.mark.django_db
@pytest.mark.parametrize("value", [200000, "200000", Decimal("2E5"), Decimal("200000.000")])
def test_the_same_value_written_otherwise_is_no_change(value):
    application = factories.ApplicationFactory(asked_amount=Decimal("200000.00"))
    before = Event.objects.count()
    application.asked_amount = value
    application.save()

    assert Event.objects.count() == before
    assert application.history.count() == 2


@pytest.mark.django_db
def test_a_deletion_keeps_what_the_row_held():
    bearer = factories.BearerFactory(declared_name="Agence", position=1, role="soutien")
    pk = bearer.pk
    bearer.delete()

    event = last()
    assert (event.action, event.kind, event.object_pk) == ("deleted", "-", str(pk))
    assert event.application == bearer.application
    assert content()["changes"]["role"] == ["soutien", None]
    assert texts() == {"before:declared_name": "Agence"}


@pytest.mark.django_db
def test_rows_deleted_with_another_leave_their_own_event():
    score = factories.ReviewScoreFactory()
    review, application = score.review, score.review.application
    review.delete()

    events = Event.objects.filter(kind="-").order_by("number")
    assert [event.object_type for event in events] == ["calls.reviewscore", "calls.review"]
    assert {event.application_id for event in events} == {application.pk}


@pytest.mark.django_db
def test_themes_of_a_laureate_are_followed():
    theme, other = factories.ThemeFactory(), factories.ThemeFactory()
    laureate = factories.LaureateFactory(themes=[theme])
    laureate.themes.set([other])

    changes = [
        json.loads(event.canonical)["changes"]["themes"]
        for event in Event.objects.filter(object_type="laureates.laureate", kind="~")
    ]
    assert changes[0] == [[], [theme.pk]]
    assert changes[-1] == [[], [other.pk]]
    assert history.verify().holds


@pytest.mark.django_db
def test_themes_of_a_loaded_laureate_do_not_invent_what_preceded():
    laureate = loaded(factories.LaureateFactory)
    theme = factories.ThemeFactory()
    laureate.themes.add(theme)

    assert content()["changes"]["themes"] == [None, [theme.pk]]


@pytest.mark.django_db
def test_the_person_of_the_request_is_the_actor(client, agent):
    client.force_login(agent)
    application = factories.ApplicationFactory(summary="")

    assert save(client, application, summary="Corrigé").status_code == 302

    event = Event.objects.filter(object_type="calls.application").last()
    assert (event.actor, event.action) == (agent, "changed")
    assert texts(event)["after:summary"] == "Corrigé"


@pytest.mark.django_db
def test_what_is_loaded_from_files_is_no_act():
    call_command("loaddata", "territories", "themes", "organisations", verbosity=0)
    call_command("loaddata", "ftap_2019_session_2", verbosity=0)

    assert Application.objects.count() == 29
    assert Event.objects.count() == 0
    assert Application.history.count() == Laureate.history.count() == 0


# Acts ---


@pytest.mark.django_db
def test_an_act_gives_one_event_for_each_row_however_often_saved(agent):
    application = factories.ApplicationFactory(title="Avant", summary="Là")
    other = factories.ApplicationFactory()
    before = Event.objects.count()

    with history.acting(agent, "declare_admissible", "Conforme"):
        application.title = "Pendant"
        application.total_cost = 3
        application.save()
        other.save()
        application.title, application.summary = "Après", ""
        application.total_cost = None
        application.asked_amount = 5
        application.save()

    first, second = Event.objects.order_by("number")[before:]
    assert first.application == application
    assert content(first)["changes"] == {"asked_amount": [None, "5.00"]}
    assert texts(first) == {
        "before:title": "Avant",
        "after:title": "Après",
        "before:summary": "Là",
        "comment": "Conforme",
    }
    assert (first.action, first.actor, first.kind) == ("declare_admissible", agent, "~")
    assert (second.application, content(second)["changes"]) == (other, {})
    assert texts(second) == {"comment": "Conforme"}


@pytest.mark.django_db
def test_what_an_act_undoes_itself_is_no_change(agent):
    application = factories.ApplicationFactory(title="Avant", asked_amount=1)
    with history.acting(agent, "reconsider"):
        application.title, application.asked_amount = "Pendant", 2
        application.save()
        application.title, application.asked_amount = "Avant", 1
        application.save()

    assert content()["changes"] == {}
    assert texts() == {}
    assert last().action == "reconsider"


@pytest.mark.django_db
def test_versions_bear_the_person_and_the_act(agent):
    application = factories.ApplicationFactory()
    with history.acting(agent, "withdraw", "Un motif"):
        application.save()
    version = application.history.first()
    assert (version.history_user, version.history_change_reason) == (agent, "withdraw")

    with history.acting(None, "import"):
        application.save()
    assert application.history.first().history_user is None


@pytest.mark.django_db
def test_acts_nest_and_each_keeps_its_own_words(agent):
    first, second = factories.ApplicationFactory(), factories.ApplicationFactory()
    before = Event.objects.count()
    with history.acting(agent, "close", "Séance"):
        with history.acting(agent, "validate", "Dossier"):
            first.save()
        assert Event.objects.count() == before
        second.save()

    added = Event.objects.order_by("number")[before:]
    assert [(event.action, texts(event)["comment"]) for event in added] == [
        ("validate", "Dossier"),
        ("close", "Séance"),
    ]


@pytest.mark.django_db
def test_an_act_that_fails_leaves_nothing(agent):
    application = factories.ApplicationFactory(title="Avant")
    before = Event.objects.count(), application.history.count()

    def fail():
        with history.acting(agent, "withdraw"):
            application.title = "Pendant"
            application.save()
            history.record("close", factories.CommitteeFactory(), by=agent)
            application.title = ""
            application.save()

    with pytest.raises(IntegrityError):
        fail()
    application.refresh_from_db()
    assert application.title == "Avant"
    assert (Event.objects.count(), application.history.count()) == before
    application.summary = "Ensuite"
    application.save()
    assert last().action == "changed"


@pytest.mark.django_db
def test_an_inner_act_that_fails_leaves_the_outer_one(agent):
    kept, lost = factories.ApplicationFactory(), factories.ApplicationFactory()
    before = Event.objects.count()

    def fail():
        with history.acting(agent, "validate"):
            lost.save()
            history.record("propose", lost, by=agent)
            raise ZeroDivisionError

    with history.acting(agent, "close"):
        kept.save()
        with pytest.raises(ZeroDivisionError):
            fail()

    assert [event.application for event in Event.objects.order_by("number")[before:]] == [kept]
    assert lost.history.count() == 1


@pytest.mark.django_db
def test_an_act_without_a_change_of_field_is_recorded(agent):
    committee = factories.CommitteeFactory()
    application = factories.ApplicationFactory()
    history.record(
        "reorder_agenda",
        committee,
        by=agent,
        comment="Sur demande",
        details={
            "applications": [application],
            "amount": Decimal("12.50"),
            "day": datetime.date(2019, 9, 23),
            "at": datetime.datetime(2019, 9, 23, 8, tzinfo=datetime.UTC),
            "count": 3,
            "recipient": "Paul",
            "names": ["Anne", "Zoé"],
            "none": None,
        },
    )

    event = last()
    assert (event.committee, event.application, event.kind) == (committee, None, "")
    assert content()["details"] == {
        "amount": {"decimal": "12.50"},
        "applications": [{"object": ["calls.application", str(application.pk)]}],
        "at": {"datetime": "2019-09-23T08:00:00.000000+00:00"},
        "count": 3,
        "day": {"date": "2019-09-23"},
        "none": None,
    }
    assert texts() == {
        "comment": "Sur demande",
        "detail:names": "Anne, Zoé",
        "detail:recipient": "Paul",
    }
    with pytest.raises(TypeError):
        history.record("export", committee, by=agent, details={"rate": 0.5})


@pytest.mark.django_db
def test_the_chain_itself_holds_no_text(agent):
    """What the chain can never forget tells of nobody."""
    application = factories.ApplicationFactory(title=CANARY, contact_email=f"{CANARY}@example.org")
    committee = factories.CommitteeFactory(chair=CANARY)
    member = factories.CommitteeMemberFactory(committee=committee, name=CANARY, title=CANARY)
    letter = factories.LetterFactory(application=application, recipient_name=CANARY, body=CANARY)
    factories.NoteFactory(application=application, text=CANARY)
    factories.AttachmentFactory(application=application, filename=f"{CANARY}.csv")
    with history.acting(agent, "withdraw", CANARY):
        application.save()
    history.record("letter_sent", letter, by=agent, comment=CANARY, details={"to": CANARY})
    member.delete()

    assert EventText.objects.filter(text__contains=CANARY).count() >= 9
    for event in Event.objects.all():
        columns = [str(getattr(event, field.attname)) for field in Event._meta.concrete_fields]
        assert not [value for value in columns if CANARY in value]


OWNERS = {
    "Affiliation": (False, False),
    "Announcement": (False, False),
    "Application": (True, False),
    "Attachment": (True, False),
    "Bearer": (True, False),
    "CallSession": (False, False),
    "Committee": (False, True),
    "CommitteeMember": (False, True),
    "Criterion": (False, False),
    "InformationRequest": (True, False),
    "Laureate": (False, False),
    "Letter": (True, False),
    "Note": (True, False),
    "Organisation": (False, False),
    "Recusal": (True, False),
    "Review": (True, False),
    "ReviewScore": (True, False),
    "Selection": (True, True),
    "SessionAccess": (False, False),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", OWNERS)
def test_an_event_is_attached_to_its_dossier_and_its_sitting(name):
    row = getattr(factories, f"{name}Factory")()
    event = Event.objects.of(row).get(object_type=row._meta.label_lower)

    assert (event.application_id is not None, event.committee_id is not None) == OWNERS[name]


@pytest.mark.django_db
def test_a_recusal_of_a_member_is_attached_to_the_sitting_too():
    member = factories.CommitteeMemberFactory()
    factories.RecusalFactory(member=member, user=None)

    assert last().committee == member.committee
    assert last().application == Recusal.objects.get().application
