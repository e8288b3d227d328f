"""The envelope of a sitting: exact to the cent, honest about what is not known, and masked."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import envelope
from calls.envelope import Row, Splits, Total
from calls.models import Committee, Selection
from tests.calls.sittings import decider, dossier, item, sitting
from tests.factories import (
    BearerFactory,
    CallSessionFactory,
    CommitteeMemberFactory,
    MinistryFactory,
    OrganisationFactory,
    RecusalFactory,
    SessionAccessFactory,
    ThemeFactory,
    UserFactory,
)

cents = st.decimals(min_value=0, max_value=10**9, places=2)
amounts = st.lists(st.one_of(st.none(), cents), max_size=70)
LABELS = ("", "Santé", "Écologie", "Travail")


# Arithmetic ------------------------------------------------------------------


@given(amounts)
def test_a_total_is_exact_and_counts_apart_what_is_not_known(values):
    total = Total.of(values)
    in_cents = sum(int(value * 100) for value in values if value is not None)
    assert int(total.known_sum * 100) == in_cents
    assert total.count == len(values)
    assert total.known == len(values) - values.count(None)
    assert total.is_complete == (None not in values)
    assert (total.amount is None) == bool(values and set(values) == {None})


@given(amounts, amounts)
def test_totals_add_up(left, right):
    assert Total.of(left) + Total.of(right) == Total.of([*left, *right])


@given(st.one_of(st.none(), cents), amounts, amounts)
def test_what_remains_and_what_is_granted_make_the_envelope(amount, before, here):
    left = envelope.remaining(amount, Total.of(before), Total.of(here))
    if amount is None:
        assert left is None
    else:
        assert left + Total.of([*before, *here]).known_sum == amount


@given(
    st.lists(
        st.builds(
            Row,
            amount=st.one_of(st.none(), cents),
            is_counted=st.booleans(),
            ministry=st.sampled_from(LABELS),
            kind=st.sampled_from(LABELS),
            themes=st.lists(st.sampled_from(LABELS[1:]), unique=True).map(tuple),
        ),
        max_size=40,
    )
)
def test_every_dossier_is_in_one_ministry_and_one_kind_and_in_each_of_its_themes(rows):
    splits, whole = Splits.of(rows), envelope.total(rows)
    for shares in (splits.by_ministry, splits.by_kind):
        assert sum((share.total for share in shares), Total()) == whole
        assert sum(share.examined for share in shares) == len(rows)
        assert [share.is_unknown for share in shares[:-1]] == [False] * len(shares[:-1])
    examined = sum(share.examined for share in splits.by_theme)
    assert examined == sum(max(1, len(row.themes)) for row in rows)
    assert splits.themes_overlap == (examined > len(rows))


def test_an_empty_total_is_zero_and_an_unknown_one_is_not():
    assert Total.of([]).amount == 0
    assert Total.of([None]).amount is None
    assert Total.of([None, Decimal("0.01")]).amount == Decimal("0.01")


# Of a sitting ----------------------------------------------------------------


@pytest.mark.django_db
def test_with_every_outcome_and_unknown_amounts():
    committee = sitting(session__envelope=Decimal("10000000"))
    item(committee)
    for kind in ("undisclosed", "not_retained", "deferred", "waiting_list"):
        item(committee, kind)
    item(committee, "retained", granted_amount=Decimal("1234567.89"))
    item(committee, "retained", granted_amount=Decimal("0.11"))
    found = envelope.of(committee, decider())
    assert (found.amount, found.basis, found.masked) == (10_000_000, "session", False)
    assert found.here == Total(Decimal("1234568.00"), known=2, count=3)
    assert found.before == Total()
    assert found.remaining == Decimal("8765432.00")
    assert found.overrun == 0
    assert not found.is_exceeded
    assert found.outcomes == {
        "": 1,
        "retained": 3,
        "not_retained": 1,
        "deferred": 1,
        "waiting_list": 1,
    }


@pytest.mark.django_db
def test_an_envelope_that_is_not_known_is_not_zero():
    committee = sitting()
    item(committee, "retained")
    found = envelope.of(committee, decider())
    assert (found.amount, found.basis) == (None, "")
    assert (found.remaining, found.overrun) == (None, None)
    assert not found.is_exceeded
    assert found.here.amount == 1_000_000


@pytest.mark.django_db
def test_other_sittings_of_the_session_take_from_its_envelope_what_they_granted():
    session = CallSessionFactory(envelope=Decimal("5000000"))
    committee = sitting(session=session)
    item(committee, "retained", granted_amount=Decimal("2000000"))
    closed = sitting("closed", session=session)
    item(closed, "retained", granted_amount=Decimal("3500000"))
    item(closed, "undisclosed")
    # None of these took anything: refused, superseded, only proposed, of another session.
    item(closed, "not_retained")
    item(closed, "retained", superseded_at=closed.closed_at)
    item(sitting(session=session), "retained")
    item(sitting("closed"), "retained")
    found = envelope.of(committee, decider())
    assert found.before == Total(Decimal("3500000"), known=1, count=2)
    assert found.remaining == Decimal("-500000")
    assert found.overrun == Decimal("500000")
    assert found.is_exceeded


@pytest.mark.django_db
def test_what_a_closed_sitting_granted_is_not_taken_twice():
    committee = sitting("closed", session__envelope=Decimal("5000000"))
    item(committee, "retained")
    found = envelope.of(committee, decider())
    assert (found.before, found.here.known_sum) == (Total(), 1_000_000)
    assert found.remaining == 4_000_000


@pytest.mark.django_db
def test_an_envelope_of_its_own_is_the_sittings_alone():
    session = CallSessionFactory(envelope=Decimal("5000000"))
    item(sitting("closed", session=session), "retained")
    committee = sitting(session=session, envelope=Decimal("900000"))
    found = envelope.of(committee, decider())
    assert (found.amount, found.basis, found.before) == (900_000, "sitting", Total())
    assert found.remaining == 900_000


@pytest.mark.django_db
def test_a_sitting_without_session_has_only_an_envelope_of_its_own():
    committee = sitting(session=None)
    other = sitting("closed", session=None, fund=committee.fund)
    item(other, "retained")
    assert envelope.of(committee, decider()).remaining is None
    Committee.objects.filter(pk=committee.pk).update(envelope=700)
    assert envelope.of(Committee.objects.get(pk=committee.pk), decider()).remaining == 700


@pytest.mark.django_db
def test_splits_of_a_sitting():
    committee = sitting()
    health, labour = MinistryFactory(name="Santé"), MinistryFactory(name="Travail")
    agency = OrganisationFactory(supervising_ministry=labour, kind="operateur")
    alone = OrganisationFactory(kind="")
    themes = [ThemeFactory(name="Écoute"), ThemeFactory(name="Données")]
    first = dossier(committee)
    BearerFactory(application=first, organisation=agency)
    BearerFactory(application=first, organisation=health, role="chef-de-file")
    first.themes.set(themes)
    second = dossier(committee)
    BearerFactory(application=second, organisation=agency)
    second.themes.set(themes[:1])
    third, fourth = dossier(committee), dossier(committee)
    BearerFactory(application=third, organisation=alone)
    item(committee, "retained", application=first, granted_amount=10)
    item(committee, "retained", application=second, granted_amount=20)
    item(committee, "undisclosed", application=third)
    item(committee, "deferred", application=fourth)
    found = envelope.of(committee, decider())
    assert [(s.label, s.examined, s.total, s.is_unknown) for s in found.by_ministry] == [
        ("Santé", 1, Total(Decimal(10), 1, 1), False),
        ("Travail", 1, Total(Decimal(20), 1, 1), False),
        ("ministère non connu", 2, Total(Decimal(0), 0, 1), True),
    ]
    assert [(s.label, s.examined) for s in found.by_kind] == [
        ("ministère", 1),
        ("opérateur ou établissement public", 1),
        ("type non connu", 2),
    ]
    assert [(s.label, s.total.known_sum) for s in found.by_theme] == [
        ("Données", 10),
        ("Écoute", 30),
        ("sans thème", 0),
    ]
    assert found.themes_overlap


# Recusals --------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["Secrétariat", "Décision", "superuser"])
def test_a_recused_person_sees_no_total(role):
    user = UserFactory(superuser=True) if role == "superuser" else UserFactory(role=role)
    committee = sitting(session__envelope=Decimal("10000000"))
    mine = item(committee, "retained")
    item(committee, "retained")
    assert envelope.of(committee, user).here.known_sum == 2_000_000
    recusal = RecusalFactory(application=mine.application, user=user)
    found = envelope.of(committee, user)
    assert found.masked
    assert found.amount == 10_000_000
    for hidden in (found.here, found.before, found.remaining, found.overrun):
        assert hidden is None
    assert found.outcomes == {}
    assert found.splits == Splits()
    recusal.lifted_at, recusal.lifted_by, recusal.lift_reason = recusal.declared_at, user, "Levé."
    recusal.save()
    assert not envelope.of(committee, user).masked


@pytest.mark.django_db
def test_what_is_left_does_not_tell_of_a_dossier_that_another_sitting_retained():
    user = decider()
    session = CallSessionFactory(envelope=Decimal("10000000"))
    former = item(sitting("closed", session=session), "retained", granted_amount=Decimal("777"))
    committee = sitting(session=session)
    item(committee, "retained")
    own = sitting(session=session, envelope=Decimal("3000000"))
    item(own, "retained")
    RecusalFactory(application=former.application, user=user)
    assert envelope.of(committee, user).masked
    # Nothing of the other sitting stands in the totals of one that has its own envelope.
    assert envelope.of(own, user).remaining == 2_000_000
    assert envelope.of(committee, decider()).before.known_sum == 777


@pytest.mark.django_db
def test_a_former_refusal_elsewhere_masks_nothing():
    user = decider()
    session = CallSessionFactory(envelope=Decimal("10000000"))
    former = item(sitting("closed", session=session), "not_retained")
    committee = sitting(session=session)
    RecusalFactory(application=former.application, user=user)
    assert not envelope.of(committee, user).masked


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["Lecture", "Instruction"])
def test_who_does_not_see_the_whole_agenda_sees_no_total(role):
    user = UserFactory(role=role)
    committee = sitting(session__envelope=Decimal("10000000"))
    item(committee, "retained", application=dossier(committee, case_officer=user))
    assert envelope.of(committee, decider()).here.known_sum == 1_000_000
    hidden = item(committee, "retained")
    found = envelope.of(committee, user)
    assert (found.masked, found.partial, found.amount) == (False, True, 10_000_000)
    assert (found.here, found.remaining, found.outcomes) == (None, None, {})
    assert found.splits == Splits()
    SessionAccessFactory(user=user, session=hidden.application.session)
    assert envelope.of(committee, user).here.known_sum == 2_000_000


@pytest.mark.django_db
def test_a_member_of_the_sitting_sees_its_totals():
    user = UserFactory(role="Lecture")
    committee = sitting()
    item(committee, "retained")
    assert envelope.of(committee, user).partial
    CommitteeMemberFactory(committee=committee, user=user)
    assert envelope.of(committee, user).here.known_sum == 1_000_000


# Queries ---------------------------------------------------------------------


def _fill(committee, count):
    theme = ThemeFactory()
    for _ in range(count):
        application = dossier(committee)
        application.themes.set([theme])
        BearerFactory(
            application=application,
            organisation=OrganisationFactory(supervising_ministry=MinistryFactory()),
        )
        item(committee, "retained", application=application)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 60])
def test_queries_are_as_many_for_one_dossier_as_for_sixty(count, django_assert_num_queries):
    committee = sitting(session__envelope=Decimal("100000000"))
    _fill(committee, count)
    item(sitting("closed", session=committee.session), "retained")
    user = decider()
    user.has_perm("calls.view_committee")  # a page has read the rights already
    committee = Committee.objects.select_related("session").get(pk=committee.pk)
    with django_assert_num_queries(5):
        found = envelope.of(committee, user)
    assert found.here.count == count
    assert found.before.count == 1
    assert Selection.objects.live().filter(committee=committee).count() == count
