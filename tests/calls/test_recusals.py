"""Recusals: who declares, records and lifts them, and what they take away at once."""

import pytest
from django.core.exceptions import PermissionDenied

from calls import recusals
from calls.models import Application, Event, Recusal, Selection
from calls.permissions import Hidden, Refusal
from tests.factories import (
    AffiliationFactory,
    ApplicationFactory,
    BearerFactory,
    CommitteeFactory,
    CommitteeMemberFactory,
    MinistryFactory,
    OrganisationFactory,
    SelectionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def secretary():
    return UserFactory(role="Secrétariat")


@pytest.fixture
def member():
    return CommitteeMemberFactory(user=UserFactory(role="Lecture"))


@pytest.fixture
def item(member):
    return SelectionFactory(
        committee=member.committee,
        application=ApplicationFactory(session=member.committee.session),
    )


def opened(committee):
    type(committee).objects.filter(pk=committee.pk).update(
        state="open",
        held_on="2019-09-23",
        chair="La présidence",
        quorum=1,
        opened_at="2019-09-23T08:00Z",
    )
    committee.refresh_from_db()


def closed(committee):
    type(committee).objects.filter(pk=committee.pk).update(state="closed", held_on="2019-09-23")
    committee.refresh_from_db()


def seen(user):
    return set(Application.objects.visible_to(user))


def test_a_member_declares_for_themselves_and_the_dossier_is_gone(member, item):
    assert item.application in seen(member.user)
    recusals.declare(item.application, by=member.user, member=member, reason="Ancien poste.")
    assert item.application not in seen(member.user)
    assert not Selection.objects.visible_to(member.user).exists()
    event = Event.objects.get(action="recusal_declared")
    assert event.actor == member.user
    assert event.application == item.application


def test_a_member_cannot_declare_for_another(member, item):
    other = CommitteeMemberFactory(committee=member.committee)
    with pytest.raises(PermissionDenied):
        recusals.declare(item.application, by=member.user, member=other)
    assert not Recusal.objects.exists()


def test_the_secretariat_records_for_a_member_without_an_account(secretary, item):
    member = CommitteeMemberFactory(committee=item.committee)
    recusal = recusals.declare(item.application, by=secretary, member=member)
    assert recusal.member == member
    assert item.application in seen(secretary)


@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Avis", "Décision", "Publication"])
def test_no_other_role_records_the_recusal_of_somebody(role, member, item):
    person = UserFactory(role=role)
    with pytest.raises(PermissionDenied):
        recusals.declare(item.application, by=person, member=member)


def test_a_recusal_hides_from_a_superuser_and_only_from_them(secretary, item):
    root = UserFactory(superuser=True)
    recusals.declare(item.application, by=secretary, user=root)
    assert item.application not in seen(root)
    assert item.application in seen(UserFactory(superuser=True))


def test_once_open_nobody_declares_their_own(member, item, secretary):
    opened(member.committee)
    member.refresh_from_db()
    with pytest.raises(Refusal, match="par le secrétariat"):
        recusals.declare(item.application, by=member.user, member=member)
    with pytest.raises(Refusal, match="par le secrétariat"):
        recusals.declare(item.application, by=member.user, user=member.user)
    recusals.declare(item.application, by=secretary, member=member)
    assert item.application not in seen(member.user)


def test_a_closed_sitting_has_no_new_recusal_and_lifts_none(member, item, secretary):
    recusal = recusals.declare(item.application, by=secretary, member=member)
    closed(member.committee)
    other = CommitteeMemberFactory(committee=member.committee)
    with pytest.raises(Refusal, match="close"):
        recusals.declare(item.application, by=secretary, member=other)
    with pytest.raises(Refusal, match="close"):
        recusals.lift(recusal, by=secretary, reason="Erreur")


def test_a_recusal_is_not_recorded_twice_under_two_forms(member, item, secretary):
    recusals.declare(item.application, by=secretary, member=member)
    for person in ({"member": member}, {"user": member.user}):
        with pytest.raises(Refusal, match="déjà en déport"):
            recusals.declare(item.application, by=secretary, **person)
    assert Recusal.objects.count() == 1


def test_whoever_instructs_hands_the_dossier_over_first(secretary):
    officer = UserFactory(role="Instruction")
    application = ApplicationFactory(case_officer=officer)
    with pytest.raises(Refusal, match="autre instructeur"):
        recusals.declare(application, by=secretary, user=officer)


def test_lifting_needs_a_reason_and_gives_the_dossier_back(member, item, secretary):
    recusal = recusals.declare(item.application, by=secretary, member=member)
    with pytest.raises(Refusal, match="pourquoi"):
        recusals.lift(recusal, by=secretary, reason="  ")
    recusals.lift(recusal, by=secretary, reason="Consigné par erreur.")
    assert item.application in seen(member.user)
    recusal.refresh_from_db()
    assert (recusal.lifted_by, recusal.lift_reason) == (secretary, "Consigné par erreur.")
    with pytest.raises(Refusal, match="déjà levé"):
        recusals.lift(recusal, by=secretary, reason="Encore")
    recusals.declare(item.application, by=secretary, member=member)
    assert item.application not in seen(member.user)


def test_nobody_lifts_their_own_nor_sees_what_they_would_lift(item, secretary):
    recusal = recusals.declare(item.application, by=secretary, user=secretary)
    with pytest.raises(Hidden):
        recusals.lift(recusal, by=secretary, reason="Finalement non")
    with pytest.raises(PermissionDenied):
        recusals.lift(recusal, by=UserFactory(role="Décision"), reason="Finalement non")
    root = UserFactory(superuser=True)
    own = recusals.declare(item.application, by=UserFactory(role="Secrétariat"), user=root)
    with pytest.raises(Hidden):
        recusals.lift(own, by=root, reason="Finalement non")


def test_a_dossier_outside_sight_cannot_be_declared_upon():
    person = UserFactory(role="Lecture")
    with pytest.raises(Hidden):
        recusals.declare(ApplicationFactory(), by=person, user=person)


def test_an_undisclosed_dossier_has_no_recusal(secretary):
    with pytest.raises(Refusal, match="non détaillée"):
        recusals.declare(ApplicationFactory(undisclosed=True), by=secretary, user=UserFactory())


def test_one_of_a_member_and_an_account(item, secretary, member):
    for people in ({}, {"member": member, "user": member.user}):
        with pytest.raises(ValueError, match="a member or of a user"):
            recusals.declare(item.application, by=secretary, **people)


# Suggestions -------------------------------------------------------------------


def whys(committee, user):
    return [
        (found.member, found.application, found.why)
        for found in recusals.suggestions(committee, user)
    ]


def test_a_member_whose_institution_bears_the_dossier_is_suggested(item, secretary):
    bearer = BearerFactory(application=item.application)
    member = CommitteeMemberFactory(committee=item.committee, institution=bearer.organisation)
    CommitteeMemberFactory(committee=item.committee, institution=OrganisationFactory())
    [(found, application, why)] = whys(item.committee, secretary)
    assert (found, application) == (member, item.application)
    assert "porte le dossier" in why
    recusals.declare(item.application, by=secretary, member=member)
    assert whys(item.committee, secretary) == []


def test_a_ministry_is_suggested_for_what_it_supervises_and_the_other_way(item, secretary):
    ministry = MinistryFactory()
    agency = OrganisationFactory(supervising_ministry=ministry)
    BearerFactory(application=item.application, organisation=agency)
    member = CommitteeMemberFactory(committee=item.committee, institution=ministry)
    [(found, _, why)] = whys(item.committee, secretary)
    assert found == member
    assert "ministère de rattachement" in why
    other = SelectionFactory(
        committee=item.committee,
        application=ApplicationFactory(session=item.committee.session),
    )
    BearerFactory(application=other.application, organisation=ministry)
    agent = CommitteeMemberFactory(committee=item.committee, institution=agency)
    assert (agent, other.application) in [row[:2] for row in whys(item.committee, secretary)]


def test_an_account_s_affiliation_counts_as_its_institution(item, secretary):
    bearer = BearerFactory(application=item.application)
    affiliation = AffiliationFactory(organisation=bearer.organisation)
    member = CommitteeMemberFactory(committee=item.committee, user=affiliation.user)
    assert [row[0] for row in whys(item.committee, secretary)] == [member]


def test_a_suggestion_never_names_a_dossier_the_reader_is_recused_from(item, secretary):
    bearer = BearerFactory(application=item.application)
    CommitteeMemberFactory(committee=item.committee, institution=bearer.organisation)
    assert whys(item.committee, secretary)
    recusals.declare(item.application, by=UserFactory(role="Secrétariat"), user=secretary)
    assert whys(item.committee, secretary) == []


def test_suggestions_cost_the_same_for_many_dossiers(
    secretary, django_assert_num_queries, django_assert_max_num_queries
):
    committee = CommitteeFactory()
    ministry = MinistryFactory()
    CommitteeMemberFactory(committee=committee, institution=ministry)

    def add(count):
        for _ in range(count):
            row = SelectionFactory(
                committee=committee, application=ApplicationFactory(session=committee.session)
            )
            BearerFactory(application=row.application, organisation=ministry)

    add(1)
    secretary = type(secretary).objects.get(pk=secretary.pk)
    secretary.has_perm("calls.view_application")
    with django_assert_num_queries(5):
        assert len(whys(committee, secretary)) == 1
    add(5)
    with django_assert_num_queries(5):
        assert len(whys(committee, secretary)) == 6
