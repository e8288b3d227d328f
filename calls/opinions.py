"""The opinions on a dossier, counted and averaged.

Weighted mean. A score counts as a share of its criterion's scale (score / scale_max), so that
criteria with different scales can be added up. The mean of one opinion is the sum of these shares
times the criteria's weights, divided by the sum of the weights, over the criteria that the opinion
scores. Where no criterion of the call has a weight, each counts 1; where some have, those without
are left out, and named. The dossier's mean is the plain mean of its opinions' means, each
institution counting once; its spread is the lowest and the highest of them. Only opinions rendered
and not cancelled count. Computed in fractions, then rounded to the hundredth, halves up.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import prefetch_related_objects

from calls.models import Application, Criterion, Review
from laureates.models import Organisation

# States of a dossier in which opinions are asked, given and amended.
OPEN_STATES = (
    Application.State.ADMISSIBLE,
    Application.State.UNDER_REVIEW,
    Application.State.INFO_REQUESTED,
)


@dataclass(frozen=True)
class CriterionSummary:
    """The scores given on one criterion, on its own scale; None where nobody scored it."""

    criterion: Criterion
    mean: Decimal | None
    lowest: Decimal | None
    highest: Decimal | None
    count: int


@dataclass(frozen=True)
class OpinionSummary:
    """The opinions on one dossier.

    `rendered` were given; `awaited` were asked and not given; `unasked` are the institutions that
    the session expects and that nobody asked; `cancelled` counts requests given up. `verdicts`
    counts each of `Review.Verdict`. `weighted_mean`, `lowest` and `highest` are in per cent;
    `mean_on_scale` is the mean out of `scale`, both None unless every criterion that counts has
    the same scale. `left_out` are the criteria without weight among others that have one.
    """

    rendered: tuple[Review, ...]
    awaited: tuple[Review, ...]
    unasked: tuple[Organisation, ...]
    cancelled: int
    verdicts: dict[str, int]
    criteria: tuple[CriterionSummary, ...]
    scored: int
    weighted_mean: Decimal | None
    lowest: Decimal | None
    highest: Decimal | None
    scale: int | None
    mean_on_scale: Decimal | None
    left_out: tuple[Criterion, ...]

    @property
    def expected(self) -> int:
        """N of « n/N »: opinions given, asked for, and still to be asked for."""
        return len(self.rendered) + len(self.awaited) + len(self.unasked)

    @property
    def missing(self) -> tuple[Organisation, ...]:
        """The institutions whose opinion is expected and not given."""
        return (*(review.institution for review in self.awaited), *self.unasked)


def summary(application: Application) -> OpinionSummary:
    return summaries([application])[application.pk]


def summaries(applications: Iterable[Application]) -> dict[int, OpinionSummary]:
    """The summaries of several dossiers by primary key, in a constant number of queries."""
    applications = list(applications)
    prefetch_related_objects(
        applications, "session__expected_institutions", "session__call__criteria"
    )
    reviews = {application.pk: [] for application in applications}
    for review in (
        Review.objects.filter(application__in=reviews)
        .select_related("institution")
        .prefetch_related("scores")
        .order_by("institution__name", "pk")
    ):
        reviews[review.application_id].append(review)
    return {
        application.pk: _summarise(application, reviews[application.pk])
        for application in applications
    }


def awaited(reviews):
    """Those of a queryset of opinions that can still be given: a closed dossier takes none."""
    return reviews.expected().filter(application__state__in=OPEN_STATES)


def _summarise(application, reviews):
    live = [review for review in reviews if review.cancelled_at is None]
    rendered = tuple(review for review in live if review.rendered_at)
    asked = {review.institution_id for review in live}
    criteria = [
        criterion
        for criterion in application.session.call.criteria.all()
        if criterion.scale_max is not None
    ]
    is_weighted = any(criterion.weight is not None for criterion in criteria)
    weights = {
        criterion.pk: Fraction(criterion.weight) if is_weighted else Fraction(1)
        for criterion in criteria
        if criterion.weight is not None or not is_weighted
    }
    counting = {criterion.pk: criterion for criterion in criteria if criterion.pk in weights}
    means = [
        mean for review in rendered if (mean := _mean_of(review, counting, weights)) is not None
    ]
    mean = sum(means, Fraction()) / len(means) if means else None
    scales = {criterion.scale_max for criterion in counting.values()}
    scale = scales.pop() if len(scales) == 1 else None
    counts = Counter(review.verdict for review in rendered)
    return OpinionSummary(
        rendered=rendered,
        awaited=tuple(review for review in live if not review.rendered_at),
        unasked=tuple(
            institution
            for institution in application.session.expected_institutions.all()
            if institution.pk not in asked
        ),
        cancelled=len(reviews) - len(live),
        verdicts={verdict: counts[verdict] for verdict in Review.Verdict.values},
        criteria=tuple(_summarise_criterion(criterion, rendered) for criterion in criteria),
        scored=len(means),
        weighted_mean=_rounded(mean, 100),
        lowest=_rounded(min(means, default=None), 100),
        highest=_rounded(max(means, default=None), 100),
        scale=scale,
        mean_on_scale=_rounded(mean, scale) if scale else None,
        left_out=tuple(criterion for criterion in criteria if criterion.pk not in weights),
    )


def _mean_of(review, counting, weights):
    """The share, from 0 to 1, that an opinion gives; None where it scores nothing that counts."""
    scores = [score for score in review.scores.all() if score.criterion_id in counting]
    if not scores:
        return None
    total = sum(
        weights[score.criterion_id] * Fraction(score.score) / counting[score.criterion_id].scale_max
        for score in scores
    )
    return total / sum(weights[score.criterion_id] for score in scores)


def _summarise_criterion(criterion, rendered):
    scores = [
        score.score
        for review in rendered
        for score in review.scores.all()
        if score.criterion_id == criterion.pk
    ]
    mean = Fraction(sum(scores)) / len(scores) if scores else None
    return CriterionSummary(
        criterion=criterion,
        mean=_rounded(mean, 1),
        lowest=min(scores, default=None),
        highest=max(scores, default=None),
        count=len(scores),
    )


def _rounded(share, top):
    """`share` of `top` to the hundredth, halves up; None stays None."""
    if share is None:
        return None
    value = share * top * 100
    # An integer division: a fraction has no exact decimal form.
    hundredths = (2 * value.numerator + value.denominator) // (2 * value.denominator)
    return Decimal(hundredths).scaleb(-2)
