"""Receipts on screen: read-only, masked for whoever is recused, undone once with a reason."""

from decimal import Decimal

import pytest
from django.urls import reverse

from calls import bulk, deliberation, workflow
from calls.models import Application, BulkAct
from calls.permissions import Refusal
from tests.admin_pages import url
from tests.calls.bulk_cases import said, text
from tests.calls.dossiers import in_state, secretary
from tests.calls.sittings import decider, item, sitting
from tests.factories import (
    ApplicationFactory,
    BulkActFactory,
    BulkActItemFactory,
    RecusalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

State = Application.State
ROLES = ("Lecture", "Instruction", "Avis", "Secrétariat", "Décision", "Publication")


@pytest.fixture
def by():
    return secretary()


@pytest.fixture
def staff(client, by):
    client.force_login(by)
    return client


def states():
    return dict(Application.objects.values_list("reference", "state"))


def done(by, count=2):
    rows = [in_state(State.RECEIVED, asked_amount=Decimal(1000)) for _ in range(count)]
    return rows, bulk.run("transition", rows, by=by, action="declare_admissible", comment="Vu.")


@pytest.mark.parametrize("role", ROLES)
def test_receipts_are_for_those_who_read_every_dossier(client, role):
    _, act = done(secretary())
    client.force_login(UserFactory(role=role))
    reads = role in ("Secrétariat", "Décision")
    for address in (
        url(act),
        url(BulkAct),
        url(act, "history"),
    ):
        assert client.get(address).status_code == (200 if reads else 403), address
    assert undo(client, act).status_code == (302 if role == "Secrétariat" else 403)
    assert client.post(url(act), {"label": "Forgé"}).status_code == 403
    for page in ("add", "delete"):
        address = url(BulkAct, page) if page == "add" else url(act, page)
        assert client.post(address, {"post": "yes"}).status_code == 403
    act.refresh_from_db()
    assert act.label == "Déclaration de recevabilité"


def test_a_recused_reader_gets_a_masked_receipt_and_no_receipt_of_what_is_wholly_hidden(client):
    rows, act = done(secretary())
    reader = secretary()
    client.force_login(reader)
    assert "2 dossiers" in text(client.get(url(act)))
    RecusalFactory(application=rows[0], user=reader)

    page, listed = text(client.get(url(act))), text(client.get(url(BulkAct)))

    for shown in (page, listed):
        assert "masqué : déport" in shown
        assert rows[0].reference not in shown
    assert rows[0].title not in page
    assert rows[1].reference in page
    assert "2 dossiers" not in page
    assert "2 000" not in page
    RecusalFactory(application=rows[1], user=reader)
    assert client.get(url(act)).status_code == 404
    assert client.get(reverse("admin:calls_bulkact_undo", args=[act.pk])).status_code == 404
    assert act.label not in text(client.get(url(BulkAct)))


def test_no_order_of_the_list_tells_a_masked_count(client):
    reader = secretary()
    client.force_login(reader)
    for count in (3, 1, 2):
        act = BulkActFactory(label=f"Acte de {count}")
        for _ in range(count):
            RecusalFactory(
                application=BulkActItemFactory(act=act).application,
                user=UserFactory(),
            )
    orders = {
        tuple(row.pk for row in client.get(f"{url(BulkAct)}?o={order}").context["cl"].result_list)
        for order in ("5", "-5", "")
    }
    assert len(orders) == 1


@pytest.mark.parametrize("query", ["?q=D-", "?kind__exact=assign", "?annule=oui", "?annule=non"])
def test_receipts_are_searched_by_what_is_no_secret(staff, by, query):
    done(by)
    hidden = ApplicationFactory(reference="D-SECRET")
    BulkActItemFactory(act=BulkActFactory(done_by=by), application=hidden)
    RecusalFactory(application=hidden, user=by)
    page = staff.get(f"{url(BulkAct)}{query}")
    assert page.status_code == 200
    assert "D-SECRET" not in text(page)
    assert staff.get(f"{url(BulkAct)}?items__application__reference=D-SECRET").status_code == 400


def test_the_list_of_receipts_costs_the_same_for_one_and_for_three(
    staff, by, django_assert_num_queries
):
    for _ in range(3):
        done(by, 3)
        staff.get(url(BulkAct))
        with django_assert_num_queries(10):
            staff.get(url(BulkAct))


# Undoing ------------------------------------------------------------------------------------------


def undo(client, act, reason="Erreur."):
    return client.post(reverse("admin:calls_bulkact_undo", args=[act.pk]), {"reason": reason})


def test_an_act_is_undone_with_a_reason_and_the_receipt_says_so(staff, by):
    rows, act = done(by)
    page = staff.get(reverse("admin:calls_bulkact_undo", args=[act.pk]))
    assert rows[0].reference in text(page)
    assert "Ce champ est obligatoire" in text(undo(staff, act, " "))
    assert set(states().values()) == {"admissible"}

    answer = undo(staff, act)

    assert answer.url == url(act)
    assert set(states().values()) == {"received"}
    receipt = text(staff.get(answer.url))
    assert "Acte annulé" in receipt
    assert "Motif : Erreur." in receipt
    assert reverse("admin:calls_bulkact_undo", args=[act.pk]) not in receipt
    assert "annulé" in text(staff.get(url(BulkAct)))


def test_a_second_click_undoes_nothing_more(staff, by):
    _, act = done(by)
    undo(staff, act)
    answer = undo(staff, act, "Encore.")
    assert answer.url == url(act)
    assert "déjà été annulé" in said(staff.get(answer.url))
    act.refresh_from_db()
    assert act.undo_reason == "Erreur."
    assert staff.get(reverse("admin:calls_bulkact_undo", args=[act.pk])).status_code == 302


def test_an_act_whose_dossiers_moved_says_which_and_is_not_undone(staff, by):
    rows, act = done(by)
    workflow.apply(rows[1], "start_review", by=by)

    receipt = text(staff.get(url(act)))
    page = text(staff.get(reverse("admin:calls_bulkact_undo", args=[act.pk])))
    answer = undo(staff, act)

    for shown in (receipt, page, text(answer)):
        assert rows[1].reference in shown
        assert "« en instruction » maintenant" in shown
    assert answer.status_code == 409
    assert states()[rows[0].reference] == "admissible"


def test_a_closing_leads_to_its_sitting(staff):
    committee = sitting("open")
    item(committee, "deferred")
    act = deliberation.close(committee, by=decider(), version=committee.version)
    page = staff.get(url(act))
    assert reverse("admin:calls_committee_sitting", args=[committee.pk]) in page.content.decode()
    assert "n’existe pas" not in text(page)
    refused = undo(staff, act)
    assert refused.status_code == 409
    assert "se rouvre" in text(refused)


def test_a_decider_undoes_their_proposals_and_not_the_secretariat_s_acts(client):
    by = decider()
    client.force_login(by)
    _, act = done(secretary())
    assert "Votre rôle ne permet pas" in text(client.get(url(act)))
    assert undo(client, act).status_code == 403
    assert client.get(reverse("admin:calls_bulkact_undo", args=[act.pk])).status_code == 403
    committee = sitting("open")
    row = item(committee).application
    own = bulk.run("propose", [row], by=by, committee=committee, outcome="deferred")
    assert undo(client, own).status_code == 302
    assert row.selections.get().state == "to_examine"
    assert set(states().values()) == {"admissible", "reviewed"}


def test_a_gate_s_refusal_is_said_on_the_form(staff, by, monkeypatch):
    _, act = done(by)

    def refuse(*args, **kwargs):
        raise Refusal("Le ciel est tombé.")

    monkeypatch.setattr(workflow, "apply", refuse)
    answer = undo(staff, act)
    assert answer.status_code == 409
    assert "Le ciel est tombé." in text(answer)
    assert set(states().values()) == {"admissible"}
