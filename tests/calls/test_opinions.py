"""Opinions counted and averaged: each figure worked out by hand, then held by properties."""

from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from calls import opinions
from calls.models import Application, Review
from tests.calls.dossiers import REASON, in_state
from tests.factories import (
    ApplicationFactory,
    CallSessionFactory,
    CriterionFactory,
    OrganisationFactory,
    ReviewFactory,
    ReviewScoreFactory,
)


def criteria(session, *rows):
    """Criteria of the session's call, each (weight, top of the scale)."""
    return [
        CriterionFactory(call=session.call, weight=weight, scale_max=top) for weight, top in rows
    ]


def opinion(application, scored, *scores, **values):
    """An opinion rendered, with a score or None on each of these criteria."""
    review = ReviewFactory(application=application, rendered=True, **values)
    for criterion, score in zip(scored, scores, strict=True):
        if score is not None:
            ReviewScoreFactory(review=review, criterion=criterion, score=score)
    return review


def summary(application):
    return opinions.summary(Application.objects.get(pk=application.pk))


@pytest.mark.django_db
def test_a_dossier_without_opinion_has_no_figure():
    application = ApplicationFactory()
    criteria(application.session, (1, 5))
    found = summary(application)
    assert (found.expected, found.scored, found.cancelled) == (0, 0, 0)
    assert (found.weighted_mean, found.lowest, found.highest) == (None, None, None)
    assert found.mean_on_scale is None
    assert found.scale == 5
    assert found.criteria[0].count == 0
    assert (found.criteria[0].mean, found.criteria[0].lowest) == (None, None)


@pytest.mark.django_db
def test_weights_scales_and_spread():
    application = ApplicationFactory()
    quality, savings = criteria(application.session, (3, 5), (1, 10))
    opinion(application, (quality, savings), 4, 5)  # (3 × 0,8 + 1 × 0,5) / 4 = 72,5 %
    opinion(application, (quality, savings), 2, 10)  # (3 × 0,4 + 1 × 1) / 4 = 55 %
    ReviewFactory(application=application)
    found = summary(application)
    assert found.weighted_mean == Decimal("63.75")
    assert (found.lowest, found.highest) == (Decimal("55.00"), Decimal("72.50"))
    assert (found.scored, found.expected) == (2, 3)
    assert (found.scale, found.mean_on_scale) == (None, None)
    assert [(row.mean, row.lowest, row.highest, row.count) for row in found.criteria] == [
        (3, 2, 4, 2),
        (Decimal("7.5"), 5, 10, 2),
    ]


@pytest.mark.django_db
def test_on_one_scale_the_mean_is_given_on_it_too():
    application = ApplicationFactory()
    rows = criteria(application.session, (1, 5), (2, 5), (None, None))
    opinion(application, rows[:2], 5, 4)
    found = summary(application)
    assert (found.scale, found.mean_on_scale) == (5, Decimal("4.33"))
    assert found.weighted_mean == Decimal("86.67")
    assert len(found.criteria) == 2


@pytest.mark.django_db
def test_without_any_weight_each_criterion_counts_one():
    application = ApplicationFactory()
    rows = criteria(application.session, (None, 5), (None, 10))
    opinion(application, rows, 5, 5)
    found = summary(application)
    assert (found.weighted_mean, found.left_out) == (Decimal("75.00"), ())


@pytest.mark.django_db
def test_where_some_have_a_weight_the_others_are_left_out_and_named():
    application = ApplicationFactory()
    weighted, other = criteria(application.session, (2, 5), (None, 10))
    opinion(application, (weighted, other), 5, 0)
    opinion(application, (weighted, other), None, 10)
    found = summary(application)
    assert (found.weighted_mean, found.scored) == (Decimal("100.00"), 1)
    assert found.left_out == (other,)
    assert found.scale == 5
    assert [row.count for row in found.criteria] == [1, 2]


@pytest.mark.django_db
def test_an_opinion_counts_over_the_criteria_that_it_scores():
    application = ApplicationFactory()
    rows = criteria(application.session, (3, 5), (1, 5))
    opinion(application, rows, None, 4)
    assert summary(application).weighted_mean == Decimal("80.00")


@pytest.mark.django_db
def test_what_is_expected_given_missing_and_cancelled():
    application = in_state("under_review")
    never_asked, asked_then_cancelled = OrganisationFactory.create_batch(2)
    awaited = ReviewFactory(application=application)
    given_one = ReviewFactory(
        application=application, rendered=True, verdict="reserved", comment=REASON
    )
    cancelled = ReviewFactory(
        application=application,
        institution=asked_then_cancelled,
        rendered=True,
        verdict="unfavourable",
        comment=REASON,
        cancelled_at=timezone.now(),
        cancel_reason=REASON,
    )
    ReviewScoreFactory(review=cancelled, score=5)
    ReviewFactory(rendered=True)
    application.session.expected_institutions.add(
        never_asked, asked_then_cancelled, awaited.institution, given_one.institution
    )
    found = summary(application)
    assert found.rendered == (given_one,)
    assert found.awaited == (awaited,)
    assert set(found.unasked) == {never_asked, asked_then_cancelled}
    assert set(found.missing) == {never_asked, asked_then_cancelled, awaited.institution}
    assert (found.expected, found.cancelled) == (4, 1)
    assert found.verdicts == {"favourable": 0, "reserved": 1, "unfavourable": 0}
    assert (found.weighted_mean, found.scored) == (None, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 3])
def test_many_are_summarised_in_as_many_queries_as_one(django_assert_num_queries, size):
    session = CallSessionFactory()
    rows = criteria(session, (1, 5))
    for _ in range(size):
        application = ApplicationFactory(session=session)
        opinion(application, rows, 3)
        opinion(application, rows, 4)
    applications = list(Application.objects.all())
    # Sessions, institutions expected, calls, criteria; opinions, scores.
    with django_assert_num_queries(6):
        found = opinions.summaries(applications)
    assert [row.weighted_mean for row in found.values()] == [Decimal("70.00")] * size


@pytest.mark.django_db
@pytest.mark.parametrize("state", Application.State.values)
def test_only_an_open_dossier_still_takes_opinions(state):
    review = ReviewFactory(application=in_state(state))
    ReviewFactory(application=review.application, rendered=True)
    is_open = state in {"admissible", "under_review", "info_requested"}
    assert list(opinions.awaited(Review.objects.all())) == ([review] if is_open else [])


@given(st.fractions(0, 1), st.integers(1, 100))
def test_a_figure_is_rounded_to_the_nearest_hundredth(share, top):
    rounded = opinions._rounded(share, top)
    assert rounded == rounded.quantize(Decimal("0.01"))
    assert abs(Fraction(rounded) - share * top) <= Fraction(1, 200)
    assert 0 <= rounded <= top


def test_halves_go_up():
    assert opinions._rounded(Fraction(1, 200), 1) == Decimal("0.01")
    assert opinions._rounded(Fraction(3, 200), 1) == Decimal("0.02")
    assert opinions._rounded(None, 1) is None
