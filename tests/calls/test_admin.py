"""The screens of the calls: no state is typed, what is decided is read-only."""

import pytest

from calls.models import Application, CallSession, Committee, Selection
from tests import factories
from tests.admin_pages import errors_of, form_data, save, url

pytestmark = pytest.mark.django_db

FORGED = {
    "state": "validated",
    "state_badge": "validated",
    "outcome": "retained",
    "granted_amount": "1000000",
    "amount_not_disclosed": "on",
    "decided_on": "23/09/2019",
    "decided_by": "1",
    "record_source": "Forgé",
    "superseded_at_0": "23/09/2019",
    "superseded_at_1": "10:00",
}


@pytest.fixture
def staff(client):
    client.force_login(factories.UserFactory(superuser=True))
    return client


def values(row):
    """The row as it is stored."""
    return type(row).objects.filter(pk=row.pk).values().get()


# No state by hand ------------------------------------------------------------


@pytest.mark.parametrize("state", ["reviewed", "withdrawn", "admissible"])
def test_the_state_of_an_application_is_not_typed(state, staff):
    application = factories.ApplicationFactory()

    save(staff, application, summary="Corrigé", state=state, state_badge=state)

    application.refresh_from_db()
    assert (application.state, application.summary) == ("received", "Corrigé")
    session = application.session
    response = save(
        staff, Application, reference="D-9", session=session.pk, title="Dossier", state=state
    )
    assert response.status_code == 302, errors_of(response)
    assert Application.objects.get(reference="D-9").state == "received"


@pytest.mark.parametrize("state", ["open", "closed"])
def test_the_state_of_a_sitting_is_not_typed(state, staff):
    committee = factories.CommitteeFactory()

    save(staff, committee, chair="Camille", state=state, held_on="23/09/2019")

    committee.refresh_from_db()
    assert (committee.state, committee.chair) == ("planned", "Camille")
    response = save(
        staff, Committee, name="Comité", fund=committee.fund_id, state=state, held_on="01/10/2019"
    )
    assert response.status_code == 302, errors_of(response)
    added = Committee.objects.exclude(pk=committee.pk).get()
    assert (added.state, added.slug) == ("planned", "comite-2019-10-01")


@pytest.mark.parametrize("model", [Application, Committee, Selection])
def test_no_list_edits_a_state(model, staff):
    row = {
        Application: factories.ApplicationFactory,
        Committee: factories.CommitteeFactory,
        Selection: factories.SelectionFactory,
    }[model]()
    before = values(row)

    response = staff.post(
        url(model),
        {
            "form-TOTAL_FORMS": "1",
            "form-INITIAL_FORMS": "1",
            "form-0-id": row.pk,
            "form-0-state": "validated",
            "_save": "Enregistrer",
        },
    )

    assert response.status_code in (200, 302)
    assert values(row) == before
    assert staff.get(url(model)).context["cl"].formset is None


# What is read-only -----------------------------------------------------------


@pytest.mark.parametrize("superseded", [False, True])
def test_a_validated_selection_is_wholly_read_only(superseded, staff):
    selection = factories.SelectionFactory(retained=True)
    if superseded:
        Selection.objects.update(superseded_at=factories.PAST)
    before = values(selection)

    page = staff.get(url(selection))
    response = staff.post(url(selection), {**FORGED, "motive": "Autre", "public_text": "Autre"})

    assert page.status_code == 200
    assert form_data(page).keys() == {"csrfmiddlewaretoken"}
    assert response.status_code == 403
    assert values(selection) == before


def test_a_superseded_proposal_is_read_only(staff):
    selection = factories.SelectionFactory(superseded_at=factories.PAST)
    assert staff.post(url(selection), {"motive": "Autre"}).status_code == 403


def test_a_closed_sitting_is_read_only(staff):
    committee = factories.CommitteeFactory(state="closed", held_on="2019-09-23")
    assert staff.get(url(committee)).status_code == 200
    assert staff.post(url(committee), {"name": "Autre"}).status_code == 403


def test_an_undisclosed_application_is_marked_and_read_only(staff):
    application = factories.ApplicationFactory(undisclosed=True)
    organisation = factories.OrganisationFactory()
    before = values(application)

    listed = staff.get(url(Application)).content.decode()
    page = staff.get(url(application))
    response = staff.post(
        url(application),
        {
            "title": "Inventé",
            "bearers-TOTAL_FORMS": "1",
            "bearers-INITIAL_FORMS": "0",
            "bearers-0-organisation": organisation.pk,
            "bearers-0-position": "1",
        },
    )

    assert "non détaillée" in listed
    assert "rien d’autre n’en est connu" in page.content.decode()
    assert form_data(page) == {}
    assert response.status_code == 403
    assert values(application) == before
    assert not application.bearers.exists()


def test_a_disclosed_application_never_becomes_undisclosed_by_hand(staff):
    application = factories.ApplicationFactory()
    save(staff, application, is_undisclosed="on", reference="AUTRE", summary="Corrigé")
    reference = application.reference
    application.refresh_from_db()
    assert (application.is_undisclosed, application.reference) == (False, reference)
    assert application.summary == "Corrigé"


def test_an_undisclosed_application_is_recorded(staff):
    session = factories.CallSessionFactory()
    response = save(staff, Application, reference="D-1", session=session.pk, is_undisclosed="on")
    assert response.status_code == 302, errors_of(response)
    assert Application.objects.get().is_undisclosed


# Lists and counts ------------------------------------------------------------


def test_a_session_counts_what_it_received_and_retained(staff):
    session = factories.CallSessionFactory()
    committee = factories.CommitteeFactory(session=session)
    for retained in (True, True, False):
        factories.SelectionFactory(
            application__session=session, committee=committee, retained=retained
        )
    factories.ApplicationFactory(session=session, undisclosed=True)
    Selection.objects.filter(pk=Selection.objects.filter(state="validated")[0].pk).update(
        superseded_at=factories.PAST
    )
    factories.SelectionFactory(retained=True)

    row = staff.get(url(CallSession)).context["cl"].queryset.get(pk=session.pk)

    assert (row.application_count, row.retained_count) == (4, 1)
    page = staff.get(url(session)).content.decode()
    applications = f"{url(Application)}?session__id__exact={session.pk}"
    assert applications in page
    assert staff.get(applications).context["cl"].result_count == 4
    retained = (
        f"{url(Selection)}?application__session__id__exact={session.pk}"
        "&outcome__exact=retained&state__exact=validated&en_vigueur=oui"
    )
    assert retained.replace("&", "&amp;") in page or retained in page
    assert staff.get(retained).context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state__exact=received", {"a", "b"}),
        ("state__exact=reviewed", {"c"}),
        ("is_undisclosed__exact=1", {"b"}),
    ],
)
def test_applications_are_filtered(query, expected, staff):
    session = factories.CallSessionFactory()
    factories.ApplicationFactory(reference="a", session=session)
    factories.ApplicationFactory(reference="b", session=session, undisclosed=True)
    factories.ApplicationFactory(reference="c", session=session, state="reviewed")

    found = staff.get(f"{url(Application)}?{query}").context["cl"].queryset

    assert {row.reference for row in found} == expected


def test_decisions_show_on_the_dossier_and_on_the_sitting(staff):
    selection = factories.SelectionFactory(retained=True)
    for row in (selection.application, selection.committee):
        page = staff.get(url(row)).content.decode()
        assert url(selection) in page
        assert "retenu" in page


def test_a_session_gets_its_slug_from_its_call(staff):
    call = factories.CallFactory(slug="aap-2021")
    response = save(staff, CallSession, call=call.pk, number="2")
    assert response.status_code == 302, errors_of(response)
    assert CallSession.objects.get().slug == "aap-2021-session-2"


def test_rules_of_eligibility_are_exchanged(staff):
    session = factories.CallSessionFactory()
    first, second = factories.EligibilityRuleFactory.create_batch(2, session=session)

    response = save(
        staff, session, **{"eligibility_rules-0-position": 2, "eligibility_rules-1-position": 1}
    )

    assert response.status_code == 302, errors_of(response)
    assert list(session.eligibility_rules.order_by("position")) == [second, first]


# Deletion --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: factories.ApplicationFactory(), "ne se supprime pas"),
        (lambda: factories.ApplicationFactory(undisclosed=True), "ne se supprime pas"),
        (
            lambda: factories.CommitteeFactory(state="closed", held_on="2019-09-23"),
            "fait partie de l’historique",
        ),
        (lambda: factories.SelectionFactory().committee, "Utilisé par"),
        (lambda: factories.ApplicationFactory().session, "Utilisé par"),
        (lambda: factories.CallSessionFactory().call, "Utilisé par"),
        (lambda: factories.CallFactory().fund, "Utilisé par"),
        (lambda: factories.CallFactory(published_at=factories.PAST), "a été public"),
    ],
)
def test_history_is_kept(make, reason, staff):
    row = make()

    page = staff.post(url(row, "delete"), {"post": "yes"})

    assert page.status_code == 403
    assert reason in page.content.decode()
    assert type(row).objects.filter(pk=row.pk).exists()


def test_a_laureate_tied_to_a_decision_is_kept(staff):
    laureate = factories.LaureateFactory(announcement__draft=True)
    factories.SelectionFactory(retained=True, laureate=laureate)

    page = staff.post(url(laureate, "delete"), {"post": "yes"})

    assert page.status_code == 403
    assert "1\u00a0décision du comité" in page.content.decode()
