"""Opinions, decisions and sittings that exist for a person: the same rows, asked another way.

Each rule is written here as it is said, from the dossiers; `visible_to` asks it of the rows
themselves, which lists at a hundred thousand dossiers can afford.
"""

import datetime
import itertools

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Q
from django.utils import timezone

from calls.admin.application_filters import BY_PARAMETER
from calls.indicators import exceeding_envelope
from calls.models import Application, CallSession, Committee, Review, Selection
from calls.permissions import ROLES
from calls.publication import waiting
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def dossiers():
    """Two sessions of six dossiers, four of them decided: retained, not, and no more."""
    found = []
    for _ in range(2):
        session = factories.CallSessionFactory()
        committee = factories.CommitteeFactory(session=session)
        rows = factories.ApplicationFactory.create_batch(6, session=session)
        decisions = [
            factories.SelectionFactory(application=row, committee=committee, retained=True)
            for row in rows[:4]
        ]
        Selection.objects.filter(pk=decisions[1].pk).update(
            outcome="not_retained", amount_not_disclosed=False, motive="Hors sujet"
        )
        Selection.objects.filter(pk=decisions[2].pk).update(superseded_at=timezone.now())
        factories.SelectionFactory(application=rows[4], committee=committee)
        found += rows
    return found


@pytest.fixture
def person(dossiers, request):
    """Somebody with a bit of each reach, and recused from some dossiers, or from none."""
    role, recused, lacks = request.param
    user = factories.UserFactory(role=role)
    if lacks:
        app, codename = lacks.split(".")
        user.groups.get().permissions.remove(
            Permission.objects.get(codename=codename, content_type__app_label=app)
        )
    institution = factories.AffiliationFactory(user=user).organisation
    factories.SessionAccessFactory(user=user, session=dossiers[0].session)
    for row in dossiers[7:9]:
        Application.objects.filter(pk=row.pk).update(case_officer=user)
    for rank, row in enumerate(dossiers):
        asked = [
            {"institution": institution},
            {"reviewer": user},
            {"institution": institution, "reviewer": factories.UserFactory()},
            {"institution": institution, "cancelled_at": timezone.now(), "cancel_reason": "Non"},
            {},
            {"institution": institution},
        ][rank % 6]
        factories.ReviewFactory(application=row, **asked)
    if recused:
        member = factories.CommitteeMemberFactory(
            committee=Committee.objects.order_by("-pk").first(), user=user
        )
        for row in dossiers[::3]:
            factories.RecusalFactory(application=row, user=user)
        factories.RecusalFactory(application=dossiers[1], user=None, member=member)
        factories.RecusalFactory(
            application=dossiers[2],
            user=user,
            lifted_at=timezone.now() + datetime.timedelta(minutes=1),
            lifted_by=factories.UserFactory(),
            lift_reason="Erreur",
        )
    return type(user).objects.get(pk=user.pk)


EVERYBODY = [
    *itertools.product(ROLES, (False, True), ("",)),
    ("Avis", True, "calls.view_application"),
    ("Avis", True, "calls.give_opinion"),
    ("Avis", True, "calls.view_review"),
    ("Publication", True, "calls.view_application"),
    ("Publication", True, "calls.view_selection"),
    ("Instruction", True, "calls.instruct_application"),
]
whoever = pytest.mark.parametrize("person", EVERYBODY, indirect=True, ids=str)


def keys(rows):
    return set(rows.values_list("pk", flat=True))


@whoever
def test_opinions_are_those_of_dossiers_read_in_full_and_those_asked_of_the_person(person):
    expected = set()
    if person.has_perm("calls.view_review"):
        expected = keys(
            Review.objects.filter(application__in=Application.objects.read_in_full_by(person))
        )
        if person.has_perm("calls.give_opinion"):
            expected |= keys(
                Review.objects.asked_of(person).filter(
                    application__in=Application.objects.asked_of(person)
                )
            )
    assert keys(Review.objects.visible_to(person)) == expected


@whoever
def test_decisions_are_those_of_dossiers_read_in_full_and_the_retained_of_publishers(person):
    expected = set()
    if person.has_perm("calls.view_selection"):
        expected = keys(
            Selection.objects.filter(application__in=Application.objects.read_in_full_by(person))
        )
        if person.has_perm("calls.read_retained_application"):
            expected |= keys(
                Selection.objects.retained().filter(
                    application__in=Application.objects.visible_to(person)
                )
            )
    assert keys(Selection.objects.visible_to(person)) == expected


@whoever
def test_sittings_are_those_of_sessions_granted_of_members_and_of_their_instructors(person):
    reach = Q(session__access_grants__user=person) | Q(members__user=person)
    if person.has_perm("calls.instruct_application"):
        reach |= Q(selections__application__case_officer=person)
    expected = keys(Committee.objects.filter(reach))
    if person.has_perm("calls.read_every_application"):
        expected = keys(Committee.objects.all())
    if not person.has_perm("calls.view_committee"):
        expected = set()
    assert keys(Committee.objects.visible_to(person)) == expected


@whoever
def test_sittings_with_a_dossier_kept_from_the_person_are_masked(person):
    own = Q(recusals__user=person) | Q(recusals__member__user=person)
    hidden = Application.objects.filter(own, recusals__lifted_at=None)
    expected = keys(Committee.objects.filter(selections__application__in=hidden))
    assert keys(Committee.objects.masked_for(person)) == expected
    assert not keys(waiting(person)) & expected


@whoever
def test_a_filter_tells_nothing_of_a_dossier_that_is_not_read_in_full(person):
    shown = Application.objects.visible_to(person)
    in_full = keys(Application.objects.read_in_full_by(person))
    for name, item in BY_PARAMETER.items():
        for value, condition in item.conditions.items():
            if not condition.is_partial:
                found = keys(shown.filter(condition.met(person)))
                assert found <= in_full, (name, value)


@pytest.mark.parametrize("person", [("Lecture", False, "")], indirect=True)
def test_a_reader_of_some_sessions_filters_all_that_exist_for_them(person):
    shown = Application.objects.visible_to(person)
    received = BY_PARAMETER["parcours"].conditions["recus"].met(person)
    assert keys(shown.filter(received)) == keys(shown)
    assert shown.count() == 6


def test_a_session_exceeds_its_envelope_by_what_was_granted_in_force(dossiers):
    user = factories.UserFactory(superuser=True)
    session = dossiers[0].session
    granted = Selection.objects.retained().filter(application__session=session)
    granted.update(granted_amount=100, amount_not_disclosed=False)
    # Superseded, or of another session: none is added up.
    others = Selection.objects.exclude(pk__in=granted.values("pk")).filter(outcome="retained")
    others.update(granted_amount=1000, amount_not_disclosed=False)
    total = 100 * granted.count()
    for envelope, is_exceeded in ((total, False), (total - 1, True), (None, False)):
        CallSession.objects.filter(pk=session.pk).update(envelope=envelope)
        assert (session in exceeding_envelope(user)) is is_exceeded
