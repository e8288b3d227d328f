"""Scenarios: pure, exact, and nothing saved before they are proposed."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import given
from hypothesis import strategies as st

from calls import envelope, scenarios
from calls.envelope import Splits, Total
from calls.models import Committee, Selection
from calls.models.event import Event
from calls.permissions import Refusal, Stale
from calls.scenarios import Item
from tests.calls.sittings import (
    decided,
    decider,
    dossier,
    fresh,
    item,
    references,
    secretary,
    sitting,
)
from tests.factories import (
    BearerFactory,
    CriterionFactory,
    MinistryFactory,
    OrganisationFactory,
    RecusalFactory,
    ReviewFactory,
    ReviewScoreFactory,
    ThemeFactory,
    UserFactory,
)

cents = st.decimals(min_value=0, max_value=10**9, places=2)


def some(pk, amount=None, score=None, **values):
    score = None if score is None else Decimal(score)
    return Item(pk, f"D-{pk}", f"Dossier {pk}", amount, score, **values)


# Arithmetic ------------------------------------------------------------------


@st.composite
def agendas(draw):
    items = [
        some(
            pk,
            draw(st.one_of(st.none(), cents)),
            draw(st.one_of(st.none(), st.integers(0, 100))),
            ministry=draw(st.sampled_from(("", "Santé", "Travail"))),
        )
        for pk in range(draw(st.integers(0, 30)))
    ]
    chosen = draw(st.sets(st.sampled_from([row.pk for row in items]))) if items else set()
    return items, chosen


@given(agendas(), st.one_of(st.none(), cents), st.lists(cents, max_size=5))
def test_a_scenario_adds_up(agenda, amount, granted):
    items, chosen = agenda
    before = Total.of(granted)
    found = scenarios.weigh(items, chosen, amount=amount, before=before)
    out = scenarios.weigh(items, {row.pk for row in items} - chosen, amount=amount)
    assert found.count + out.count == found.examined == len(items)
    assert found.total + out.total == Total.of(row.amount for row in items)
    assert sum((share.total for share in found.splits.by_ministry), Total()) == found.total
    if amount is None:
        assert (found.remaining, found.overrun) == (None, None)
    else:
        assert found.remaining + found.total.known_sum + before.known_sum == amount
        assert found.overrun == max(-found.remaining, 0)
    scores = [row.score for row in items if row.pk in chosen and row.score is not None]
    assert found.scored == len(scores)
    if scores:
        assert min(scores) <= found.mean_score <= max(scores)
    else:
        assert found.mean_score is None


@given(agendas())
def test_the_first_excluded_is_the_best_scored_of_the_others_then_the_first_of_the_agenda(agenda):
    items, chosen = agenda
    found = scenarios.weigh(items, chosen)
    others = [row for row in items if row.pk not in chosen]
    if not others:
        assert found.first_excluded is None
    else:
        scored = [row for row in others if row.score is not None]
        assert found.by_score == bool(scored)
        best = max((row.score for row in scored), default=None)
        expected = next(row for row in others if row.score == best)
        assert found.first_excluded == expected


def test_an_unknown_amount_is_counted_and_not_summed():
    items = [some(1, Decimal("10.05"), 80), some(2, None, 61), some(3, Decimal("7"))]
    found = scenarios.weigh(items, {1, 2}, amount=Decimal("10"), before=Total.of([Decimal("1")]))
    assert found.total == Total(Decimal("10.05"), known=1, count=2)
    assert (found.remaining, found.overrun) == (Decimal("-1.05"), Decimal("1.05"))
    assert (found.mean_score, found.scored) == (Decimal("70.50"), 2)
    assert (found.first_excluded.reference, found.by_score) == ("D-3", False)


# Of a sitting ----------------------------------------------------------------


def versions(committee):
    return dict(Selection.objects.filter(committee=committee).values_list("pk", "version"))


def asked(committee, amount, **values):
    return item(committee, application=dossier(committee, asked_amount=amount), **values)


@pytest.mark.django_db
def test_a_dossier_counts_for_what_is_proposed_else_for_what_is_asked():
    committee = sitting(session__envelope=Decimal("10000000"))
    proposed = item(
        committee, "retained", application=dossier(committee, asked_amount=Decimal("9"))
    )
    hidden = item(
        committee, "undisclosed", application=dossier(committee, asked_amount=Decimal("8"))
    )
    waiting = asked(committee, Decimal("400"))
    refused = item(
        committee, "not_retained", application=dossier(committee, asked_amount=Decimal("50"))
    )
    unknown = asked(committee, None)
    every = [proposed.pk, hidden.pk, waiting.pk, refused.pk, unknown.pk]
    events = Event.objects.count()
    found = scenarios.of(committee, every, decider())
    assert found.total == Total(Decimal("1000450.00"), known=3, count=5)
    assert found.remaining == Decimal("8999550.00")
    assert found.first_excluded is None
    assert scenarios.of(committee, [waiting.pk, 10**9], decider()).count == 1
    assert scenarios.retained_now(envelope.agenda(committee)) == {proposed.pk, hidden.pk}
    assert Event.objects.count() == events
    assert set(versions(committee).values()) == {1}


@pytest.mark.django_db
def test_scores_are_those_of_the_opinions():
    committee = sitting()
    criterion = CriterionFactory(call=committee.session.call, scale_max=5)
    rows = [item(committee) for _ in range(3)]
    for row, score in zip(rows, (2, 5, None), strict=True):
        if score is not None:
            review = ReviewFactory(application=row.application, rendered=True)
            ReviewScoreFactory(review=review, criterion=criterion, score=score)
    found = scenarios.of(committee, [rows[0].pk], decider())
    assert (found.mean_score, found.scored) == (Decimal("40.00"), 1)
    assert found.first_excluded.pk == rows[1].pk
    assert found.by_score


@pytest.mark.django_db
@pytest.mark.parametrize("superuser", [True, False])
def test_a_recused_person_weighs_nothing_and_proposes_nothing(superuser):
    user = UserFactory(superuser=True) if superuser else secretary()
    committee = sitting()
    rows = [asked(committee, Decimal("100")) for _ in range(2)]
    RecusalFactory(application=rows[0].application, user=user)
    found = scenarios.of(committee, [rows[1].pk], user)
    assert found.masked
    assert (found.total, found.mean_score, found.first_excluded) == (None, None, None)
    assert (found.count, found.examined, found.splits) == (0, 0, Splits())
    with pytest.raises(PermissionDenied):
        scenarios.propose_scenario(
            committee, [rows[1].pk], by=user, versions={rows[1].pk: 1}, motive="Hors enveloppe."
        )
    assert fresh(rows[1]).state == "to_examine"


@pytest.mark.django_db
def test_who_does_not_see_the_whole_agenda_weighs_nothing():
    user = UserFactory(role="Instruction")
    committee = sitting()
    own = item(committee, application=dossier(committee, case_officer=user))
    assert scenarios.of(committee, [own.pk], user).count == 1
    item(committee, "retained")
    found = scenarios.of(committee, [own.pk], user)
    assert (found.masked, found.total, found.examined) == (True, None, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 60])
def test_queries_are_as_many_for_one_dossier_as_for_sixty(count, django_assert_num_queries):
    committee = sitting(session__envelope=Decimal("100000000"))
    for _ in range(count):
        application = dossier(committee, asked_amount=Decimal("1000"))
        application.themes.set([ThemeFactory()])
        BearerFactory(
            application=application,
            organisation=OrganisationFactory(supervising_ministry=MinistryFactory()),
        )
        ReviewFactory(application=application, rendered=True)
        item(committee, application=application)
    user = decider()
    user.has_perm("calls.view_committee")  # a page has read the rights already
    committee = Committee.objects.select_related("session").get(pk=committee.pk)
    chosen = list(versions(committee))
    with django_assert_num_queries(11):
        found = scenarios.of(committee, chosen, user)
    assert found.total.known_sum == 1000 * count


# Proposing -------------------------------------------------------------------


@pytest.mark.django_db
def test_a_scenario_is_proposed_whole():
    committee = sitting()
    known, unknown = asked(committee, Decimal("400.50")), asked(committee, None)
    kept = item(committee, "retained")
    dropped = item(committee, "retained")
    out = item(committee)
    deferred = item(committee, "deferred")
    done = scenarios.propose_scenario(
        committee,
        [known.pk, unknown.pk, kept.pk],
        by=secretary(),
        versions=versions(committee),
        motive="Enveloppe épuisée.",
    )
    assert [row.pk for row in done] == [known.pk, unknown.pk, dropped.pk, out.pk]
    found = {row.pk: fresh(row) for row in (known, unknown, kept, dropped, out, deferred)}
    assert (found[known.pk].outcome, found[known.pk].granted_amount) == (
        "retained",
        Decimal("400.50"),
    )
    assert (found[unknown.pk].outcome, found[unknown.pk].amount_not_disclosed) == ("retained", True)
    assert (found[kept.pk].granted_amount, found[kept.pk].version) == (1_000_000, 1)
    assert {(found[row.pk].outcome, found[row.pk].motive) for row in (dropped, out)} == {
        ("not_retained", "Enveloppe épuisée.")
    }
    assert (found[deferred.pk].outcome, found[deferred.pk].version) == ("deferred", 1)
    assert Event.objects.filter(action="propose").count() == 4


@pytest.mark.django_db
def test_a_scenario_with_one_stale_dossier_proposes_nothing():
    committee = sitting()
    rows = [asked(committee, Decimal("10")) for _ in range(3)]
    opened = versions(committee)
    Selection.objects.filter(pk=rows[2].pk).update(
        state="proposed", version=2, **decided("deferred")
    )
    with pytest.raises(Stale) as told:
        scenarios.propose_scenario(
            committee, [row.pk for row in rows], by=secretary(), versions=opened
        )
    assert (told.value.stored["Sens"], told.value.typed["Sens"]) == ("ajourné", "retenu")
    assert [fresh(row).state for row in rows] == ["to_examine", "to_examine", "proposed"]


@pytest.mark.django_db
def test_a_scenario_of_another_agenda_proposes_nothing():
    committee = sitting()
    rows = [asked(committee, Decimal("10")) for _ in range(2)]
    stranger = item(sitting())
    for chosen, opened in (
        ([rows[0].pk, stranger.pk], versions(committee)),
        ([rows[0].pk], {rows[0].pk: 1}),
        ([rows[0].pk], {**versions(committee), stranger.pk: 1}),
    ):
        with pytest.raises(Refusal, match="a changé"):
            scenarios.propose_scenario(
                committee, chosen, by=secretary(), versions=opened, motive="Non."
            )
    assert len(references(committee)) == 2
    assert {fresh(row).state for row in rows} == {"to_examine"}


@pytest.mark.django_db
def test_those_left_out_need_a_motive():
    committee = sitting()
    rows = [asked(committee, Decimal("10")) for _ in range(2)]
    with pytest.raises(Refusal) as told:
        scenarios.propose_scenario(
            committee, [rows[0].pk], by=secretary(), versions=versions(committee), motive=" "
        )
    assert "motif" in told.value.message_dict["motive"][0]
    assert {fresh(row).state for row in rows} == {"to_examine"}
    scenarios.propose_scenario(
        committee, [row.pk for row in rows], by=secretary(), versions=versions(committee)
    )


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["Lecture", "Publication", "Instruction"])
def test_who_may_not_propose_on_every_dossier_proposes_no_scenario(role):
    user = UserFactory(role=role)
    committee = sitting()
    own = item(
        committee, application=dossier(committee, case_officer=user, asked_amount=Decimal("1"))
    )
    other = asked(committee, Decimal("2"))
    with pytest.raises(PermissionDenied):
        scenarios.propose_scenario(
            committee, [own.pk, other.pk], by=user, versions=versions(committee)
        )
    assert {fresh(own).state, fresh(other).state} == {"to_examine"}


@pytest.mark.django_db
def test_a_closed_sitting_takes_no_scenario():
    committee = sitting("closed")
    row = item(committee, "not_retained")
    with pytest.raises(Refusal):
        scenarios.propose_scenario(
            committee, [row.pk], by=secretary(), versions=versions(committee)
        )
    assert fresh(row).outcome == "not_retained"
