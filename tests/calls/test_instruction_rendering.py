"""Opinions given and amended: who may, when, on what scale, and what stays."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from calls import history, instruction, workflow
from calls.models import Event, Review, ReviewScore
from calls.permissions import Hidden, Stale
from tests.calls.dossiers import (
    OPEN,
    REASON,
    State,
    asked,
    in_state,
    officer,
    opinion_rows,
    refused_opinion,
    render,
    reviewer,
    secretary,
)
from tests.factories import (
    AffiliationFactory,
    ApplicationFactory,
    CriterionFactory,
    LetterFactory,
    OrganisationFactory,
    ReviewFactory,
    ReviewScoreFactory,
    UserFactory,
)

# Giving ----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", State.values)
def test_an_opinion_is_given_and_amended_until_the_end_of_the_review(state):
    review, person = asked(state)
    if state not in OPEN:
        assert review.application.get_state_display() in refused_opinion(render, review, person)
        return
    given = render(review, person, comment=" Un bon\r\nprojet. ", confidential_comment="Cher.")
    assert (given.verdict, given.comment) == ("favourable", "Un bon\nprojet.")
    assert (given.confidential_comment, given.rendered_by, given.version) == ("Cher.", person, 2)
    event = Event.objects.get(action="give_opinion")
    assert (event.actor, event.object_type) == (person, "calls.review")
    assert not event.texts.filter(name="comment").exists()
    amended = render(given, person, verdict="reserved", comment="À chiffrer.")
    assert (amended.verdict, amended.rendered_at, amended.version) == (
        "reserved",
        given.rendered_at,
        3,
    )
    assert Event.objects.filter(action="amend_opinion").count() == 1
    assert history.verify().holds


@pytest.mark.django_db
def test_an_opinion_is_refused_once_the_review_is_completed():
    review, person = asked()
    given = render(review, person)
    workflow.apply(given.application, "complete_review", by=secretary())
    assert "instruite" in refused_opinion(
        render, given, person, verdict="unfavourable", comment=REASON
    )
    by = secretary()
    said = refused_opinion(instruction.cancel_opinion, given, by=by, reason=REASON)
    assert "instruite" in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("named", True),
        ("of the institution", True),
        ("of the institution, another named", False),
        ("of another institution", False),
        ("without the role", False),
        ("case officer", True),
        ("another’s officer", False),
        ("secretary", True),
        ("superuser", True),
        ("Décision", False),
        ("Lecture", False),
        ("Publication", False),
    ],
)
def test_who_gives_an_opinion(who, may):
    own, institution = officer(), OrganisationFactory()
    other = reviewer(institution)
    named = {"of the institution, another named": other}.get(who)
    makers = {
        "named": lambda: reviewer(institution),
        "of the institution": lambda: reviewer(institution),
        "of the institution, another named": lambda: reviewer(institution),
        "of another institution": lambda: reviewer(OrganisationFactory()),
        "case officer": lambda: own,
        "another’s officer": officer,
        "secretary": secretary,
        "superuser": lambda: UserFactory(superuser=True),
        "without the role": lambda: AffiliationFactory(organisation=institution).user,
    }
    user = makers.get(who, lambda: UserFactory(role=who))()
    review = ReviewFactory(
        application=in_state("under_review", case_officer=own),
        institution=institution,
        reviewer=user if who == "named" else named,
    )
    ReviewFactory(
        institution=getattr(getattr(user, "affiliation", None), "organisation", institution)
    )
    if not may:
        before = opinion_rows()
        with pytest.raises(PermissionDenied):
            render(review, user)
        assert opinion_rows() == before
        return
    assert render(review, user).rendered_by == user
    on_behalf = who in ("case officer", "secretary", "superuser")
    event = Event.objects.get(action="record_opinion" if on_behalf else "give_opinion")
    said = [text.text for text in event.texts.filter(name="comment")]
    assert [str(institution) in text for text in said] == [True] * on_behalf


@pytest.mark.django_db
@pytest.mark.parametrize("verdict", ["reserved", "unfavourable"])
def test_a_reserve_is_explained(verdict):
    review, person = asked()
    assert "dites pourquoi" in refused_opinion(
        render, review, person, verdict=verdict, comment=" \n"
    )
    assert render(review, person, verdict=verdict, comment="Trop cher.").verdict == verdict


@pytest.mark.django_db
@pytest.mark.parametrize("verdict", ["", "peut-être"])
def test_an_opinion_has_one_of_three_verdicts(verdict):
    review, person = asked()
    assert "choisissez le sens" in refused_opinion(render, review, person, verdict=verdict)


# Scores ----------------------------------------------------------------------


@pytest.mark.django_db
def test_scores_are_given_amended_kept_and_taken_away():
    review, person = asked()
    first, second, third = (
        CriterionFactory(call=review.application.session.call, scale_max=5) for _ in range(3)
    )
    given = render(review, person, scores={first.pk: Decimal("4.5"), second.pk: 0, third.pk: "2"})
    assert {score.criterion: score.score for score in given.scores.all()} == {
        first: Decimal("4.5"),
        second: 0,
        third: 2,
    }
    amended = render(given, person, scores={first.pk: 5, third.pk: None})
    assert {score.criterion: score.score for score in amended.scores.all()} == {
        first: 5,
        second: 0,
    }
    # One event for the opinion, one for each score that moved.
    kinds = Event.objects.filter(action="amend_opinion").values_list("object_type", "kind")
    assert sorted(kinds) == [
        ("calls.review", "~"),
        ("calls.reviewscore", "-"),
        ("calls.reviewscore", "~"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "score", ["5.1", "-0.1", "4.55", "NaN", "sNaN", "Infinity", "beaucoup", "1e400", 4.55, []]
)
def test_a_score_out_of_its_scale_is_refused_opinion(score):
    review, person = asked()
    criterion = CriterionFactory(call=review.application.session.call, scale_max=5, title="Coût")
    said = refused_opinion(render, review, person, scores={criterion.pk: score})
    assert "de 0 à 5" in said
    assert "Coût" in said


@pytest.mark.django_db
def test_only_the_scored_criteria_of_the_call_are_scored():
    review, person = asked()
    foreign = CriterionFactory(scale_max=5)
    assert "autre appel" in refused_opinion(render, review, person, scores={foreign.pk: 3})
    silent = CriterionFactory(call=review.application.session.call, scale_max=None)
    assert "n’est pas noté" in refused_opinion(render, review, person, scores={silent.pk: 3})
    assert render(review, person, scores={silent.pk: None}).scores.count() == 0


# Stale -----------------------------------------------------------------------


@pytest.mark.django_db
def test_of_two_amendments_the_second_is_shown_both_and_writes_nothing():
    review, person = asked()
    criterion = CriterionFactory(call=review.application.session.call, scale_max=5, title="Coût")
    given = render(review, person, comment="Oui.", scores={criterion.pk: 4})
    before = opinion_rows()
    with pytest.raises(Stale) as error:
        render(
            given,
            secretary(),
            verdict="unfavourable",
            comment="Non.",
            scores={criterion.pk: "1,5"},
            version=1,
        )
    assert opinion_rows() == before
    assert error.value.stored == {
        "Sens de l’avis": "favorable",
        "Commentaire": "Oui.",
        "Partie confidentielle": "",
        "Note — Coût": "4",
    }
    assert error.value.typed == {
        "Sens de l’avis": "défavorable",
        "Commentaire": "Non.",
        "Partie confidentielle": "",
        "Note — Coût": "1,5",
    }
    assert str(review.institution) in error.value.messages[0]


@pytest.mark.django_db
def test_an_opinion_that_is_gone_is_hidden():
    review, person = asked()
    Review.objects.filter(pk=review.pk).delete()
    with pytest.raises(Hidden):
        render(review, person)


@pytest.mark.django_db
def test_nothing_is_half_given_when_a_score_fails(monkeypatch):
    review, person = asked()
    criterion = CriterionFactory(call=review.application.session.call, scale_max=5)
    ReviewScoreFactory(review__application=review.application)
    before, events = opinion_rows(), Event.objects.count()

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(ReviewScore, "save", fail)
    with pytest.raises(RuntimeError):
        render(review, person, scores={criterion.pk: 3})
    assert (opinion_rows(), Event.objects.count()) == (before, events)


@pytest.mark.django_db
def test_an_opinion_that_came_makes_its_reminder_void():
    application = ApplicationFactory(
        state="under_review", case_officer=UserFactory(role="Instruction")
    )
    review = ReviewFactory(application=application)
    letter = LetterFactory(application=application, review=review, kind="opinion_reminder")
    other = LetterFactory(application=application, kind="opinion_reminder")
    instruction.render_opinion(
        review,
        by=application.case_officer,
        verdict="favourable",
        scores={},
        version=review.version,
    )
    letter.refresh_from_db()
    other.refresh_from_db()
    assert letter.superseded_reason == "l’avis attendu a été rendu"
    assert other.superseded_at is None
