"""Bulk acts on screen: from the list to the receipt, once, and never more than the person sees."""

from decimal import Decimal

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import OperationalError
from django.urls import reverse

from calls import bulk, workflow
from calls.admin.bulk import OFFERS
from calls.models import Application, BulkAct
from tests.admin_pages import url
from tests.calls.bulk_cases import said, text
from tests.calls.dossiers import in_state, officer, secretary
from tests.calls.sittings import dossier, item, sitting
from tests.factories import (
    OrganisationFactory,
    RecusalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

State = Application.State
BULK = "/admin/calls/application/acte-groupe/"
ROLES = ("Lecture", "Instruction", "Avis", "Secrétariat", "Décision", "Publication")


@pytest.fixture
def by():
    return secretary()


@pytest.fixture
def staff(client, by):
    client.force_login(by)
    return client


def start(client, name, rows, query="", **values):
    """Choose dossiers in the list, and an act."""
    data = {"action": name, ACTION_CHECKBOX_NAME: [row.pk for row in rows], **values}
    return client.post(f"{url(Application)}{query}", data)


def step(client, page, button, **values):
    """Press a button of a page of the act."""
    return client.post(BULK, {"draft": page.context["sealed"], button: "1", **values})


def previewed(client, name, rows, **values):
    page = start(client, name, rows)
    if "preview" not in page.context:
        page = step(client, page, "_preview", **values)
    assert page.status_code == 200, page
    return page


def states():
    return dict(Application.objects.values_list("reference", "state"))


# From the list to the receipt -----------------------------------------------------------------


def test_dossiers_of_the_list_are_previewed_then_confirmed(staff, by):
    rows = [in_state(State.RECEIVED, asked_amount=amount) for amount in (Decimal(250000), None)]
    page = start(staff, "bulk_declare_admissible", rows)

    shown = text(page)
    for row in rows:
        assert row.reference in shown
        assert row.title in shown
    assert "2 dossiers . Montant total demandé : 250 000 €" in shown
    assert "(1 montant connu sur 2)" in shown
    assert set(states().values()) == {"received"}
    assert not BulkAct.objects.exists()

    answer = step(staff, page, "_confirm")

    act = BulkAct.objects.get()
    assert answer.status_code == 302
    assert answer.url == url(act)
    assert set(states().values()) == {"admissible"}
    receipt = text(staff.get(answer.url))
    assert "C’est fait" in receipt
    for row in rows:
        assert row.reference in receipt
    assert "État : reçue" in receipt
    assert "État : recevable" in receipt
    assert by.get_full_name() in receipt


def test_an_act_that_asks_for_something_says_what_is_missing(staff):
    rows = [in_state(State.RECEIVED)]
    page = start(staff, "bulk_declare_inadmissible", rows)
    assert "preview" not in page.context
    assert rows[0].title in text(page)
    page = step(staff, page, "_preview", comment="  ")
    assert "Ce champ est obligatoire" in text(page)
    page = step(staff, page, "_preview", comment="Hors délai.")
    assert "Hors délai." in text(page)
    step(staff, page, "_confirm")
    rows[0].refresh_from_db()
    assert (rows[0].state, rows[0].admissibility_reason) == ("inadmissible", "Hors délai.")


def test_parameters_may_be_changed_after_the_preview(staff):
    first, second = officer(), officer()
    page = previewed(staff, "bulk_assign", [in_state(State.RECEIVED)], officer=first.pk)
    page = step(staff, page, "_ask")
    assert page.context["form"].initial["officer"] == first.pk
    page = step(staff, page, "_preview", officer=second.pk, comment="Plutôt elle.")
    step(staff, page, "_confirm")
    assert Application.objects.get().case_officer == second
    assert BulkAct.objects.get().comment == "Plutôt elle."


def test_every_dossier_of_the_filter_is_taken_across_pages(staff, monkeypatch):
    rows = [in_state(State.RECEIVED) for _ in range(4)]
    in_state(State.ADMISSIBLE)
    monkeypatch.setattr("calls.admin.application.ApplicationAdmin.list_per_page", 2)
    page = start(
        staff,
        "bulk_declare_admissible",
        rows[:2],
        query="?state__exact=received",
        select_across="1",
    )
    assert page.context["preview"].count == 4
    assert page.context["back"].endswith("?state__exact=received")


def test_too_many_dossiers_are_refused_with_the_way_to_fewer(staff, monkeypatch):
    monkeypatch.setattr(bulk, "LIMIT", 2)
    rows = [in_state(State.RECEIVED) for _ in range(3)]
    answer = start(staff, "bulk_declare_admissible", rows)
    assert answer.status_code == 302
    page = staff.get(answer.url)
    assert "3 dossiers sont choisis" in said(page)
    assert "resserrez les filtres" in said(page)


# Refused dossiers -------------------------------------------------------------------------------


def test_refused_dossiers_are_named_with_the_reason_and_may_be_removed(staff):
    good, bad = in_state(State.RECEIVED), in_state(State.REVIEWED)
    page = start(staff, "bulk_declare_admissible", [good, bad])
    assert "Refusé :" in text(page)
    assert "« instruite »" in text(page)
    assert 'name="_confirm"' not in page.content.decode()

    forced = step(staff, page, "_confirm")
    assert forced.status_code == 409
    assert bad.reference in " ".join(forced.context["errors"])
    assert states() == {good.reference: "received", bad.reference: "reviewed"}

    for button, values in (("_without", {}), ("_remove", {"remove": bad.pk})):
        fewer = step(staff, page, button, **values)
        assert [row.application for row in fewer.context["preview"].rows] == [good]
        assert bad.title not in text(fewer)
    step(staff, fewer, "_confirm")
    assert states() == {good.reference: "admissible", bad.reference: "reviewed"}


def test_removing_every_dossier_ends_the_act(staff):
    rows = [in_state(State.REVIEWED)]
    page = start(staff, "bulk_declare_admissible", rows)
    answer = step(staff, page, "_remove", remove=rows[0].pk)
    assert answer.status_code == 302
    assert "Plus aucun dossier" in said(staff.get(answer.url))


@pytest.mark.parametrize("ticked", ["", "x", "-1", "9" * 30, "0", "١"])
def test_what_is_ticked_may_be_anything(staff, ticked):
    page = start(staff, "bulk_declare_admissible", [in_state(State.RECEIVED)])
    assert step(staff, page, "_remove", remove=ticked).context["preview"].count == 1


# Once, and on what was shown --------------------------------------------------------------------


def test_a_double_click_is_one_act(staff):
    page = start(staff, "bulk_declare_admissible", [in_state(State.RECEIVED)])
    first, second = step(staff, page, "_confirm"), step(staff, page, "_confirm")
    assert first.url == second.url
    assert BulkAct.objects.count() == 1


def test_what_changed_since_the_preview_is_shown_with_a_new_preview(staff):
    rows = [in_state(State.RECEIVED) for _ in range(2)]
    page = start(staff, "bulk_declare_admissible", rows)
    workflow.apply(rows[0], "declare_admissible", by=secretary())

    answer = step(staff, page, "_confirm")

    assert answer.status_code == 409
    assert "Rien n’a été fait" in text(answer)
    assert "« reçue » alors, « recevable » maintenant" in text(answer)
    assert [row.application for row in answer.context["preview"].refused] == [rows[0]]
    rows[1].refresh_from_db()
    assert rows[1].state == "received"
    step(staff, step(staff, answer, "_without"), "_confirm")
    rows[1].refresh_from_db()
    assert rows[1].state == "admissible"


def test_a_parameter_that_is_gone_sends_back_to_the_parameters(staff):
    case_officer = officer()
    page = previewed(staff, "bulk_assign", [in_state(State.RECEIVED)], officer=case_officer.pk)
    case_officer.delete()
    answer = step(staff, page, "_confirm")
    assert answer.status_code == 200
    assert "n’existe plus" in text(answer)
    assert not BulkAct.objects.exists()


@pytest.mark.parametrize("cause", ["deadlock", "locked"])
def test_a_database_busy_with_others_is_said(staff, monkeypatch, cause):
    page = start(staff, "bulk_declare_admissible", [in_state(State.RECEIVED)])

    def busy(*args, **kwargs):
        source = Exception("database is locked" if cause == "locked" else "deadlock detected")
        source.sqlstate = "40P01" if cause == "deadlock" else ""
        raise OperationalError from source

    monkeypatch.setattr(bulk, "run", busy)
    answer = step(staff, page, "_confirm")
    assert answer.status_code == 409
    assert "D’autres actes étaient en cours" in text(answer)


@pytest.mark.parametrize("draft", ["", "x", "\0", "é" * 5000])
def test_a_page_that_is_no_longer_valid_sends_back_to_the_list(staff, draft):
    answer = staff.post(BULK, {"draft": draft, "_confirm": "1"})
    assert answer.status_code == 302
    assert "n’est plus valable" in said(staff.get(answer.url))


def test_a_page_of_somebody_else_is_not_continued(staff, client):
    page = start(staff, "bulk_declare_admissible", [in_state(State.RECEIVED)])
    client.force_login(secretary())
    answer = step(client, page, "_confirm")
    assert answer.status_code == 302
    assert not BulkAct.objects.exists()


def test_the_page_without_dossiers_sends_back_to_the_list(staff):
    answer = staff.get(BULK)
    assert answer.status_code == 302
    assert "Cochez d’abord" in said(staff.get(answer.url))


# Each act, through its own form -----------------------------------------------------------------


def test_each_act_goes_from_the_list_to_its_receipt(staff):
    committee = sitting("planned")
    on_agenda = [item(committee, application=dossier(committee, asked_amount=Decimal(1000)))]
    institution, person = OrganisationFactory(), officer()
    given = {
        "bulk_assign": ([in_state(State.RECEIVED)], {"officer": person.pk}),
        "bulk_declare_admissible": ([in_state(State.RECEIVED)], {}),
        "bulk_declare_inadmissible": ([in_state(State.RECEIVED)], {"comment": "Hors champ."}),
        "bulk_reconsider": ([in_state(State.INADMISSIBLE)], {"comment": "Pièce reçue."}),
        "bulk_start_review": ([in_state(State.ADMISSIBLE)], {}),
        "bulk_cancel_review": ([in_state(State.UNDER_REVIEW)], {"comment": "Trop tôt."}),
        "bulk_ask_opinion": ([in_state(State.ADMISSIBLE)], {"institution": institution.pk}),
        "bulk_put_on_agenda": ([dossier(committee)], {"committee": committee.pk}),
        "bulk_propose": (
            [row.application for row in on_agenda],
            {"committee": committee.pk, "outcome": "retained_asked"},
        ),
        "bulk_clear_proposals": (
            [item(committee, "deferred").application],
            {"committee": committee.pk},
        ),
    }
    assert given.keys() == OFFERS.keys()
    for name, (rows, values) in given.items():
        page = previewed(staff, name, rows, **values)
        assert page.context["preview"].is_possible, (name, page.context["preview"].refused)
        answer = step(staff, page, "_confirm")
        assert answer.status_code == 302, name
        receipt = text(staff.get(answer.url))
        assert rows[0].reference in receipt
        assert "Annuler cet acte" in receipt
    assert BulkAct.objects.count() == len(given)


def test_the_sitting_is_chosen_alone_where_there_is_one(staff):
    committee = sitting("planned")
    page = start(staff, "bulk_put_on_agenda", [dossier(committee)])
    assert page.context["preview"].act.committee == committee


def test_sittings_that_are_closed_or_of_another_fund_are_not_offered(staff):
    here = sitting("planned")
    sitting("closed", session=here.session)
    sitting("planned")
    page = start(staff, "bulk_propose", [item(here).application])
    assert list(page.context["form"].fields["committee"].queryset) == [here]


def test_a_refusal_in_bulk_needs_its_motive(staff):
    committee = sitting("open")
    page = start(staff, "bulk_propose", [item(committee).application])
    page = step(staff, page, "_preview", committee=committee.pk, outcome="not_retained", motive=" ")
    assert "Un dossier non retenu a un motif" in text(page)


@pytest.mark.parametrize("values", [{}, {"officer": "x"}, {"officer": "9" * 30}, {"officer": "\0"}])
def test_a_forged_choice_is_refused_on_the_form(staff, values):
    page = start(staff, "bulk_assign", [in_state(State.RECEIVED)])
    page = step(staff, page, "_preview", **values)
    assert page.status_code == 200
    assert page.context["form"].errors["officer"]


# Who --------------------------------------------------------------------------------------------


OFFERED = {
    "Secrétariat": set(OFFERS),
    "Décision": {"bulk_propose", "bulk_clear_proposals"},
}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_offered_its_acts_and_no_other(client, role):
    user = UserFactory(role=role)
    client.force_login(user)
    committee = sitting("open")
    row = item(committee, application=dossier(committee, case_officer=user)).application
    expected = OFFERED.get(role, set())

    page = client.get(url(Application))
    form = page.context["action_form"]
    shown = {value for value, _ in form.fields["action"].choices if value} if form else set()
    assert shown & OFFERS.keys() == expected
    for name in OFFERS:
        answer = start(client, name, [row])
        opened = answer.status_code == 200 and "sealed" in answer.context
        assert opened is (name in expected), name
    assert client.get(BULK).status_code == (302 if expected else 403)
    assert client.post(BULK, {"draft": "x"}).status_code == (302 if expected else 403)


def test_a_draft_of_an_act_is_of_no_use_once_the_role_is_lost(staff, by):
    page = start(staff, "bulk_declare_admissible", [in_state(State.RECEIVED)])
    by.groups.clear()
    assert step(staff, page, "_confirm").status_code == 403
    assert set(states().values()) == {"received"}


def test_whoever_is_not_signed_in_is_sent_to_the_form(client):
    for address in (BULK, reverse("admin:calls_bulkact_undo", args=[1])):
        assert "/login/" in client.get(address).url


def test_a_dossier_that_one_is_recused_from_is_neither_chosen_nor_told_of(client):
    for user in (secretary(), UserFactory(superuser=True)):
        client.force_login(user)
        hidden, other = in_state(State.RECEIVED), in_state(State.RECEIVED)
        RecusalFactory(application=hidden, user=user)
        page = start(client, "bulk_declare_admissible", [hidden, other])
        assert hidden.reference not in text(page)
        assert page.context["preview"].count == 1
        # Recused while the preview was open.
        RecusalFactory(application=other, user=user)
        answer = client.post(BULK, {"draft": page.context["sealed"], "_confirm": "1"}, follow=True)
        assert other.reference not in text(answer)
        other.refresh_from_db()
        assert other.state == "received"
