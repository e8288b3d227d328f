"""The sitting's workspace in a browser: acts in place, by the keyboard, without a script, and two
clerks on one dossier."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from calls.models import Selection
from tests import factories
from tests.browser.conftest import DESKTOP, follow

pytestmark = pytest.mark.django_db(transaction=True)

TABLET = {"width": 768, "height": 1024}


@pytest.fixture
def committee(live_server):
    """An open sitting with three dossiers: asked, unknown, and beyond the envelope."""
    session = factories.CallSessionFactory(envelope=Decimal(3_000_000))
    committee = factories.CommitteeFactory(
        session=session,
        state="open",
        chair="Camille Durand",
        quorum=1,
        held_on=timezone.localdate(),
        opened_at=timezone.now(),
    )
    factories.CommitteeMemberFactory.create_batch(2, committee=committee)
    for position, asked in enumerate((Decimal(1_000_000), None, Decimal(4_000_000)), 1):
        selection = factories.SelectionFactory(
            application__session=session,
            application__reference=f"E-{position}",
            application__state="reviewed",
            application__synthesis="Une synthèse à lire.",
            application__asked_amount=asked,
            committee=committee,
            agenda_position=position,
        )
        factories.BearerFactory(application=selection.application)
        factories.ReviewFactory(application=selection.application, rendered=True)
    return committee


def address(committee, page="sitting"):
    return reverse(f"admin:calls_committee_{page}", args=[committee.pk])


def row(page, reference):
    return page.locator("tbody.sitting-item", has_text=reference)


def fill(page, reference, **values):
    item = row(page, reference)
    if item.locator("details.sitting-act").get_attribute("open") is None:
        item.locator("details.sitting-act > summary").click()
    for name, value in values.items():
        field = item.locator(f"[name={name}]")
        if name == "outcome":
            field.select_option(value)
        else:
            field.fill(value)
    return item


def plain(locator):
    return re.sub(r"\s+", " ", locator.inner_text())


@pytest.fixture
def at_sitting(open_page, sign_in, committee):
    """at_sitting(**context options): a page signed in, on the workspace."""

    def opened(**options):
        page = open_page(**{"viewport": DESKTOP, **options})
        sign_in(page)
        page.goto(address(committee))
        return page

    return opened


def test_a_proposal_is_saved_in_place_and_the_envelope_follows(at_sitting, committee):
    page = at_sitting()
    other = fill(page, "E-3", motive="Un texte en cours, pas encore enregistré")
    item = fill(page, "E-1", outcome="retained", granted_amount="1 000 000")
    item.get_by_role("button", name="Enregistrer la proposition").click()

    page.locator("#sitting-status", has_text="E-1 : proposition enregistrée").wait_for()

    assert page.url.endswith(address(committee))
    assert "Proposé ici 1 000 000 € 1 montant connu sur 1" in plain(page.locator("#sitting-bar"))
    assert "Reste 2 000 000 €" in plain(page.locator("#sitting-bar"))
    assert "1 000 000 €" in plain(page.locator("#totals"))
    assert "retenu" in plain(row(page, "E-1"))
    # What is being typed elsewhere stays, and the keyboard is where it was.
    assert other.locator("[name=motive]").input_value().startswith("Un texte en cours")
    focused = page.evaluate("document.activeElement.closest('tbody').id")
    assert focused == item.get_attribute("id")
    assert Selection.objects.get(application__reference="E-1").granted_amount == 1_000_000
    assert page.complaints.found == []


def test_a_refusal_is_said_in_the_row(at_sitting):
    page = at_sitting()
    item = fill(page, "E-1", outcome="retained", granted_amount="1.000", motive="À garder")
    item.get_by_role("button", name="Enregistrer la proposition").click()
    item.locator(".errorlist").first.wait_for()
    assert "de deux façons" in plain(item)
    assert item.locator("[name=motive]").input_value() == "À garder"
    assert page.evaluate("document.activeElement.name") == "granted_amount"
    assert page.complaints.found == []


def test_two_clerks_see_both_values_and_nothing_is_overwritten(at_sitting):
    first, second = at_sitting(), at_sitting()
    fill(second, "E-1", outcome="not_retained", motive="Le motif de la seconde")
    item = fill(first, "E-1", outcome="not_retained", motive="Le motif de la première")
    item.get_by_role("button", name="Enregistrer la proposition").click()
    first.locator("#sitting-status", has_text="proposition enregistrée").wait_for()

    mine = row(second, "E-1")
    mine.get_by_role("button", name="Enregistrer la proposition").click()
    mine.locator(".ftap-conflicts").wait_for()

    compared = plain(mine.locator(".ftap-conflicts"))
    assert "Le motif de la première Le motif de la seconde" in compared
    selection = Selection.objects.get(application__reference="E-1")
    assert selection.motive == "Le motif de la première"
    assert mine.locator("[name=motive]").input_value() == "Le motif de la seconde"
    mine.get_by_role("button", name="Enregistrer la proposition").click()
    second.locator("#sitting-status", has_text="proposition enregistrée").wait_for()
    selection.refresh_from_db()
    assert selection.motive == "Le motif de la seconde"
    assert first.complaints.found == second.complaints.found == []


def test_the_agenda_is_reordered_and_what_is_typed_stays(at_sitting):
    page = at_sitting()
    typed = fill(page, "E-1", motive="En cours")
    item = fill(page, "E-3")
    item.get_by_role("button", name="Monter").click()
    page.locator("#sitting-status", has_text="E-3 : placé en 2").wait_for()
    numbers = page.locator("tbody .sitting-number").all_inner_texts()
    references = page.locator("tbody .sitting-reference").all_inner_texts()
    assert (numbers, references) == (["1", "2", "3"], ["E-1", "E-3", "E-2"])
    assert typed.locator("[name=motive]").input_value() == "En cours"
    assert page.complaints.found == []


def test_a_sheet_unfolds_on_demand(at_sitting):
    page = at_sitting()
    item = row(page, "E-2")
    assert "Une synthèse à lire." not in page.content()
    item.locator("details.sitting-sheet > summary").click()
    item.get_by_text("Une synthèse à lire.").wait_for()
    assert page.complaints.found == []


def test_attendance_is_recorded_in_place(at_sitting):
    page = at_sitting()
    page.locator("#presences > summary").click()
    for box in page.get_by_label("présent", exact=True).all():
        box.check()
    page.get_by_role("button", name="Enregistrer les présences").click()
    page.locator("#sitting-status", has_text="Présences enregistrées").wait_for()
    assert "2 présents comptent pour le quorum · quorum de 1 : atteint" in plain(
        page.locator("#presences > summary")
    )
    assert page.complaints.found == []


def test_a_scenario_answers_at_each_tick_and_saves_nothing(at_sitting, committee):
    page = at_sitting()
    follow(page.get_by_role("link", name="Scénarios"))
    result = page.locator("#scenario-result")
    page.get_by_label("E-3").check()
    result.get_by_text("Dépassement").wait_for()
    assert "1 000 000 €" in plain(result.locator(".sitting-figure-left"))
    page.get_by_label("E-3").uncheck()
    page.get_by_label("E-1").check()
    result.get_by_text("2 000 000").wait_for()
    assert "Retenus 1 sur 3" in plain(result)
    assert set(committee.selections.values_list("state", flat=True)) == {"to_examine"}
    assert page.complaints.found == []


def test_everything_is_done_without_a_script(at_sitting, committee):
    page = at_sitting(java_script_enabled=False)
    item = fill(page, "E-1", outcome="retained", granted_amount="1 000 000")
    item.get_by_role("button", name="Enregistrer la proposition").click()
    page.wait_for_url(f"**{address(committee)}#dossier-*")
    assert "Reste 2 000 000 €" in plain(page.locator("#sitting-bar"))
    item = fill(page, "E-3")
    item.get_by_label("Placer en").fill("1")
    item.get_by_role("button", name="Placer").click()
    page.wait_for_url(f"**{address(committee)}#dossier-*")
    assert page.locator("tbody .sitting-reference").all_inner_texts() == ["E-3", "E-1", "E-2"]
    item = fill(page, "E-1")
    item.get_by_role("button", name="Effacer la proposition").click()
    page.locator(".messagelist", has_text="proposition effacée").wait_for()
    follow(page.get_by_role("link", name="Scénarios"))
    page.get_by_label("E-2").check()
    follow(page.get_by_role("button", name="Calculer"))
    assert "Retenus 1 sur 3" in plain(page.locator("#scenario-result"))
    assert set(committee.selections.values_list("state", flat=True)) == {"to_examine"}
    assert page.complaints.found == []


def test_a_proposal_is_made_with_the_keyboard_alone(at_sitting):
    page = at_sitting()
    summary = row(page, "E-1").locator("details.sitting-act > summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("non retenu")
    page.keyboard.press("Tab")
    page.keyboard.type("Trop cher.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#sitting-status", has_text="proposition enregistrée, non retenu").wait_for()
    assert page.complaints.found == []


@pytest.mark.parametrize("viewport", [DESKTOP, TABLET], ids=["desktop", "tablet"])
def test_pages_of_a_sitting_are_accessible_and_fit(
    open_page, sign_in, committee, axe, viewport, base_url
):
    page = open_page(viewport=viewport)
    sign_in(page)
    page.goto(address(committee))
    item = fill(page, "E-3", outcome="retained", granted_amount="4 000 000")
    item.get_by_role("button", name="Enregistrer la proposition").click()
    page.locator("#sitting-bar", has_text="Dépassement").wait_for()
    storage = page.context.storage_state()
    reader = open_page(viewport=viewport, bypass_csp=True, storage_state=storage)
    found = []
    for name in ("sitting", "scenario", "agenda", "close"):
        reader.goto(address(committee, name))
        for summary in reader.locator("#content summary").all():
            summary.click()
        reader.wait_for_timeout(300)
        wide = reader.evaluate("document.documentElement.scrollWidth > innerWidth")
        found += axe(reader) + ([f"{name} {viewport['width']}: déborde"] if wide else [])
        page.goto(address(committee, name))
    assert found == []
    assert page.complaints.found == []


def test_the_envelope_stays_in_sight(at_sitting, committee):
    page = at_sitting(viewport={"width": 1280, "height": 400})
    row(page, "E-3").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 100
    box = page.locator("#sitting-bar").bounding_box()
    assert 0 <= box["y"] < 20


def test_what_a_scenario_comes_to_stays_in_sight(at_sitting, committee):
    page = at_sitting(viewport={"width": 1280, "height": 400})
    page.goto(address(committee, "scenario"))
    page.get_by_label("E-3").scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 200)")
    assert page.evaluate("scrollY") > 100
    assert 0 <= page.locator(".sitting-bar").bounding_box()["y"] < 20
