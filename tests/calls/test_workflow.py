"""The table of moves, held literally: what each state lets whom do, and what a move leaves."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from calls import history, letters, workflow
from calls.models import Application, Event, InformationRequest, Letter, Selection
from calls.permissions import ROLES, Hidden, Refusal, Stale
from tests.calls.dossiers import REASON, State, in_state, officer, secretary, stored
from tests.factories import (
    ApplicationFactory,
    BearerFactory,
    CallSessionFactory,
    EligibilityRuleFactory,
    LetterFactory,
    OrganisationFactory,
    RecusalFactory,
    ReviewFactory,
    SelectionFactory,
    UserFactory,
)

# action: (states it leaves from, state it leads to, whether the table asks a reason or a comment)
TABLE = {
    "declare_admissible": ({"received"}, "admissible", False),
    "declare_inadmissible": ({"received"}, "inadmissible", True),
    "reconsider": ({"admissible", "inadmissible"}, "received", True),
    "start_review": ({"admissible"}, "under_review", False),
    "cancel_review": ({"under_review"}, "admissible", True),
    "request_information": ({"under_review"}, "info_requested", True),
    "resume_review": ({"info_requested"}, "under_review", False),
    "complete_review": ({"under_review"}, "reviewed", False),
    "reopen_review": ({"reviewed"}, "under_review", True),
    "withdraw": (
        {"received", "admissible", "under_review", "info_requested", "reviewed"},
        "withdrawn",
        True,
    ),
}
OF_THE_OFFICER = {"start_review", "request_information", "resume_review", "complete_review"}
PAIRS = [(state, action) for state in State.values for action in TABLE]


def first_source(action):
    return sorted(TABLE[action][0])[0]


def acts_on(application):
    """The acts of the history on the dossier's own row, oldest first."""
    events = Event.objects.filter(object_type="calls.application", object_pk=str(application.pk))
    return [event for event in events.order_by("number") if event.action != "created"]


def refused(application, action, by, **given):
    """The sentence of a refusal, after which nothing has changed and nothing is told."""
    before, events = stored(application), Event.objects.count()
    with pytest.raises(Refusal) as error:
        workflow.apply(application, action, by=by, **given)
    assert stored(application) == before
    assert Event.objects.count() == events
    fresh = Application.objects.get(pk=application.pk)
    assert workflow.refusal(fresh, action, by, **given) == " ".join(error.value.messages)
    return " ".join(error.value.messages)


# The table -------------------------------------------------------------------


def test_the_table_is_that_one():
    assert set(State.values) == {
        "received",
        "admissible",
        "inadmissible",
        "under_review",
        "info_requested",
        "reviewed",
        "withdrawn",
    }
    assert {
        action: (set(row.sources), str(row.target), row.needs_reason)
        for action, row in workflow.TRANSITIONS.items()
    } == TABLE
    assert all(action == row.action for action, row in workflow.TRANSITIONS.items())


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "action"), PAIRS)
def test_each_action_on_each_state(state, action):
    application, by = in_state(state), secretary()
    sources, target, _ = TABLE[action]
    offered = {transition.action for transition in workflow.available(application, by)}
    assert (action in offered) == (state in sources)
    if state not in sources:
        said = refused(application, action, by, comment=REASON)
        assert f"« {application.get_state_display()} »" in said
        assert application.reference in said
        return
    assert workflow.refusal(application, action, by, comment=REASON) == ""
    moved = workflow.apply(application, action, by=by, comment=REASON)
    assert (moved.state, stored(application)["state"]) == (target, target)
    (act,) = acts_on(application)
    assert (act.action, act.actor) == (action, by)
    assert act.texts.get(name="comment").text == REASON
    assert history.verify().holds


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "action"), PAIRS)
def test_whoever_may_not_is_refused_in_every_state(state, action):
    """The stranger reads the dossier, and has one of their own in the same state."""
    stranger = officer()
    in_state(state, case_officer=stranger)
    application = in_state(state)
    before, events = stored(application), Event.objects.count()
    with pytest.raises(PermissionDenied) as error:
        workflow.apply(application, action, by=stranger, comment=REASON)
    assert not isinstance(error.value, Hidden)
    assert (stored(application), Event.objects.count()) == (before, events)
    assert workflow.available(application, stranger) == []
    assert "rôle" in workflow.refusal(application, action, stranger, comment=REASON)


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*ROLES, "superuser", "inactive secretary"])
def test_each_role_may_what_the_table_says(role):
    user = {
        "superuser": lambda: UserFactory(superuser=True),
        "inactive secretary": lambda: UserFactory(role="Secrétariat", is_active=False),
    }.get(role, lambda: UserFactory(role=role))()
    may = {"Secrétariat": set(TABLE), "superuser": set(TABLE), "Instruction": OF_THE_OFFICER}
    for action in TABLE:
        own = user if role == "Instruction" else officer()
        application = in_state(first_source(action), case_officer=own)
        allowed = action in may.get(role, set())
        offered = {transition.action for transition in workflow.available(application, user)}
        assert (action in offered) == allowed, action
        if allowed:
            workflow.apply(application, action, by=user, comment=REASON)
        else:
            with pytest.raises(PermissionDenied):
                workflow.apply(application, action, by=user, comment=REASON)


@pytest.mark.django_db
@pytest.mark.parametrize("action", [action for action, row in TABLE.items() if row[2]])
@pytest.mark.parametrize("comment", ["", "  \n "])
def test_a_reason_is_asked_where_the_table_says(action, comment):
    by = secretary()
    application = in_state(first_source(action))
    label = workflow.TRANSITIONS[action].comment_label
    assert f"« {label} »" in refused(application, action, by, comment=comment)


@pytest.mark.django_db
def test_an_unknown_act_is_refused_in_french():
    with pytest.raises(Refusal, match="Acte inconnu"):
        workflow.apply(ApplicationFactory(), "delete", by=secretary())


@pytest.mark.django_db
def test_a_fact_that_does_not_exist_is_an_error_of_the_program():
    with pytest.raises(TypeError):
        workflow.apply(ApplicationFactory(), "declare_admissible", by=secretary(), colour="bleu")


@pytest.mark.django_db
def test_what_is_refused_tells_what_happened_meanwhile():
    first = UserFactory(role="Secrétariat", first_name="Alix", last_name="Martin")
    application = in_state("received")
    workflow.apply(application, "declare_admissible", by=first)
    said = refused(application, "declare_admissible", secretary())
    today = timezone.localtime()
    assert "« recevable »" in said
    assert "déclaré recevable par Alix Martin, le " in said
    assert str(today.year) in said
    assert "Rechargez la page." in said


# Recusals and undisclosed dossiers ---------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["secretary", "superuser", "own officer"])
@pytest.mark.parametrize("action", TABLE)
def test_the_recused_do_nothing_and_are_told_nothing(who, action):
    user = {
        "secretary": secretary,
        "superuser": lambda: UserFactory(superuser=True),
        "own officer": officer,
    }[who]()
    application = in_state(first_source(action), case_officer=user)
    RecusalFactory(application=application, user=user)
    before = stored(application)
    with pytest.raises(Hidden):
        workflow.apply(application, action, by=user, comment=REASON)
    assert stored(application) == before
    assert workflow.available(application, user) == []
    assert workflow.refusal(application, action, user, comment=REASON) == "Dossier introuvable."


@pytest.mark.django_db
def test_a_recusal_that_was_lifted_gives_the_dossier_back():
    user = secretary()
    application = in_state("received")
    RecusalFactory(
        application=application,
        user=user,
        declared_at=timezone.now(),
        lifted_at=timezone.now(),
        lifted_by=secretary(),
        lift_reason=REASON,
    )
    assert workflow.apply(application, "declare_admissible", by=user).state == "admissible"


@pytest.mark.django_db
@pytest.mark.parametrize("action", TABLE)
def test_an_undisclosed_dossier_makes_no_move(action):
    application, by = ApplicationFactory(undisclosed=True), secretary()
    assert workflow.available(application, by) == []
    assert "non détaillée" in refused(application, action, by, comment=REASON)


@pytest.mark.django_db
def test_a_dossier_that_is_gone_is_hidden():
    application = ApplicationFactory()
    Application.objects.filter(pk=application.pk).delete()
    with pytest.raises(Hidden):
        workflow.apply(application, "declare_admissible", by=secretary())


# Admissibility ---------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [150_000, None])
def test_a_rule_that_does_not_hold_asks_a_reason_to_admit(amount):
    application, by = in_state("received", asked_amount=amount), secretary()
    EligibilityRuleFactory(session=application.session, value=200_000)
    assert "200\u202f000\u00a0€" in refused(application, "declare_admissible", by)
    moved = workflow.apply(application, "declare_admissible", by=by, comment=REASON)
    assert moved.admissibility_reason == REASON
    assert moved.admissibility_decided_at is not None


@pytest.mark.django_db
def test_a_reason_is_no_override_where_every_rule_holds():
    application = in_state("received", asked_amount=300_000)
    EligibilityRuleFactory(session=application.session, value=200_000)
    moved = workflow.apply(application, "declare_admissible", by=secretary(), comment=REASON)
    assert moved.admissibility_reason == ""


@pytest.mark.django_db
def test_a_refused_admission_drafts_a_letter_and_looking_again_drops_it():
    application, by = in_state("received"), secretary()
    other = LetterFactory(kind=Letter.Kind.INADMISSIBLE)
    moved = workflow.apply(application, "declare_inadmissible", by=by, comment=REASON)
    assert moved.admissibility_reason == REASON
    letter = moved.letters.get()
    assert (letter.kind, letter.superseded_at) == (Letter.Kind.INADMISSIBLE, None)
    again = workflow.apply(moved, "reconsider", by=by, comment="Pièce retrouvée.")
    assert (again.admissibility_decided_at, again.admissibility_reason) == (None, "")
    letter.refresh_from_db()
    assert letter.superseded_at is not None
    other.refresh_from_db()
    assert other.superseded_at is None


# Instruction -----------------------------------------------------------------


@pytest.mark.django_db
def test_a_review_starts_with_a_case_officer_fit_for_it():
    by, session = secretary(), CallSessionFactory()
    application = in_state("admissible", case_officer=None, session=session)
    assert "affectez d’abord un instructeur" in refused(application, "start_review", by)
    reader = UserFactory(role="Lecture")
    assert "rôle d’instruction" in refused(application, "start_review", by, case_officer=reader)
    gone = UserFactory(role="Instruction", is_active=False)
    assert "désactivé" in refused(application, "start_review", by, case_officer=gone)
    recused = officer()
    RecusalFactory(application=application, user=recused)
    assert "en déport" in refused(application, "start_review", by, case_officer=recused)
    fit = officer()
    moved = workflow.apply(application, "start_review", by=by, case_officer=fit)
    assert moved.case_officer == fit
    assert moved.review_started_at is not None


@pytest.mark.django_db
def test_a_case_officer_whose_account_closed_starts_nothing():
    application = in_state(
        "admissible", case_officer=UserFactory(role="Instruction", is_active=False)
    )
    assert "désactivé" in refused(application, "start_review", secretary())


@pytest.mark.django_db
def test_a_case_officer_does_not_pass_their_dossier_on():
    own = officer()
    application = in_state("admissible", case_officer=own)
    assert "secrétariat" in refused(application, "start_review", own, case_officer=officer())
    assert workflow.apply(application, "start_review", by=own, case_officer=own).case_officer == own


@pytest.mark.django_db
def test_a_review_given_up_has_no_date():
    moved = workflow.apply(
        in_state("under_review"), "cancel_review", by=secretary(), comment=REASON
    )
    assert moved.review_started_at is None


@pytest.mark.django_db
def test_information_is_asked_then_received():
    application, by = in_state("under_review"), secretary()
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    said = refused(application, "request_information", by, comment=REASON, due_on=yesterday)
    assert "passée" in said
    due_on = timezone.localdate()
    moved = workflow.apply(
        application,
        "request_information",
        by=by,
        comment="Le plan de\r\nfinancement.",
        due_on=due_on,
    )
    request = moved.information_requests.get()
    assert (request.text, request.due_on) == ("Le plan de\nfinancement.", due_on)
    assert (request.asked_by, request.closed_at) == (by, None)
    letter = request.letters.get()
    assert (letter.kind, letter.superseded_at) == (Letter.Kind.INFORMATION, None)
    workflow.apply(moved, "resume_review", by=by, answer=" Le voici. ")
    request.refresh_from_db()
    assert request.answer == "Le voici."
    assert request.closed_at >= request.asked_at
    letter.refresh_from_db()
    assert letter.superseded_at is not None
    assert Event.objects.filter(object_type="calls.informationrequest").count() == 2


@pytest.mark.django_db
def test_a_review_is_completed_with_a_synthesis():
    application, by = in_state("under_review", synthesis=""), secretary()
    assert "synthèse" in refused(application, "complete_review", by, synthesis=" \n")
    moved = workflow.apply(
        application, "complete_review", by=by, synthesis="Un dossier\r\nsolide. ", known=""
    )
    assert moved.synthesis == "Un dossier\nsolide."
    assert moved.reviewed_at is not None
    assert moved.missing_opinions_reason == ""


@pytest.mark.django_db
def test_a_synthesis_changed_meanwhile_is_not_overwritten():
    application, by = in_state("under_review", synthesis="De Camille."), secretary()
    before = stored(application)
    with pytest.raises(Stale) as error:
        workflow.apply(application, "complete_review", by=by, synthesis="D’Alix.", known="D’avant.")
    assert error.value.stored == {"Synthèse": "De Camille."}
    assert error.value.typed == {"Synthèse": "D’Alix."}
    assert stored(application) == before


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["asked", "never asked"])
def test_a_missing_opinion_asks_a_reason(missing):
    application, by = in_state("under_review"), secretary()
    institution = OrganisationFactory(name="Direction du budget")
    application.session.expected_institutions.add(institution)
    if missing == "asked":
        review = ReviewFactory(application=application, institution=institution)
    assert "Direction du budget" in refused(application, "complete_review", by)
    moved = workflow.apply(application, "complete_review", by=by, comment=REASON)
    assert moved.missing_opinions_reason == REASON
    again = workflow.apply(moved, "reopen_review", by=by, comment="L’avis arrive.")
    assert (again.reviewed_at, again.missing_opinions_reason) == (None, "")
    if missing == "asked":
        review.delete()
    ReviewFactory(application=application, institution=institution, rendered=True)
    done = workflow.apply(again, "complete_review", by=by, comment="Sans objet.")
    assert done.missing_opinions_reason == ""


@pytest.mark.django_db
def test_a_cancelled_request_leaves_the_institution_expected():
    application, by = in_state("under_review"), secretary()
    institution = OrganisationFactory(name="Direction du budget")
    application.session.expected_institutions.add(institution)
    ReviewFactory(
        application=application,
        institution=institution,
        cancelled_at=timezone.now(),
        cancel_reason=REASON,
    )
    assert "Direction du budget" in refused(application, "complete_review", by)


@pytest.mark.django_db
def test_a_dossier_without_officer_is_reopened_with_one():
    by = secretary()
    application = in_state("reviewed", case_officer=None)
    assert "affectez" in refused(application, "reopen_review", by, comment=REASON)
    own = officer()
    moved = workflow.apply(application, "reopen_review", by=by, comment=REASON, case_officer=own)
    assert moved.case_officer == own


# Decided dossiers, agendas -----------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["reopen_review", "withdraw"])
@pytest.mark.parametrize("outcome", Selection.Outcome.values)
def test_a_decided_dossier_neither_reopens_nor_is_withdrawn(action, outcome):
    application, by = in_state("reviewed"), secretary()
    retained = outcome == Selection.Outcome.RETAINED
    selection = SelectionFactory(
        application=application,
        retained=True,
        outcome=outcome,
        amount_not_disclosed=retained,
        motive=REASON,
        rank=1 if outcome == Selection.Outcome.WAITING_LIST else None,
        committee__name="Comité de juin",
    )
    said = refused(application, action, by, comment=REASON)
    assert "Comité de juin" in said
    assert selection.get_outcome_display() in said
    assert action not in {row.action for row in workflow.available(application, by)}
    selection.superseded_at = timezone.now()
    selection.save()
    assert workflow.apply(application, action, by=by, comment=REASON)


@pytest.mark.django_db
def test_a_dossier_on_an_agenda_is_not_withdrawn():
    application, by = in_state("reviewed"), secretary()
    selection = SelectionFactory(application=application, committee__name="Comité de juin")
    assert "Comité de juin" in refused(application, "withdraw", by, comment=REASON)
    selection.delete()
    assert workflow.apply(application, "withdraw", by=by, comment=REASON).state == "withdrawn"


@pytest.mark.django_db
def test_nothing_is_awaited_of_a_withdrawn_dossier():
    application, by = in_state("info_requested"), secretary()
    request = application.information_requests.get()
    awaited = ReviewFactory(application=application)
    given = ReviewFactory(application=application, rendered=True)
    foreign = ReviewFactory()
    drafts = [LetterFactory(application=application), LetterFactory(review=awaited)]
    drafts[1].application = application
    drafts[1].save()
    moved = workflow.apply(application, "withdraw", by=by, comment=REASON)
    assert (moved.withdrawal_reason, moved.withdrawn_at is not None) == (REASON, True)
    assert moved.admissibility_decided_at is not None
    for row in (request, awaited, given, foreign, *drafts):
        row.refresh_from_db()
    assert request.closed_at is not None
    assert awaited.cancel_reason
    assert given.cancelled_at is None
    assert foreign.cancelled_at is None
    assert all(letter.superseded_at for letter in drafts)


# All or nothing ----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "action", "step"),
    [
        ("received", "declare_inadmissible", "draft_inadmissible"),
        ("under_review", "request_information", "draft_information"),
        ("info_requested", "resume_review", "supersede"),
        ("info_requested", "withdraw", "supersede"),
    ],
)
def test_nothing_is_half_done_when_a_step_fails(monkeypatch, mailoutbox, state, action, step):
    application = in_state(state)
    before, events = stored(application), Event.objects.count()
    requests = list(InformationRequest.objects.values())

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(letters, step, fail)
    with pytest.raises(RuntimeError):
        workflow.apply(application, action, by=secretary(), comment=REASON)
    assert stored(application) == before
    assert list(InformationRequest.objects.values()) == requests
    assert Event.objects.count() == events
    assert mailoutbox == []
    assert history.verify().holds


@pytest.mark.django_db
def test_a_row_that_cannot_be_true_is_refused_with_the_name_of_the_field():
    application, by = in_state("received"), secretary()
    Application.objects.filter(pk=application.pk).update(contact_email="pas une adresse")
    with pytest.raises(Refusal, match="Adresse électronique du contact"):
        workflow.apply(application, "declare_admissible", by=by)
    assert stored(application)["state"] == "received"


# Many at once ------------------------------------------------------------------


@pytest.mark.django_db
def test_a_preview_of_many_says_what_each_gate_says(django_assert_num_queries):
    by, session = secretary(), CallSessionFactory()
    EligibilityRuleFactory(session=session, value=200_000)
    rows = [
        in_state("received", session=session, asked_amount=300_000),
        in_state("received", session=session, asked_amount=100_000),
        in_state("reviewed", session=session),
        ApplicationFactory(undisclosed=True, session=session),
        in_state("received", session=session),
    ]
    RecusalFactory(application=rows[-1], user=by)
    by.has_perm("calls.decide_admissibility")
    said = workflow.refusals(rows, "declare_admissible", by)
    assert [bool(said[row.pk]) for row in rows] == [False, True, True, True, True]
    for row in rows:
        assert said[row.pk] == workflow.refusal(row, "declare_admissible", by)
    for row in rows[:3]:
        BearerFactory(application=row)
    for size, queries in ((1, 5), (3, 6)):
        few = [Application.objects.get(pk=row.pk) for row in rows[:size]]
        # Recusals, sessions, rules, bearers, organisations; the history of those out of place.
        with django_assert_num_queries(queries):
            workflow.refusals(few, "declare_admissible", by)


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize(("action", "queries"), [("complete_review", 7), ("withdraw", 2)])
def test_a_preview_asks_as_much_of_one_as_of_three(
    django_assert_num_queries, action, queries, size
):
    by, session = secretary(), CallSessionFactory()
    session.expected_institutions.add(OrganisationFactory())
    rows = [in_state("under_review", session=session) for _ in range(size)]
    for row in rows:
        ReviewFactory(application=row)
    rows = list(Application.objects.all())
    by.has_perm("calls.manage_review")
    with django_assert_num_queries(queries):
        workflow.refusals(rows, action, by, comment=REASON)
