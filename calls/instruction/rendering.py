"""Giving an opinion, and amending it while the instruction is not closed."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import gates, history, letters, notifications
from calls.gates import INSTRUCTING
from calls.instruction.asked import hold_review, named, refuse_closed_review
from calls.models import Letter, Review, ReviewScore
from calls.permissions import Refusal, Stale
from ftap.templatetags.ftap import number


def render_opinion(
    review: Review,
    *,
    by,
    verdict: str,
    comment: str = "",
    confidential_comment: str = "",
    scores: Mapping[int, Decimal | None],
    version: int,
) -> Review:
    """Give an opinion, or amend it while the instruction is not closed.

    `scores` are by primary key of criterion, from 0 to the top of its scale, to the tenth: None
    takes a score away, a criterion not named keeps its own. `version` is that of the review when
    the person opened it. The person asked gives it, or the case officer and the secretariat on
    behalf of the institution, which the event says. `rendered_at` and `rendered_by` stay those of
    the first time; the history tells who amended it.
    """
    with transaction.atomic():
        application, review = hold_review(review, by)
        is_asked = _is_asked(by, review)
        if not is_asked and not gates.may(by, INSTRUCTING, application):
            raise PermissionDenied
        refuse_closed_review(application, review)
        typed = {
            "verdict": verdict,
            "comment": gates.plain(comment),
            "confidential_comment": gates.plain(confidential_comment),
        }
        criteria = {
            criterion.pk: criterion for criterion in application.session.call.criteria.all()
        }
        stored = {score.criterion_id: score for score in review.scores.all()}
        if review.version != version:
            raise _stale_opinion(application, review, stored, typed, scores, criteria)
        scores = {
            pk: _checked_score(application, criteria.get(pk), score) for pk, score in scores.items()
        }
        _check_verdict(application, typed)
        action = _opinion_act(review, is_asked)
        if not review.rendered_at:
            review.rendered_at, review.rendered_by = timezone.now(), by
        for name, value in typed.items():
            setattr(review, name, value)
        review.version += 1
        with history.acting(by, action, "" if is_asked else f"Au nom de : {review.institution}"):
            gates.save(review)
            _write_scores(review, criteria, stored, scores)
            letters.supersede(
                Letter.objects.filter(review=review), "l’avis attendu a été rendu", by=by
            )
        notifications.opinion_rendered(review, by=by)
    return review


def _is_asked(user, review):
    """Whether the opinion is theirs to give; a superuser gives it on behalf, as any other would."""
    asked = Review.objects.asked_of(user).filter(pk=review.pk).exists()
    return asked and user.has_perm("calls.give_opinion")


def _opinion_act(review, is_asked):
    if review.rendered_at:
        return "amend_opinion"
    return "give_opinion" if is_asked else "record_opinion"


def _check_verdict(application, typed):
    if typed["verdict"] not in Review.Verdict.values:
        raise Refusal(
            named(application, "choisissez le sens de l’avis : favorable, réservé ou défavorable.")
        )
    if typed["verdict"] != Review.Verdict.FAVOURABLE and not typed["comment"]:
        raise Refusal(
            named(application, "un avis réservé ou défavorable est commenté ; dites pourquoi.")
        )


def _checked_score(application, criterion, score):
    if criterion is None:
        raise Refusal(named(application, "un des critères notés est celui d’un autre appel."))
    if score is None:
        return None
    if criterion.scale_max is None:
        raise Refusal(named(application, f"le critère « {criterion} » n’est pas noté."))
    try:
        value = Decimal(score)
        is_valid = (
            value.is_finite()
            and 0 <= value <= criterion.scale_max
            and value == value.quantize(Decimal("0.1"))
        )
    except (InvalidOperation, TypeError, ValueError):
        is_valid = False
    if not is_valid:
        raise Refusal(
            named(
                application,
                f"la note de « {criterion} » va de 0 à {criterion.scale_max}, "
                "avec au plus un chiffre après la virgule.",
            )
        )
    return value


def _write_scores(review, criteria, stored, scores):
    for pk, value in scores.items():
        score = stored.get(pk)
        if value is None:
            if score is not None:
                score.delete()
        elif score is None:
            gates.save(ReviewScore(review=review, criterion=criteria[pk], score=value))
        elif score.score != value:
            score.score = value
            gates.save(score)


def _stale_opinion(application, review, stored, typed, scores, criteria):
    labels = dict(Review.Verdict.choices)
    names = {name: str(Review._meta.get_field(name).verbose_name).capitalize() for name in typed}
    kept = {names[name]: getattr(review, name) for name in typed}
    new = {names[name]: value for name, value in typed.items()}
    for values in (kept, new):
        verdict = values[names["verdict"]]
        values[names["verdict"]] = labels.get(verdict, verdict)
    for pk, value in scores.items():
        if criterion := criteria.get(pk):
            label = f"Note — {criterion}"
            kept[label] = _shown_score(stored[pk].score if pk in stored else None)
            new[label] = _shown_score(value)
    return Stale(
        named(
            application,
            f"l’avis de « {review.institution} » a changé depuis que vous avez ouvert cette page. "
            "Rien n’est enregistré ; comparez les valeurs, puis enregistrez à nouveau.",
        ),
        stored=kept,
        typed=new,
    )


def _shown_score(value):
    if value is None:
        return "—"
    try:
        return number(value)
    except InvalidOperation:
        return str(value)
