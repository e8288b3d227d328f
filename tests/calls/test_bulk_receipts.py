"""Receipts tell their reader of no hidden dossier, count nor total."""

from decimal import Decimal

import pytest

from calls import bulk, deliberation
from calls.models import BulkAct
from tests.calls.bulk_cases import CASES, State, every_case, run
from tests.calls.dossiers import in_state, secretary
from tests.calls.sittings import OUTCOMES, decider, item, sitting
from tests.factories import (
    ApplicationFactory,
    RecusalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(request):
    return CASES[request.param]()


@every_case
def test_a_receipt_shows_a_recused_reader_neither_the_dossier_nor_counts_nor_totals(case):
    act = run(case)
    reader = UserFactory(role="Secrétariat")
    RecusalFactory(application=case.rows[0], user=reader)

    read = bulk.receipt(act, reader)

    assert [line.application for line in read.lines] == [case.rows[1]]
    assert (read.count, read.total, read.is_masked) == (None, None, True)
    assert BulkAct.objects.visible_to(reader).get() == act
    counted = bulk.with_counts(BulkAct.objects.all(), reader).get()
    assert (counted.item_count, counted.seen_count) == (2, 1)
    RecusalFactory(application=case.rows[1], user=reader)
    assert not BulkAct.objects.visible_to(reader).exists()


def test_the_label_tells_of_no_dossier_and_of_no_number():
    for make in CASES.values():
        case = make()
        act = run(case)
        label = act.label.replace(str(case.params.get("institution")), "")
        assert not any(character.isdigit() for character in label), label
        assert not any(row.reference in act.label or row.title in act.label for row in case.rows)


def test_totals_are_those_of_the_day_of_the_act_and_say_what_is_unknown():
    by = secretary()
    rows = [in_state(State.RECEIVED, asked_amount=amount) for amount in (Decimal("1000.50"), None)]
    act = bulk.run("transition", rows, by=by, action="declare_admissible")
    rows[0].refresh_from_db()
    rows[0].asked_amount = Decimal(5)
    rows[0].save()
    total = bulk.receipt(act, by).total
    assert (total.amount, total.known, total.count) == (Decimal("1000.50"), 1, 2)


def closed():
    """The receipt of a closing with every outcome, an unknown amount, and its first dossier."""
    committee = sitting("open", envelope=Decimal(1))
    items = [item(committee, kind) for kind in OUTCOMES]
    act = deliberation.close(
        committee, by=decider(), version=committee.version, overrun_reason="Dépassement de 42 €."
    )
    return act, items[0].application


def test_a_closing_tells_what_was_granted():
    act, _ = closed()
    read = bulk.receipt(act, secretary())
    assert read.count == len(OUTCOMES)
    assert (read.total.amount, read.total.known, read.total.count) == (Decimal(1000000), 1, 2)
    assert ("état", "proposée", "validée") in read.lines[0].changes
    assert read.comment == "Dépassement de 42 €."
    told = {line.decision for line in read.lines}
    assert len(told) == len(OUTCOMES)
    assert "retenu, 1\u202f000\u202f000\u00a0€" in told
    assert "retenu, montant non communiqué" in told
    assert {"non retenu", "ajourné", "liste d’attente, rang 1"} <= told


def test_another_act_has_no_decision_to_tell():
    application = ApplicationFactory()
    act = bulk.run("transition", [application], by=secretary(), action="declare_admissible")
    assert [line.decision for line in bulk.receipt(act, secretary()).lines] == [""]


def test_a_closing_tells_a_recused_reader_neither_total_nor_overrun():
    act, hidden = closed()
    reader = secretary()
    RecusalFactory(application=hidden, user=reader)
    read = bulk.receipt(act, reader)
    assert (read.count, read.total, read.comment) == (None, None, bulk.MASKED)
    assert hidden not in [line.application for line in read.lines]
