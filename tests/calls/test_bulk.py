"""Bulk acts: all or nothing, each dossier through its gate, for those who may."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from calls import bulk, deliberation, history, instruction, workflow
from calls.models import Application
from calls.models.event import Event
from calls.permissions import Hidden, Refusal
from tests.calls.bulk_cases import (
    CASES,
    AgendaCase,
    AskOpinionCase,
    Kind,
    State,
    every_case,
    image,
    run,
    sentence,
)
from tests.calls.dossiers import in_state, secretary
from tests.calls.sittings import decider, dossier, item, references, sitting
from tests.factories import (
    ApplicationFactory,
    BearerFactory,
    CallSessionFactory,
    EligibilityRuleFactory,
    RecusalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def declare(rows, by, **values):
    return bulk.run("transition", rows, by=by, action="declare_admissible", **values)


@pytest.fixture
def case(request):
    return CASES[request.param]()


# Doing ---------------------------------------------------------------------------------------


@every_case
def test_an_act_is_done_on_every_dossier_and_leaves_a_receipt(case):
    act = run(case)

    assert case.facts() == case.expected()
    act.refresh_from_db()
    assert (act.kind, act.done_by, act.comment) == (case.kind, case.by, case.comment)
    assert act.committee == case.params.get("committee")
    items = {item.application_id: item for item in act.items.all()}
    assert items.keys() == {row.pk for row in case.rows}
    assert [found.position for found in act.items.all()] == [1, 2]
    for found in items.values():
        assert found.before != found.after
    read = bulk.receipt(act, case.by)
    assert all(line.changes for line in read.lines)
    assert read.count == 2


@every_case
def test_an_act_is_one_event_for_each_dossier_and_one_for_the_receipt(case):
    before = Event.objects.count()
    act = run(case)

    added = Event.objects.order_by("number")[before:]
    touched = {event.application_id for event in added if event.application_id}
    assert touched == {row.pk for row in case.rows}
    assert [event.object_pk for event in added if event.action == "bulk_act"] == [str(act.pk)]
    assert {event.actor for event in added} == {case.by}
    assert history.verify().holds


@every_case
def test_a_preview_tells_of_the_dossiers_and_changes_nothing(case):
    before = image()

    found = bulk.preview(case.kind, case.rows, by=case.by, comment=case.comment, **case.params)

    assert image() == before
    assert found.is_possible
    assert [row.application.reference for row in found.rows] == sorted(
        row.reference for row in case.rows
    )
    assert all(row.effect for row in found.rows)
    assert found.count == found.total.count == 2
    assert found.total.known == sum(row.asked_amount is not None for row in case.rows)


@every_case
def test_what_the_preview_refuses_the_act_refuses_and_does_nothing(case):
    case.rows.append(ApplicationFactory(undisclosed=True))
    before = image()
    found = bulk.preview(case.kind, case.rows, by=case.by, comment=case.comment, **case.params)

    with pytest.raises(Refusal) as error:
        run(case)

    assert [row.application for row in found.refused] == [case.rows[-1]]
    assert case.rows[-1].reference in sentence(error)
    assert case.rows[0].reference not in sentence(error)
    assert image() == before


@every_case
def test_a_gate_that_fails_on_the_last_dossier_leaves_nothing_done(case, monkeypatch):
    """The gates are asked first and refuse together; one that fails all the same undoes all."""
    last = sorted(case.rows, key=lambda row: row.reference)[-1]
    before = image()
    kept = {}

    def fails_on_last(name, gate):
        def wrapped(row, *args, **kwargs):
            pk = getattr(row, "application_id", row.pk)
            if pk == last.pk:
                raise Refusal("La base a refusé.")
            return gate(row, *args, **kwargs)

        kept[name] = gate
        return wrapped

    for module, name in (
        (instruction, "assign"),
        (instruction, "ask_opinion"),
        (workflow, "apply"),
        (deliberation, "propose"),
        (deliberation, "clear_proposal"),
    ):
        monkeypatch.setattr(module, name, fails_on_last(name, getattr(module, name)))
    if case.kind == Kind.PUT_ON_AGENDA:

        def put_then_fail(*args, **kwargs):
            kept["put_on_agenda"](*args, **kwargs)
            raise Refusal(f"{last.reference}\u00a0: La base a refusé.")

        kept["put_on_agenda"] = deliberation.put_on_agenda
        monkeypatch.setattr(deliberation, "put_on_agenda", put_then_fail)

    with pytest.raises(Refusal) as error:
        run(case)

    assert f"{last.reference}\u00a0: La base a refusé." in sentence(error)
    assert image() == before


def test_the_agenda_takes_the_dossiers_at_its_end_by_reference():
    case = AgendaCase()
    first = references(case.params["committee"])
    case.rows.reverse()
    run(case)
    found = references(case.params["committee"])
    assert found[0] == first[0]
    assert found[1:] == [(2, case.rows[1].reference), (3, case.rows[0].reference)]


def test_an_unknown_asked_amount_is_not_proposed_as_asked_nor_counted_as_nothing():
    committee = sitting("open")
    known = item(committee, application=dossier(committee, asked_amount=Decimal(300000)))
    unknown = item(committee)
    found = bulk.preview(
        "propose",
        [known.application, unknown.application],
        by=secretary(),
        committee=committee,
        outcome="retained_asked",
    )
    assert [row.application for row in found.refused] == [unknown.application]
    assert "n’est pas connu" in found.refused[0].refusal
    assert (found.total.known, found.total.count, found.total.amount) == (1, 2, Decimal(300000))


def test_a_standing_proposal_is_not_written_over_in_bulk():
    committee = sitting("open")
    standing = item(committee, "retained", granted_amount=Decimal("42.00"))
    with pytest.raises(Refusal, match="déjà proposée"):
        bulk.run(
            "propose",
            [standing.application],
            by=secretary(),
            committee=committee,
            outcome="deferred",
        )
    standing.refresh_from_db()
    assert (standing.outcome, standing.granted_amount) == ("retained", Decimal("42.00"))


def test_a_failed_rule_asks_for_a_reason_kept_on_the_dossiers_that_fail():
    session = CallSessionFactory()
    EligibilityRuleFactory(session=session, kind="amount_min", value=200000)
    passes, fails = (
        ApplicationFactory(session=session, asked_amount=Decimal(amount))
        for amount in (500000, 50000)
    )
    by = secretary()

    found = bulk.preview("transition", [passes, fails], by=by, action="declare_admissible")
    assert [row.application for row in found.refused] == [fails]
    declare([passes, fails], by, comment="Projet d’intérêt national.")

    passes.refresh_from_db()
    fails.refresh_from_db()
    assert (passes.admissibility_reason, fails.admissibility_reason) == (
        "",
        "Projet d’intérêt national.",
    )


def test_asking_an_institution_that_carries_a_dossier_asks_for_a_reason():
    case = AskOpinionCase()
    BearerFactory(application=case.rows[0], organisation=case.params["institution"])
    found = bulk.preview(case.kind, case.rows, by=case.by, **case.params)
    assert [row.application for row in found.refused] == [case.rows[0]]
    run(case, comment="Seule institution compétente.")
    assert case.facts() == case.expected()


@pytest.mark.parametrize(
    ("kind", "params", "said"),
    [
        ("close_committee", {}, "Acte groupé inconnu"),
        ("n’importe quoi", {}, "Acte groupé inconnu"),
        ("transition", {"action": "withdraw"}, "Acte groupé inconnu"),
        ("transition", {"action": "nope"}, "Acte groupé inconnu"),
        ("assign", {}, "paramètres"),
        ("propose", {"committee": None, "outcome": "retained"}, "Choisissez"),
    ],
)
def test_an_act_that_is_not_done_in_bulk_is_refused(kind, params, said):
    row = in_state(State.RECEIVED)
    for act in (bulk.preview, bulk.run):
        with pytest.raises(Refusal, match=said):
            act(kind, [row], by=secretary(), **params)


def test_nothing_and_too_much_are_refused():
    with pytest.raises(Refusal, match="Aucun dossier"):
        declare([], secretary())
    with pytest.raises(Refusal, match=f"{bulk.LIMIT} au plus"):
        declare(range(1, bulk.LIMIT + 2), secretary())


# Who ----------------------------------------------------------------------------------------


@every_case
@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Avis", "Publication", None])
def test_who_reads_no_receipt_acts_on_nothing(case, role):
    before = image()
    user = UserFactory(role=role) if role else UserFactory(staff=True)
    # The case officer may make some of these moves one by one.
    Application.objects.filter(pk=case.rows[0].pk).update(case_officer=user)
    before = image()
    with pytest.raises((PermissionDenied, Hidden, Refusal)):
        run(case, by=user)
    assert image() == before
    assert not bulk.permitted(case.kind, user, **_fixed(case))


@every_case
def test_a_decider_proposes_and_does_nothing_else(case):
    may = case.kind in (Kind.PROPOSE, Kind.CLEAR_PROPOSALS)
    by = decider()
    assert bulk.permitted(case.kind, by, **_fixed(case)) is may
    if may:
        run(case, by=by)
        assert case.facts() == case.expected()
    else:
        before = image()
        with pytest.raises((PermissionDenied, Refusal)):
            run(case, by=by)
        assert image() == before


def _fixed(case):
    return {"action": case.params["action"]} if case.kind == Kind.TRANSITION else {}


@every_case
@pytest.mark.parametrize("superuser", [False, True])
def test_whoever_is_recused_neither_acts_on_the_dossier_nor_sees_it_in_the_preview(case, superuser):
    by = UserFactory(superuser=True) if superuser else case.by
    RecusalFactory(application=case.rows[0], user=by)
    before = image()

    found = bulk.preview(case.kind, case.rows, by=by, comment=case.comment, **case.params)
    with pytest.raises(Refusal) as error:
        run(case, by=by)

    assert [row.application for row in found.rows] == [case.rows[1]]
    assert (found.count, found.total.count) == (1, 1)
    assert case.rows[0].reference not in sentence(error)
    assert image() == before
