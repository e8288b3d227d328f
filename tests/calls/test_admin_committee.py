"""The stock screens of sittings and decisions: what is typed there, and what only gates write."""

import datetime
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from calls import deliberation
from calls.models import Committee, CommitteeMember, Selection
from tests import factories
from tests.admin_pages import errors_of, form_data, save, url

pytestmark = pytest.mark.django_db


def sitting_url(committee):
    return reverse("admin:calls_committee_sitting", args=[committee.pk])


@pytest.fixture
def signed_in(client):
    def entered(role=None, **values):
        user = factories.UserFactory(role=role, superuser=role is None, **values)
        client.force_login(user)
        return user

    return entered


def member_rows(**first):
    row = {"position": "", "name": "", "title": "", "institution": "", "user": "", **first}
    return {
        "members-TOTAL_FORMS": "1",
        **{f"members-0-{name}": value for name, value in row.items()},
    }


# The sitting -----------------------------------------------------------------


def test_a_sitting_has_an_envelope_and_members_of_its_own(client, signed_in):
    signed_in("Secrétariat")
    committee = factories.CommitteeFactory()
    institution = factories.OrganisationFactory()
    account = factories.UserFactory()

    response = save(
        client,
        committee,
        envelope="12500000",
        **member_rows(
            name="Camille Durand",
            title="directrice",
            institution=institution.pk,
            user=account.pk,
            is_voting="on",
        ),
    )

    assert response.status_code == 302, errors_of(response)
    committee.refresh_from_db()
    assert committee.envelope == Decimal(12_500_000)
    member = committee.members.get()
    assert (member.name, member.institution, member.user) == (
        "Camille Durand",
        institution,
        account,
    )
    assert (member.position, member.is_voting, member.attendance) == (1, True, "")


def test_attendance_is_not_typed_on_the_sitting_s_own_form(client, signed_in):
    signed_in("Secrétariat")
    member = factories.CommitteeMemberFactory()
    save(client, member.committee, **{"members-0-attendance": "present", "members-0-name": "A"})
    member.refresh_from_db()
    assert (member.name, member.attendance) == ("A", "")


def test_an_account_sits_once(client, signed_in):
    signed_in("Secrétariat")
    member = factories.CommitteeMemberFactory(user=factories.UserFactory())
    response = save(
        client,
        member.committee,
        **{
            "members-TOTAL_FORMS": "2",
            "members-1-name": "Autre",
            "members-1-position": "2",
            "members-1-user": member.user_id,
        },
    )
    assert "déjà celui d’un membre" in errors_of(response)
    assert CommitteeMember.objects.count() == 1


def test_the_form_s_save_makes_a_prepared_closing_stale(client, signed_in):
    user = signed_in()
    selection = factories.SelectionFactory(
        application__state="reviewed",
        committee__state="open",
        committee__chair="Camille",
        committee__quorum=0,
        committee__held_on=timezone.localdate(),
        committee__opened_at=timezone.now(),
    )
    committee = selection.committee
    deliberation.propose(
        selection, by=user, version=selection.version, outcome="deferred", motive="À revoir"
    )
    close = reverse("admin:calls_committee_close", args=[committee.pk])
    opened_on = client.get(close).context["form"]["version"].value()

    assert save(client, committee, envelope="1").status_code == 302

    assert "a changé" in client.post(close, {"version": opened_on}).content.decode()
    committee.refresh_from_db()
    assert committee.state == "open"


def test_a_closed_sitting_takes_no_edit(client, signed_in):
    signed_in("Secrétariat")
    committee = factories.CommitteeFactory(
        state="closed", held_on=datetime.date(2019, 9, 23), overrun_reason="Accord du cabinet"
    )
    member = factories.CommitteeMemberFactory(committee=committee)

    page = client.get(url(committee))
    response = client.post(url(committee), {"name": "Autre", **member_rows(name="Forgé")})

    machinery = r"csrfmiddlewaretoken|.+_FORMS|members-0-(id|committee)"
    assert all(re.fullmatch(machinery, name) for name in form_data(page))
    assert "Accord du cabinet" in page.content.decode()
    assert response.status_code == 403
    assert list(committee.members.all()) == [member]


def test_the_reason_of_an_overrun_is_masked_to_a_recused_person(client, signed_in):
    user = signed_in("Secrétariat")
    committee = factories.CommitteeFactory(
        state="closed",
        held_on=datetime.date(2019, 9, 23),
        overrun_reason="Accord sur le projet caché",
    )
    selection = factories.SelectionFactory(
        committee=committee, application__session=committee.session
    )
    factories.RecusalFactory(application=selection.application, user=user)
    page = client.get(url(committee)).content.decode()
    assert "projet caché" not in page
    assert selection.application.reference not in page


@pytest.mark.parametrize("role", ["Lecture", "Secrétariat", "Décision"])
def test_the_workspace_is_one_link_away(role, client, signed_in):
    committee = factories.CommitteeFactory()
    factories.SessionAccessFactory(user=signed_in(role), session=committee.session)
    assert sitting_url(committee) in client.get(url(Committee)).content.decode()
    assert sitting_url(committee) in client.get(url(committee)).content.decode()


def test_the_list_asks_a_constant_number_of_queries(client, signed_in, django_assert_num_queries):
    signed_in("Secrétariat")

    def filled(count):
        for _ in range(count):
            selection = factories.SelectionFactory()
            factories.CommitteeMemberFactory(committee=selection.committee)

    client.get(url(Committee))
    filled(1)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(url(Committee))
    filled(2)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(url(Committee))


LIST_QUERIES = 11


# Decisions -------------------------------------------------------------------


@pytest.mark.parametrize("state", ["to_examine", "proposed", "validated"])
@pytest.mark.parametrize("role", [None, "Secrétariat", "Décision"])
def test_a_decision_is_read_here_and_written_in_its_sitting(role, state, client, signed_in):
    signed_in(role)
    values = {"outcome": "deferred", "motive": "À revoir"} if state != "to_examine" else {}
    if state == "validated":
        values |= {"decided_on": datetime.date(2019, 9, 23), "record_source": "Relevé"}
    selection = factories.SelectionFactory(state=state, **values)
    before = Selection.objects.filter(pk=selection.pk).values().get()

    page = client.get(url(selection))
    forged = {"outcome": "retained", "motive": "Forgé", "laureate": "1", "_save": "Enregistrer"}
    response = client.post(url(selection), forged)

    assert page.status_code == 200
    assert f"{sitting_url(selection.committee)}#dossier-{selection.pk}" in page.content.decode()
    assert form_data(page).keys() == {"csrfmiddlewaretoken"}
    assert response.status_code == 403
    assert Selection.objects.filter(pk=selection.pk).values().get() == before
    assert client.get(url(Selection, "add")).status_code == 403
    assert client.post(url(selection, "delete"), {"post": "yes"}).status_code == 403


def test_a_superseded_decision_has_no_row_to_lead_to(client, signed_in):
    signed_in("Décision")
    selection = factories.SelectionFactory(retained=True, superseded_at=timezone.now())
    assert sitting_url(selection.committee) not in client.get(url(selection)).content.decode()


def test_a_publisher_reads_what_will_be_public_of_a_retained_decision(client, signed_in):
    signed_in("Publication")
    retained = factories.SelectionFactory(
        retained=True, motive="Motif privé", public_text="Texte pour tous"
    )
    refused = factories.SelectionFactory(
        state="validated",
        outcome="not_retained",
        motive="Trop cher",
        decided_on=datetime.date(2019, 9, 23),
        record_source="Relevé",
    )

    page = client.get(url(retained)).content.decode()
    listed = client.get(url(Selection)).content.decode()

    assert "Texte pour tous" in page
    assert "Motif privé" not in page
    assert sitting_url(retained.committee) not in page
    assert retained.application.reference in listed
    assert refused.application.reference not in listed
    assert client.get(url(refused)).status_code == 404


def test_a_recused_person_finds_no_decision_nor_counts_it(client, signed_in):
    user = signed_in()
    selection = factories.SelectionFactory(retained=True)
    other = factories.SelectionFactory(
        committee=selection.committee, application__session=selection.application.session
    )
    factories.RecusalFactory(application=selection.application, user=user)

    listed = client.get(f"{url(Selection)}?q={selection.application.reference}")

    assert listed.context["cl"].result_count == 0
    assert client.get(url(selection)).status_code == 404
    row = client.get(url(Committee)).context["cl"].queryset.get(pk=selection.committee_id)
    assert row.selection_count == 1
    page = client.get(url(selection.committee)).content.decode()
    assert url(other) in page
    assert url(selection) not in page
