"""Several people at once on one dossier: one act is done, the others are told what happened."""

import threading

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from calls import history, instruction, workflow
from calls.models import Application, Event, InformationRequest, Letter, Review
from calls.permissions import Refusal, Stale
from tests.calls.dossiers import REASON, in_state, secretary
from tests.factories import OrganisationFactory, ReviewFactory, UserFactory

THREADS = 4
pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts):
    """What each act returns or is refused with, all of them started at the same moment."""
    barrier = threading.Barrier(len(acts))
    outcomes = [None] * len(acts)

    def run(rank, act):
        try:
            barrier.wait(10)
            outcomes[rank] = act()
        except Exception as error:
            outcomes[rank] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(rank, act)) for rank, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def sorted_out(outcomes):
    """(those that were done, those refused): nothing else may happen."""
    done = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert len(done) + len(refused) == len(outcomes), outcomes
    return done, refused


def people():
    return [
        UserFactory(role="Secrétariat", first_name="Agent", last_name=f"Numéro {rank}")
        for rank in range(THREADS)
    ]


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("received", "declare_admissible"),
        ("received", "declare_inadmissible"),
        ("under_review", "request_information"),
        ("info_requested", "resume_review"),
        ("under_review", "complete_review"),
        ("reviewed", "withdraw"),
    ],
)
def test_of_several_same_acts_one_is_done(state, action):
    application = in_state(state)
    agents = people()
    letters, requests = Letter.objects.count(), InformationRequest.objects.count()
    outcomes = together(
        *(lambda by=by: workflow.apply(application, action, by=by, comment=REASON) for by in agents)
    )
    done, refused = sorted_out(outcomes)
    assert len(done) == 1
    winner = agents[outcomes.index(done[0])]
    for refusal in refused:
        (said,) = refusal.messages
        assert done[0].get_state_display() in said
        assert f"par {winner.get_full_name()}, le " in said
    acts = Event.objects.filter(action=action, object_type="calls.application")
    assert [act.actor for act in acts] == [winner]
    assert Application.objects.get(pk=application.pk).state == done[0].state
    assert Letter.objects.count() - letters == (
        action in ("declare_inadmissible", "request_information")
    )
    assert InformationRequest.objects.count() - requests == (action == "request_information")
    assert history.verify().holds


def test_of_two_contrary_acts_one_is_done():
    application = in_state("received")
    agents = people()
    actions = ["declare_admissible", "declare_inadmissible"] * 2
    done, refused = sorted_out(
        together(
            *(
                lambda by=by, action=action: workflow.apply(
                    application, action, by=by, comment=REASON
                )
                for by, action in zip(agents, actions, strict=True)
            )
        )
    )
    assert (len(done), len(refused)) == (1, THREADS - 1)
    final = Application.objects.get(pk=application.pk)
    assert final.state == done[0].state
    assert (final.admissibility_reason != "") == (final.state == "inadmissible")
    assert history.verify().holds


def test_an_opinion_is_asked_once():
    application, institution = in_state("under_review"), OrganisationFactory()
    done, refused = sorted_out(
        together(
            *(
                lambda by=by: instruction.ask_opinion(application, institution, by=by)
                for by in people()
            )
        )
    )
    assert len(done) == 1
    assert all("déjà demandé" in error.messages[0] for error in refused)
    assert Review.objects.count() == 1


def test_of_several_opinions_on_one_version_one_is_kept():
    review = ReviewFactory(application=in_state("under_review"))
    comments = [f"Avis {rank}" for rank in range(THREADS)]
    outcomes = together(
        *(
            lambda by=by, comment=comment: instruction.render_opinion(
                review, by=by, verdict="reserved", comment=comment, scores={}, version=1
            )
            for by, comment in zip(people(), comments, strict=True)
        )
    )
    done, _ = sorted_out(outcomes)
    assert len(done) == 1
    kept = comments[outcomes.index(done[0])]
    assert Review.objects.get().comment == kept
    for rank, error in enumerate(outcomes):
        if error is not done[0]:
            assert isinstance(error, Stale)
            assert error.stored["Commentaire"] == kept
            assert error.typed["Commentaire"] == comments[rank]


def test_an_opinion_and_the_end_of_the_review_agree():
    """Given before, it is on the sheet; after, it is refused: never lost in between."""
    review = ReviewFactory(application=in_state("under_review"))
    agents = people()
    closing, giving = together(
        lambda: workflow.apply(review.application, "complete_review", by=agents[0], comment=REASON),
        lambda: instruction.render_opinion(
            review, by=agents[1], verdict="favourable", scores={}, version=1
        ),
    )
    assert not isinstance(closing, Exception)
    given = Review.objects.get().rendered_at is not None
    assert given != isinstance(giving, Refusal)
    final = Application.objects.get(pk=review.application_id)
    assert (final.missing_opinions_reason == "") == given


def test_of_several_syntheses_one_is_kept():
    application = in_state("under_review", synthesis="Avant.")
    texts = [f"Après {rank}." for rank in range(THREADS)]
    outcomes = together(
        *(
            lambda by=by, text=text: instruction.write_synthesis(
                application, text, by=by, known="Avant."
            )
            for by, text in zip(people(), texts, strict=True)
        )
    )
    done, refused = sorted_out(outcomes)
    assert len(done) == 1
    assert all(isinstance(error, Stale) for error in refused)
    kept = texts[outcomes.index(done[0])]
    assert Application.objects.get(pk=application.pk).synthesis == kept
    assert {error.stored["Synthèse"] for error in refused} == {kept}


def test_a_dossier_is_not_taken_back_as_its_review_starts():
    application, by = in_state("admissible"), secretary()
    starting, taking = together(
        lambda: workflow.apply(application, "start_review", by=by),
        lambda: instruction.assign(application, None, by=get_user_model().objects.get(pk=by.pk)),
    )
    assert isinstance(starting, Refusal) != isinstance(taking, Refusal)
    final = Application.objects.get(pk=application.pk)
    assert (final.state == "under_review") == (final.case_officer is not None)
