"""What can be true of a row of the private house: each constraint is violated here, twice."""

import datetime

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import ProtectedError

from calls.models import Application, CallSession, EligibilityRule, EventText, Selection
from tests import constraints
from tests.constraints import changed
from tests.factories import (
    ApplicationFactory,
    BearerFactory,
    BulkActFactory,
    BulkActItemFactory,
    CallDocumentFactory,
    CallFactory,
    CallSessionFactory,
    ColumnMappingFactory,
    CommitteeFactory,
    CommitteeMemberFactory,
    CriterionFactory,
    DossierImportFactory,
    DossierImportRowFactory,
    EligibilityRuleFactory,
    FormerDeadlineFactory,
    FundAimFactory,
    FundFactory,
    InformationRequestFactory,
    LaureateFactory,
    LetterFactory,
    MinutesFactory,
    RecusalFactory,
    ReviewFactory,
    ReviewScoreFactory,
    SelectionFactory,
    SessionAccessFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

LEAD = "chef-de-file"
NOW = datetime.datetime(2019, 9, 1, 8, 0, tzinfo=datetime.UTC)
LATER = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
CONSTRAINTS = constraints.of_app("calls")


def same(factory, parent, *names, **values):
    """A second row of the same parent, changed to hold the same `names` as the first."""
    first = factory()
    second = factory(**{parent: getattr(first, parent)})
    return changed(second, **{name: getattr(first, name) for name in names}, **values)


def second_lead():
    first = BearerFactory(role=LEAD)
    second = BearerFactory(application=first.application, role="soutien")
    return changed(second, role=LEAD)


def second_live_selection():
    first = SelectionFactory()
    superseded = SelectionFactory(
        application=first.application,
        committee=first.committee,
        superseded_at=datetime.datetime(2019, 10, 1, tzinfo=datetime.UTC),
    )
    return changed(superseded, superseded_at=None)


def second_live_review():
    first = ReviewFactory()
    second = ReviewFactory(
        application=first.application, cancelled_at=NOW, cancel_reason="Demandé deux fois."
    )
    return changed(second, institution=first.institution, cancelled_at=None, cancel_reason="")


def second_item():
    """What an act did is never changed: what breaks the rule is a row to come."""
    first = BulkActItemFactory()
    return BulkActItemFactory.build(act=first.act, application=first.application, position=2)


def second_event_text():
    """Texts of events are never changed: what breaks the rule is a row to come."""
    ApplicationFactory()
    text = EventText.objects.first()
    return EventText(event=text.event, name=text.name, salt="", text="", digest="0" * 64)


def second_recusal(**person):
    first = RecusalFactory(**person)
    second = RecusalFactory(
        application=first.application,
        member=None,
        user=UserFactory(),
        declared_by=first.declared_by,
    )
    return changed(second, **person)


def second_open_request():
    first = InformationRequestFactory()
    second = InformationRequestFactory(application=first.application, closed_at=LATER)
    return changed(second, closed_at=None)


def same_user_twice():
    first = CommitteeMemberFactory(user=UserFactory())
    return changed(CommitteeMemberFactory(committee=first.committee), user=first.user)


def unsaved_minutes(**values):
    """Minutes are never changed: what breaks a rule is a row to come."""
    values.setdefault("committee", CommitteeFactory())
    return MinutesFactory.build(sealed_by=UserFactory(), **values)


def sent_letter():
    person = UserFactory()
    return LetterFactory(
        reviewed_at=NOW, reviewed_by=person, sent_at=NOW, sent_by=person, channel="post"
    )


def second_import_row():
    first = DossierImportRowFactory()
    return changed(DossierImportRowFactory(job=first.job), position=first.position)


def proposed(**values):
    return changed(SelectionFactory(), state="proposed", **values)


# A saved row, changed so that it breaks the constraint and no other.
VIOLATIONS = {
    "column_mapping_known_column": lambda: changed(ColumnMappingFactory(), rank=0),
    "column_mapping_unique_column": lambda: same(ColumnMappingFactory, "call", "label"),
    "dossierimport_ended_has_date": lambda: changed(DossierImportFactory(), stage="done"),
    "dossierimport_known_stage": lambda: changed(DossierImportFactory(), stage="sent"),
    "dossierimport_read_within_total": lambda: changed(DossierImportFactory(), rows_read=1),
    "dossierimportrow_known_outcome": lambda: changed(DossierImportRowFactory(), outcome="lost"),
    "dossierimportrow_unique_position": second_import_row,
    "application_asked_amount_not_negative": lambda: changed(ApplicationFactory(), asked_amount=-1),
    "application_disclosed_has_title": lambda: changed(ApplicationFactory(), title=""),
    "application_inadmissible_has_reason": lambda: changed(
        ApplicationFactory(), state="inadmissible"
    ),
    "application_known_form_state": lambda: changed(ApplicationFactory(), form_state="archive"),
    "application_known_state": lambda: changed(ApplicationFactory(), state="accepted"),
    "application_received_is_undecided": lambda: changed(
        ApplicationFactory(), admissibility_decided_at=NOW
    ),
    "application_reviewed_has_synthesis": lambda: changed(
        ApplicationFactory(), state="reviewed", reviewed_at=NOW
    ),
    "application_total_cost_not_negative": lambda: changed(ApplicationFactory(), total_cost=-1),
    "application_under_review_has_officer": lambda: changed(
        ApplicationFactory(), state="under_review"
    ),
    "application_undisclosed_is_empty": lambda: changed(
        ApplicationFactory(undisclosed=True), title="Ce qui n’est pas connu"
    ),
    "application_withdrawn_has_reason": lambda: changed(ApplicationFactory(), state="withdrawn"),
    "bearer_known_role": lambda: changed(BearerFactory(), role=""),
    "bearer_one_lead": second_lead,
    "bearer_position_from_one": lambda: changed(BearerFactory(), position=0),
    "bearer_unique_organisation": lambda: same(BearerFactory, "application", "organisation"),
    "bearer_unique_position": lambda: same(BearerFactory, "application", "position"),
    "bulk_act_item_unique_application": lambda: second_item(),
    "bulk_act_undone_has_reason": lambda: changed(BulkActFactory(), undone_at=LATER),
    "call_fictional_is_never_public": lambda: changed(
        CallFactory(), is_fictional=True, published_at=NOW
    ),
    "call_session_envelope_positive": lambda: changed(CallSessionFactory(), envelope=0),
    "call_session_number_from_one": lambda: changed(CallSessionFactory(), number=0),
    "call_session_time_with_day": lambda: changed(
        CallSessionFactory(), deadline_time=datetime.time(12)
    ),
    "call_document_unique_position": lambda: same(CallDocumentFactory, "call", "position"),
    "call_session_unique_number": lambda: same(CallSessionFactory, "call", "number"),
    "call_session_window_in_order": lambda: changed(
        CallSessionFactory(),
        opens_on=datetime.date(2019, 7, 13),
        deadline_on=datetime.date(2019, 7, 12),
    ),
    "call_year": lambda: changed(CallFactory(), year=2016),
    "committee_closing_date_when_closed": lambda: changed(CommitteeFactory(), closed_at=NOW),
    "committee_envelope_positive": lambda: changed(CommitteeFactory(), envelope=0),
    "committee_held_has_date": lambda: changed(CommitteeFactory(), state="closed"),
    "committee_known_state": lambda: changed(
        CommitteeFactory(), state="sealed", held_on=datetime.date(2019, 9, 23)
    ),
    "committee_member_known_attendance": lambda: changed(
        CommitteeMemberFactory(), attendance="late"
    ),
    "calldocument_size_positive": lambda: changed(CallDocumentFactory(), size_kb=0),
    "committee_member_unique_position": lambda: same(
        CommitteeMemberFactory, "committee", "position"
    ),
    "committee_member_unique_user": lambda: same_user_twice(),
    "committee_open_has_chair_and_quorum": lambda: changed(
        CommitteeFactory(), state="open", held_on=NOW.date(), chair="La ministre", quorum=3
    ),
    "committee_planned_is_not_opened": lambda: changed(CommitteeFactory(), opened_at=NOW),
    "criterion_scale_positive": lambda: changed(CriterionFactory(), scale_max=0),
    "criterion_unique_position": lambda: same(CriterionFactory, "call", "position"),
    "criterion_weight_positive": lambda: changed(CriterionFactory(), weight=0),
    "eligibility_rule_known_kind": lambda: changed(EligibilityRuleFactory(), kind="age_min"),
    "eligibility_rule_rate_is_percentage": lambda: changed(
        EligibilityRuleFactory(), kind="rate_max", value=101
    ),
    "eligibility_rule_unique_position": lambda: same(EligibilityRuleFactory, "session", "position"),
    "eligibility_rule_value_or_field": lambda: changed(EligibilityRuleFactory(), kind="required"),
    "event_text_unique_name": lambda: second_event_text(),
    "former_deadline_unique_position": lambda: same(FormerDeadlineFactory, "session", "position"),
    "fund_aim_unique_position": lambda: same(FundAimFactory, "fund", "position"),
    "information_request_in_order": lambda: changed(
        InformationRequestFactory(), closed_at=datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC)
    ),
    "information_request_one_open": lambda: second_open_request(),
    "letter_email_has_address": lambda: changed(sent_letter(), channel="email"),
    "letter_sent_was_reviewed": lambda: changed(
        LetterFactory(), sent_at=NOW, sent_by=UserFactory(), channel="post"
    ),
    "letter_superseded_has_reason": lambda: changed(LetterFactory(), superseded_at=NOW),
    "minutes_new_version_has_reason": lambda: unsaved_minutes(version=2),
    "minutes_unique_number": lambda: unsaved_minutes(number=MinutesFactory().number),
    "minutes_unique_version": lambda: unsaved_minutes(committee=MinutesFactory().committee),
    "recusal_lifted_has_reason": lambda: changed(RecusalFactory(), lifted_at=LATER),
    "recusal_of_one_person": lambda: changed(RecusalFactory(), user=None),
    "recusal_unique_member": lambda: second_recusal(user=None, member=CommitteeMemberFactory()),
    "recusal_unique_user": lambda: second_recusal(user=UserFactory()),
    "review_cancelled_has_reason": lambda: changed(ReviewFactory(), cancelled_at=NOW),
    "review_one_per_institution": lambda: second_live_review(),
    "review_rendered_has_verdict": lambda: changed(ReviewFactory(), verdict="favourable"),
    "review_reserve_has_comment": lambda: changed(ReviewFactory(rendered=True), verdict="reserved"),
    "review_score_not_negative": lambda: changed(ReviewScoreFactory(), score=-1),
    "review_score_unique_criterion": lambda: same(ReviewScoreFactory, "review", "criterion"),
    "selection_amount_only_when_retained": lambda: proposed(
        outcome="deferred", granted_amount=1000
    ),
    "selection_laureate_is_retained": lambda: proposed(
        outcome="retained", amount_not_disclosed=True, laureate=LaureateFactory()
    ),
    "selection_one_live": second_live_selection,
    "selection_outcome_when_proposed": proposed,
    "selection_rank_on_waiting_list": lambda: proposed(outcome="waiting_list"),
    "selection_refusal_has_motive": lambda: proposed(outcome="not_retained"),
    "selection_retained_has_amount": lambda: proposed(outcome="retained"),
    "selection_validated_has_decider": lambda: changed(
        SelectionFactory(retained=True), record_source=""
    ),
    "session_access_unique": lambda: same(SessionAccessFactory, "session", "user"),
}
# The list of choices of the field speaks before the constraint in a full form; the constraint
# speaks where the form leaves the field out.
SHADOWED = {
    "dossierimport_known_stage",
    "dossierimportrow_known_outcome",
    "application_known_form_state",
    "application_known_state",
    "committee_known_state",
    "committee_member_known_attendance",
    "eligibility_rule_known_kind",
}


def test_every_constraint_is_violated_here():
    assert set(VIOLATIONS) == set(CONSTRAINTS)


@pytest.mark.parametrize("name", sorted(VIOLATIONS))
def test_a_constraint_refuses_with_its_message(name):
    _, constraint = CONSTRAINTS[name]
    row = VIOLATIONS[name]()
    with pytest.raises(ValidationError):
        row.full_clean()
    said = (
        constraints.messages_of_constraints(row)
        if name in SHADOWED
        else constraints.messages_of_form(row)
    )
    assert said == [constraint.get_violation_error_message()]
    assert constraint.violation_error_message != models.BaseConstraint.violation_error_message


@pytest.mark.parametrize("name", sorted(VIOLATIONS))
def test_the_database_refuses_without_the_form(name):
    model, constraint = CONSTRAINTS[name]
    words = constraints.refusal(VIOLATIONS[name]())
    assert constraints.named_in(words, model, constraint), words


def refused_by(name, row):
    """Both voices of one constraint about one more way of breaking it."""
    model, constraint = CONSTRAINTS[name]
    assert constraint.violation_error_message in constraints.messages_of_form(row)
    assert constraints.named_in(constraints.refusal(row), model, constraint)


@pytest.mark.parametrize(
    "known",
    [
        {"summary": "Un résumé"},
        {"asked_amount": 1000},
        {"total_cost": 1000},
        {"form_number": 12},
        {"form_state": "accepte"},
        {"received_on": datetime.date(2019, 7, 1)},
        {"state": "reviewed"},
    ],
)
def test_nothing_is_known_of_an_undisclosed_application(known):
    row = changed(ApplicationFactory(undisclosed=True), **known)
    refused_by("application_undisclosed_is_empty", row)


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "retained", "granted_amount": 1000, "amount_not_disclosed": True},
        {"outcome": "retained", "granted_amount": -1},
    ],
)
def test_a_retained_dossier_has_one_amount_or_says_that_it_is_not_disclosed(values):
    refused_by("selection_retained_has_amount", proposed(**values))


@pytest.mark.parametrize("values", [{"granted_amount": 0}, {"amount_not_disclosed": True}])
def test_a_retained_dossier_with_an_amount_or_none_disclosed_is_accepted(values):
    row = proposed(outcome="retained", **values)
    row.full_clean()
    row.save()


def test_an_amount_that_is_not_disclosed_says_that_the_dossier_is_retained():
    refused_by(
        "selection_amount_only_when_retained",
        proposed(outcome="deferred", amount_not_disclosed=True),
    )


def test_what_is_to_examine_has_no_outcome():
    refused_by("selection_outcome_when_proposed", changed(SelectionFactory(), outcome="deferred"))


def test_a_rank_is_given_on_the_waiting_list_only():
    refused_by("selection_rank_on_waiting_list", proposed(outcome="deferred", rank=1))
    refused_by("selection_rank_on_waiting_list", proposed(outcome="waiting_list", rank=0))
    proposed(outcome="waiting_list", rank=1).full_clean()


def test_a_validated_decision_has_a_date():
    refused_by(
        "selection_validated_has_decider", changed(SelectionFactory(retained=True), decided_on=None)
    )


@pytest.mark.parametrize("trace", ["decided_on", "decided_by"])
def test_a_proposal_has_neither_date_nor_decider(trace):
    values = {"decided_on": datetime.date(2019, 9, 23), "decided_by": UserFactory()}
    row = proposed(outcome="deferred", **{trace: values[trace]})
    refused_by("selection_validated_has_decider", row)


def test_a_validated_decision_names_its_decider_or_its_source():
    row = changed(SelectionFactory(retained=True), record_source="", decided_by=UserFactory())
    row.full_clean()
    row.save()


def test_a_decision_that_is_not_retained_has_no_laureate():
    row = changed(
        SelectionFactory(retained=True),
        outcome="not_retained",
        amount_not_disclosed=False,
        motive="Hors champ",
        laureate=LaureateFactory(),
    )
    refused_by("selection_laureate_is_retained", row)


def test_two_decisions_never_share_a_laureate():
    first = SelectionFactory(retained=True, laureate=LaureateFactory())
    second = changed(SelectionFactory(retained=True), laureate=first.laureate)
    with pytest.raises(ValidationError) as caught:
        second.full_clean()
    assert "laureate" in caught.value.message_dict
    assert constraints.refusal(second)


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "amount_min", "value": None},
        {"kind": "amount_min", "value": 0},
        {"kind": "amount_max", "value": 1, "field": "title"},
        {"kind": "required", "value": None, "field": ""},
    ],
)
def test_a_rule_has_a_threshold_or_names_an_information(values):
    refused_by("eligibility_rule_value_or_field", changed(EligibilityRuleFactory(), **values))


def test_a_rule_on_a_required_information_needs_no_threshold():
    row = changed(EligibilityRuleFactory(), kind="required", value=None, field="bearers")
    row.full_clean()
    row.save()
    assert EligibilityRule.objects.get().value is None


def test_a_bearer_whose_role_is_unknown_may_follow_a_lead():
    lead = BearerFactory(role=LEAD)
    BearerFactory(application=lead.application, role=None).full_clean()


def test_unknown_numbers_may_repeat():
    session = CallSessionFactory(number=None)
    CallSessionFactory(call=session.call, number=None).full_clean()
    ApplicationFactory.create_batch(2, form_number=None)


def test_forms_refuse_what_triggers_refuse_in_french():
    undisclosed = ApplicationFactory(undisclosed=True)
    bearer = BearerFactory.build(
        application=undisclosed, organisation=BearerFactory().organisation, position=1
    )
    with pytest.raises(ValidationError, match="n’a pas de porteur connu"):
        bearer.full_clean()
    selection = changed(SelectionFactory(retained=True), application=undisclosed)
    selection.full_clean()
    with pytest.raises(ValidationError, match="ne peut jamais être liée à un lauréat"):
        changed(selection, laureate=LaureateFactory()).full_clean()


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (lambda row: BearerFactory(application=row), "a des porteurs"),
        (
            lambda row: SelectionFactory(
                application=row, retained=True, laureate=LaureateFactory()
            ),
            "est liée à un lauréat",
        ),
    ],
)
def test_a_form_refuses_to_undisclose_what_is_known(known, message):
    application = ApplicationFactory()
    known(application)
    with pytest.raises(ValidationError, match=message):
        changed(application, is_undisclosed=True, title="").full_clean()


def test_dossiers_exist_for_those_who_may_see_them():
    ApplicationFactory()
    SelectionFactory()
    stranger, superuser = UserFactory(staff=True), UserFactory(superuser=True)
    assert Application.objects.visible_to(superuser).count() == 2
    assert Selection.objects.visible_to(superuser).count() == 1
    assert not Application.objects.visible_to(stranger).exists()
    assert not Selection.objects.visible_to(stranger).exists()


def test_a_session_is_open_through_the_day_of_its_deadline():
    session = CallSessionFactory(
        opens_on=datetime.date(2019, 6, 1), deadline_on=datetime.date(2019, 7, 12)
    )
    CallSessionFactory(deadline_on=None)
    days = {
        "2019-05-31T23:59:00+02:00": [],
        "2019-06-01T00:00:00+02:00": [session],
        "2019-07-12T23:59:00+02:00": [session],
        "2019-07-13T00:00:00+02:00": [],
    }
    for moment, expected in days.items():
        with time_machine.travel(datetime.datetime.fromisoformat(moment), tick=False):
            assert list(CallSession.objects.open()) == expected, moment


def test_counts_of_a_session_take_live_validated_decisions_only():
    session = CallSessionFactory()
    retained, refused, superseded, _ = ApplicationFactory.create_batch(4, session=session)
    SelectionFactory(application=retained, retained=True)
    SelectionFactory(application=retained, retained=True)
    SelectionFactory(application=refused)
    SelectionFactory(
        application=superseded,
        retained=True,
        superseded_at=datetime.datetime(2019, 10, 1, tzinfo=datetime.UTC),
    )
    row = CallSession.objects.with_counts().get(pk=session.pk)
    assert (row.application_count, row.retained_count) == (4, 1)


def test_what_a_dossier_hangs_on_cannot_be_deleted():
    selection = SelectionFactory(retained=True, laureate=LaureateFactory())
    for row in (
        selection.laureate,
        selection.committee,
        selection.application,
        selection.application.session,
        selection.application.session.call,
        selection.application.session.call.fund,
    ):
        with pytest.raises(ProtectedError):
            row.delete()


def test_natural_keys_find_their_row():
    selection = SelectionFactory()
    rows = [
        BearerFactory(),
        CriterionFactory(),
        EligibilityRuleFactory(),
        FormerDeadlineFactory(),
        FundAimFactory(),
        FundFactory(),
        selection,
        selection.application,
        selection.committee,
        selection.application.session,
        selection.application.session.call,
    ]
    for row in rows:
        assert type(row).objects.get_by_natural_key(*row.natural_key()) == row


def test_the_natural_key_of_a_decision_is_that_of_the_one_in_force():
    superseded = SelectionFactory(superseded_at=datetime.datetime(2019, 10, 1, tzinfo=datetime.UTC))
    live = SelectionFactory(application=superseded.application, committee=superseded.committee)
    assert Selection.objects.get_by_natural_key(*superseded.natural_key()) == live
