"""When a call is public: the gates, and the pages of the staff that lead to them."""

import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from calls import publicity
from calls.models import Call, Event
from calls.permissions import Hidden, Refusal
from tests.factories import (
    PAST,
    CallDocumentFactory,
    CallFactory,
    CallSessionFactory,
    CriterionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime.datetime(2026, 10, 12, 12, 0, tzinfo=PARIS)
LATER = NOON + datetime.timedelta(days=3)
GATES = {
    "publish": lambda call, by: publicity.publish(call, by=by),
    "unschedule": lambda call, by: publicity.unschedule(call, by=by),
    "withdraw": lambda call, by: publicity.withdraw(call, by=by, reason="Une erreur."),
    "restore": lambda call, by: publicity.restore(call, by=by, reason="Une erreur."),
}
STATES = {
    "draft": {},
    "scheduled": {"published_at": LATER},
    "public": {"published_at": PAST},
    "withdrawn": {"published_at": PAST, "withdrawn_at": PAST + datetime.timedelta(days=9)},
    "fictional": {"is_fictional": True},
}
ALLOWED = {
    ("publish", "draft"),
    ("publish", "scheduled"),
    ("unschedule", "scheduled"),
    ("withdraw", "public"),
    ("restore", "withdrawn"),
}
RIGHTS = {"publish", "unschedule", "withdraw", "restore"}


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def publisher():
    return UserFactory(role="Publication")


def page(call, name, *args):
    return reverse(f"admin:calls_call_{name}", args=[call.pk, *args])


# Gates -----------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("gate", GATES)
def test_every_act_in_every_state(publisher, gate, state):
    call = CallFactory(**STATES[state])
    refusal = getattr(publicity, f"{gate}_refusal")(call)
    if (gate, state) in ALLOWED:
        assert refusal == ""
        GATES[gate](call, publisher)
        return
    assert refusal
    with pytest.raises(Refusal, match=refusal[:20]):
        GATES[gate](call, publisher)
    assert Call.objects.filter(pk=call.pk, **STATES[state]).exists()


@pytest.mark.parametrize("gate", GATES)
def test_only_a_publisher_makes_a_call_public(gate):
    state = next(state for name, state in ALLOWED if name == gate)
    call = CallFactory(**STATES[state])
    for role in ("Lecture", "Secrétariat", "Décision", "Instruction"):
        with pytest.raises(PermissionDenied):
            GATES[gate](call, UserFactory(role=role))
    GATES[gate](call, UserFactory(superuser=True))


def test_a_call_that_vanished_is_hidden(publisher):
    call = CallFactory()
    Call.objects.filter(pk=call.pk).delete()
    with pytest.raises(Hidden):
        publicity.publish(call, by=publisher)


def test_the_row_is_read_again(publisher):
    """A second click, on a page opened before the first."""
    call = CallFactory()
    stale = Call.objects.get(pk=call.pk)
    publicity.publish(call, by=publisher)
    with pytest.raises(Refusal, match="déjà public"):
        publicity.publish(stale, by=publisher)


def test_a_call_is_public_from_its_minute_on(publisher):
    call = publicity.publish(CallFactory(), by=publisher, at=LATER)
    assert not publicity.is_public(call)
    for seconds, expected in ((-1, False), (0, True)):
        with time_machine.travel(LATER + datetime.timedelta(seconds=seconds), tick=False):
            assert publicity.is_public(call) == expected
    moved = publicity.publish(call, by=publisher, at=LATER + datetime.timedelta(days=1))
    assert moved.published_at == LATER + datetime.timedelta(days=1)


@pytest.mark.parametrize("at", [NOON, NOON - datetime.timedelta(seconds=1)])
def test_a_minute_that_is_past_is_refused(publisher, at):
    call = CallFactory()
    with pytest.raises(Refusal, match="Cette minute est passée"):
        publicity.publish(call, by=publisher, at=at)
    call.refresh_from_db()
    assert call.published_at is None


def test_a_withdrawal_has_a_reason_and_its_end_too(publisher):
    call = CallFactory(published_at=PAST)
    for reason in ("", " \r\n "):
        with pytest.raises(Refusal, match="Indiquez le motif"):
            publicity.withdraw(call, by=publisher, reason=reason)
    publicity.withdraw(call, by=publisher, reason="Une erreur.")
    restored = publicity.restore(call, by=publisher, reason="Corrigée.")
    assert restored.published_at == PAST
    assert publicity.is_public(restored)


def test_every_act_is_in_the_history(publisher):
    call = CallFactory()
    publicity.publish(call, by=publisher, at=LATER)
    publicity.unschedule(call, by=publisher)
    publicity.publish(call, by=publisher)
    publicity.withdraw(call, by=publisher, reason="Une erreur.")
    publicity.restore(call, by=publisher, reason="Corrigée.")
    actions = Event.objects.filter(actor=publisher).order_by("number")
    assert list(actions.values_list("action", flat=True)) == [
        "schedule_call",
        "unschedule_call",
        "publish_call",
        "withdraw_call",
        "restore_call",
    ]


# The staff's pages -----------------------------------------------------------


@pytest.fixture
def staff(client, publisher):
    client.force_login(publisher)
    return client


def test_a_publisher_schedules_then_unschedules(staff):
    call = CallFactory(title="Appel de l’essai")
    form = staff.get(page(call, "publish")).content.decode()
    assert 'type="date"' in form
    response = staff.post(
        page(call, "publish"), {"at_0": "2026-10-15", "at_1": "10:30"}, follow=True
    )
    assert response.redirect_chain == [(page(call, "change"), 302)]
    shown = response.content.decode()
    assert "le jeudi 15\u00a0octobre 2026 à 10\u00a0h\u00a030" in shown
    assert page(call, "unschedule") in shown
    assert page(call, "withdraw") not in shown
    call.refresh_from_db()
    assert call.published_at == datetime.datetime(2026, 10, 15, 10, 30, tzinfo=PARIS)
    again = staff.get(page(call, "publish")).content.decode()
    assert 'value="2026-10-15"' in again
    assert 'value="10:30"' in again
    staff.post(page(call, "unschedule"))
    call.refresh_from_db()
    assert call.published_at is None


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"at_0": "2026-10-12", "at_1": "11:59"}, "Cette minute est passée"),
        ({"at_0": "demain", "at_1": "10:30"}, "Écrivez la date ainsi"),
        ({"at_0": "2026-10-15", "at_1": "midi"}, "Écrivez l’heure et la minute ainsi"),
        # An hour that no clock shows, and one that clocks show twice.
        ({"at_0": "2027-03-28", "at_1": "02:30"}, "fuseau horaire"),
        ({"at_0": "2026-10-25", "at_1": "02:30"}, "fuseau horaire"),
        ({"at_0": "2026-10-15", "at_1": ""}, "Écrivez l’heure et la minute ainsi"),
    ],
)
def test_a_minute_that_cannot_be_is_said_so(staff, typed, message):
    call = CallFactory()
    response = staff.post(page(call, "publish"), typed)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert "Rien n’a été enregistré." in response.content.decode()
    call.refresh_from_db()
    assert call.published_at is None


def test_withdraw_and_restore_from_the_screen(staff):
    call = CallFactory(published_at=PAST)
    assert (
        "Indiquez le motif" in staff.post(page(call, "withdraw"), {"reason": ""}).content.decode()
    )
    staff.post(page(call, "withdraw"), {"reason": "Une erreur."})
    assert staff.get(call.get_absolute_url()).status_code == 410
    second = staff.post(page(call, "withdraw"), {"reason": "Une erreur."})
    assert "Cet appel est déjà retiré." in second.content.decode()
    staff.post(page(call, "restore"), {"reason": "Corrigée."})
    assert staff.get(call.get_absolute_url()).status_code == 200


def test_an_act_that_is_not_possible_says_why(staff):
    call = CallFactory(published_at=PAST)
    shown = staff.get(page(call, "publish")).content.decode()
    assert "Cet appel est déjà public." in shown
    assert 'class="ftap-act-form"' not in shown
    refused = staff.post(page(call, "unschedule"), follow=True)
    assert "il se retire et ne se déprogramme plus" in refused.content.decode()
    assert staff.delete(page(call, "publish")).status_code == 405


@pytest.mark.parametrize("role", ["Lecture", "Secrétariat", "Décision"])
def test_the_others_read_the_preview_and_act_on_nothing(client, role):
    client.force_login(UserFactory(role=role))
    call = CallFactory()
    shown = client.get(page(call, "change")).content.decode()
    assert page(call, "preview") in shown
    assert page(call, "publish") not in shown
    assert client.get(page(call, "preview")).status_code == 200
    for name in RIGHTS:
        assert client.get(page(call, name)).status_code == 403
        assert client.post(page(call, name)).status_code == 403


def test_who_is_on_no_call_sees_no_preview(client):
    call = CallFactory()
    assert client.get(page(call, "preview")).status_code == 302
    client.force_login(UserFactory(staff=True))
    assert client.get(page(call, "preview")).status_code == 403
    client.force_login(UserFactory(role="Publication"))
    call.delete()
    assert client.get("/admin/calls/call/999999/apercu/").status_code == 404


@pytest.mark.parametrize("published_at", [None, LATER, PAST])
def test_the_preview_is_the_public_page(client, publisher, published_at):
    call = CallFactory(published_at=published_at, public_text="Un **appel**.", staff_note="Secret")
    session = CallSessionFactory(call=call, opens_on=NOON.date(), envelope=1, staff_note="Secret")
    CriterionFactory(call=call)
    CallDocumentFactory(call=call)
    client.force_login(publisher)
    previews = {
        call: page(call, "preview"),
        session: page(call, "preview_session", session.slug),
    }
    found = {row: client.get(address) for row, address in previews.items()}
    with time_machine.travel(LATER, tick=False):
        Call.objects.filter(pk=call.pk).update(published_at=PAST)
    for row, response in found.items():
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        shown = response.content.decode()
        assert "Aperçu réservé aux agents" in shown
        assert ("Cette page est publique." in shown) == (published_at == PAST)
        assert "noindex" in shown
        assert "Secret" not in shown
        public = client.get(row.get_absolute_url()).content.decode()
        assert "Aperçu réservé" not in public
        for hidden, address in previews.items():
            if hidden is not row:
                public = public.replace(f'href="{hidden.get_absolute_url()}"', f'href="{address}"')
        assert shown.split("<main")[1] == public.split("<main")[1]


def test_the_preview_of_an_unknown_session_is_unknown(staff):
    call, other = CallFactory(), CallSessionFactory()
    assert staff.get(page(call, "preview_session", other.slug)).status_code == 404


def test_the_form_never_makes_a_call_public(staff):
    call = CallFactory()
    form = staff.get(page(call, "change")).content.decode()
    assert 'name="published_at_0"' not in form
    assert 'name="how_to_apply"' in form
    assert 'name="documents-TOTAL_FORMS"' in form


def test_the_address_of_a_session_that_visitors_know_is_kept(client):
    client.force_login(UserFactory(role="Secrétariat"))
    session = CallSessionFactory()
    address = reverse("admin:calls_callsession_change", args=[session.pk])
    form = client.get(address).content.decode()
    assert 'name="slug"' in form
    assert 'name="envelope_is_public"' in form
    assert session.get_absolute_url() not in form
    Call.objects.filter(pk=session.call_id).update(published_at=PAST)
    form = client.get(address).content.decode()
    assert 'name="slug"' not in form
    assert session.get_absolute_url() in form


def test_a_document_belongs_to_a_session_of_its_own_call(staff):
    call, other = CallSessionFactory().call, CallSessionFactory()
    form = staff.get(page(call, "change")).content.decode()
    choices = form.split('name="documents-__prefix__-session"')[1].split("</select>")[0]
    assert f'value="{call.sessions.get().pk}"' in choices
    assert f'value="{other.pk}"' not in choices
