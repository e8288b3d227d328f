"""A bulk act does what its preview shows, once, and refuses what changed since."""

import datetime
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls import bulk, deliberation, instruction, workflow
from calls.bulk import Draft, DraftError
from calls.models import Application, BulkAct
from calls.permissions import Refusal
from tests.calls.dossiers import in_state, officer, secretary
from tests.calls.sittings import dossier, item, sitting
from tests.factories import (
    AffiliationFactory,
    ApplicationFactory,
    OrganisationFactory,
    RecusalFactory,
    ReviewFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

State = Application.State


@pytest.fixture
def by():
    person = secretary()
    # Rights are read once for a request: they are no part of what an act costs.
    person.has_perm("calls.view_application")
    return person


def received(count, **values):
    return [in_state(State.RECEIVED, **values) for _ in range(count)]


def preview(rows, by, **values):
    return bulk.preview("transition", rows, by=by, action="declare_admissible", **values)


def confirm(found, by, token=None, **values):
    return bulk.run(
        found.act.kind,
        list(found.seen),
        by=by,
        comment=found.act.comment,
        seen=found.seen,
        token=token,
        **found.act.params,
        **values,
    )


# What the preview shows is what the act does ---------------------------------------------------


@pytest.fixture
def pool():
    """(one dossier of every sort that an act may meet, by name; acts, by name)"""
    committee = sitting("open")
    session = committee.session
    idle = officer()
    idle.is_active = False
    idle.save()
    rows = {str(state): in_state(state, session=session) for state in State}
    rows |= {
        "undisclosed": ApplicationFactory(undisclosed=True, session=session),
        "other session": in_state(State.REVIEWED, session__call__fund=committee.fund),
        "other fund": in_state(State.REVIEWED),
        "no officer": in_state(State.ADMISSIBLE, case_officer=None, session=session),
        "idle officer": in_state(State.ADMISSIBLE, case_officer=idle, session=session),
        "on agenda": item(
            committee, application=dossier(committee, asked_amount=Decimal(1000))
        ).application,
        "on agenda, unknown amount": item(committee).application,
        "proposed": item(committee, "retained").application,
        "reopened": item(
            committee, application=in_state(State.UNDER_REVIEW, session=session)
        ).application,
    }
    institution = OrganisationFactory()
    ReviewFactory(application=rows["under_review"], institution=institution)
    common = {"committee": committee}
    acts = {
        "assign": ("assign", {"officer": rows["admissible"].case_officer}),
        "opinion": (
            "ask_opinion",
            {"institution": institution, "due_on": datetime.date.today()},
        ),
        "agenda": ("put_on_agenda", common),
        "clear": ("clear_proposals", common),
        **{action: ("transition", {"action": action}) for action in bulk.MOVES},
        **{
            outcome: ("propose", {**common, "outcome": outcome, "motive": motive})
            for outcome, motive in dict.fromkeys(bulk.OUTCOMES, "Parce que.").items()
        },
        "no motive": ("propose", {**common, "outcome": "not_retained"}),
    }
    return rows, acts


ROWS = [
    *map(str, State),
    "undisclosed",
    "other session",
    "other fund",
    "no officer",
    "idle officer",
    "on agenda",
    "on agenda, unknown amount",
    "proposed",
    "reopened",
]
ACTS = ["assign", "opinion", "agenda", "clear", *bulk.MOVES, *bulk.OUTCOMES, "no motive"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.sampled_from(ROWS), min_size=1, max_size=4),
    act=st.sampled_from(ACTS),
    comment=st.sampled_from(["", "Un motif."]),
)
def test_what_the_preview_accepts_the_act_accepts_and_nothing_else(by, pool, names, act, comment):
    _same_answer(by, pool, names, act, comment)


@pytest.mark.parametrize("act", ACTS)
def test_each_sort_of_dossier_alone_gets_the_same_answer_from_both(by, pool, act):
    answers = {_same_answer(by, pool, {name}, act, "Un motif.") for name in ROWS}
    # Neither is told of an act that always, or never, works.
    assert answers == ({False} if act == "no motive" else {True, False})


def _same_answer(by, pool, names, act, comment):
    """Whether the act is accepted on these dossiers, once the preview has said the same."""
    rows, acts = pool
    kind, params = acts[act]
    chosen = [rows[name].pk for name in names]
    found = bulk.preview(kind, chosen, by=by, comment=comment, **params)
    refused = {row.application.reference for row in found.refused}
    with transaction.atomic():
        try:
            done = bulk.run(kind, chosen, by=by, comment=comment, **params)
        except Refusal as error:
            told = {message.split("\u00a0:")[0] for message in error.messages}
            assert told == refused
            assert not found.is_possible
            return False
        assert found.is_possible
        assert {entry.application_id for entry in done.items.all()} == {*chosen}
        transaction.set_rollback(True)
    return True


# Once -----------------------------------------------------------------------------------------


def test_the_same_confirmation_sent_twice_is_one_act(by):
    found = preview(received(2), by)
    first = confirm(found, by, token="a" * 64)
    second = confirm(found, by, token="a" * 64)
    assert first == second
    assert BulkAct.objects.count() == 1


def test_another_person_does_not_take_over_a_confirmation(by):
    found = preview(received(1), by)
    confirm(found, by, token="a" * 64)
    with pytest.raises(Refusal, match="autre personne"):
        confirm(found, secretary(), token="a" * 64)


# What changed since ---------------------------------------------------------------------------


def change_state(row):
    workflow.apply(row, "declare_admissible", by=UserFactory(role="Secrétariat", last_name="Autre"))


def change_amount(row):
    row.asked_amount = Decimal(123456)
    row.save()


@pytest.mark.parametrize(
    ("change", "said"),
    [(change_state, "« recevable » maintenant"), (change_amount, "123 456 €")],
)
def test_what_changed_since_the_preview_refuses_the_act_and_says_what(by, change, said):
    rows = received(3)
    found = preview(rows, by)
    change(rows[1])

    with pytest.raises(bulk.Changed) as error:
        confirm(found, by)

    (message,) = error.value.messages
    assert message.startswith(f"{rows[1].reference}\u00a0:")
    assert said in message.replace("\u00a0", " ").replace("\u202f", " ")
    assert Application.objects.filter(state=State.ADMISSIBLE).count() == (change is change_state)
    assert not BulkAct.objects.exists()


def test_who_changed_it_and_when_is_said(by):
    (row,) = received(1)
    found = preview([row], by)
    change_state(row)
    with pytest.raises(bulk.Changed, match=r"Camille Autre, le \d\d/\d\d/\d{4} à \d\d:\d\d"):
        confirm(found, by)


def test_another_officer_since_the_preview_of_an_affectation(by):
    rows = received(2)
    found = bulk.preview("assign", rows, by=by, officer=officer())
    instruction.assign(rows[0], officer(), by=by)
    with pytest.raises(bulk.Changed, match="instructeur"):
        confirm(found, by)


def test_another_proposal_since_the_preview_of_a_clearing(by):
    committee = sitting("open")
    standing = item(committee, "retained")
    found = bulk.preview("clear_proposals", [standing.application], by=by, committee=committee)
    deliberation.propose(standing, by=by, version=standing.version, outcome="deferred")
    with pytest.raises(bulk.Changed, match="proposition"):
        confirm(found, by)
    standing.refresh_from_db()
    assert standing.outcome == "deferred"


def test_a_dossier_hidden_since_the_preview_is_not_told_of(by):
    rows = received(2)
    found = preview(rows, by)
    RecusalFactory(application=rows[0], user=by)
    with pytest.raises(bulk.Changed) as error:
        confirm(found, by)
    said = " ".join(error.value.messages)
    assert "n’existent plus pour vous" in said
    assert rows[0].reference not in said


def test_a_selection_that_is_not_that_of_the_preview_is_refused(by):
    rows = received(3)
    found = preview(rows[:2], by)
    with pytest.raises(bulk.Changed, match="sélection"):
        bulk.run(
            "transition",
            rows,
            by=by,
            seen=found.seen,
            action="declare_admissible",
        )
    assert set(Application.objects.values_list("state", flat=True)) == {"received"}


# The draft that goes from page to page ---------------------------------------------------------


def drafted(by, rows):
    draft = Draft("bulk_declare_admissible", [row.pk for row in rows], by.pk, "etape=a-declarer")
    return draft.previewed(preview(rows, by, comment="Vu."))


def test_a_draft_comes_back_as_it_left(by):
    draft = drafted(by, received(2))
    assert Draft.unsealed(draft.sealed(), by) == draft
    assert len(draft.token) == 64
    assert draft.loaded(by) == {"action": "declare_admissible"}


def test_a_draft_is_neither_altered_nor_taken_over(by):
    sealed = drafted(by, received(1)).sealed()
    for text in ("", "n’importe quoi", sealed[:-1], f"x{sealed}", "\0"):
        with pytest.raises(DraftError):
            Draft.unsealed(text, by)
    with pytest.raises(DraftError):
        Draft.unsealed(sealed, secretary())


def test_each_preview_is_another_act(by):
    rows = received(1)
    assert drafted(by, rows).token != drafted(by, rows).token


@pytest.mark.parametrize("name", ["officer", "institution", "reviewer", "committee"])
def test_a_parameter_that_is_gone_is_said(by, name):
    draft = Draft("x", [1], by.pk, params={name: 999_999})
    with pytest.raises(Refusal, match="choisi"):
        draft.loaded(by)
    assert [text for _, text in bulk.described(draft.params, by)] == ["—"]


# Who hears of it, and what it costs --------------------------------------------------------------


def test_an_officer_hears_once_of_all_their_new_dossiers(by, django_capture_on_commit_callbacks):
    rows, person = received(3), officer()
    with django_capture_on_commit_callbacks(execute=True):
        bulk.run("assign", rows, by=by, officer=person)
    (message,) = [sent for sent in mail.outbox if person.email in sent.to]
    assert all(row.reference in message.body for row in rows)
    assert not any(row.title in message.body for row in rows)


def test_an_institution_hears_once_of_all_that_is_asked(by, django_capture_on_commit_callbacks):
    reviewer = UserFactory(role="Avis")
    institution = AffiliationFactory(user=reviewer).organisation
    rows = [in_state(State.ADMISSIBLE) for _ in range(3)]
    with django_capture_on_commit_callbacks(execute=True):
        bulk.run("ask_opinion", rows, by=by, institution=institution)
    assert len([sent for sent in mail.outbox if reviewer.email in sent.to]) == 1


def test_nobody_hears_of_an_act_that_was_refused(by, django_capture_on_commit_callbacks):
    rows = [*received(2), in_state(State.WITHDRAWN)]
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Refusal):
        bulk.run("assign", rows, by=by, officer=officer())
    assert mail.outbox == []


def queries(work):
    with CaptureQueriesContext(connection) as found:
        work()
    return len(found)


COSTLY = {
    "assign": lambda n: ("assign", received(n, case_officer=None), {"officer": officer()}),
    "transition": lambda n: ("transition", received(n), {"action": "declare_admissible"}),
    "ask_opinion": lambda n: (
        "ask_opinion",
        [in_state(State.ADMISSIBLE) for _ in range(n)],
        {"institution": OrganisationFactory()},
    ),
    "propose": lambda n: _sitting_case("propose", n, {"outcome": "deferred"}),
    "clear_proposals": lambda n: _sitting_case("clear_proposals", n, {}),
    "put_on_agenda": lambda n: _sitting_case("put_on_agenda", n, {}),
}


def _sitting_case(kind, count, params):
    committee = sitting("open")
    if kind == "put_on_agenda":
        rows = [dossier(committee) for _ in range(count)]
    else:
        outcome = "retained" if kind == "clear_proposals" else ""
        rows = [item(committee, outcome).application for _ in range(count)]
    return kind, rows, {"committee": committee, **params}


@pytest.mark.parametrize("kind", sorted(COSTLY))
def test_a_preview_costs_the_same_for_one_dossier_and_for_ten(kind, by):
    costs = []
    for count in (1, 10):
        name, rows, params = COSTLY[kind](count)
        costs.append(queries(lambda: bulk.preview(name, rows, by=by, **params)))  # noqa: B023
    assert costs[0] == costs[1] <= 8


@pytest.mark.parametrize("kind", sorted(COSTLY))
def test_an_act_costs_so_many_queries_more_for_each_dossier(kind, by):
    costs, undone = [], []
    for count in (2, 12):
        name, rows, params = COSTLY[kind](count)
        done = []
        costs.append(queries(lambda: done.append(bulk.run(name, rows, by=by, **params))))  # noqa: B023
        undone.append(queries(lambda: bulk.undo(done[0], by=by, reason="Erreur.")))  # noqa: B023
    assert (costs[1] - costs[0]) / 10 <= 55
    assert (undone[1] - undone[0]) / 10 <= 55


def test_a_receipt_costs_the_same_for_one_dossier_and_for_ten(by):
    costs = []
    for count in (1, 10):
        name, rows, params = COSTLY["assign"](count)
        act = bulk.run(name, rows, by=by, **params)
        costs.append(queries(lambda: (bulk.receipt(act, by), bulk.preview_undo(act, by))))  # noqa: B023
    assert costs[0] == costs[1] <= 16
